"""Cost of finding beats: in one window, and in records of a minute to a day.

Run as ``python benchmarks/rpeaks_cost.py [--hours 24]``. The window is measured beside one zero-phase filter of it in
the same run. The last line is a JSON object.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable

import numpy as np
from scipy import signal

from ecg_facial.ecg.rpeaks import detect_r_peaks
from ecg_facial.simulate.heart.ecg import simulate_ecg

FS_HZ, WINDOW_S, N_WINDOWS = 512.0, 5.5, 32
REPEATS = 15


def best_of(run: Callable[[], object], repeats: int = REPEATS) -> float:
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)


def make_record(seconds: float) -> np.ndarray:
    """Ten minutes of noisy beats over and over."""
    n_times = round(min(seconds, 600.0) * FS_HZ)
    rng = np.random.default_rng(0)
    ecg = simulate_ecg(np.full(n_times, 72.0), FS_HZ, rng=rng)[0] + rng.normal(0.0, 0.03, n_times)
    return np.resize(ecg, round(seconds * FS_HZ))


def measure(windows: np.ndarray, hours: float) -> dict[str, float]:
    """Cost of a window over one filter of it; nanoseconds per sample of two records, and their ratio."""
    sos = signal.butter(2, (5.0, 25.0), btype="bandpass", fs=FS_HZ, output="sos")
    detect_r_peaks(windows[0], FS_HZ)
    yard = best_of(lambda: [signal.sosfiltfilt(sos, ecg) for ecg in windows])
    found = best_of(lambda: [detect_r_peaks(ecg, FS_HZ) for ecg in windows])
    result = {"window_ms": 1e3 * found / len(windows), "window": found / yard}
    for name, seconds in (("minute", 60.0), ("long", 3600.0 * hours)):
        record = make_record(seconds)
        result[f"{name}_ns"] = 1e9 * best_of(lambda ecg=record: detect_r_peaks(ecg, FS_HZ), 3) / len(record)
    result["long_over_minute"] = result["long_ns"] / result["minute_ns"]
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hours", type=float, default=1.0, help="length of the long record")
    arguments = parser.parse_args()
    n_times = round(WINDOW_S * FS_HZ)
    result = measure(make_record(WINDOW_S * N_WINDOWS)[: N_WINDOWS * n_times].reshape(-1, n_times), arguments.hours)
    print("  ".join(f"{key} {value:.2f}" for key, value in result.items()))
    print(json.dumps({"benchmark": "rpeaks_cost", "hours": arguments.hours, **result}))


if __name__ == "__main__":
    main()
