"""NumPy files: ``.npy`` and ``.npz``.

Input: a path. Output: one column of an array. Python objects (pickle) are refused, and shapes are compared with the
size of the file before memory is allocated. A ``.npy`` file that was cut off is read to its end.
"""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from ecg_facial.ecg.formats.arrays import (
    MAX_SMALL_BYTES,
    ArrayFile,
    is_small_name,
    make_array_file,
    take_column,
)
from ecg_facial.ecg.formats.contract import MAX_BYTES, corrupt_on_failure, readable
from ecg_facial.errors import CorruptDataError, DataError
from ecg_facial.runtime.typing import AnyArray

_ONLY = "arr_0"
# numbers, and dates and times
_KINDS = "fiuMm"
_MAX_MEMBERS, _MAX_HEADER_BYTES = 256, 1 << 20


@dataclass(frozen=True, kw_only=True)
class _Head:
    """Header of an array, and how many of its numbers the file holds."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    is_fortran: bool
    n_present: int

    @property
    def is_whole(self) -> bool:
        return self.n_present == math.prod(self.shape)

    @property
    def has_channels_in_blocks(self) -> bool:
        """Whether each channel lies in one piece."""
        is_channel_first = len(self.shape) == 2 and self.shape[1] > self.shape[0]
        return len(self.shape) < 2 or is_channel_first != self.is_fortran

    def count(self, column: int) -> int:
        """Count the samples of a column that the file holds."""
        n_columns, n_times = (1 if len(self.shape) < 2 else min(self.shape)), max(self.shape)
        if self.has_channels_in_blocks:
            return min(max(0, self.n_present - column * n_times), n_times)
        return max(0, -(-(self.n_present - column) // n_columns))


def open_npy(path: Path) -> ArrayFile:
    """Open a ``.npy`` or ``.npz`` file.

    Raises
    ------
    CorruptDataError, DataError
    """
    heads = {name: _read_head(path, name, size) for name, size in _list_members(path).items()}
    # small arrays state the rate, units and labels
    small = {name: _load(path, name) for name, head in heads.items() if _is_small(name, head)}
    # the fields of a table with names of its own are arrays too
    fields = {
        f"{name}.{key}": (name, key)
        for name, head in heads.items()
        for key in head.dtype.names or ()
        if head.dtype[key].kind in _KINDS and not head.dtype[key].shape and head.is_whole
    }
    shapes = {name: head.shape for name, head in heads.items() if head.dtype.kind in _KINDS}
    shapes |= {name: heads[whole].shape for name, (whole, _) in fields.items()}
    notes = tuple(
        f"array {name!r} is cut off: {math.prod(head.shape) - head.n_present} of {math.prod(head.shape)} numbers are "
        "missing at its end"
        for name, head in heads.items()
        if not head.is_whole
    )

    def load(name: str, column: int) -> AnyArray:
        if name in fields:
            whole, key = fields[name]
            return _to_numbers(take_column(_load(path, whole)[key], column))
        if heads[name].is_whole:
            return _to_numbers(take_column(_load(path, name), column))
        return _load_rest(path, heads[name], column)

    def count(name: str, column: int) -> int:
        return max(shapes[name]) if name in fields else heads[name].count(column)

    return make_array_file(
        path, shapes, small, load=load, kind="NumPy arrays", notes=notes, count=count if notes else None
    )


def _to_numbers(column: AnyArray) -> AnyArray:
    """Seconds from the first one, of dates and times of NumPy; other numbers stay."""
    if column.dtype.kind not in "mM" or not len(column):
        return column
    steps = (column - column[0]).astype("timedelta64[ns]")
    return np.where(np.isnat(steps), np.nan, steps.astype(np.int64) / 1e9)


def _is_small(name: str, head: _Head) -> bool:
    return (
        is_small_name(name)
        and head.is_whole
        and head.dtype.kind in "fiuUS"
        and math.prod(head.shape) * head.dtype.itemsize <= MAX_SMALL_BYTES
    )


def _list_members(path: Path) -> dict[str, int]:
    """Names of the arrays of a file, and their sizes in bytes with headers."""
    if path.suffix.lower() != ".npz":
        return {_ONLY: path.stat().st_size}
    with _open_archive(path) as archive:
        members = archive.infolist()
        if len(members) > _MAX_MEMBERS:
            raise DataError(f"{path}: {len(members)} arrays, limit {_MAX_MEMBERS}; write the ECG to a file of its own")
        return {one.filename.removesuffix(".npy"): one.file_size for one in members if one.filename.endswith(".npy")}
    raise CorruptDataError(f"{path}: the archive cannot be read")


def _read_head(path: Path, name: str, size: int) -> _Head:
    """Read the header of an array, compared with the bytes that follow."""
    with _open_member(path, name) as stream:
        shape, is_fortran, dtype = _parse_head(stream)
        if dtype.hasobject:
            raise DataError(
                f"{path}: array {name!r} holds Python objects, which are never unpacked; save plain numbers"
            )
        claimed, present = math.prod(shape) * dtype.itemsize, size - stream.tell()
        if claimed > MAX_BYTES:
            raise DataError(f"{path}: array {name!r} has {claimed} bytes, limit {MAX_BYTES}; split the recording")
        is_archive = path.suffix.lower() == ".npz"
        if min(shape, default=0) < 0 or (claimed > present and (is_archive or present < dtype.itemsize)):
            raise CorruptDataError(
                f"{path}: array {name!r} claims shape {shape}, which is {claimed} bytes, and holds {present}; the "
                "file is cut off or damaged: copy it again"
            )
        n_present = min(math.prod(shape), present // max(1, dtype.itemsize))
        return _Head(shape=shape, dtype=dtype, is_fortran=is_fortran, n_present=n_present)
    raise CorruptDataError(f"{path}: array {name!r} cannot be read")


def _load_rest(path: Path, head: _Head, column: int) -> AnyArray:
    """Load what is there of a column of an array that was cut off."""
    n_columns = 1 if len(head.shape) < 2 else min(head.shape)
    n_times = max(head.shape)
    with _open_member(path, _ONLY) as stream:
        _parse_head(stream)
        numbers = np.frombuffer(stream.read(head.n_present * head.dtype.itemsize), dtype=head.dtype)
        own = numbers[column * n_times :][:n_times] if head.has_channels_in_blocks else numbers[column::n_columns]
        if not len(own):
            raise CorruptDataError(f"{path}: column {column + 1} lies behind the end of the file; copy it again")
        return own
    raise CorruptDataError(f"{path}: cannot be read")


def _parse_head(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Parse the header of the NPY format, version 1 or later."""
    version = np.lib.format.read_magic(stream)
    if version == (1, 0):
        return np.lib.format.read_array_header_1_0(stream)
    if version not in ((2, 0), (3, 0)):
        raise ValueError(f"version {version} of the format, expected 1.0 to 3.0")
    # NumPy allocates what the header's length claims
    length = stream.read(4)
    n_bytes = int.from_bytes(length, "little")
    if n_bytes > _MAX_HEADER_BYTES:
        raise ValueError(f"a header of {n_bytes} bytes, limit {_MAX_HEADER_BYTES}")
    return np.lib.format.read_array_header_2_0(io.BytesIO(length + stream.read(n_bytes)))


def _load(path: Path, name: str) -> AnyArray:
    with _open_member(path, name) as stream:
        return np.asarray(np.lib.format.read_array(stream, allow_pickle=False))
    raise CorruptDataError(f"{path}: array {name!r} cannot be read")


@contextmanager
def _open_archive(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open an archive; its list of contents stands at its end, so that one that was cut off has none."""
    with readable(path), corrupt_on_failure(path, "the archive"):
        try:
            archive = zipfile.ZipFile(path)
        except zipfile.BadZipFile:
            said = "it is empty" if not path.stat().st_size else "it is cut off or no .npz file"
            raise CorruptDataError(f"{path}: the archive has no list of contents: {said}; copy it again") from None
        with archive:
            yield archive


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
