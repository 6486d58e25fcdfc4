"""What a source gives, and what a source must do.

Input: a device, a network stream, or a file. Output: blocks in the order in which they arrived, each with the stamps
of the source's own clock and the time at which it arrived on the monitor's clock. Clocks are compared in `live.clock`,
never here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from ecg_facial.face.video import VideoFrame
from ecg_facial.runtime.typing import Float64Array

Kind = Literal["video", "ecg"]

RECORDING = "recording"
"""Clock of replayed files: their stamps are session time, exactly, and are never aligned by arrivals."""
MACHINE = "machine"
"""Clock of this machine, monotonic."""


@dataclass(frozen=True, eq=False, kw_only=True)
class VideoBlock:
    """One frame.

    Attributes
    ----------
    frame : VideoFrame
        Its `time_s` is the capture time on the source's clock.
    arrived_s : float
        When it arrived, on the monitor's clock (`MonitorClock`).
    """

    frame: VideoFrame
    arrived_s: float


@dataclass(frozen=True, eq=False, kw_only=True)
class EcgBlock:
    """Some samples of one lead.

    Attributes
    ----------
    samples : ndarray of float64, shape (n_times,)
        NaN where the device says that it measured nothing.
    stamps_s : ndarray of float64, shape (n_times,)
        Capture time of each sample on the source's clock, as the device gave it: with jitter, gaps and steps.
    arrived_s : float
        When the block arrived, on the monitor's clock.
    """

    samples: Float64Array
    stamps_s: Float64Array
    arrived_s: float


Block: TypeAlias = VideoBlock | EcgBlock


@dataclass(frozen=True, kw_only=True)
class SourceEvent:
    """Something that happened to a source or its clock.

    Attributes
    ----------
    source : {"video", "ecg"}
    kind : str
        ``lost``, ``back``, ``ended``, ``shed``, ``gap``, ``step``, ``jitter``.
    message : str
        One line for a person.
    arrived_s : float
        When it was noticed, on the monitor's clock.
    start_s : float or None
        Session time at which it began, where it has one, such as a gap.
    duration_s : float or None
        Its length, where it has one.
    n_frames : int
        Frames that were shed.
    """

    source: Kind
    kind: str
    message: str
    arrived_s: float
    start_s: float | None = None
    duration_s: float | None = None
    n_frames: int = 0


@dataclass(frozen=True, kw_only=True)
class SourceInfo:
    """What is known of a source before its first block.

    Attributes
    ----------
    name : str
        For a person, such as ``camera 0`` or ``LSL stream Amplifier``.
    kind : {"video", "ecg"}
    clock : str
        Name of the clock of its stamps. Two sources with the same name share one clock, and are not aligned.
    rate_hz : float
        Nominal frames or samples per second.
    simulated : bool
        Whether a simulated person is seen.
    unit : str or None
        ``"mV"`` where the samples of an ECG are millivolts; None where that is not known.
    """

    name: str
    kind: Kind
    clock: str
    rate_hz: float
    simulated: bool = False
    unit: str | None = None


class Source(Protocol):
    """A source; opened, read and closed by one thread.

    Attributes
    ----------
    kind : {"video", "ecg"}
        What it gives.

    Notes
    -----
    `open` may be called again after `SourceLostError`, as often as it takes: the device may come back with another
    clock or another rate, which the new `SourceInfo` says.
    """

    @property
    def kind(self) -> Kind: ...  # noqa: D102

    def open(self) -> SourceInfo:
        """Connect.

        Raises
        ------
        SourceLostError
            When there is nothing to connect to, now.
        SettingsError
            When it can never work: a wrong name, a missing extra.
        """

    def read(self, timeout_s: float) -> Block | None:
        """Give the next block; None when none arrives in time.

        Raises
        ------
        SourceLostError
            When the device is gone.
        SourceEndedError
            When a recording is at its end.
        """

    def close(self) -> None:
        """Let the device go; never raises."""
