"""WFDB records of several segments: MIMIC and other recordings of days.

Input: the path of a record. Output: one signal from its first segment to its last. Pauses, segments without that signal
and segments that are missing or damaged are NaN. Gains and units are those of each segment.

In a record of fixed layout all segments hold the same signals. In one of variable layout the first segment holds no
samples: it is the layout, which describes every signal that occurs, and signals are found by their names.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from ecg_facial.ecg.formats.contract import Channel, EcgFile, Lead, check_n_times
from ecg_facial.ecg.formats.ecg_names import looks_like_ecg
from ecg_facial.ecg.formats.units import find_factor
from ecg_facial.ecg.formats.wfdb import WfdbRecord
from ecg_facial.ecg.formats.wfdb_header import NOT_STORED, WfdbHeader, WfdbSegment, find_header, read_header
from ecg_facial.errors import CorruptDataError, EcgFacialError, MissingDataError
from ecg_facial.runtime.listing import find_child

_MAX_NOTES = 5


@dataclass(frozen=True)
class WfdbSegments:
    """An open record of several segments; implements `contract.EcgFile`."""

    header: WfdbHeader
    kind: str = field(default="WFDB record of several segments", init=False)
    hint: str = field(default="", init=False)

    @property
    def path(self) -> Path:
        """Path of the header of the whole."""
        return self.header.path

    @property
    def segments(self) -> tuple[WfdbSegment, ...]:
        """Segments with samples, and pauses."""
        return tuple(one for one in self.header.segments if one.n_frames)

    @cached_property
    def model(self) -> WfdbRecord:
        """The record that describes the signals: the layout, else the first segment that can be read."""
        failed: EcgFacialError | None = None
        for segment in self.header.segments:
            if segment.name != NOT_STORED:
                try:
                    return self._open(segment)
                except EcgFacialError as error:
                    failed = failed or error
        raise failed or CorruptDataError(f"{self.path}: consists of pauses alone; there is no signal in it")

    @property
    def is_variable(self) -> bool:
        """Whether segments hold different signals."""
        return bool(self.header.segments) and not self.header.segments[0].n_frames

    @cached_property
    def channels(self) -> tuple[Channel, ...]:
        """The signals of the record; in a variable layout each with the samples that its segments hold."""
        if not self.is_variable:
            return self.model.channels
        stored = [0] * len(self.model.channels)
        for segment in self.segments:
            if segment.name != NOT_STORED:
                try:
                    record = self._open(segment)
                except EcgFacialError:
                    continue
                for index in range(len(stored)):
                    if self._find_signal(record, index) is not None:
                        stored[index] += segment.n_frames * self.model.header.signals[index].per_frame
        return tuple(replace(one, n_stored=n) for one, n in zip(self.model.channels, stored, strict=True))

    def measure(self, index: int, *, fs_hz: float | None = None) -> tuple[int, float]:
        """Return the number of samples of a signal, pauses included, and its rate in Hz."""
        per_frame = self.model.header.signals[index].per_frame
        n_frames = sum(one.n_frames for one in self.segments)
        n_times = check_n_times(n_frames * per_frame, self.path, what="a signal")
        return n_times, self.header.fs_hz * per_frame if fs_hz is None else fs_hz

    def read(self, index: int, *, fs_hz: float | None = None) -> Lead:
        """Read a signal, in the unit of the first segment that holds it."""
        n_times, rate_hz = self.measure(index, fs_hz=fs_hz)
        per_frame = self.model.header.signals[index].per_frame
        samples = np.full(n_times, np.nan)
        notes: list[str] = [*self._check_length(), *self._describe_choice(index)]
        unit: str | None = None
        n_read = start = 0
        failed: EcgFacialError | None = None
        for segment in self.segments:
            end = start + segment.n_frames * per_frame
            if segment.name != NOT_STORED:
                try:
                    lead = self._read_segment(segment, index)
                    if lead is not None:
                        unit = lead.unit if not n_read else unit
                        part = lead.samples[: end - start] * _scale(lead.unit, unit)
                        samples[start : start + len(part)] = part
                        n_read += 1
                        notes += [f"segment {segment.name}: {note}" for note in lead.notes]
                except EcgFacialError as error:
                    failed = failed or error
                    said = str(error).rpartition(f"{self.path.parent}/")[2].partition(";")[0]
                    notes.append(f"segment {segment.name} is left out ({said}): NaN there")
            start = end
        if not n_read and failed is not None:
            raise failed
        more = len(notes) - _MAX_NOTES
        shown = notes[:_MAX_NOTES] if more <= 0 else [*notes[:_MAX_NOTES], f"{more} more notes on its segments"]
        return Lead(samples=samples, fs_hz=rate_hz, unit=unit, notes=tuple(shown))

    def list_records(self) -> Iterator[WfdbRecord]:
        """Open the segments that can be opened."""
        for segment in self.header.segments:
            if segment.name != NOT_STORED:
                try:
                    yield self._open(segment)
                except EcgFacialError:
                    continue

    def _open(self, segment: WfdbSegment) -> WfdbRecord:
        header = read_header(find_child(self.path.parent, f"{segment.name}.hea"))
        if header.segments:
            raise CorruptDataError(f"{header.path}: a segment that has segments itself; fix the header")
        return WfdbRecord(header)

    def _read_segment(self, segment: WfdbSegment, index: int) -> Lead | None:
        """Read a signal of one segment; None if the segment does not hold it."""
        record = self._open(segment)
        own = self._find_signal(record, index)
        if own is None:
            return None
        expected_hz = self.header.fs_hz * self.model.header.signals[index].per_frame
        rate_hz = record.header.fs_hz * record.header.signals[own].per_frame
        if abs(rate_hz / expected_hz - 1) > 1e-6:
            raise CorruptDataError(f"{record.path}: {rate_hz:g} Hz in a record of {expected_hz:g} Hz; fix the header")
        return record.read(own)

    def _find_signal(self, record: WfdbRecord, index: int) -> int | None:
        """Place of a signal in a segment: the same in a fixed layout, else by its name and how often it occurred."""
        if not self.is_variable:
            if index >= len(record.header.signals):
                raise CorruptDataError(f"{record.path}: has no signal {index + 1}, unlike other segments; fix it")
            return index
        wanted = _number_names(self.model)[index]
        names = _number_names(record)
        return names.index(wanted) if wanted in names else None

    def _describe_choice(self, index: int) -> tuple[str, ...]:
        """Say which other leads could have been taken, where segments hold different ones."""
        own = self.channels[index]
        if own.n_stored is None or not looks_like_ecg(own.name):
            return ()
        others = [one for one in self.channels if one is not own and looks_like_ecg(one.name)]
        listed = ", ".join(f"{one.name!r} ({one.n_stored} samples)" for one in others if one.n_stored)
        return (f"signal {own.name!r} ({own.n_stored} samples) was taken, not {listed}",) if listed else ()

    def _check_length(self) -> tuple[str, ...]:
        total = sum(one.n_frames for one in self.segments)
        if self.header.n_frames in (None, total):
            return ()
        return (f"the header promises {self.header.n_frames} samples, and its segments have {total}: all are read",)


def open_wfdb(path: Path) -> EcgFile:
    """Open a record by its header, one of its files, or its name.

    Raises
    ------
    MissingDataError, CorruptDataError, DataError
    """
    found = find_header(path)
    if found is None:
        raise MissingDataError(f"{path}: no header beside it; a WFDB record needs its .hea file")
    header = read_header(found)
    return WfdbSegments(header) if header.segments else WfdbRecord(header)


def is_of_record(path: Path) -> bool:
    """Tell whether a header beside a file names it as one of its signal files, as PhysioNet's ``.mat`` files have."""
    found = find_header(path)
    try:
        return found is not None and any(signal.file == path.name for signal in read_header(found).signals)
    except EcgFacialError:
        return False


def list_wfdb_files(path: Path) -> tuple[Path, ...]:
    """List the existing files of a record: headers and signal files, of all segments; none if there is no header."""
    try:
        record = open_wfdb(path)
    except EcgFacialError:
        return (path,) if path.is_file() else ()
    records = list(record.list_records()) if isinstance(record, WfdbSegments) else [record]
    names = [path, record.path]
    for one in records:
        if isinstance(one, WfdbRecord):
            names += [one.path, *(find_child(path.parent, signal.file) for signal in one.header.signals)]
            # of a record that was renamed
            endings = {Path(signal.file).suffix for signal in one.header.signals}
            names += [find_child(path.parent, f"{one.path.stem}{ending}") for ending in sorted(endings)]
    return tuple(name for name in dict.fromkeys(names) if name.is_file())


def _number_names(record: WfdbRecord) -> list[tuple[str, int]]:
    """Names of the signals, each with how often it occurred before."""
    seen: Counter[str] = Counter()
    names = []
    for signal in record.header.signals:
        name = signal.name.casefold()
        names.append((name, seen[name]))
        seen[name] += 1
    return names


def _scale(own: str | None, wanted: str | None) -> float:
    """Factor from a segment's unit to that of the first one."""
    factors = find_factor(own), find_factor(wanted)
    if own == wanted:
        return 1.0
    if factors[0] is None or factors[1] is None:
        raise CorruptDataError(f"amplitudes in {own or 'no unit'} in a record in {wanted or 'no unit'}")
    return factors[0] / factors[1]
