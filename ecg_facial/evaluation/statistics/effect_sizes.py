"""Effect sizes of paired comparisons over subjects.

Input: two figures per subject. Output: how large the difference is, in units that do not depend on the number of
subjects.
"""

from __future__ import annotations

import math

import numpy as np
import scipy
from scipy.special import gammaln

from ecg_facial.evaluation.statistics.subject_values import Values, has_spread, subtract_pairs


def compute_dz(first: Values, second: Values) -> float:
    """Compute Cohen's dz: mean difference over the standard deviation of the differences.

    0 where all differences are 0, infinite where they are all the same but not 0, NaN for fewer than two subjects.

    References
    ----------
    Lakens, Calculating and reporting effect sizes, Frontiers in Psychology 4:863, 2013.
    """
    differences = subtract_pairs(first, second)
    if len(differences) < 2:
        return math.nan
    mean = float(differences.mean())
    if not has_spread(differences):
        return math.copysign(math.inf, mean) if abs(mean) > 1e-12 else 0.0
    return mean / float(differences.std(ddof=1))


def compute_gz(first: Values, second: Values) -> float:
    """Compute Hedges' gz: Cohen's dz without its bias in small samples, by the exact factor.

    References
    ----------
    Hedges, Distribution theory for Glass's estimator of effect size, Journal of Educational Statistics 6, 1981.
    """
    dz = compute_dz(first, second)
    df = len(subtract_pairs(first, second)) - 1
    if not math.isfinite(dz):
        return dz
    # below df 2 the factor is not defined (Gamma of 0)
    return dz * math.exp(gammaln(df / 2) - gammaln((df - 1) / 2)) / math.sqrt(df / 2) if df > 1 else math.nan


def compute_rank_biserial(first: Values, second: Values) -> float:
    """Compute the matched-pairs rank-biserial correlation: share of favourable ranks less that of unfavourable ones.

    1 where the first is better on every subject, -1 where the second is; differences of 0 are left out, and 0 is
    given where all are. NaN without subjects.

    References
    ----------
    Kerby, The simple difference formula, Comprehensive Psychology 3, 2014.

    Examples
    --------
    >>> compute_rank_biserial([0.7, 0.6, 0.5], [0.5, 0.5, 0.8])
    0.0
    """
    differences = subtract_pairs(first, second)
    if not len(differences):
        return math.nan
    differences = differences[differences != 0]
    if not len(differences):
        return 0.0
    ranks = scipy.stats.rankdata(np.abs(differences))
    return float((ranks * np.sign(differences)).sum() / ranks.sum())
