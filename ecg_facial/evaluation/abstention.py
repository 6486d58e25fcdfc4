"""What is gained by not judging the trials that a model is least sure of.

Enters: how sure, and whether right. Leaves: accuracy against the share of trials that are judged.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
SHARES = (0.5, 0.7, 0.8, 0.9, 1.0)


@dataclass(frozen=True, eq=False)
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
        What of it is above that of the same errors, all least sure.
    """

    coverage: Floats
    accuracy: Floats
    aurc: float
    excess: float

    def accuracy_at(self, share: float) -> float:
        """Accuracy when at least this share is judged."""
        place = int(np.searchsorted(self.coverage, share - 1e-12))
        return float(self.accuracy[min(place, len(self.accuracy) - 1)])


def compute_risk_coverage(confidence: Floats, right: NDArray[np.bool_]) -> RiskCoverage | None:
    """Compute the risk-coverage curve; None without trials.

    Parameters
    ----------
    confidence : ndarray, shape (n,)
        How sure a model is; any scale on which more is surer.
    right : ndarray of bool, shape (n,)

    References
    ----------
    .. [1] Geifman, Uziel & El-Yaniv, "Bias-reduced uncertainty estimation for deep neural classifiers", ICLR 2019.
    """
    n = len(right)
    if not n:
        return None
    order = np.argsort(-confidence, kind="stable")
    sure, hits = confidence[order], np.cumsum(right[order])
    last = np.append(np.flatnonzero(np.diff(sure)), n - 1)
    judged = last + 1
    accuracy = hits[last] / judged
    # a tied group's trials are as wrong as the group: weight each step by its trials
    aurc = float(((1 - accuracy) * np.diff(np.append(0, judged))).sum() / n)
    error = 1 - float(np.mean(right))
    best = error + (1 - error) * float(np.log1p(-error)) if error < 1 else 1.0
    return RiskCoverage(judged / n, accuracy, aurc, aurc - best)
