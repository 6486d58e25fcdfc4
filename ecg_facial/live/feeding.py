"""Fetching blocks from the sources of a patient.

Input: sources, not opened yet. Output: their blocks, events, and new descriptions of sources that came back, in the
order of arrival. Devices and recordings in real time run in threads; what is replayed as fast as possible is
read in turn, so that the result does not depend on the machine.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeAlias

from ecg_facial.errors import EcgFacialError
from ecg_facial.live.sources.contract import Block, Kind, Source, SourceEvent, SourceInfo
from ecg_facial.live.sources.replay import read_in_turn
from ecg_facial.live.sources.running import RunningSource

# how often queues are looked at: half of it is added to the delay of an estimate
_POLL_S = 0.01

Item: TypeAlias = Block | SourceEvent | SourceInfo


class Feed(Protocol):
    """Sources of one patient; used by one thread."""

    n_sources: int
    is_unpaced: bool

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """Signals of the sources."""

    @property
    def is_ended(self) -> bool:
        """Whether all sources are at their end, and everything of them was taken."""

    def open(self, timeout_s: float) -> list[SourceInfo]:
        """Wait for sources that are not open yet; give all that are."""

    def take(self, timeout_s: float) -> list[Item]:
        """Give what has arrived."""

    def stop(self) -> None:
        """Let the sources go."""


def make_feed(sources: Sequence[Source], *, now: Callable[[], float], max_queue_frames: int) -> Feed:
    """Choose how sources are read.

    Parameters
    ----------
    sources : sequence of Source
    now : callable
        The monitor's clock.
    max_queue_frames : int
        Frames that may wait, see `MonitorSettings`.
    """
    speeds = [getattr(getattr(source, "pace", None), "speed", 1.0) for source in sources]
    if all(math.isinf(speed) for speed in speeds):
        return TurnFeed(sources)
    return ThreadFeed(sources, now=now, max_queue_frames=max_queue_frames)


class TurnFeed:
    """Recordings that are replayed as fast as possible."""

    is_unpaced = True

    def __init__(self, sources: Sequence[Source]) -> None:
        self._sources = tuple(sources)
        self.n_sources = len(self._sources)
        self._blocks: Iterator[Block] | None = None
        self._infos: list[SourceInfo] = []
        self._is_ended = False

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """See `Feed`."""
        return tuple(source.kind for source in self._sources)

    @property
    def is_ended(self) -> bool:
        """See `Feed`."""
        return self._is_ended

    def open(self, timeout_s: float) -> list[SourceInfo]:
        """See `Feed`."""
        if self._blocks is None:
            self._infos = [source.open() for source in self._sources]
            self._blocks = read_in_turn(*self._sources)
        return self._infos

    def take(self, timeout_s: float) -> list[Item]:
        """See `Feed`."""
        block = None if self._blocks is None else next(self._blocks, None)
        self._is_ended = block is None
        return [] if block is None else [block]

    def stop(self) -> None:
        """See `Feed`."""
        for source in self._sources:
            source.close()


class ThreadFeed:
    """Sources in threads of their own."""

    is_unpaced = False

    def __init__(self, sources: Sequence[Source], *, now: Callable[[], float], max_queue_frames: int) -> None:
        self._running = [
            RunningSource(source, kind=source.kind, max_frames=max_queue_frames, now=now) for source in sources
        ]
        self._infos: dict[Kind, SourceInfo] = {}
        self._failed: set[Kind] = set()
        self.n_sources = len(self._running)
        for one in self._running:
            one.start()

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """See `Feed`."""
        return tuple(one.kind for one in self._running)

    @property
    def is_ended(self) -> bool:
        """See `Feed`."""
        return all(one.has_ended or one.kind in self._failed for one in self._running)

    def open(self, timeout_s: float) -> list[SourceInfo]:
        """See `Feed`."""
        time.sleep(timeout_s)
        for one in self._running:
            if one.info is not None:
                self._infos[one.kind] = one.info
        return list(self._infos.values())

    def take(self, timeout_s: float) -> list[Item]:
        """See `Feed`."""
        left_s = timeout_s
        items = self._take_all()
        while not items and left_s > 0:
            time.sleep(_POLL_S)
            left_s -= _POLL_S
            items = self._take_all()
        return sorted(items, key=_arrival)

    def stop(self) -> None:
        """See `Feed`."""
        for one in self._running:
            one.stop()

    def _take_all(self) -> list[Item]:
        items: list[Item] = []
        for one in self._running:
            info = one.info
            if info is not None and info is not self._infos.get(one.kind):
                self._infos[one.kind] = info
                items.append(info)
            items += one.take_events()
            try:
                items += one.take()
            except EcgFacialError as error:
                # the other signal goes on
                if one.kind not in self._failed:
                    self._failed.add(one.kind)
                    items.append(one.describe("failed", str(error)))
        return items


def _arrival(item: Item) -> float:
    """When something arrived; what tells of a source comes before its blocks."""
    return -math.inf if isinstance(item, SourceInfo) else item.arrived_s
