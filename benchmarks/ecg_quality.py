"""How well the signal quality of an ECG separates right heart rates from wrong ones, and clean signals from noise.

Run as ``python benchmarks/ecg_quality.py --data ../shared/data/ecg [--stride 31] [--fit] [--svg FILE]``. The folder
holds MIT-BIH records (``mitdb/``) and recorded noises (``nstdb/``). Windows of 5.5 s, clean and with motion, muscle
noise, wander and all three at -6 to 24 dB; the heart rate is right within 5 bpm of the annotated one. Noise without
an ECG, in which no rate is right, is part of the fit and is also judged by itself. The rate is that of all beats
found; figures are also given for `mean_heart_rate`, which leaves out miscounted beats. Quality is fitted on other
records than it is judged on (8 folds by record); ``--fit`` prints the weights fitted on all, as `ecg.quality` holds
them, and ``shipped`` is what these give. ``--svg`` draws the reliability diagram. The last line is a JSON object.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from measures.ecg_stress import FS_HZ, Window, add_noise, draw_real_noise, read_real_windows
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold

from ecg_facial.ecg.intervals import mean_heart_rate
from ecg_facial.ecg.quality import compute_sqi
from ecg_facial.ecg.quality_features import FEATURES, measure_features
from ecg_facial.ecg.rpeaks import detect_r_peaks
from ecg_facial.runtime.typing import BoolArray, Float64Array, IntpArray, StrArray

SNRS_DB = (-6.0, 0.0, 6.0, 12.0, 18.0, 24.0)
NOISES = ("em", "ma", "bw", "mix")
CLEAN, NO_HEART = 99.0, -99.0
N_WITHOUT_HEART = 150
LIMIT_BPM = 5.0
N_FOLDS, N_BINS = 8, 10
# How much the second regression counts, by which noise lowers quality even where the rate is right.
NOISE_SHARE = 0.8


@dataclass(frozen=True, eq=False)
class Judged:
    """Windows with at least two beats found: features, shipped quality, whether rates are right, noise, record."""

    features: Float64Array
    quality: Float64Array
    is_right: BoolArray
    is_mean_right: BoolArray
    snr_db: Float64Array
    record: StrArray


def spoil(window: Window, kind: str, snr_db: float, *, folder: Path, rng: np.random.Generator) -> Float64Array:
    if not kind:
        return window.ecg_mv
    kinds = ("em", "ma", "bw") if kind == "mix" else (kind,)
    parts = [draw_real_noise(folder, part, rng, len(window.ecg_mv)) for part in kinds]
    return add_noise(window, np.sum([part / part.std() for part in parts], axis=0), snr_db)


def draw_windows(folder: Path, *, stride: int) -> Iterator[tuple[Float64Array, float, float, str]]:
    """Draw samples, the true mean RR in seconds (NaN where there is none), SNR and record."""
    rng = np.random.default_rng(0)
    windows = list(read_real_windows(folder, stride=stride))
    for kind, snr_db in [("", CLEAN), *((kind, snr) for kind in NOISES for snr in SNRS_DB)]:
        for window in windows:
            rr_s = float(np.diff(window.beats_s).mean())
            yield spoil(window, kind, snr_db, folder=folder, rng=rng), rr_s, snr_db, window.record
    n_times = len(windows[0].ecg_mv)
    for number in range(N_WITHOUT_HEART):
        record = windows[number * len(windows) // N_WITHOUT_HEART].record
        for kind in ("em", "ma", "bw"):
            yield draw_real_noise(folder, kind, rng, n_times), np.nan, NO_HEART, record
        yield rng.standard_normal(n_times), np.nan, NO_HEART, record


def judge(folder: Path, *, stride: int) -> Judged:
    rows = []
    for ecg, rr_s, snr_db, record in draw_windows(folder, stride=stride):
        beats = detect_r_peaks(ecg, FS_HZ)
        if len(beats) < 2:
            continue
        rates = 60.0 / np.diff(beats.times_s).mean(), mean_heart_rate(beats.times_s)
        right = [abs(rate - 60.0 / rr_s) <= LIMIT_BPM for rate in rates]
        rows.append(
            (measure_features(ecg, FS_HZ, beats), compute_sqi(ecg, FS_HZ, r_peaks=beats), *right, snr_db, record)
        )
    features, *columns = zip(*rows, strict=True)
    return Judged(np.stack(features), *(np.array(column) for column in columns))


def fit(judged: Judged, rows: IntpArray) -> tuple[Float64Array, float]:
    """Weights and intercept: right against wrong rates, clean against 0 dB and less, and the scale of both together."""
    mean, spread = judged.features[rows].mean(axis=0), judged.features[rows].std(axis=0)
    scaled = (judged.features - mean) / spread
    rate = LogisticRegression(max_iter=5000).fit(scaled[rows], judged.is_right[rows])
    extreme = rows[(judged.snr_db[rows] == CLEAN) | (np.abs(judged.snr_db[rows] + 3.0) <= 3.0)]
    noise = LogisticRegression(max_iter=5000).fit(scaled[extreme], judged.snr_db[extreme] == CLEAN)
    weights = rate.coef_[0] + NOISE_SHARE * noise.coef_[0]
    score = scaled[rows] @ weights
    scale = LogisticRegression(C=100.0).fit(score[:, None], judged.is_right[rows])
    weights = weights * scale.coef_[0, 0]
    return weights / spread, float(scale.intercept_[0] - (weights / spread) @ mean)


def cross_validate(judged: Judged) -> Float64Array:
    """Quality of each window by weights of other records."""
    quality = np.zeros(len(judged.is_right))
    for known, new in GroupKFold(N_FOLDS).split(judged.features, groups=judged.record):
        weights, intercept = fit(judged, known)
        quality[new] = 1.0 / (1.0 + np.exp(-(judged.features[new] @ weights + intercept)))
    return quality


def bin_quality(quality: Float64Array, is_right: BoolArray) -> list[tuple[float, float, int]]:
    """Mean quality, share of right rates and number of windows in tenths of the scale."""
    place = np.clip((quality * N_BINS).astype(int), 0, N_BINS - 1)
    chosen = [place == number for number in range(N_BINS) if (place == number).any()]
    return [(float(quality[rows].mean()), float(is_right[rows].mean()), int(rows.sum())) for rows in chosen]


def measure_ece(quality: Float64Array, is_right: BoolArray) -> float:
    return sum(abs(mean - share) * n for mean, share, n in bin_quality(quality, is_right)) / len(quality)


def describe(judged: Judged, quality: Float64Array) -> dict[str, float]:
    has_heart, noisy = judged.snr_db > NO_HEART, np.abs(judged.snr_db) < CLEAN
    clean = judged.snr_db == CLEAN
    extreme = has_heart & (clean | (judged.snr_db <= 0.0))
    return {
        "auc_right_rate": float(roc_auc_score(judged.is_right[noisy], quality[noisy])),
        "auc_clean_against_0_db": float(roc_auc_score(clean[extreme], quality[extreme])),
        "ece": measure_ece(quality[noisy], judged.is_right[noisy]),
        "auc_right_mean_heart_rate": float(roc_auc_score(judged.is_mean_right[noisy], quality[noisy])),
        "ece_of_mean_heart_rate": measure_ece(quality[noisy], judged.is_mean_right[noisy]),
        "median_clean": float(np.median(quality[clean])),
        "mean_without_heart": float(quality[~has_heart].mean()),
    }


def draw(judged: Judged, quality: Float64Array, path: Path) -> None:
    from ecg_facial.evaluation.report.figure_style import make_figure, to_svg

    with make_figure(4.2, 3.9) as figure:
        axes = figure.add_subplot()
        axes.plot([0, 1], [0, 1], color="0.7", linewidth=1)
        has_heart = judged.snr_db > NO_HEART
        bins = bin_quality(quality[has_heart], judged.is_right[has_heart])
        axes.plot([mean for mean, _, _ in bins], [share for _, share, _ in bins], "o-", color="#1f77b4")
        for mean, share, n in bins:
            axes.annotate(f"{n}", (mean, share), textcoords="offset points", xytext=(6, -12), fontsize=7, color="0.35")
        axes.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="signal quality", ylabel="share of heart rates within 5 bpm")
        path.write_text(to_svg(figure, simulated=False), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder with mitdb/ and nstdb/")
    parser.add_argument("--stride", type=int, default=31, help="use every so many windows of a record")
    parser.add_argument("--fit", action="store_true", help="print weights fitted on all records")
    parser.add_argument("--svg", type=Path, help="file for the reliability diagram")
    arguments = parser.parse_args()
    if arguments.data is None:
        print(json.dumps({"benchmark": "ecg_quality", "skipped": "needs --data, a folder with annotated records"}))
        return
    judged = judge(arguments.data, stride=arguments.stride)
    held_out = cross_validate(judged)
    if arguments.fit:
        weights, intercept = fit(judged, np.arange(len(judged.is_right)))
        lines = [f'"{name}": {weight:.4f},' for name, weight in zip(FEATURES, weights, strict=True)]
        print(f"_INTERCEPT = {intercept:.4f}", *lines, sep="\n")
    if arguments.svg is not None:
        draw(judged, held_out, arguments.svg)
    result = {
        "benchmark": "ecg_quality",
        "windows": len(held_out),
        "right_rates": float(judged.is_right.mean()),
        "held_out": describe(judged, held_out),
        "shipped": describe(judged, judged.quality),
    }
    print(json.dumps(result, default=float))


if __name__ == "__main__":
    main()
