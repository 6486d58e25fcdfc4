"""Statistics over subjects, the unit that is independent.

Enters: one figure a subject. Leaves: mean, t interval, tests. Folds of a leave-one-subject-out run share training
data, so an interval is for this set of trained models.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

CONFIDENCE = 0.95
Values = Sequence[float] | NDArray[np.float64]


@dataclass(frozen=True)
class SubjectMean:
    """Mean over subjects with a two-sided t interval; NaN limits for one subject."""

    mean: float
    low: float
    high: float
    std: float
    n_subjects: int


def mean_over_subjects(values: Values, *, confidence: float = CONFIDENCE) -> SubjectMean:
    """Compute mean, t interval and standard deviation over subjects; NaN values are left out."""
    data = _finite(values)
    if len(data) < 2:
        mean = float(data[0]) if len(data) else float("nan")
        return SubjectMean(mean, float("nan"), float("nan"), float("nan"), len(data))
    mean, std = float(data.mean()), float(data.std(ddof=1))
    reach = float(stats.t.ppf(0.5 + confidence / 2, len(data) - 1)) * std / float(np.sqrt(len(data)))
    return SubjectMean(mean, mean - reach, mean + reach, std, len(data))


def p_above_chance(values: Values, chance: float) -> float:
    """Test the mean over subjects against chance, one-sided (t test).

    Without spread between subjects the exact limit is given: 0 above chance, 1 below, 0.5 at it. NaN for fewer than two
    subjects.
    """
    return _p_value(_finite(values) - chance, two_sided=False)


def p_paired(first: Values, second: Values) -> float:
    """Test two models over the same subjects, two-sided (paired t test).

    1 where all differences are 0, NaN for fewer than two subjects.
    """
    return _p_value(_finite(np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64)), two_sided=True)


def _finite(values: Values) -> NDArray[np.float64]:
    data = np.asarray(values, dtype=np.float64)
    return data[np.isfinite(data)]


def _p_value(differences: NDArray[np.float64], *, two_sided: bool) -> float:
    n = len(differences)
    if n < 2:
        return float("nan")
    mean, std = float(differences.mean()), float(differences.std(ddof=1))
    # all equal but for rounding
    if std <= 1e-12 * max(1.0, abs(mean)):
        if abs(mean) <= 1e-12:
            return 1.0 if two_sided else 0.5
        return 0.0 if two_sided or mean > 0 else 1.0
    t = mean / (std / np.sqrt(n))
    return float(2 * stats.t.sf(abs(t), n - 1) if two_sided else stats.t.sf(t, n - 1))
