"""A source that is lost is connected again by itself, and every gap is recorded."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scripted_source import ECG, VIDEO, Device, make_ecg_block, make_video_block

from ecg_facial.errors import MissingDependencyError, SettingsError, SourceEndedError
from ecg_facial.live.sources.contract import RECORDING, EcgBlock, SourceEvent, SourceInfo
from ecg_facial.live.sources.reconnecting import Item, Reconnector


def connect(device: Device) -> Reconnector:
    return Reconnector(device, kind="ecg", now=device.now)


def run(connection: Reconnector, device: Device, *, until_s: float) -> list[Item]:
    """Take steps until a time; waits are skipped."""
    items: list[Item] = []
    while device.now_s < until_s and not connection.is_ended:
        items += connection.step(0.1)
        device.now_s += connection.wait_s
    return items


def events(items: list[Item], kind: str) -> list[SourceEvent]:
    return [item for item in items if isinstance(item, SourceEvent) and item.kind == kind]


def test_blocks_come_as_the_source_gives_them() -> None:
    device = Device()
    items = run(connect(device), device, until_s=1.0)
    assert all(isinstance(item, EcgBlock) for item in items)
    assert [round(item.arrived_s, 6) for item in items if isinstance(item, EcgBlock)] == [
        round(0.1 * number, 6) for number in range(1, len(items) + 1)
    ]


def test_a_source_that_dies_a_hundred_times_is_back_soon_and_each_gap_is_recorded() -> None:
    rng = np.random.default_rng(0)
    # there and away, in seconds
    lengths_s = rng.uniform([3.0, 0.3], [10.0, 30.0], (100, 2)).cumsum()
    starts_s, ends_s = lengths_s[::2], lengths_s[1::2]

    def is_there(now_s: float) -> bool:
        return not bool(np.any((starts_s <= now_s) & (now_s < ends_s)))

    device = Device(is_there=is_there)
    items = run(connect(device), device, until_s=float(ends_s[-1]) + 5.0)
    lost, back = events(items, "lost"), events(items, "back")
    assert len(lost) == len(back) == 100
    for start_s, end_s, gone, again in zip(starts_s, ends_s, lost, back, strict=True):
        assert gone.arrived_s - start_s <= 0.11
        assert 0 <= again.arrived_s - end_s <= 2.2
        assert again.duration_s is not None
        # from the last block to the first one
        times_s = np.array(device.read_times_s)
        gap_s = times_s[times_s > end_s].min() - times_s[times_s <= start_s + 0.1].max()
        assert again.duration_s == pytest.approx(gap_s)


def test_lost_is_said_once_however_often_the_device_is_tried() -> None:
    device = Device(is_there=lambda now_s: not 1.0 <= now_s < 60.0)
    items = run(connect(device), device, until_s=70.0)
    assert [item.kind for item in items if isinstance(item, SourceEvent)] == ["lost", "back"]


def test_a_device_is_not_tried_without_a_pause() -> None:
    device = Device(is_there=lambda now_s: now_s < 1.0)
    connection = connect(device)
    run(connection, device, until_s=1.05)
    waits_s = []
    while device.now_s < 20.0:
        connection.step(0.1)
        waits_s.append(connection.wait_s)
        device.now_s += connection.wait_s
    assert waits_s[:6] == pytest.approx([0.2, 0.4, 0.8, 1.6, 2.0, 2.0])


def test_a_device_that_gave_data_for_a_while_is_tried_soon_again() -> None:
    device = Device(is_there=lambda now_s: not (1.0 <= now_s < 30.0 or 40.0 <= now_s < 40.1))
    (first, second) = events(run(connect(device), device, until_s=45.0), "back")
    assert 29.0 < (first.duration_s or 0.0) < 32.0
    assert (second.duration_s or 0.0) < 0.5


def test_a_device_that_dies_at_once_each_time_is_tried_ever_more_seldom() -> None:
    device = Device(gives=lambda now_s: None, raises=OSError("broken"))
    connection = connect(device)
    items = run(connection, device, until_s=60.0)
    assert len(events(items, "lost")) == 1
    assert not events(items, "back")
    assert device.n_opened < 40


@pytest.mark.parametrize(
    "error", [ValueError("a bug\nof a driver"), ZeroDivisionError(), OSError(5, "I/O"), KeyError("x")]
)
def test_any_exception_of_a_source_makes_it_lost_with_its_text(error: Exception) -> None:
    device = Device()
    connection = connect(device)
    run(connection, device, until_s=0.3)
    device.raises = error
    (lost,) = events(run(connection, device, until_s=2.0), "lost")
    assert type(error).__name__ in lost.message
    assert "\n" not in lost.message
    assert connection.problem
    device.raises = None
    assert len(events(run(connection, device, until_s=8.0), "back")) == 1
    assert not connection.problem


def test_a_source_whose_close_fails_is_tried_further() -> None:
    class Stubborn(Device):
        def close(self) -> None:
            super().close()
            raise RuntimeError("will not close")

    device = Stubborn(is_there=lambda now_s: not 1.0 <= now_s < 2.0)
    assert len(events(run(connect(device), device, until_s=6.0), "back")) == 1


def test_a_source_that_comes_back_as_another_one_is_known_as_that_one_from_its_first_block_on() -> None:
    device = Device(is_there=lambda now_s: not 1.0 <= now_s < 2.0)
    connection = connect(device)
    run(connection, device, until_s=1.1)
    assert connection.info == ECG
    other = device.info = replace(ECG, rate_hz=50.0, clock="another amplifier")
    items = run(connection, device, until_s=6.0)
    assert [type(item) for item in items[:2]] == [SourceEvent, EcgBlock]
    assert connection.info == other


def test_a_device_that_is_not_there_at_first_is_waited_for() -> None:
    device = Device(is_there=lambda now_s: now_s >= 10.0)
    connection = connect(device)
    (lost,) = run(connection, device, until_s=9.0)
    assert isinstance(lost, SourceEvent)
    assert (lost.kind, "check the cable" in lost.message) == ("lost", True)
    assert connection.info is None
    assert connection.problem == lost.message
    back, first, *_ = run(connection, device, until_s=14.0)
    assert connection.info == ECG
    assert isinstance(first, EcgBlock)
    assert isinstance(back, SourceEvent)
    assert back.duration_s == pytest.approx(first.arrived_s)


@pytest.mark.parametrize("error", [SettingsError("no such channel"), MissingDependencyError("pylsl is needed")])
def test_what_can_never_work_is_not_tried_again(error: SettingsError | MissingDependencyError) -> None:
    class Wrong(Device):
        def open(self) -> SourceInfo:
            raise error

    device = Wrong()
    connection = connect(device)
    assert connection.step(0.1) == []
    assert connection.is_ended
    assert connection.failure is error


def test_what_once_worked_is_tried_again_whatever_its_error() -> None:
    class Odd(Device):
        def open(self) -> SourceInfo:
            if 1.0 <= self.now_s < 3.0:
                raise SettingsError("no channel ECG in the stream")
            return super().open()

    device = Odd(is_there=lambda now_s: not 1.0 <= now_s < 1.2)
    items = run(connect(device), device, until_s=8.0)
    assert len(events(items, "back")) == 1


def test_a_driver_that_falls_silent_is_opened_again() -> None:
    device = Device(gives=lambda now_s: None if 1.0 < now_s < 12.0 else make_ecg_block(now_s))
    items = run(connect(device), device, until_s=20.0)
    (lost,), (back,) = events(items, "lost"), events(items, "back")
    assert "no data for 5 s" in lost.message
    assert 11.0 < (back.duration_s or 0.0) < 20.0
    assert device.n_opened > 1


def test_a_silent_recording_is_not_begun_anew() -> None:
    info = replace(ECG, clock=RECORDING)
    device = Device(info=info, gives=lambda now_s: None if 1.0 < now_s < 30.0 else make_ecg_block(now_s))
    items = run(connect(device), device, until_s=40.0)
    assert all(isinstance(item, EcgBlock) for item in items)
    assert device.n_opened == 1


def test_a_recording_that_fails_ends() -> None:
    device = Device(info=replace(ECG, clock=RECORDING))
    connection = connect(device)
    run(connection, device, until_s=0.5)
    device.raises = OSError("the disk is gone")
    (ended,) = events(run(connection, device, until_s=5.0), "ended")
    assert "the disk is gone" in ended.message
    assert connection.is_ended


def test_a_recording_at_its_end_ends() -> None:
    device = Device()
    connection = connect(device)
    run(connection, device, until_s=0.5)
    device.raises = SourceEndedError("at its end")
    items = run(connection, device, until_s=5.0)
    assert [item.kind for item in items if isinstance(item, SourceEvent)] == ["ended"]
    assert not device.is_open
    assert connection.step(0.1) == []


_GOOD = make_ecg_block(1.0)


@pytest.mark.parametrize(
    ("block", "said"),
    [
        (make_video_block(1.0), "gave a VideoBlock"),
        (replace(_GOOD, samples=np.zeros((10, 2))), "samples (10, 2)"),
        (replace(_GOOD, stamps_s=np.zeros(3)), "stamps (3,)"),
        (replace(_GOOD, stamps_s=np.full(10, np.nan)), "no number"),
        (replace(_GOOD, arrived_s=np.nan), "no number"),
        ("nonsense", "gave a str"),
    ],
)
def test_a_block_that_would_stop_the_monitor_is_not_passed_on(block: EcgBlock, said: str) -> None:
    device = Device()
    connection = connect(device)
    run(connection, device, until_s=0.5)
    device.gives = lambda _: block
    items = run(connection, device, until_s=0.7)
    (lost,) = events(items, "lost")
    assert said in lost.message
    assert block not in items


@pytest.mark.parametrize(
    "info", [replace(ECG, rate_hz=0.0), replace(ECG, rate_hz=np.nan), replace(ECG, kind="sound"), None]
)
def test_a_source_that_says_nothing_of_use_is_refused(info: SourceInfo) -> None:
    device = Device(info=info)
    connection = connect(device)
    connection.step(0.1)
    assert isinstance(connection.failure, SettingsError)


def test_a_source_that_comes_back_as_another_kind_stays_lost() -> None:
    device = Device(is_there=lambda now_s: not 1.0 <= now_s < 2.0)
    connection = connect(device)
    run(connection, device, until_s=1.1)
    device.info = VIDEO
    items = run(connection, device, until_s=8.0)
    assert not items
    assert "expected ecg" in connection.problem
