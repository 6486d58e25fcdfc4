"""A source in a thread of its own.

Input: a `Source`. Output: its blocks from a bounded queue, and events: lost, back, shed, ended. A source that is lost
is opened again until it is there. Knows nothing of clocks beyond the monitor's.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

from ecg_facial.errors import EcgFacialError, SourceEndedError, SourceLostError
from ecg_facial.live.sources.contract import Block, Kind, Source, SourceEvent, SourceInfo, VideoBlock

# how long one read may wait, so that `stop` is quick
_READ_S = 0.1
# waits between tries to connect again, in turn; the last one is repeated
_BACK_OFF_S = (0.1, 0.2, 0.5, 1.0)
# of what is no frame so many blocks may wait: minutes, as an ECG is never dropped while the monitor catches up
_MAX_BLOCKS = 10_000


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
    now, sleep : callable
        The monitor's clock, and waiting on it.

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
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.kind = kind
        self.frames_shed = 0
        self._source, self._max_frames, self._sheds = source, max_frames, sheds
        self._now, self._sleep = now, sleep
        self._changed = threading.Condition()
        self._blocks: deque[Block] = deque()
        self._events: list[SourceEvent] = []
        self._info: SourceInfo | None = None
        self._error: EcgFacialError | None = None
        self._stops, self._ended = False, False
        self._lost_s: float | None = None
        self._n_said = 0
        self._thread = threading.Thread(target=self._run, name=f"{kind} source", daemon=True)

    @property
    def info(self) -> SourceInfo | None:
        """What is known of it; None until it was connected once. Another object after each connection."""
        return self._info

    @property
    def is_connected(self) -> bool:
        """Whether blocks are coming."""
        return self._info is not None and self._lost_s is None and not self._ended

    @property
    def has_ended(self) -> bool:
        """Whether a recording is at its end and all of its blocks were taken."""
        with self._changed:
            return self._ended and not self._blocks

    def start(self) -> None:
        """Begin to connect and to read."""
        self._thread.start()

    def stop(self, *, timeout_s: float = 5.0) -> None:
        """End reading, and let the device go."""
        with self._changed:
            self._stops = True
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
            self._changed.notify_all()
            if self._error is not None and not blocks:
                raise self._error
        return blocks

    def take_events(self) -> list[SourceEvent]:
        """Give what happened since the last call; dropped frames are one event a call."""
        with self._changed:
            events, self._events = self._events, []
            new, self._n_said = self.frames_shed - self._n_said, self.frames_shed
        if new:
            events.append(self.describe("shed", f"{new} frames were dropped: the machine is too slow", n_frames=new))
        return events

    def _run(self) -> None:
        """Connect and read until the end; called by the thread."""
        try:
            while not self._stops and not self._ended:
                self._connect()
                self._read_all()
        except EcgFacialError as error:
            self._error = error
        # a driver may raise anything: the monitor goes on without this source, and says so
        except Exception as error:
            self._error = SourceLostError(f"{self.kind} source failed: {type(error).__name__}: {error}")
        finally:
            self._source.close()

    def _connect(self) -> None:
        """Open the source, again and again until it is there."""
        tries = 0
        while not self._stops:
            try:
                info = self._source.open()
            except SourceLostError as error:
                self._note_lost(str(error))
                wait_s = _BACK_OFF_S[min(tries, len(_BACK_OFF_S) - 1)]
                tries += 1
                self._sleep(wait_s)
                continue
            with self._changed:
                self._info = info
                if self._lost_s is not None:
                    gap_s = self._now() - self._lost_s
                    self._lost_s = None
                    self._events.append(self.describe("back", f"{info.name} is back", duration_s=gap_s))
            return

    def _read_all(self) -> None:
        """Read until the source is lost or at its end."""
        while not self._stops:
            try:
                block = self._source.read(_READ_S)
            except SourceLostError as error:
                self._source.close()
                self._note_lost(str(error))
                return
            except SourceEndedError as error:
                with self._changed:
                    self._ended = True
                    self._events.append(self.describe("ended", str(error)))
                return
            if block is not None:
                self._put(block)

    def _put(self, block: Block) -> None:
        limit = self._max_frames if isinstance(block, VideoBlock) else _MAX_BLOCKS
        with self._changed:
            while not self._sheds and len(self._blocks) >= self._max_frames and not self._stops:
                self._changed.wait(_READ_S)
            self._blocks.append(block)
            if self._sheds and len(self._blocks) > limit:
                self._blocks.popleft()
                self.frames_shed += isinstance(block, VideoBlock)

    def _note_lost(self, message: str) -> None:
        """Say once that the source is gone."""
        with self._changed:
            if self._lost_s is None:
                self._lost_s = self._now()
                self._events.append(self.describe("lost", message))

    def describe(self, kind: str, message: str, *, duration_s: float | None = None, n_frames: int = 0) -> SourceEvent:
        """Make an event of this source, now."""
        return SourceEvent(
            source=self.kind, kind=kind, message=message, arrived_s=self._now(), duration_s=duration_s,
            n_frames=n_frames,
        )  # fmt: skip
