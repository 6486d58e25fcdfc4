"""Beat annotations of WFDB records (``.atr``).

Input: an annotation file in MIT format. Output: times and symbols of beats, without rhythm changes, noise marks and
remarks.

References
----------
.. [1] annot(5) and ECGCodes of the WFDB Applications Guide.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ecg_facial.ecg.formats.contract import MAX_BYTES, readable
from ecg_facial.ecg.formats.wfdb_header import find_header, read_header
from ecg_facial.errors import CorruptDataError, DataError, MissingDataError
from ecg_facial.runtime.typing import Float64Array

_BEATS = {
    1: "N", 2: "L", 3: "R", 4: "a", 5: "V", 6: "F", 7: "J", 8: "A", 9: "S", 10: "E", 11: "j", 12: "/", 13: "Q",
    25: "B", 30: "?", 34: "e", 35: "n", 38: "f", 41: "r",
}  # fmt: skip
# codes that are not annotations: a long interval, attributes of the last annotation, and a text
_SKIP, _NUM, _SUB, _CHN, _AUX = 59, 60, 61, 62, 63
_RESOLUTION = re.compile(rb"## time resolution: (\d+(?:\.\d+)?)")


@dataclass(frozen=True, eq=False)
class WfdbBeats:
    """Annotated beats.

    Attributes
    ----------
    times_s : ndarray of float64, shape (n_beats,)
        Seconds from the first sample.
    symbols : tuple of str
        One letter per beat, PhysioNet's codes: N, L, R, V, A, ...
    """

    times_s: Float64Array
    symbols: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.times_s)


def read_wfdb_beats(path: Path, *, fs_hz: float | None = None) -> WfdbBeats:
    """Read the beats of an annotation file.

    Parameters
    ----------
    path : Path
        The annotation file (``100.atr``), with its header beside it.
    fs_hz : float, optional
        Ticks per second; by default from the annotation file or the header.

    Returns
    -------
    WfdbBeats

    Raises
    ------
    MissingDataError, CorruptDataError, DataError
    """
    if not path.is_file():
        raise MissingDataError(f"{path}: no such file; check the path of the annotations")
    if path.stat().st_size > MAX_BYTES:
        raise DataError(f"{path}: {path.stat().st_size} bytes, limit {MAX_BYTES}; these are no annotations")
    with readable(path):
        content = path.read_bytes()
    marks = list(walk_marks(path, content))
    stated = _RESOLUTION.search(content[:256])
    rate_hz = fs_hz or (float(stated[1]) if stated else 0.0) or _rate_of_header(path)
    beats = [(tick, _BEATS[code]) for tick, code in marks if code in _BEATS]
    times_s = np.array([tick for tick, _ in beats], dtype=np.float64) / rate_hz
    return WfdbBeats(times_s, tuple(symbol for _, symbol in beats))


def _rate_of_header(path: Path) -> float:
    header = find_header(path)
    if header is None:
        raise MissingDataError(f"{path}: no header beside it, so its time unit is unknown; give fs_hz")
    return read_header(header).fs_hz


def walk_marks(path: Path, content: bytes) -> Iterator[tuple[int, int]]:
    """Ticks and codes of all annotations up to the end mark.

    Each annotation is a 16-bit word: a code in the upper 6 bits, and the ticks since the last one in the lower 10.
    """
    words = np.frombuffer(content[: len(content) // 2 * 2], dtype="<u2").tolist()
    place, tick = 0, 0
    while place < len(words):
        code, value = words[place] >> 10, words[place] & 0x3FF
        place += 1
        if code == 0 and value == 0:
            return
        if code == _SKIP:
            if place + 2 > len(words):
                break
            # the high half comes first, as the PDP-11 stored 32-bit numbers
            skip = words[place] << 16 | words[place + 1]
            tick += skip - (1 << 32) if skip >= 1 << 31 else skip
            place += 2
        elif code == _AUX:
            place += (value + 1) // 2
        elif code not in (_NUM, _SUB, _CHN):
            tick += value
            yield tick, code
    raise CorruptDataError(f"{path}: ends without its end mark: cut off, or no annotations; copy the file again")
