"""Breaks of a clock: where its time stamps and the order of the samples disagree.

Input: levels of the stretches between breaks. Output: `Break` objects, each a gap or a clock that was set, and the
notes about them.

Why two kinds: samples that were lost make time stamps run ahead of the order, and never fall back. A clock that was set
(restarted at 0, put right by a server, in another time zone) steps either way, and nothing is missing there. A step
forward that is taken back later, or one of hours, is a clock that was set.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ecg_facial.runtime.typing import Float64Array, IntpArray

# A longer pause is another recording, or a clock that was set.
MAX_GAP_S = 3600.0
# So few stamps at either end, over a second away from all others, are wrong: a first stamp of 0 is the usual one.
_FEW_STAMPS, _FAR_S = 3, 1.0
# a clock that was set for a while comes back within this number of breaks
_MAX_BACK = 50


# a stretch of so many stamps has a rate of its own where its quarters agree within 2 %, and it is off by over 5 %
_MEASURED_STAMPS, _N_PARTS, _STEADY, _OTHER_RATE = 40, 4, 0.02, 0.05


@dataclass(frozen=True, kw_only=True)
class Break:
    """One break.

    Attributes
    ----------
    index : int
        First sample after it.
    step_s : float
        Step of the time stamps beyond the usual step, in seconds; negative where they run back.
    is_gap : bool
        Whether samples were lost. False where the clock was set: the samples follow each other without a gap.
    """

    index: int
    step_s: float
    is_gap: bool


def classify_breaks(
    levels_s: Sequence[float], n_stamps: IntpArray, first: IntpArray, *, tolerance_s: float
) -> tuple[Break, ...]:
    """Decide which breaks are gaps.

    Parameters
    ----------
    levels_s : sequence of float
        Mean difference between time stamp and order of each stretch, in seconds.
    n_stamps : ndarray of int, shape (n_stretches,)
        Number of time stamps of each stretch.
    first : ndarray of int, shape (n_stretches,)
        First sample of each stretch.
    tolerance_s : float
        Levels this close are the same.

    Returns
    -------
    tuple of Break
        One less than stretches.
    """
    steps = np.diff(np.asarray(levels_s, dtype=np.float64))
    is_gap = (steps > 0) & (steps <= MAX_GAP_S)
    far = steps > _FAR_S
    if len(steps):
        is_gap[0] &= not (far[0] and n_stamps[0] <= _FEW_STAMPS)
        is_gap[-1] &= not (far[-1] and n_stamps[-1] <= _FEW_STAMPS)
    # lost samples never come back: a level that returns was the clock's, there and back
    for late in np.flatnonzero(steps < 0).tolist():
        _undo(levels_s, is_gap, late + 1, range(late - 1, max(-1, late - 1 - _MAX_BACK), -1), tolerance_s)
    for late in np.flatnonzero(is_gap).tolist():
        fallen = [place for place in range(max(0, late - _MAX_BACK), late) if steps[place] < 0]
        if fallen:
            _undo(levels_s, is_gap, late + 1, range(late - 1, fallen[0] - 1, -1), tolerance_s)
    return tuple(
        Break(index=int(first[place + 1]), step_s=float(step), is_gap=bool(is_gap[place]))
        for place, step in enumerate(steps)
    )


def _undo(
    levels_s: Sequence[float], is_gap: np.ndarray, stretch: int, earlier: Sequence[int], tolerance_s: float
) -> None:
    """Mark all breaks since the last earlier stretch on the level of this one as a clock that was set."""
    for place in earlier:
        if abs(levels_s[stretch] - levels_s[place]) < tolerance_s:
            is_gap[place:stretch] = False
            return


def find_another_rate(
    times_s: Float64Array, number: IntpArray, starts: IntpArray, rate_hz: float
) -> tuple[int, float] | None:
    """Find a stretch between breaks with a steady rate of its own.

    Parameters
    ----------
    times_s : ndarray, shape (n_stamps,)
    number : ndarray of int, shape (n_stamps,)
        Number of the sample of each stamp.
    starts : ndarray of int
        First stamp of each stretch.
    rate_hz : float
        Of the whole.

    Returns
    -------
    tuple of int and float, or None
        First sample of the stretch, and its rate in Hz.
    """
    ends = np.append(starts[1:], len(times_s))
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        if len(starts) < 2 or end - start < _MEASURED_STAMPS:
            continue
        parts = np.linspace(start, end - 1, _N_PARTS + 1).astype(np.intp)
        slopes = np.diff(times_s[parts]) / np.diff(number[parts])
        usual = float(np.median(slopes))
        # delays of a network differ from part to part
        is_steady = usual > 0 and float(np.abs(slopes / usual - 1).max()) < _STEADY
        if is_steady and abs(usual * rate_hz - 1) > _OTHER_RATE:
            return int(number[start]), 1 / usual
    return None


def describe_breaks(breaks: Sequence[Break], *, fs_hz: float, what: str) -> tuple[str, ...]:
    """Make notes of breaks: one sentence for what was lost, one for a clock that was set.

    Examples
    --------
    >>> describe_breaks([Break(index=500, step_s=-0.5, is_gap=False)], fs_hz=250.0, what="samples")
    ('the clock steps by -0.5 s after sample 500 (2 s): times behind it follow from order and rate',)
    """
    notes = []
    gaps = [one for one in breaks if one.is_gap]
    steps = [one for one in breaks if not one.is_gap]
    if gaps:
        lost_s = sum(one.step_s for one in gaps)
        notes.append(f"{what} were lost {len(gaps)} times ({lost_s:.3g} s): NaN there")
    if steps:
        one, more = steps[0], f" and {len(steps) - 1} more times" if len(steps) > 1 else ""
        notes.append(
            f"the clock steps by {one.step_s:.3g} s after {what.removesuffix('s')} {one.index} "
            f"({one.index / fs_hz:.3g} s){more}: times behind it follow from order and rate"
        )
    return tuple(notes)


def levels_of(lateness_s: Float64Array, starts: IntpArray, *, use_median: bool) -> list[float]:
    """Mean or median of each stretch."""
    reduce = np.median if use_median else np.mean
    ends = np.append(starts[1:], len(lateness_s))
    return [float(reduce(lateness_s[start:end])) for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]
