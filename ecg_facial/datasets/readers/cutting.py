"""Stretches of long recordings: where a stimulus is, and where a person is at rest.

Enters: when something happens. Leaves: times to cut at. Opens no file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ecg_facial.runtime.typing import BoolArray

SETTLE_S = 10.0
"""Seconds from the end of a stimulus to where rest may begin: the heart answers late and calms down slowly."""

MAX_REST_WINDOWS = 10
"""Rest windows a person: more would cost disk and tell little."""

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
    """Find where rest windows begin: the earliest ones, end to end.

    Parameters
    ----------
    duration_s : float
        Length of the recording in seconds.
    stimuli : sequence of (float, float)
        Begin and end of each; rest begins `settle_s` after the end and is over before the begin.
    taken : sequence of (float, float)
        Scored trials and what else must not be touched.
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
        # what is said to happen after the recording's end is no end of it
        n_windows = max(0, int((min(begin_s, duration_s) - now_s + _CLOCK_TOLERANCE_S) / window_s))
        yield from (now_s + number * window_s for number in range(n_windows))
        now_s = max(now_s, end_s)
