"""LabChart's export to MATLAB: channels and blocks in one row, at rates of their own.

Input: the arrays of a file. Output: an `ArrayFile`, in which blocks follow each other. Opens no file.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ecg_facial.ecg.formats.arrays import ArrayFile
from ecg_facial.ecg.formats.contract import Channel
from ecg_facial.errors import CorruptDataError
from ecg_facial.runtime.typing import AnyArray


def read_labchart(path: Path, entries: Mapping[str, AnyArray]) -> ArrayFile:
    """Read LabChart's export: all channels and blocks in one row, with the numbers of their first and last samples.

    A channel that a block lacks has -1 there. Counts of the converter have a scale and an offset beside them.

    Raises
    ------
    CorruptDataError
        When the numbers of the samples do not fit the data.
    """
    data = np.ravel(entries["data"])
    starts, ends = (np.atleast_2d(entries[name]).astype(np.int64) for name in ("datastart", "dataend"))
    if starts.shape != ends.shape or starts.max(initial=0) > len(data) or ends.max(initial=0) > len(data):
        raise CorruptDataError(f"{path}: datastart and dataend do not fit {len(data)} numbers of data; export it again")
    titles = [str(one).strip() for one in np.ravel(entries.get("titles", np.array([], dtype=str)))]
    units = [str(one).strip() for one in np.ravel(entries.get("unittext", np.array([], dtype=str)))]
    n_channels, n_blocks = starts.shape
    unit_of = _first_positive(entries.get("unittextmap"), n_channels).astype(int)
    is_there = starts > 0

    def load(name: str, column: int) -> AnyArray:
        parts = []
        for block in np.flatnonzero(is_there[column]).tolist():
            part = data[starts[column, block] - 1 : max(0, ends[column, block])]
            if data.dtype.kind in "iu":
                offset, scale = (_at(entries.get(key), column, block) for key in ("scaleoffset", "scaleunits"))
                part = part if scale is None else (part.astype(np.float64) + (offset or 0.0)) * scale
            parts.append(part)
        return np.concatenate(parts) if parts else np.zeros(0)

    names = [titles[at] if at < len(titles) else "" for at in range(n_channels)]
    lengths = np.where(is_there, np.clip(ends - starts + 1, 0, None), 0).sum(axis=1)
    stated = entries.get("samplerate")
    rates = {str(at): _list_rates(stated, at, n_channels) for at in range(n_channels)}
    return ArrayFile(
        path=path,
        channels=tuple(
            Channel(
                name=name or str(at + 1),
                unit=units[unit_of[at] - 1] if 0 < unit_of[at] <= len(units) else None,
                is_named=bool(name),
            )
            for at, name in enumerate(names)
        ),
        places=tuple((str(at), at) for at in range(n_channels)),
        shapes={str(at): (max(1, int(n)),) for at, n in enumerate(lengths)},
        rates_hz={name: own[0] for name, own in rates.items() if len(own) == 1},
        stated_hz=max(rates.values(), key=len) if max(map(len, rates.values())) > 1 else (),
        load=load,
        kind="MATLAB file of LabChart",
        notes=(f"{n_blocks} blocks follow each other: the pauses between them are not in the file",) * (n_blocks > 1),
    )


def _first_positive(array: AnyArray | None, n_channels: int) -> AnyArray:
    """First positive number of each channel's row; 0 where there is none."""
    table = np.atleast_2d(np.zeros((n_channels, 1)) if array is None else array)
    if len(table) < n_channels:
        return np.zeros(n_channels)
    return np.array([next((one for one in row.tolist() if one > 0), 0) for row in table[:n_channels]])


def _at(array: AnyArray | None, channel: int, block: int) -> float | None:
    """Give the number of a channel in a block, or that of all blocks where there is one for each channel."""
    if array is None or array.ndim != 2 or channel >= len(array) or not array.shape[1]:
        return None
    return float(array[channel, min(block, array.shape[1] - 1)])


def _list_rates(stated: AnyArray | None, channel: int, n_channels: int) -> tuple[float, ...]:
    """Different rates of a channel over the blocks; one row may hold those of all channels."""
    if stated is None:
        return ()
    table = np.atleast_2d(stated)
    own = table[channel] if len(table) == n_channels else np.ravel(table)
    return tuple(sorted({float(one) for one in own.tolist() if one > 0}))
