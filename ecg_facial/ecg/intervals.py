"""Intervals between beats, mean heart rate, and the tokens that the ECG model reads.

Input: R-peak times in seconds. Output: RR (all intervals), NN (artefacts are NaN), mean heart rate (NaN if unknown) and
one token per NN interval. Nothing is fitted on data, so nothing can leak from one subject to another.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ecg_facial.ecg.rpeaks import RPeaks
from ecg_facial.ecg.token_features import N_TOKEN_FEATURES
from ecg_facial.runtime.typing import BoolArray, Float32Array, Float64Array, IntpArray

MIN_BPM, MAX_BPM = 30.0, 220.0
# 8 % more than the limits, for the timing error of single beats
_MIN_RR_S, _MAX_RR_S = 60.0 / (1.08 * MAX_BPM), 1.08 * 60.0 / MIN_BPM
# Largest deviation of an NN interval from the local median. Respiratory arrhythmia of the young stays below it; a
# missed beat (+100 %), a false one (-50 %) and most ectopic beats with their pause exceed it.
_MAX_DEVIATION = 0.25
_MEDIAN_SPAN = 9
# In units of the usual interval. A missed beat: one interval of 2 +- 0.2, not after an early beat (below 0.9), whose
# pause would look the same. A false beat: two intervals, each below 0.8, that add up to 1 +- 0.1.
_SAME, _EARLY, _HALF = 0.1, 0.9, 0.8

# scaling of the tokens: constants, because statistics of the data would leak between subjects
_CENTRE_BPM, _SPREAD_BPM, _STEP_BPM = 75.0, 15.0, 5.0
# no sampling rate that is wrong by a usual factor makes a heart as slow
_NO_HEART_S = 6.0


@dataclass(frozen=True, eq=False)
class HeartRateTokens:
    """Instantaneous heart rate, one token per NN interval.

    Attributes
    ----------
    features : ndarray of float32, shape (n_tokens, N_TOKEN_FEATURES)
        In the order of `TOKEN_FEATURES`: heart rate (bpm - 75) / 15; deviation from the window's own median, bpm / 5;
        change from the token before, bpm / 5 (0 for the first).
    times_s : ndarray of float32, shape (n_tokens,)
        Time of the beat that ends the interval, in seconds.
    """

    features: Float32Array
    times_s: Float32Array

    def __len__(self) -> int:
        return len(self.times_s)


def compute_rr(r_times_s: Float64Array) -> Float64Array:
    """Intervals between neighbouring beats in seconds, shape (n_beats - 1,), empty below two beats."""
    return np.diff(np.asarray(r_times_s, dtype=np.float64))


def compute_nn(r_times_s: Float64Array) -> Float64Array:
    """NN intervals: RR with artefacts replaced by NaN, by a rule that works from five beats on.

    An interval is kept if it is within 30 to 220 bpm (with 8 % of tolerance) and within 25 % of the median of up to
    nine plausible intervals around it. Corrections that insert or move beats (as in Kubios) need minutes of signal;
    they did not work on windows of 5.5 s.

    Parameters
    ----------
    r_times_s : ndarray, shape (n_beats,)
        Increasing beat times in seconds.

    Returns
    -------
    ndarray of float64, shape (n_beats - 1,)
        Seconds; NaN for an artefact.

    Examples
    --------
    >>> compute_nn(np.array([0.0, 0.8, 1.6, 3.2, 4.0]))
    array([0.8, 0.8, nan, 0.8])
    """
    rr = compute_rr(r_times_s)
    ratio = _over_usual(rr)
    return np.where(np.abs(ratio - 1.0) <= _MAX_DEVIATION, rr, np.nan)


def _over_usual(rr: Float64Array) -> Float64Array:
    """Each interval divided by the median of the plausible ones around it; NaN if it is not plausible itself."""
    plausible = np.where((rr >= _MIN_RR_S) & (rr <= _MAX_RR_S), rr, np.nan)
    kept = np.flatnonzero(np.isfinite(plausible))
    ratio = np.full(len(rr), np.nan)
    ratio[kept] = rr[kept] / _local_median(plausible, kept)
    return ratio


def _local_median(intervals: Float64Array, at: IntpArray) -> Float64Array:
    """Median of the finite intervals around each index in `at`."""
    if len(at) == 0:
        return np.zeros(0)
    # short windows: one median for all
    if len(intervals) <= _MEDIAN_SPAN:
        return np.full(len(at), np.median(intervals[at]))
    half = _MEDIAN_SPAN // 2
    padded = np.pad(intervals, half, constant_values=np.nan)
    around = np.lib.stride_tricks.sliding_window_view(padded, _MEDIAN_SPAN)[at]
    return np.asarray(np.nanmedian(around, axis=1), dtype=np.float64)


def mean_heart_rate(r_times_s: Float64Array) -> float:
    """Mean heart rate in bpm over all beats, premature ones too; NaN if unknown (no interval, or two that disagree).

    Intervals outside 30 to 220 bpm (with 8 % of tolerance) do not count. In a regular rhythm, intervals that a missed
    beat doubled or a false one halved do not count either; regular means that `compute_nn` finds no other artefact
    within four intervals on either side. The mean over NN alone would be wrong for premature beats, where the short
    intervals stay and the pauses after them go: off by more than 5 bpm in 12.8 % of the windows of patients, this one
    in 2.3 % (docs/log.md).

    Parameters
    ----------
    r_times_s : ndarray, shape (n_beats,)
        Increasing beat times in seconds.

    Examples
    --------
    >>> round(mean_heart_rate(np.array([0.0, 0.8, 1.6, 3.2, 4.0])))
    75
    >>> round(mean_heart_rate(np.array([0.0, 0.8, 1.3, 2.4, 3.2])))
    75
    >>> mean_heart_rate(np.array([1.0]))
    nan
    """
    rr = compute_rr(r_times_s)
    if not len(rr):
        return float("nan")
    ratio = _over_usual(rr)
    counted = rr[np.isfinite(ratio) & ~_find_miscounted(ratio)]
    is_known = len(counted) > 2 or bool((np.abs(ratio - 1.0) <= _MAX_DEVIATION).any())
    return float(60.0 / counted.mean()) if is_known else float("nan")


def explain_unknown_rate(r_times_s: Float64Array) -> str:
    """Say why `mean_heart_rate` gives no rate; empty where it gives one.

    Parameters
    ----------
    r_times_s : ndarray, shape (n_beats,)
        Increasing beat times in seconds.

    Examples
    --------
    >>> explain_unknown_rate(np.array([1.0]))
    'a single beat, and a rate needs an interval'
    >>> explain_unknown_rate(np.arange(5) * 0.1)
    'intervals of 0.1 s (600 bpm), outside of 30 to 220 bpm: check the sampling rate (fs_hz)'
    >>> explain_unknown_rate(np.array([1.0, 30.0]))
    '2 beats, 29 s apart: beats are missing, or there is no heart in the signal'
    """
    rr = compute_rr(r_times_s)
    if np.isfinite(mean_heart_rate(r_times_s)):
        return ""
    if not len(rr):
        return "a single beat, and a rate needs an interval" if len(r_times_s) else "no beat was found"
    if ((rr >= _MIN_RR_S) & (rr <= _MAX_RR_S)).any():
        return f"{len(rr)} intervals that disagree: {rr.min():.2g} to {rr.max():.2g} s"
    usual_s = float(np.median(rr))
    if usual_s > _NO_HEART_S:
        return f"{len(r_times_s)} beats, {usual_s:.2g} s apart: beats are missing, or there is no heart in the signal"
    return (
        f"intervals of {usual_s:.2g} s ({60.0 / usual_s:.0f} bpm), outside of {MIN_BPM:g} to {MAX_BPM:g} bpm: check "
        "the sampling rate (fs_hz)"
    )


def _find_miscounted(ratio: Float64Array) -> BoolArray:
    """Mark intervals (over the usual one) that a missed beat doubled or a false one halved, in a regular rhythm."""
    artefact = np.abs(ratio - 1.0) > _MAX_DEVIATION
    after_short = np.concatenate([[False], ratio[:-1] < _EARLY])
    # a missed beat: twice the usual interval
    miscounted = artefact & (np.abs(ratio / 2.0 - 1.0) < _SAME) & ~after_short
    # a false beat: two intervals that add up to a usual one
    halves = np.abs(ratio[:-1] + ratio[1:] - 1.0) < _SAME
    halves &= (np.maximum(ratio[:-1], ratio[1:]) < _HALF) & (artefact[:-1] | artefact[1:])
    miscounted[:-1] |= halves
    miscounted[1:] |= halves
    # an irregular rhythm: another artefact within four intervals
    is_odd = (artefact & ~miscounted).astype(np.float64)
    odd_near = np.convolve(is_odd, np.ones(_MEDIAN_SPAN))[_MEDIAN_SPAN // 2 :][: len(ratio)] > 0.5
    return np.asarray(miscounted & ~odd_near)


def compute_heart_rate_tokens(r_peaks: RPeaks, *, start_s: float = 0.0) -> HeartRateTokens:
    """Compute one token per NN interval.

    Parameters
    ----------
    r_peaks : RPeaks
        Beats, with times from the first sample of the ECG.
    start_s : float
        Time of that first sample on the clock that tokens and video frames share.

    Returns
    -------
    HeartRateTokens
        Empty if there is no NN interval; no rate is made up.
    """
    nn = compute_nn(r_peaks.times_s)
    trusted = np.isfinite(nn)
    bpm = 60.0 / nn[trusted]
    features = np.empty((len(bpm), N_TOKEN_FEATURES), dtype=np.float32)
    if len(bpm):
        features[:, 0] = (bpm - _CENTRE_BPM) / _SPREAD_BPM
        features[:, 1] = (bpm - np.median(bpm)) / _STEP_BPM
        features[:, 2] = np.diff(bpm, prepend=bpm[0]) / _STEP_BPM
    times_s = r_peaks.times_s[1:][trusted] + start_s
    return HeartRateTokens(features, times_s.astype(np.float32))
