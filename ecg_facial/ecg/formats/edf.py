"""EDF, EDF+ and BDF files.

Input: a path. Output: one signal, with NaN where a discontinuous file (EDF+D) has pauses. The header is checked first;
data records are read in blocks of 4 MB, so that a night of many signals needs the memory of one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ecg_facial.ecg.formats.contract import Channel, Lead, check_n_times, readable
from ecg_facial.ecg.formats.edf_header import EdfHeader, EdfSignalHeader, read_edf_header
from ecg_facial.ecg.formats.wfdb_samples import FORMATS
from ecg_facial.errors import CorruptDataError, DataError
from ecg_facial.runtime.clocks.breaks import Break, describe_breaks
from ecg_facial.runtime.typing import Float64Array, Int64Array, UInt8Array

_BLOCK_BYTES = 1 << 22
# EDF and BDF store samples as WFDB's formats 16 and 24 do
_STORAGE = {2: FORMATS[16], 3: FORMATS[24]}
# a continuous recording whose clock drifts is late by less, from one data record to the next
_LEAST_PAUSE_S = 0.25
# time-stamped annotation list of EDF+: onset, optional duration, separators 0x15 and 0x14
_ONSET = re.compile(rb"^\0*([+-]\d+(?:[.,]\d*)?)(?:\x15[\d.,]*)?\x14")


@dataclass(frozen=True, eq=False, kw_only=True)
class _Records:
    """Index of the first sample of each data record, and notes on their times."""

    starts: Int64Array
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class EdfFile:
    """An open file; implements `contract.EcgFile`."""

    path: Path
    header: EdfHeader
    hint: str = field(default="", init=False)

    @property
    def kind(self) -> str:
        """EDF or BDF."""
        return "EDF file" if self.header.sample_bytes == 2 else "BDF file"

    @property
    def signals(self) -> list[tuple[int, EdfSignalHeader]]:
        """Signals except annotations, each with its index among all."""
        return [(place, one) for place, one in enumerate(self.header.signals) if not one.is_annotation]

    @property
    def channels(self) -> tuple[Channel, ...]:
        """Signals except annotations."""
        return tuple(
            Channel(
                name=one.label or str(number), unit=one.unit or None, is_named=bool(one.label), sensor=one.transducer
            )
            for number, (_, one) in enumerate(self.signals, start=1)
        )

    def measure(self, index: int, *, fs_hz: float | None = None) -> tuple[int, float]:
        """Return the number of samples, pauses included, and their rate in Hz."""
        one = self.signals[index][1]
        n_times, _ = self._locate(one, fs_hz)
        return n_times, self._find_rate_hz(one) if fs_hz is None else fs_hz

    def read(self, index: int, *, fs_hz: float | None = None) -> Lead:
        """Read a signal in its physical unit."""
        place, one = self.signals[index]
        rate_hz = self._find_rate_hz(one) if fs_hz is None else fs_hz
        n_times, records = self._locate(one, fs_hz)
        samples = np.full(n_times, np.nan)
        done = 0
        for block in self._read_blocks():
            values = self._decode(block, place)
            at = records.starts[done : done + len(values), None] + np.arange(one.n_samples)
            samples[at.ravel()] = values.ravel() * one.gain + one.offset if one.is_calibrated else values.ravel()
            done += len(values)
        return Lead(
            samples=samples,
            fs_hz=rate_hz,
            unit=(one.unit or None) if one.is_calibrated else None,
            notes=(*self.header.notes, *one.notes, *records.notes),
        )

    def _find_rate_hz(self, one: EdfSignalHeader) -> float:
        if not self.header.record_s:
            raise CorruptDataError(
                f"{self.path}: data records of 0 s: expected a positive number; fix the header, or give fs_hz"
            )
        return one.n_samples / self.header.record_s

    def _locate(self, one: EdfSignalHeader, fs_hz: float | None) -> tuple[int, _Records]:
        """Find the length of a signal, and the place of each data record in it."""
        if not one.n_samples:
            raise DataError(f"{self.path}: signal {one.label!r} holds no samples; choose another channel")
        if not self.header.n_records:
            raise CorruptDataError(
                f"{self.path}: holds no whole data record; the file is cut off behind its header: copy it again"
            )
        n_times = check_n_times(one.n_samples * self.header.n_records, self.path, what=f"signal {one.label!r}")
        in_order = np.arange(self.header.n_records, dtype=np.int64) * one.n_samples
        if self.header.is_discontinuous and not any(signal.is_annotation for signal in self.header.signals):
            note = "the header speaks of pauses, and no times of data records are in the file: they follow each other"
            return n_times, _Records(starts=in_order, notes=(note,))
        is_paused = self.header.is_discontinuous or self._hides_pauses()
        if not is_paused or not (self.header.record_s or fs_hz):
            return n_times, _Records(starts=in_order)
        rate_hz = self._find_rate_hz(one) if self.header.record_s else float(fs_hz or 0)
        onsets_s = self._read_onsets()
        notes: tuple[str, ...] = ()
        if not self.header.is_discontinuous:
            onsets_s = _keep_pauses(onsets_s, self.header.record_s)
            notes = ("the header calls the recording continuous, and the times of its data records show pauses",)
        records = _place_records(onsets_s, one.n_samples, rate_hz, notes=notes)
        end = float(records.starts[-1]) + one.n_samples
        return check_n_times(end, self.path, what=f"signal {one.label!r}"), records

    def _decode(self, block: bytes, place: int) -> Float64Array:
        """Read the counts of one signal in a block, shape (n_records, n_samples)."""
        size, width = self.header.record_bytes, self.header.sample_bytes
        first = width * sum(one.n_samples for one in self.header.signals[:place])
        rows: UInt8Array = np.frombuffer(block, dtype=np.uint8).reshape(-1, size)
        n_samples = self.header.signals[place].n_samples
        own = np.ascontiguousarray(rows[:, first : first + width * n_samples])
        counts = _STORAGE[width].decode(own.ravel())
        return np.asarray(counts, dtype=np.float64).reshape(len(rows), n_samples)

    def _read_blocks(self) -> Iterator[bytes]:
        size = self.header.record_bytes
        step = max(1, _BLOCK_BYTES // size)
        with readable(self.path), open(self.path, "rb") as stream:
            stream.seek(self.header.n_bytes)
            for first in range(0, self.header.n_records, step):
                yield stream.read(size * min(step, self.header.n_records - first))

    def _hides_pauses(self) -> bool:
        """Tell whether the last data record starts later than it would without pauses, in a file that claims none."""
        header = self.header
        if not header.record_s or header.n_records < 2 or not any(one.is_annotation for one in header.signals):
            return False
        with readable(self.path), open(self.path, "rb") as stream:
            ends = []
            for record in (0, header.n_records - 1):
                stream.seek(header.n_bytes + record * header.record_bytes)
                ends.append(self._parse_onsets(stream.read(header.record_bytes))[0])
        return ends[1] - ends[0] > (header.n_records - 1) * header.record_s + _LEAST_PAUSE_S

    def _read_onsets(self) -> Float64Array:
        """Start of each data record in seconds, read from the first annotation signal; NaN where it states none."""
        return np.array([one for block in self._read_blocks() for one in self._parse_onsets(block)])

    def _parse_onsets(self, block: bytes) -> list[float]:
        header = self.header
        place = next(number for number, one in enumerate(header.signals) if one.is_annotation)
        first = header.sample_bytes * sum(one.n_samples for one in header.signals[:place])
        width = header.sample_bytes * header.signals[place].n_samples
        found = [
            _ONSET.match(block[start + first : start + first + width])
            for start in range(0, len(block), header.record_bytes)
        ]
        return [float(one[1].replace(b",", b".")) if one else math.nan for one in found]


def open_edf(path: Path) -> EdfFile:
    """Open an EDF or BDF file.

    Raises
    ------
    CorruptDataError, DataError
    """
    found = EdfFile(path, read_edf_header(path))
    if not found.channels:
        raise DataError(f"{path}: holds annotations alone; give a file with an ECG in it")
    return found


def _keep_pauses(onsets_s: Float64Array, record_s: float) -> Float64Array:
    """Keep the pauses between data records alone: the drift of a clock in a continuous recording makes no gaps."""
    steps = np.diff(onsets_s, prepend=onsets_s[:1])
    pauses_s = np.where(steps > record_s + _LEAST_PAUSE_S, steps - record_s, 0.0)
    return np.asarray(record_s * np.arange(len(onsets_s)) + np.cumsum(pauses_s), dtype=np.float64)


def _place_records(onsets_s: Float64Array, n_samples: int, rate_hz: float, *, notes: tuple[str, ...] = ()) -> _Records:
    """Place the data records of a file with pauses.

    A record without a time follows the one ahead, and so does one that starts before that one's end: its clock was set,
    and later records are placed on the new clock.
    """
    starts = np.zeros(len(onsets_s), dtype=np.int64)
    origin_s = float(onsets_s[np.isfinite(onsets_s)][0]) if np.isfinite(onsets_s).any() else 0.0
    breaks: list[Break] = []
    for place in range(1, len(onsets_s)):
        end = int(starts[place - 1]) + n_samples
        late = (onsets_s[place] - origin_s) * rate_hz - end
        if late < -0.5:
            breaks.append(Break(index=place * n_samples, step_s=float(late / rate_hz), is_gap=False))
            origin_s += late / rate_hz
        # rounding must not make neighbours overlap
        starts[place] = end if math.isnan(late) else end + max(0, round(late))
    missing = int(np.isnan(onsets_s).sum())
    notes = (*notes, *describe_breaks(breaks, fs_hz=rate_hz, what="samples"))
    if missing:
        notes = (*notes, f"{missing} data records state no time: taken to follow the record ahead")
    return _Records(starts=starts, notes=notes)
