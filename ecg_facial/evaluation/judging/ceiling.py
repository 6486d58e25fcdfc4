"""A model beside the ideal observer, on the same trials.

Enters: predictions of models and of the observer. Leaves: the observer's accuracy, the paired difference over subjects,
and whether a model is above it by more than chance, which only leakage explains.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from ecg_facial.evaluation.judging.predictions import predicted_classes
from ecg_facial.evaluation.statistics.confidence_intervals import mean_over_subjects

# two-sided 98 %: the lower bound is exceeded by chance in 1 % of runs
_CONFIDENCE = 0.98


def compare_with_ceiling(predictions: pd.DataFrame, observer: pd.DataFrame) -> dict[str, Any]:
    """Set each model beside the observer that sees the same modalities.

    Parameters
    ----------
    predictions, observer : DataFrame
        As in `predictions.csv`; models of both are paired by name, trials by subject and trial.

    Returns
    -------
    dict
        By model: ``accuracy`` of the observer on the trials that both judged, ``n_trials``, ``difference`` (model minus
        observer, mean over subjects), ``lower99`` (its one-sided 99 % lower bound, None for fewer than two subjects)
        and ``leakage`` (whether that bound is above 0). Models whose trials the observer has not seen are left out.
    """
    keys = ["subject", "trial"]
    right = [
        table.assign(right=predicted_classes(table) == table["label"].to_numpy(str))[["model", *keys, "right"]]
        for table in (predictions, observer)
    ]
    both = right[0].merge(right[1], on=["model", *keys], suffixes=("", "_observer"))
    return {str(model): _compare(part) for model, part in both.groupby("model", sort=False)}


def _compare(part: pd.DataFrame) -> dict[str, Any]:
    means = part.groupby("subject")[["right", "right_observer"]].mean()
    difference = mean_over_subjects(
        (means["right"] - means["right_observer"]).to_numpy(np.float64), confidence=_CONFIDENCE, method="t"
    )
    known = not math.isnan(difference.low)
    return {
        "accuracy": float(part["right_observer"].mean()),
        "n_trials": len(part[["subject", "trial"]].drop_duplicates()),
        "difference": difference.mean,
        "lower99": difference.low if known else None,
        "leakage": known and difference.low > 0,
    }
