"""Recordings that were put one behind the other in one file, as `cat` does, of which FFmpeg reads the first.

Input: a file, its format, and the byte up to which its packets reach. Output: where a recording begins that is not
read. Reads headers alone.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

# of a container, with which each recording begins
_MARKS = {"matroska": b"\x1aE\xdf\xa3", "flv": b"FLV\x01"}
_LOOKED_THROUGH = 4 << 20


def find_unread(path: Path, format_name: str, read_to: int) -> int | None:
    """Find the byte at which another recording begins, behind all packets; None where none does.

    Parameters
    ----------
    path : Path
    format_name : str
        FFmpeg's names of the container, such as ``mov,mp4,m4a,3gp,3g2,mj2``.
    read_to : int
        End of the last packet.
    """
    mark = next((mark for name, mark in _MARKS.items() if name in format_name.split(",")), None)
    try:
        with open(path, "rb") as stream:
            if "mp4" in format_name.split(","):
                place = _find_second_box(stream)
            elif mark is not None:
                stream.seek(read_to)
                offset = stream.read(_LOOKED_THROUGH).find(mark)
                place = None if offset < 0 else read_to + offset
            else:
                place = None
    except OSError:
        return None
    return place if place is not None and place >= read_to else None


def _find_second_box(stream: BinaryIO) -> int | None:
    """Find the second file type box of an MP4 or MOV, from box to box."""
    place = 0
    while True:
        stream.seek(place)
        head = stream.read(16)
        if len(head) < 8:
            return None
        size, kind = struct.unpack(">I4s", head[:8])
        if kind == b"ftyp" and place:
            return place
        if size == 1 and len(head) == 16:
            size = struct.unpack(">Q", head[8:])[0]
        if size < 8:
            # up to the end, or no box
            return None
        place += size
