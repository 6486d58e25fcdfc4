"""A camera and an amplifier with clocks of their own, simulated: stamps, delays, steps, and what is made of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from ecg_facial.live.clock import ClockState, SessionClock, Verdict
from ecg_facial.live.sources.contract import SourceEvent, SourceInfo
from ecg_facial.runtime.typing import Float64Array

CAMERA = SourceInfo(name="camera 0", kind="video", clock="machine", rate_hz=25.0)
AMPLIFIER = SourceInfo(name="amplifier", kind="ecg", clock="amplifier", rate_hz=512.0)
SAMPLES = 32
DELAYS: dict[str, Callable[[np.random.Generator, float, int], Float64Array]] = {
    "half-normal": lambda rng, jitter_s, number: np.abs(rng.normal(0, jitter_s, number)),
    "exponential": lambda rng, jitter_s, number: rng.exponential(jitter_s, number),
    "uniform": lambda rng, jitter_s, number: rng.uniform(0, 2 * jitter_s, number),
}


@dataclass(kw_only=True)
class Stream:
    """Blocks of one stream: when the last sample was measured, its stamp, and when the block arrived."""

    info: SourceInfo
    true_s: Float64Array
    stamps_s: Float64Array
    arrived_s: Float64Array
    drift: float
    offset_s: float

    def set_clock(self, at_s: float, by_s: float) -> None:
        """Set the stamps forward or back."""
        self.stamps_s = np.where(self.true_s > at_s, self.stamps_s + by_s, self.stamps_s)

    def hold_back(self, from_s: float, until_s: float) -> None:
        """Let all that is measured meanwhile arrive at once."""
        held = (self.true_s >= from_s) & (self.true_s < until_s)
        self.arrived_s = np.where(held, np.maximum(self.arrived_s, until_s), self.arrived_s)
        self.arrived_s = np.maximum.accumulate(self.arrived_s)

    def lose(self, from_s: float, until_s: float) -> None:
        """Lose all that is measured meanwhile."""
        kept = (self.true_s < from_s) | (self.true_s >= until_s)
        self.true_s, self.stamps_s, self.arrived_s = self.true_s[kept], self.stamps_s[kept], self.arrived_s[kept]


def make_stream(
    info: SourceInfo,
    *,
    jitter_s: float = 0.005,
    skew: float = 0.0,
    offset_s: float = 0.0,
    delays: str = "half-normal",
    duration_s: float = 60.0,
    in_order: bool = True,
    rng: np.random.Generator | None = None,
) -> Stream:
    """A stream with delays that are never negative; a block waits for those before it if they arrive in order."""
    rng = np.random.default_rng(0) if rng is None else rng
    step_s = 1 / info.rate_hz if info.kind == "video" else SAMPLES / info.rate_hz
    true_s = np.arange(1, int(duration_s / step_s)) * step_s
    arrived_s = true_s + DELAYS[delays](rng, jitter_s, len(true_s))
    arrived_s = np.maximum.accumulate(arrived_s) if in_order else arrived_s
    return Stream(
        info=info, true_s=true_s, stamps_s=true_s * (1 + skew) + offset_s, arrived_s=arrived_s, drift=skew,
        offset_s=offset_s,
    )  # fmt: skip


@dataclass(kw_only=True)
class Told:
    """What the clock said of the ECG, block by block in the order of arrival.

    `error_s` is that of the block, and of a window that ends with it, where it has a time.
    """

    true_s: list[float] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    states: list[ClockState] = field(default_factory=list)
    error_s: list[float] = field(default_factory=list)
    events: list[SourceEvent] = field(default_factory=list)
    frames_s: list[tuple[float, float]] = field(default_factory=list)

    def is_good(self) -> list[bool]:
        """Blocks that may be used together with the video."""
        return [
            verdict is not Verdict.WAIT and state.state != "unsynchronised"
            for verdict, state in zip(self.verdicts, self.states, strict=True)
        ]

    def worst_s(self) -> float:
        """Largest error of all blocks that may be used."""
        return max((error for error, good in zip(self.error_s, self.is_good(), strict=True) if good), default=0.0)

    def good_from(self, start_s: float) -> float:
        """When the ECG may be used again after a time."""
        pairs = zip(self.true_s, self.is_good(), strict=True)
        return min((at for at, good in pairs if good and at >= start_s), default=np.inf)

    def bad_from(self, start_s: float) -> float:
        """When the ECG may not be used any more, after a time."""
        pairs = zip(self.true_s, self.is_good(), strict=True)
        return min((at for at, good in pairs if not good and at >= start_s), default=np.inf)


def follow(video: Stream, ecg: Stream, *, window_s: float = 5.5) -> Told:
    """Give all blocks to a `SessionClock`, and compare session time of ECG and video."""
    clock = SessionClock([video.info, ecg.info])
    arrivals = np.concatenate([video.arrived_s, ecg.arrived_s])
    told = Told()
    shift_s: float | None = None
    for place in np.argsort(arrivals, kind="stable").tolist():
        stream, number = (video, place) if place < len(video.true_s) else (ecg, place - len(video.true_s))
        stamp_s, arrived_s, true_s = (
            float(each[number]) for each in (stream.stamps_s, stream.arrived_s, stream.true_s)
        )
        one = clock[stream.info.kind]
        if stream is video:
            verdict = one.observe(stamp_s, arrived_s)
            session_s = one.to_session(stamp_s)
            if verdict is not Verdict.WAIT and session_s is not None:
                # session time of a moment, by the video's clock; set clocks are taken out
                shift_s = session_s - true_s * (1 + video.drift)
                told.frames_s.append((true_s, session_s))
        else:
            verdict = one.observe(stamp_s, arrived_s, first_s=stamp_s - (SAMPLES - 1) / ecg.info.rate_hz)
            ends_s = [
                abs((one.to_session(stamp_s - back_s * (1 + ecg.drift)) or 0.0)
                    - (true_s - back_s) * (1 + video.drift) - (shift_s or 0.0))
                for back_s in (0.0, window_s)
            ]  # fmt: skip
            told.true_s.append(true_s)
            told.verdicts.append(verdict)
            told.states.append(one.state)
            told.error_s.append(max(ends_s))
        told.events += clock.take_events()
    return told
