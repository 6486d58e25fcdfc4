"""Irregular time stamps to a regular rate.

Enters: time stamps, late by whatever a computer was busy with, and a nominal rate. Leaves: the rate that was measured,
and the place of each sample on a grid of it. Samples that were lost leave gaps; nothing is interpolated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ecg_facial.runtime.typing import Float64Array, Int64Array, IntpArray

# a stamp may be late, never early: over this long, the least late one is on time
_ON_TIME_S = 2.0
_GAP_S, _GAP_STEPS = 0.05, 3.0
_MAX_LATE_S = 1.0
# more jumps than these are no losses but another rhythm
_FEW_GAPS, _MAX_GAPS_PER_S = 5, 1.0
_MEASURED_S = 20.0
_MAX_DRIFT = 0.05


@dataclass(frozen=True, eq=False, kw_only=True)
class Grid:
    """Samples on a regular grid.

    Attributes
    ----------
    fs_hz : float
        Rate of the grid in Hz.
    places : ndarray of int64, shape (n_times,)
        Place of each sample, increasing.
    n_gaps : int
        Stretches where samples were lost.
    problem : str
        Why there is no such grid; empty where there is.
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
        With a `problem` where the stamps are not those of a regular signal.
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
    """First samples of stretches: after a jump that later samples do not catch up with."""
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
    """Slope of the longest stretch; the given rate where it is too short to measure better."""
    ends = np.append(starts[1:], len(stamps_s))
    longest = int(np.argmax(ends - starts))
    part = stamps_s[starts[longest] : ends[longest]]
    if len(part) < _MEASURED_S * rate_hz:
        return rate_hz
    number = np.arange(len(part)) - (len(part) - 1) / 2
    slope = float(number @ (part - part.mean()) / (number @ number))
    return 1.0 / slope if slope > 0 else rate_hz


def _place(stamps_s: Float64Array, starts: IntpArray, rate_hz: float) -> Grid:
    places = np.empty(len(stamps_s), dtype=np.int64)
    ends = np.append(starts[1:], len(stamps_s))
    worst, first_s, end = 0.0, 0.0, 0
    for start, stop in zip(starts.tolist(), ends.tolist(), strict=True):
        lateness = stamps_s[start:stop] - np.arange(stop - start) / rate_hz
        begin_s = float(lateness.mean())
        worst = max(worst, float(np.abs(lateness - begin_s).max()) if stop - start > 2 else 0.0)
        first_s = first_s if start else begin_s
        begin = max(end, round((begin_s - first_s) * rate_hz))
        places[start:stop] = begin + np.arange(stop - start)
        end = begin + stop - start
    if worst > _MAX_LATE_S:
        return Grid(fs_hz=rate_hz, places=places, problem=f"time stamps up to {worst:.3g} s off a regular rate")
    return Grid(fs_hz=rate_hz, places=places, n_gaps=len(starts) - 1)
