"""
Your own model, judged honestly
===============================

An estimator of scikit-learn and a module of torch under leave-one-subject-out: fitted on other people, tested once on
each person, and audited for leakage. The people are SIMULATED.
"""

# %%
# Data
# ----
# Six people with ten ECGs each, half of them with a heart rate that rises; nobody has a video. With data of your own
# only the last statement remains, with your folder in place of ``data``.

from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor, nn

from ecg_facial import (
    TOKEN_FEATURES,
    BenchmarkSettings,
    EstimatorPipeline,
    ModulePipeline,
    TrainingSettings,
    WindowSettings,
    benchmark,
    heart_features,
    index_dataset,
    prepare,
)
from ecg_facial.simulate.heart.ecg import simulate_ecg

FS_HZ, N_TIMES, N_PEOPLE, N_TRIALS = 512, 2816, 6, 10
scratch = TemporaryDirectory()
data = Path(scratch.name, "data")
data.mkdir()
rng = np.random.default_rng(0)
rows = []
for person in range(N_PEOPLE):
    rest_bpm = rng.normal(70.0, 8.0)
    for trial in range(N_TRIALS):
        level = ("BL1", "PA4")[trial % 2]
        rise_bpm = rng.normal(8.0 if level == "PA4" else 0.0, 4.0)
        ecg_mv, _ = simulate_ecg(
            rest_bpm + rise_bpm * np.linspace(0, 1, N_TIMES), FS_HZ, rng=rng
        )
        name = f"s{person}-t{trial}.csv"
        pd.DataFrame({"ecg": ecg_mv + rng.normal(0.0, 0.02, N_TIMES)}).to_csv(
            data / name, index=False
        )
        rows.append(
            {
                "subject": f"s{person}",
                "trial": trial,
                "label": level,
                "ecg": name,
                "fs_hz": FS_HZ,
            }
        )
pd.DataFrame(rows).to_csv(data / "manifest.csv", index=False)
# everything made from a folder with this file says SIMULATED
(data / "SIMULATED.json").write_text("{}")
prepared = prepare(
    index_dataset(data),
    Path(scratch.name, "windows"),
    settings=WindowSettings(),
)

# %%
# An estimator
# ------------
# The scaler is part of the estimator, so that it is fitted on the training part alone. A function of yours in place of
# ``heart_features`` takes a ``TrialSet`` and gives one row of numbers per trial.

logistic = make_pipeline(StandardScaler(), LogisticRegression())
estimator = EstimatorPipeline("logistic", logistic, features=heart_features)

# %%
# A module
# --------
# It is called with heart-rate tokens, their times and the mask of valid ones, and gives logits. For crops of the face
# pass ``data=TrialSet.facial_data``.


class MeanOfTokens(nn.Module):
    """Mean of the valid tokens, then two layers."""

    def __init__(self, n_classes: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(len(TOKEN_FEATURES), 16), nn.ReLU(), nn.Linear(16, n_classes)
        )

    def forward(self, tokens: Tensor, times_s: Tensor, mask: Tensor) -> Tensor:
        """Logits (batch, n_classes)."""
        valid = mask[..., None].float()
        return self.layers((tokens * valid).sum(dim=1) / valid.sum(dim=1).clamp(min=1))


training = TrainingSettings(epochs=30, batch_size=8, learning_rate=2e-2)
module = ModulePipeline("mean-of-tokens", MeanOfTokens, training=training)

# %%
# The result
# ----------
# One row per model and person left out. ``audit`` is the verdict on leakage: one fold was fitted again in a fresh
# process with everything altered that may change nothing, such as the tested person's labels and later trials.

table = benchmark(
    prepared, [estimator, module], settings=BenchmarkSettings(task="binary", seeds=1)
)
print(
    table[["model", "fold", "accuracy", "macro_f1", "n_trials", "audit"]]
    .round(3)
    .to_string(index=False)
)

# %%
wide = 100 * table.pivot(index="fold", columns="model", values="accuracy")
figure, ax = plt.subplots(figsize=(8, 3.6), layout="constrained")
wide.plot.bar(ax=ax, rot=0, width=0.7)
ax.axhline(50, color="0.3", linestyle="--", linewidth=1)
ax.text(5.45, 51, "chance", ha="left", color="0.3")
ax.set(xlabel="person left out", ylabel="accuracy, %", ylim=(0, 119))
ax.set_title("BL1 against PA4, heart rate alone", loc="left", fontsize=10)
ax.set_title("SIMULATED", loc="right", color="tab:red")
ax.legend(loc="upper center", ncols=2, frameon=False)
plt.show()

scratch.cleanup()
