"""Tables in which a row holds several samples, one after the other: ``timestamp, ecg_0, ecg_1, ... ecg_15``.

Input: channels and rows. Output: the same with one sample per row, the first of each row at its time. Leads side by
side (``ECG1`` to ``ECG12``) stay: a lead changes less from row to row than from one lead to the next.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ecg_facial.ecg.formats.contract import Channel
from ecg_facial.ecg.formats.text_columns import Rows, read_fast
from ecg_facial.ecg.formats.text_times import COUNT_NAMES, find_time_columns

_NUMBERED = re.compile(r"(?P<base>[^\d]{1,40}?)[\s_.\[(]*(?P<number>\d{1,3})[\])]?")
# fewer are leads; rows by which it is decided
_LEAST, _N_LOOKED_AT = 4, 400
# steps between samples are this much smaller than those between rows
_SMALLER = 0.7


def unroll(channels: tuple[Channel, ...], rows: Rows) -> tuple[tuple[Channel, ...], Rows, tuple[str, ...]] | None:
    """Give each sample a row of its own; None for any other table.

    Returns
    -------
    channels : tuple of Channel
        Times, if there are some, and the signal.
    rows : Rows
    notes : tuple of str
    """
    if len(channels) <= _LEAST or not channels[0].is_named or rows.is_joined or rows.layout.delimiter is None:
        return None
    times = [column.index for column in find_time_columns(channels) if not column.counts]
    counts = [place for place, one in enumerate(channels) if one.name.lower() in COUNT_NAMES]
    samples = [place for place in range(len(channels)) if place not in (*times, *counts)]
    base = _find_base([_spell(channels[place]) for place in samples])
    if base is None or len(channels) != rows.n_columns or not _follow_each_other(rows, samples):
        return None
    mark = rows.layout.delimiter
    lines, places = [], []
    for line, place in zip(rows.lines, rows.places, strict=True):
        cells = rows.split(line)
        if len(cells) == rows.n_columns:
            stamp = cells[times[0]] if times else ""
            lines += [f"{stamp if not number else ''}{mark}{cells[at]}" for number, at in enumerate(samples)]
            places += [place] * len(samples)
    unrolled = replace(rows, lines=lines, places=places, layout=replace(rows.layout, n_columns=2), is_even=True)
    time = channels[times[0]] if times else Channel(name="row")
    note = f"each row holds {len(samples)} samples, {channels[samples[0]].name!r} and so on: read one after the other"
    own = channels[samples[0]].unit
    signal = replace(channels[samples[0]], name=base, unit=None if (own or "").isdecimal() else own)
    return (time, signal), unrolled, (note,)


def _spell(channel: Channel) -> str:
    """Name with the number that stands where a unit may, as in ``ECG[0]``."""
    return f"{channel.name} {channel.unit}" if (channel.unit or "").isdecimal() else channel.name


def _find_base(names: Sequence[str]) -> str | None:
    """Find the name that all have in common, with numbers that count behind it."""
    found = [_NUMBERED.fullmatch(name.strip()) for name in names]
    parts = [(one["base"].strip(), int(one["number"])) for one in found if one]
    if len(parts) < max(_LEAST, len(names)) or len({base.lower() for base, _ in parts}) > 1:
        return None
    numbers = [number for _, number in parts]
    first = numbers[0]
    return parts[0][0] if first < 2 and numbers == list(range(first, first + len(numbers))) else None


def _follow_each_other(rows: Rows, samples: Sequence[int]) -> bool:
    """Tell whether the cells of a row, and the first of the next one, are closer than those of a column."""
    part = rows.take(np.arange(len(rows.lines)) < _N_LOOKED_AT)
    values = read_fast(part, samples)
    if values is None or len(values) < 2:
        return False
    in_row, next_row = np.abs(np.diff(values, axis=1)), np.abs(values[1:, 0] - values[:-1, -1])
    in_column = float(np.nanmean(np.abs(np.diff(values, axis=0))))
    steps = float(np.nanmean(in_row)), float(np.nanmean(next_row))
    return in_column > 0 and max(steps) < _SMALLER * in_column
