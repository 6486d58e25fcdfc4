"""Conformal sets: how often they hold the label of new people, with few and with many calibration subjects.

Run as ``python benchmarks/conformal.py [--repetitions N]``. People differ in how well they can be predicted (`spread`
says how much). Sets of 90 % are calibrated on some people and judged on 40 others; or the sets of each subject are
calibrated on all others, as for a predictions file. Also measured: models that say the same of everybody, so that all
scores of a class are tied (sets may then hold more than they promise, not less), and the calibration error of a
perfect model. Percent; the last line is a JSON object.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

import numpy as np
from measures.clustered import draw_predictions

from ecg_facial.evaluation.statistics.calibration_error import ece_null_band
from ecg_facial.evaluation.statistics.conformal import calibrate_sets, cross_conformal, predict_sets

N_JUDGED = 40
SIZES, SPREADS, TRIALS = (20, 40, 86), (0.5, 1.5), ((20, 20), (100, 100), (5, 100))
CROSS_SIZES = (20, 41, 87)
PRIORS = ((0.25,) * 4, (0.12, 0.88), (0.25, 0.75))
N_TRIALS = (240, 960, 6960)


def measure_coverage(n_calibration: int, spread: float, n_trials: tuple[int, int], seed: int) -> float:
    """Mean coverage over judged subjects in one repetition."""
    p, labels, subjects = draw_predictions(seed, n_subjects=n_calibration + N_JUDGED, n_trials=n_trials, spread=spread)
    names = np.array(subjects)
    calibrates = np.isin(names, [f"s{person}" for person in range(n_calibration)])
    threshold = calibrate_sets(p[calibrates], labels[calibrates], list(names[calibrates]))
    sets, true, who = predict_sets(p[~calibrates], threshold), labels[~calibrates], names[~calibrates]
    held = sets[np.arange(len(true)), true]
    return float(np.mean([held[who == name].mean() for name in np.unique(who)]))


def measure_cross(n_subjects: int, spread: float, seed: int) -> tuple[float, float]:
    """Mean coverage, and its spread over subjects, in one repetition."""
    found = cross_conformal(*draw_predictions(seed, n_subjects=n_subjects, n_trials=(20, 100), spread=spread))
    if found is None:
        raise ValueError(f"{n_subjects} subjects: two are needed to calibrate one on another")
    return found.coverage, found.spread


def measure_tied(prior: tuple[float, ...], seed: int) -> float:
    """Coverage of sets of a model that always says nearly the prior, 40 subjects of 40 trials calibrating on 40."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(len(prior), size=2 * N_JUDGED * 40, p=prior)
    said = np.array(prior) + 0.01 * (np.arange(len(prior)) == len(prior) - 1)
    p = np.tile(said / said.sum(), (len(labels), 1))
    half = len(labels) // 2
    threshold = calibrate_sets(p[:half], labels[:half], [f"s{trial // 40}" for trial in range(half)])
    sets = predict_sets(p[half:], threshold)
    return float(sets[np.arange(half), labels[half:]].mean())


def main(repetitions: int) -> None:
    rows: list[dict[str, Any]] = []
    for size in SIZES:
        for spread in SPREADS:
            for n_trials in TRIALS:
                held = [100 * measure_coverage(size, spread, n_trials, seed) for seed in range(repetitions)]
                row = {"subjects": size, "spread": spread, "trials": n_trials}
                rows.append({**row, "coverage": round(float(np.mean(held)), 2), "sd": round(float(np.std(held)), 2)})
                print(rows[-1], flush=True)
    cross = []
    for size in CROSS_SIZES:
        for spread in SPREADS:
            mean, between = 100 * np.mean([measure_cross(size, spread, seed) for seed in range(repetitions)], axis=0)
            row = {"subjects": size, "spread": spread, "cross_coverage": round(float(mean), 2)}
            cross.append({**row, "sd_subjects": round(float(between), 1)})
            print(cross[-1], flush=True)
    tied = []
    for prior in PRIORS:
        held = [100 * measure_tied(prior, seed) for seed in range(repetitions)]
        tied.append({"prior": prior, "coverage": round(float(np.mean(held)), 2)})
        print(tied[-1], flush=True)
    bands = {
        n: [round(100 * value, 2) for value in ece_null_band(np.random.default_rng(0).dirichlet(np.full(4, 2.0), n))]
        for n in N_TRIALS
    }
    print("calibration error of a perfect model, mean and 95 % band:", bands)
    figures = {"coverage": rows, "cross": cross, "tied": tied, "perfect_ece": bands}
    print(json.dumps({"benchmark": "conformal", "repetitions": repetitions, **figures}))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=100)
    main(parser.parse_args().repetitions)
