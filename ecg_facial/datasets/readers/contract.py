"""What a reader is: a folder layout, how it is recognised, how it is read, and its own settings.

Input: one module per data set. Output: `Reader`, which `registry` lists.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from ecg_facial.datasets.records import Card, Scan
from ecg_facial.errors import SettingsError
from ecg_facial.runtime.settings import strict_settings


class Scanner(Protocol):
    """Function of a reader that lists what is there."""

    def __call__(self, root: Path, settings: Any, *, window_s: float) -> Scan:
        """List the trials of a data set, without opening their signals.

        Parameters
        ----------
        root : Path
            What `Reader.fits` said yes to.
        settings : object
            An object of the reader's settings class.
        window_s : float
            Length in seconds of what is cut out of long recordings.
        """


@strict_settings
@dataclass(frozen=True, kw_only=True)
class NoSettings:
    """Settings of a reader that has none."""


@strict_settings
@dataclass(frozen=True, kw_only=True)
class FrameSettings:
    """Settings of readers that take folders of frames.

    Attributes
    ----------
    fps : float or None
        Frames per second of folders of images; 25 without it.

    Raises
    ------
    SettingsError
        For a rate that is not positive.
    """

    fps: float | None = None

    def __post_init__(self) -> None:
        if self.fps is not None and not (math.isfinite(self.fps) and self.fps > 0):
            raise SettingsError(f"fps is {self.fps}: expected a positive number of frames per second")


@dataclass(frozen=True, kw_only=True)
class Reader:
    """A folder layout.

    Attributes
    ----------
    name : str
        Name on the command line.
    card : Card
        What people should know of the data.
    fits : callable
        Whether a path looks like it.
    scan : Scanner
        Lists what is there.
    settings : type
        Dataclass of the reader's own settings, every field with a default and a line in the docstring. Each becomes an
        option of the command line: ``pspi_pain`` is ``--pspi-pain``.
    slow : bool
        Whether listing takes seconds, because levels are in long tables or in one file per frame.
    """

    name: str
    card: Card
    fits: Callable[[Path], bool]
    scan: Scanner
    settings: type = NoSettings
    slow: bool = False
