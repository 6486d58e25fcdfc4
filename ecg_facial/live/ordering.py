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
# samples of a block follow each other where their stamps are so near
_INSIDE_STEPS = 0.5
# A phase-locked loop follows stamps of a slightly other rate. It settles in about 0.1 s, but not faster than three
# blocks; clocks are within 0.2 % of each other. What is off by less may be rounding: exact stamps stay where they are.
_SETTLE_S, _MOST_GAIN, _MAX_OFF_RATE, _ROUNDING_STEPS = 0.1, 0.3, 5e-3, 0.02
# Rates of stamps that are tried on the first blocks. The nominal one, the first, is kept where stamps are within about
# 0.25 steps of it: the resultant of angles that are spread so far is 0.9. Fewer steps tell no rate.
_RATES = (1.0, *np.linspace(1 - _MAX_OFF_RATE, 1 + _MAX_OFF_RATE, 101).tolist())
_FITS, _SHORT_STEPS, _DISTINCT = 0.8, 100, 0.8
# stamps jitter if more than a tenth of the last 50 blocks or so are off the grid
_FORGET, _JITTERS = 0.98, 5.0
# blocks and seconds that are looked at before the first is placed
_FIRST_BLOCKS, _FIRST_S = 16, 1.0
# a queue that empties brings the stamps back by then
_LASTS_S = 0.5
# how long the largest delay of a stamp counts: single losses would pass for it otherwise
_FORGET_LATE_S = 30.0
# packets that are remembered, to know one that comes twice: stamps alone may be equal where they are coarse
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
        self._is_recording = is_recording
        # `_origin_s` is the stamp of sample `_anchor`, from which the grid runs at the rate of the stamps
        self._origin_s, self._anchor, self._stamps_hz = 0.0, 0.0, rate_hz
        self._score = 0.0
        self._holes: deque[Hole] = deque()
        self._closed: list[Hole] = []
        # None once the first blocks were looked at
        self._first: list[tuple[Float64Array, Float64Array]] | None = None if is_recording else []
        self._envelope = Envelope()
        self._most_late_s = 0.0
        self._held: list[tuple[Float64Array, Float64Array, float]] = []
        self._seen: deque[tuple[float, bytes]] = deque(maxlen=_REMEMBERED)
        self._least_late_s, self._n_looked = np.inf, 0

    def stamp_of(self, index: float) -> float:
        """Stamp of a sample on the grid, by its number."""
        if self.jitters:
            count_s = index / self.rate_hz
            line = self._envelope.line
            return self._origin_s + count_s + (0.0 if line is None else line.late_at(count_s))
        return self._origin_s + (index - self._anchor) / self._stamps_hz

    def index_of(self, stamp_s: float) -> float:
        """Find the sample with a stamp, as a fraction: the reverse of `stamp_of`."""
        if self.jitters and self._envelope.line is not None:
            # by its line, how late a stamp is changes with the count, not with the stamp
            line = self._envelope.line
            count_s = (stamp_s - self._origin_s - line.late_at(0.0)) / (1.0 + line.drift)
            return count_s * self.rate_hz
        return self._anchor + (stamp_s - self._origin_s) * self._stamps_hz

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

    @property
    def settled_index(self) -> int:
        """The sample up to which nothing can change any more: late packets may fill the holes behind it."""
        return self._holes[0].start if self._holes else self.next_index

    def take_holes(self) -> list[Hole]:
        """Give the holes that were closed since the last call."""
        while self._holes and self._holes[0].end <= self.next_index - self._wait:
            self._closed.append(self._holes.popleft())
        closed, self._closed = self._closed, []
        return closed

    def _begin(self, blocks: list[tuple[Float64Array, Float64Array]]) -> None:
        """Fix sample 0, and decide whether the stamps jitter."""
        self._origin_s = min(float(stamps_s[0]) for _, stamps_s in blocks)
        stamps = np.concatenate([stamps_s for _, stamps_s in blocks]) - self._origin_s
        # the circle's mean, as 0.9 and 0.1 are near each other; it is long where the rate fits
        means = [np.exp(2j * np.pi * stamps * self.rate_hz * rate).mean() for rate in _RATES]
        is_short = np.ptp(stamps) * self.rate_hz < _SHORT_STEPS
        best = 0 if is_short or abs(means[0]) > _FITS else int(np.abs(means).argmax())
        self._stamps_hz = self.rate_hz * _RATES[best]
        phase, steps = float(np.angle(means[best])) / (2 * np.pi), stamps * self._stamps_hz
        off = np.abs(steps - phase - np.round(steps - phase))
        # stamps of bursts, of which all samples have one stamp, may lie on a grid
        share_of_places = len(np.unique(np.round(steps - phase))) / len(steps)
        self.jitters = bool(np.mean(off > _EXACT_STEPS) > 1 / 10) or share_of_places < _DISTINCT
        if self.jitters:
            self._stamps_hz = self.rate_hz
        if not self.jitters and abs(phase) > _ROUNDING_STEPS:
            self._anchor = -phase

    def _place_by_stamps(self, samples: Float64Array, stamps_s: Float64Array) -> list[Run]:
        steps, number, spread = self.index_of(float(stamps_s[0])), len(samples), 0.0
        if number > 1:
            # noise of single stamps is averaged
            within = (stamps_s - stamps_s[0]) * self._stamps_hz - np.arange(number)
            mean = float(within.mean())
            spread = float(np.abs(within - mean).max())
            steps += mean
        index = round(steps)
        off = steps - index
        is_regular = -_EXACT_STEPS < off < _EXACT_STEPS and spread < _INSIDE_STEPS
        self._score = _FORGET * self._score + (not is_regular)
        if self._score > _JITTERS:
            self._begin_count()
            return self._place_by_count(samples, stamps_s)
        if spread >= _INSIDE_STEPS:
            return self._split(samples, stamps_s)
        if index == self.next_index:
            if abs(off) > _ROUNDING_STEPS and not self._is_recording:
                self._track(float(stamps_s[0]), off=off, number=number)
            self.next_index = index + number
            return [(index, samples)]
        return self._insert(index, samples)

    def _track(self, stamp_s: float, *, off: float, number: int) -> None:
        """Move the grid by part of what a block in its order is off, and so its rate."""
        gain = min(_MOST_GAIN, number / (_SETTLE_S * self.rate_hz))
        self._origin_s, self._anchor = stamp_s, self.index_of(stamp_s) - gain * off
        # critically damped
        off_rate = self._stamps_hz / self.rate_hz - 1.0 - gain**2 / 4 * off / number
        self._stamps_hz = self.rate_hz * (1.0 + min(max(off_rate, -_MAX_OFF_RATE), _MAX_OFF_RATE))

    def _split(self, samples: Float64Array, stamps_s: Float64Array) -> list[Run]:
        """Place a block with losses or another order inside."""
        indices = np.rint(self._anchor + (stamps_s - self._origin_s) * self._stamps_hz).astype(np.int64)
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
        # from here on the origin is the stamp of sample 0
        self._origin_s -= self._anchor / self.rate_hz
        self._anchor = 0.0
        self._closed += self._holes
        self._holes.clear()

    def _place_by_count(self, samples: Float64Array, stamps_s: Float64Array) -> list[Run]:
        packet = (float(stamps_s[0]), samples.tobytes())
        if packet in self._seen:
            self.n_doubled += len(samples)
            return []
        self._seen.append(packet)
        number = self.next_index + sum(len(held) for held, _, _ in self._held)
        ahead_s = (number + np.arange(len(samples))) / self.rate_hz
        late_s = float((stamps_s - ahead_s).min()) - self._origin_s
        line = self._envelope.line
        extra_s = 0.0 if line is None else late_s - line.late_at(float(ahead_s[0]))
        if extra_s > max(self._gap_s, 1.5 * self._most_late_s):
            self._held.append((samples, stamps_s, extra_s))
            held_s = sum(len(held) for held, _, _ in self._held) / self.rate_hz
            if held_s < _LASTS_S:
                return []
            return self._release(lost=round(min(extra_s for _, _, extra_s in self._held) * self.rate_hz))
        self._most_late_s *= 1.0 - min(len(samples) / self.rate_hz / _FORGET_LATE_S, 1.0)
        if self._held:
            self._most_late_s = max(self._most_late_s, max(extra_s for _, _, extra_s in self._held))
        runs = self._release(lost=0) + self._append(samples, stamps_s)
        self._look_for_losses(extra_s, number=len(samples))
        return runs

    @property
    def _gap_s(self) -> float:
        return max(_GAP_S, _GAP_STEPS / self.rate_hz)

    def _look_for_losses(self, extra_s: float, *, number: int) -> None:
        """Mark many small losses, each of which is within the jitter, once they add up."""
        self._least_late_s = min(self._least_late_s, extra_s)
        self._n_looked += number
        if self._n_looked < _LASTS_S * self.rate_hz:
            return
        if self._least_late_s > self._gap_s:
            self._mark_lost(round(self._least_late_s * self.rate_hz))
        self._least_late_s, self._n_looked = np.inf, 0

    def _mark_lost(self, number: int) -> None:
        self._holes.append(Hole(start=self.next_index, end=self.next_index + number))
        self.next_index += number

    def _release(self, *, lost: int) -> list[Run]:
        """Place what is held back, behind so many lost samples."""
        held, self._held = self._held, []
        if lost:
            self._mark_lost(lost)
            self._least_late_s, self._n_looked = np.inf, 0
        return [run for samples, stamps_s, _ in held for run in self._append(samples, stamps_s)]

    def _append(self, samples: Float64Array, stamps_s: Float64Array) -> list[Run]:
        """Put samples behind the newest."""
        index = self.next_index
        count_s = (index + np.arange(len(samples))) / self.rate_hz
        self._envelope.add(float(count_s[0]), float((stamps_s - count_s).min()) - self._origin_s)
        self.next_index = index + len(samples)
        return [(index, samples)]
