"""A regular rate from irregular time stamps.

Input: time stamps with varying delays, and a nominal rate. Output: the measured rate, and the index of each sample at
that rate. Lost samples leave gaps; nothing is interpolated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ecg_facial.runtime.typing import Float64Array, Int64Array, IntpArray

# LSL stamps are delayed by buffering, never early: the minimum delay in any 2 s counts as zero.
_ON_TIME_S = 2.0
# Samples were lost if the minimum delay rises by half of this: 50 ms, but at least three samples.
_GAP_S, _GAP_STEPS = 0.05, 3.0
# stamps further off a regular rate than this are refused
_MAX_LATE_S = 1.0
# more jumps than five, and than one per second, are not losses: the signal is irregular
_FEW_GAPS, _MAX_GAPS_PER_S = 5, 1.0
# The rate is measured over 20 s or more without losses; in less, delays outweigh the drift of the clocks.
_MEASURED_S = 20.0
# largest difference between measured and nominal rate, as a share
_MAX_DRIFT = 0.05


@dataclass(frozen=True, eq=False, kw_only=True)
class Grid:
    """Samples on a regular grid.

    Attributes
    ----------
    fs_hz : float
        Rate of the grid in Hz.
    places : ndarray of int64, shape (n_times,)
        Index of each sample on the grid, increasing.
    n_gaps : int
        Number of places where samples were lost.
    problem : str
        Why the stamps do not fit a regular rate; empty if they do.
    """

    fs_hz: float
    places: Int64Array
    n_gaps: int = 0
    problem: str = ""


def fit_grid(stamps_s: Float64Array, nominal_hz: float) -> Grid:
    """Fit a regular grid to time stamps.

    Parameters
    ----------
    stamps_s : ndarray, shape (n_times,)
        Times in seconds.
    nominal_hz : float
        Rate that the device states; 0 when it states none.

    Returns
    -------
    Grid
        With a `problem` if the stamps do not fit a regular rate.
    """
    nothing = np.zeros(0, dtype=np.int64)
    if len(stamps_s) < 2 or not np.all(np.isfinite(stamps_s)):
        return Grid(fs_hz=nominal_hz, places=nothing, problem="fewer than two usable time stamps")
    steps = np.diff(stamps_s)
    usual = float(np.median(steps))
    if nominal_hz <= 0 and usual <= 0:
        return Grid(fs_hz=0.0, places=nothing, problem="no stated rate, and time stamps that do not increase")
    rate_hz = nominal_hz or 1.0 / usual
    if float(steps.min()) < -_ON_TIME_S:
        return Grid(fs_hz=rate_hz, places=nothing, problem=f"time stamps that run back by {-steps.min():.3g} s")
    starts = _find_gaps(stamps_s, rate_hz)
    if len(starts) > 1 + max(_FEW_GAPS, _MAX_GAPS_PER_S * len(stamps_s) / rate_hz):
        return Grid(fs_hz=rate_hz, places=nothing, problem=f"time stamps that jump {len(starts) - 1} times")
    rate_hz = _measure_rate(stamps_s, starts, rate_hz)
    if nominal_hz and abs(rate_hz / nominal_hz - 1) > _MAX_DRIFT:
        problem = f"a stated rate of {nominal_hz:g} Hz, and time stamps of {rate_hz:.4g} Hz"
        return Grid(fs_hz=rate_hz, places=nothing, problem=problem)
    return _place(stamps_s, starts, rate_hz)


def _find_gaps(stamps_s: Float64Array, rate_hz: float) -> IntpArray:
    """First samples after losses, and sample 0.

    A jump of the delay is a loss only if the minimum delay of the next 2 s stays higher than that of the 2 s before:
    radio links send bursts, and the stamp of each burst jumps.
    """
    # delay against a regular clock
    lateness = stamps_s - np.arange(len(stamps_s)) / rate_hz
    least_s = max(_GAP_S, _GAP_STEPS / rate_hz)
    jumps = np.flatnonzero(np.diff(lateness) > least_s) + 1
    reach = max(2, round(_ON_TIME_S * rate_hz))
    real = [
        jump
        for jump in jumps.tolist()
        if lateness[jump : jump + reach].min() - lateness[max(0, jump - reach) : jump].min() > least_s / 2
    ]
    return np.array([0, *real], dtype=np.intp)


def _measure_rate(stamps_s: Float64Array, starts: IntpArray, rate_hz: float) -> float:
    """Rate by least squares over the longest stretch without losses; the given rate if that is too short."""
    ends = np.append(starts[1:], len(stamps_s))
    longest = int(np.argmax(ends - starts))
    part = stamps_s[starts[longest] : ends[longest]]
    if len(part) < _MEASURED_S * rate_hz:
        return rate_hz
    number = np.arange(len(part)) - (len(part) - 1) / 2
    slope = float(number @ (part - part.mean()) / (number @ number))
    return 1.0 / slope if slope > 0 else rate_hz


def _place(stamps_s: Float64Array, starts: IntpArray, rate_hz: float) -> Grid:
    """Place the samples: without gaps within a stretch; each stretch starts at its mean time."""
    places = np.empty(len(stamps_s), dtype=np.int64)
    ends = np.append(starts[1:], len(stamps_s))
    worst, first_s, end = 0.0, 0.0, 0
    for start, stop in zip(starts.tolist(), ends.tolist(), strict=True):
        lateness = stamps_s[start:stop] - np.arange(stop - start) / rate_hz
        begin_s = float(lateness.mean())
        worst = max(worst, float(np.abs(lateness - begin_s).max()) if stop - start > 2 else 0.0)
        first_s = first_s if start else begin_s
        # the gap before a stretch is a whole number of samples
        begin = max(end, round((begin_s - first_s) * rate_hz))
        places[start:stop] = begin + np.arange(stop - start)
        end = begin + stop - start
    if worst > _MAX_LATE_S:
        return Grid(fs_hz=rate_hz, places=places, problem=f"time stamps up to {worst:.3g} s off a regular rate")
    return Grid(fs_hz=rate_hz, places=places, n_gaps=len(starts) - 1)
