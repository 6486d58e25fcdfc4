"""Risk-coverage: what a model gains by declining the trials that it is least sure of.

Input: confidence (or signal quality) and correctness of each trial. Output: accuracy against coverage, the share of
trials that are judged; and whose trials those are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ecg_facial.runtime.typing import BoolArray, Float64Array

SHARES = (0.5, 0.7, 0.8, 0.9, 1.0)


@dataclass(frozen=True, eq=False, kw_only=True)
class RiskCoverage:
    """The risk-coverage curve.

    Attributes
    ----------
    coverage, accuracy : ndarray, shape (n_steps,)
        Share of all trials that are judged, rising to that of the trials with a prediction, and their accuracy. Trials
        of equal confidence are judged together, so that their order in the file has no influence.
    aurc : float
        Area under the curve of error against the share of the trials with a prediction; lower is better.
    excess : float
        `aurc` less the least area that the same number of errors allows: 0 where all errors are the least sure trials.
    """

    coverage: Float64Array
    accuracy: Float64Array
    aurc: float
    excess: float

    def accuracy_at(self, share: float) -> float:
        """Accuracy when at least this share is judged; NaN where fewer trials have a prediction."""
        place = int(np.searchsorted(self.coverage, share - 1e-12))
        return float(self.accuracy[place]) if place < len(self.accuracy) else math.nan


def compute_risk_coverage(confidence: Float64Array, right: BoolArray, *, n_declined: int = 0) -> RiskCoverage | None:
    """Compute the risk-coverage curve; None without trials.

    Parameters
    ----------
    confidence : ndarray, shape (n,)
        Confidence of the model, or a signal quality: any scale on which more is surer. NaN is the least sure.
    right : ndarray of bool, shape (n,)
    n_declined : int
        Trials without a prediction: they are never judged, so that the coverage ends below 1.

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
    # each step of the curve holds a group of tied trials: weight it by their number
    aurc = float(((1 - accuracy) * np.diff(np.append(0, judged))).sum() / n)
    coverage = judged / (n + n_declined)
    return RiskCoverage(coverage=coverage, accuracy=accuracy, aurc=aurc, excess=aurc - _least_area(n, int(hits[-1])))


def _rank_unknown_last(confidence: Float64Array) -> Float64Array:
    """Rank NaN below everything, so that trials without a quality tie with each other."""
    return np.where(np.isnan(confidence), -np.inf, confidence)


def _least_area(n: int, n_right: int) -> float:
    """Area under the curve where all errors are the least sure, summed over trials, exact for any number of them."""
    judged = np.arange(n_right + 1, n + 1)
    return float(((judged - n_right) / judged).sum() / n)
