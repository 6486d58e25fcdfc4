"""What every file format offers, and the limits that all of them keep.

Enters: nothing. Leaves: `Recording`, which each format implements, and checks of what headers claim. A header is never
believed before the file's size agrees with it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ecg_facial.errors import CorruptDataError, DataError, EcgFacialError
from ecg_facial.runtime.typing import Float64Array

MAX_BYTES = 1 << 30
MAX_SAMPLES = MAX_BYTES // 8
_SHOWN_CHARACTERS = 60


@dataclass(frozen=True, kw_only=True)
class Channel:
    """One signal of a recording.

    Attributes
    ----------
    name : str
        As the file spells it, without its unit; a number from 1 where the file names nothing.
    unit : str or None
        As the file spells it; None when it says none.
    is_named : bool
        Whether the file gave the name.
    """

    name: str
    unit: str | None = None
    is_named: bool = True


@dataclass(frozen=True, eq=False, kw_only=True)
class Lead:
    """One channel, read.

    Attributes
    ----------
    samples : ndarray of float64, shape (n_times,)
        In `unit`; NaN where nothing was recorded.
    fs_hz : float
        Sampling rate in Hz.
    unit : str or None
        As the file spells it; None when it is not known.
    notes : tuple of str
        What a reader of the figures should know: how gaps and time stamps were taken, what was not calibrated.
    """

    samples: Float64Array
    fs_hz: float
    unit: str | None = None
    notes: tuple[str, ...] = ()


class Recording(Protocol):
    """An open recording. A given rate wins over what the file says."""

    @property
    def path(self) -> Path:
        """Where it lies."""

    @property
    def kind(self) -> str:
        """Format in words."""

    @property
    def channels(self) -> tuple[Channel, ...]:
        """All channels, in the file's order."""

    @property
    def hint(self) -> str:
        """What else to look at when the ECG is not found."""

    def measure(self, index: int, *, fs_hz: float | None = None) -> tuple[int, float]:
        """Count the samples of a channel, and say its rate in Hz."""

    def read(self, index: int, *, fs_hz: float | None = None) -> Lead:
        """Read a channel."""


def shorten(value: object, *, limit: int = _SHOWN_CHARACTERS) -> str:
    """Quote a value, cut where it is too long for a message."""
    text = repr(value)
    return text if len(text) <= limit else f"{text[:limit]}..."


def check_n_times(n_times: float, path: Path, *, what: str) -> int:
    """Return a number of samples.

    Raises
    ------
    DataError
        Above what one channel may hold.
    """
    if n_times > MAX_SAMPLES:
        raise DataError(f"{path}: {what} has {n_times:.0f} samples, limit {MAX_SAMPLES}; split the recording")
    return int(n_times)


def read_head(path: Path, n_bytes: int) -> bytes:
    """Read the first bytes of a file.

    Raises
    ------
    DataError
        When it cannot be opened.
    """
    with readable(path), open(path, "rb") as stream:
        return stream.read(n_bytes)


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn the system's refusal into an error that names the file."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or os.strerror(error.errno or 0)
        raise DataError(f"{path}: cannot be read ({reason}); check its permissions") from None


@contextmanager
def corrupt_on_failure(path: Path, what: str) -> Iterator[None]:
    """Turn whatever a library raises on a damaged file into one error that names what was read."""
    try:
        yield
    except EcgFacialError:
        raise
    # libraries raise anything on damaged files: ValueError, KeyError, struct.error, RecursionError, MemoryError
    except Exception as error:
        said = " ".join(str(error).split())
        raise CorruptDataError(
            f"{path}: {what} cannot be read ({type(error).__name__}: {shorten(said)}); copy or export the file again"
        ) from None
