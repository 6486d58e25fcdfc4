"""
Labels of your own, and ratings
===============================

Classes need not be BioVid's stimulus levels. Words such as *no pain*, *mild*, *severe* are classes in the order that
you give, and ratings of pain (NRS, VAS, CPOT, BPS, PSPI) are cut into classes. The recordings are SIMULATED.
"""

# %%
# A manifest with words
# ---------------------
# Two people; each row is a stretch of a longer file, or a whole one. The labels are whatever the study says.

from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from ecg_facial import CohortSettings, LabelSettings, index_dataset, score, simulate_cohort
from ecg_facial.datasets.store import summarise
from ecg_facial.errors import EcgFacialError
from ecg_facial.labels import PainLevel

scratch = TemporaryDirectory()
recorded = Path(scratch.name, "recorded")
levels = (PainLevel.BL1, PainLevel.PA2, PainLevel.PA4)
simulate_cohort(
    recorded,
    CohortSettings(
        n_subjects=2, trials_per_level=1, levels=levels, seed=8, width=96, height=72
    ),
)

words = {"BL1": "no pain", "PA2": "mild", "PA4": "severe"}
rows = []
for trial in index_dataset(recorded, check_files=False).trials:
    label, video, ecg = words[trial.code], trial.video.path, trial.ecg.path
    rows.append((trial.subject.id, trial.id, label, video, ecg, 512, 0.0, 5.5))
columns = ["subject", "trial", "label", "video", "ecg", "fs_hz", "start_s", "duration_s"]
manifest = pd.DataFrame(rows, columns=columns)
path = recorded / "manifest.csv"
manifest.to_csv(path, index=False)
print(manifest[["subject", "label", "start_s", "duration_s"]].to_string())

# %%
# Unknown labels are never a class by chance
# ------------------------------------------
# Without the option every trial is listed as a problem, with what to type::
#
#     ecg-facial index manifest.csv
#     labels: no pain (2 trials, NO CLASS), mild (2 trials, NO CLASS), severe (2 trials, NO CLASS)
#     labels without a class: name them in their order on the scale: --classes "no pain,mild,severe"

print(index_dataset(path).problems[0].message)

# %%
# Named in their order, they are classes. The same option stands in ``index``, ``prepare``, ``benchmark``, ``train`` and
# ``score``, and the names travel into report, predictions, bundle and ``predict``.

index = index_dataset(path, labels=LabelSettings(classes=("no pain", "mild", "severe")))
print(index.class_names)
print(summarise(index).to_string(index=False))

# %%
# A word that no class bears is found out.

try:
    index_dataset(path, labels=LabelSettings(classes=("no pain", "mild", "sever")))
except EcgFacialError as error:
    print(error)

# %%
# Ratings, cut into classes
# -------------------------
# ``--cut 1,4,7`` makes four classes of a numeric rating scale, named by their range. A rating equal to a cut belongs to
# the upper class. ``--scale`` names another scale: ``vas`` (0-100), ``cpot`` (0-8), ``bps`` (3-12), ``pspi`` (0-16), or
# ``LOW-HIGH``.

rated = manifest.assign(
    label=manifest["label"].map({"no pain": "0", "mild": "3.5", "severe": "8"})
)
rated.to_csv(path, index=False)
index = index_dataset(path, labels=LabelSettings(cut=(1, 4, 7)))
for found in index.found_labels:
    print(f"rating {found.label}: {found.n_trials} trials of class {found.name}")
print("\n".join(index.notes))

# %%
# Ratings as they are: the error in points
# ----------------------------------------
# Without cuts each step of a named scale is a class, and beside the class figures stands the mean absolute error in
# points of the scale, over subjects. Here ratings that somebody predicted, of six people::
#
#     ecg-facial score rated.csv --scale nrs --out judged

rng = np.random.default_rng(0)
rating = rng.integers(0, 11, 60)
answers = {
    "careful": np.clip(rating + rng.integers(-1, 2, 60), 0, 10),
    "always 5": np.full(60, 5),
}
subjects = np.repeat([f"p{number}" for number in range(6)], 10)
tables = [
    pd.DataFrame(
        {
            "subject": subjects,
            "trial": range(60),
            "model": name,
            "label": rating,
            "predicted": values,
        }
    )
    for name, values in answers.items()
]
pd.concat(tables).to_csv(recorded / "rated.csv", index=False)
metrics = score(
    recorded / "rated.csv",
    recorded / "judged",
    labels=LabelSettings(scale="nrs"),
    simulated=True,
)
errors = {name: judged.figures["mae_points"] for name, judged in metrics.models.items()}
figure, ax = plt.subplots(figsize=(7, 2.2), layout="constrained")
for place, error in enumerate(errors.values()):
    ax.plot([error.ci95_low, error.ci95_high], [place, place], color="tab:blue")
    ax.plot(error.mean, place, "o", color="tab:blue")
ax.set_yticks(range(len(errors)), list(errors))
ax.set(
    xlabel="mean absolute error, points of the scale, with 95 % intervals over subjects",
    ylim=(-0.5, 1.5),
)
ax.set_title("SIMULATED", loc="right", color="tab:red")
plt.show()

scratch.cleanup()
