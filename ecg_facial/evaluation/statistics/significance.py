"""Significance tests over subjects, the independent unit.

Input: one figure per subject, or two for paired tests. Output: p values. No test here treats trials as independent: the
trials of one person are alike, and a test over trials would find significance in noise.

The t tests ask about the mean and assume roughly normal differences. The sign-flip tests are permutation tests: if two
models are equally good, the sign of each subject's difference is a coin toss, so the observed sum is compared with the
sums under all (up to 20 subjects) or 19,999 random assignments of signs. Drawn p values are (b + 1) / (m + 1), which
keeps the level exact and is never 0. Wilcoxon's test does the same with ranks of the differences.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy

from ecg_facial.errors import SettingsError
from ecg_facial.evaluation.statistics.confidence_intervals import mean_over_subjects
from ecg_facial.evaluation.statistics.subject_values import (
    Values,
    has_spread,
    keep_finite,
    round_off,
    subtract_pairs,
)
from ecg_facial.runtime.typing import Float64Array, Int64Array

# up to here all 2**n sums of signs are computed; 2**20 take 20 ms
_EXACT_TO = 20
_N_DRAWS = 19_999


def p_above_chance(values: Values, chance: float) -> float:
    """Test the mean over subjects against chance, one-sided (t test).

    Without spread between subjects the exact limit is given: 0 above chance, 1 below, 0.5 at it. NaN for fewer than two
    subjects.
    """
    return _p_of_t(_differences(values, chance), two_sided=False)


def p_sign_flip_above_chance(values: Values, chance: float) -> float:
    """Test the mean over subjects against chance, one-sided, by flipping the signs of the differences from chance.

    Assumes of accuracies at chance that they lie evenly on both sides of it, nothing more. Exact up to 20 subjects;
    more than 20 by 19,999 draws of a fixed seed, as (b + 1) / (m + 1), which is never 0. NaN without subjects.
    """
    return _p_of_flips(_differences(values, chance), two_sided=False)


def p_paired(first: Values, second: Values) -> float:
    """Test two models over the same subjects, two-sided (paired t test).

    1 where all differences are 0, NaN for fewer than two subjects.
    """
    return _p_of_t(subtract_pairs(first, second), two_sided=True)


def p_sign_flip(first: Values, second: Values) -> float:
    """Test two models over the same subjects, two-sided, by flipping the signs of the differences.

    Exact or drawn as in `p_sign_flip_above_chance`; 1 where all differences are 0, NaN without subjects.
    """
    return _p_of_flips(subtract_pairs(first, second), two_sided=True)


def p_wilcoxon(first: Values, second: Values) -> float:
    """Test two models over the same subjects, two-sided (Wilcoxon's signed rank test), exact at any size.

    Differences of 0 are left out, as Wilcoxon did and as is scipy's default; tied differences share their mean rank,
    and the null distribution is that of these ranks. It asks whether differences lie evenly about 0, not whether means
    are equal: where a few subjects differ much one way and most a little the other way, it alarms though the means are
    the same (`benchmarks/interval_coverage.py`, "skewed"). 1 where all differences are 0, NaN without subjects.

    References
    ----------
    Wilcoxon, Individual comparisons by ranking methods, Biometrics Bulletin 1, 1945.
    """
    differences = subtract_pairs(first, second)
    if not len(differences):
        return math.nan
    differences = differences[differences != 0]
    # doubled, so that mean ranks are whole numbers
    ranks = np.round(2 * scipy.stats.rankdata(np.abs(differences))).astype(np.int64)
    null = _distribution_of_sums(ranks)
    plus = int(ranks[differences > 0].sum())
    smaller = min(plus, int(ranks.sum()) - plus)
    return min(1.0, 2 * float(null[: smaller + 1].sum()))


def _distribution_of_sums(ranks: Int64Array) -> Float64Array:
    """Null distribution of Wilcoxon's statistic: each rank is in the sum or not, with equal probability."""
    chance = np.zeros(int(ranks.sum()) + 1)
    chance[0] = 1.0
    for rank in ranks:
        shifted = np.zeros_like(chance)
        shifted[rank:] = chance[:-rank]
        chance = (chance + shifted) / 2
    return chance


def correct_holm(p_values: Values) -> Float64Array:
    """Adjust p values for their number so that one false alarm or more among them is rare (Holm).

    NaN stays NaN and does not count.

    References
    ----------
    Holm, A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6, 1979.

    Examples
    --------
    >>> correct_holm([0.01, 0.04, 0.03]).round(2).tolist()
    [0.03, 0.06, 0.06]
    """
    adjusted = np.array(p_values, dtype=np.float64)
    known = np.flatnonzero(np.isfinite(adjusted))
    order = known[np.argsort(adjusted[known], kind="stable")]
    factors = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(adjusted[order] * factors), 1.0)
    return adjusted


@dataclass(frozen=True, kw_only=True)
class Equivalence:
    """Two one-sided tests: p, and the interval of the difference that lies inside the margin where p is below alpha."""

    p: float
    low: float
    high: float
    margin: float
    equivalent: bool


def assess_equivalence(first: Values, second: Values, *, margin: float, alpha: float = 0.05) -> Equivalence:
    """Ask whether two models differ over the same subjects by less than a margin (paired TOST).

    Parameters
    ----------
    first, second : sequence of float, (n_subjects,)
    margin : float
        Largest difference of no importance, in units of the values; to be chosen before looking.
    alpha : float
        Level of each test; the interval's confidence is ``1 - 2 * alpha``.

    Raises
    ------
    SettingsError
        A margin that is not above 0, or an alpha outside 0..0.5.

    References
    ----------
    Schuirmann, Journal of Pharmacokinetics and Biopharmaceutics 15, 1987.
    """
    if not margin > 0 or not 0 < alpha < 0.5:
        raise SettingsError(f"margin {margin} and alpha {alpha}: give a margin above 0 and an alpha between 0 and 0.5")
    differences = subtract_pairs(first, second)
    mean = mean_over_subjects(differences, confidence=1 - 2 * alpha, method="t")
    p = max(_p_of_t(differences + margin, two_sided=False), _p_of_t(margin - differences, two_sided=False))
    return Equivalence(p=p, low=mean.low, high=mean.high, margin=margin, equivalent=p < alpha)


def _differences(values: Values, chance: float) -> Float64Array:
    """Differences from chance of the subjects with a figure, with equal ones exactly equal."""
    return round_off(keep_finite(values) - chance)


def _p_of_t(differences: Float64Array, *, two_sided: bool) -> float:
    """One-sample t test of the differences against 0; the exact limit where they have no spread."""
    n = len(differences)
    if n < 2:
        return math.nan
    mean = float(differences.mean())
    if not has_spread(differences):
        return _p_without_spread(mean, two_sided=two_sided)
    t = mean / (float(differences.std(ddof=1)) / math.sqrt(n))
    return float(2 * scipy.stats.t.sf(abs(t), n - 1) if two_sided else scipy.stats.t.sf(t, n - 1))


def _p_without_spread(mean: float, *, two_sided: bool) -> float:
    if abs(mean) <= 1e-12:
        return 1.0 if two_sided else 0.5
    return 0.0 if two_sided or mean > 0 else 1.0


def _p_of_flips(differences: Float64Array, *, two_sided: bool) -> float:
    """Sign-flip permutation test of the sum of the differences, exact or drawn."""
    n = len(differences)
    if not n:
        return math.nan
    exact = n <= _EXACT_TO
    sums = _all_flipped_sums(differences) if exact else _draw_signs(n) @ differences
    observed = float(differences.sum())
    if two_sided:
        sums, observed = np.abs(sums), abs(observed)
    # equal sums that were added in another order differ by rounding
    as_extreme = int(np.count_nonzero(sums >= observed - 1e-9 * float(np.abs(differences).sum())))
    return as_extreme / len(sums) if exact else (as_extreme + 1) / (len(sums) + 1)


def _all_flipped_sums(differences: Float64Array) -> Float64Array:
    """Compute the sums under all 2**n assignments of signs."""
    sums = np.zeros(1)
    for difference in differences:
        sums = np.concatenate([sums + difference, sums - difference])
    return sums


@lru_cache(maxsize=4)
def _draw_signs(n: int) -> Float64Array:
    """Random signs, (draws, n), the same in every run."""
    return np.random.default_rng(0).choice(np.array([-1.0, 1.0]), size=(_N_DRAWS, n))
