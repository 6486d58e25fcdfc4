"""Headers of WFDB records (``.hea``).

Input: the path of a header, or of a file beside it. Output: `WfdbHeader`: rate, length, and for each signal its file,
storage format and calibration. Opens no signal file.

References
----------
.. [1] Moody & Mark, "The impact of the MIT-BIH Arrhythmia Database", IEEE EMB Mag. 20(3), 2001; formats as in header(5)
   and signal(5) of the WFDB Applications Guide.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

from ecg_facial.ecg.formats.contract import readable, shorten
from ecg_facial.ecg.formats.units import MILLIVOLT
from ecg_facial.errors import CorruptDataError, DataError, MissingDataError

_MAX_HEADER_BYTES = 1 << 20
_MAX_SIGNALS = 4096
_DEFAULT_HZ = 250.0
_RECORD = re.compile(
    r"^(?P<name>[^\s/]+)(?P<segments>/\S*)?\s+(?P<n_signals>\d{1,9})"
    r"(?:\s+(?P<fs>[\d.eE+-]+)(?:/\S*)?(?:\s+(?P<n_times>\d{1,15})(?:\s.*)?)?)?$"
)
_FORMAT = re.compile(
    r"^(?P<format>\d{1,4})(?:x(?P<per_frame>\d{1,9}))?(?::(?P<skew>\d{1,9}))?(?:\+(?P<offset>\d{1,12}))?$"
)
_GAIN = re.compile(r"^(?P<gain>[-+]?[\d.]+(?:[eE][-+]?\d+)?)(?:\((?P<baseline>[-+]?\d{1,12})\))?(?:/(?P<unit>\S+))?$")


@dataclass(frozen=True, kw_only=True)
class WfdbSignal:
    """One signal line of a header.

    Attributes
    ----------
    file : str
        Name of the signal file, without a folder; ``~`` for a signal that was not stored.
    format : int
        Storage format, as in signal(5).
    per_frame : int
        Samples per frame.
    skew : int
        Frames by which the signal is delayed in its file.
    offset : int
        Bytes before the first sample.
    gain : float
        Counts per unit; 0 if the signal was not calibrated.
    baseline : int
        Counts at 0 units.
    unit : str
    initial, checksum : int or None
        First sample, and 16-bit sum of all samples, where the header gives them.
    name : str
        Description; empty if there is none.
    """

    file: str
    format: int
    per_frame: int = 1
    skew: int = 0
    offset: int = 0
    gain: float = 0.0
    baseline: int = 0
    unit: str = MILLIVOLT
    initial: int | None = None
    checksum: int | None = None
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class WfdbHeader:
    """Header of a record.

    Attributes
    ----------
    path : Path
    fs_hz : float
        Frames per second.
    n_frames : int or None
        None if the header does not give it.
    signals : tuple of WfdbSignal
    """

    path: Path
    fs_hz: float
    n_frames: int | None
    signals: tuple[WfdbSignal, ...]


def find_header(path: Path) -> Path | None:
    """Find the header of a record from the path of any of its files, or its name; None if there is none."""
    if path.suffix.lower() == ".hea":
        return path
    beside = [path.with_suffix(".hea"), path.with_name(f"{path.name}.hea")]
    return next((candidate for candidate in beside if candidate.is_file()), None)


def read_header(path: Path) -> WfdbHeader:
    """Read a header.

    Raises
    ------
    MissingDataError, CorruptDataError, DataError
    """
    if not path.is_file():
        raise MissingDataError(f"{path}: no such file; a WFDB record needs its header")
    if path.stat().st_size > _MAX_HEADER_BYTES:
        raise CorruptDataError(f"{path}: {path.stat().st_size} bytes, a WFDB header has {_MAX_HEADER_BYTES} at most")
    with readable(path):
        text = path.read_bytes().decode("utf-8", errors="replace")
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    if not lines:
        raise CorruptDataError(f"{path}: the header is empty; expected a record line and one line per signal")
    fs_hz, n_frames, n_signals = _read_record_line(path, lines[0])
    if len(lines) - 1 < n_signals:
        raise CorruptDataError(f"{path}: promises {n_signals} signals and describes {len(lines) - 1}; fix the header")
    signals = tuple(_read_signal_line(path, line) for line in lines[1 : n_signals + 1])
    return WfdbHeader(path=path, fs_hz=fs_hz, n_frames=n_frames, signals=signals)


def _read_record_line(path: Path, line: str) -> tuple[float, int | None, int]:
    """Parse rate, number of frames and number of signals."""
    found = _RECORD.match(line)
    if not found:
        raise CorruptDataError(f"{path}: {shorten(line)} is not a record line (name, number of signals, rate); fix it")
    if found["segments"]:
        raise DataError(f"{path}: a record of several segments; give the header of one of its segments")
    n_signals = int(found["n_signals"])
    if not 0 < n_signals <= _MAX_SIGNALS:
        raise CorruptDataError(f"{path}: {n_signals} signals: expected 1 to {_MAX_SIGNALS}; fix the header")
    fs_hz = _to_float(path, found["fs"], "rate") if found["fs"] else _DEFAULT_HZ
    if not fs_hz > 0:
        raise CorruptDataError(f"{path}: a rate of {fs_hz:g} Hz: expected a positive number; fix the header")
    return fs_hz, int(found["n_times"] or 0) or None, n_signals


def _read_signal_line(path: Path, line: str) -> WfdbSignal:
    """Parse file, format, calibration, checksum and name of a signal."""
    cells = line.split(maxsplit=8)
    found = _FORMAT.match(cells[1]) if len(cells) > 1 else None
    if not found:
        raise CorruptDataError(f"{path}: {shorten(line)} is not a signal line (file, format, gain, ...); fix it")
    file = cells[0]
    if re.search(r"[/\\:\0]", file) or file in (".", "..", "-"):
        raise CorruptDataError(
            f"{path}: the signal file {shorten(file)} is not a plain name; a record's files lie beside its header"
        )
    gain, baseline, unit = _read_gain(path, cells[2] if len(cells) > 2 else "0")
    zero = _to_int(cells, 4)
    return WfdbSignal(
        file=file,
        format=int(found["format"]),
        per_frame=int(found["per_frame"] or 1),
        skew=int(found["skew"] or 0),
        offset=int(found["offset"] or 0),
        gain=gain,
        baseline=(zero or 0) if baseline is None else baseline,
        unit=unit,
        initial=_to_int(cells, 5),
        checksum=_to_int(cells, 6),
        name=cells[8].strip() if len(cells) > 8 else "",
    )


def _read_gain(path: Path, cell: str) -> tuple[float, int | None, str]:
    """Parse counts per unit, baseline (None if absent) and unit."""
    found = _GAIN.match(cell)
    if not found:
        raise CorruptDataError(
            f"{path}: {shorten(cell)} is not a gain (counts per unit, baseline, unit); fix the header"
        )
    gain = _to_float(path, found["gain"], "gain")
    return gain, int(found["baseline"]) if found["baseline"] else None, found["unit"] or MILLIVOLT


def _to_float(path: Path, text: str, what: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise CorruptDataError(f"{path}: {shorten(text)} is not a {what}: expected a number; fix the header")
    return value


def _to_int(cells: list[str], place: int) -> int | None:
    text = cells[place] if len(cells) > place else ""
    return int(text) if re.fullmatch(r"[-+]?\d{1,12}", text) else None
