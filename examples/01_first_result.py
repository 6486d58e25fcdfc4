"""
First result: from an ECG to a heart rate
=========================================

Beats, the intervals between them and a heart rate, with the probability that it is right, from the recording that comes
with the package. It is SIMULATED, so that its true beats are known too.
"""

# %%
# A face video and an ECG of 5.5 s, with one clock.

import matplotlib.pyplot as plt
import numpy as np

import ecg_facial

example = ecg_facial.load_example()
print(
    f"ECG of {example.ecg.duration_s} s at {example.ecg.fs_hz:g} Hz in {example.ecg.unit}, {example.pain_level.name}"
)

# %%
# The beats that are found, and what follows from them.

ecg, fs_hz = example.ecg.samples, example.ecg.fs_hz
beats = ecg_facial.detect_r_peaks(ecg, fs_hz)
quality = ecg_facial.compute_sqi(ecg, fs_hz, r_peaks=beats)
print(f"{len(beats)} beats found, {len(example.r_peak_times_s)} simulated")
print(f"largest error {1000 * np.abs(beats.times_s - example.r_peak_times_s).max():.2f} ms")
print(
    f"heart rate {60 / np.diff(beats.times_s).mean():.1f} bpm, true {example.heart_rate_bpm:.1f} bpm"
)
print(f"probability that it is right {quality:.2f}")

# %%
# The ECG with its beats, the heart rate of each interval, and the face at the same time.

frames = list(ecg_facial.read_frames(example.video))[10::28]
figure = plt.figure(figsize=(9, 6), layout="constrained")
grid = figure.add_gridspec(3, len(frames), height_ratios=(1.1, 1, 0.8))
for place, frame in enumerate(frames):
    ax = figure.add_subplot(grid[0, place])
    ax.imshow(frame.small_rgb(320)[0])
    ax.set_title(f"{frame.time_s:.1f} s", fontsize=9)
    ax.axis("off")
above = figure.add_subplot(grid[1, :])
above.plot(np.arange(len(ecg)) / fs_hz, ecg, color="0.2", linewidth=0.8)
above.plot(beats.times_s, np.full(len(beats), 1.15 * ecg.max()), "v", color="tab:red")
above.set(ylabel="ECG, mV", xlim=(0, example.ecg.duration_s))
above.tick_params(labelbottom=False)
below = figure.add_subplot(grid[2, :], sharex=above)
below.plot(beats.times_s[1:], 60 / np.diff(beats.times_s), "o-", color="tab:red")
below.set(ylabel="heart rate, bpm", xlabel="time, s")
figure.suptitle("SIMULATED", color="tab:red")
plt.show()
