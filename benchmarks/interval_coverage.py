"""Statistics over subjects: coverage of intervals, false alarms of tests, and their speed.

Run as ``python benchmarks/interval_coverage.py [--repetitions N] [--seed N]``. The predictor is fixed; the true
accuracies of people vary as in published results (`measures.coverage.POPULATIONS`). Percent; nominal values are 95
for intervals and 5 for tests. The last line is a JSON object.
"""

from __future__ import annotations

import argparse
import json
import time

import numpy as np
import pandas as pd
from measures.coverage import POPULATIONS, draw_accuracies, measure_coverage, measure_false_alarms

from ecg_facial.evaluation.statistics.confidence_intervals import METHODS, mean_over_subjects
from ecg_facial.evaluation.statistics.model_pairs import compare_models
from ecg_facial.evaluation.statistics.ranking import rank_models

SIZES = (6, 12, 20, 40, 87)
PROMISED_SIZES = (12, 20, 87)
N_MODELS = 5


def show_coverage(repetitions: int, seed: int) -> dict[str, float]:
    """Print a line a population and size; the coverage of ``auto`` where it is promised comes back."""
    promised = {}
    print("population     n  method: covers % (mean below, above the interval; width in points)")
    for name, people in POPULATIONS.items():
        print(f"{name}: {people.note}")
        for n in SIZES:
            found = {m: measure_coverage(people, n, method=m, repetitions=repetitions, seed=seed) for m in METHODS}
            texts = [
                f"{m} {100 * c.covered:.1f} ({100 * c.below:.1f}, {100 * c.above:.1f}; {100 * c.width:.1f})"
                for m, c in found.items()
            ]
            print(f"{name:12} {n:3}  " + "  ".join(texts), flush=True)
            if people.promised and n in PROMISED_SIZES:
                promised[f"{name}_{n}"] = round(100 * found["auto"].covered, 2)
    return promised


def show_false_alarms(repetitions: int, seed: int) -> dict[str, dict[str, float]]:
    """Print and return a line a population and size."""
    alarms = {}
    for name, people in POPULATIONS.items():
        for n in PROMISED_SIZES:
            shares = measure_false_alarms(people, n, repetitions=repetitions, seed=seed)
            alarms[f"{name}_{n}"] = {test: round(100 * share, 2) for test, share in shares.items()}
            print(
                f"{name:12} {n:3}  " + "  ".join(f"{t} {s:.1f}" for t, s in alarms[f"{name}_{n}"].items()), flush=True
            )
    return alarms


def time_everything(seed: int) -> float:
    """Seconds for intervals, all pairs and ranks of five models over 87 subjects."""
    values = [
        draw_accuracies(POPULATIONS["silent"], (1, 87), np.random.default_rng([seed, m]))[0] for m in range(N_MODELS)
    ]
    table = pd.DataFrame(np.stack(values, axis=1), columns=[f"model{m}" for m in range(N_MODELS)])
    start = time.perf_counter()
    for model in table:
        mean_over_subjects(table[model].to_numpy())
    compare_models(table)
    rank_models(table)
    return time.perf_counter() - start


def main(repetitions: int, seed: int) -> None:
    seconds = time_everything(seed)
    promised = show_coverage(repetitions, seed)
    alarms = show_false_alarms(repetitions, seed)
    covered = list(promised.values())
    print(
        json.dumps(
            {
                "benchmark": "interval_coverage",
                "repetitions": repetitions,
                "coverage_of_auto": promised,
                "lowest": min(covered),
                "highest": max(covered),
                "false_alarms": alarms,
                "five_models_87_subjects_s": round(seconds, 2),
            }
        )
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    main(arguments.repetitions, arguments.seed)
