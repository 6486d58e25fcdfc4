"""From the stamps of sources to session time.

Input: stamps of each source's own clock, and when they arrived on the monitor's clock. Output: session time of a stamp,
and how well the clocks are known (`ClockState`). Session time is what the reference stream's stamps say, moved by one
constant; it never steps. The reference is the video where there is one, else the ECG.

Three kinds of streams:

- on the reference's clock: moved by the same constant, exactly (``one clock``). For recordings the constant is 0.
- on another clock: aligned by the least delayed arrivals of both (`live.envelope`); ``synchronised`` once the error is
  surely below 20 ms, else ``unsynchronised``.
- whose clock was set: ``unsynchronised`` from the first wrong stamp on, and aligned anew behind the step.

A constant delay of a device cannot be seen: a camera that always takes 80 ms is 80 ms late here, too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Literal

from ecg_facial.errors import SettingsError
from ecg_facial.live.envelope import Envelope, Line
from ecg_facial.live.sources.contract import RECORDING, Kind, SourceEvent, SourceInfo

State = Literal["one clock", "synchronised", "unsynchronised"]

# "synchronised" is left at the first and entered at the second, so that it does not flicker
_MAX_ERROR_S, _ENTER_ERROR_S = 0.020, 0.015
# seconds of data before anything is said
_MIN_POINTS = 5
# LSL streams step by 0.5 s and more; jitter, delays and packets out of order are below
_STEP_S = 0.3
# behind a pause, blocks of a synchronised stream that are ahead by so much are on a new time, though some are late too
_EARLY_S = 0.1
# A step is one when it lasted so long: then it is no stray stamp, and no packet that was sent again. Where stamps fall
# behind over a pause, a queue that empties looks the same at first.
_LASTS_S, _MAY_DRAIN_S, _LASTS_BLOCKS = 0.5, 3.0, 3
# Blocks that arrive together had waited for the first of them: by so much less than its delay it began to last. Packets
# that are sent again fall less behind too, but block by block.
_TOGETHER_S = 0.02
# blocks this late tell nothing of the clocks
_TOO_LATE_S = 0.25


@dataclass(frozen=True, kw_only=True)
class ClockState:
    """What is known of a stream's clock against session time.

    Attributes
    ----------
    source : {"video", "ecg"}
    state : {"one clock", "synchronised", "unsynchronised"}
    offset_ms : float or None
        Session time less stamp; None before the first block.
    drift_ppm : float or None
        How much faster session time runs than the stamps.
    jitter_ms : float or None
        Mean delay of arrivals beyond the least.
    uncertainty_ms : float or None
        How far a time may be off; None where nothing is known yet.
    """

    source: Kind
    state: State
    offset_ms: float | None = None
    drift_ppm: float | None = None
    jitter_ms: float | None = None
    uncertainty_ms: float | None = None


class Verdict(Enum):
    """What to do with a block."""

    OK = "ok"
    WAIT = "wait"
    """Its stamps cannot be believed yet: hold it back, or drop it."""
    STEP = "step"
    """The clock was set: what was held back and this block are on its new time."""


@dataclass(kw_only=True)
class _Suspicion:
    """Blocks whose stamps do not follow from those before."""

    since_s: float
    may_drain: bool
    is_early: bool
    last_s: float
    blocks: list[tuple[float, float]]
    least_s: float

    def lasts_s(self, stamp_s: float, arrived_s: float) -> float:
        """Take a block, and tell how long this lasts: since the first block would have arrived without its wait."""
        self.blocks.append((stamp_s, arrived_s))
        since_s = arrived_s - self.since_s
        if since_s <= _TOGETHER_S:
            self.least_s = min(self.least_s, arrived_s - stamp_s)
        first_stamp_s, first_arrived_s = self.blocks[0]
        return since_s + min(first_arrived_s - first_stamp_s - self.least_s, _STEP_S)


class StreamClock:
    """Clock of one stream; made by `SessionClock`. Constant time per block.

    Parameters
    ----------
    info : SourceInfo
    session : SessionClock
    """

    def __init__(self, info: SourceInfo, session: SessionClock) -> None:
        self.info = info
        self.constant: float | None = None
        self.line: Line | None = None
        self._session = session
        self._envelope = Envelope()
        self._last_s: float | None = None
        self.arrived_s = 0.0
        self._suspicion: _Suspicion | None = None
        self._is_synchronised = False

    @property
    def newest_s(self) -> float | None:
        """Latest stamp that is believed."""
        return self._last_s

    def observe(self, stamp_s: float, arrived_s: float, *, first_s: float | None = None, align: bool = True) -> Verdict:
        """Take the stamp of a block.

        Parameters
        ----------
        stamp_s : float
            Of the last sample.
        arrived_s : float
            On the monitor's clock.
        first_s : float, optional
            Stamp of the first sample, where it is another one.
        align : bool
            False where stamps jitter and `align` is told better ones.

        Returns
        -------
        Verdict
            Only a block with the answer OK or STEP has a session time.
        """
        if self._last_s is None or self.line is None:
            self._last_s = stamp_s
            self.constant = self._session.constant_for(self, stamp_s, arrived_s)
            self._add(arrived_s, arrived_s - stamp_s)
            return Verdict.OK
        self.arrived_s = arrived_s
        if self.info.clock == RECORDING:
            return self._accept(stamp_s, arrived_s, align=align)
        late_s = arrived_s - stamp_s - self.line.late_at(arrived_s)
        if self._suspicion is not None:
            return self._follow(stamp_s, arrived_s, first_s=first_s, late_s=late_s, align=align)
        period_s = 1.0 / self.info.rate_hz
        jump_s = (stamp_s if first_s is None else first_s) - self._last_s - period_s
        if late_s < -_EARLY_S and jump_s > _STEP_S and self.error_at(arrived_s) <= _MAX_ERROR_S:
            self._suspect(stamp_s, arrived_s, jump_s=jump_s, late_s=late_s)
            return Verdict.WAIT
        if abs(late_s) > _STEP_S:
            # late and out of its order, or a step back behind blocks that have not arrived
            if abs(jump_s) > _STEP_S or (late_s > 0 and jump_s < -period_s):
                self._suspect(stamp_s, arrived_s, jump_s=jump_s, late_s=late_s)
                return Verdict.WAIT
            if late_s < 0:
                # stamps go on: all blocks so far were late, as those that had waited for the connection
                self._restart([(stamp_s, arrived_s)])
        return self._accept(stamp_s, arrived_s, align=align)

    def align(self, stamp_s: float, arrived_s: float) -> None:
        """Take a time of the stream's clock that was known at an arrival."""
        late_s = arrived_s - stamp_s
        line = self.line
        if line is None or self._envelope.n_points < _MIN_POINTS or late_s - line.late_at(arrived_s) < _TOO_LATE_S:
            self._add(arrived_s, late_s)

    def to_session(self, stamp_s: float) -> float | None:
        """Session time of a stamp, as well as it is known; None before the first block."""
        if self.constant is not None:
            return stamp_s + self.constant
        return None if self.line is None else self._session.at(self.line.arrival_of(stamp_s))

    def to_stamp(self, session_s: float) -> float | None:
        """Stamp of a session time; None before the first block."""
        if self.constant is not None:
            return session_s - self.constant
        return None if self.line is None else self.line.stamp_of(self._session.arrival_of(session_s))

    @property
    def state(self) -> ClockState:
        """What is known now."""
        source, line = self.info.kind, self.line
        if line is None or self._last_s is None:
            return ClockState(source=source, state="unsynchronised")
        session_s = self.to_session(self._last_s)
        offset_ms = None if session_s is None else 1e3 * (session_s - self._last_s)
        known, jitter_ms = self._suspicion is None, 1e3 * line.jitter_s
        if self.constant is not None:
            return ClockState(
                source=source, state="one clock" if known else "unsynchronised", offset_ms=offset_ms, drift_ppm=0.0,
                jitter_ms=jitter_ms, uncertainty_ms=0.0 if known else None,
            )  # fmt: skip
        error_s, drift = self._session.compare(self, self.arrived_s)
        limit_s = _MAX_ERROR_S if self._is_synchronised else _ENTER_ERROR_S
        self._is_synchronised = known and error_s <= limit_s
        return ClockState(
            source=source, state="synchronised" if self._is_synchronised else "unsynchronised", offset_ms=offset_ms,
            drift_ppm=1e6 * drift, jitter_ms=jitter_ms,
            uncertainty_ms=1e3 * error_s if known and math.isfinite(error_s) else None,
        )  # fmt: skip

    def error_at(self, arrived_s: float) -> float:
        """How far the line of least delay may be off; infinite where it rests on too little, or is in doubt."""
        if self.line is None or self._envelope.n_points < _MIN_POINTS or self._suspicion is not None:
            return math.inf
        return self.line.error_at(arrived_s)

    def _accept(self, stamp_s: float, arrived_s: float, *, align: bool) -> Verdict:
        if self._last_s is None or stamp_s > self._last_s:
            self._last_s = stamp_s
        if align:
            self.align(stamp_s, arrived_s)
        return Verdict.OK

    def _add(self, arrived_s: float, late_s: float) -> None:
        self._envelope.add(arrived_s, late_s)
        self.line = self._envelope.line

    def _suspect(self, stamp_s: float, arrived_s: float, *, jump_s: float, late_s: float) -> None:
        self._suspicion = _Suspicion(
            since_s=arrived_s, may_drain=jump_s > -_STEP_S and late_s > 0, is_early=late_s < 0, last_s=stamp_s,
            blocks=[(stamp_s, arrived_s)], least_s=arrived_s - stamp_s,
        )  # fmt: skip

    def _follow(
        self, stamp_s: float, arrived_s: float, *, first_s: float | None, late_s: float, align: bool
    ) -> Verdict:
        """Decide whether a suspicion holds."""
        assert self._suspicion is not None
        one, period_s = self._suspicion, 1.0 / self.info.rate_hz
        first_s = stamp_s if first_s is None else first_s
        assert self._last_s is not None
        goes_on = abs(first_s - one.last_s - period_s) <= _STEP_S
        # out of its order
        goes_on |= one.is_early and one.blocks[0][0] - _STEP_S <= first_s <= one.last_s
        is_as_before = abs(first_s - self._last_s - period_s) <= _STEP_S and not goes_on
        # blocks are late, never early: those that go on from one ahead of time are on its new time, however late
        is_on_time = abs(late_s) <= _STEP_S and not (one.is_early and goes_on)
        if is_on_time or is_as_before:
            self._suspicion = None
            return self._accept(stamp_s, arrived_s, align=align)
        if not goes_on:
            self._suspect(stamp_s, arrived_s, jump_s=first_s - self._last_s, late_s=late_s)
            return Verdict.WAIT
        one.last_s = max(stamp_s, one.last_s) if one.is_early else stamp_s
        is_long = one.lasts_s(stamp_s, arrived_s) >= (_MAY_DRAIN_S if one.may_drain else _LASTS_S)
        if not is_long or len(one.blocks) < _LASTS_BLOCKS:
            return Verdict.WAIT
        self._step(one.blocks, -late_s)
        return Verdict.STEP

    def _step(self, blocks: list[tuple[float, float]], step_s: float) -> None:
        stamp_s, arrived_s = min(blocks, key=lambda block: block[1] - block[0])
        # by the time that the stream had before the step
        session_s = self._session.at(arrived_s)
        self._restart(blocks)
        self._last_s = blocks[-1][0]
        self._session.note_step(self, session_s - stamp_s, step_s=step_s, arrived_s=blocks[-1][1])

    def _restart(self, blocks: list[tuple[float, float]]) -> None:
        """Forget the line, and whatever was in doubt."""
        self._envelope, self._suspicion, self._is_synchronised = Envelope(), None, False
        for stamp_s, arrived_s in blocks:
            self._add(arrived_s, arrived_s - stamp_s)


def count_on_new_time(spans_s: Sequence[tuple[float, float]], *, period_s: float) -> int:
    """Count the blocks that the answer STEP puts on the new time; stray ones may have waited before them.

    Parameters
    ----------
    spans_s : sequence of (float, float)
        First and last stamp of all blocks that waited and of the one with the answer, in the order of their arrival.
    period_s : float
        Time from one sample to the next.

    Examples
    --------
    >>> count_on_new_time([(9.0, 9.0), (500.0, 500.1), (500.2, 500.3)], period_s=0.1)
    2
    """
    number = 1
    while number < len(spans_s) and abs(spans_s[-number][0] - spans_s[-number - 1][1] - period_s) <= _STEP_S:
        number += 1
    return number


class SessionClock:
    """Session time of all streams of a patient.

    Parameters
    ----------
    sources : sequence of SourceInfo
        At most one of each kind. The video is the reference; without one, the ECG.
    origin_s : float
        Time of the monitor's clock that is 0 in session time, but for recordings.

    Examples
    --------
    >>> camera = SourceInfo(name="camera", kind="video", clock="machine", rate_hz=25.0)
    >>> clock = SessionClock([camera])
    >>> clock["video"].observe(1000.0, 0.25)
    <Verdict.OK: 'ok'>
    >>> clock["video"].to_session(1000.04)
    0.29
    """

    def __init__(self, sources: Sequence[SourceInfo], *, origin_s: float = 0.0) -> None:
        self._origin_s = origin_s
        self._streams: dict[Kind, StreamClock] = {}
        self._constants: dict[str, float] = {RECORDING: 0.0}
        self._events: list[SourceEvent] = []
        kinds = [info.kind for info in sources]
        if not sources or len(set(kinds)) < len(kinds):
            raise SettingsError(f"sources of a patient are {kinds}: expected one video, one ECG, or both")
        self._reference: Kind = "video" if "video" in kinds else "ecg"
        for info in sources:
            self._streams[info.kind] = StreamClock(info, self)

    def __getitem__(self, kind: Kind) -> StreamClock:
        """Clock of a stream."""
        return self._streams[kind]

    def connect(self, info: SourceInfo) -> None:
        """Take note that a source came back; with another clock its stream is aligned anew."""
        old = self._streams[info.kind]
        if (old.info.clock, old.info.rate_hz) == (info.clock, info.rate_hz):
            old.info = info
            return
        self._streams[info.kind] = StreamClock(info, self)
        if info.kind == self._reference and info.clock != RECORDING:
            self._constants.pop(info.clock, None)

    def take_events(self) -> list[SourceEvent]:
        """Give the steps since the last call."""
        events, self._events = self._events, []
        return events

    def at(self, arrived_s: float) -> float:
        """Session time of a time of the monitor's clock.

        For recordings it is that of the reference's newest stamp: they are replayed at any speed.
        """
        reference = self._streams[self._reference]
        if reference.constant is None or reference.line is None:
            return arrived_s - self._origin_s
        if reference.info.clock == RECORDING:
            return (reference.newest_s or 0.0) + reference.constant
        return reference.line.stamp_of(arrived_s) + reference.constant

    def arrival_of(self, session_s: float) -> float:
        """Time of the monitor's clock at a session time: the reverse of `at`."""
        reference = self._streams[self._reference]
        if reference.constant is None or reference.line is None:
            return session_s + self._origin_s
        return reference.line.arrival_of(session_s - reference.constant)

    def compare(self, stream: StreamClock, arrived_s: float) -> tuple[float, float]:
        """How far a stream may be off the reference, in seconds, and its drift against it."""
        reference = self._streams[self._reference]
        if reference is stream or reference.line is None or stream.line is None:
            return math.inf, 0.0
        error_s = math.hypot(stream.error_at(arrived_s), reference.error_at(arrived_s))
        return error_s, (1.0 - reference.line.drift) / (1.0 - stream.line.drift) - 1.0

    def constant_for(self, stream: StreamClock, stamp_s: float, arrived_s: float) -> float | None:
        """Constant of the reference's clock, fixed at the first block of any stream on it; None for another clock."""
        name = stream.info.clock
        if name != self._streams[self._reference].info.clock:
            return None
        return self._constants.setdefault(name, self.at(arrived_s) - stamp_s)

    def note_step(self, stream: StreamClock, constant: float, *, step_s: float, arrived_s: float) -> None:
        """Take note of a step; where the reference was set, session time goes on with a new constant."""
        kind = stream.info.kind
        message = f"the clock of {stream.info.name} was set by {step_s:+.3g} s; times begin anew behind it"
        self._events.append(SourceEvent(source=kind, kind="step", message=message, arrived_s=arrived_s))
        if kind != self._reference:
            stream.constant = None
            return
        for other in self._streams.values():
            # a stream that shared the clock was not set by the same event: its times come from arrivals now
            other.constant = None
        stream.constant = self._constants[stream.info.clock] = constant
