"""Playing the demo's patients as if they were live, over and over.

Input: recordings of `live.demo.recording`. Output: sources that never end: where a story is over it begins again, and
time goes on. Imports no simulator.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ecg_facial.errors import SourceEndedError
from ecg_facial.live.demo.files import patient_files
from ecg_facial.live.demo.story import Story
from ecg_facial.live.sources.contract import Block, EcgBlock, Kind, Source, SourceInfo
from ecg_facial.live.sources.replay import EcgReplay, Pace, VideoReplay


class LaterPace(Pace):
    """A pace whose recordings begin later.

    Parameters
    ----------
    base : Pace
    by_s : float
        On the clock of the recordings.
    """

    def __init__(self, base: Pace, by_s: float) -> None:
        super().__init__(speed=base.speed, now=base.now)
        self._base, self._by_s = base, by_s

    def join(self, stream: object) -> None:
        """Take part."""
        self._base.join(stream)

    def leave(self, stream: object) -> None:
        """Hold nobody up any more."""
        self._base.leave(stream)

    def wait(self, stream: object, time_s: float, *, timeout_s: float) -> bool:
        """Wait until a block is due."""
        return self._base.wait(stream, time_s + self._by_s, timeout_s=timeout_s)


class Repeated:
    """A source that plays a recording again and again.

    Parameters
    ----------
    make : callable
        Makes the source of one round, for a pace.
    duration_s : float
        From the beginning of one round to that of the next.
    pace : Pace
        That of all sources of the patient.
    """

    def __init__(self, make: Callable[[Pace], Source], *, duration_s: float, pace: Pace) -> None:
        self._make, self._duration_s, self.pace = make, duration_s, pace
        self._round = 0
        self._source = make(pace)

    @property
    def kind(self) -> Kind:
        """Signal of the recording."""
        return self._source.kind

    def open(self) -> SourceInfo:
        """Open the recording at its start."""
        return self._source.open()

    def read(self, timeout_s: float) -> Block | None:
        """Give the next block, of the next round after the last one of this."""
        try:
            block = self._source.read(timeout_s)
        except SourceEndedError:
            self._source.close()
            self._round += 1
            self._source = self._make(LaterPace(self.pace, self._later_s))
            self._source.open()
            return None
        return None if block is None else self._delay(block)

    def close(self) -> None:
        """Close the recording."""
        self._source.close()

    @property
    def _later_s(self) -> float:
        return self._round * self._duration_s

    def _delay(self, block: Block) -> Block:
        if isinstance(block, EcgBlock):
            return replace(block, stamps_s=block.stamps_s + self._later_s)
        block.frame.time_s += self._later_s
        return block


def play_patient(folder: Path, story: Story, *, pace: Pace) -> tuple[Source, Source]:
    """Give the camera and the ECG of a patient.

    Parameters
    ----------
    folder : Path
        From `recording.record_patients`.
    story : Story
    pace : Pace
        Of this patient.
    """
    files, duration_s = patient_files(folder, story.patient), float(story.duration_s)
    video = Repeated(lambda pace: VideoReplay(files.video, pace=pace, simulated=True), duration_s=duration_s, pace=pace)
    ecg = Repeated(lambda pace: EcgReplay(files.ecg, pace=pace, simulated=True), duration_s=duration_s, pace=pace)
    return video, ecg
