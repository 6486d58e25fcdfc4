"""
Reading an ECG file
===================

Files of WFDB, EDF, BDF, XDF, NumPy and text are read by one function, which chooses the channel by its name and brings
the samples to millivolts. The recording is SIMULATED.
"""

# %%
# A recording
# -----------
# The session of one simulated person, in BioVid's table: five channels with names, at 512 Hz.

from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt

from ecg_facial import CohortSettings, detect_r_peaks, read_ecg, simulate_cohort
from ecg_facial.inspection.running import inspect_ecg
from ecg_facial.inspection.settings import InspectionSettings
from ecg_facial.labels import PainLevel

scratch = TemporaryDirectory()
data = Path(scratch.name, "data")
cohort = CohortSettings(
    n_subjects=1,
    trials_per_level=1,
    levels=(PainLevel.BL1, PainLevel.PA4),
    preset="biovid-like",
    width=64,
    height=48,
    continuous=True,
    seed=7,
)
simulate_cohort(data, cohort)
path = next(data.glob("PartC/biosignals*/**/*.csv"))
print(path.read_text().splitlines()[0])

# %%
# Samples
# -------

signal = read_ecg(path)
print(signal)
beats = detect_r_peaks(signal.samples, signal.fs_hz)
print(f"{len(beats.times_s)} beats in {signal.duration_s:.0f} s")

# %%
# A strip on ECG paper
# --------------------
# ``ecg-facial ecg FILE --out DIR`` does the same: beats and summary as tables, and a picture at 25 mm/s and 10 mm/mV.

out = Path(scratch.name, "looked")
findings = inspect_ecg(path, out, InspectionSettings(start_s=30.0))
print((out / "beats.csv").read_text()[:160])

# %%
picture = plt.imread(out / "strip.png")
figure = plt.figure(figsize=(10, 10 * picture.shape[0] / picture.shape[1]))
ax = figure.add_axes((0, 0, 1, 1))
ax.imshow(picture)
ax.axis("off")
plt.show()

scratch.cleanup()
