"""How well predicted classes agree with the labels.

Enters: labels, predicted classes and probabilities. Leaves: figures of merit. Everything but the area under the ROC
curve comes from the confusion matrix; what is not defined is NaN, never a guess.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.stats import rankdata

from ecg_facial.errors import UnknownLabelError
from ecg_facial.runtime.typing import BoolArray, Float64Array, Int64Array, StrArray


def compute_metrics(
    labels: Sequence[str] | StrArray,
    predicted: Sequence[str] | StrArray,
    *,
    class_names: Sequence[str],
    probabilities: Float64Array | None = None,
    ordered: bool = True,
) -> dict[str, Any]:
    """Judge predictions.

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
    dict
        ``n_trials``; ``accuracy``; ``balanced_accuracy``, the mean recall over classes that occur; ``macro_f1``, over
        classes that occur or are predicted; ``kappa_quadratic``, Cohen's kappa with quadratic weights; ``mae_level``,
        the mean distance of prediction and label in steps; ``mae_mean_level``, that of the probability-weighted mean
        level; ``auroc`` by class, each against all others, and ``auroc_macro`` over classes that have both sides;
        ``sensitivity`` and ``specificity``, for two classes, to the second one; ``confusion``, rows are labels,
        columns predictions. NaN without trials.

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
    return {
        "n_trials": len(true),
        **_shares(counts),
        "kappa_quadratic": _kappa(counts) if ordered else math.nan,
        "mae_level": float(np.abs(true - guess).mean()) if ordered and len(true) else math.nan,
        "mae_mean_level": _mean_level_error(probabilities, true) if ordered else math.nan,
        "auroc_macro": float(np.mean(known)) if known else math.nan,
        **_two_classes(counts),
        "auroc": auroc,
        "confusion": counts.tolist(),
    }


def _find_places(words: Sequence[str] | StrArray, names: Sequence[str]) -> Int64Array:
    places = {name: place for place, name in enumerate(names)}
    try:
        return np.array([places[word] for word in words], dtype=np.int64)
    except KeyError as error:
        listed = ", ".join(names)
        raise UnknownLabelError(f"class {str(error.args[0])!r} is not among {listed}; name all classes") from None


def _shares(counts: Int64Array) -> dict[str, float]:
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
    if probabilities is None or not len(true):
        return math.nan
    return float(np.abs(probabilities @ np.arange(probabilities.shape[1]) - true).mean())


def _areas(probabilities: Float64Array | None, true: Int64Array, names: Sequence[str]) -> dict[str, float]:
    if probabilities is None or not len(true):
        return dict.fromkeys(names, math.nan)
    ranks = rankdata(probabilities, axis=0)
    return {name: _area(ranks[:, place], true == place) for place, name in enumerate(names)}


def _area(ranks: Float64Array, positive: BoolArray) -> float:
    """Area under the ROC curve from ranks; ties count half. NaN with one side empty."""
    n, m = int(positive.sum()), int((~positive).sum())
    return float((ranks[positive].sum() - n * (n + 1) / 2) / (n * m)) if n and m else math.nan


def _two_classes(counts: Int64Array) -> dict[str, float]:
    """Recall of the second class, and of the first; NaN for another number of classes."""
    if len(counts) != 2:
        return {"sensitivity": math.nan, "specificity": math.nan}
    recall = [float(counts[place, place] / row) if (row := counts[place].sum()) else math.nan for place in (1, 0)]
    return {"sensitivity": recall[0], "specificity": recall[1]}
