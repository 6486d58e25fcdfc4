"""From predictions to the content of `metrics.json`.

Enters: the predictions table. Leaves: JSON-able figures per model: overall, per subject, over subjects,
and paired comparisons. Of several seeds every figure is the mean over them, confusions are summed, trials count once.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from ecg_facial.evaluation.ceiling_check import compare_with_ceiling
from ecg_facial.evaluation.intervals import mean_over_subjects
from ecg_facial.evaluation.metrics import compute_metrics
from ecg_facial.evaluation.predictions import MODEL_ORDER, predicted_classes
from ecg_facial.evaluation.significance import p_above_chance, p_paired
from ecg_facial.labels import Task

_DIGITS = 6
_SHARES = ("accuracy", "balanced_accuracy", "macro_f1")


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
    models = order_models(table["model"])
    judged = {model: _judge(table[table["model"] == model], task) for model in models}
    one = table[table["model"] == models[0]]
    summary: dict[str, Any] = _clean(
        {
            "task": task.name,
            "class_names": list(task.class_names),
            "chance": task.chance,
            "n_subjects": int(one["subject"].nunique()),
            "n_trials": _count_trials(one),
            "seeds": sorted({int(seed) for seed in table["seed"]}),
            "models": judged,
            "comparisons": [_compare(judged, first, second) for first, second in _pairs(models)],
            **({} if ceiling is None else {"ceiling": compare_with_ceiling(table, ceiling)}),
        }
    )
    return summary


def _pairs(models: list[str]) -> list[tuple[str, str]]:
    return [("fusion", other) for other in ("facial", "ecg") if "fusion" in models and other in models]


def order_models(models: pd.Series) -> list[str]:
    """Facial, ECG, fusion, then all others by name."""
    known = [model for model in MODEL_ORDER if (models == model).any()]
    return known + sorted(set(models.astype(str)) - set(known))


def _count_trials(table: pd.DataFrame) -> int:
    return len(table[["subject", "trial"]].drop_duplicates())


def _judge(table: pd.DataFrame, task: Task) -> dict[str, Any]:
    subjects = [
        {"subject": str(subject), "fold": int(part["fold"].iloc[0]), **_judge_seeds(part, task)[0]}
        for subject, part in table.groupby("subject", sort=True)
    ]
    overall, by_seed = _judge_seeds(table, task)
    accuracy = [subject["accuracy"] for subject in subjects]
    mean = mean_over_subjects(accuracy)
    return {
        "overall": overall,
        "over_subjects": {
            "accuracy_mean": mean.mean,
            "accuracy_std": mean.std,
            "ci95_low": mean.low,
            "ci95_high": mean.high,
            "ci95_method": mean.method,
            "p_above_chance": p_above_chance(accuracy, task.chance),
        },
        "over_seeds": {
            "by_seed": [{"seed": seed, **{name: judged[name] for name in _SHARES}} for seed, judged in by_seed],
            **{f"{name}_std": _spread([judged[name] for _, judged in by_seed]) for name in _SHARES},
        },
        "subjects": subjects,
    }


def _judge_seeds(table: pd.DataFrame, task: Task) -> tuple[dict[str, Any], list[tuple[int, dict[str, Any]]]]:
    """Figures over all seeds, and of each."""
    by_seed = [
        (
            int(seed),
            compute_metrics(part["label"].to_numpy(str), part["predicted"].to_numpy(str), class_names=task.class_names),
        )
        for seed, part in table.groupby("seed", sort=True)
    ]
    judged = [each for _, each in by_seed]
    confusion = np.sum([each["confusion"] for each in judged], axis=0).tolist()
    shares = {name: float(np.mean([each[name] for each in judged])) for name in _SHARES}
    return {"n_trials": _count_trials(table), **shares, "confusion": confusion}, by_seed


def _spread(values: list[float]) -> float:
    """Compute the standard deviation over seeds; NaN for one."""
    return float(np.std(values, ddof=1)) if len(values) > 1 else math.nan


def _compare(judged: dict[str, dict[str, Any]], first: str, second: str) -> dict[str, Any]:
    """Paired comparison of two models' accuracies over the subjects that both judged."""
    accuracy = [
        {subject["subject"]: subject["accuracy"] for subject in judged[name]["subjects"]} for name in (first, second)
    ]
    both = [subject for subject in accuracy[0] if subject in accuracy[1]]
    a, b = ([one[subject] for subject in both] for one in accuracy)
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


def compare_protocols(honest: dict[str, Any], leaking: dict[str, Any]) -> dict[str, Any]:
    """Set a leaking protocol beside an honest one on the same data: what share of a headline figure is leakage.

    Returns
    -------
    dict
        ``protocol`` and ``stamps`` of the leaking one; by model its accuracy, the honest accuracy, and ``leakage``,
        their difference.
    """
    models = {}
    for model, judged in leaking["models"].items():
        pair = judged["overall"]["accuracy"], honest["models"][model]["overall"]["accuracy"]
        models[model] = {"accuracy": pair[0], "honest_accuracy": pair[1], "leakage": pair[0] - pair[1]}
    cleaned: dict[str, Any] = _clean({"protocol": leaking["protocol"], "stamps": leaking["stamps"], "models": models})
    return cleaned


def _clean(value: Any) -> Any:
    """Round figures so that bytes are stable, and turn NaN into None."""
    if isinstance(value, dict):
        return {key: _clean(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, float):
        return None if math.isnan(value) else round(value, _DIGITS)
    return value
