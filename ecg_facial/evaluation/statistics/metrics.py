"""How well predicted classes agree with the labels.

Input: labels, predicted classes and probabilities. Output: `TrialMetrics`. Everything but the area under the ROC curve
comes from the confusion matrix; what is not defined is NaN, never a guess.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ecg_facial.errors import UnknownLabelError
from ecg_facial.runtime.records import Record
from ecg_facial.runtime.typing import Float64Array, Int64Array, StrArray


@dataclass(frozen=True, kw_only=True)
class TrialMetrics(Record):
    """Figures of merit over trials; None (NaN before rounding) where one is not defined.

    Attributes
    ----------
    n_trials : int
        Trials with an answer, each counted once. All figures are of these.
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
    mae_points : float or None, points
        Mean distance of prediction and label in points of the scale; None for classes that are not all numbers.
    mae_mean_points : float or None, points
        Mean distance of the probability-weighted mean rating and the label.
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
    mae_points: float | None
    mae_mean_points: float | None
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
    figures = compute_group_metrics(
        true, guess, np.zeros(len(true), np.int64), n_groups=1, n_classes=len(names), probabilities=probabilities,
        ordered=ordered, points=find_points(names),
    )  # fmt: skip
    return figures.to_metrics(0, names)


@dataclass(frozen=True, eq=False, kw_only=True)
class GroupMetrics:
    """Figures of merit of groups of trials, such as those of each subject.

    Attributes
    ----------
    figures : mapping of str to ndarray, shape (n_groups,)
        Those of `TrialMetrics` that are one number; NaN where one is not defined.
    auroc : ndarray, shape (n_groups, n_classes)
    confusion : ndarray of int, shape (n_groups, n_classes, n_classes)
    """

    figures: Mapping[str, Float64Array]
    auroc: Float64Array
    confusion: Int64Array

    def to_metrics(self, place: int, class_names: Sequence[str]) -> TrialMetrics:
        """Give the figures of one group."""
        confusion = self.confusion[place].tolist()
        return TrialMetrics(
            n_trials=int(self.confusion[place].sum()),
            **{name: float(values[place]) for name, values in self.figures.items()},
            auroc=dict(zip(class_names, self.auroc[place].tolist(), strict=True)),
            confusion=tuple(tuple(row) for row in confusion),
        )


def compute_group_metrics(
    true: Int64Array,
    guess: Int64Array,
    group: Int64Array,
    *,
    n_groups: int,
    n_classes: int,
    probabilities: Float64Array | None = None,
    ordered: bool = True,
    points: Float64Array | None = None,
) -> GroupMetrics:
    """Compute all figures of merit of each group of trials at once.

    Parameters
    ----------
    true, guess : ndarray of int, shape (n_trials,)
        Classes by number.
    group : ndarray of int, shape (n_trials,)
        Group of each trial, 0 to ``n_groups - 1``.
    n_groups, n_classes : int
    probabilities : ndarray, shape (n_trials, n_classes), optional
    ordered : bool
        Whether classes are steps of one scale.
    points : ndarray, shape (n_classes,), optional
        Rating that each class stands for.

    Returns
    -------
    GroupMetrics
    """
    places = (group * n_classes + true) * n_classes + guess
    shape = (n_groups, n_classes, n_classes)
    counts = np.bincount(places, minlength=math.prod(shape)).reshape(shape)
    auroc, unknown = np.full((n_groups, n_classes), np.nan), np.full(n_groups, np.nan)
    steps = np.arange(n_classes, dtype=np.float64)
    if probabilities is not None:
        auroc = _areas(probabilities, true, group, n_groups)

    def measure(scale: Float64Array | None, name: str) -> dict[str, Float64Array]:
        """Distances on a scale, of the decision and of the mean of the probabilities."""
        if scale is None or not ordered:
            return {f"mae_{name}": unknown, f"mae_mean_{name}": unknown}
        of_mean = unknown
        if probabilities is not None:
            distance = np.abs(probabilities @ scale - scale[true])
            of_mean = _divide(np.bincount(group, distance, n_groups), counts.sum(axis=(1, 2)))
        return {f"mae_{name}": _mean_distance(counts, scale), f"mae_mean_{name}": of_mean}

    figures = {
        **_shares(counts),
        "kappa_quadratic": _kappa(counts) if ordered else unknown,
        **measure(steps, "level"),
        **measure(points, "points"),
        "auroc_macro": _mean_of_known(auroc),
        **_two_classes(counts),
    }
    return GroupMetrics(figures=figures, auroc=auroc, confusion=counts)


def _find_places(words: Sequence[str] | StrArray, names: Sequence[str]) -> Int64Array:
    """Index of each class name."""
    places = {name: place for place, name in enumerate(names)}
    try:
        return np.array([places[word] for word in words], dtype=np.int64)
    except KeyError as error:
        listed = ", ".join(names)
        raise UnknownLabelError(f"class {str(error.args[0])!r} is not among {listed}; name all classes") from None


def _divide(above: Float64Array | Int64Array, below: Float64Array | Int64Array) -> Float64Array:
    """Quotients; NaN where the divisor is 0."""
    quotient = np.full(np.broadcast(above, below).shape, np.nan)
    np.divide(above, below, out=quotient, where=np.asarray(below) != 0)
    return quotient


def _mean_of_known(values: Float64Array) -> Float64Array:
    """Mean along the last axis of what is not NaN; NaN where nothing is known."""
    known = np.isfinite(values)
    return _divide(np.where(known, values, 0.0).sum(axis=-1), known.sum(axis=-1))


def _shares(counts: Int64Array) -> dict[str, Float64Array]:
    """Accuracy, balanced accuracy and macro-F1 of confusion matrices, (n_groups, n_classes, n_classes)."""
    right, true, guessed = np.diagonal(counts, axis1=1, axis2=2), counts.sum(axis=2), counts.sum(axis=1)
    return {
        "accuracy": _divide(right.sum(axis=1), counts.sum(axis=(1, 2))),
        "balanced_accuracy": _mean_of_known(_divide(right, true)),
        "macro_f1": _mean_of_known(_divide(2 * right, true + guessed)),
    }


def _kappa(counts: Int64Array) -> Float64Array:
    """One minus the weighted disagreement over that of chance; NaN where chance cannot disagree."""
    steps = np.arange(counts.shape[1])
    weights = (steps[:, None] - steps) ** 2
    expected = counts.sum(axis=2)[:, :, None] * counts.sum(axis=1)[:, None, :]
    chance = _divide((weights * expected).sum(axis=(1, 2)), counts.sum(axis=(1, 2)))
    return 1 - _divide((weights * counts).sum(axis=(1, 2)), chance)


def find_points(class_names: Sequence[str]) -> Float64Array | None:
    """Rating that each class stands for; None where a class is no number, such as a range of ratings.

    Examples
    --------
    >>> find_points(["0", "2.5", "10"]), find_points(["0", "1-3"])
    (array([ 0. ,  2.5, 10. ]), None)
    """
    try:
        points = np.array([float(name) for name in class_names])
    except ValueError:
        return None
    return points if np.isfinite(points).all() else None


def _mean_distance(counts: Int64Array, scale: Float64Array) -> Float64Array:
    """Mean distance of label and answer on a scale of the classes."""
    return _divide((np.abs(scale[:, None] - scale) * counts).sum(axis=(1, 2)), counts.sum(axis=(1, 2)))


def _areas(probabilities: Float64Array, true: Int64Array, group: Int64Array, n_groups: int) -> Float64Array:
    """Area under the ROC curve of each class against all others, by group, from ranks (Mann-Whitney U).

    Ties count half; NaN with one side empty.
    """
    areas = np.full((n_groups, probabilities.shape[1]), np.nan)
    n = np.bincount(group, minlength=n_groups)
    for place in range(probabilities.shape[1]):
        positive = true == place
        n_positive = np.bincount(group[positive], minlength=n_groups)
        ranks = _rank_within(probabilities[:, place], group, n)
        sums = np.bincount(group[positive], ranks[positive], n_groups)
        areas[:, place] = _divide(sums - n_positive * (n_positive + 1) / 2, n_positive * (n - n_positive))
    return areas


def _rank_within(values: Float64Array, group: Int64Array, n: Int64Array) -> Float64Array:
    """Rank of each value within its group, from 1; equal values share their mean rank."""
    if not len(values):
        return np.zeros(0)
    order = np.lexsort((values, group))
    of, sorted_values = group[order], values[order]
    first = np.flatnonzero(np.r_[True, (of[1:] != of[:-1]) | (sorted_values[1:] != sorted_values[:-1])])
    length = np.diff(np.r_[first, len(order)])
    begin = (np.cumsum(n) - n)[of[first]]
    ranks = np.empty(len(order))
    ranks[order] = np.repeat(first - begin + (length + 1) / 2, length)
    return ranks


def _two_classes(counts: Int64Array) -> dict[str, Float64Array]:
    """Recall of the second class, and of the first; NaN for another number of classes."""
    if counts.shape[1] != 2:
        unknown = np.full(len(counts), np.nan)
        return {"sensitivity": unknown, "specificity": unknown}
    return {
        name: _divide(counts[:, place, place], counts[:, place].sum(axis=1))
        for name, place in (("sensitivity", 1), ("specificity", 0))
    }
