"""Conformal prediction: sets of classes that hold the label with a promised frequency, for trials within subjects.

Input: probabilities and labels of calibration subjects, probabilities of others. Output: sets.

Split conformal prediction scores each calibration trial by 1 less the probability of its label [2]_, takes the score of
rank (1 - alpha)(n + 1) as threshold, and puts every class into the set whose score is not above it. The set of a new
trial then misses its label with a probability of at most alpha, whatever the model, if all trials are exchangeable.

Trials of one person are not exchangeable with those of another, subjects are. So one random trial of each calibration
subject is drawn, which makes n exchangeable scores and a valid threshold ([1]_, "subsampling once"). One draw depends
on chance, so 400 are made and the median of their thresholds is taken. Here we depart from the paper, whose repeated
subsampling combines p-values. The mean of the thresholds would not do: it falls below scores that many trials share, so
that a model which says the same of everybody misses the label. That the median covers as often as one draw is measured
(`benchmarks/conformal.py`, with distinct and with tied scores), not proven. Below 40 calibration subjects no coverage
is promised.

References
----------
.. [1] Dunn, Wasserman & Ramdas, "Distribution-free prediction sets for two-layer hierarchical models", JASA 118, 2023.
.. [2] Sadinle, Lei & Wasserman, "Least ambiguous set-valued classifiers with bounded error levels", JASA 114, 2019.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ecg_facial.errors import SettingsError
from ecg_facial.runtime.typing import BoolArray, Float64Array, Int64Array

ALPHA = 0.1
PROMISED_FROM = 40
"""Calibration subjects from which coverage is promised."""
_N_DRAWS, _SEED = 400, 0
# of many people one draw tells nearly what all do: 16 MB of scores, and 21 draws at least
_LEAST_DRAWS, _MOST_SCORES = 21, 2_000_000


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """Largest score of a class that still belongs to a set.

    Attributes
    ----------
    score : float
        Threshold of ``1 - probability``; infinite where too few subjects calibrate: every set then holds every class.
    alpha : float
        Share of labels that may be missed.
    n_subjects : int
        Number of calibration subjects.
    """

    score: float
    alpha: float
    n_subjects: int

    @property
    def promised(self) -> bool:
        """Whether there are enough subjects for the coverage to be promised."""
        return self.n_subjects >= PROMISED_FROM


@dataclass(frozen=True, eq=False, kw_only=True)
class SetCoverage:
    """How often sets held the label.

    Attributes
    ----------
    target : float
        1 - alpha.
    coverage : float
        Mean over subjects.
    mean_size : float
        Classes in a set.
    empty : float
        Share of empty sets.
    by_subject : dict of str to float
        Coverage of each subject.
    n_calibration_subjects : int
    promised : bool
    """

    target: float
    coverage: float
    mean_size: float
    empty: float
    by_subject: dict[str, float]
    n_calibration_subjects: int
    promised: bool

    @property
    def spread(self) -> float:
        """Standard deviation of the coverage over subjects; NaN for one."""
        values = list(self.by_subject.values())
        return float(np.std(values, ddof=1)) if len(values) > 1 else math.nan


def calibrate_sets(
    probabilities: Float64Array, labels: Int64Array, subjects: Sequence[str], *, alpha: float = ALPHA
) -> Threshold:
    """Find the threshold of sets that miss the label of a new subject's trial in a share of `alpha` at most.

    Parameters
    ----------
    probabilities : ndarray, shape (n, n_classes)
        Of trials of calibration subjects, whom the model was not fitted on.
    labels : ndarray of int, shape (n,)
    subjects : sequence of str, length n
    alpha : float

    Raises
    ------
    SettingsError
        For an alpha outside 0..1.
    """
    _check_alpha(alpha)
    people, drawn = _draw_scores(probabilities, labels, subjects)
    return Threshold(score=_find_threshold(drawn, alpha), alpha=alpha, n_subjects=len(people))


def predict_sets(probabilities: Float64Array, threshold: Threshold) -> BoolArray:
    """Make the sets of new trials: which classes belong to them, shape (n, n_classes)."""
    return np.asarray(1.0 - probabilities <= threshold.score)


def cross_conformal(
    probabilities: Float64Array, labels: Int64Array, subjects: Sequence[str], *, alpha: float = ALPHA
) -> SetCoverage | None:
    """Measure the coverage of sets where each subject's are calibrated on all other subjects.

    None for fewer than two subjects. With leave-one-subject-out predictions the models of the other subjects were
    trained on this one, so that the promise holds for the procedure only as measured.

    Raises
    ------
    SettingsError
        For an alpha outside 0..1.
    """
    _check_alpha(alpha)
    people, drawn = _draw_scores(probabilities, labels, subjects)
    if len(people) < 2:
        return None
    member = np.unique(np.asarray(subjects, dtype=str), return_inverse=True)[1]
    limits = _find_thresholds_without(drawn, alpha)
    sets = 1.0 - probabilities <= limits[member][:, None]
    hits = sets[np.arange(len(sets)), labels]
    held = np.bincount(member, hits, len(people)) / np.bincount(member, minlength=len(people))
    n_others = len(people) - 1
    return SetCoverage(
        target=1 - alpha,
        coverage=float(held.mean()),
        mean_size=float(sets.sum(axis=1).mean()),
        empty=float((~sets.any(axis=1)).mean()),
        by_subject=dict(zip(people, held.tolist(), strict=True)),
        n_calibration_subjects=n_others,
        promised=n_others >= PROMISED_FROM,
    )


def _draw_scores(
    probabilities: Float64Array, labels: Int64Array, subjects: Sequence[str]
) -> tuple[list[str], Float64Array]:
    """Subjects, and the score of one random trial of each in every draw, shape (n_draws, n_subjects)."""
    people, member = np.unique(np.asarray(subjects, dtype=str), return_inverse=True)
    counts = np.bincount(member, minlength=len(people))
    scores = (1.0 - probabilities[np.arange(len(labels)), labels])[np.argsort(member, kind="stable")]
    n_draws = min(_N_DRAWS, max(_LEAST_DRAWS, _MOST_SCORES // len(people)))
    places = np.random.default_rng(_SEED).random((n_draws, len(people))) * counts
    first = np.cumsum(counts) - counts
    return [str(name) for name in people], np.asarray(scores[first + places.astype(np.int64)], dtype=np.float64)


def _rank_of_threshold(n_subjects: int, alpha: float) -> int:
    """Rank of the threshold among the scores; above their number for too few subjects."""
    return math.ceil((1 - alpha) * (n_subjects + 1) - 1e-9)


def _find_thresholds_without(drawn: Float64Array, alpha: float) -> Float64Array:
    """Threshold of all subjects but one, for each who is left out, shape (n_subjects,): as `_find_threshold` of them.

    The scores of the others are the sorted scores with one place left out, so that the threshold is the score at its
    rank, or the next one where the place left out lies below.
    """
    n = drawn.shape[1]
    rank = _rank_of_threshold(n - 1, alpha)
    if rank > n - 1:
        return np.full(n, math.inf)
    ordered = np.partition(drawn, [rank - 1, rank], axis=1)[:, [rank - 1, rank]]
    # who scores no more than the threshold's rank lets the next one move up; of equal scores all are one
    limits = np.where(drawn <= ordered[:, :1], ordered[:, 1:], ordered[:, :1])
    return np.asarray(np.partition(limits, len(limits) // 2, axis=0)[len(limits) // 2], dtype=np.float64)


def _find_threshold(drawn: Float64Array, alpha: float) -> float:
    """Median over draws (the upper one) of each draw's threshold; infinite for too few subjects."""
    n = drawn.shape[1]
    rank = _rank_of_threshold(n, alpha)
    if rank > n:
        return math.inf
    # one of the draws itself, no mean of two: rounding could put that below scores that equal it
    limits = np.partition(drawn, rank - 1, axis=1)[:, rank - 1]
    return float(np.partition(limits, len(limits) // 2)[len(limits) // 2])


def _check_alpha(alpha: float) -> None:
    if not 0 < alpha < 1:
        raise SettingsError(f"alpha {alpha}: expected between 0 and 1, such as 0.1 for sets of 90 %")
