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
from ecg_facial.errors import CorruptDataError

_FIXED_BYTES = 256
# limits on damaged headers; EDF+ asks for data records of at most 61440 bytes, files in use have more
_MAX_SIGNALS = 4096
_MAX_RECORD_BYTES = 1 << 26
# bytes per signal: label, transducer, unit, physical minimum and maximum, digital minimum and maximum, prefilter,
# samples per data record, reserved
_WIDTHS = (16, 80, 8, 8, 8, 8, 8, 80, 8, 32)
_LABEL, _UNIT, _PHYSICAL, _DIGITAL, _SAMPLES = 0, 2, (3, 4), (5, 6), 8
_N_RECORDS_AT = slice(236, 244)


@dataclass(frozen=True, kw_only=True)
class EdfSignalHeader:
    """One signal: label, unit, samples per data record, and whether it is calibrated, or annotations."""

    label: str
    unit: str
    n_samples: int
    is_calibrated: bool
    is_annotation: bool


@dataclass(frozen=True, kw_only=True)
class EdfHeader:
    """Header of an EDF or BDF file.

    Attributes
    ----------
    content : bytes
        The header's bytes.
    sample_bytes : int
        2 for EDF, 3 for BDF.
    is_discontinuous : bool
        Whether there may be pauses between data records (EDF+D).
    n_records : int
        Whole data records in the file.
    record_s : float
        Their length in seconds.
    signals : tuple of EdfSignalHeader
    notes : tuple of str
    """

    content: bytes
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

    def for_records(self, n_records: int) -> bytes:
        """Make the header of a file with `n_records` data records."""
        return self.content[: _N_RECORDS_AT.start] + f"{n_records:<8d}".encode() + self.content[_N_RECORDS_AT.stop :]


def read_edf_header(path: Path) -> EdfHeader:
    """Read and check a header.

    Raises
    ------
    CorruptDataError, DataError
        When it is not such a header, or does not agree with the file's size.
    """
    fixed = read_head(path, _FIXED_BYTES)
    if len(fixed) < _FIXED_BYTES or fixed[:8] not in (b"0       ", b"\xffBIOSEMI"):
        raise CorruptDataError(f"{path}: no EDF or BDF file (it begins with {shorten(fixed[:8])}); check its format")
    is_bdf = fixed[0] == 0xFF
    n_signals = _read_int(path, fixed[252:256], "number of signals", 1, _MAX_SIGNALS)
    n_bytes = _FIXED_BYTES * (n_signals + 1)
    stated = _read_int(path, fixed[184:192], "header size", 0, 10**8)
    content = read_head(path, n_bytes)
    if stated != n_bytes or len(content) < n_bytes:
        raise CorruptDataError(
            f"{path}: a header of {stated} bytes for {n_signals} signals, expected {n_bytes} in a file of "
            f"{path.stat().st_size}; the file is damaged: copy it again"
        )
    record_s = _read_float(path, fixed[244:252], "duration of a data record")
    signals = _read_signals(path, content, n_signals, is_bdf=is_bdf)
    if not (0 < record_s <= 1e6) and any(not signal.is_annotation for signal in signals):
        raise CorruptDataError(f"{path}: data records of {record_s:g} s: expected a positive number; fix the header")
    sample_bytes = 3 if is_bdf else 2
    record_bytes = sample_bytes * sum(signal.n_samples for signal in signals)
    n_records, notes = _count_records(path, fixed[_N_RECORDS_AT], n_bytes, record_bytes)
    return EdfHeader(
        content=content,
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
    annotation = "BDF Annotations" if is_bdf else "EDF Annotations"
    signals = []
    for place in range(n_signals):
        label = fields[_LABEL][place].decode("latin-1").strip("\0 ")
        limits = [_to_number(fields[number][place]) for number in (*_PHYSICAL, *_DIGITAL)]
        signals.append(
            EdfSignalHeader(
                label=label,
                unit=fields[_UNIT][place].decode("latin-1").strip("\0 "),
                n_samples=_read_int(path, fields[_SAMPLES][place], f"samples of {label!r} a record", 1, 10**8),
                is_calibrated=all(map(math.isfinite, limits)) and limits[0] != limits[1] and limits[2] < limits[3],
                is_annotation=label == annotation,
            )
        )
    return tuple(signals)


def _count_records(path: Path, stated: bytes, header_bytes: int, record_bytes: int) -> tuple[int, tuple[str, ...]]:
    """Return the number of whole data records, and notes; -1 means that the recording was not closed."""
    if record_bytes > _MAX_RECORD_BYTES:
        raise CorruptDataError(
            f"{path}: data records of {record_bytes} bytes, limit {_MAX_RECORD_BYTES}; fix the header"
        )
    promised = _read_int(path, stated, "number of data records", -1, 10**8)
    present = (path.stat().st_size - header_bytes) // record_bytes
    if promised == -1:
        return present, ("the recording was never closed: its length is that of the file",)
    if promised > present:
        raise CorruptDataError(
            f"{path}: holds {present} data records, the header promises {promised}; the file is cut off: copy it again"
        )
    return promised, ()


def _to_number(field: bytes) -> float:
    try:
        return float(field.decode("ascii").strip("\0 "))
    except ValueError:
        return math.nan


def _read_float(path: Path, field: bytes, what: str) -> float:
    value = _to_number(field)
    if not math.isfinite(value):
        raise CorruptDataError(f"{path}: {what} is {shorten(field)}: expected a number; the header is damaged")
    return value


def _read_int(path: Path, field: bytes, what: str, low: int, high: int) -> int:
    value = _read_float(path, field, what)
    if value != int(value) or not low <= value <= high:
        raise CorruptDataError(f"{path}: {what} is {value:g}: expected {low} to {high}; the header is damaged")
    return int(value)
