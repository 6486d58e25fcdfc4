"""A source in its thread: it comes back, keeps the newest frames, and says what happened."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest

from ecg_facial.errors import EcgFacialError, SettingsError, SourceEndedError, SourceLostError
from ecg_facial.face.frames import RgbFrame
from ecg_facial.live.sources.contract import Block, EcgBlock, SourceEvent, SourceInfo, VideoBlock
from ecg_facial.live.sources.running import RunningSource

VIDEO = SourceInfo(name="camera 0", kind="video", clock="machine", rate_hz=25.0)
LIMIT_S = 30.0


def frame(number: int) -> VideoBlock:
    return VideoBlock(frame=RgbFrame(np.zeros((2, 2, 3), np.uint8), number / 25), arrived_s=number / 25)


class Clock:
    """A clock that goes on only when somebody sleeps."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def now(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds


class Script:
    """A source that does what a list says: a block, an error, or seconds for which it is away."""

    def __init__(self, clock: Clock, *steps: Block | EcgFacialError | float) -> None:
        self.clock, self.steps = clock, list(steps)
        self.back_s = 0.0
        self.n_open = 0
        self.returned: list[tuple[float, float]] = []

    def open(self) -> SourceInfo:
        if self.clock.now_s < self.back_s:
            raise SourceLostError("camera 0 is away")
        if self.back_s:
            self.returned.append((self.back_s, self.clock.now_s))
        self.n_open += 1
        return VIDEO

    def read(self, timeout_s: float) -> Block | None:
        if not self.steps:
            raise SourceEndedError("film: at its end")
        step = self.steps.pop(0)
        if isinstance(step, EcgFacialError):
            raise step
        if isinstance(step, float):
            self.back_s = self.clock.now_s + step
            raise SourceLostError("camera 0 is away")
        return step

    def close(self) -> None:
        self.n_open = 0


def wait_for(condition: Callable[[], bool]) -> None:
    until_s = time.monotonic() + LIMIT_S
    while not condition() and time.monotonic() < until_s:
        time.sleep(0.001)
    assert condition()


def run(source: Script, **about: object) -> tuple[RunningSource, list[SourceEvent]]:
    """Run a script to its end."""
    running = RunningSource(source, kind="video", now=source.clock.now, sleep=source.clock.sleep, **about)  # type: ignore[arg-type]
    running.start()
    running._thread.join(LIMIT_S)
    assert not running._thread.is_alive()
    return running, running.take_events()


def test_a_source_that_dies_a_hundred_times_is_back_each_time_within_five_seconds() -> None:
    rng = np.random.default_rng(0)
    away_s = rng.uniform(0.01, 60, 100).tolist()
    steps = [step for number, away in enumerate(away_s) for step in (frame(number), away)]
    source = Script(Clock(), *steps, frame(100))
    running, events = run(source, max_frames=200)
    assert len(source.returned) == 100
    assert max(now - back for back, now in source.returned) <= 5
    assert [event.kind for event in events] == ["lost", "back"] * 100 + ["ended"]
    # each gap is recorded with its length
    gaps = [event.duration_s for event in events if event.kind == "back"]
    assert all(away <= (gap or 0.0) <= away + 5 for gap, away in zip(gaps, away_s, strict=True))
    assert [block.frame.time_s for block in running.take() if isinstance(block, VideoBlock)] == [
        number / 25 for number in range(101)
    ]
    assert source.n_open == 0


def test_a_source_that_is_not_there_yet_is_waited_for() -> None:
    source = Script(Clock(), frame(0))
    source.back_s = 12.0
    running, events = run(source)
    assert [event.kind for event in events] == ["lost", "back", "ended"]
    assert events[0].message == "camera 0 is away"
    assert running.info is VIDEO


def test_the_oldest_frames_are_dropped_and_counted() -> None:
    running, events = run(Script(Clock(), *(frame(number) for number in range(70))), max_frames=50)
    assert running.frames_shed == 20
    assert [event.message for event in events if event.kind == "shed"] == [
        "20 frames were dropped: the machine is too slow"
    ]
    assert [block.arrived_s for block in running.take()] == [number / 25 for number in range(20, 70)]
    assert running.take_events() == []
    assert running.has_ended


def test_a_recording_at_full_speed_waits_instead_of_losing_frames() -> None:
    source = Script(Clock(), *(frame(number) for number in range(300)))
    running = RunningSource(source, kind="video", max_frames=10, sheds=False)
    running.start()
    blocks: list[Block] = []
    wait_for(lambda: blocks.extend(running.take()) or running.has_ended)  # type: ignore[func-returns-value]
    assert [block.arrived_s for block in blocks] == [number / 25 for number in range(300)]
    assert running.frames_shed == 0


def test_samples_are_kept_while_the_monitor_catches_up() -> None:
    blocks = [EcgBlock(samples=np.ones(1), stamps_s=np.zeros(1), arrived_s=float(number)) for number in range(500)]
    running, _ = run(Script(Clock(), *blocks), max_frames=50)
    assert len(running.take()) == 500


def test_what_can_never_work_is_an_error_after_the_last_block() -> None:
    running, events = run(Script(Clock(), frame(0), SettingsError("no such channel")))
    assert len(running.take()) == 1
    with pytest.raises(SettingsError, match="no such channel"):
        running.take()
    assert events == []


def test_a_driver_that_fails_in_an_unknown_way_does_not_end_the_monitor_silently() -> None:
    class Broken(Script):
        def read(self, timeout_s: float) -> Block | None:
            raise RuntimeError("driver")

    running, _ = run(Broken(Clock()))
    with pytest.raises(SourceLostError, match="video source failed: RuntimeError: driver"):
        running.take()


def test_a_source_is_let_go_when_it_is_stopped() -> None:
    class Silent(Script):
        def read(self, timeout_s: float) -> Block | None:
            time.sleep(0.001)
            return None

    source = Silent(Clock())
    running = RunningSource(source, kind="video")
    running.start()
    wait_for(lambda: running.is_connected)
    running.stop()
    assert source.n_open == 0
