"""Headers of WFDB records (``.hea``).

Input: the path of a header, or of a file beside it. Output: `WfdbHeader`: rate, length, and for each signal its file,
storage format and calibration, or the segments of a record of several. Opens no signal file.

References
----------
.. [1] Moody & Mark, "The impact of the MIT-BIH Arrhythmia Database", IEEE EMB Mag. 20(3), 2001; formats as in header(5)
   and signal(5) of the WFDB Applications Guide.
"""

from __future__ import annotations

import codecs
import math
import re
from dataclasses import dataclass
from pathlib import Path

from ecg_facial.ecg.formats.contract import readable, shorten
from ecg_facial.ecg.formats.fields import decode_field, parse_field
from ecg_facial.ecg.formats.units import MILLIVOLT
from ecg_facial.errors import CorruptDataError, MissingDataError
from ecg_facial.runtime.listing import find_child

_MAX_HEADER_BYTES = 1 << 20
_MAX_SIGNALS = 4096
_DEFAULT_HZ = 250.0
_RECORD = re.compile(
    r"^(?P<name>[^\s/]+)(?:/(?P<n_segments>\d{1,6}))?\s+(?P<n_signals>\d{1,9})"
    r"(?:\s+(?P<fs>[\d.,eE+-]+)(?:/\S*)?(?:\s+(?P<n_times>\d{1,15}|-)(?:\s.*)?)?)?$"
)
_FORMAT = re.compile(
    r"^(?P<format>\d{1,4})(?:x(?P<per_frame>\d{1,9}))?(?::(?P<skew>\d{1,9}))?(?:\+(?P<offset>\d{1,12}))?$"
)
_GAIN = re.compile(
    r"^(?P<gain>[-+]?[\d.,]+(?:[eE][-+]?\d+)?|-)(?:\((?P<baseline>[-+]?\d{0,12}(?:[.,]\d*)?)\))?/?(?P<unit>[^\s\d()/]\S*)?$"
)
_WHOLE = re.compile(r"[-+]?\d{1,12}")
# columns of a signal line behind gain: resolution, zero, first sample, checksum, block size; then its name
_FIRST_NUMBER, _FIRST_OF_NAME = 3, 8
NOT_STORED = "~"


@dataclass(frozen=True, kw_only=True)
class WfdbSignal:
    """One signal line of a header.

    Attributes
    ----------
    file : str
        Name of the signal file, without a folder; `NOT_STORED` for a signal that was not stored.
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
class WfdbSegment:
    """One segment of a record: the name of its own record (``~`` for a pause), and its number of frames.

    A first segment of no frames is the layout: it describes all signals that occur.
    """

    name: str
    n_frames: int


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
        Empty for a record of several segments.
    segments : tuple of WfdbSegment
        Empty for a record of one.
    notes : tuple of str
        What was assumed.
    """

    path: Path
    fs_hz: float
    n_frames: int | None
    signals: tuple[WfdbSignal, ...] = ()
    segments: tuple[WfdbSegment, ...] = ()
    notes: tuple[str, ...] = ()


def find_header(path: Path) -> Path | None:
    """Find the header of a record from the path of any of its files, or its name; None if there is none."""
    if path.suffix.lower() == ".hea":
        return find_child(path.parent, path.name)
    beside = [find_child(path.parent, name) for name in (path.with_suffix(".hea").name, f"{path.name}.hea")]
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
        content = path.read_bytes()
    is_utf16 = content[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    text = content.decode("utf-16", "replace") if is_utf16 else decode_field(content.removeprefix(codecs.BOM_UTF8))
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    if not lines:
        raise CorruptDataError(f"{path}: the header is empty; expected a record line and one line per signal")
    found = _RECORD.match(lines[0])
    if not found:
        raise CorruptDataError(
            f"{path}: {shorten(lines[0])} is not a record line (name, number of signals, rate); fix it"
        )
    n_signals = int(found["n_signals"])
    if not 0 < n_signals <= _MAX_SIGNALS:
        raise CorruptDataError(f"{path}: {n_signals} signals: expected 1 to {_MAX_SIGNALS}; fix the header")
    is_stated = found["fs"] not in (None, "-")
    fs_hz = _to_float(path, found["fs"], "rate") if is_stated else _DEFAULT_HZ
    if not fs_hz > 0:
        raise CorruptDataError(f"{path}: a rate of {fs_hz:g} Hz: expected a positive number; fix the header")
    n_times = int(found["n_times"]) if (found["n_times"] or "").isdecimal() else 0
    what, n_lines = ("segments", int(found["n_segments"])) if found["n_segments"] else ("signals", n_signals)
    if len(lines) - 1 < n_lines:
        raise CorruptDataError(f"{path}: promises {n_lines} {what} and describes {len(lines) - 1}; fix the header")
    own = lines[1 : n_lines + 1]
    return WfdbHeader(
        path=path,
        fs_hz=fs_hz,
        n_frames=n_times or None,
        signals=() if found["n_segments"] else tuple(_read_signal_line(path, line) for line in own),
        segments=tuple(_read_segment_line(path, line) for line in own) if found["n_segments"] else (),
        notes=() if is_stated else (f"the header states no rate: {_DEFAULT_HZ:g} Hz, WFDB's default",),
    )


def _read_segment_line(path: Path, line: str) -> WfdbSegment:
    """Parse name and length of a segment."""
    name, *rest = line.split()
    if not rest or not re.fullmatch(r"\d{1,12}", rest[0]):
        raise CorruptDataError(f"{path}: {shorten(line)} is not a segment line (name, number of samples); fix it")
    _check_plain(path, name, "segment")
    return WfdbSegment(name=name, n_frames=int(rest[0]))


def _check_plain(path: Path, name: str, what: str) -> None:
    """Refuse a path: a record's files lie beside its header."""
    if re.search(r"[/\\:\0]", name) or name in (".", "..", "-"):
        raise CorruptDataError(
            f"{path}: the {what} {shorten(name)} is not a plain name; a record's files lie beside its header"
        )


def _read_signal_line(path: Path, line: str) -> WfdbSignal:
    """Parse file, format, calibration, checksum and name of a signal."""
    cells = line.split()
    found = _FORMAT.match(cells[1]) if len(cells) > 1 else None
    if not found:
        raise CorruptDataError(f"{path}: {shorten(line)} is not a signal line (file, format, gain, ...); fix it")
    _check_plain(path, cells[0], "signal file")
    gain, baseline, unit = _read_gain(path, cells[2] if len(cells) > 2 else "0")
    # fields may be left out at the end: what is no number begins the name
    name_at = next(
        (at for at in range(_FIRST_NUMBER, min(_FIRST_OF_NAME, len(cells))) if not _is_field(cells[at])), _FIRST_OF_NAME
    )
    numbers = [_to_int(cell) for cell in cells[_FIRST_NUMBER:name_at]]
    _, zero, initial, checksum, _ = [*numbers, *[None] * 5][:5]
    return WfdbSignal(
        file=cells[0],
        format=int(found["format"]),
        per_frame=int(found["per_frame"] or 1),
        skew=int(found["skew"] or 0),
        offset=int(found["offset"] or 0),
        gain=gain,
        baseline=(zero or 0) if baseline is None else baseline,
        unit=unit,
        initial=initial,
        checksum=checksum,
        name=" ".join(line.split(maxsplit=name_at)[name_at:]).strip(),
    )


def _read_gain(path: Path, cell: str) -> tuple[float, int | None, str]:
    """Parse counts per unit, baseline (None if absent) and unit."""
    found = _GAIN.match(cell)
    if not found:
        raise CorruptDataError(
            f"{path}: {shorten(cell)} is not a gain (counts per unit, baseline, unit); fix the header"
        )
    # a dash, like 0, says that the signal was not calibrated
    gain = 0.0 if found["gain"] == "-" else _to_float(path, found["gain"], "gain")
    baseline = parse_field(found["baseline"] or "")
    return gain, round(baseline) if math.isfinite(baseline) else None, found["unit"] or MILLIVOLT


def _to_float(path: Path, text: str, what: str) -> float:
    value = parse_field(text)
    if not math.isfinite(value):
        raise CorruptDataError(f"{path}: {shorten(text)} is not a {what}: expected a number; fix the header")
    return value


def _is_field(cell: str) -> bool:
    """Tell whether a cell is a number, perhaps with decimals, or a dash for none."""
    return cell == "-" or math.isfinite(parse_field(cell))


def _to_int(cell: str) -> int | None:
    value = parse_field(cell)
    return int(value) if _WHOLE.fullmatch(cell) or (math.isfinite(value) and value == round(value)) else None
