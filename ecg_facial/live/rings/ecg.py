"""The last minutes of an ECG stream on their regular grid, in session time.

Input: blocks as they arrive. Output: the `EcgSignal` of a stretch of session time, NaN where samples were lost; events
for gaps and steps; where it is kept, the raw ECG, once and in order. A stretch has one offset and the stream's nominal
rate: clocks are within 0.2 % of each other, and a window's middle is placed exactly.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from ecg_facial.live.clock import StreamClock, Verdict, count_on_new_time
from ecg_facial.live.ordering import Run, SampleOrder
from ecg_facial.live.sources.contract import RECORDING, EcgBlock, SourceEvent
from ecg_facial.recording import EcgSignal
from ecg_facial.runtime.typing import Float32Array, Float64Array

# a block that holds a step of the clock is two blocks
_STEP_S = 0.3
# of blocks whose stamps are in doubt; the clock decides in less
_MAX_PENDING_S = 4.0
# a window's first sample is the nearest: rounding must not make it the next one
_LESS_THAN_HALF = 0.49
# Length of a block of raw ECG. It is what a crash may lose, and 8 kB at 512 Hz: much shorter blocks leave half of
# SQLite's pages empty.
_RAW_S = 4.0


@dataclass(frozen=True, eq=False, kw_only=True)
class RawEcg:
    """Samples as they are on the grid.

    Attributes
    ----------
    grid : int
        From 0; a new one begins where the clock was set.
    first : int
        Number of the first sample on its grid.
    time_s : float
        Session time of the first sample.
    samples : ndarray of float32
        Begin and end with a number; NaN where samples were lost.
    """

    grid: int
    first: int
    time_s: float
    samples: Float32Array


class EcgRing:
    """Samples of one stream; used by one thread. Constant time per sample, constant memory.

    Parameters
    ----------
    clock : StreamClock
        Of this stream; the ring tells it of every block.
    keep_s : float
        Length of what is kept.
    gives_raw : bool
        Whether `take_raw` is called.
    grid : int
        Number of the first grid.
    """

    def __init__(self, clock: StreamClock, *, keep_s: float = 120.0, gives_raw: bool = False, grid: int = 0) -> None:
        self._clock = clock
        self._rate_hz = clock.info.rate_hz
        self._gives_raw, self.grid, self._raw = gives_raw, grid, list[RawEcg]()
        self._keep = math.ceil(keep_s * self._rate_hz)
        self._pending: list[EcgBlock] = []
        self._events: list[SourceEvent] = []
        self.n_stray = 0
        self._begin()

    def _begin(self) -> None:
        self._order = SampleOrder(self._rate_hz, is_recording=self._clock.info.clock == RECORDING)
        self._buffer = np.full(2 * self._keep, np.nan)
        self._base: int | None = None
        self._said_jitters = False
        # the first sample that was not given as raw, and a sample whose session time is known
        self._given: int | None = None
        self._known = (0, 0.0)

    @property
    def order(self) -> SampleOrder:
        """How samples are placed, with its counts."""
        return self._order

    @property
    def last_s(self) -> float | None:
        """Session time at which the newest sample ends: a window up to there is complete. None before the first."""
        return None if self._base is None else self._session_of(self._order.next_index)

    def push(self, block: EcgBlock) -> None:
        """Take a block."""
        stamps_s, number = block.stamps_s, len(block.stamps_s)
        is_stamp = np.isfinite(stamps_s)
        if not is_stamp.all():
            # nothing tells where they belong: their places stay empty
            self.n_stray += int(number - is_stamp.sum())
            block = replace(block, samples=block.samples[is_stamp], stamps_s=stamps_s[is_stamp])
            stamps_s, number = block.stamps_s, len(block.stamps_s)
        if not number:
            return
        first_s, last_s = float(stamps_s[0]), float(stamps_s[-1])
        if number > 1:
            steps = np.flatnonzero(np.abs(np.diff(stamps_s) - 1 / self._rate_hz) > _STEP_S) + 1
            if len(steps):
                for part in np.split(np.arange(number), steps):
                    self.push(replace(block, samples=block.samples[part], stamps_s=stamps_s[part]))
                return
        verdict = self._clock.observe(last_s, block.arrived_s, first_s=first_s, align=False)
        if verdict is not Verdict.OK or self._pending:
            self._pending.append(block)
            if verdict is Verdict.WAIT:
                self._forget_pending(block.arrived_s)
                return
            if verdict is Verdict.STEP:
                self._collect_raw(self._order.next_index, at_least=1)
                self._begin()
                self.grid += 1
            spans_s = [(float(one.stamps_s[0]), float(one.stamps_s[-1])) for one in self._pending]
            n_new = count_on_new_time(spans_s, period_s=1 / self._rate_hz) if verdict is Verdict.STEP else None
            # what is ahead of a block that is believed was never true
            blocks = [one for one in self._pending[-n_new if n_new else 0 :] if one.stamps_s[-1] <= last_s]
            self.n_stray += sum(len(one.samples) for one in self._pending) - sum(len(one.samples) for one in blocks)
            self._pending = []
            for one in blocks:
                self._place(one)
            return
        self._place(block)

    def flush(self) -> None:
        """Take what is held back into the ring: the stream is at its end, or gone."""
        self._write(self._order.flush())

    def take_raw(self, *, all: bool = False) -> list[RawEcg]:
        """Give the samples that were not given yet, in blocks of a few seconds.

        Parameters
        ----------
        all : bool
            Whether nothing more will come; without it, samples that late packets may still change wait.
        """
        if all:
            self._collect_raw(self._order.next_index, at_least=1)
        raw, self._raw = self._raw, []
        return raw

    def take_events(self) -> list[SourceEvent]:
        """Give what happened since the last call: gaps, and stamps that turned out to jitter."""
        for hole in self._order.take_holes():
            start_s, duration_s = self._session_of(hole.start), (hole.end - hole.start) / self._rate_hz
            self._note("gap", f"{duration_s:.3g} s of ECG were lost", start_s=start_s, duration_s=duration_s)
        if self._order.jitters and not self._said_jitters:
            self._said_jitters = True
            self._note("jitter", "stamps of the ECG jitter: samples are placed by count")
        events, self._events = self._events, []
        return events

    def signal(self, start_s: float, end_s: float) -> EcgSignal | None:
        """Give a stretch of session time.

        Parameters
        ----------
        start_s, end_s : float

        Returns
        -------
        EcgSignal or None
            From the sample nearest to the start on, and one sample more than the stretch is long where there is one.
            Shorter where samples have not arrived, or are not kept any more. None where there are none.
        """
        if self._base is None:
            return None
        first, begin_s = self._locate(start_s, end_s)
        low = max(first, self._base)
        high = min(first + math.ceil((end_s - start_s) * self._rate_hz) + 1, self._order.next_index)
        if high <= low:
            return None
        samples = self._buffer[low - self._base : high - self._base].copy()
        low_s = begin_s if low == first else begin_s + (low - first) / self._rate_hz
        return EcgSignal(samples=samples, fs_hz=self._rate_hz, unit=self._clock.info.unit, start_s=low_s)

    def share_usable(self, start_s: float, end_s: float) -> float:
        """Share of a stretch that has samples which are numbers."""
        found = self.signal(start_s, end_s)
        number = max((end_s - start_s) * self._rate_hz, 1.0)
        return 0.0 if found is None else min(1.0, float(np.isfinite(found.samples).sum()) / number)

    def recent(self, seconds: float) -> EcgSignal | None:
        """Give the last seconds up to the newest sample; None without any."""
        if self._base is None:
            return None
        end = self._order.next_index
        low = max(end - round(seconds * self._rate_hz), self._base)
        samples: Float64Array = self._buffer[low - self._base : end - self._base].copy()
        return EcgSignal(
            samples=samples, fs_hz=self._rate_hz, unit=self._clock.info.unit, start_s=self._session_of(low)
        )

    def _locate(self, start_s: float, end_s: float) -> tuple[int, float]:
        """Find the first sample of a stretch, and its session time."""
        if self._clock.info.clock == RECORDING:
            # as `make_window` rounds on a whole recording
            first = round(start_s * self._rate_hz)
            return first, first / self._rate_hz
        middle_s = (start_s + end_s) / 2
        stamp_s = self._clock.to_stamp(middle_s)
        assert stamp_s is not None
        middle = self._order.index_of(stamp_s) - (middle_s - start_s) * self._rate_hz
        off = min(max(round(middle) - middle, -_LESS_THAN_HALF), _LESS_THAN_HALF)
        return round(middle), start_s + off / self._rate_hz

    def _session_of(self, index: int) -> float:
        if self._clock.info.clock == RECORDING:
            return index / self._rate_hz
        session_s = self._clock.to_session(self._order.stamp_of(index))
        assert session_s is not None
        return session_s

    def _place(self, block: EcgBlock) -> None:
        self._write(self._order.place(block.samples, block.stamps_s))
        if self._base is not None:
            self._clock.align(self._order.stamp_of(self._order.next_index - 1), block.arrived_s)
            if self._gives_raw:
                self._known = self._order.next_index, self._session_of(self._order.next_index)
                self._collect_raw(self._order.settled_index, at_least=round(_RAW_S * self._rate_hz))

    def _collect_raw(self, end: int, *, at_least: int) -> None:
        """Cut samples off as blocks, up to a sample; what is shorter than `at_least` waits."""
        if not self._gives_raw or self._base is None:
            return
        start = max(self._base, self._order.start_index if self._given is None else self._given)
        size = round(_RAW_S * self._rate_hz)
        while end - start >= at_least:
            stop = min(start + size, end)
            samples = self._buffer[start - self._base : stop - self._base].astype(np.float32)
            numbers = np.flatnonzero(np.isfinite(samples))
            if len(numbers):
                first, (index, time_s) = start + int(numbers[0]), self._known
                self._raw.append(
                    RawEcg(
                        grid=self.grid,
                        first=first,
                        time_s=time_s + (first - index) / self._rate_hz,
                        samples=samples[numbers[0] : numbers[-1] + 1],
                    )
                )
            start = self._given = stop

    def _write(self, runs: list[Run]) -> None:
        for index, samples in runs:
            if self._base is None:
                self._base = self._order.start_index
            place = index - self._base
            if place + len(samples) > len(self._buffer):
                self._move(index + len(samples))
                place = index - self._base
            if place < 0:
                samples, place = samples[-place:], 0
            self._buffer[place : place + len(samples)] = samples

    def _move(self, end: int) -> None:
        """Keep the newest half of the buffer, up to and without a sample."""
        assert self._base is not None
        base = end - self._keep
        # behind a long gap, what is ahead of it leaves the buffer
        self._collect_raw(min(base, self._base + len(self._buffer)), at_least=1)
        moved = base - self._base
        kept = self._buffer[moved:].copy()
        self._buffer[: len(kept)] = kept
        self._buffer[len(kept) :] = np.nan
        self._base = base

    def _forget_pending(self, now_s: float) -> None:
        """Drop blocks that were in doubt for too long."""
        while self._pending and now_s - self._pending[0].arrived_s > _MAX_PENDING_S:
            self.n_stray += len(self._pending.pop(0).samples)

    def _note(self, kind: str, message: str, *, start_s: float | None = None, duration_s: float | None = None) -> None:
        event = SourceEvent(
            source="ecg",
            kind=kind,
            message=message,
            arrived_s=self._clock.arrived_s,
            start_s=start_s,
            duration_s=duration_s,
        )
        self._events.append(event)
