"""Difficulty of a preset: ceilings of the ideal observer, accuracy of the reference learner, Monte Carlo convergence.

Run as ``python benchmarks/difficulty.py [--preset NAME] [--subjects N] [--trials N] [--folds N] [--seed N]``. One
ceiling is that of an observer who knows the population, the other that of one who also knows each person. The
reference learner is the random forest of `simulate.reference`, leave-one-subject-out unless ``--folds`` is given.
Percent; the last line is a JSON object.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from measures.reference import judge_reference

from ecg_facial.evaluation.judging.predictions_file import predicted_classes
from ecg_facial.labels import TASKS, PainLevel, Task
from ecg_facial.runtime.settings import to_dict
from ecg_facial.simulate.observer.ceiling import observe_cohort
from ecg_facial.simulate.observer.observer import ObserverSettings
from ecg_facial.simulate.people.population import simulate_features
from ecg_facial.simulate.settings.cohort_settings import CohortSettings

MODELS = ("facial", "ecg", "fusion")
DRAWS = ((125, 16), (250, 32), (500, 64), (1000, 128), (2000, 256))
CONVERGENCE_SUBJECTS = 12
PAIRS = [
    Task(name=f"BL1 vs {level.name}", class_names=(PainLevel.BL1.name, level.name))
    for level in (PainLevel.PA1, PainLevel.PA2, PainLevel.PA3)
]


def accuracies(table: pd.DataFrame) -> dict[str, float]:
    right = (
        table.assign(right=predicted_classes(table) == table["label"].to_numpy(str)).groupby("model")["right"].mean()
    )
    return {model: round(100 * float(right[model]), 1) for model in MODELS}


def show_convergence(settings: CohortSettings, task: Task) -> list[dict[str, Any]]:
    """Judge the same noisy trials with more and more draws; differences are to the finest."""
    columns = [f"p_{name}" for name in task.class_names]
    small = replace(settings, n_subjects=min(settings.n_subjects, CONVERGENCE_SUBJECTS))
    tables = [
        observe_cohort(small, task, observer=ObserverSettings(n_people=people, n_courses=courses))
        for people, courses in DRAWS
    ]
    finest = tables[-1][columns].to_numpy(np.float64)
    return [
        {
            "people": people,
            "courses": courses,
            "accuracy": accuracies(table),
            "mean_change_of_posterior": round(float(np.abs(table[columns].to_numpy(np.float64) - finest).mean()), 4),
        }
        for (people, courses), table in zip(DRAWS, tables, strict=True)
    ]


def main(arguments: argparse.Namespace) -> None:
    settings = CohortSettings(
        n_subjects=arguments.subjects, trials_per_level=arguments.trials, preset=arguments.preset, seed=arguments.seed
    )
    result: dict[str, Any] = {"benchmark": "difficulty", "simulated": True, **to_dict(settings)}
    trials = list(simulate_features(settings))
    for task in TASKS.values():
        start = time.perf_counter()
        result[task.name] = {
            "ceiling": accuracies(observe_cohort(settings, task)),
            "ceiling_seconds": round(time.perf_counter() - start, 1),
            "ceiling_person_known": accuracies(observe_cohort(settings, task, know_person=True)),
            "reference": accuracies(judge_reference(trials, task, n_folds=arguments.folds)),
        }
        print(task.name, result[task.name], flush=True)
    for task in PAIRS:
        result[task.name] = {"reference": accuracies(judge_reference(trials, task, n_folds=arguments.folds))}
        print(task.name, result[task.name], flush=True)
    result["convergence"] = show_convergence(settings, TASKS["biovid5"])
    for row in result["convergence"]:
        print(row, flush=True)
    print(json.dumps(result))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", default="biovid-like")
    parser.add_argument("--subjects", type=int, default=87)
    parser.add_argument("--trials", type=int, default=20, help="trials of each of the five levels")
    parser.add_argument("--folds", type=int, default=None, help="folds by subject instead of leave-one-subject-out")
    parser.add_argument("--seed", type=int, default=0)
    main(parser.parse_args())
