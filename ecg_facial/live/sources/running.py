"""A source in a thread of its own.

Input: a `Source`. Output: its blocks from a bounded queue, and events: lost, back, shed, ended. When a source is
opened, lost and tried again is decided in `reconnecting`, which knows no thread.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

from ecg_facial.errors import EcgFacialError
from ecg_facial.live.sources.contract import Block, EcgBlock, Kind, Source, SourceEvent, SourceInfo, VideoBlock
from ecg_facial.live.sources.reconnecting import Reconnector

# how long one read may wait, so that `stop` is quick
_READ_S = 0.1
# pause of a source that gave nothing, in case it does not wait by itself
_IDLE_S = 0.002
# so much of an ECG may wait: it is never dropped while the monitor catches up
_MAX_ECG_S = 120.0
# of a source that comes and goes, while nobody takes them
_MAX_EVENTS = 1000


class RunningSource:
    """A source, read by a thread; all methods may be called from others.

    Parameters
    ----------
    source : Source
    kind : {"video", "ecg"}
        What it gives, known before it is connected.
    max_frames : int
        Frames that may wait; the oldest beyond it are dropped, and counted in `frames_shed`.
    sheds : bool
        False for recordings that are replayed as fast as possible: the source waits instead.
    now : callable
        The monitor's clock.
    sleep : callable, optional
        Waiting on it; by default real waiting, which `stop` ends.

    Attributes
    ----------
    frames_shed : int
    """

    def __init__(
        self,
        source: Source,
        *,
        kind: Kind,
        max_frames: int = 50,
        sheds: bool = True,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] | None = None,
    ) -> None:
        self.kind = kind
        self.frames_shed = 0
        self._max_frames, self._sheds, self._now = max_frames, sheds, now
        self._reconnector = Reconnector(source, kind=kind, now=now)
        self._changed = threading.Condition()
        self._blocks: deque[Block] = deque()
        self._events: deque[SourceEvent] = deque(maxlen=_MAX_EVENTS)
        self._n_samples = self._n_samples_shed = self._n_said = 0
        self._ended = False
        self._stopping = threading.Event()
        self._sleep = self._stopping.wait if sleep is None else sleep
        self._thread = threading.Thread(target=self._run, name=f"{kind} source", daemon=True)

    @property
    def info(self) -> SourceInfo | None:
        """What is known of it; None until it was connected once. Another object after each connection."""
        return self._reconnector.info

    @property
    def is_connected(self) -> bool:
        """Whether blocks are coming."""
        return self.info is not None and not self.problem

    @property
    def problem(self) -> str:
        """Why no blocks are coming, in one line; empty while they are, or before the first try."""
        return self._reconnector.problem

    @property
    def has_ended(self) -> bool:
        """Whether a recording is at its end and all of its blocks were taken."""
        with self._changed:
            return self._ended and not self._blocks and self._reconnector.failure is None

    def start(self) -> None:
        """Begin to connect and to read."""
        self._thread.start()

    def stop(self, *, timeout_s: float = 5.0) -> None:
        """End reading, and let the device go; the thread of one that does not answer ends with the program."""
        with self._changed:
            self._stopping.set()
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def take(self) -> list[Block]:
        """Give all blocks that wait, in the order of arrival.

        Raises
        ------
        EcgFacialError
            When the source can never work, such as `SettingsError`, after the blocks before it were taken.
        """
        with self._changed:
            blocks = list(self._blocks)
            self._blocks.clear()
            self._n_samples = 0
            self._changed.notify_all()
            error: EcgFacialError | None = self._reconnector.failure
            if error is not None and self._ended and not blocks:
                raise error
        return blocks

    def take_events(self) -> list[SourceEvent]:
        """Give what happened since the last call; what was dropped is one event a call."""
        with self._changed:
            events = list(self._events)
            self._events.clear()
            new, self._n_said = self.frames_shed - self._n_said, self.frames_shed
            n_samples, self._n_samples_shed = self._n_samples_shed, 0
        if new:
            events.append(self.describe("shed", f"{new} frames were dropped: the machine is too slow", n_frames=new))
        if n_samples and self.info is not None:
            lost_s = n_samples / self.info.rate_hz
            events.append(self.describe("shed", f"{lost_s:.3g} s of ECG were dropped: the machine is too slow"))
        return events

    def describe(self, kind: str, message: str, *, duration_s: float | None = None, n_frames: int = 0) -> SourceEvent:
        """Make an event of this source, now."""
        return SourceEvent(
            source=self.kind, kind=kind, message=message, arrived_s=self._now(), duration_s=duration_s,
            n_frames=n_frames,
        )  # fmt: skip

    def _run(self) -> None:
        """Connect and read until the end; called by the thread."""
        reconnector = self._reconnector
        try:
            while not (self._stopping.is_set() or reconnector.is_ended):
                items = reconnector.step(_READ_S)
                for item in items:
                    if isinstance(item, SourceEvent):
                        with self._changed:
                            self._events.append(item)
                    else:
                        self._put(item)
                pause_s = reconnector.wait_s
                if pause_s > 0 or not items:
                    self._sleep(max(pause_s, _IDLE_S))
        finally:
            reconnector.close()
            with self._changed:
                self._ended = True

    def _put(self, block: Block) -> None:
        with self._changed:
            while not self._sheds and len(self._blocks) >= self._max_frames and not self._stopping.is_set():
                self._changed.wait(_READ_S)
            self._blocks.append(block)
            self._n_samples += _count_samples(block)
            while self._sheds and self._is_over():
                oldest = self._blocks.popleft()
                self.frames_shed += isinstance(oldest, VideoBlock)
                self._n_samples -= _count_samples(oldest)
                self._n_samples_shed += _count_samples(oldest)

    def _is_over(self) -> bool:
        """Whether more waits than may; a source gives blocks of one kind, and its newest one is kept."""
        if self.kind == "video":
            return len(self._blocks) > self._max_frames
        return self.info is not None and self._n_samples > _MAX_ECG_S * self.info.rate_hz and len(self._blocks) > 1


def _count_samples(block: Block) -> int:
    return len(block.samples) if isinstance(block, EcgBlock) else 0
