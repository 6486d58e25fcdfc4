"""Sizes that MATLAB files of versions 4 to 7 state of themselves, before anything of such a size is allocated.

Input: a path. Output: an error where an element states more bytes than there are, or where compressed elements hold
more than the limit. Of compressed elements the first part is looked at; their checksum finds other damage.
"""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import IO

from ecg_facial.ecg.formats.contract import MAX_BYTES, readable
from ecg_facial.errors import CorruptDataError, DataError

# types of elements in version 5
_MATRIX, _COMPRESSED = 14, 15
_HEAD_BYTES, _TAG_BYTES, _BLOCK_BYTES = 128, 8, 1 << 20
_MAX_DEPTH, _MAX_TAGS = 16, 100_000
# header of an array in version 4: type, rows, columns, whether it is complex, length of its name
_HEAD_4, _MAX_TYPE_4 = struct.Struct("5i"), 5000
_ITEM_BYTES_4 = (8, 4, 4, 2, 2, 1)


def check_sizes(path: Path, head: bytes, size: int) -> None:
    """Compare the sizes that a file states with what it holds.

    Parameters
    ----------
    path : Path
    head : bytes
        First bytes of the file.
    size : int
        Bytes of the file.

    Raises
    ------
    CorruptDataError
        For a size beyond the file's end.
    DataError
        For compressed elements above the limit: a small file may hold gigabytes.
    """
    order = {b"IM": "<", b"MI": ">"}.get(head[126:128])
    with readable(path), open(path, "rb") as stream:
        # text begins version 5, a number version 4
        if 0 in head[:4]:
            _check_version_4(path, stream, size)
        elif order is not None:
            _check_version_5(path, stream, size, order)


def _check_version_5(path: Path, stream: IO[bytes], size: int, order: str) -> None:
    if _states_too_much(stream, _HEAD_BYTES, size, order):
        raise _beyond_the_end(path)
    total, start = 0, _HEAD_BYTES
    while len(tag := _read_at(stream, start, _TAG_BYTES)) == _TAG_BYTES:
        kind, n_bytes = struct.unpack(f"{order}II", tag)
        start += _TAG_BYTES + n_bytes
        if kind != _COMPRESSED:
            continue
        begin, n_inflated = _inflate(_read_at(stream, start - n_bytes, n_bytes), MAX_BYTES - total)
        total += n_inflated
        if total >= MAX_BYTES:
            raise DataError(f"{path}: holds {MAX_BYTES} bytes or more when unpacked; split the recording")
        if _states_too_much(io.BytesIO(begin), 0, n_inflated, order):
            raise _beyond_the_end(path)


def _states_too_much(stream: IO[bytes], start: int, end: int, order: str, *, depth: int = 0) -> bool:
    """Whether any element between two places states more bytes than there are; arrays hold elements again."""
    for _ in range(_MAX_TAGS):
        tag = _read_at(stream, start, _TAG_BYTES) if start + _TAG_BYTES <= end else b""
        if len(tag) < _TAG_BYTES:
            return False
        kind, n_bytes = struct.unpack(f"{order}II", tag)
        start += _TAG_BYTES
        if kind >> 16:
            # up to four bytes of content lie in the tag itself
            continue
        if n_bytes > end - start:
            return True
        inside = kind == _MATRIX and depth < _MAX_DEPTH
        if inside and _states_too_much(stream, start, start + n_bytes, order, depth=depth + 1):
            return True
        # elements begin at multiples of eight bytes, but behind compressed ones
        start += n_bytes if kind == _COMPRESSED else n_bytes + -n_bytes % 8
    return False


def _inflate(content: bytes, limit: int) -> tuple[bytes, int]:
    """First part of a compressed element, and how many bytes it has."""
    inflater, begin, total = zlib.decompressobj(), b"", 0
    try:
        while content and total < limit:
            part = inflater.decompress(content, _BLOCK_BYTES)
            begin, total = begin or part, total + len(part)
            content = inflater.unconsumed_tail
    except zlib.error:
        # the reader will say what is damaged
        pass
    return begin, total


def _check_version_4(path: Path, stream: IO[bytes], size: int) -> None:
    """Go from array to array; what is no version 4 is left to the reader."""
    start = 0
    for _ in range(_MAX_TAGS):
        head = _read_at(stream, start, _HEAD_4.size)
        if len(head) < _HEAD_4.size:
            return
        order = "<" if 0 <= struct.unpack("<i", head[:4])[0] <= _MAX_TYPE_4 else ">"
        kind, n_rows, n_columns, is_complex, n_name = struct.unpack(f"{order}5i", head)
        item_bytes = _ITEM_BYTES_4[min(max(kind, 0) // 10 % 10, len(_ITEM_BYTES_4) - 1)]
        n_bytes = n_rows * n_columns * item_bytes * (2 if is_complex else 1)
        if min(n_rows, n_columns, n_name) < 0 or n_bytes + n_name > size - start - _HEAD_4.size:
            raise _beyond_the_end(path)
        start += _HEAD_4.size + n_name + n_bytes


def _read_at(stream: IO[bytes], start: int, n_bytes: int) -> bytes:
    stream.seek(start)
    return stream.read(n_bytes)


def _beyond_the_end(path: Path) -> CorruptDataError:
    return CorruptDataError(f"{path}: states more bytes than it holds: it was cut off or damaged; copy it again")
