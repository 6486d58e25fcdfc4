"""Beats in isolated windows of annotated records: this package's detector beside those of other packages.

Run as ``python benchmarks/rpeaks.py --data FOLDER [--stride 1] [--noise em --snr 6] [--only NAME ...]`` in an
environment that has the others beside this package; those that are not installed are left out. The folder holds
MIT-BIH records (``mitdb/``; with ``--noise`` also ``nstdb/``). Windows of 5.5 s at 512 Hz with three beats or more,
or with ``--whole`` the records themselves; beats within 0.2 s of an end do not count for F1. The heart rate is 60
over the mean RR of a window. Cost is the time of a window divided by that of one ``sosfiltfilt`` of it, in the same
run. The last line is a JSON object; its ``ours_better_by`` holds, for each other detector, how much better ours is,
the 95 % interval over resampled records, and the share of resamples in which it is not better.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from measures.ecg_stress import (
    FS_HZ,
    Detector,
    Window,
    count_beats,
    read_real_records,
    read_real_windows,
    spoil_real,
)
from measures.peer_detectors import find_peers
from scipy import signal

from ecg_facial.ecg.rpeaks import detect_r_peaks
from ecg_facial.runtime.typing import Float64Array

OURS = "ecg_facial"
CLOSE_S, WIDE_S = 0.05, 0.15
LIMIT_BPM = 5.0
N_BOOTSTRAP = 10_000
TIMED_WINDOWS = 24
COLUMNS = ("f1", "f1_50ms", "hr_error_bpm", "hr_bad")
# hits, misses, false at 150 ms; the same at 50 ms; sum of errors, rates found, bad rates, windows
N_COUNTS = 10


def detect_ours(ecg: Float64Array, fs_hz: float) -> Float64Array:
    return detect_r_peaks(ecg, fs_hz).times_s


def count_window(window: Window, found_s: Float64Array) -> Float64Array:
    counts = np.zeros(N_COUNTS)
    true_s, found_s = window.keep_marked(window.beats_s), window.keep_marked(found_s)
    counts[:3] = count_beats(true_s, found_s, tolerance_s=WIDE_S, duration_s=window.duration_s)
    counts[3:6] = count_beats(true_s, found_s, tolerance_s=CLOSE_S, duration_s=window.duration_s)
    error = np.inf
    if len(found_s) >= 2:
        error = abs(60.0 / np.diff(found_s).mean() - 60.0 / np.diff(true_s).mean())
        counts[6:8] = error, 1.0
    counts[8:] = error > LIMIT_BPM, 1.0
    return counts


def count_records(spoilt: Sequence[tuple[Window, Float64Array]], detect: Detector) -> Float64Array:
    """Count in each record, shape (n_records, N_COUNTS)."""
    counts: dict[str, Float64Array] = {}
    for window, ecg in spoilt:
        counts[window.record] = counts.get(window.record, 0.0) + count_window(window, detect(ecg, FS_HZ))
    return np.stack([counts[record] for record in sorted(counts)])


def summarise(counts: Float64Array) -> Float64Array:
    """`COLUMNS` from summed counts, shape (..., N_COUNTS): percent, percent, bpm, percent."""
    hits, misses, false, close_hits, close_misses, close_false, error, rates, bad, windows = np.moveaxis(counts, -1, 0)
    f1 = 200.0 * hits / (2.0 * hits + misses + false)
    close = 200.0 * close_hits / (2.0 * close_hits + close_misses + close_false)
    return np.stack([f1, close, error / np.maximum(rates, 1.0), 100.0 * bad / windows], axis=-1)


def compare(ours: Float64Array, other: Float64Array) -> Float64Array:
    """How much better ours is in each column, its interval over records, share not better: shape (4, 4)."""
    chosen = np.random.default_rng(0).integers(0, len(ours), (N_BOOTSTRAP, len(ours)))
    better = np.array([1.0, 1.0, -1.0, -1.0])
    drawn = (summarise(ours[chosen].sum(axis=1)) - summarise(other[chosen].sum(axis=1))) * better
    gain = (summarise(ours.sum(axis=0)) - summarise(other.sum(axis=0))) * better
    return np.vstack([gain, np.percentile(drawn, [2.5, 97.5], axis=0), (drawn <= 0.0).mean(axis=0)])


def measure_cost(ecgs: Sequence[Float64Array], detect: Callable[[Float64Array], object]) -> float:
    """Median cost of a window over that of a zero-phase filter of it."""
    sos = signal.butter(2, (5.0, 25.0), btype="bandpass", fs=FS_HZ, output="sos")
    ratios = []
    for ecg in ecgs:
        seconds = []
        for run in (lambda ecg=ecg: signal.sosfiltfilt(sos, ecg), lambda ecg=ecg: detect(ecg)):
            best = np.inf
            for _ in range(5):
                start = time.perf_counter()
                run()
                best = min(best, time.perf_counter() - start)
            seconds.append(best)
        ratios.append(seconds[1] / seconds[0])
    return float(np.median(ratios))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder with mitdb/ (and nstdb/)")
    parser.add_argument("--stride", type=int, default=15, help="use every so many windows of a record")
    parser.add_argument("--whole", action="store_true", help="look at whole records, not at windows of them")
    parser.add_argument("--noise", choices=["em", "ma", "bw"], default="", help="recorded noise to add")
    parser.add_argument("--snr", type=float, default=12.0, help="its strength in dB")
    parser.add_argument("--only", nargs="+", help="names of other detectors to run")
    arguments = parser.parse_args()
    if arguments.data is None:
        print(json.dumps({"benchmark": "rpeaks", "skipped": "needs --data, a folder with annotated records"}))
        return
    cut = read_real_records(arguments.data) if arguments.whole else None
    windows = list(cut or read_real_windows(arguments.data, stride=arguments.stride))
    spoilt = list(spoil_real(windows, arguments.noise, arguments.snr, folder=arguments.data))
    peers = {name: peer for name, peer in find_peers().items() if not arguments.only or name in arguments.only}
    result, ours = {}, np.zeros(0)
    print("| detector | F1 | F1 at 50 ms | HR error bpm | HR off by > 5 bpm | cost |")
    print("|---|---|---|---|---|---|")
    for name, detect in {OURS: detect_ours, **peers}.items():
        counts = count_records(spoilt, detect)
        row = summarise(counts.sum(axis=0))
        cost = measure_cost(
            [ecg for _, ecg in spoilt[: 1 if arguments.whole else TIMED_WINDOWS]],
            lambda ecg, run=detect: run(ecg, FS_HZ),
        )
        print(f"| {name} | {row[0]:.2f} | {row[1]:.2f} | {row[2]:.3f} | {row[3]:.2f} % | {cost:.2f} |", flush=True)
        result[name] = {**dict(zip(COLUMNS, row, strict=True)), "cost": cost}
        if name == OURS:
            ours = counts
        else:
            gain = compare(ours, counts)
            result[name]["ours_better_by"] = dict(zip(COLUMNS, gain.T.round(3).tolist(), strict=True))
    settings = {
        "windows": len(windows),
        "whole": arguments.whole,
        "noise": arguments.noise,
        "snr_db": arguments.snr if arguments.noise else None,
    }
    print(json.dumps({"benchmark": "rpeaks", **settings, "detectors": result}, default=float))


if __name__ == "__main__":
    main()
