"""What is gained by not judging the trials that a model is least sure of.

Enters: how sure (or how good a signal), and whether right. Leaves: accuracy against the share of trials that are
judged, and who is judged at such a share.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ecg_facial.errors import SettingsError
from ecg_facial.runtime.typing import BoolArray, Float64Array

SHARES = (0.5, 0.7, 0.8, 0.9, 1.0)


@dataclass(frozen=True, eq=False, kw_only=True)
class RiskCoverage:
    """Accuracy of the surest trials.

    Attributes
    ----------
    coverage, accuracy : ndarray, shape (n_steps,)
        Share of trials that are judged, rising to 1, and their accuracy. Trials that are equally sure are judged
        together, so that their order says nothing.
    aurc : float
        Area under the curve of error against coverage; lower is better.
    excess : float
        What of it is above that of the same errors, all least sure; 0 in that order, for any number of trials.
    """

    coverage: Float64Array
    accuracy: Float64Array
    aurc: float
    excess: float

    def accuracy_at(self, share: float) -> float:
        """Accuracy when at least this share is judged."""
        place = int(np.searchsorted(self.coverage, share - 1e-12))
        return float(self.accuracy[min(place, len(self.accuracy) - 1)])


@dataclass(frozen=True, eq=False, kw_only=True)
class SubjectAbstention:
    """Whose trials are judged at one share of all trials, and how well.

    Attributes
    ----------
    share : float
        Of all trials that is judged; more than was asked for where trials are equally sure.
    judged : dict of str to float
        Share of each subject's trials.
    accuracy : dict of str to float
        Among a subject's judged trials; NaN where none is.
    """

    share: float
    judged: dict[str, float]
    accuracy: dict[str, float]

    @property
    def judged_spread(self) -> float:
        """Standard deviation over subjects of the judged share; NaN for one subject."""
        return _spread(self.judged.values())

    @property
    def accuracy_spread(self) -> float:
        """Standard deviation over subjects of the accuracy, of those who are judged at all; NaN for one."""
        return _spread(value for value in self.accuracy.values() if not math.isnan(value))


def compute_risk_coverage(confidence: Float64Array, right: BoolArray) -> RiskCoverage | None:
    """Compute the risk-coverage curve; None without trials.

    Parameters
    ----------
    confidence : ndarray, shape (n,)
        How sure a model is, or a column of quality; any scale on which more is surer. NaN is the least sure.
    right : ndarray of bool, shape (n,)

    References
    ----------
    .. [1] Geifman, Uziel & El-Yaniv, "Bias-reduced uncertainty estimation for deep neural classifiers", ICLR 2019.
    """
    n = len(right)
    if not n:
        return None
    known = _rank_unknown_last(confidence)
    order = np.argsort(-known, kind="stable")
    sure, hits = known[order], np.cumsum(right[order])
    last = np.append(np.flatnonzero(sure[1:] != sure[:-1]), n - 1)
    judged = last + 1
    accuracy = hits[last] / judged
    # a tied group's trials are as wrong as the group: weight each step by its trials
    aurc = float(((1 - accuracy) * np.diff(np.append(0, judged))).sum() / n)
    return RiskCoverage(coverage=judged / n, accuracy=accuracy, aurc=aurc, excess=aurc - _least_area(n, int(hits[-1])))


def abstain_by_subject(
    confidence: Float64Array, right: BoolArray, subjects: Sequence[str], *, share: float
) -> SubjectAbstention | None:
    """Judge the surest share of all trials, one limit for everybody, and see whose they are; None without trials.

    A gain in accuracy may come from leaving out the people who are hard to read: then the judged share differs.

    Parameters
    ----------
    confidence, right : ndarray, shape (n,)
        As `compute_risk_coverage` takes them.
    subjects : sequence of str, length n
    share : float
        At least this share is judged.

    Raises
    ------
    SettingsError
        For a share outside 0..1.
    """
    if not 0 < share <= 1:
        raise SettingsError(f"share {share}: expected above 0 and at most 1, such as 0.8")
    n = len(right)
    if not n:
        return None
    known = _rank_unknown_last(confidence)
    kept = known >= np.sort(known)[::-1][math.ceil(share * n - 1e-9) - 1]
    people, member = np.unique(np.asarray(subjects, dtype=str), return_inverse=True)
    total, judged, hits = (np.bincount(member, weight, len(people)) for weight in (None, kept, kept & right))
    accuracy = np.divide(hits, judged, out=np.full(len(people), math.nan), where=judged > 0)
    names = [str(name) for name in people]
    return SubjectAbstention(
        share=float(kept.mean()),
        judged=dict(zip(names, (judged / total).tolist(), strict=True)),
        accuracy=dict(zip(names, accuracy.tolist(), strict=True)),
    )


def _rank_unknown_last(confidence: Float64Array) -> Float64Array:
    """NaN as the least of all, so that trials without a quality tie with each other."""
    return np.where(np.isnan(confidence), -np.inf, confidence)


def _least_area(n: int, n_right: int) -> float:
    """Area under the curve where all errors are the least sure: steps, not their limit for many trials."""
    judged = np.arange(n_right + 1, n + 1)
    return float(((judged - n_right) / judged).sum() / n)


def _spread(values: Iterable[float]) -> float:
    data = list(values)
    return float(np.std(data, ddof=1)) if len(data) > 1 else math.nan
