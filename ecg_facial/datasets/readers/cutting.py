"""Parts of long recordings: stimuli, and windows of rest.

Input: times of events. Output: times to cut at. Opens no file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ecg_facial.runtime.typing import BoolArray

SETTLE_S = 10.0
"""Seconds from the end of a stimulus to the first rest window: the heart responds late and recovers slowly."""

MAX_REST_WINDOWS = 10
"""Limit of rest windows per person: more would cost disk space and add little."""

Interval = tuple[float, float]
_CLOCK_TOLERANCE_S = 1e-6


def find_runs(mask: BoolArray) -> list[tuple[int, int]]:
    """First index and end of each run of True.

    Examples
    --------
    >>> import numpy as np
    >>> find_runs(np.array([True, False, True, True]))
    [(0, 1), (2, 4)]
    """
    import numpy as np

    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return [(int(first), int(end)) for first, end in zip(edges[::2], edges[1::2], strict=True)]


def find_rest(
    duration_s: float,
    *,
    stimuli: Sequence[Interval],
    taken: Sequence[Interval],
    window_s: float,
    settle_s: float = SETTLE_S,
) -> list[float]:
    """Find the starts of rest windows: the earliest ones, without gaps.

    Parameters
    ----------
    duration_s : float
        Length of the recording in seconds.
    stimuli : sequence of (float, float)
        Begin and end of each; rest windows begin `settle_s` after the end, and end before the begin.
    taken : sequence of (float, float)
        Scored trials and other intervals that must not overlap a rest window.
    window_s : float
        Length of a window in seconds.
    settle_s : float

    Returns
    -------
    list of float
        At most `MAX_REST_WINDOWS` times in seconds, ascending.

    Examples
    --------
    >>> find_rest(60.0, stimuli=[(12.0, 20.0)], taken=[(40.0, 45.0)], window_s=5.0)
    [0.0, 5.0, 30.0, 35.0, 45.0, 50.0, 55.0]
    """
    barriers = [(begin_s, end_s + settle_s) for begin_s, end_s in stimuli]
    found = list(_fill([*barriers, *taken], duration_s=duration_s, window_s=window_s))
    return found[:MAX_REST_WINDOWS]


def _fill(barriers: Sequence[Interval], *, duration_s: float, window_s: float) -> Iterator[float]:
    now_s = 0.0
    for begin_s, end_s in (*sorted(barriers), (duration_s, duration_s)):
        # an event may be listed after the end of the recording
        n_windows = max(0, int((min(begin_s, duration_s) - now_s + _CLOCK_TOLERANCE_S) / window_s))
        yield from (now_s + number * window_s for number in range(n_windows))
        now_s = max(now_s, end_s)
