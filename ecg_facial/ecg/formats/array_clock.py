"""The times beside the samples in arrays: an array of their own, or a column of the same table.

Input: channels of arrays. Output: which channel holds the times of another one, and names for the columns of a table
without names. The clock itself is checked by `runtime.clocks`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from ecg_facial.ecg.formats.clock_columns import MOST_UNNAMED, N_NAMED, find_roles
from ecg_facial.ecg.formats.contract import Channel
from ecg_facial.ecg.formats.text_times import TimeColumn, find_time_columns
from ecg_facial.runtime.typing import AnyArray


def find_time(
    channels: Sequence[Channel],
    places: Sequence[tuple[str, int]],
    shapes: Mapping[str, tuple[int, ...]],
    index: int,
) -> TimeColumn | None:
    """Find the channel with the times of another one: in the same table, else an array of the same length.

    Parameters
    ----------
    channels : sequence of Channel
    places : sequence of (str, int)
        Array and column of each channel.
    shapes : mapping of str to tuple of int
    index : int
        The channel whose times are wanted.
    """
    own = places[index][0]
    fitting = [
        column
        for column in find_time_columns([_last_name(channel) for channel in channels], of=index)
        if not column.counts
        if max(shapes[places[column.index][0]]) == max(shapes[own])
    ]
    beside = [column for column in fitting if places[column.index][0] == own]
    return next(iter(beside or fitting), None)


def name_unnamed(
    channels: Sequence[Channel], places: Sequence[tuple[str, int]], load: Callable[[str, int], AnyArray]
) -> tuple[tuple[Channel, ...], str] | None:
    """Name the columns of the only table where all but one are clocks or count samples; None where that is not clear.

    Returns
    -------
    channels : tuple of Channel
    note : str
        What was assumed.
    """
    if not 1 < len(channels) <= MOST_UNNAMED or len({name for name, _ in places}) > 1:
        return None
    if any(channel.is_named for channel in channels):
        return None
    roles = find_roles([np.asarray(load(*place)[:N_NAMED], dtype=np.float64) for place in places])
    if roles is None:
        return None
    names = roles.name_columns()
    named = tuple(Channel(name=names[place], unit=channel.unit) for place, channel in enumerate(channels))
    return named, roles.describe()


def _last_name(channel: Channel) -> Channel:
    """Leave out the structs around an array."""
    return Channel(name=channel.name.rpartition(".")[2], unit=channel.unit, is_named=channel.is_named)
