"""Replaying recordings as if they were live.

Input: a video, an ECG, or both, in any format that the package reads. Output: their blocks on the clock `RECORDING`, in
real time, faster, or as fast as they are taken. Frames and samples are those of `face.video.read_frames` and
`ecg.stretches.read_ecg_stretch`, at their times.
"""

from __future__ import annotations

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from ecg_facial.ecg.stretches import read_ecg_stretch
from ecg_facial.errors import DataError, SettingsError, SourceEndedError, SourceLostError
from ecg_facial.face.decoding import decode_film
from ecg_facial.face.video import FrameReader, open_film, open_folder, probe_video, read_frames
from ecg_facial.live.settings import WatchSettings
from ecg_facial.live.sources.contract import RECORDING, Block, EcgBlock, Kind, Source, SourceInfo, VideoBlock
from ecg_facial.recording import EcgRef, EcgSignal, VideoRef
from ecg_facial.runtime.typing import Float64Array

# an amplifier sends about so often
_BLOCK_S = 0.04
# as fast as possible, neither signal gets further ahead of the other
_LEAD_S = 1.0


class Pace:
    """When each block of a recording is due; shared by the sources that are replayed together.

    Parameters
    ----------
    speed : float
        1 in real time, N for N times as fast, ``math.inf`` for as fast as the blocks are taken.
    now, sleep : callable
        The monitor's clock, and waiting on it.
    """

    def __init__(
        self,
        *,
        speed: float = WatchSettings.speed,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if not speed > 0:
            raise SettingsError(f"replay at {speed:g} times its speed: expected a positive number, or inf")
        self.speed, self.now, self._sleep = speed, now, sleep
        self._begun_s: float | None = None
        self._wanted_s: dict[int, float] = {}

    def join(self, stream: object) -> None:
        """Take part."""
        self._wanted_s[id(stream)] = -math.inf

    def leave(self, stream: object) -> None:
        """Hold nobody up any more."""
        self._wanted_s.pop(id(stream), None)

    def wait(self, stream: object, time_s: float, *, timeout_s: float) -> bool:
        """Wait until a block is due, but not longer than the timeout; tell whether it is."""
        if self._begun_s is None:
            self._begun_s = self.now()
        if math.isfinite(self.speed):
            left_s = self._begun_s + time_s / self.speed - self.now()
            if left_s > 0:
                self._sleep(min(left_s, timeout_s))
            return left_s <= timeout_s
        self._wanted_s[id(stream)] = time_s
        if time_s <= min(tuple(self._wanted_s.values())) + _LEAD_S:
            return True
        self._sleep(min(timeout_s, 0.01))
        return False


class _Replay(ABC):
    """What both kinds of replay share."""

    def __init__(self, path: Path, *, pace: Pace | None, simulated: bool) -> None:
        self.path = path
        self.pace = Pace() if pace is None else pace
        self._simulated = simulated
        self._blocks: Iterator[tuple[float, Block]] | None = None
        self._next: tuple[float, Block] | None = None
        self._reader: FrameReader | None = None

    def open(self) -> SourceInfo:
        """Open the recording at its start."""
        self.close()
        try:
            info = self._open()
        except DataError as error:
            # a file does not come back by itself
            raise SettingsError(str(error)) from error
        self.pace.join(self)
        return info

    def read(self, timeout_s: float) -> Block | None:
        """Give the next block when it is due."""
        if self._blocks is None:
            raise SourceLostError(f"{self.path}: not open")
        if self._next is None:
            try:
                self._next = next(self._blocks, None)
            except DataError as error:
                raise SourceEndedError(str(error)) from error
        if self._next is None:
            self.pace.leave(self)
            raise SourceEndedError(f"{self.path}: at its end")
        time_s, block = self._next
        if not self.pace.wait(self, time_s, timeout_s=timeout_s):
            return None
        self._next = None
        return replace(block, arrived_s=self.pace.now())

    def close(self) -> None:
        """Close the files."""
        self.pace.leave(self)
        self._blocks = self._next = None
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    @abstractmethod
    def _open(self) -> SourceInfo:
        """Open the files, and make `_blocks`: blocks with the times at which they are due."""


class VideoReplay(_Replay):
    """A recorded video as a source.

    Parameters
    ----------
    video : VideoRef or Path
        Times count from the start of a stretch.
    pace : Pace, optional
        That of the ECG which is replayed with it; real time without one.
    simulated : bool
        Whether a simulated person is seen.
    times_s : ndarray of float64, shape (n_frames,), optional
        Time of each frame of a whole video file, on the ECG's clock, where another file tells it (`paired`).
    """

    kind: Kind = "video"

    def __init__(
        self,
        video: VideoRef | Path,
        *,
        pace: Pace | None = None,
        simulated: bool = False,
        times_s: Float64Array | None = None,
    ) -> None:
        self._video = video if isinstance(video, VideoRef) else VideoRef(path=Path(video))
        self._times_s = times_s
        super().__init__(self._video.path, pace=pace, simulated=simulated)

    def _open(self) -> SourceInfo:
        if self._times_s is None:
            is_folder = self.path.is_dir()
            fps = open_folder(self._video).fps if is_folder else probe_video(self._video).fps
            self._reader = read_frames(self._video)
        else:
            film = replace(open_film(self._video), times_s=self._times_s)
            fps, notes = 1.0 / film.step_s, list(film.notes)
            frames = decode_film(self.path, film, begin_s=-math.inf, end_s=math.inf, notes=notes)
            self._reader = FrameReader(frames, notes)
        self._blocks = ((frame.time_s, VideoBlock(frame=frame, arrived_s=0.0)) for frame in self._reader)
        return SourceInfo(
            name=f"video {self.path.name}{'' if self._times_s is None else ' by the stamps of its frames'}",
            kind="video", clock=RECORDING, rate_hz=fps, simulated=self._simulated,
        )  # fmt: skip


class EcgReplay(_Replay):
    """A recorded ECG as a source; sample k has the stamp k / rate.

    Parameters
    ----------
    ecg : EcgRef or Path
        Times count from the start of a stretch.
    pace : Pace, optional
        That of the video which is replayed with it; real time without one.
    simulated : bool
        Whether the person is simulated.
    block_s : float
        Length of a block.
    """

    kind: Kind = "ecg"

    def __init__(
        self, ecg: EcgRef | Path, *, pace: Pace | None = None, simulated: bool = False, block_s: float = _BLOCK_S
    ) -> None:
        self._ecg = ecg if isinstance(ecg, EcgRef) else EcgRef(path=Path(ecg))
        self._block_s = block_s
        super().__init__(self._ecg.path, pace=pace, simulated=simulated)

    def _open(self) -> SourceInfo:
        signal = read_ecg_stretch(self._ecg)
        self._blocks = _cut(signal, self._block_s)
        return SourceInfo(
            name=f"ECG {self.path.name}", kind="ecg", clock=RECORDING, rate_hz=signal.fs_hz,
            simulated=self._simulated, unit=signal.unit,
        )  # fmt: skip


def read_in_turn(*sources: Source) -> Iterator[Block]:
    """Give the blocks of replayed sources in the order in which they are due, without threads.

    Parameters
    ----------
    *sources : Source
        Opened by the caller; made with one pace of infinite speed.
    """
    waiting: dict[int, Block] = {}
    going = dict(enumerate(sources))
    while going:
        # twice: at first, a source waits until the others have said what they want next
        for number in [*going, *going]:
            if number in waiting or number not in going:
                continue
            try:
                block = going[number].read(0.0)
            except SourceEndedError:
                del going[number]
                continue
            if block is not None:
                waiting[number] = block
        # what is not due yet comes later than all that is waiting
        if waiting:
            yield waiting.pop(min(waiting, key=lambda number: _due_s(waiting[number])))


def _due_s(block: Block) -> float:
    return block.frame.time_s if isinstance(block, VideoBlock) else float(block.stamps_s[-1])


def _cut(signal: EcgSignal, block_s: float) -> Iterator[tuple[float, EcgBlock]]:
    """Blocks of a signal, due when the last sample was measured."""
    number = max(1, round(block_s * signal.fs_hz))
    for first in range(0, len(signal.samples), number):
        samples = signal.samples[first : first + number]
        stamps_s = np.arange(first, first + len(samples)) / signal.fs_hz
        yield float(stamps_s[-1]), EcgBlock(samples=samples, stamps_s=stamps_s, arrived_s=0.0)
