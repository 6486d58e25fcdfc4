"""NumPy files: ``.npy`` and ``.npz``.

Input: a path. Output: one column of an array. Python objects (pickle) are refused, and shapes are compared with the
size of the file before memory is allocated.
"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np

from ecg_facial.ecg.formats.contract import (
    MAX_BYTES,
    Channel,
    Lead,
    check_n_times,
    corrupt_on_failure,
    readable,
    shorten,
)
from ecg_facial.errors import CorruptDataError, DataError
from ecg_facial.runtime.typing import AnyArray

_RATE_KEYS = ("fs_hz", "fs", "sampling_rate", "sample_rate", "sampling_frequency", "sfreq", "srate")
_UNIT_KEYS = ("unit", "units")
_LABEL_KEYS = ("labels", "channels", "columns", "names", "sig_name")
_ANONYMOUS = ("arr_0", "x", "data", "samples", "signal", "signals", "values")
_MAX_COLUMNS = 4096
_MAX_MEMBERS = 256
_MAX_SMALL = 1 << 16


@dataclass(frozen=True, kw_only=True)
class ArrayFile:
    """The arrays of a file; implements `contract.EcgFile`.

    Attributes
    ----------
    path : Path
    channels : tuple of Channel
    places : tuple of (str, int)
        Array name and column of each channel.
    shapes : mapping of str to tuple of int
    rate_hz : float or None
        Sampling rate in Hz if the file has one.
    kind, hint : str
    """

    path: Path
    channels: tuple[Channel, ...]
    places: tuple[tuple[str, int], ...]
    shapes: Mapping[str, tuple[int, ...]]
    rate_hz: float | None
    kind: str = field(default="NumPy arrays", init=False)
    hint: str = field(default="", init=False)

    def measure(self, index: int, *, fs_hz: float | None = None) -> tuple[int, float]:
        """Return the number of samples, and their rate in Hz."""
        rate_hz = self.rate_hz if fs_hz is None else fs_hz
        if rate_hz is None:
            raise DataError(f"{self.path}: states no sampling rate (fs_hz); give it in Hz (fs_hz)")
        return max(self.shapes[self.places[index][0]]), rate_hz

    def read(self, index: int, *, fs_hz: float | None = None) -> Lead:
        """Read a column."""
        n_times, rate_hz = self.measure(index, fs_hz=fs_hz)
        name, column = self.places[index]
        array = _load(self.path, name)
        # the longer axis is time
        table = array.reshape(-1, 1) if array.ndim == 1 else array.T if array.shape[1] > array.shape[0] else array
        samples = np.array(table[:, column], dtype=np.float64)
        return Lead(samples=samples[:n_times], fs_hz=rate_hz, unit=self.channels[index].unit)


def open_npy(path: Path) -> ArrayFile:
    """Open a ``.npy`` or ``.npz`` file.

    Raises
    ------
    CorruptDataError, DataError
    """
    heads = _read_heads(path)
    # small arrays state the rate, units and labels
    small = {name: _load(path, name) for name in (*_RATE_KEYS, *_UNIT_KEYS, *_LABEL_KEYS) if _is_small(heads.get(name))}
    signals = {
        name: shape
        for name, (shape, dtype) in heads.items()
        if dtype.kind in "fiu" and name not in small and max(shape, default=0) > 1
    }
    if not signals:
        raise DataError(f"{path}: no array of numbers in it; expected the samples of an ECG")
    labels = [str(one) for one in np.ravel(next((small[name] for name in _LABEL_KEYS if name in small), np.array([])))]
    units = [str(one) for one in np.ravel(next((small[name] for name in _UNIT_KEYS if name in small), np.array([])))]
    places, channels = [], []
    for name, shape in signals.items():
        n_columns = _count_columns(path, name, shape)
        for column in range(n_columns):
            places.append((name, column))
            channels.append(_name(name, column, n_columns, labels=labels, units=units))
    rate = next((small[name] for name in _RATE_KEYS if name in small), None)
    return ArrayFile(
        path=path, channels=tuple(channels), places=tuple(places), shapes=signals, rate_hz=_read_rate(path, rate)
    )


def _name(name: str, column: int, n_columns: int, *, labels: Sequence[str], units: Sequence[str]) -> Channel:
    unit = units[column] if len(units) == n_columns else units[0] if len(units) == 1 else None
    if len(labels) == n_columns:
        return Channel(name=labels[column], unit=unit)
    is_named = name not in _ANONYMOUS
    if n_columns == 1:
        return Channel(name=name if is_named else "1", unit=unit, is_named=is_named)
    return Channel(name=f"{name} {column + 1}" if is_named else str(column + 1), unit=unit, is_named=is_named)


def _is_small(head: tuple[tuple[int, ...], np.dtype[Any]] | None) -> bool:
    return head is not None and head[1].kind in "fiuU" and math.prod(head[0]) * head[1].itemsize <= _MAX_SMALL


def _count_columns(path: Path, name: str, shape: tuple[int, ...]) -> int:
    if len(shape) > 2 or min(shape) < 1:
        raise DataError(f"{path}: array {name!r} has shape {shape}: expected (n_times,) or (n_times, n_channels)")
    check_n_times(max(shape), path, what=f"array {name!r}")
    n_columns = 1 if len(shape) == 1 else min(shape)
    if n_columns > _MAX_COLUMNS:
        raise DataError(f"{path}: array {name!r} has {n_columns} channels, limit {_MAX_COLUMNS}")
    return n_columns


def _read_rate(path: Path, stated: AnyArray | None) -> float | None:
    """Convert the stated sampling rate; refuse anything but one positive number."""
    if stated is None:
        return None
    value = float(stated.ravel()[0]) if stated.size == 1 and stated.dtype.kind in "fiu" else math.nan
    if not (math.isfinite(value) and value > 0):
        raise CorruptDataError(
            f"{path}: states a sampling rate of {shorten(stated)}: expected one positive number; give fs_hz"
        )
    return value


def _read_heads(path: Path) -> dict[str, tuple[tuple[int, ...], np.dtype[Any]]]:
    """Shapes and dtypes of the arrays of a file, compared with its size."""
    return {name: _read_head(path, name, size) for name, size in _list_members(path).items()}


def _list_members(path: Path) -> dict[str, int]:
    """Names of the arrays of a file, and their sizes in bytes with headers."""
    if path.suffix.lower() != ".npz":
        return {_ANONYMOUS[0]: path.stat().st_size}
    with readable(path), corrupt_on_failure(path, "the archive"), zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        if len(members) > _MAX_MEMBERS:
            raise DataError(f"{path}: {len(members)} arrays, limit {_MAX_MEMBERS}; write the ECG to a file of its own")
        return {one.filename.removesuffix(".npy"): one.file_size for one in members if one.filename.endswith(".npy")}
    raise CorruptDataError(f"{path}: the archive cannot be read")


def _read_head(path: Path, name: str, size: int) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Shape and dtype of an array, compared with the bytes that follow."""
    with _open_member(path, name) as stream:
        shape, _, dtype = _parse_head(stream)
        if dtype.hasobject:
            raise DataError(
                f"{path}: array {name!r} holds Python objects, which are never unpacked; save plain numbers"
            )
        claimed, present = math.prod(shape) * dtype.itemsize, size - stream.tell()
        if claimed > MAX_BYTES:
            raise DataError(f"{path}: array {name!r} has {claimed} bytes, limit {MAX_BYTES}; split the recording")
        if claimed > present or min(shape, default=0) < 0:
            raise CorruptDataError(
                f"{path}: array {name!r} claims shape {shape}, which is {claimed} bytes, and holds {present}; the "
                "file is cut off or damaged: copy it again"
            )
        return shape, dtype
    raise CorruptDataError(f"{path}: array {name!r} cannot be read")


def _parse_head(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Parse the header of the NPY format, version 1 or later."""
    version = np.lib.format.read_magic(stream)
    if version == (1, 0):
        return np.lib.format.read_array_header_1_0(stream)
    return np.lib.format.read_array_header_2_0(stream)


def _load(path: Path, name: str) -> AnyArray:
    with _open_member(path, name) as stream:
        return np.asarray(np.lib.format.read_array(stream, allow_pickle=False))
    raise CorruptDataError(f"{path}: array {name!r} cannot be read")


@contextmanager
def _open_member(path: Path, name: str) -> Iterator[IO[bytes]]:
    """Open one array of a file; errors inside the block become `CorruptDataError`."""
    with readable(path), corrupt_on_failure(path, f"array {name!r}"):
        if path.suffix.lower() != ".npz":
            with open(path, "rb") as stream:
                yield stream
        else:
            with zipfile.ZipFile(path) as archive, archive.open(f"{name}.npy") as member:
                yield member
