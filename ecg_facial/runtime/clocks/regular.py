"""The clock of a signal with a regular rate.

Input: time stamps as a device, a table or a network wrote them, and the rate that is stated, if any. Output: the
measured rate, and the index of each sample at that rate. Lost samples leave gaps; nothing is interpolated.

The stamps are believed only where they agree with the order of the samples:

1. Stamps that are missing (NaN) or never change tell nothing: order and the stated rate place the samples.
2. Samples that are in another order than their stamps (newest first, packets overtaken) are sorted, if every stamp then
   fits a regular rate.
3. Where many samples share a stamp (chunks, clocks of whole seconds), only the first of each run has a time.
4. The rate follows from slopes over spans that hold no break, then from least squares inside the stretches: never
   across a break.
5. A break is a jump of the delay that lasts. `breaks` tells lost samples from a clock that was set.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ecg_facial.runtime.clocks.breaks import Break, classify_breaks, describe_breaks, find_another_rate, levels_of
from ecg_facial.runtime.typing import Float64Array, Int64Array, IntpArray

# LSL stamps are delayed by buffering, never early: the minimum delay in any 2 s counts as zero.
_ON_TIME_S = 2.0
# Samples were lost if the minimum delay rises by half of this: 50 ms, but at least three samples.
_GAP_S, _GAP_STEPS = 0.05, 3.0
# Stamps within this share of a step are exact: then a single lost sample is seen, as a step of 0.4 or more that lasts.
_EXACT_STEPS, _SEEN_STEPS, _LOST_STEPS, _EXACT_REACH = 0.3, 0.4, 0.6, 32
# no window of a break reaches over a jump as large as this
_LARGE_S = 0.5
# stamps further off a regular rate than this are refused, unless they are few
_MAX_LATE_S, _FEW_LATE = 1.0, 0.01
# More jumps than five, and than one per second, are not losses: the signal is irregular. Exact stamps prove each one.
_FEW_GAPS, _MAX_GAPS_PER_S, _MAX_EXACT_GAPS = 5, 1.0, 0.1
# The rate is measured over 20 s or more without losses; in less, delays outweigh the drift of the clocks.
_MEASURED_S = 20.0
# A stated rate, or a whole number of hertz, is taken if it differs by under half a sample over all of the recording.
_SAME_STEPS, _SAME_SHARE = 0.5, 1e-3
# largest difference between measured and nominal rate, as a share
_MAX_DRIFT = 0.05
# above this share of equal neighbours, stamps belong to chunks
_SHARED = 0.3
# so many equal stamps in a row, where others change, are a clock that stood still
_STOOD_STILL = 20
# The first estimate is the mean slope over spans, as shares of all stamps, of which half agree within 20 %.
_SPANS, _ALIKE, _ALIKE_SHARE = (0.1, 0.025, 0.006), 0.2, 0.5
# Lost samples make it too low. Single steps are better where 95 % are equal within 2 %, and near it.
_EQUAL, _EQUAL_SHARE, _NEAR = 0.02, 0.95, 0.3


@dataclass(frozen=True, eq=False, kw_only=True)
class Grid:
    """Samples on a regular grid.

    Attributes
    ----------
    fs_hz : float
        Rate of the grid in Hz.
    places : ndarray of int64, shape (n_times,)
        Index of each sample on the grid, from 0; increasing, except where samples were not in the order of their
        stamps. ``samples[places] = values`` puts them in order.
    start_s : float
        Time stamp of place 0; NaN if the stamps tell none.
    breaks : tuple of Break
        Where samples were lost, and where the clock was set.
    notes : tuple of str
        What was done, one sentence each.
    problem : str
        Why the stamps do not fit a regular rate; empty if they do.
    """

    fs_hz: float
    places: Int64Array
    start_s: float = float("nan")
    breaks: tuple[Break, ...] = ()
    notes: tuple[str, ...] = ()
    problem: str = ""

    @property
    def n_gaps(self) -> int:
        """Number of places where samples were lost."""
        return sum(one.is_gap for one in self.breaks)

    @property
    def times_s(self) -> Float64Array:
        """Time of each sample in seconds from place 0, shape (n_times,)."""
        return np.asarray(self.places / self.fs_hz, dtype=np.float64)


@dataclass(frozen=True, eq=False, kw_only=True)
class _Stamps:
    """Stamps that are used: the number of the sample of each, and whether they are the first of chunks."""

    number: IntpArray
    times_s: Float64Array
    of_chunks: bool


def fit_grid(stamps_s: Float64Array, nominal_hz: float = 0.0, *, what: str = "samples") -> Grid:
    """Fit a regular grid to time stamps.

    Parameters
    ----------
    stamps_s : ndarray, shape (n_times,)
        Times in seconds, in the order of the samples; NaN where one is missing.
    nominal_hz : float
        Rate that the device states; 0 when it states none.
    what : str
        What the notes call the samples, in the plural.

    Returns
    -------
    Grid
        With a `problem` if the stamps do not fit a regular rate, or if nothing tells the rate.
    """
    n_times = len(stamps_s)
    if n_times < 2:
        return _refuse(nominal_hz, "fewer than two usable time stamps")
    order, order_notes = _find_order(stamps_s)
    stamps = _choose_stamps(stamps_s if order is None else stamps_s[order])
    if len(stamps.times_s) < 2 or not np.ptp(stamps.times_s):
        return _without_clock(stamps_s, nominal_hz, what)
    grid = _fit_ordered(stamps, n_times, nominal_hz, what)
    if order is None or grid.problem:
        return grid
    places = np.empty(n_times, dtype=np.int64)
    places[order] = grid.places
    return Grid(
        fs_hz=grid.fs_hz, places=places, start_s=grid.start_s, breaks=grid.breaks, notes=(*order_notes, *grid.notes)
    )


def _refuse(fs_hz: float, problem: str) -> Grid:
    return Grid(fs_hz=fs_hz, places=np.zeros(0, dtype=np.int64), problem=problem)


def _without_clock(stamps_s: Float64Array, nominal_hz: float, what: str) -> Grid:
    """Place samples by order and stated rate where no stamp tells more."""
    said = "are missing" if np.isfinite(stamps_s).sum() < 2 else "do not increase"
    if nominal_hz <= 0:
        return _refuse(0.0, f"no stated rate, and time stamps that {said}")
    note = f"time stamps that {said}: {what} follow each other at the stated {nominal_hz:g} Hz"
    return Grid(fs_hz=nominal_hz, places=np.arange(len(stamps_s), dtype=np.int64), notes=(note,))


def _find_order(stamps_s: Float64Array) -> tuple[IntpArray | None, tuple[str, ...]]:
    """Order of the samples in time where it is surely another one than theirs, else None."""
    steps = np.diff(stamps_s)
    if not np.isfinite(steps).all() or not (steps < 0).any():
        return None, ()
    if (steps <= 0).all():
        return np.arange(len(stamps_s))[::-1], ("time stamps run backwards: put in order of time",)
    if int((steps < 0).sum()) < 2:
        # once back is a clock that was set, however well the two parts fit
        return None, ()
    order = np.argsort(stamps_s, kind="stable")
    sorted_steps = np.diff(stamps_s[order])
    usual = float(np.median(sorted_steps))
    if sorted_steps.min() < (1 - _EXACT_STEPS) * usual or sorted_steps.max() > (1 + _EXACT_STEPS) * usual:
        return None, ()
    return order, (f"{int((steps < 0).sum())} time stamps are earlier than the one ahead: put in order of time",)


def _choose_stamps(stamps_s: Float64Array) -> _Stamps:
    """Leave out missing stamps, and all but the first of each run of equal ones where runs are the rule."""
    number = np.flatnonzero(np.isfinite(stamps_s))
    times_s = stamps_s[number]
    changes = np.flatnonzero(np.diff(times_s) != 0) + 1
    if len(times_s) < 2 or len(changes) >= (1 - _SHARED) * (len(times_s) - 1):
        # a clock that stood still, as one that was not set at first, tells nothing there
        runs = np.diff(np.r_[0, changes, len(times_s)])
        moves = np.repeat(runs < _STOOD_STILL, runs)
        return _Stamps(number=number[moves], times_s=times_s[moves], of_chunks=False)
    # the first run may be the end of a chunk: its first sample has no time
    return _Stamps(number=number[changes], times_s=times_s[changes], of_chunks=True)


def _fit_ordered(stamps: _Stamps, n_times: int, nominal_hz: float, what: str) -> Grid:
    """Fit stamps of samples that are in order."""
    estimate_hz, agrees = _estimate_rate(stamps)
    if not agrees and nominal_hz <= 0:
        return _refuse(0.0, "no stated rate, and time stamps of no regular rate")
    if agrees and nominal_hz > 0 and abs(estimate_hz / nominal_hz - 1) > _MAX_DRIFT:
        said = f"a stated rate of {nominal_hz:g} Hz, and time stamps of {estimate_hz:.4g} Hz"
        return _refuse(estimate_hz, said)
    rate_hz = estimate_hz if agrees else nominal_hz
    off = np.abs(np.diff(stamps.times_s) - np.diff(stamps.number) / rate_hz)
    is_exact = float(np.percentile(off, 90)) < _EXACT_STEPS / rate_hz
    starts = _find_breaks(stamps, rate_hz, is_exact=is_exact)
    most = _MAX_EXACT_GAPS * n_times if is_exact else _MAX_GAPS_PER_S * n_times / rate_hz
    if len(starts) > 1 + max(_FEW_GAPS, most):
        return _refuse(rate_hz, f"time stamps that jump {len(starts) - 1} times")
    rate_hz = _measure_rate(stamps, starts, nominal_hz, rate_hz, is_exact=is_exact)
    if nominal_hz > 0 and abs(rate_hz / nominal_hz - 1) > _MAX_DRIFT:
        said = f"a stated rate of {nominal_hz:g} Hz, and time stamps of {rate_hz:.4g} Hz"
        return _refuse(rate_hz, said)
    another = find_another_rate(stamps.times_s, stamps.number, starts, rate_hz)
    if another is not None:
        said = f"time stamps of {rate_hz:.4g} Hz, and of {another[1]:.4g} Hz from sample {another[0] + 1} on"
        return _refuse(rate_hz, said)
    rate_hz = _prefer(nominal_hz or float(round(rate_hz)), rate_hz, n_times)
    return _place(stamps, starts, n_times, rate_hz, is_exact=is_exact, what=what)


def _prefer(plain_hz: float, measured_hz: float, n_times: int) -> float:
    """Take a plain rate where the measured one cannot be told from it."""
    same = plain_hz > 0 and abs(measured_hz / plain_hz - 1) < min(_SAME_SHARE, _SAME_STEPS / n_times)
    return plain_hz if same else measured_hz


def _estimate_rate(stamps: _Stamps) -> tuple[float, bool]:
    """First estimate of the rate, from slopes over spans; and whether these agree.

    Long spans average delays, and short ones hold fewer breaks: the longest that agree are taken.
    """
    single, equal_share = _find_slope(stamps, 1, within=_EQUAL)
    for span in (max(1, int(part * len(stamps.times_s))) for part in _SPANS):
        usual, share = _find_slope(stamps, span, within=_ALIKE)
        if share >= _ALIKE_SHARE:
            # rounded times have single steps above the mean, lost samples have them below
            is_single = equal_share >= _EQUAL_SHARE and (1 - _NEAR) * usual < single < usual
            return 1.0 / (single if is_single else usual), True
    return 0.0, False


def _find_slope(stamps: _Stamps, span: int, *, within: float) -> tuple[float, float]:
    """Mean of the slopes that are within a share of their median, in seconds per sample, and how many are."""
    slopes = (stamps.times_s[span:] - stamps.times_s[:-span]) / (stamps.number[span:] - stamps.number[:-span])
    usual = float(np.median(slopes))
    alike = np.abs(slopes - usual) < within * usual
    # a median of two kinds of slope may be between both
    if not alike.any():
        return usual, 0.0
    return float(slopes[alike].mean()), float(alike.mean())


def _find_breaks(stamps: _Stamps, rate_hz: float, *, is_exact: bool) -> IntpArray:
    """First stamps after breaks, and stamp 0.

    A jump of the delay is a break only if the minimum delay of what follows stays on the other side of that of what was
    before: radio links send bursts, and the stamp of each burst jumps.
    """
    lateness = stamps.times_s - stamps.number / rate_hz
    gap_s = max(_GAP_S, _GAP_STEPS / rate_hz)
    least_s, lasting_s = (_SEEN_STEPS / rate_hz, _LOST_STEPS / rate_hz) if is_exact else (gap_s, gap_s / 2)
    per_s = rate_hz * len(lateness) / (1 + int(stamps.number[-1] - stamps.number[0]))
    reach = max(2, round(_ON_TIME_S * per_s))
    reach = min(reach, _EXACT_REACH) if is_exact else reach
    jumps = np.diff(lateness)
    large = np.append(np.flatnonzero(np.abs(jumps) > _LARGE_S) + 1, len(lateness))
    starts = [0]
    for at in (np.flatnonzero(np.abs(jumps) > least_s) + 1).tolist():
        end = min(at + reach, int(large[np.searchsorted(large, at, side="right")]))
        moved = lateness[at:end].min() - lateness[max(starts[-1], at - reach) : at].min()
        if moved * np.sign(jumps[at - 1]) > lasting_s:
            starts.append(at)
    return np.array(starts, dtype=np.intp)


def _measure_rate(
    stamps: _Stamps, starts: IntpArray, nominal_hz: float, estimate_hz: float, *, is_exact: bool
) -> float:
    """Rate by least squares inside the stretches, each with a start of its own.

    Delays outweigh the drift of clocks in less than 20 s: a stated rate is better then, unless the stamps are exact.
    """
    ends = np.append(starts[1:], len(stamps.times_s))
    longest = int(np.argmax(ends - starts))
    long_s = (stamps.number[ends[longest] - 1] - stamps.number[starts[longest]]) / estimate_hz
    if not is_exact and long_s < _MEASURED_S - 1 and nominal_hz > 0:
        return nominal_hz
    above, below = 0.0, 0.0
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        if is_exact or start == starts[longest]:
            number = stamps.number[start:end] - np.mean(stamps.number[start:end])
            times_s = stamps.times_s[start:end]
            above, below = above + float(number @ (times_s - times_s.mean())), below + float(number @ number)
    return below / above if above > 0 else estimate_hz


def _place(stamps: _Stamps, starts: IntpArray, n_times: int, rate_hz: float, *, is_exact: bool, what: str) -> Grid:
    """Place the samples: without gaps within a stretch, and a whole number of samples between two."""
    lateness = stamps.times_s - stamps.number / rate_hz
    levels_s = levels_of(lateness, starts, use_median=stamps.of_chunks)
    first = stamps.number[starts]
    n_stamps = np.diff(np.append(starts, len(lateness)))
    tolerance_s = _LOST_STEPS / rate_hz if is_exact else max(_GAP_S, _GAP_STEPS / rate_hz)
    breaks = classify_breaks(levels_s, n_stamps, first, tolerance_s=tolerance_s)
    # rounded from the start on, so that errors do not add up
    lost = np.round(np.cumsum([one.step_s * rate_hz if one.is_gap else 0.0 for one in breaks])).astype(np.int64)
    edges = np.array([0, *(one.index for one in breaks), n_times])
    places = np.arange(n_times, dtype=np.int64) + np.repeat(np.r_[np.int64(0), lost], np.diff(edges))
    late = np.abs(lateness - np.repeat(levels_s, n_stamps))
    late[np.repeat(n_stamps, n_stamps) <= 2] = 0.0
    wrong = int((late > _MAX_LATE_S).sum())
    notes = describe_breaks(breaks, fs_hz=rate_hz, what=what)
    if wrong > _FEW_LATE * len(late):
        problem = f"time stamps up to {late.max():.3g} s off a regular rate"
        return Grid(fs_hz=rate_hz, places=places, breaks=breaks, problem=problem)
    uneven_s = max(_GAP_S, _GAP_STEPS / rate_hz)
    if is_exact and (late > uneven_s).sum() > wrong + _FEW_LATE * len(late):
        notes = (*notes, f"the rate changes: time stamps are up to {late.max():.3g} s off a regular one")
    if wrong:
        notes = (*notes, f"{wrong} time stamps are over {_MAX_LATE_S:g} s off a regular rate, and not used")
    # a single wrong stamp at the start is not the start
    start_s = levels_s[0] if len(levels_s) < 2 or n_stamps[0] > n_stamps[1] or breaks[0].is_gap else levels_s[1]
    return Grid(fs_hz=rate_hz, places=places, start_s=start_s, breaks=breaks, notes=notes)
