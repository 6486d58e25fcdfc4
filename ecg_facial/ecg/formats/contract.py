"""The interface of a file format, and the limits that all formats keep.

Input: nothing. Output: `EcgFile`, which each format implements, and checks of header values. A header is not trusted
before the file's size agrees with it: a damaged length must cost neither memory nor time.
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

# 1 GiB: three days of one channel at 512 Hz
MAX_BYTES = 1 << 30
MAX_SAMPLES = MAX_BYTES // 8
_SHOWN_CHARACTERS = 60


@dataclass(frozen=True, kw_only=True)
class Channel:
    """One signal of a recording.

    Attributes
    ----------
    name : str
        As the file spells it, without its unit; a number from 1 where the file has no names.
    unit : str or None
        As the file spells it; None when it gives none.
    is_named : bool
        Whether the file gave the name.
    sensor : str
        What the file says that the channel measures, where its name does not: ``ECG`` for a plug ``A1``.
    n_stored : int or None
        Samples that are stored, where that differs among channels; None where it is the length of all.
    """

    name: str
    unit: str | None = None
    is_named: bool = True
    sensor: str = ""
    n_stored: int | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class Lead:
    """Samples of one channel.

    Attributes
    ----------
    samples : ndarray of float64, shape (n_times,)
        In `unit`; NaN where nothing was recorded.
    fs_hz : float
        Sampling rate in Hz.
    unit : str or None
        As the file spells it; None when it is not known.
    notes : tuple of str
        Remarks on the data: gaps, time stamps, missing calibration.
    """

    samples: Float64Array
    fs_hz: float
    unit: str | None = None
    notes: tuple[str, ...] = ()


class EcgFile(Protocol):
    """An open recording. A rate that is given replaces the one in the file."""

    @property
    def path(self) -> Path:
        """Path of the file."""

    @property
    def kind(self) -> str:
        """Format in words."""

    @property
    def channels(self) -> tuple[Channel, ...]:
        """All channels, in the file's order."""

    @property
    def hint(self) -> str:
        """Addition to the error message when the ECG is not found."""

    def measure(self, index: int, *, fs_hz: float | None = None) -> tuple[int, float]:
        """Return the number of samples of a channel, and its rate in Hz."""

    def read(self, index: int, *, fs_hz: float | None = None) -> Lead:
        """Read a channel."""


def shorten(value: object, *, limit: int = _SHOWN_CHARACTERS) -> str:
    """Quote a value, cut where it is too long for a message."""
    text = repr(value)
    return text if len(text) <= limit else f"{text[:limit]}..."


def check_n_times(n_times: float, path: Path, *, what: str) -> int:
    """Check a number of samples, and return it as an integer.

    Raises
    ------
    DataError
        Above `MAX_SAMPLES`.
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
    """Turn an error of the operating system into one that names the file."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or os.strerror(error.errno or 0)
        raise DataError(f"{path}: cannot be read ({reason}); check its permissions") from None


@contextmanager
def corrupt_on_failure(path: Path, what: str) -> Iterator[None]:
    """Turn any error of a library on a damaged file into `CorruptDataError`, with what was read."""
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
