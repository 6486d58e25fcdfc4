"""The clock of frames, whose rate may vary.

Input: time stamps of frames in their order, and the stated rate, if any. Output: times that increase. Each stamp is
kept where it is plausible: cameras and phones change their rate. What is not plausible (back, standing still, hours
ahead) is rebuilt from the order and the usual step.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ecg_facial.runtime.clocks.breaks import MAX_GAP_S, Break, describe_breaks
from ecg_facial.runtime.clocks.regular import fit_grid
from ecg_facial.runtime.typing import Float64Array

# above this share of stamps that do not increase, none is believed
_MAX_STANDING = 0.3
# A clock goes on where its next stamp is within ten usual steps, or a tenth of the frames between.
_CONTINUES_STEPS, _CONTINUES_SHARE = 10.0, 0.1
# a clock that was set for a while comes back within this number of breaks
_MAX_OLDER = 50
# over a single wrong stamp the two beside it are less than this number of steps apart
_AROUND_STEPS = 2.6
# neighbours are exchanged where no step is then shorter than this share of the usual one
_LEAST_FITTING = 0.6
# A first stamp that far from the others is wrong: a frame of a preview, or a clock not yet set.
_FAR_S, _FEW_STAMPS = 60.0, 3
# shorter steps forward are frames that were left out
_JUMP_S = 1.0


@dataclass(frozen=True, eq=False, kw_only=True)
class Times:
    """Checked times of frames.

    Attributes
    ----------
    times_s : ndarray, shape (n_times,)
        Increasing, on the clock of the first frames.
    breaks : tuple of Break
        Where the clock was set.
    notes : tuple of str
        What was done, one sentence each.
    problem : str
        Why there are no times; empty if there are.
    """

    times_s: Float64Array
    breaks: tuple[Break, ...] = ()
    notes: tuple[str, ...] = ()
    problem: str = ""


def check_times(stamps_s: Float64Array, nominal_hz: float = 0.0, *, what: str = "frames") -> Times:
    """Check time stamps, and rebuild those that cannot be true.

    Parameters
    ----------
    stamps_s : ndarray, shape (n_times,)
        Times in seconds, in the order of the frames; NaN where one is missing.
    nominal_hz : float
        Rate that the file states; 0 when it states none. It counts only where the stamps tell nothing.
    what : str
        What the notes call the frames, in the plural.

    Returns
    -------
    Times
        With a `problem` if neither stamps nor a stated rate tell the times.

    Examples
    --------
    >>> check_times(np.array([0.0, 0.04, 0.08, 0.0, 0.04, 0.08])).times_s.round(2).tolist()
    [0.0, 0.04, 0.08, 0.12, 0.16, 0.2]
    """
    stamps_s = np.where(np.isfinite(stamps_s), stamps_s, np.nan)
    known = np.flatnonzero(np.isfinite(stamps_s))
    if len(stamps_s) == 1:
        return Times(times_s=np.where(np.isfinite(stamps_s), stamps_s, 0.0))
    standing = np.diff(stamps_s[known]) <= 0
    if len(known) < 2 or standing.mean() > _MAX_STANDING:
        return _from_grid(stamps_s, nominal_hz, what)
    in_order, n_overtaken = _swap_overtaken(stamps_s[known])
    found, breaks = _follow(in_order)
    times_s = _fill(found, known, len(stamps_s))
    breaks = tuple(replace(one, index=int(known[one.index])) for one in breaks)
    # described by the mean rate, which only turns numbers of frames into seconds
    notes = describe_breaks(breaks, fs_hz=len(times_s) / max(float(np.ptp(times_s)), 1e-9), what=what)
    if n_overtaken:
        notes = (*notes, f"{n_overtaken} time stamps are earlier than the one ahead: put in order of time")
    if len(known) < len(stamps_s):
        notes = (*notes, f"{len(stamps_s) - len(known)} time stamps are missing: times there follow from the order")
    return Times(times_s=times_s, breaks=breaks, notes=notes)


def _from_grid(stamps_s: Float64Array, nominal_hz: float, what: str) -> Times:
    """Make times of order and rate: many frames share a stamp, as on clocks of whole seconds, or none is of use."""
    grid = fit_grid(stamps_s, nominal_hz, what=what)
    if grid.problem and nominal_hz <= 0:
        return Times(times_s=np.zeros(0), problem=grid.problem)
    if grid.problem:
        note = f"{grid.problem}: {what} follow each other at the stated {nominal_hz:g} Hz"
        return Times(times_s=np.arange(len(stamps_s)) / nominal_hz, notes=(note,))
    start_s = grid.start_s if np.isfinite(grid.start_s) else 0.0
    return Times(
        times_s=np.asarray(start_s + np.sort(grid.times_s), dtype=np.float64), breaks=grid.breaks, notes=grid.notes
    )


def _swap_overtaken(stamps_s: Float64Array) -> tuple[Float64Array, int]:
    """Exchange neighbours of which the later one came first, where both then fit between the two around them.

    A clock that was set back does not fit: its steps would be shorter than the usual one.
    """
    steps = np.diff(stamps_s)
    least_s = _LEAST_FITTING * float(np.median(steps[steps > 0]))
    swapped, n_swapped = stamps_s.copy(), 0
    for index in np.flatnonzero(steps < 0).tolist():
        first = max(index - 1, 0)
        around = swapped[first : index + 3].copy()
        around[[index - first, index + 1 - first]] = around[[index + 1 - first, index - first]]
        if (np.diff(around) >= least_s).all():
            swapped[first : index + 3] = around
            n_swapped += 1
    return swapped, n_swapped


def _follow(stamps_s: Float64Array) -> tuple[Float64Array, tuple[Break, ...]]:
    """Put the stretches between jumps one behind the other; an earlier clock that goes on is taken up again."""
    steps = np.diff(stamps_s)
    usual_s = float(np.median(steps[steps > 0]))
    edges = [0, *_find_jumps(stamps_s, steps, usual_s), len(stamps_s)]
    shifts = np.zeros(len(edges) - 1)
    is_set = np.zeros(len(edges) - 1, dtype=bool)
    spread: list[tuple[int, int]] = []
    for place in range(1, len(shifts)):
        index = edges[place]
        older = _find_clock(stamps_s, edges, place, usual_s)
        if older is None and _is_pause(steps[index - 1], edges, place):
            shifts[place] = shifts[place - 1]
            continue
        # what lies between an old clock and its return follows in order
        for late in range(place if older is None else older + 1, place + 1):
            before = edges[late] - 1
            shifts[late] = stamps_s[before] + shifts[late - 1] + usual_s - stamps_s[edges[late]]
            is_set[late] = True
        end_s = stamps_s[index - 1] + shifts[place - 1]
        if older is None:
            continue
        first, resumed_s = edges[older + 1], stamps_s[index] + shifts[older]
        between_s = (resumed_s - stamps_s[first - 1] - shifts[older]) / (index - first + 1)
        if resumed_s > end_s:
            shifts[place] = shifts[older]
        elif between_s >= _LEAST_FITTING * usual_s:
            # a few stamps of which each is wrong in its own way
            shifts[place] = shifts[older]
            spread.append((first, index))
    breaks = tuple(
        Break(index=edges[place], step_s=float(steps[edges[place] - 1]), is_gap=False)
        for place in np.flatnonzero(is_set).tolist()
    )
    times_s = stamps_s + np.repeat(shifts, np.diff(edges))
    for first, end in spread:
        times_s[first:end] = np.linspace(times_s[first - 1], times_s[end], end - first + 2)[1:-1]
    return times_s, breaks


def _find_jumps(stamps_s: Float64Array, steps: Float64Array, usual_s: float) -> list[int]:
    """First frames after a step that is not plausible, and those after a single wrong stamp."""
    least_s = max(_JUMP_S, _CONTINUES_STEPS * usual_s)
    jumps = set((np.flatnonzero((steps <= 0) | (steps > least_s)) + 1).tolist())
    for index in sorted(jumps):
        if index + 1 < len(stamps_s):
            around_s = stamps_s[index + 1] - stamps_s[index - 1]
            jumps |= {index + 1} if usual_s < around_s < _AROUND_STEPS * usual_s else set()
    return sorted(jumps)


def _find_clock(stamps_s: Float64Array, edges: list[int], place: int, usual_s: float) -> int | None:
    """Last stretch, except the one just ahead, whose clock goes on in this one, counted by frames."""
    index = edges[place]
    for older in range(place - 2, max(-1, place - 2 - _MAX_OLDER), -1):
        last = edges[older + 1] - 1
        off_s = stamps_s[index] - stamps_s[last] - (index - last) * usual_s
        if abs(off_s) <= max(_CONTINUES_STEPS, _CONTINUES_SHARE * (index - last)) * usual_s:
            return older
    return None


def _is_pause(step_s: float, edges: list[int], place: int) -> bool:
    """Tell whether a step forward is believed: not one of hours, nor one after the first few stamps."""
    is_first = place == 1 and edges[1] <= _FEW_STAMPS and step_s > _FAR_S
    return 0 < step_s <= MAX_GAP_S and not is_first


def _fill(found: Float64Array, known: np.ndarray, n_times: int) -> Float64Array:
    """Make times for all frames: between those with a stamp, and at the usual step before and behind them."""
    number = np.arange(n_times, dtype=np.float64)
    times_s = np.interp(number, known, found)
    step_s = float(np.median(np.diff(found) / np.diff(known)))
    before, behind = number < known[0], number > known[-1]
    times_s[before] = found[0] - (known[0] - number[before]) * step_s
    times_s[behind] = found[-1] + (number[behind] - known[-1]) * step_s
    return np.asarray(times_s, dtype=np.float64)
