"""
What a bundle does
==================

A bundle is a trained model as a folder: networks, window settings, class names, and how the signals are fused. It
predicts from a video and an ECG or from either alone, and needs no torch for it. Everything here is SIMULATED.
"""

# %%
# Training on a small cohort
# --------------------------
# ``ecg-facial train DATA --out MODEL`` does the same; every benchmark also leaves a bundle at ``RUN/model``. Networks
# are small here, so that this page is built in seconds.

from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from ecg_facial import (
    BenchmarkSettings,
    CohortSettings,
    TrainingSettings,
    WindowSettings,
    load_bundle,
    load_example,
    open_predictor,
    predict_files,
    read_frames,
    simulate_cohort,
)
from ecg_facial.cli.wording import show_prediction
from ecg_facial.labels import PainLevel
from ecg_facial.learning.settings import ModelSettings
from ecg_facial.nets.settings import EcgSettings, FacialSettings
from ecg_facial.workflow.benchmarking import train_dataset
from ecg_facial.workflow.settings import DataOptions

scratch = TemporaryDirectory()
levels = (PainLevel.BL1, PainLevel.PA4)
cohort = CohortSettings(n_subjects=4, trials_per_level=2, levels=levels, seed=1)
known = simulate_cohort(Path(scratch.name, "known"), cohort)
training = TrainingSettings(epochs=12, batch_size=8, learning_rate=2e-3)
settings = BenchmarkSettings(
    task="binary",
    models=ModelSettings(
        facial=FacialSettings(hidden=16, n_layers=1),
        ecg=EcgSettings(width=16, n_heads=2, n_layers=1, feedforward=32),
        facial_training=training,
        ecg_training=training,
    ),
)
options = DataOptions(windows=WindowSettings(n_frames=6))
bundle = train_dataset(known, Path(scratch.name, "model"), options=options, settings=settings)
for file in sorted(bundle.iterdir()):
    print(f"{file.name:24} {file.stat().st_size / 1024:8.0f} kB")

# %%
# Predicting a person that it has not seen
# ----------------------------------------
# The recording that comes with the package, as files.

example = load_example()
ecg = Path(scratch.name, "ecg.csv")
pd.DataFrame({"ecg": example.ecg.samples}).to_csv(ecg, index=False)

predictor = open_predictor(load_bundle(bundle))
both = predict_files(predictor, video=example.video, ecg=ecg, fs_hz=example.ecg.fs_hz)
print(show_prediction(both))

# %%
# Without one of the signals
# --------------------------
# The other one decides alone, and a note says so. "No face" and "no ECG" are values, not errors.

face_alone = predict_files(predictor, video=example.video)
heart_alone = predict_files(predictor, ecg=ecg, fs_hz=example.ecg.fs_hz)
for name, found in (("both", both), ("face alone", face_alone), ("ECG alone", heart_alone)):
    print(
        f"{name:12} {found.predicted}  {max(found.probabilities):.3f}  {'; '.join(found.notes)}"
    )

# %%
# What it saw
# -----------

signal = example.ecg
frames = list(read_frames(example.video))[::23][:6]
figure = plt.figure(figsize=(9, 4.6), layout="constrained")
grid = figure.add_gridspec(2, 6, height_ratios=(1, 1.1))
for place, frame in enumerate(frames):
    ax = figure.add_subplot(grid[0, place])
    ax.imshow(frame.small_rgb(320)[0])
    ax.axis("off")
ax = figure.add_subplot(grid[1, :4])
ax.plot(
    np.arange(len(signal.samples)) / signal.fs_hz, signal.samples, color="0.2", linewidth=0.8
)
ax.set(xlabel="time, s", ylabel="ECG, mV", xlim=(0, 5.5))
ax = figure.add_subplot(grid[1, 4:])
ax.barh(both.class_names, both.probabilities, color="tab:blue")
ax.set(xlabel="probability", xlim=(0, 1))
figure.suptitle(f"One trial of {example.pain_level.name} - SIMULATED", color="tab:red")
plt.show()

scratch.cleanup()
