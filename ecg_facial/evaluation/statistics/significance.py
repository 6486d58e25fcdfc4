"""Significance tests over subjects, the independent unit.

Input: one figure per subject, or two for paired tests. Output: p values. No test here treats trials as independent: the
trials of one person are alike, and a test over trials would find significance in noise.

The sign-flip tests are the primary ones: those that the package states as its result. They are permutation tests: if
two models are equally good, the sign of each subject's difference is a coin toss, so the observed sum is compared with
the sums under all (up to 30 subjects) or 19,999 random assignments of signs. Drawn p values are (b + 1) / (m + 1),
which keeps the level exact. The t tests ask about the mean and assume roughly normal differences; without any spread
between subjects there is no t test. Wilcoxon's test flips signs of the ranks of the differences.

No p value is 0: where the arithmetic of floats ends, the smallest normal number stands in its place.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy
from scipy.special import ndtr

from ecg_facial.errors import SettingsError
from ecg_facial.evaluation.statistics.confidence_intervals import mean_over_subjects
from ecg_facial.evaluation.statistics.subject_values import (
    Values,
    has_spread,
    keep_finite,
    round_off,
    subtract_pairs,
)
from ecg_facial.runtime.typing import BoolArray, Float64Array, Int64Array

# up to here all 2**n assignments of signs are counted: halves of 2**15 sums meet in the middle, in 3 ms
_EXACT_TO = 30
_N_DRAWS = 19_999
# signs are drawn as bits of bytes, and the sums of eight differences looked up: 20 kB for any number of subjects
_BITS = 8
# above, the normal approximation of Wilcoxon's statistic replaces its distribution, which takes n^3 / 2 steps
_WILCOXON_EXACT_TO = 300
_SMALLEST = sys.float_info.min
_EXCESS = ("value", "expected", "spread")
# of equal answers, but for rounding
_NO_SPREAD = 1e-9


def p_of_t_above_chance(values: Values, chance: float) -> float:
    """Test the mean over subjects against chance, one-sided (t test).

    NaN for fewer than two subjects, and without spread between them.
    """
    return _p_of_t(_differences(values, chance), two_sided=False)


def p_above_chance(values: Values, chance: float) -> float:
    """Test the mean over subjects against chance, one-sided, by flipping the signs of the differences from chance.

    Assumes of figures at chance that they lie evenly on both sides of it, nothing more. The figure has to be one that
    chance alone does not raise: for accuracy and unequal classes take `excess_over_chance` against 0. Exact up to 30
    subjects; more by 19,999 draws of a fixed seed, as (b + 1) / (m + 1). NaN without subjects.
    """
    return _p_of_flips(_differences(values, chance), two_sided=False)


def excess_over_chance(confusion: Int64Array) -> Float64Array:
    """Balanced accuracy less that of guessing, from a confusion matrix of each subject.

    Whoever answers without looking (always the same, by the class shares, at random) has an expected recall in each
    class that equals how often this class is answered. The mean of these over a subject's own classes is at most one
    over their number, whatever the shares of the classes and whichever trials are lost. So the excess rewards no
    base rate.

    Parameters
    ----------
    confusion : ndarray of int, shape (..., n_classes, n_classes)
        Rows are labels, columns answers; trials without an answer are not in it.

    Returns
    -------
    ndarray of float64, shape (...)
        NaN without trials, and for one class alone, in which nothing can be told apart.
    """
    counts = np.asarray(confusion)
    n = counts.sum(axis=-1)
    right = np.diagonal(counts, axis1=-2, axis2=-1)
    n_classes = (n > 0).sum(axis=-1)
    recall = np.divide(right, n, out=np.zeros(n.shape), where=n > 0).sum(axis=-1)
    return np.where(n_classes > 1, (recall - 1.0) / np.maximum(n_classes, 1), np.nan)


@dataclass(frozen=True, eq=False, kw_only=True)
class Excess:
    """How far each subject is above guessing, and how far labels permuted within the subject would be.

    Attributes
    ----------
    value : ndarray, shape (n_subjects,)
        Of `excess_over_chance`, mean over seeds; NaN for subjects of whom nothing can be told.
    expected, spread : ndarray, shape (n_subjects,)
        Mean and standard deviation of the same figure, if the subject's labels were permuted.
    """

    value: Float64Array
    expected: Float64Array
    spread: Float64Array

    def select(self, chosen: BoolArray) -> Excess:
        """Keep some subjects."""
        return Excess(value=self.value[chosen], expected=self.expected[chosen], spread=self.spread[chosen])


def measure_excess(confusions: Sequence[Int64Array]) -> Excess:
    """Measure the excess of each subject over guessing, from the confusion matrices of each seed.

    Parameters
    ----------
    confusions : sequence of ndarray of int, shape (n_subjects, n_classes, n_classes)
        One for each seed.

    Notes
    -----
    With labels permuted, answers in class c among the trials of class c are hypergeometric, which gives mean and
    variance exactly. The answers of several seeds are alike: the spread of their mean is taken as the mean of their
    spreads, which it cannot exceed.
    """
    parts = [(excess_over_chance(each), *_permute_labels(each)) for each in confusions]
    return Excess(**{name: _mean_known(values) for name, values in zip(_EXCESS, zip(*parts, strict=True), strict=True)})


def _mean_known(arrays: Sequence[Float64Array]) -> Float64Array:
    """Mean of what is known at each place; NaN where nothing is."""
    values = np.stack(arrays)
    n = np.isfinite(values).sum(axis=0)
    return np.where(n > 0, np.nansum(values, axis=0) / np.maximum(n, 1), np.nan)


def _permute_labels(confusion: Int64Array) -> tuple[Float64Array, Float64Array]:
    """Mean and standard deviation of `excess_over_chance` over all permutations of a subject's labels."""
    n, given = confusion.sum(axis=-1).astype(np.float64), confusion.sum(axis=-2).astype(np.float64)
    total, there = n.sum(axis=-1), n > 0
    n_classes = there.sum(axis=-1)
    # share of the answers in each class that the subject has, and its variance as a recall
    share = np.where(there, given / np.maximum(total, 1)[..., None], 0.0)
    own = np.where(there, share * (1 - share) * (total[..., None] - n) / np.maximum(n, 1), 0.0)
    both = share.sum(axis=-1) ** 2 - (share**2).sum(axis=-1)
    variance = (own.sum(axis=-1) + both) / np.maximum(total - 1, 1)
    known = n_classes > 1
    mean = np.where(known, (share.sum(axis=-1) - 1) / np.maximum(n_classes, 1), np.nan)
    return mean, np.where(known, np.sqrt(variance) / np.maximum(n_classes, 1), np.nan)


def p_above_guessing(excess: Excess) -> float:
    """Test whether answers say more of a trial than guessing does: the primary test against chance.

    The larger of two p values: of the sign-flip test of the excess over subjects (`p_above_chance`), and of its sum
    against labels permuted within subjects (normal approximation). The first asks whether it holds for people. It
    assumes figures that lie evenly about 0, which those of a model that answers nearly always the same do not: seldom
    answers make them skewed, and flips alone raise a false alarm in up to 14 % (`benchmarks/type_one.py`). The second
    allows for that. NaN without subjects.
    """
    known = excess.select(np.isfinite(excess.value))
    flips = p_above_chance(known.value, 0.0)
    spread = math.sqrt(float((known.spread**2).sum()))
    gain = float((known.value - known.expected).sum())
    permuted = never_zero(float(ndtr(-gain / spread))) if spread > _NO_SPREAD else 1.0
    return max(flips, permuted) if flips == flips else flips


def p_paired(first: Values, second: Values) -> float:
    """Test two models over the same subjects, two-sided (paired t test).

    NaN for fewer than two subjects, and where all differences are the same.
    """
    return _p_of_t(subtract_pairs(first, second), two_sided=True)


def p_sign_flip(first: Values, second: Values) -> float:
    """Test two models over the same subjects, two-sided, by flipping the signs of the differences.

    Exact or drawn as in `p_above_chance`; 1 where all differences are 0, NaN without subjects.
    """
    return _p_of_flips(subtract_pairs(first, second), two_sided=True)


def p_wilcoxon(first: Values, second: Values) -> float:
    """Test two models over the same subjects, two-sided (Wilcoxon's signed rank test).

    Exact up to 300 subjects, with the normal approximation (corrected for ties and continuity) above. Differences of 0
    are left out, as Wilcoxon did and as is scipy's default; tied differences share their mean rank, and the null
    distribution is that of these ranks. It asks whether differences lie evenly about 0, not whether means are equal:
    where a few subjects differ much one way and most a little the other way, it alarms though the means are the same
    (`benchmarks/interval_coverage.py`, "skewed"). 1 where all differences are 0, NaN without subjects.

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
    plus = int(ranks[differences > 0].sum())
    smaller = min(plus, int(ranks.sum()) - plus)
    if len(ranks) > _WILCOXON_EXACT_TO:
        return never_zero(min(1.0, 2 * _normal_tail(ranks, smaller)))
    null = _distribution_of_sums(ranks)
    return never_zero(min(1.0, 2 * float(null[: smaller + 1].sum())))


def _normal_tail(ranks: Int64Array, smaller: int) -> float:
    """Chance of a sum of doubled ranks that is no larger, by the normal approximation."""
    spread = math.sqrt(float((ranks.astype(np.float64) ** 2).sum())) / 2
    return float(ndtr((smaller + 1 - float(ranks.sum()) / 2) / spread))


def never_zero(p: float) -> float:
    """Give the smallest normal number in place of a p value that floats cannot hold; NaN stays."""
    return float(max(p, _SMALLEST)) if p == p else p


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

    Notes
    -----
    Two t tests. Where all differences are the same there is no t test: signs are flipped instead, and the limits are
    NaN.

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
    test = _p_of_t if has_spread(differences) else _p_of_flips
    p = max(test(differences + margin, two_sided=False), test(margin - differences, two_sided=False))
    return Equivalence(p=p, low=mean.low, high=mean.high, margin=margin, equivalent=p < alpha)


def _differences(values: Values, chance: float) -> Float64Array:
    """Differences from chance of the subjects with a figure, with equal ones exactly equal."""
    return round_off(keep_finite(values) - chance)


def _p_of_t(differences: Float64Array, *, two_sided: bool) -> float:
    """One-sample t test of the differences against 0; NaN where they have no spread."""
    n = len(differences)
    if n < 2 or not has_spread(differences):
        return math.nan
    t = float(differences.mean()) / (float(differences.std(ddof=1)) / math.sqrt(n))
    return never_zero(float(2 * scipy.stats.t.sf(abs(t), n - 1) if two_sided else scipy.stats.t.sf(t, n - 1)))


def _p_of_flips(differences: Float64Array, *, two_sided: bool) -> float:
    """Sign-flip permutation test of the sum of the differences, exact or drawn."""
    n = len(differences)
    if not n:
        return math.nan
    # equal sums that were added in another order differ by rounding
    observed = float(differences.sum())
    least = (abs(observed) if two_sided else observed) - 1e-9 * float(np.abs(differences).sum())
    if n <= _EXACT_TO:
        share = _count_exactly(differences, least) / float(2**n)
        # signs all turned round give the sums all turned round: both tails are alike
        return min(1.0, 2.0 * share) if two_sided else share
    sums = _draw_sums(differences)
    as_extreme = int(np.count_nonzero((np.abs(sums) if two_sided else sums) >= least))
    return (as_extreme + 1) / (_N_DRAWS + 1)


def _count_exactly(differences: Float64Array, least: float) -> int:
    """Count the assignments of signs whose sum reaches a limit, by the sums of two halves."""
    half = len(differences) // 2
    some, others = _all_flipped_sums(differences[:half]), np.sort(_all_flipped_sums(differences[half:]))
    return int((len(others) - np.searchsorted(others, least - some)).sum())


def _all_flipped_sums(differences: Float64Array) -> Float64Array:
    """Compute the sums under all 2**n assignments of signs."""
    sums = np.zeros(1)
    for difference in differences:
        sums = np.concatenate([sums + difference, sums - difference])
    return sums


def _draw_sums(differences: Float64Array) -> Float64Array:
    """Draw sums under random signs, the same in every run, shape (_N_DRAWS,)."""
    signs = 1.0 - 2.0 * ((np.arange(2**_BITS)[:, None] >> np.arange(_BITS)) & 1)
    padded = np.concatenate([differences, np.zeros(-len(differences) % _BITS)])
    rng, sums = np.random.default_rng(0), np.zeros(_N_DRAWS)
    for group in padded.reshape(-1, _BITS):
        sums += (signs @ group)[rng.integers(0, 2**_BITS, size=_N_DRAWS, dtype=np.uint8)]
    return sums
