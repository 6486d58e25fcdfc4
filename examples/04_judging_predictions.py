"""
Judging a predictions file
==========================

Whatever made the predictions, in whatever language: a table with one row per trial is judged over subjects, with
intervals, tests between models and calibration. The predictions here are SIMULATED.
"""

# %%
# A table of predictions
# ----------------------
# ``subject``, ``trial``, ``label``, and the probability of each class, ``p_<class>`` (or ``predicted`` alone);
# ``model`` where several are compared. Two methods for 20 people with 12 trials each; the
# second sees more, and is too sure of it.

from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from ecg_facial import LabelSettings, score

rng = np.random.default_rng(0)
n_people, n_trials = 20, 12
subject = np.repeat([f"s{number:02d}" for number in range(n_people)], n_trials)
label = np.tile(np.arange(n_trials) % 2, n_people)
skill = np.repeat(rng.normal(1.0, 0.6, n_people), n_trials)
evidence = (2 * label - 1) * skill + rng.normal(0.0, 1.5, len(label))


def tabulate(model: str, logit: np.ndarray) -> pd.DataFrame:
    pain = 1.0 / (1.0 + np.exp(-logit))
    table = pd.DataFrame({"subject": subject, "trial": np.arange(len(label)), "model": model})
    return table.assign(label=np.where(label, "pain", "none"), p_none=1.0 - pain, p_pain=pain)


weak = tabulate("weak", evidence * 0.6 + rng.normal(0.0, 1.0, len(label)))
strong = tabulate("strong", evidence * 3.0)
scratch = TemporaryDirectory()
path = Path(scratch.name, "predictions.csv")
pd.concat([weak, strong]).to_csv(path, index=False)

# %%
# The verdict
# -----------
# The same as ``ecg-facial score predictions.csv --out judged --classes none,pain``. The folder holds ``metrics.json``,
# a report in HTML, and tables for papers.

out = Path(scratch.name, "judged")
score(path, out, labels=LabelSettings(classes=("none", "pain")), simulated=True)
print(sorted(file.name for file in out.iterdir()))

# %%
# Accuracy is the mean over subjects, who are the independent unit, with a 95 % interval and a test against chance.

models = pd.read_csv(out / "tables" / "models.csv")
columns = ["model", "n_subjects", "accuracy_mean", "ci95_low", "ci95_high", "p_above_chance"]
print(models[columns].to_string(float_format="{:.2g}".format))

# %%
# The models side by side, and how far their probabilities can be trusted: the curve of an honest model is the diagonal.

figure, (left, right) = plt.subplots(
    1, 2, figsize=(9.5, 3.6), layout="constrained", width_ratios=(1.3, 1)
)
for place, row in models.iterrows():
    left.plot(
        [100 * row["ci95_low"], 100 * row["ci95_high"]],
        [place, place],
        color="0.3",
        linewidth=2,
    )
    left.plot(100 * row["accuracy_mean"], place, "o", color="tab:blue", markersize=9)
left.axvline(50, color="0.5", linestyle="--")
left.text(50.4, 1.42, "chance", color="0.4")
left.set(
    yticks=range(len(models)),
    yticklabels=models["model"],
    ylim=(-0.6, 1.6),
    xlim=(45, 90),
    xlabel="accuracy, %",
)

for table, colour in ((strong, "tab:red"), (weak, "tab:blue")):
    group = pd.cut(table["p_pain"], np.linspace(0, 1, 6))
    means = (
        table.assign(pain=table["label"] == "pain")
        .groupby(group, observed=True)[["p_pain", "pain"]]
        .mean()
    )
    right.plot(means["p_pain"], means["pain"], "o-", color=colour, label=table["model"].iloc[0])
right.plot([0, 1], [0, 1], color="0.6", linestyle="--")
right.set(
    xlabel="probability of pain that was given",
    ylabel="share that was pain",
    xlim=(0, 1),
    ylim=(0, 1),
)
right.legend()
figure.suptitle("SIMULATED", color="tab:red")
plt.show()

scratch.cleanup()
