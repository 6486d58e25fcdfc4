"""WFDB records of one segment: MIT-BIH and much of PhysioNet.

Input: the header of a record. Output: one signal in physical units. A signal file that was cut off is read to its end.
Signal files in other folders are refused; `wfdb_segments` reads records of several segments.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import lcm
from pathlib import Path

import numpy as np

from ecg_facial.ecg.formats.contract import Channel, Lead, check_n_times, readable
from ecg_facial.ecg.formats.wfdb_flac import FLAC_BITS, read_flac, read_flac_info
from ecg_facial.ecg.formats.wfdb_header import NOT_STORED, WfdbHeader, WfdbSignal
from ecg_facial.ecg.formats.wfdb_samples import DIFFERENCES, FORMATS, SampleFormat
from ecg_facial.errors import CorruptDataError, DataError, MissingDataError
from ecg_facial.runtime.listing import find_child
from ecg_facial.runtime.typing import Int32Array

# samples per block, and limit on damaged headers
_BLOCK_SAMPLES = 1 << 20
_MAX_FRAME = 1 << 20


@dataclass(frozen=True, kw_only=True)
class _Place:
    """Position of a signal in its file.

    First sample within a frame, samples per frame of all signals, number of frames in the file, and in the header.
    """

    first: int
    frame: int
    n_frames: int
    n_promised: int


@dataclass(frozen=True)
class WfdbRecord:
    """An open record; implements `contract.EcgFile`."""

    header: WfdbHeader
    kind: str = field(default="WFDB record", init=False)
    hint: str = field(default="", init=False)

    @property
    def path(self) -> Path:
        """Path of the header."""
        return self.header.path

    @property
    def channels(self) -> tuple[Channel, ...]:
        """The signals of the record."""
        return tuple(
            Channel(name=signal.name or str(number), unit=_unit_of(signal), is_named=bool(signal.name))
            for number, signal in enumerate(self.header.signals, start=1)
        )

    def measure(self, index: int, *, fs_hz: float | None = None) -> tuple[int, float]:
        """Return the number of samples of a signal, and its rate in Hz."""
        signal = self.header.signals[index]
        n_times = self._find_place(index).n_frames * signal.per_frame
        return n_times, self.header.fs_hz * signal.per_frame if fs_hz is None else fs_hz

    def read(self, index: int, *, fs_hz: float | None = None) -> Lead:
        """Read a signal in its physical unit; in counts above its baseline if it was not calibrated."""
        signal, place = self.header.signals[index], self._find_place(index)
        n_times = place.n_frames * signal.per_frame
        rate_hz = self.header.fs_hz * signal.per_frame if fs_hz is None else fs_hz
        if signal.file == NOT_STORED:
            return Lead(
                samples=np.full(n_times, np.nan), fs_hz=rate_hz, notes=("the record does not store this signal",)
            )
        counts = self._read_counts(index, place)
        notes = (*self.header.notes, *self._describe_loss(signal, place, len(counts)))
        if (found := self._find_file(signal).name).casefold() != signal.file.casefold():
            notes = (*notes, f"the header names the file {signal.file!r}: {found!r}, of the record's own name, is read")
        if len(counts) == place.n_promised * signal.per_frame:
            notes = (*notes, *_check_sum(signal, counts))
        samples = counts.astype(np.float64) - signal.baseline
        samples[counts == _missing_of(signal.format)] = np.nan
        if signal.gain:
            samples /= signal.gain
        n_times = len(samples)
        # the skew is the delay of this signal against the others
        shift = min(signal.skew * signal.per_frame, n_times)
        if shift:
            samples = np.concatenate([samples[shift:], np.full(shift, np.nan)])
        return Lead(samples=samples, fs_hz=rate_hz, unit=_unit_of(signal), notes=notes)

    def _group(self, index: int) -> list[int]:
        """List the signals in the same file."""
        file = self.header.signals[index].file
        return [place for place, signal in enumerate(self.header.signals) if signal.file == file]

    def _find_place(self, index: int) -> _Place:
        """Find a signal in its file, and compare the length in the header with the file's size."""
        signals = self.header.signals
        if signals[index].file == NOT_STORED:
            n_frames = check_n_times(self.header.n_frames or 0, self.path, what="a signal")
            return _Place(first=0, frame=1, n_frames=n_frames, n_promised=n_frames)
        group = self._group(index)
        widths = [signals[place].per_frame for place in group]
        frame = sum(widths)
        if min(widths) < 1 or frame > _MAX_FRAME:
            raise CorruptDataError(f"{self.path}: {frame} samples per frame, limit {_MAX_FRAME}; fix the header")
        _check_format(self.path, signals[index], [signals[place] for place in group])
        present = self._count_frames(signals[index], frame, len(group))
        promised = present if self.header.n_frames is None else self.header.n_frames
        n_frames = min(present, promised)
        if not n_frames:
            raise CorruptDataError(
                f"{self.path}: {signals[index].file} holds no sample, the header promises {promised}; the file is cut "
                "off: copy it again"
            )
        check_n_times(n_frames * signals[index].per_frame, self.path, what="a signal")
        return _Place(first=sum(widths[: group.index(index)]), frame=frame, n_frames=n_frames, n_promised=promised)

    def _count_frames(self, signal: WfdbSignal, frame: int, n_signals: int) -> int:
        """Count the whole frames of a signal file."""
        path = self._find_file(signal)
        if signal.format not in FLAC_BITS:
            return FORMATS[signal.format].count_samples(max(0, path.stat().st_size - signal.offset)) // frame
        info = read_flac_info(path)
        if (info.n_channels, info.n_bits) != (n_signals, FLAC_BITS[signal.format]) or frame % n_signals:
            raise CorruptDataError(
                f"{self.path}: {signal.file} has {info.n_channels} channels of {info.n_bits} bits, the header promises "
                f"{n_signals} of {FLAC_BITS[signal.format]}; copy the whole record"
            )
        # a stream that does not state its length is as long as the header says
        return (info.n_times or (self.header.n_frames or 0) * signal.per_frame) // signal.per_frame

    def _describe_loss(self, signal: WfdbSignal, place: _Place, n_times: int) -> tuple[str, ...]:
        lost = place.n_promised * signal.per_frame - n_times
        if not lost:
            return ()
        lost_s = lost / (self.header.fs_hz * signal.per_frame)
        return (
            f"{signal.file} is cut off: {lost} of {lost + n_times} samples ({lost_s:.3g} s) are missing at its end",
        )

    def _read_counts(self, index: int, place: _Place) -> Int32Array:
        """Read the counts of one signal in blocks, so that a day of twelve leads needs the memory of one."""
        signal = self.header.signals[index]
        path = self._find_file(signal)
        if signal.format in FLAC_BITS:
            n_times, channel = place.n_frames * signal.per_frame, self._group(index).index(index)
            counts = read_flac(path, channel, signal.offset + n_times, n_bits=FLAC_BITS[signal.format])
            return counts[signal.offset :]
        stored = FORMATS[signal.format]
        counts = np.empty((place.n_frames, signal.per_frame), dtype=np.int32)
        # blocks of whole frames and whole groups of bytes
        step = max(1, _BLOCK_SAMPLES // place.frame) * (lcm(place.frame, stored.n_samples) // place.frame)
        with readable(path), open(path, "rb") as stream:
            stream.seek(signal.offset)
            for start in range(0, place.n_frames, step):
                stop = min(start + step, place.n_frames)
                block = _decode(stored, stream.read(stored.count_bytes((stop - start) * place.frame)))
                frames = block[: (stop - start) * place.frame].reshape(stop - start, place.frame)
                counts[start:stop] = frames[:, place.first : place.first + signal.per_frame]
        found = counts.ravel()
        if signal.format in DIFFERENCES:
            # the first one is to the initial value of the header
            found = ((signal.initial or 0) + np.cumsum(found, dtype=np.int64)).astype(np.int32)
        return found

    def _find_file(self, signal: WfdbSignal) -> Path:
        """Find a signal file beside the header, in any letter case."""
        path = find_child(self.path.parent, signal.file)
        if not path.is_file() and (renamed := self._find_renamed(signal)) is not None:
            return renamed
        if not path.is_file():
            raise MissingDataError(
                f"{self.path}: its signal file {signal.file!r} is not beside it; copy the whole record"
            )
        return path

    def _find_renamed(self, signal: WfdbSignal) -> Path | None:
        """Find the signal file of a record whose files were all given another name: the header's, with its ending."""
        files = {one.file for one in self.header.signals if one.file != NOT_STORED}
        path = find_child(self.path.parent, f"{self.path.stem}{Path(signal.file).suffix}")
        return path if len(files) == 1 and path.is_file() else None


def _decode(stored: SampleFormat, content: bytes) -> Int32Array:
    """Decode a block; its last group is padded, so there may be too many samples at the end."""
    data = np.frombuffer(content, dtype=np.uint8)
    return stored.decode(np.pad(data, (0, -len(data) % stored.n_bytes)))


def _check_format(path: Path, signal: WfdbSignal, group: list[WfdbSignal]) -> None:
    """Check the storage format, which all signals of a file share."""
    if signal.format not in FORMATS and signal.format not in FLAC_BITS:
        known = ", ".join(str(number) for number in sorted([*FORMATS, *FLAC_BITS]))
        raise DataError(
            f"{path}: {signal.file} is stored in format {signal.format}; read are {known}: convert it to 16 (xform)"
        )
    if any((other.format, other.offset) != (signal.format, signal.offset) for other in group):
        raise CorruptDataError(f"{path}: signals of {signal.file} differ in format or offset; fix the header")
    if signal.format in FLAC_BITS and any(other.per_frame != signal.per_frame for other in group):
        raise CorruptDataError(f"{path}: signals of {signal.file} differ in samples per frame; fix the header")


def _missing_of(storage: int) -> int:
    """Count that marks a missing sample: the lowest one."""
    return -(1 << (FLAC_BITS[storage] - 1)) if storage in FLAC_BITS else FORMATS[storage].missing


def _unit_of(signal: WfdbSignal) -> str | None:
    return signal.unit if signal.gain else None


def _check_sum(signal: WfdbSignal, counts: Int32Array) -> tuple[str, ...]:
    """Compare the samples with the header's checksum; 0 often means "not computed"."""
    if not signal.checksum:
        return ()
    found = int(counts.sum(dtype=np.int64)) & 0xFFFF
    if found == signal.checksum & 0xFFFF:
        return ()
    return (f"the samples do not add up to the header's checksum ({found} against {signal.checksum & 0xFFFF})",)
