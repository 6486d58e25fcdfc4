"""Calibration from few trials: how well temperatures are fitted, and what intervals over subjects cover.

Run as ``python benchmarks/calibration.py [--repetitions N]``. Temperature: it is fitted on the trials of some
subjects; the output is the change of log loss on other people, for a model that is well calibrated and for models
that are too sure by a factor. Intervals at nominal 95 %: how often they cover the value of 4,000 people, for the
calibration error (percentile, basic, and percentile less its bias, over resampled subjects) and for mean confidence
minus accuracy. The last line is a JSON object.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

import numpy as np
from measures.clustered import draw_confident, draw_predictions

from ecg_facial.evaluation.statistics.calibration import fit_temperature, log_loss
from ecg_facial.evaluation.statistics.calibration_error import N_BINS, compute_ece, compute_overconfidence
from ecg_facial.runtime.typing import Float64Array

FACTORS = (1.0, 1.5, 2.5)
FITTED_ON = ((1, 8), (1, 16), (1, 40), (2, 16), (4, 8), (4, 16), (8, 16), (16, 16), (40, 20))
COHORTS = ((12, 16), (20, 20), (40, 20), (87, 80))
N_PEOPLE, N_DRAWS, N_TEST = 4000, 2000, 6000


def draw_logits(seed: int, *, n_subjects: int, n_trials: int, factor: float) -> tuple[Float64Array, np.ndarray]:
    p, labels, _ = draw_predictions(seed, n_subjects=n_subjects, n_trials=(n_trials, n_trials), spread=1.0, n_classes=4)
    return np.log(p) * factor, labels


def measure_temperature(repetitions: int) -> list[dict[str, Any]]:
    """Mean and worst change of log loss; below 0 is a gain."""
    rows = []
    logits, labels = draw_logits(10**6, n_subjects=2000, n_trials=20, factor=1.0)
    honest = 1 / fit_temperature(logits, labels)
    for factor in FACTORS:
        fresh, true = logits[:N_TEST] * factor * honest, labels[:N_TEST]
        before = log_loss(fresh, true)
        for n_subjects, n_trials in FITTED_ON:
            changes = []
            for seed in range(repetitions):
                part = draw_logits(seed, n_subjects=n_subjects, n_trials=n_trials, factor=factor * honest)
                changes.append(log_loss(fresh / fit_temperature(*part), true) - before)
            figures = {"change": round(float(np.mean(changes)), 4), "worst": round(float(np.max(changes)), 3)}
            rows.append({"too_sure": factor, "subjects": n_subjects, "trials": n_subjects * n_trials, **figures})
            print(rows[-1], flush=True)
    return rows


def resample_errors(p: Float64Array, labels: np.ndarray, subjects: list[str]) -> Float64Array:
    """Calibration errors of resampled subjects, from each subject's sums in every bin."""
    people, member = np.unique(np.asarray(subjects), return_inverse=True)
    top = p.max(axis=1)
    bins = np.clip(np.ceil(top * N_BINS).astype(int) - 1, 0, N_BINS - 1)
    sums = np.zeros((len(people), N_BINS))
    np.add.at(sums, (member, bins), (p.argmax(axis=1) == labels) - top)
    counts = np.random.default_rng(0).multinomial(len(people), np.full(len(people), 1 / len(people)), size=N_DRAWS)
    return np.asarray(np.abs(counts @ sums).sum(axis=1) / (counts @ np.bincount(member)))


def measure_intervals(repetitions: int) -> list[dict[str, Any]]:
    """Coverage of each interval, in percent."""
    rows = []
    for factor in (1.0, 1.3, 2.0):
        everybody = draw_confident(10**6, n_subjects=N_PEOPLE, n_trials=50, factor=factor)
        error, gap = compute_ece(*everybody[:2]), compute_overconfidence(*everybody).mean
        for n_subjects, n_trials in COHORTS:
            held: dict[str, list[bool]] = {"percentile": [], "basic": [], "less bias": [], "overconfidence": []}
            for seed in range(repetitions):
                cohort = draw_confident(seed, n_subjects=n_subjects, n_trials=n_trials, factor=factor)
                found, drawn = compute_ece(*cohort[:2]), resample_errors(*cohort)
                low, high = np.quantile(drawn, [0.025, 0.975])
                bias = drawn.mean() - found
                held["percentile"].append(low <= error <= high)
                held["basic"].append(max(0, 2 * found - high) <= error <= 2 * found - low)
                held["less bias"].append(max(0, low - bias) <= error <= high - bias)
                over = compute_overconfidence(*cohort)
                held["overconfidence"].append(over.low <= gap <= over.high)
            figures = {name: round(100 * float(np.mean(values)), 1) for name, values in held.items()}
            rows.append({"too_sure": factor, "ece": round(error, 3), "subjects": n_subjects, **figures})
            print(rows[-1], flush=True)
    return rows


def main(repetitions: int) -> None:
    result = {"temperature": measure_temperature(repetitions), "intervals": measure_intervals(repetitions)}
    print(json.dumps({"benchmark": "calibration", "repetitions": repetitions, **result}))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=200)
    main(parser.parse_args().repetitions)
