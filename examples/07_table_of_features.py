"""
A table of features
===================

Features that somebody computed already, one row per trial: face units, heart-rate features, skin
conductance. One command takes them through a protocol, forests and logistic regressions, late
fusion, audit and report. The people are SIMULATED.
"""

# %%
# The table
# ---------
# A column for the subject, one for the label, and groups of columns whose names say where they
# come from. A cell may be empty; a row without any value of a group lacks that modality. Six people
# with 12 trials each; the label is whatever the table says.

from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from ecg_facial import BenchmarkSettings, FeatureSettings, LabelSettings, benchmark_table

rng = np.random.default_rng(0)
n_people, n_trials = 6, 12
step = np.tile(np.arange(n_trials) % 2, n_people)
table = pd.DataFrame(
    {
        "person": np.repeat([f"s{number}" for number in range(n_people)], n_trials),
        "pain": np.where(step, "severe", "none"),
        "face_au04": 1.2 * step + rng.normal(0.0, 1.0, len(step)),
        "face_au43": 0.8 * step + rng.normal(0.0, 1.0, len(step)),
        "ecg_rate": np.repeat(rng.normal(70.0, 8.0, n_people), n_trials)
        + 5.0 * step
        + rng.normal(0.0, 4.0, len(step)),
        "ecg_rmssd": rng.normal(40.0, 10.0, len(step)),
    }
)
table.loc[5:8, ["ecg_rate", "ecg_rmssd"]] = np.nan
scratch = TemporaryDirectory()
path = Path(scratch.name, "table.csv")
table.to_csv(path, index=False)

# %%
# One call
# --------
# The same as::
#
#     ecg-facial benchmark table.csv --features face_*:facial,ecg_*:ecg --label pain --subject person \
#         --classes none,severe --protocol kfold:3 --out run
#
# Missing values take the median of the training people. Methods of your own join with
# ``--pipeline my_method:make``: they read ``trials.values("facial")``.

result = benchmark_table(
    path,
    Path(scratch.name, "run"),
    columns=FeatureSettings(features="face_*:facial,ecg_*:ecg", label="pain", subject="person"),
    labels=LabelSettings(classes=("none", "severe")),
    settings=BenchmarkSettings(protocol="kfold:3"),
    simulated=True,
)
print(sorted(file.name for file in result.folder.iterdir()))

# %%
# What was assumed is said, and stands in the report.

print("\n".join(result.metrics.notes))

# %%
# The result
# ----------
# ``facial``, ``ecg`` and ``all`` are random forests, ``fusion`` is 0.8 x facial + 0.2 x ecg of their
# log probabilities, ``fusion:equal`` their mean.

judged = {model: figures.over_subjects for model, figures in result.metrics.models.items()}
figure, ax = plt.subplots(figsize=(8, 4), layout="constrained")
for place, over in enumerate(reversed(judged.values())):
    if over.ci95 is not None:
        ax.plot([100 * over.ci95.low, 100 * over.ci95.high], [place, place], color="tab:blue")
    ax.plot(100 * over.accuracy_mean, place, "o", color="tab:blue")
ax.set_yticks(range(len(judged)), list(reversed(judged)))
ax.axvline(100 * result.metrics.chance, color="0.3", linestyle="--", linewidth=1)
ax.set(xlabel="accuracy over subjects, %, with 95 % intervals", xlim=(0, 100))
ax.set_title("SIMULATED", loc="right", color="tab:red")
plt.show()

scratch.cleanup()
