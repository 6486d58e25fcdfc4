"""From predictions to the content of `metrics.json`.

Enters: the predictions table. Leaves: JSON-able figures per model: overall, per subject, over subjects,
and paired comparisons.
"""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from ecg_facial.evaluation.ceiling_check import compare_with_ceiling
from ecg_facial.evaluation.intervals import mean_over_subjects
from ecg_facial.evaluation.metrics import compute_metrics
from ecg_facial.evaluation.predictions import MODEL_ORDER, predicted_classes
from ecg_facial.evaluation.significance import p_above_chance, p_paired
from ecg_facial.labels import Task

_DIGITS = 6


def summarise_predictions(table: pd.DataFrame, *, task: Task, ceiling: pd.DataFrame | None = None) -> dict[str, Any]:
    """Judge every model of a predictions table.

    Parameters
    ----------
    table : DataFrame
        As in `predictions.csv`.
    task : Task
    ceiling : DataFrame, optional
        The ideal observer's predictions, where the data are simulated: the key ``ceiling`` sets each model beside them.

    Returns
    -------
    dict
        Content of `metrics.json`; None for what cannot be computed.
    """
    table = table.assign(predicted=predicted_classes(table))
    models = [model for model in MODEL_ORDER if (table["model"] == model).any()]
    judged = {model: _judge(table[table["model"] == model], task) for model in models}
    one = table[table["model"] == models[0]]
    summary: dict[str, Any] = _clean(
        {
            "task": task.name,
            "class_names": list(task.class_names),
            "chance": task.chance,
            "n_subjects": int(one["subject"].nunique()),
            "n_trials": len(one),
            "models": judged,
            "comparisons": [_compare(judged, first, second) for first, second in _pairs(models)],
            **({} if ceiling is None else {"ceiling": compare_with_ceiling(table, ceiling)}),
        }
    )
    return summary


def _pairs(models: list[str]) -> list[tuple[str, str]]:
    return [("fusion", other) for other in ("facial", "ecg") if "fusion" in models and other in models]


def _judge(table: pd.DataFrame, task: Task) -> dict[str, Any]:
    def metrics_of(part: pd.DataFrame) -> dict[str, Any]:
        return compute_metrics(
            part["label"].to_numpy(str), part["predicted"].to_numpy(str), class_names=task.class_names
        )

    subjects = [
        {"subject": str(subject), "fold": int(part["fold"].iloc[0]), **metrics_of(part)}
        for subject, part in table.groupby("subject", sort=True)
    ]
    accuracy = [subject["accuracy"] for subject in subjects]
    mean = mean_over_subjects(accuracy)
    return {
        "overall": metrics_of(table),
        "over_subjects": {
            "accuracy_mean": mean.mean,
            "accuracy_std": mean.std,
            "ci95_low": mean.low,
            "ci95_high": mean.high,
            "ci95_method": mean.method,
            "p_above_chance": p_above_chance(accuracy, task.chance),
        },
        "subjects": subjects,
    }


def _compare(judged: dict[str, dict[str, Any]], first: str, second: str) -> dict[str, Any]:
    """Paired comparison of two models' accuracies over the same subjects."""
    a, b = ([subject["accuracy"] for subject in judged[name]["subjects"]] for name in (first, second))
    difference = mean_over_subjects([x - y for x, y in zip(a, b, strict=True)])
    return {
        "first": first,
        "second": second,
        "accuracy_difference": difference.mean,
        "ci95_low": difference.low,
        "ci95_high": difference.high,
        "ci95_method": difference.method,
        "p_paired": p_paired(a, b),
    }


def _clean(value: Any) -> Any:
    """Round figures so that bytes are stable, and turn NaN into None."""
    if isinstance(value, dict):
        return {key: _clean(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, float):
        return None if math.isnan(value) else round(value, _DIGITS)
    return value
