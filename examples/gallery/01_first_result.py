"""First result: from an ECG to a heart rate
============================================

Beats, the intervals between them and a heart rate, with the probability that it is right. The ECG is SIMULATED, so
its true beats are known too.
"""

# %%
# An ECG of 20 s whose heart rate rises from 65 to 95 bpm, as it may in pain.

import matplotlib.pyplot as plt
import numpy as np

from ecg_facial.ecg.intervals import compute_heart_rate_tokens, mean_heart_rate
from ecg_facial.ecg.quality import compute_sqi
from ecg_facial.ecg.rpeaks import detect_r_peaks
from ecg_facial.simulate.heart.ecg import simulate_ecg

FS_HZ = 512.0
ecg_mv, true_times_s = simulate_ecg(np.linspace(65.0, 95.0, round(20 * FS_HZ)), FS_HZ, rng=np.random.default_rng(0))
ecg_mv = ecg_mv + np.random.default_rng(1).normal(0.0, 0.05, len(ecg_mv))

# %%
# The beats that are found, and what follows from them.

beats = detect_r_peaks(ecg_mv, FS_HZ)
print(f"{len(beats.times_s)} beats found, {len(true_times_s)} simulated")
print(f"mean heart rate {mean_heart_rate(beats.times_s):.1f} bpm")
print(f"probability that it is right {compute_sqi(ecg_mv, FS_HZ, r_peaks=beats):.2f}")

# %%
# The ECG with its beats, and the heart rate of each interval.

tokens = compute_heart_rate_tokens(beats)
figure, (above, below) = plt.subplots(2, figsize=(9, 5), sharex=True, layout="constrained")
above.plot(np.arange(len(ecg_mv)) / FS_HZ, ecg_mv, color="0.25", linewidth=0.7)
above.plot(beats.times_s, np.full(len(beats.times_s), 1.5), "v", color="tab:red", label="beats found")
above.set_ylabel("ECG, mV")
above.legend(loc="lower right")
above.set_title("SIMULATED", loc="right", color="tab:red")
below.plot(beats.times_s[1:], 60.0 / np.diff(beats.times_s), "o-", color="tab:red")
below.set_ylabel("heart rate, bpm")
below.set_xlabel("time, s")
plt.show()
