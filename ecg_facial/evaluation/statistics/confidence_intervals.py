"""Means over subjects and their intervals.

Input: one figure per subject. Output: means with two-sided intervals. Folds of a leave-one-subject-out run share
training data, so that an interval is about new subjects for this set of trained models, not about new training sets.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from functools import partial

import numpy as np
import scipy  # scipy.stats takes long to import: it is loaded where it is first used

from ecg_facial.errors import SettingsError
from ecg_facial.evaluation.statistics.bootstrap import Limits, compute_bca, compute_bootstrap_t
from ecg_facial.evaluation.statistics.subject_values import (
    CONFIDENCE,
    Values,
    check_confidence,
    has_spread,
    keep_finite,
)
from ecg_facial.runtime.typing import Float64Array

METHODS = ("auto", "t", "bootstrap-t", "bca")
# with fewer subjects many resamples have nearly no spread, and bootstrap-t intervals grow without bound
_BOOTSTRAP_FROM = 6
# with fewer subjects BCa covers too little (`benchmarks/interval_coverage.py`)
_BCA_FROM = 40
# with more subjects t and bootstrap agree (the effect of skewness falls as 1/sqrt(n)), and draws take 80 kB per subject
_BOOTSTRAP_TO = 500


@dataclass(frozen=True, kw_only=True)
class SubjectMean:
    """Mean over subjects with a two-sided interval.

    Attributes
    ----------
    mean, low, high, std : float
        NaN limits for fewer than two subjects, and without spread: equal figures do not say how far others lie.
    n_subjects : int
        Subjects with a figure.
    method : str
        How the limits were made: ``t``, ``bootstrap-t``, ``bca``; ``none`` where there are no limits.
    """

    mean: float
    low: float
    high: float
    std: float
    n_subjects: int
    method: str = "t"


def mean_over_subjects(
    values: Values,
    *,
    confidence: float = CONFIDENCE,
    method: str = "auto",
    bounds: tuple[float, float] = (-math.inf, math.inf),
) -> SubjectMean:
    """Compute mean, interval and standard deviation over subjects; NaN values are left out.

    Parameters
    ----------
    values : sequence of float, (n_subjects,)
    confidence : float
        Of the two-sided interval, 0..1.
    method : {"auto", "t", "bootstrap-t", "bca"}
        ``auto`` is bootstrap-t from 6 to 39 subjects, BCa from 40, t for fewer than 6 or more than 500. Accuracies over
        subjects are skewed (some people show nothing), where t is too short on one side, and BCa covers too little for
        few subjects: `benchmarks/interval_coverage.py` measures all three. Where a bootstrap is not defined (nearly all
        values equal), t takes its place, and the result says so.
    bounds : pair of float
        Least and largest mean that is possible, such as (0, 1) for shares: limits outside are moved there, which takes
        no possible mean out of the interval.

    Raises
    ------
    SettingsError
        Unknown method, or a confidence outside 0..1.

    References
    ----------
    Hall, Theoretical comparison of bootstrap confidence intervals, Annals of Statistics 16, 1988.
    """
    check_confidence(confidence)
    if method not in METHODS:
        raise SettingsError(f"no method {method!r} of intervals: choose among {', '.join(METHODS)}")
    data = np.sort(keep_finite(values))
    n = len(data)
    mean = float(data.mean()) if n else math.nan
    if n < 2:
        return SubjectMean(mean=mean, low=math.nan, high=math.nan, std=math.nan, n_subjects=n, method="none")
    if not has_spread(data):
        return SubjectMean(mean=mean, low=math.nan, high=math.nan, std=0.0, n_subjects=n, method="none")
    used = choose_method(n) if method == "auto" else method
    limits, used = _compute_limits(data, confidence, used)
    low, high = np.clip(limits, *bounds).tolist()
    return SubjectMean(mean=mean, low=low, high=high, std=float(data.std(ddof=1)), n_subjects=n, method=used)


def choose_method(n_subjects: int) -> str:
    """Name the method that ``auto`` chooses for a number of subjects."""
    if not _BOOTSTRAP_FROM <= n_subjects <= _BOOTSTRAP_TO:
        return "t"
    return "bca" if n_subjects >= _BCA_FROM else "bootstrap-t"


def _compute_limits(data: Float64Array, confidence: float, method: str) -> tuple[Limits, str]:
    """Limits by the method, or by t where the bootstrap is not defined; and the method that was used."""
    if method != "t":
        limits = (compute_bca if method == "bca" else compute_bootstrap_t)(data, confidence)
        if limits is not None:
            return limits, method
    return _compute_t(data, confidence), "t"


def _compute_t(data: Float64Array, confidence: float) -> Limits:
    """Student's interval of a mean."""
    n = len(data)
    reach = float(scipy.stats.t.ppf(0.5 + confidence / 2, n - 1) * data.std(ddof=1) / np.sqrt(n))
    return float(data.mean()) - reach, float(data.mean()) + reach


@dataclass(frozen=True, kw_only=True)
class GroupDifference:
    """Difference of the means of two groups of different people, with Welch's interval and two-sided p value."""

    difference: float
    low: float
    high: float
    p: float
    df: float
    n_first: int
    n_second: int


def difference_of_groups(
    first: Values,
    second: Values,
    *,
    confidence: float = CONFIDENCE,
    bounds: tuple[float, float] = (-math.inf, math.inf),
) -> GroupDifference:
    """Compare two strata, such as women and men: first minus second, variances may differ (Welch).

    NaN limits and p where a group has fewer than two people, and without any spread.
    """
    check_confidence(confidence)
    a, b = keep_finite(first), keep_finite(second)
    n = (len(a), len(b))
    make = partial(GroupDifference, n_first=n[0], n_second=n[1])
    if not min(n):
        return make(difference=math.nan, low=math.nan, high=math.nan, p=math.nan, df=math.nan)
    difference = float(a.mean() - b.mean())
    if min(n) < 2 or not (has_spread(a) or has_spread(b)):
        return make(difference=difference, low=math.nan, high=math.nan, p=math.nan, df=math.nan)
    parts = np.array([a.var(ddof=1) / n[0], b.var(ddof=1) / n[1]])
    df = float(parts.sum() ** 2 / (parts**2 / (np.array(n) - 1)).sum())
    error = float(np.sqrt(parts.sum()))
    reach = float(scipy.stats.t.ppf(0.5 + confidence / 2, df)) * error
    p = max(float(2 * scipy.stats.t.sf(abs(difference) / error, df)), sys.float_info.min)
    low, high = np.clip([difference - reach, difference + reach], *bounds).tolist()
    return make(difference=difference, low=low, high=high, p=p, df=df)


@dataclass(frozen=True, kw_only=True)
class ChanceRuns:
    """Runs with permuted labels against chance: their mean, its t interval, and whether that holds chance."""

    mean: float
    low: float
    high: float
    chance: float
    n_runs: int
    at_chance: bool


def runs_at_chance(means: Values, chance: float, *, confidence: float = CONFIDENCE) -> ChanceRuns:
    """Judge whether runs with labels permuted within subject score at chance.

    The runs' own spread makes the interval: trials of leave-one-subject-out folds are not independent, so the exact
    binomial interval is wrong. False for fewer than two runs, which show nothing.
    """
    runs = mean_over_subjects(means, confidence=confidence, method="t")
    # without spread there are no limits
    low, high = (runs.mean, runs.mean) if runs.std == 0.0 else (runs.low, runs.high)
    at_chance = low - 1e-12 <= chance <= high + 1e-12
    return ChanceRuns(
        mean=runs.mean, low=runs.low, high=runs.high, chance=chance, n_runs=runs.n_subjects, at_chance=at_chance
    )
