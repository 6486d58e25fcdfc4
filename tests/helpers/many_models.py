"""Figures of merit of as many models as asked for."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
from results import make_predictions

from ecg_facial.evaluation.judging.predictions_table import from_run
from ecg_facial.evaluation.judging.schema import RunMetrics
from ecg_facial.evaluation.judging.summary import summarise_predictions
from ecg_facial.labels import get_task

TASK = get_task("biovid4")


def make_many(models: list[str], *, n_subjects: int = 6, lost: str = "") -> RunMetrics:
    """Metrics of models of rising skill; one of them may answer only some trials."""
    rng, rows = np.random.default_rng(1), []
    for subject, trial, (place, model) in itertools.product(range(n_subjects), range(8), enumerate(models)):
        if model == lost and trial > 5:
            continue
        label = TASK.class_names[trial % 4]
        right = rng.random() < 0.2 + 0.7 * place / len(models)
        p = np.full(4, 0.1)
        p[TASK.class_names.index(label) if right else rng.integers(4)] = 0.7
        rows.append([f"s{subject}", f"s{subject}-{trial}", subject, 0, model, label, *p, 1.0, 0.5])
    table = pd.DataFrame(rows, columns=make_predictions().columns)
    return summarise_predictions(from_run(table, TASK.class_names), task=TASK.name, simulated=True)


TWENTY = [f"method_number_{number:02d}" for number in range(20)]
