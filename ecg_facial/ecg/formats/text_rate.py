"""The rate of a column of a text table, and the place of each of its samples.

Input: the values of a column with the times of the rows, or a stated rate. Output: samples at a regular rate, NaN where
none was recorded. A column that is blank at regular rows has a rate of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ecg_facial.ecg.formats.contract import check_n_times
from ecg_facial.ecg.formats.ecg_rates import ECG_RATES_HZ, is_ecg_rate
from ecg_facial.errors import DataError
from ecg_facial.runtime.clocks.regular import fit_grid
from ecg_facial.runtime.typing import BoolArray, Float64Array, IntpArray

# steps within these shares of the mean are those of rounded times; others are for the check of clocks
_EVEN = (0.6, 1.4)
# a column of another rate has a value in less than this share of the rows, and its steps are alike
_MOST_FILLED, _ALIKE, _LEAST_FILLED = 0.9, 0.9, 20
# rows that stand twice are less than this share
_MOST_TWICE = 0.2
# rates that are stated and measured agree within this share
_SAME_RATE = 0.05


@dataclass(frozen=True, eq=False, kw_only=True)
class Placed:
    """Samples at a regular rate.

    Attributes
    ----------
    samples : ndarray of float64, shape (n_times,)
    fs_hz : float
    notes : tuple of str
    """

    samples: Float64Array
    fs_hz: float
    notes: tuple[str, ...] = ()


def place_samples(
    path: Path,
    values: Float64Array,
    is_blank: BoolArray,
    *,
    times_s: Float64Array | None,
    stated_hz: float | None,
    given_hz: float | None = None,
) -> Placed:
    """Put the values of a column on a regular grid.

    Parameters
    ----------
    path : Path
        For the messages.
    values : ndarray, shape (n_rows,)
        NaN where a row has none.
    is_blank : ndarray of bool, shape (n_rows,)
        Where the cell is empty, or a word for a missing value.
    times_s : ndarray, shape (n_rows,), or None
        Times of the rows in seconds; NaN where a row has none.
    stated_hz : float or None
        Rate of the rows that the file states.
    given_hz : float or None
        Rate of this column that the caller gives; replaces all others.

    Raises
    ------
    DataError
        When the times fit no regular rate, or one that no ECG has.
    """
    if times_s is not None and len(times_s) and is_blank[-1] and np.isnan(times_s[-1]):
        # a shorter signal beside longer ones: its rows end with its times
        n_rows = len(times_s) - int(np.argmin((is_blank & np.isnan(times_s))[::-1]))
        values, is_blank, times_s = values[:n_rows], is_blank[:n_rows], times_s[:n_rows]
    filled, step = _find_filled(is_blank, times_s)
    notes: tuple[str, ...] = ()
    # with even rows a blank cell among the filled ones is a lost sample, which rounded times may not show
    rows_hz = find_even_rate(times_s) if filled is not None and step > 1 and times_s is not None else None
    if filled is not None:
        first = int(filled[0])
        own = values[filled]
        start_s = 0.0 if times_s is None else _measure_start(times_s, first)
        times_s = None if times_s is None else times_s[filled]
    else:
        first, own, start_s = 0, values, 0.0
    if given_hz is not None:
        placed = _place_in_order(own, filled, step, given_hz)
    elif times_s is None:
        if stated_hz is None:
            raise DataError(f"{path}: no time column, so the sampling rate is unknown; give it in Hz (fs_hz)")
        _check_rate(path, stated_hz / step, "the file states")
        placed = _place_in_order(own, filled, step, stated_hz / step)
    elif rows_hz is not None:
        _check_rate(path, rows_hz / step, "the time column has")
        placed = _place_in_order(own, filled, step, rows_hz / step)
        notes = _compare(stated_hz, rows_hz)
    else:
        placed = _place_by_time(
            path, own, times_s, stated_hz if filled is None or stated_hz is None else stated_hz / step
        )
    if filled is not None:
        every = f"every {step}. row" if step > 1 else "some rows"
        notes = (*notes, f"the column is filled in {every} only: it has a rate of its own, {placed.fs_hz:.6g} Hz")
    # what was not recorded at the start, so that times stay true
    ahead = round(start_s * placed.fs_hz) if times_s is not None else first // step
    samples = np.concatenate([np.full(ahead, np.nan), placed.samples]) if ahead > 0 else placed.samples
    return Placed(samples=samples, fs_hz=placed.fs_hz, notes=(*placed.notes, *notes))


def _measure_start(times_s: Float64Array, first: int) -> float:
    """Seconds from the first row to another one; by the usual step where either has no time."""
    start_s = float(times_s[first] - times_s[0])
    if np.isfinite(start_s):
        return start_s
    steps_s = np.diff(times_s)
    steps_s = steps_s[np.isfinite(steps_s)]
    return first * float(np.median(steps_s)) if len(steps_s) else 0.0


def _find_filled(is_blank: BoolArray, times_s: Float64Array | None) -> tuple[IntpArray | None, int]:
    """Rows that hold values of a column of another rate than the table's, and how many rows its step is; else None."""
    if not is_blank.any():
        return None, 1
    filled = np.flatnonzero(~is_blank)
    if not _LEAST_FILLED <= len(filled) < _MOST_FILLED * len(is_blank):
        return None, 1
    steps = np.diff(filled)
    usual = int(np.median(steps))
    alike = float(np.mean(steps == usual))
    if usual > 1 and alike > _ALIKE:
        return filled, usual
    if times_s is None or alike > _ALIKE or find_even_rate(times_s) is not None:
        return None, 1
    # two devices merged by time: the rows of one have times of a regular rate
    grid = fit_grid(times_s[filled])
    is_own = find_even_rate(times_s[filled]) is not None or not (grid.problem or grid.breaks)
    return (filled, 1) if is_own else (None, 1)


def _place_in_order(values: Float64Array, filled: IntpArray | None, step: int, rate_hz: float) -> Placed:
    """Place values by the order of their rows."""
    if filled is None or step == 1:
        return Placed(samples=values, fs_hz=rate_hz)
    places = np.round((filled - filled[0]) / step).astype(np.int64)
    samples = np.full(int(places[-1]) + 1, np.nan)
    samples[places] = values
    return Placed(samples=samples, fs_hz=rate_hz)


def _place_by_time(path: Path, values: Float64Array, times_s: Float64Array, stated_hz: float | None) -> Placed:
    """Place values by their times, after the check of the clock."""
    rate_hz = find_even_rate(times_s)
    if rate_hz is not None:
        _check_rate(path, rate_hz, "the time column has")
        return Placed(samples=values, fs_hz=rate_hz, notes=_compare(stated_hz, rate_hz))
    twice = _find_twice(values, times_s)
    if twice.any():
        placed = _place_by_time(path, values[~twice], times_s[~twice], stated_hz)
        note = f"{int(twice.sum())} rows stand in the file twice: left out"
        return Placed(samples=placed.samples, fs_hz=placed.fs_hz, notes=(note, *placed.notes))
    if len(times_s) < 2:
        if stated_hz is not None:
            return Placed(samples=values, fs_hz=stated_hz)
        raise DataError(f"{path}: a single row, so the sampling rate is unknown; give it in Hz (fs_hz)")
    grid = fit_grid(times_s)
    if stated_hz is not None and (grid.problem or abs(grid.fs_hz / stated_hz - 1) < _SAME_RATE):
        by_stated = fit_grid(times_s, stated_hz)
        grid = grid if by_stated.problem and not grid.problem else by_stated
    if grid.problem and stated_hz is not None:
        _check_rate(path, stated_hz, "the file states")
        note = f"the time column is not used ({grid.problem}): samples follow each other at the stated {stated_hz:g} Hz"
        return Placed(samples=values, fs_hz=stated_hz, notes=(note,))
    if grid.problem:
        raise DataError(
            f"{path}: the sampling rate cannot be told from the time column ({grid.problem}); give it in Hz (fs_hz)"
        )
    _check_rate(path, grid.fs_hz, "the time column has")
    n_times = check_n_times(float(grid.places.max()) + 1, path, what="the table")
    samples = np.full(n_times, np.nan)
    samples[grid.places] = values
    return Placed(samples=samples, fs_hz=grid.fs_hz, notes=(*grid.notes, *_compare(stated_hz, grid.fs_hz)))


def find_even_rate(times_s: Float64Array) -> float | None:
    """Rate in Hz of times that are even but for rounding; None where the clock has to be checked.

    Parameters
    ----------
    times_s : ndarray, shape (n_times,)
        Seconds.

    Examples
    --------
    >>> find_even_rate(np.array([0.0, 0.004, 0.008])), find_even_rate(np.array([0.0, 0.004, 0.02]))
    (250.0, None)
    """
    if len(times_s) < 2:
        return None
    step = float(times_s[-1] - times_s[0]) / (len(times_s) - 1)
    steps = np.diff(times_s)
    # NaN fails both
    if not (step > 0 and steps.min() >= _EVEN[0] * step and steps.max() <= _EVEN[1] * step):
        return None
    off = times_s - times_s[0] - step * np.arange(len(times_s))
    return 1.0 / step if np.abs(off).max() < step else None


def _find_twice(values: Float64Array, times_s: Float64Array) -> BoolArray:
    """Tell which rows repeat the one ahead, time and value, where the others have even times; else none.

    A longer stretch that occurs again is a clock that was set, as far as one can tell: a steady heart repeats itself.
    """
    same = (np.diff(times_s) == 0) & (np.diff(values) == 0)
    is_twice = np.concatenate([[False], same]) if len(times_s) else same
    if not 0 < is_twice.sum() < _MOST_TWICE * len(times_s):
        return np.zeros(len(times_s), dtype=bool)
    rate_hz = find_even_rate(times_s[~is_twice])
    return is_twice if rate_hz is not None and is_ecg_rate(rate_hz) else np.zeros(len(times_s), dtype=bool)


def _compare(stated_hz: float | None, rate_hz: float) -> tuple[str, ...]:
    if stated_hz is None or abs(rate_hz / stated_hz - 1) < _SAME_RATE:
        return ()
    return (f"the file states {stated_hz:g} Hz, but its time column has {rate_hz:.6g} Hz: that one is taken",)


def _check_rate(path: Path, rate_hz: float, said: str) -> None:
    if not is_ecg_rate(rate_hz):
        raise DataError(
            f"{path}: {said} {rate_hz:.4g} Hz: expected {ECG_RATES_HZ[0]:g} to {ECG_RATES_HZ[1]:g} Hz for an ECG; give "
            "the rate in Hz (fs_hz), or name the time column by its unit (time_s, time_ms, time_min)"
        )
