"""Test-retest reliability: whether subjects get the same figure in another session.

Input: one figure per subject and session. Output: intraclass correlations with intervals, the standard error of
measurement and the smallest detectable change.

References
----------
Shrout and Fleiss, Intraclass correlations, Psychological Bulletin 86, 1979. McGraw and Wong, Forming inferences about
some intraclass correlation coefficients, Psychological Methods 1, 1996. De Vet et al., When to use agreement versus
reliability measures, Journal of Clinical Epidemiology 59, 2006.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import scipy

from ecg_facial.errors import SettingsError
from ecg_facial.evaluation.statistics.subject_values import CONFIDENCE, check_confidence, has_spread
from ecg_facial.runtime.typing import Float64Array


@dataclass(frozen=True, kw_only=True)
class Correlation:
    """An intraclass correlation with its two-sided interval; NaN where it is not defined."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Reliability:
    """Reliability of repeated measurements.

    Attributes
    ----------
    icc_2_1 : Correlation
        Absolute agreement of single sessions, sessions drawn from many.
    icc_3_1 : Correlation
        Consistency of single sessions, these sessions only: a shift of all subjects does not count.
    icc_2_k : Correlation
        Absolute agreement of the mean of all sessions.
    sem : float
        Standard error of measurement (agreement), in units of the figures.
    smallest_change : float
        Smallest change of one subject that is more than measurement error, with the given confidence.
    """

    icc_2_1: Correlation
    icc_3_1: Correlation
    icc_2_k: Correlation
    sem: float
    smallest_change: float
    n_subjects: int
    n_sessions: int


@dataclass(frozen=True, kw_only=True)
class _Squares:
    """Mean squares of a two-way table of n subjects by k sessions without repetition."""

    subjects: float
    sessions: float
    error: float
    n: int
    k: int


def assess_reliability(sessions: Float64Array, *, confidence: float = CONFIDENCE) -> Reliability:
    """Compute intraclass correlations, standard error of measurement and smallest detectable change.

    Parameters
    ----------
    sessions : ndarray, (n_subjects, n_sessions)
        Subjects with NaN in a session are left out. With fewer than two subjects or sessions, or no spread at all,
        everything is NaN.
    confidence : float
        Of the intervals and of the smallest detectable change.

    Raises
    ------
    SettingsError
        Not a table, or a confidence outside 0..1.
    """
    check_confidence(confidence)
    table = np.asarray(sessions, dtype=np.float64)
    if table.ndim != 2:
        raise SettingsError(f"figures of {table.ndim} dimensions: give a table of subjects by sessions")
    table = table[np.isfinite(table).all(axis=1)]
    n, k = table.shape
    if min(n, k) < 2 or not has_spread(table.ravel()):
        unknown = Correlation(value=math.nan, low=math.nan, high=math.nan)
        return Reliability(
            icc_2_1=unknown,
            icc_3_1=unknown,
            icc_2_k=unknown,
            sem=math.nan,
            smallest_change=math.nan,
            n_subjects=n,
            n_sessions=k,
        )
    squares = _analyse(table)
    single = _agreement(squares, confidence)
    sem = math.sqrt(squares.error + max(squares.sessions - squares.error, 0.0) / n)
    change = float(scipy.stats.norm.ppf(0.5 + confidence / 2)) * math.sqrt(2) * sem
    return Reliability(
        icc_2_1=single,
        icc_3_1=_consistency(squares, confidence),
        icc_2_k=_of_mean(squares, single),
        sem=sem,
        smallest_change=change,
        n_subjects=n,
        n_sessions=k,
    )


def _analyse(table: Float64Array) -> _Squares:
    """Two-way analysis of variance: subjects, sessions, and what neither explains."""
    n, k = table.shape
    by_subject, by_session = table.mean(axis=1, keepdims=True), table.mean(axis=0, keepdims=True)
    rest = table - by_subject - by_session + table.mean()
    error = float((rest**2).sum()) / ((n - 1) * (k - 1))
    # perfectly parallel sessions have no error; rounding leaves a trace of one
    error = error if error > 1e-20 * float(np.square(table).max()) else 0.0
    return _Squares(
        subjects=k * float(by_subject.var(ddof=1)), sessions=n * float(by_session.var(ddof=1)), error=error, n=n, k=k
    )


def _consistency(squares: _Squares, confidence: float) -> Correlation:
    """Consistency of single sessions, ICC(3,1): a shift between sessions does not count against it."""
    s, k = squares, squares.k
    value = _ratio(s.subjects - s.error, s.subjects + (k - 1) * s.error)
    if s.error == 0:
        return Correlation(value=value, low=value, high=value)
    f, df, df_error = s.subjects / s.error, s.n - 1, (s.n - 1) * (k - 1)
    upper_tail = 0.5 + confidence / 2
    low = f / float(scipy.stats.f.ppf(upper_tail, df, df_error))
    high = f * float(scipy.stats.f.ppf(upper_tail, df_error, df))
    return Correlation(value=value, low=(low - 1) / (low + k - 1), high=(high - 1) / (high + k - 1))


def _agreement(squares: _Squares, confidence: float) -> Correlation:
    """Agreement of single sessions, with McGraw and Wong's interval (Satterthwaite's degrees of freedom)."""
    s, n, k = squares, squares.n, squares.k
    value = _ratio(s.subjects - s.error, s.subjects + (k - 1) * s.error + k * (s.sessions - s.error) / n)
    if s.error == 0 and s.sessions == 0:
        return Correlation(value=value, low=value, high=value)
    if math.isnan(value) or value == 1.0:
        return Correlation(value=value, low=math.nan, high=math.nan)
    a = k * value / (n * (1 - value))
    b = 1 + k * value * (n - 1) / (n * (1 - value))
    parts = (a * s.sessions) ** 2 / (k - 1) + (b * s.error) ** 2 / ((n - 1) * (k - 1))
    df = (a * s.sessions + b * s.error) ** 2 / parts if parts else math.nan
    upper_tail = 0.5 + confidence / 2
    f_low, f_high = float(scipy.stats.f.ppf(upper_tail, n - 1, df)), float(scipy.stats.f.ppf(upper_tail, df, n - 1))
    spread = k * s.sessions + (k * n - k - n) * s.error
    low = n * (s.subjects - f_low * s.error) / (f_low * spread + n * s.subjects)
    high = n * (f_high * s.subjects - s.error) / (spread + n * f_high * s.subjects)
    # the approximation can miss a negative estimate of very few subjects: an interval holds its estimate
    return Correlation(value=value, low=min(low, value), high=max(high, value))


def _of_mean(squares: _Squares, single: Correlation) -> Correlation:
    """Agreement of the mean of all sessions: the limits follow from the single session's (Spearman and Brown)."""
    s, k = squares, squares.k
    value = _ratio(s.subjects - s.error, s.subjects + (s.sessions - s.error) / s.n)
    low, high = (_ratio(k * limit, 1 + (k - 1) * limit) for limit in (single.low, single.high))
    return Correlation(value=value, low=low, high=high)


def _ratio(above: float, below: float) -> float:
    return above / below if below else math.nan
