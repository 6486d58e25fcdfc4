"""A source in its thread: it comes back, keeps the newest frames, and says what happened."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest

from ecg_facial.errors import EcgFacialError, SettingsError, SourceEndedError, SourceLostError
from ecg_facial.face.frames import RgbFrame
from ecg_facial.live.sources.contract import Block, EcgBlock, Kind, SourceEvent, SourceInfo, VideoBlock
from ecg_facial.live.sources.running import RunningSource

VIDEO = SourceInfo(name="camera 0", kind="video", clock="machine", rate_hz=25.0)
ECG = SourceInfo(name="amplifier", kind="ecg", clock="machine", rate_hz=100.0)
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

    def __init__(self, clock: Clock, *steps: Block | EcgFacialError | float, info: SourceInfo = VIDEO) -> None:
        self.clock, self.steps, self.info = clock, list(steps), info
        self.back_s = 0.0
        self.n_open = 0
        self.returned: list[tuple[float, float]] = []

    def open(self) -> SourceInfo:
        if self.clock.now_s < self.back_s:
            raise SourceLostError("camera 0 is away")
        if self.back_s:
            self.returned.append((self.back_s, self.clock.now_s))
        self.n_open += 1
        return self.info

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


def run(source: Script, *, kind: Kind = "video", max_frames: int = 50) -> tuple[RunningSource, list[SourceEvent]]:
    """Run a script to its end."""
    running = RunningSource(source, kind=kind, max_frames=max_frames, now=source.clock.now, sleep=source.clock.sleep)
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
    # the engine counts them from the event
    assert [event.n_frames for event in events if event.kind == "shed"] == [20]
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


def ecg(number: int, *, seconds: float) -> EcgBlock:
    samples = np.full(round(seconds * ECG.rate_hz), float(number))
    return EcgBlock(samples=samples, stamps_s=np.zeros(len(samples)), arrived_s=float(number))


def test_samples_are_kept_while_the_monitor_catches_up() -> None:
    # more blocks than frames may wait, and more than an old limit of blocks
    script = Script(Clock(), *(ecg(number, seconds=0.01) for number in range(11_000)), info=ECG)
    running, events = run(script, kind="ecg", max_frames=50)
    assert len(running.take()) == 11_000
    assert [event.kind for event in events] == ["ended"]


def test_an_ecg_that_nobody_takes_is_bounded_in_seconds_and_says_so() -> None:
    script = Script(Clock(), *(ecg(number, seconds=1.0) for number in range(150)), info=ECG)
    running, events = run(script, kind="ecg", max_frames=50)
    assert [event.message for event in events if event.kind == "shed"] == [
        "30 s of ECG were dropped: the machine is too slow"
    ]
    assert [block.arrived_s for block in running.take()] == list(range(30, 150))
    assert running.frames_shed == 0


def test_what_can_never_work_is_an_error_after_the_last_block() -> None:
    running, events = run(Script(Clock(), frame(0), SettingsError("no such channel")))
    assert len(running.take()) == 1
    with pytest.raises(SettingsError, match="no such channel"):
        running.take()
    assert events == []
    assert not running.has_ended
    assert running.problem == "no such channel"


def test_a_driver_that_fails_in_an_unknown_way_is_tried_again() -> None:
    class Broken(Script):
        n_failures = 0

        def read(self, timeout_s: float) -> Block | None:
            self.n_failures += 1
            if self.n_failures == 2:
                raise RuntimeError("driver")
            return super().read(timeout_s)

    running, events = run(Broken(Clock(), frame(0), frame(1)))
    assert (events[0].kind, events[0].message) == ("lost", "RuntimeError: driver")
    assert [event.kind for event in events] == ["lost", "back", "ended"]
    assert len(running.take()) == 2


def test_a_device_that_opens_and_fails_does_not_fill_the_memory_nor_the_log() -> None:
    class Flapping(Script):
        n_tries = 0

        def read(self, timeout_s: float) -> Block | None:
            self.n_tries += 1
            if self.n_tries < 100:
                raise SourceLostError("camera 0 gives no frames")
            return super().read(timeout_s)

    source = Flapping(Clock(), frame(0))
    _, events = run(source)
    assert [event.kind for event in events] == ["lost", "back", "ended"]
    # it was not asked without a pause
    assert source.clock.now_s > 100


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
