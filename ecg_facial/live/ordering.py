"""The place of each sample of a stream on its regular grid.

Input: blocks of samples with stamps, as they arrive: out of order, twice, with losses, with jitter. Output: runs of
samples with the number of their first one; and the holes that were never filled. Knows no session time.

Two ways to place a block, decided by its stamps:

- stamps within 0.3 steps of the grid are exact, and place each sample by themselves, in any order.
- stamps that jitter tell no order: samples follow each other by count, in the order of arrival. Samples were lost only
  where the stamps stay behind the count, for half a second, by more than they ever jittered (and 50 ms).
"""

from __future__ import annotations

import itertools
from collections import deque
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from ecg_facial.live.envelope import Envelope
from ecg_facial.runtime.typing import Float64Array

Run: TypeAlias = tuple[int, Float64Array]
"""Number of the first sample, and samples that follow each other."""

# as in `runtime.clocks.regular`: exact stamps, and what is lost samples rather than jitter
_EXACT_STEPS, _GAP_S, _GAP_STEPS = 0.3, 0.05, 3.0
# the grid follows stamps of a slightly other rate when they are this far off it
_FOLLOW_STEPS = 0.25
# stamps jitter if more than a tenth of the last 50 blocks or so are off the grid
_FORGET, _JITTERS = 0.98, 5.0
# blocks and seconds that are looked at before the first is placed
_FIRST_BLOCKS, _FIRST_S = 16, 1.0
# a queue that empties brings the stamps back by then
_LASTS_S = 0.5
# first stamps that are remembered, to know a packet that comes twice
_REMEMBERED = 256


@dataclass(kw_only=True)
class Hole:
    """Samples that have not arrived: the first one's number, and the one behind the last."""

    start: int
    end: int


class SampleOrder:
    """Places samples; constant memory, constant time per sample.

    Parameters
    ----------
    rate_hz : float
        Nominal rate of the stream.
    is_recording : bool
        Stamps count from 0 and are exact: sample k has the stamp k / rate.
    wait_s : float
        How long a hole may be filled by late packets.

    Attributes
    ----------
    start_index, next_index : int
        The first sample's number, and the one behind the newest.
    jitters : bool
        Whether samples are placed by count.
    n_doubled, n_late : int
        Samples that came twice, and that came after their hole was closed.
    """

    def __init__(self, rate_hz: float, *, is_recording: bool = False, wait_s: float = 1.0) -> None:
        self.rate_hz = rate_hz
        self.start_index = self.next_index = 0
        self.jitters = False
        self.n_doubled = self.n_late = 0
        self._wait = round(wait_s * rate_hz)
        self._is_empty = is_recording
        self._origin_s, self._phase = 0.0, 0.0
        self._score = 0.0
        self._holes: deque[Hole] = deque()
        self._closed: list[Hole] = []
        # None once the first blocks were looked at
        self._first: list[tuple[Float64Array, Float64Array]] | None = None if is_recording else []
        self._envelope = Envelope()
        self._most_late_s = 0.0
        self._held: list[tuple[Float64Array, Float64Array, float]] = []
        self._seen: deque[float] = deque(maxlen=_REMEMBERED)

    def stamp_of(self, index: float) -> float:
        """Stamp of a sample on the grid, by its number."""
        if self.jitters:
            count_s = index / self.rate_hz
            line = self._envelope.line
            return self._origin_s + count_s + (0.0 if line is None else line.late_at(count_s))
        return self._origin_s + (index - self._phase) / self.rate_hz

    def index_of(self, stamp_s: float) -> float:
        """Find the sample with a stamp, as a fraction: the reverse of `stamp_of`."""
        if self.jitters and self._envelope.line is not None:
            # by its line, how late a stamp is changes with the count, not with the stamp
            line = self._envelope.line
            count_s = (stamp_s - self._origin_s - line.late_at(0.0)) / (1.0 + line.drift)
            return count_s * self.rate_hz
        return (stamp_s - self._origin_s) * self.rate_hz + self._phase

    def place(self, samples: Float64Array, stamps_s: Float64Array) -> list[Run]:
        """Place a block; what was held back before may come with it.

        Parameters
        ----------
        samples, stamps_s : ndarray, shape (n_times,)
            One or more.

        Returns
        -------
        list of (int, ndarray)
            Runs of samples.
        """
        if self._first is not None:
            self._first.append((samples, stamps_s))
            if len(self._first) < _FIRST_BLOCKS and stamps_s[-1] - self._first[0][1][0] < _FIRST_S:
                return []
            return self.flush()
        if self._is_empty:
            # a recording may be replayed from anywhere
            self._is_empty = False
            self.start_index = self.next_index = round(float(stamps_s[0]) * self.rate_hz)
        return self._place_by_count(samples, stamps_s) if self.jitters else self._place_by_stamps(samples, stamps_s)

    def flush(self) -> list[Run]:
        """Place all blocks that are held back."""
        runs: list[Run] = []
        if self._first:
            blocks, self._first = self._first, None
            self._begin(blocks)
            for samples, stamps_s in blocks:
                runs += self.place(samples, stamps_s)
        return runs + self._release(lost=0)

    def take_holes(self) -> list[Hole]:
        """Give the holes that were closed since the last call."""
        while self._holes and self._holes[0].end <= self.next_index - self._wait:
            self._closed.append(self._holes.popleft())
        closed, self._closed = self._closed, []
        return closed

    def _begin(self, blocks: list[tuple[Float64Array, Float64Array]]) -> None:
        """Fix sample 0, and decide whether the stamps jitter."""
        self._origin_s = min(float(stamps_s[0]) for _, stamps_s in blocks)
        steps = np.concatenate([(stamps_s - self._origin_s) * self.rate_hz for _, stamps_s in blocks])
        # the circle's mean, as 0.9 and 0.1 are near each other
        turn = np.exp(2j * np.pi * steps)
        phase = float(np.angle(turn.mean())) / (2 * np.pi)
        off = np.abs(steps - phase - np.round(steps - phase))
        self.jitters = bool(np.mean(off > _EXACT_STEPS) > 1 / 10)
        if not self.jitters and abs(phase) > _FOLLOW_STEPS:
            self._phase = -phase

    def _place_by_stamps(self, samples: Float64Array, stamps_s: Float64Array) -> list[Run]:
        steps = (float(stamps_s[0]) - self._origin_s) * self.rate_hz + self._phase
        index, number = round(steps), len(samples)
        off = steps - index
        is_regular = -_EXACT_STEPS < off < _EXACT_STEPS
        if number > 1:
            within = (stamps_s - stamps_s[0]) * self.rate_hz - np.arange(number)
            spread = float(np.abs(within).max())
            is_regular = is_regular and spread < _EXACT_STEPS
        self._score = _FORGET * self._score + (not is_regular)
        if self._score > _JITTERS:
            self._begin_count()
            return self._place_by_count(samples, stamps_s)
        if number > 1 and spread >= 0.5:
            return self._split(samples, stamps_s)
        if index == self.next_index:
            if abs(off) > _FOLLOW_STEPS:
                self._phase -= off
            self.next_index = index + number
            return [(index, samples)]
        return self._insert(index, samples)

    def _split(self, samples: Float64Array, stamps_s: Float64Array) -> list[Run]:
        """Place a block with losses or another order inside."""
        indices = np.rint((stamps_s - self._origin_s) * self.rate_hz + self._phase).astype(np.int64)
        edges = [0, *(np.flatnonzero(np.diff(indices) != 1) + 1).tolist(), len(indices)]
        runs: list[Run] = []
        for start, end in itertools.pairwise(edges):
            runs += self._insert(int(indices[start]), samples[start:end])
        return runs

    def _insert(self, index: int, samples: Float64Array) -> list[Run]:
        """Place a run ahead of, at, or behind the newest sample."""
        runs: list[Run] = []
        end = index + len(samples)
        if index < self.next_index:
            n_old = min(end, self.next_index) - index
            runs = self._fill(index, samples[:n_old])
            index, samples = index + n_old, samples[n_old:]
        if end > self.next_index:
            if index > self.next_index:
                self._holes.append(Hole(start=self.next_index, end=index))
            self.next_index = end
            runs.append((index, samples))
        return runs

    def _fill(self, index: int, samples: Float64Array) -> list[Run]:
        """Put late samples into their holes."""
        end, n_used = index + len(samples), 0
        runs: list[Run] = []
        for place in range(len(self._holes) - 1, -1, -1):
            hole = self._holes[place]
            if hole.end <= index:
                break
            low, high = max(hole.start, index), min(hole.end, end)
            if low >= high:
                continue
            n_used += high - low
            runs.append((low, samples[low - index : high - index]))
            rest = [Hole(start=a, end=b) for a, b in ((hole.start, low), (high, hole.end)) if a < b]
            del self._holes[place]
            for part in reversed(rest):
                self._holes.insert(place, part)
        n_unused = len(samples) - n_used
        if end <= self.next_index - self._wait:
            self.n_late += n_unused
        else:
            self.n_doubled += n_unused
        return runs

    def _begin_count(self) -> None:
        """Go on by count where stamps turn out to jitter."""
        self.jitters = True
        self._origin_s -= self._phase / self.rate_hz
        self._closed += self._holes
        self._holes.clear()

    def _place_by_count(self, samples: Float64Array, stamps_s: Float64Array) -> list[Run]:
        first_s = float(stamps_s[0])
        if first_s in self._seen:
            self.n_doubled += len(samples)
            return []
        self._seen.append(first_s)
        number = self.next_index + sum(len(held) for held, _, _ in self._held)
        ahead_s = (number + np.arange(len(samples))) / self.rate_hz
        late_s = float((stamps_s - ahead_s).min()) - self._origin_s
        line = self._envelope.line
        extra_s = 0.0 if line is None else late_s - line.late_at(float(ahead_s[0]))
        if extra_s > max(_GAP_S, _GAP_STEPS / self.rate_hz, 1.5 * self._most_late_s):
            self._held.append((samples, stamps_s, extra_s))
            held_s = sum(len(held) for held, _, _ in self._held) / self.rate_hz
            if held_s < _LASTS_S:
                return []
            return self._release(lost=round(min(extra_s for _, _, extra_s in self._held) * self.rate_hz))
        runs = self._release(lost=0)
        self._most_late_s = max(extra_s, self._most_late_s)
        return runs + self._append(samples, stamps_s)

    def _release(self, *, lost: int) -> list[Run]:
        """Place what is held back, behind so many lost samples."""
        held, self._held = self._held, []
        if lost:
            self._holes.append(Hole(start=self.next_index, end=self.next_index + lost))
            self.next_index += lost
        return [run for samples, stamps_s, _ in held for run in self._append(samples, stamps_s)]

    def _append(self, samples: Float64Array, stamps_s: Float64Array) -> list[Run]:
        """Put samples behind the newest."""
        index = self.next_index
        count_s = (index + np.arange(len(samples))) / self.rate_hz
        self._envelope.add(float(count_s[0]), float((stamps_s - count_s).min()) - self._origin_s)
        self.next_index = index + len(samples)
        return [(index, samples)]
