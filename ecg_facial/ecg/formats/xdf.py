"""XDF files: recordings of the Lab Streaming Layer (LSL).

Input: a path. Output: one channel of one stream at a regular rate, with NaN where samples were lost. Time stamps are
put on the recorder's clock by the offsets that it measured; time 0 is the stream's first sample. Memory holds one
channel and one chunk. Numbers of channels, chunks and samples were checked by `xdf_chunks`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ecg_facial.ecg.formats.channels import ECG
from ecg_facial.ecg.formats.contract import Channel, Lead, check_n_times, readable, shorten
from ecg_facial.ecg.formats.ecg_names import looks_like_ecg
from ecg_facial.ecg.formats.xdf_chunks import TEXT, VALUE_TYPES, XdfStream, walk_streams
from ecg_facial.ecg.formats.xdf_samples import place_samples, read_samples, synchronise
from ecg_facial.errors import DataError
from ecg_facial.runtime.clocks.regular import fit_grid
from ecg_facial.runtime.typing import Float64Array

# Type of streams of amplifiers for any biosignal. With a single channel it is taken for an ECG.
_ANY_BIOSIGNAL = "exg"


@dataclass(frozen=True)
class XdfFile:
    """An open file; implements `contract.EcgFile`. Its channels are those of all numeric streams."""

    path: Path
    streams: tuple[XdfStream, ...]
    notes: tuple[str, ...] = ()
    kind: str = field(default="XDF recording", init=False)
    hint: str = field(default="", init=False)

    @property
    def places(self) -> list[tuple[XdfStream, int]]:
        """Stream and number of each channel."""
        return [(stream, number) for stream in self.streams for number in range(stream.n_channels)]

    @property
    def channels(self) -> tuple[Channel, ...]:
        """Channels of all numeric streams; a name that occurs again has its stream's name behind it."""
        names: list[str] = []
        for stream, number in self.places:
            name = _name(stream, number)
            names.append(name if name not in names else f"{name} of {stream.name or stream.id} ({stream.id})")
        units = [stream.units[number] if stream.units else None for stream, number in self.places]
        kinds = [stream.kinds[number] if stream.kinds else "" for stream, number in self.places]
        return tuple(
            Channel(name=name, unit=unit, sensor=kind) for name, unit, kind in zip(names, units, kinds, strict=True)
        )

    def measure(self, index: int, *, fs_hz: float | None = None) -> tuple[int, float]:
        """Return the number of samples, gaps included, and their rate in Hz; both follow from the time stamps."""
        lead = self.read(index, fs_hz=fs_hz)
        return len(lead.samples), lead.fs_hz

    def read(self, index: int, *, fs_hz: float | None = None) -> Lead:
        """Read a channel. If a rate is given, the time stamps are ignored."""
        stream, number = self.places[index]
        if not stream.n_times:
            raise DataError(f"{self.path}: stream {stream.name!r} holds no samples; choose another channel")
        unit = stream.units[number] if stream.units else None
        notes = (*self.notes, *self._describe_choice(stream))
        if fs_hz is not None:
            return Lead(samples=self._load(stream, number)[0], fs_hz=fs_hz, unit=unit, notes=notes)
        values, stamps_s, n_resets = self.read_stamped(index)
        if n_resets:
            notes = (*notes, f"the stream's clock was another one {n_resets} times: put on the recorder's clock")
        grid = fit_grid(stamps_s, stream.nominal_hz)
        if grid.problem:
            raise DataError(
                f"{self.path}: stream {stream.name!r} has {grid.problem}; give fs_hz to take its "
                "samples one after the other"
            )
        n_times = check_n_times(float(grid.places.max()) + 1, self.path, what=f"stream {stream.name!r} with its gaps")
        samples = np.full(n_times, np.nan)
        samples[grid.places] = values
        notes = (*notes, _describe_rate(grid.fs_hz, stream), *grid.notes)
        return Lead(samples=samples, fs_hz=grid.fs_hz, unit=unit, notes=notes)

    def read_stamped(self, index: int) -> tuple[Float64Array, Float64Array, int]:
        """Read the values of a channel, their time stamps on the recorder's clock, and how often its clock changed."""
        stream, number = self.places[index]
        values, own_s = self._load(stream, number)
        at = [one.n_times for one in stream.offsets]
        stamps_s, n_resets = synchronise(own_s, at, [one.offset_s for one in stream.offsets])
        return values, stamps_s, n_resets

    def read_start(self, index: int) -> float:
        """Time of the first sample that `read` gives, on the recorder's clock; NaN if no stamp tells it."""
        _, stamps_s, _ = self.read_stamped(index)
        return fit_grid(stamps_s, self.places[index][0].nominal_hz).start_s

    def _load(self, stream: XdfStream, number: int) -> tuple[Float64Array, Float64Array]:
        """Load the values of a channel, and the time stamps, NaN where a sample has none."""
        kind = VALUE_TYPES[stream.value_format]
        values, stamps_s = np.empty(stream.n_times), np.empty(stream.n_times)
        done = 0
        with readable(self.path), open(self.path, "rb") as file:
            for chunk in stream.chunks:
                file.seek(chunk.at)
                content = file.read(chunk.n_bytes)
                places = place_samples(content, chunk.n_times, stream.sample_bytes)
                if places is None:
                    raise DataError(f"{self.path}: changed while it was read; wait until the recording is closed")
                end = done + chunk.n_times
                values[done:end], stamps_s[done:end] = read_samples(content, places, number * kind.itemsize, kind)
                done = end
        return values, stamps_s

    def _describe_choice(self, stream: XdfStream) -> tuple[str, ...]:
        """Say which other streams could have been the ECG."""
        others = [one for one in self.streams if _is_ecg(one) and one is not stream]
        if not (others and _is_ecg(stream)):
            return ()
        listed = ", ".join(f"{shorten(one.name)} ({one.n_times} samples)" for one in others)
        return (f"stream {shorten(stream.name)} ({stream.n_times} samples) was taken, not {listed}",)


def open_xdf(path: Path) -> XdfFile:
    """Open an XDF file.

    Raises
    ------
    CorruptDataError, DataError
    """
    if path.suffix.lower() in (".xdfz", ".gz"):
        raise DataError(f"{path}: a compressed XDF file; unpack it first (gunzip)")
    content = walk_streams(path)
    numeric = [stream for stream in content.streams if stream.value_format != TEXT]
    if not numeric:
        raise DataError(f"{path}: no stream of numbers in it; give a recording with an ECG stream")
    # a stream that was opened and never sent is no choice
    numeric = [stream for stream in numeric if stream.n_times] or numeric
    numeric, joined = _join_reopened(path, numeric)
    places = [place for place, stream in enumerate(numeric) if _is_ecg(stream)]
    longest_first = sorted((numeric[place] for place in places), key=lambda stream: -stream.n_times)
    for place, stream in zip(places, longest_first, strict=True):
        numeric[place] = stream
    return XdfFile(path, tuple(numeric), (*content.notes, *joined))


def _join_reopened(path: Path, streams: list[XdfStream]) -> tuple[list[XdfStream], tuple[str, ...]]:
    """Join streams that are alike and follow each other in time: an amplifier that was connected again."""
    found: list[XdfStream] = []
    notes: list[str] = []
    for stream in streams:
        before = next((one for one in found if _is_continued(path, one, stream)), None)
        if before is None:
            found.append(stream)
            continue
        offsets = [replace(one, n_times=one.n_times + before.n_times) for one in stream.offsets]
        found[found.index(before)] = replace(
            before,
            chunks=[*before.chunks, *stream.chunks],
            offsets=[*before.offsets, *offsets],
            n_times=before.n_times + stream.n_times,
        )
        notes.append(f"stream {shorten(stream.name)} was opened again: its parts follow each other")
    return found, tuple(dict.fromkeys(notes))


def _is_continued(path: Path, before: XdfStream, behind: XdfStream) -> bool:
    """Tell whether a stream goes on where another one of the same description ended."""
    if not before.name or not before.chunks or not behind.chunks:
        return False
    same = all(
        getattr(before, name) == getattr(behind, name)
        for name in ("name", "type", "value_format", "n_channels", "nominal_hz", "labels", "units", "kinds")
    )
    if not same or before.chunks[-1].at > behind.chunks[0].at:
        return False
    pair = XdfFile(path, (before, behind))
    ended_s, began_s = (pair.read_stamped(index)[1] for index in (0, before.n_channels))
    known = np.isfinite(ended_s).any() and np.isfinite(began_s).any()
    return bool(known and np.nanmin(began_s) > np.nanmax(ended_s))


def _is_ecg(stream: XdfStream) -> bool:
    """Tell whether the type or the name of a stream says that it is an ECG."""
    only = stream.type.lower() == _ANY_BIOSIGNAL and stream.n_channels == 1
    return only or looks_like_ecg(stream.type) or looks_like_ecg(stream.name)


def _name(stream: XdfStream, number: int) -> str:
    """Name of a channel: its label, with "ECG" in front if its stream is an ECG and the label does not say so."""
    label = stream.labels[number] if stream.labels else ""
    if _is_ecg(stream) and not looks_like_ecg(label):
        return f"{ECG.upper()} {label or number + 1}"
    return label or f"{stream.name or stream.type or stream.id} {number + 1}"


def _describe_rate(fs_hz: float, stream: XdfStream) -> str:
    stated = f"{stream.nominal_hz:g} Hz stated" if stream.nominal_hz else "no rate stated"
    return f"rate of the time stamps {fs_hz:.3f} Hz ({stated})"
