"""A model beside the ideal observer, on the same trials.

Input: predictions of models and of the observer. Output: the observer's accuracy (the ceiling), the paired difference
over subjects, and whether a model is above the ceiling by more than chance, which leakage alone explains.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from ecg_facial.evaluation.judging.predictions_file import predicted_classes
from ecg_facial.evaluation.judging.schema import CeilingComparison
from ecg_facial.evaluation.statistics.confidence_intervals import mean_over_subjects

# two-sided 98 %: the lower bound is exceeded by chance in 1 % of runs
_CONFIDENCE = 0.98


def compare_with_ceiling(predictions: pd.DataFrame, observer: pd.DataFrame) -> dict[str, CeilingComparison]:
    """Compare each model with the observer that sees the same modalities.

    Parameters
    ----------
    predictions, observer : DataFrame
        As in `predictions.csv`; models of both are paired by name, trials by subject and trial.

    Returns
    -------
    dict of str to CeilingComparison
        By model, over the trials that both answered. Models whose trials the observer has not seen are left out.
    """
    keys = ["subject", "trial"]
    right = []
    for table in (predictions, observer):
        said = table["predicted"].to_numpy(str) if "predicted" in table else predicted_classes(table)
        judged = table.assign(right=said == table["label"].to_numpy(str))
        right.append(judged.loc[said != "", ["model", *keys, "right"]])
    both = right[0].merge(right[1], on=["model", *keys], suffixes=("", "_observer"))
    return {str(model): _compare(part) for model, part in both.groupby("model", sort=False)}


def _compare(part: pd.DataFrame) -> CeilingComparison:
    """Paired difference over subjects; without a lower bound for fewer than two of them."""
    means = part.groupby("subject")[["right", "right_observer"]].mean()
    difference = mean_over_subjects(
        (means["right"] - means["right_observer"]).to_numpy(np.float64), confidence=_CONFIDENCE, method="t"
    )
    known = not math.isnan(difference.low)
    return CeilingComparison(
        accuracy=float(part["right_observer"].mean()),
        n_trials=len(part[["subject", "trial"]].drop_duplicates()),
        difference=difference.mean,
        lower99=difference.low if known else None,
        leakage=known and difference.low > 0,
    )
