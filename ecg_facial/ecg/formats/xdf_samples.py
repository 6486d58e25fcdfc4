"""Samples of an XDF chunk, and the clock offsets of a stream.

Input: the bytes of a chunk. Output: values of one channel with their time stamps; stamps with the offsets that the
recorder measured between its clock and the stream's. Opens no file.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from ecg_facial.runtime.typing import AnyArray, Float64Array, IntpArray

_STAMP_BYTES = 8
# Offsets are measured every 5 s, and clocks drift by less than 1 ms in that time: a quarter second is a new clock.
_NEW_CLOCK_S = 0.25


def place_samples(content: bytes, n_times: int, width: int) -> IntpArray | None:
    """Find the samples of a chunk.

    Parameters
    ----------
    content : bytes
        Samples one behind the other: a byte that is 0, or 8 with a time stamp of 8 bytes behind it, and the values.
    n_times : int
    width : int
        Bytes of the values of a sample.

    Returns
    -------
    ndarray of int, shape (n_times,), or None
        First byte of each sample; None if the samples do not fill the content exactly.
    """
    flags = np.frombuffer(content, dtype=np.uint8)
    # the usual chunks: each sample has a stamp, the first one has, or none
    for first, others in ((8, 8), (8, 0), (0, 0)):
        step = 1 + others + width
        places = np.arange(n_times, dtype=np.intp) * step
        places[1:] += first - others
        end = n_times * step + (first - others if n_times else 0)
        if end == len(content) and np.all(flags[places[:1]] == first) and np.all(flags[places[1:]] == others):
            return places
    found = np.empty(n_times, dtype=np.intp)
    place = 0
    for number in range(n_times):
        if place >= len(content) or content[place] not in (0, _STAMP_BYTES):
            return None
        found[number] = place
        place += 1 + content[place] + width
    return found if place == len(content) else None


def read_samples(
    content: bytes, places: IntpArray, offset: int, kind: np.dtype[np.generic]
) -> tuple[AnyArray, Float64Array]:
    """Values and time stamps of the samples of a chunk.

    Parameters
    ----------
    content : bytes
    places : ndarray of int, shape (n_times,)
        As from `place_samples`.
    offset : int
        Bytes of a sample's values ahead of the channel's.
    kind : dtype

    Returns
    -------
    ndarray, shape (n_times,)
        Values of the channel.
    ndarray of float64, shape (n_times,)
        Seconds on the stream's clock; NaN for samples without a stamp.
    """
    flags = np.frombuffer(content, dtype=np.uint8)
    stamped = flags[places] == _STAMP_BYTES
    at = places + 1 + np.where(stamped, _STAMP_BYTES, 0) + offset
    values = flags[at[:, None] + np.arange(kind.itemsize)].reshape(-1).view(kind)
    stamps_s = np.full(len(places), np.nan)
    own = flags[places[stamped][:, None] + np.arange(1, 1 + _STAMP_BYTES)].reshape(-1)
    stamps_s[stamped] = own.view("<f8")
    return values, stamps_s


def synchronise(stamps_s: Float64Array, at: Sequence[int], offsets_s: Sequence[float]) -> tuple[Float64Array, int]:
    """Put time stamps on the recorder's clock.

    Parameters
    ----------
    stamps_s : ndarray, shape (n_times,)
        Seconds on the stream's clock, in the order of the file.
    at : sequence of int
        Number of samples that were there when each offset was measured.
    offsets_s : sequence of float
        Offsets in seconds.

    Returns
    -------
    ndarray, shape (n_times,)
        With a straight line through the offsets added, one for each clock: measured offsets scatter by network delays.
    int
        Number of times that the stream's clock was another one.
    """
    if not len(at):
        return stamps_s, 0
    offsets = np.asarray(offsets_s, dtype=np.float64)
    edges = [0, *(np.flatnonzero(np.abs(np.diff(offsets)) > _NEW_CLOCK_S) + 1).tolist(), len(offsets)]
    shifts = np.empty(len(stamps_s))
    number = np.arange(len(stamps_s))
    start = 0
    for first, end in pairwise(edges):
        places = np.asarray(at[first:end], dtype=np.float64)
        stop = len(stamps_s) if end == len(offsets) else _find_change(stamps_s, at[end - 1], at[end], start)
        if len(np.unique(places)) > 2:
            slope, level = np.polyfit(places, offsets[first:end], 1)
        else:
            slope, level = 0.0, float(np.median(offsets[first:end]))
        shifts[start:stop] = level + slope * np.clip(number[start:stop], places[0], places[-1])
        start = stop
    return stamps_s + shifts, len(edges) - 2


def _find_change(stamps_s: Float64Array, before: int, behind: int, least: int) -> int:
    """First sample on the new clock: behind the largest step between the two measurements."""
    low, high = max(before - 1, least, 0), min(behind + 1, len(stamps_s))
    steps = np.abs(np.diff(stamps_s[low:high]))
    if not len(steps) or np.isnan(steps).all():
        return max(least, min(behind, len(stamps_s)))
    return int(low + np.nanargmax(np.abs(steps - np.nanmedian(steps))) + 1)
