"""XDF files: recordings of the Lab Streaming Layer (LSL).

Input: a path. Output: one channel of one stream at a regular rate, with NaN where samples were lost. The chunks are
checked first, then pyxdf reads the stream. Clocks of several computers are not synchronised: time 0 is the stream's
first sample.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyxdf

from ecg_facial.ecg.formats.channels import ECG, looks_like_ecg
from ecg_facial.ecg.formats.contract import Channel, Lead, check_n_times, corrupt_on_failure
from ecg_facial.ecg.formats.xdf_chunks import XdfStream, walk_streams
from ecg_facial.errors import CorruptDataError, DataError
from ecg_facial.runtime.clocks.regular import fit_grid
from ecg_facial.runtime.typing import Float64Array

# Type of streams of amplifiers for any biosignal. With a single channel it is taken for an ECG.
_ANY_BIOSIGNAL = "exg"


@dataclass(frozen=True)
class XdfFile:
    """An open file; implements `contract.EcgFile`. Its channels are those of all numeric streams."""

    path: Path
    streams: tuple[XdfStream, ...]
    kind: str = field(default="XDF recording", init=False)
    hint: str = field(default="", init=False)

    @property
    def _places(self) -> list[tuple[XdfStream, int]]:
        return [(stream, number) for stream in self.streams for number in range(stream.n_channels)]

    @property
    def channels(self) -> tuple[Channel, ...]:
        """Channels of all numeric streams."""
        return tuple(
            Channel(name=_name(stream, number), unit=stream.units[number] if stream.units else None)
            for stream, number in self._places
        )

    def measure(self, index: int, *, fs_hz: float | None = None) -> tuple[int, float]:
        """Return the number of samples, gaps included, and their rate in Hz; both follow from the time stamps."""
        lead = self.read(index, fs_hz=fs_hz)
        return len(lead.samples), lead.fs_hz

    def read(self, index: int, *, fs_hz: float | None = None) -> Lead:
        """Read a channel. If a rate is given, the time stamps are ignored."""
        stream, number = self._places[index]
        values, stamps_s = self._load(stream, number)
        unit = stream.units[number] if stream.units else None
        if fs_hz is not None:
            return Lead(samples=values, fs_hz=fs_hz, unit=unit)
        grid = fit_grid(stamps_s, stream.nominal_hz)
        if grid.problem:
            raise DataError(
                f"{self.path}: stream {stream.name!r} has {grid.problem}; give fs_hz to take its "
                "samples one after the other"
            )
        n_times = check_n_times(float(grid.places.max()) + 1, self.path, what=f"stream {stream.name!r} with its gaps")
        samples = np.full(n_times, np.nan)
        samples[grid.places] = values
        return Lead(
            samples=samples, fs_hz=grid.fs_hz, unit=unit, notes=(_describe_rate(grid.fs_hz, stream), *grid.notes)
        )

    def _load(self, stream: XdfStream, number: int) -> tuple[Float64Array, Float64Array]:
        """Load the values of a channel and the time stamps, without pyxdf's own corrections of clocks."""
        if not stream.n_times:
            raise DataError(f"{self.path}: stream {stream.name!r} holds no samples; choose another channel")
        with corrupt_on_failure(self.path, f"stream {stream.name!r}"):
            loaded = pyxdf.load_xdf(
                str(self.path), select_streams=[stream.id], synchronize_clocks=False, dejitter_timestamps=False
            )[0][0]
            values = np.array(loaded["time_series"][:, number], dtype=np.float64)
            return values, np.asarray(loaded["time_stamps"], dtype=np.float64)
        raise CorruptDataError(f"{self.path}: stream {stream.name!r} cannot be read")


def open_xdf(path: Path) -> XdfFile:
    """Open an XDF file.

    Raises
    ------
    CorruptDataError, DataError
    """
    if path.suffix.lower() in (".xdfz", ".gz"):
        raise DataError(f"{path}: a compressed XDF file; unpack it first (gunzip)")
    numeric = tuple(stream for stream in walk_streams(path) if stream.value_format != "string")
    if not numeric:
        raise DataError(f"{path}: no stream of numbers in it; give a recording with an ECG stream")
    return XdfFile(path, numeric)


def _name(stream: XdfStream, number: int) -> str:
    """Name of a channel: its label, with "ECG" in front if its stream is an ECG and the label does not say so."""
    label = stream.labels[number] if stream.labels else ""
    kind = stream.type.lower()
    is_ecg = (
        looks_like_ecg(stream.type)
        or looks_like_ecg(stream.name)
        or (kind == _ANY_BIOSIGNAL and stream.n_channels == 1)
    )
    if is_ecg and not looks_like_ecg(label):
        return f"{ECG.upper()} {label or number + 1}"
    return label or f"{stream.name or stream.type or stream.id} {number + 1}"


def _describe_rate(fs_hz: float, stream: XdfStream) -> str:
    stated = f"{stream.nominal_hz:g} Hz stated" if stream.nominal_hz else "no rate stated"
    return f"rate of the time stamps {fs_hz:.3f} Hz ({stated})"
