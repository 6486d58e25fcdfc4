"""A source that does what a test says, call by call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from ecg_facial.errors import SourceLostError
from ecg_facial.face.video import RgbFrame
from ecg_facial.live.sources.contract import Block, EcgBlock, Kind, SourceInfo, VideoBlock

ECG = SourceInfo(name="amplifier", kind="ecg", clock="machine", rate_hz=100.0, unit="mV")
VIDEO = SourceInfo(name="camera", kind="video", clock="machine", rate_hz=25.0)


def make_ecg_block(time_s: float, *, number: int = 10) -> EcgBlock:
    """Samples that end at a time."""
    stamps_s = time_s - np.arange(number)[::-1] / ECG.rate_hz
    return EcgBlock(samples=np.zeros(number), stamps_s=stamps_s, arrived_s=time_s)


def make_video_block(time_s: float) -> VideoBlock:
    return VideoBlock(frame=RgbFrame(np.zeros((8, 8, 3), np.uint8), time_s), arrived_s=time_s)


@dataclass
class Device:
    """A device that is there or not, on a clock that the test sets; reading takes 0.1 s.

    Attributes
    ----------
    is_there : callable
        At a time.
    """

    is_there: Callable[[float], bool] = lambda _: True
    info: SourceInfo = ECG
    kind: Kind = "ecg"
    now_s: float = 0.0
    raises: Exception | None = None
    gives: Callable[[float], Block | None] = make_ecg_block
    is_open: bool = False
    n_opened: int = 0
    read_times_s: list[float] = field(default_factory=list)

    def now(self) -> float:
        return self.now_s

    def open(self) -> SourceInfo:
        if not self.is_there(self.now_s):
            raise SourceLostError("nothing answers; check the cable")
        assert not self.is_open, "closed before it is opened again"
        self.is_open = True
        self.n_opened += 1
        return self.info

    def read(self, timeout_s: float) -> Block | None:
        assert self.is_open
        if self.raises is not None:
            raise self.raises
        if not self.is_there(self.now_s):
            raise SourceLostError("the cable was pulled")
        self.now_s += 0.1
        block = self.gives(self.now_s)
        if block is not None:
            self.read_times_s.append(self.now_s)
        return block

    def close(self) -> None:
        self.is_open = False
