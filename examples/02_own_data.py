"""
Your own recordings, described by one table
===========================================

Videos and ECGs of any layout are read through a manifest, a table with one row per trial. This example pretends that a
few SIMULATED recordings are yours, and goes from the table to the windows that models see.
"""

# %%
# A folder with two recorded people
# ---------------------------------
# Two trials each, a video of the face and a table with the ECG. Yours would be there already.

from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt
import pandas as pd

from ecg_facial import CohortSettings, WindowSettings, index_dataset, prepare, simulate_cohort
from ecg_facial.labels import PainLevel

scratch = TemporaryDirectory()
recorded = Path(scratch.name, "recorded")
levels = (PainLevel.BL1, PainLevel.PA4)
simulate_cohort(
    recorded, CohortSettings(n_subjects=2, trials_per_level=1, levels=levels, seed=3)
)

# %%
# The manifest
# ------------
# Paths are relative to the table. ``video`` or ``ecg`` may be empty; ``label`` is the level of the stimulus, from
# ``BL1`` (none) to ``PA4``. One file name is wrong on purpose.

rows = []
for video in sorted(recorded.glob("PartA/video/*/*.mp4")):
    subject, trial = video.parent.name, video.stem
    level = trial.split("-")[1]
    ecg = f"PartA/biosignals_filtered/{subject}/{trial}_bio.csv"
    rows.append(
        {
            "subject": subject,
            "trial": trial,
            "label": level,
            "video": video.relative_to(recorded),
            "ecg": ecg,
        }
    )
manifest = pd.DataFrame(rows).assign(fs_hz=512)
manifest.loc[3, "video"] = "forgotten.mp4"
manifest.to_csv(recorded / "manifest.csv", index=False)
print(manifest[["subject", "trial", "label", "fs_hz"]].to_string())

# %%
# What is there, and what is wrong
# --------------------------------
# The index names every file that cannot be used. It raises no error because of one bad trial: that trial keeps its ECG.

index = index_dataset(recorded / "manifest.csv")
print(f"{len(index.trials)} trials of {len(index.subjects)} people, read by {index.reader!r}")
for problem in index.problems:
    print(f"problem: {problem.kind}: {Path(problem.path).name}")

# %%
# Windows
# -------
# A window is what a model sees of a trial: aligned crops of the face, heart-rate tokens, and the quality of both.
# Windows are made once and kept on disk.

prepared = prepare(
    index,
    Path(scratch.name, "windows"),
    settings=WindowSettings(n_frames=8, crop_px=96),
)
columns = ["subject", "trial", "level", "face_quality", "ecg_quality", "heart_rate_bpm"]
print(prepared.table[columns].round(2).to_string())

# %%
# The face in two trials, without a stimulus and with the strongest.

figure, axes = plt.subplots(2, 8, figsize=(10, 3.1), layout="constrained")
for row, axes_of_row in zip((0, 1), axes, strict=True):
    for crop, ax in zip(prepared[row].crops, axes_of_row, strict=True):
        ax.imshow(crop)
        ax.axis("off")
figure.suptitle("Aligned face crops of two trials - SIMULATED", color="tab:red")
plt.show()

# %%
# From here on everything is as with BioVid: ``ecg-facial benchmark manifest.csv --out RUN``.

scratch.cleanup()
