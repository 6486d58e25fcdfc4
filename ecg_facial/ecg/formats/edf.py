"""EDF, EDF+ and BDF files.

Input: a path. Output: one signal, with NaN where a discontinuous file (EDF+D) has pauses. The header is checked first;
data records are read through edfio in blocks of 4 MB, so that a night of many signals needs the memory of one.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import edfio
import numpy as np

from ecg_facial.ecg.formats.contract import Channel, Lead, check_n_times, corrupt_on_failure, readable
from ecg_facial.ecg.formats.edf_header import EdfHeader, EdfSignalHeader, read_edf_header
from ecg_facial.errors import CorruptDataError, DataError
from ecg_facial.runtime.typing import Float64Array, Int64Array

# edfio copies what it reads several times: blocks bound the memory (111 MB for one signal of 8 h)
_BLOCK_BYTES = 1 << 22
# time-stamped annotation list of EDF+: onset, optional duration, separators 0x15 and 0x14
_ONSET = re.compile(rb"^\0*([+-]\d+(?:\.\d*)?)(?:\x15[\d.]*)?\x14")


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
            Channel(name=one.label or str(number), unit=one.unit or None, is_named=bool(one.label))
            for number, (_, one) in enumerate(self.signals, start=1)
        )

    def measure(self, index: int, *, fs_hz: float | None = None) -> tuple[int, float]:
        """Return the number of samples, pauses included, and their rate in Hz."""
        one = self.signals[index][1]
        rate_hz = one.n_samples / self.header.record_s
        starts = self._find_starts(one)
        n_times = one.n_samples * self.header.n_records if starts is None else self._find_end(starts, one)
        return check_n_times(n_times, self.path, what=f"signal {one.label!r}"), rate_hz if fs_hz is None else fs_hz

    def read(self, index: int, *, fs_hz: float | None = None) -> Lead:
        """Read a signal in its physical unit."""
        place, one = self.signals[index]
        n_times, rate_hz = self.measure(index, fs_hz=fs_hz)
        starts = self._find_starts(one)
        samples = np.full(n_times, np.nan)
        done = 0
        for block in self._read_blocks():
            values = self._read_signal(block, place, one)
            n_records = len(values) // one.n_samples
            if starts is None:
                samples[done * one.n_samples :][: len(values)] = values
            else:
                # records with pauses: each at its own start
                places = starts[done : done + n_records, None] + np.arange(one.n_samples)
                samples[places.ravel()] = values
            done += n_records
        notes = self.header.notes
        if not one.is_calibrated:
            notes = (*notes, "the header's physical and digital limits make no scale: amplitudes are counts")
        return Lead(samples=samples, fs_hz=rate_hz, unit=(one.unit or None) if one.is_calibrated else None, notes=notes)

    def _read_signal(self, block: bytes, place: int, one: EdfSignalHeader) -> Float64Array:
        """Read one signal of a block through edfio, as a file of only these data records."""
        content = self.header.for_records(len(block) // self.header.record_bytes) + block
        with corrupt_on_failure(self.path, f"signal {one.label!r}"), warnings.catch_warnings():
            # the header was checked already; an unusable calibration is noted by `read`
            warnings.simplefilter("ignore")
            read = edfio.read_edf if self.header.sample_bytes == 2 else edfio.read_bdf
            signal = read(content, header_encoding="latin-1").signals[self._rank(place)]
            return np.asarray(signal.data if one.is_calibrated else signal.digital, dtype=np.float64)
        raise CorruptDataError(f"{self.path}: signal {one.label!r} cannot be read")

    def _rank(self, place: int) -> int:
        return sum(not one.is_annotation for one in self.header.signals[:place])

    def _read_blocks(self) -> Iterator[bytes]:
        size = self.header.record_bytes
        step = max(1, _BLOCK_BYTES // size)
        with readable(self.path), open(self.path, "rb") as stream:
            stream.seek(len(self.header.content))
            for first in range(0, self.header.n_records, step):
                yield stream.read(size * min(step, self.header.n_records - first))

    def _find_starts(self, one: EdfSignalHeader) -> Int64Array | None:
        """Index of each data record's first sample; None if there are no pauses."""
        onsets_s = self._read_onsets() if self.header.is_discontinuous else None
        if onsets_s is None or not len(onsets_s):
            return None
        rate_hz = one.n_samples / self.header.record_s
        late = (onsets_s - onsets_s[0]) * rate_hz
        early = np.flatnonzero(np.diff(late) < one.n_samples - 0.5)
        if len(early):
            raise CorruptDataError(
                f"{self.path}: data record {early[0] + 2} starts at {onsets_s[early[0] + 1]:g} s, before the one ahead "
                "of it ends; the file is damaged: export it again"
            )
        check_n_times(float(late[-1]) + one.n_samples, self.path, what=f"signal {one.label!r}")
        # rounding must not make neighbours overlap
        step = np.arange(len(late)) * one.n_samples
        return np.asarray(np.maximum.accumulate(np.round(late - step).astype(np.int64)) + step, dtype=np.int64)

    def _find_end(self, starts: Int64Array, one: EdfSignalHeader) -> int:
        return int(starts[-1]) + one.n_samples

    def _read_onsets(self) -> Float64Array:
        """Start of each data record in seconds, read from the first annotation signal."""
        header = self.header
        place = next((number for number, one in enumerate(header.signals) if one.is_annotation), None)
        if place is None:
            raise CorruptDataError(
                f"{self.path}: discontinuous, without the times of its data records; export it again"
            )
        first = header.sample_bytes * sum(one.n_samples for one in header.signals[:place])
        width = header.sample_bytes * header.signals[place].n_samples
        onsets: list[float] = []
        for block in self._read_blocks():
            for start in range(first, len(block), header.record_bytes):
                found = _ONSET.match(block[start : start + width])
                if not found:
                    raise CorruptDataError(
                        f"{self.path}: data record {len(onsets) + 1} states no time; export the file again"
                    )
                onsets.append(float(found[1]))
        return np.array(onsets)


def open_edf(path: Path) -> EdfFile:
    """Open an EDF or BDF file.

    Raises
    ------
    CorruptDataError, DataError
    """
    header = read_edf_header(path)
    found = EdfFile(path, header)
    if not found.channels or not header.n_records:
        raise DataError(f"{path}: holds annotations alone, or no data record; give a file with an ECG in it")
    return found
