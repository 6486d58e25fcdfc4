"""The header of a JPEG, looked at before it is decoded.

Input: a file's bytes. Output: its size in pixels. What would take long or much memory to decode is refused: large
pictures, and progressive ones, whose many passes over a small file may take minutes.
"""

from __future__ import annotations

from ecg_facial.errors import CorruptDataError

MAX_PIXELS = 1920 * 1080
MAX_SIDE_PX = 1920
_START, _STOP = b"\xff\xd8", 0xDA
_BASELINE = (0xC0, 0xC1)
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ALONE = frozenset((0x01, *range(0xD0, 0xD8)))
# one scan for all colours, or one for each
_MAX_SCANS = 4


def check_jpeg(content: bytes) -> tuple[int, int]:
    """Give width and height of a picture that may be decoded.

    Raises
    ------
    CorruptDataError
        For what is no baseline JPEG of at most 1920 x 1080 pixels.
    """
    if content[:2] != _START:
        raise CorruptDataError("the picture is no JPEG: send baseline JPEGs, as a canvas of a browser makes")
    if content.count(b"\xff\xda") > _MAX_SCANS:
        raise CorruptDataError(f"the JPEG has more than {_MAX_SCANS} scans: send baseline JPEGs")
    place = 2
    while place + 4 <= len(content) and content[place] == 0xFF:
        kind = content[place + 1]
        if kind == 0xFF or kind in _ALONE:
            place += 1 if kind == 0xFF else 2
            continue
        if kind == _STOP:
            break
        if kind in _FRAMES:
            return _check_frame(kind, content[place + 5 : place + 9])
        place += 2 + int.from_bytes(content[place + 2 : place + 4], "big")
    raise CorruptDataError("the JPEG does not say how large it is: send whole files")


def _check_frame(kind: int, size: bytes) -> tuple[int, int]:
    height, width = int.from_bytes(size[:2], "big"), int.from_bytes(size[2:], "big")
    if kind not in _BASELINE:
        raise CorruptDataError("the JPEG is progressive or lossless: send baseline JPEGs")
    if not (0 < width <= MAX_SIDE_PX and 0 < height <= MAX_SIDE_PX and width * height <= MAX_PIXELS):
        raise CorruptDataError(f"the JPEG has {width} x {height} pixels: send at most 1920 x 1080")
    return width, height
