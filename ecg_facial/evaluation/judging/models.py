"""One model's predictions, judged over trials, subjects, seeds and groups of people.

Enters: a `PredictionsTable`. Leaves: JSON-able figures. Of several seeds every figure is the mean over them, confusions
are summed, and a trial counts once.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ecg_facial.evaluation.judging.predictions_table import PredictionsTable
from ecg_facial.evaluation.statistics.confidence_intervals import difference_of_groups, mean_over_subjects
from ecg_facial.evaluation.statistics.metrics import compute_metrics
from ecg_facial.evaluation.statistics.reliability import assess_reliability
from ecg_facial.evaluation.statistics.significance import p_above_chance, p_sign_flip_above_chance

# Figures that are averaged over seeds; the rest of `compute_metrics` is counts.
_COUNTS = ("n_trials", "confusion", "auroc")
SPREAD_OF = ("accuracy", "balanced_accuracy", "macro_f1")


def judge_model(part: pd.DataFrame, about: PredictionsTable, *, chance: float) -> dict[str, Any]:
    """Judge one model.

    Parameters
    ----------
    part : DataFrame
        The model's rows of `about.table`.
    about : PredictionsTable
        Class names, whether they are a scale, and strata.
    chance : float
        Accuracy that the subjects' mean is tested against.

    Returns
    -------
    dict
        ``overall``, ``over_subjects``, ``over_seeds``, ``subjects``, ``strata`` and ``retest``.
    """
    overall, by_seed = judge_seeds(part, about)
    subjects = [_judge_subject(str(subject), rows, about) for subject, rows in part.groupby("subject", sort=True)]
    return {
        "overall": overall,
        "over_subjects": over_subjects([subject["accuracy"] for subject in subjects], chance),
        "over_seeds": {
            "by_seed": [{"seed": seed, **{name: judged[name] for name in SPREAD_OF}} for seed, judged in by_seed],
            **{f"{name}_std": _spread([judged[name] for _, judged in by_seed]) for name in SPREAD_OF},
        },
        "strata": {name: _judge_stratum(subjects, name, chance) for name in about.strata},
        "retest": _retest(part),
        "subjects": subjects,
    }


def judge_seeds(part: pd.DataFrame, about: PredictionsTable) -> tuple[dict[str, Any], list[tuple[int, dict[str, Any]]]]:
    """Figures over all seeds, and of each."""
    by_seed = [(int(seed), _compute(rows, about)) for seed, rows in part.groupby("seed", sort=True)]
    judged = [each for _, each in by_seed]
    confusion = np.sum([each["confusion"] for each in judged], axis=0).tolist()
    figures = {name: _mean(each[name] for each in judged) for name in judged[0] if name not in _COUNTS}
    auroc = {"auroc": {name: _mean(each["auroc"][name] for each in judged) for name in judged[0]["auroc"]}}
    return {"n_trials": count_trials(part), **figures, **auroc, "confusion": confusion}, by_seed


def _compute(rows: pd.DataFrame, about: PredictionsTable) -> dict[str, Any]:
    probabilities = rows[[f"p_{name}" for name in about.class_names]].to_numpy(np.float64)
    return compute_metrics(
        rows["label"].to_numpy(str),
        rows["predicted"].to_numpy(str),
        class_names=about.class_names,
        probabilities=probabilities if np.isfinite(probabilities).all() else None,
        ordered=about.ordered,
    )


def _judge_subject(subject: str, rows: pd.DataFrame, about: PredictionsTable) -> dict[str, Any]:
    judged, _ = judge_seeds(rows, about)
    groups = {name: str(rows[name].iloc[0]) for name in about.strata}
    return {"subject": subject, "fold": _plain(rows["fold"].iloc[0]), **groups, **judged}


def over_subjects(accuracy: Sequence[float], chance: float) -> dict[str, Any]:
    """Mean, interval and tests over subjects."""
    mean = mean_over_subjects(accuracy)
    return {
        "n_subjects": mean.n_subjects,
        "accuracy_mean": mean.mean,
        "accuracy_std": mean.std,
        "ci95_low": mean.low,
        "ci95_high": mean.high,
        "interval": mean.method,
        "p_above_chance": p_above_chance(accuracy, chance),
        "p_sign_flip": p_sign_flip_above_chance(accuracy, chance),
    }


def _judge_stratum(subjects: Sequence[dict[str, Any]], name: str, chance: float) -> dict[str, Any]:
    """Each group's figures, and the difference of two groups."""
    groups: dict[str, list[float]] = {}
    for subject in subjects:
        groups.setdefault(subject[name] or "unknown", []).append(subject["accuracy"])
    judged = {group: over_subjects(groups[group], chance) for group in sorted(groups)}
    if len(judged) != 2:
        return {"groups": judged, "difference": None}
    first, second = judged
    beside = difference_of_groups(groups[first], groups[second])
    return {
        "groups": judged,
        "difference": {
            "first": first,
            "second": second,
            "accuracy_difference": beside.difference,
            "ci95_low": beside.low,
            "ci95_high": beside.high,
            "p_welch": beside.p,
        },
    }


def _retest(part: pd.DataFrame) -> dict[str, Any]:
    """Agree a subject's accuracies between seeds, and between two halves of their trials."""
    right = part.assign(right=(part["label"] == part["predicted"]).astype(float))
    seeds = right.pivot_table(index="subject", columns="seed", values="right", aggfunc="mean", observed=True)
    order = right.sort_values(["subject", "label", "trial"], kind="stable").drop_duplicates(["subject", "trial"])
    half = order.groupby(["subject", "label"]).cumcount() % 2
    halves = right.merge(order.assign(half=half)[["subject", "trial", "half"]], on=["subject", "trial"])
    by_half = halves.pivot_table(index="subject", columns="half", values="right", aggfunc="mean")
    return {"seeds": _describe_reliability(seeds), "halves": _describe_reliability(by_half)}


def _describe_reliability(sessions: pd.DataFrame) -> dict[str, Any]:
    found = assess_reliability(sessions.to_numpy(np.float64))
    return {
        "n_sessions": found.n_sessions,
        "icc_2_1": found.icc_2_1.value,
        "icc_2_1_low": found.icc_2_1.low,
        "icc_2_1_high": found.icc_2_1.high,
        "sem": found.sem,
        "smallest_change": found.smallest_change,
    }


def count_trials(part: pd.DataFrame) -> int:
    """Trials, each once."""
    return len(part[["subject", "trial"]].drop_duplicates())


def _mean(values: Iterable[float]) -> float:
    """Mean of what is known; NaN of nothing."""
    known = [value for value in values if not math.isnan(value)]
    return float(np.mean(known)) if known else math.nan


def _spread(values: list[float]) -> float:
    """Compute the standard deviation over seeds; NaN for one."""
    return float(np.std(values, ddof=1)) if len(values) > 1 else math.nan


def _plain(value: Any) -> Any:
    """Fold numbers as whole numbers where they are such."""
    text = str(value)
    return int(text) if text.isdigit() else text
