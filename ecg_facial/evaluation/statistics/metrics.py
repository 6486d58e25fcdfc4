"""How well predicted classes agree with the labels.

Input: labels, predicted classes and probabilities. Output: `TrialMetrics`. Everything but the area under the ROC curve
comes from the confusion matrix; what is not defined is NaN, never a guess.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import scipy

from ecg_facial.errors import UnknownLabelError
from ecg_facial.runtime.records import Record
from ecg_facial.runtime.typing import BoolArray, Float64Array, Int64Array, StrArray


@dataclass(frozen=True, kw_only=True)
class TrialMetrics(Record):
    """Figures of merit over trials; None (NaN before rounding) where one is not defined.

    Attributes
    ----------
    n_trials : int
        Trials, each counted once.
    accuracy : float, 0 to 1
        Share of the trials that is right.
    balanced_accuracy : float, 0 to 1
        Mean recall over the classes that occur.
    macro_f1 : float, 0 to 1
        Mean F1 over the classes that occur or are predicted.
    kappa_quadratic : float or None, up to 1
        Cohen's kappa with quadratic weights; None for classes that are no scale.
    mae_level : float or None, steps
        Mean distance of prediction and label in steps of the scale; None for classes that are no scale.
    mae_mean_level : float or None, steps
        Mean distance of the probability-weighted mean level and the label.
    auroc_macro : float or None, 0 to 1
        Mean of `auroc` over the classes that have trials on both sides.
    sensitivity : float or None, 0 to 1
        Recall of the second of two classes; None for another number of classes.
    specificity : float or None, 0 to 1
        Recall of the first of two classes.
    auroc : mapping of str to float or None, 0 to 1
        Area under the ROC curve by class, each against all others.
    confusion : tuple of tuple of int, trials
        Rows are labels, columns predictions, both in class order; summed over seeds.
    """

    n_trials: int
    accuracy: float
    balanced_accuracy: float
    macro_f1: float
    kappa_quadratic: float | None
    mae_level: float | None
    mae_mean_level: float | None
    auroc_macro: float | None
    sensitivity: float | None
    specificity: float | None
    auroc: Mapping[str, float | None]
    confusion: tuple[tuple[int, ...], ...]


def compute_metrics(
    labels: Sequence[str] | StrArray,
    predicted: Sequence[str] | StrArray,
    *,
    class_names: Sequence[str],
    probabilities: Float64Array | None = None,
    ordered: bool = True,
) -> TrialMetrics:
    """Compute all figures of merit over trials.

    Parameters
    ----------
    labels, predicted : sequences of str, length n_trials
    class_names : sequence of str
        In class order.
    probabilities : ndarray, shape (n_trials, n_classes), optional
    ordered : bool
        Whether classes are steps of one scale; kappa and distances are NaN where they are not.

    Returns
    -------
    TrialMetrics
        NaN for what is not defined, and for everything without trials.

    Raises
    ------
    UnknownLabelError
        For a label or predicted class that is not among `class_names`.

    References
    ----------
    .. [1] Cohen, "Weighted kappa", Psychological Bulletin 70, 1968.
    .. [2] Hanley & McNeil, "The meaning and use of the area under a ROC curve", Radiology 143, 1982.
    """
    names = list(class_names)
    true, guess = (_find_places(part, names) for part in (labels, predicted))
    counts = np.bincount(true * len(names) + guess, minlength=len(names) ** 2).reshape(len(names), len(names))
    auroc = _areas(probabilities, true, names)
    known = [area for area in auroc.values() if not math.isnan(area)]
    return TrialMetrics(
        n_trials=len(true),
        **_shares(counts),
        kappa_quadratic=_kappa(counts) if ordered else math.nan,
        mae_level=float(np.abs(true - guess).mean()) if ordered and len(true) else math.nan,
        mae_mean_level=_mean_level_error(probabilities, true) if ordered else math.nan,
        auroc_macro=float(np.mean(known)) if known else math.nan,
        **_two_classes(counts),
        auroc=auroc,
        confusion=tuple(tuple(row) for row in counts.tolist()),
    )


def _find_places(words: Sequence[str] | StrArray, names: Sequence[str]) -> Int64Array:
    """Index of each class name."""
    places = {name: place for place, name in enumerate(names)}
    try:
        return np.array([places[word] for word in words], dtype=np.int64)
    except KeyError as error:
        listed = ", ".join(names)
        raise UnknownLabelError(f"class {str(error.args[0])!r} is not among {listed}; name all classes") from None


def _shares(counts: Int64Array) -> dict[str, float]:
    """Accuracy, balanced accuracy and macro-F1 of a confusion matrix."""
    right, true, guessed = np.diag(counts), counts.sum(axis=1), counts.sum(axis=0)
    if not counts.sum():
        return dict.fromkeys(("accuracy", "balanced_accuracy", "macro_f1"), math.nan)
    either = true + guessed
    return {
        "accuracy": float(right.sum() / counts.sum()),
        "balanced_accuracy": float((right[true > 0] / true[true > 0]).mean()),
        "macro_f1": float((2 * right[either > 0] / either[either > 0]).mean()),
    }


def _kappa(counts: Int64Array) -> float:
    """One minus the weighted disagreement over that of chance; NaN where chance cannot disagree."""
    steps = np.arange(len(counts))
    weights = (steps[:, None] - steps) ** 2
    total = counts.sum()
    if not total:
        return math.nan
    chance = (weights * np.outer(counts.sum(axis=1), counts.sum(axis=0))).sum() / total
    return float(1 - (weights * counts).sum() / chance) if chance else math.nan


def _mean_level_error(probabilities: Float64Array | None, true: Int64Array) -> float:
    """Mean distance of the expected level (probabilities times steps) and the label."""
    if probabilities is None or not len(true):
        return math.nan
    return float(np.abs(probabilities @ np.arange(probabilities.shape[1]) - true).mean())


def _areas(probabilities: Float64Array | None, true: Int64Array, names: Sequence[str]) -> dict[str, float]:
    """Area under the ROC curve of each class against all others."""
    if probabilities is None or not len(true):
        return dict.fromkeys(names, math.nan)
    ranks = scipy.stats.rankdata(probabilities, axis=0)
    return {name: _area(ranks[:, place], true == place) for place, name in enumerate(names)}


def _area(ranks: Float64Array, positive: BoolArray) -> float:
    """Area under the ROC curve from ranks (Mann-Whitney U); ties count half. NaN with one side empty."""
    n, m = int(positive.sum()), int((~positive).sum())
    return float((ranks[positive].sum() - n * (n + 1) / 2) / (n * m)) if n and m else math.nan


def _two_classes(counts: Int64Array) -> dict[str, float]:
    """Recall of the second class, and of the first; NaN for another number of classes."""
    if len(counts) != 2:
        return {"sensitivity": math.nan, "specificity": math.nan}
    recall = [float(counts[place, place] / row) if (row := counts[place].sum()) else math.nan for place in (1, 0)]
    return {"sensitivity": recall[0], "specificity": recall[1]}
