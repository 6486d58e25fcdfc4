"""Headers of EDF, EDF+ and BDF files, checked before a library sees them.

Input: a path. Output: `EdfHeader`, whose values agree with the file's size.

References
----------
.. [1] Kemp et al., "A simple format for exchange of digitized polygraphic recordings", Electroencephalogr. Clin.
   Neurophysiol. 82(5), 1992; EDF+: Kemp & Olivan, Clin. Neurophysiol. 114(9), 2003.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from ecg_facial.ecg.formats.contract import read_head, shorten
from ecg_facial.ecg.formats.fields import decode_field, parse_field
from ecg_facial.ecg.formats.units import split_unit
from ecg_facial.errors import CorruptDataError

_FIXED_BYTES = 256
# limits on damaged headers; EDF+ asks for data records of at most 61440 bytes, files in use have more
_MAX_SIGNALS = 4096
_MAX_RECORD_BYTES = 1 << 26
# bytes per signal: label, transducer, unit, physical minimum and maximum, digital minimum and maximum, prefilter,
# samples per data record, reserved
_WIDTHS = (16, 80, 8, 8, 8, 8, 8, 80, 8, 32)
_LABEL, _TRANSDUCER, _UNIT, _PHYSICAL, _DIGITAL, _SAMPLES = 0, 1, 2, (3, 4), (5, 6), 8
_N_RECORDS_AT, _NOT_CLOSED = slice(236, 244), -1


@dataclass(frozen=True, kw_only=True)
class EdfSignalHeader:
    """One signal of a file.

    Attributes
    ----------
    label, unit : str
        As the file spells them; empty where it gives none. A unit may stand in the label.
    transducer : str
    n_samples : int
        Samples per data record.
    gain, offset : float
        Physical value is ``gain * count + offset``; NaN where the limits make no scale.
    is_annotation : bool
    notes : tuple of str
    """

    label: str
    unit: str
    n_samples: int
    gain: float
    offset: float
    is_annotation: bool
    notes: tuple[str, ...] = ()
    transducer: str = ""

    @property
    def is_calibrated(self) -> bool:
        """Whether the limits make a scale."""
        return math.isfinite(self.gain)


@dataclass(frozen=True, kw_only=True)
class EdfHeader:
    """Header of an EDF or BDF file.

    Attributes
    ----------
    n_bytes : int
        Size of the header.
    sample_bytes : int
        2 for EDF, 3 for BDF.
    is_discontinuous : bool
        Whether there may be pauses between data records (EDF+D).
    n_records : int
        Whole data records in the file.
    record_s : float
        Their length in seconds; 0 where the header gives none.
    signals : tuple of EdfSignalHeader
    notes : tuple of str
    """

    n_bytes: int
    sample_bytes: int
    is_discontinuous: bool
    n_records: int
    record_s: float
    signals: tuple[EdfSignalHeader, ...]
    notes: tuple[str, ...]

    @property
    def record_bytes(self) -> int:
        """Size of a data record."""
        return self.sample_bytes * sum(signal.n_samples for signal in self.signals)


def read_edf_header(path: Path) -> EdfHeader:
    """Read and check a header.

    Raises
    ------
    CorruptDataError, DataError
        When it is not such a header, or does not agree with the file's size.
    """
    fixed = read_head(path, _FIXED_BYTES)
    is_bdf = fixed[:8] == b"\xffBIOSEMI"
    if len(fixed) < _FIXED_BYTES or not (is_bdf or decode_field(fixed[:8]) == "0"):
        raise CorruptDataError(f"{path}: no EDF or BDF file (it begins with {shorten(fixed[:8])}); check its format")
    n_signals = _read_int(path, fixed[252:256], "number of signals", 1, _MAX_SIGNALS)
    n_bytes = _FIXED_BYTES * (n_signals + 1)
    # the size follows from the number of signals; a field that says nothing contradicts nothing
    stated = (
        n_bytes if math.isnan(parse_field(fixed[184:192])) else _read_int(path, fixed[184:192], "header size", 0, 10**8)
    )
    content = read_head(path, n_bytes)
    if stated != n_bytes or len(content) < n_bytes:
        raise CorruptDataError(
            f"{path}: a header of {stated} bytes for {n_signals} signals, expected {n_bytes} in a file of "
            f"{path.stat().st_size}; the file is damaged: copy it again"
        )
    record_s = parse_field(fixed[244:252])
    if not (math.isnan(record_s) or 0 <= record_s <= 1e6):
        raise CorruptDataError(f"{path}: data records of {record_s:g} s: expected a positive number; fix the header")
    signals = _read_signals(path, content, n_signals, is_bdf=is_bdf)
    sample_bytes = 3 if is_bdf else 2
    record_bytes = sample_bytes * sum(signal.n_samples for signal in signals)
    record_s = 0.0 if math.isnan(record_s) else record_s
    n_records, notes = _count_records(path, fixed[_N_RECORDS_AT], n_bytes, record_bytes, record_s=record_s)
    return EdfHeader(
        n_bytes=n_bytes,
        sample_bytes=sample_bytes,
        is_discontinuous=fixed[192:197][3:5] == b"+D",
        n_records=n_records,
        record_s=record_s,
        signals=signals,
        notes=notes,
    )


def _read_signals(path: Path, content: bytes, n_signals: int, *, is_bdf: bool) -> tuple[EdfSignalHeader, ...]:
    """Parse the fields of all signals: each field is stored for all signals before the next one."""
    fields: list[list[bytes]] = []
    start = _FIXED_BYTES
    for width in _WIDTHS:
        fields.append([content[start + place * width :][:width] for place in range(n_signals)])
        start += width * n_signals
    annotation = "bdf annotations" if is_bdf else "edf annotations"
    signals = []
    for place in range(n_signals):
        label = decode_field(fields[_LABEL][place])
        gain, offset, notes = _find_scale(*(parse_field(fields[number][place]) for number in (*_PHYSICAL, *_DIGITAL)))
        signals.append(
            EdfSignalHeader(
                label=label,
                unit=decode_field(fields[_UNIT][place]) or split_unit(label)[1] or "",
                transducer=decode_field(fields[_TRANSDUCER][place]),
                # a channel that is switched off may have none
                n_samples=_read_int(path, fields[_SAMPLES][place], f"samples of {label!r} a record", 0, 10**8),
                gain=gain,
                offset=offset,
                is_annotation=label.lower() == annotation,
                notes=notes,
            )
        )
    return tuple(signals)


def _find_scale(low: float, high: float, low_count: float, high_count: float) -> tuple[float, float, tuple[str, ...]]:
    """Gain and offset from physical and digital limits, with notes; NaN where they make no scale."""
    if not all(map(math.isfinite, (low, high, low_count, high_count))) or low == high or low_count == high_count:
        return math.nan, math.nan, ("the header's physical and digital limits make no scale: amplitudes are counts",)
    notes: tuple[str, ...] = ()
    if low_count > high_count and low < high:
        # physical limits in reverse turn a signal over, as the format allows; digital ones must be in order
        low_count, high_count = high_count, low_count
        notes = ("the header's digital limits are in reverse order: taken as minimum and maximum",)
    gain = (high - low) / (high_count - low_count)
    return gain, low - gain * low_count, notes


def _count_records(
    path: Path, field: bytes, header_bytes: int, record_bytes: int, *, record_s: float
) -> tuple[int, tuple[str, ...]]:
    """Return the number of whole data records in the file, and notes where the header says another one."""
    if record_bytes > _MAX_RECORD_BYTES:
        raise CorruptDataError(
            f"{path}: data records of {record_bytes} bytes, limit {_MAX_RECORD_BYTES}; fix the header"
        )
    if not record_bytes:
        raise CorruptDataError(f"{path}: data records without a sample; fix the header")
    present = (path.stat().st_size - header_bytes) // record_bytes
    if math.isnan(parse_field(field)):
        return present, ("the header gives no number of data records: the length is that of the file",)
    promised = _read_int(path, field, "number of data records", _NOT_CLOSED, 10**8)
    if promised == _NOT_CLOSED:
        return present, ("the recording was never closed: its length is that of the file",)
    if promised > present:
        lost = f" ({(promised - present) * record_s:g} s)" if record_s else ""
        note = f"the file is cut off: {promised - present} of {promised} data records{lost} are missing at its end"
        return present, (note,)
    if promised < present:
        return present, (f"the header promises {promised} data records, and the file holds {present}: all are read",)
    return promised, ()


def _read_int(path: Path, field: bytes, what: str, low: int, high: int) -> int:
    value = parse_field(field)
    if not math.isfinite(value):
        raise CorruptDataError(f"{path}: {what} is {shorten(field)}: expected a number; the header is damaged")
    if value != int(value) or not low <= value <= high:
        raise CorruptDataError(f"{path}: {what} is {value:g}: expected {low} to {high}; the header is damaged")
    return int(value)
