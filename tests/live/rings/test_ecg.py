"""The ring of the ECG: what was sent stands where it was measured, and what was lost is NaN and said."""

from __future__ import annotations

import numpy as np
import pytest
from two_clocks import AMPLIFIER, CAMERA

from ecg_facial.live.clock import SessionClock
from ecg_facial.live.rings.ecg import EcgRing
from ecg_facial.live.sources.contract import MACHINE, RECORDING, EcgBlock, SourceEvent, SourceInfo
from ecg_facial.runtime.typing import Float64Array

FS_HZ = 512.0


def make_ring(clock: str = RECORDING, *, keep_s: float = 120.0) -> EcgRing:
    info = SourceInfo(name="ECG", kind="ecg", clock=clock, rate_hz=FS_HZ, unit="mV")
    return EcgRing(SessionClock([info])["ecg"], keep_s=keep_s)


def send(ring: EcgRing, samples: Float64Array, stamps_s: Float64Array, *, size: int = 20) -> list[SourceEvent]:
    events: list[SourceEvent] = []
    for first in range(0, len(samples), size):
        part = slice(first, first + size)
        arrived_s = float(stamps_s[part].max()) - float(stamps_s[0])
        ring.push(EcgBlock(samples=samples[part], stamps_s=stamps_s[part], arrived_s=arrived_s))
        events += ring.take_events()
    ring.flush()
    return events + ring.take_events()


def samples_of(ring: EcgRing, seconds: float = 1e6) -> Float64Array:
    found = ring.recent(seconds)
    assert found is not None
    return found.samples


@pytest.mark.parametrize("size", [1, 7, 512, 20_000])
def test_a_recording_stands_in_the_ring_as_it_is(size: int) -> None:
    ring, samples = make_ring(), np.random.default_rng(0).normal(size=20 * 512)
    assert send(ring, samples, np.arange(len(samples)) / FS_HZ, size=size) == []
    found = ring.signal(3.0, 8.5)
    assert found is not None
    assert (found.start_s, found.fs_hz, found.unit, ring.last_s) == (3.0, FS_HZ, "mV", 20.0)
    assert np.array_equal(found.samples[:2816], samples[3 * 512 : 3 * 512 + 2816])
    assert ring.share_usable(3.0, 8.5) == 1.0
    assert ring.share_usable(15.0, 25.0) == pytest.approx(0.5)
    recent = ring.recent(2.0)
    assert recent is not None
    assert recent.start_s == 18.0
    assert np.array_equal(recent.samples, samples[-1024:])


def test_a_stretch_begins_at_the_sample_that_a_window_of_the_file_begins_at() -> None:
    ring, rng = make_ring(), np.random.default_rng(0)
    samples = rng.normal(size=20 * 512)
    send(ring, samples, np.arange(len(samples)) / FS_HZ)
    for start_s in (*rng.uniform(0, 10, 200).tolist(), 0.5 / FS_HZ, 1.5 / FS_HZ):
        found = ring.signal(start_s, start_s + 5.5)
        assert found is not None
        # as `make_window` finds them, in the ring's stretch and in the whole file
        inside, whole = round((start_s - found.start_s) * FS_HZ), round(start_s * FS_HZ)
        assert np.array_equal(found.samples[inside:][:2816], samples[whole:][:2816])


def test_old_samples_leave_the_ring() -> None:
    ring, samples = make_ring(keep_s=10.0), np.random.default_rng(0).normal(size=100 * 512)
    send(ring, samples, np.arange(len(samples)) / FS_HZ)
    assert ring.signal(50.0, 55.5) is None
    kept = samples_of(ring)
    assert 10 * 512 <= len(kept) <= 20 * 512
    assert np.array_equal(kept, samples[-len(kept) :])


@pytest.mark.parametrize(("size", "number"), [(1, 60_000), (5, 20_000)])
def test_packets_out_of_order_lost_and_doubled_give_the_sorted_signal(size: int, number: int) -> None:
    rng = np.random.default_rng(size)
    ring = make_ring("amplifier", keep_s=size * number / FS_HZ + 1)
    samples, stamps_s = rng.normal(size=size * number), 77.0 + np.arange(size * number) / FS_HZ
    late = np.where(rng.random(number) < 0.05, rng.uniform(0, 20, number), 0)
    lost, twice = rng.random(number) < 0.02, rng.random(number) < 0.01
    lost[[0, -1]] = False
    events: list[SourceEvent] = []
    for place in np.argsort(np.arange(number) + late, kind="stable").tolist():
        part = slice(place * size, (place + 1) * size)
        block = EcgBlock(samples=samples[part], stamps_s=stamps_s[part], arrived_s=float(stamps_s[part.stop - 1]))
        for _ in range(0 if lost[place] else 1 + twice[place]):
            ring.push(block)
        if place % 100 == 0:
            events += ring.take_events()
    # what comes behind closes the last gaps
    ring.push(
        EcgBlock(samples=np.zeros(600), stamps_s=stamps_s[-1] + np.arange(1, 601) / FS_HZ, arrived_s=stamps_s[-1])
    )
    events += ring.take_events()
    expected = np.where(np.repeat(lost, size), np.nan, samples)
    assert np.array_equal(samples_of(ring)[:-600], expected, equal_nan=True)
    assert sum(event.duration_s or 0.0 for event in events) == pytest.approx(lost.sum() * size / FS_HZ)
    runs = 1 + np.flatnonzero(np.diff(np.flatnonzero(lost)) > 1).size
    assert [event.kind for event in events] == ["gap"] * runs
    assert (ring.order.n_doubled, ring.order.n_late) == (size * (twice & ~lost).sum(), 0)


def test_a_gap_is_said_with_its_start_and_length() -> None:
    ring, samples = make_ring(), np.ones(20 * 512)
    kept = np.r_[0 : 5 * 512, 7 * 512 : 20 * 512]
    (event,) = send(ring, samples[kept], kept / FS_HZ)
    assert (event.kind, event.start_s, event.duration_s) == ("gap", 5.0, 2.0)
    found = ring.signal(4.0, 8.0)
    assert found is not None
    assert np.isnan(found.samples[512 : 3 * 512]).all()
    assert ring.share_usable(4.0, 8.0) == pytest.approx(0.5, abs=0.001)


@pytest.mark.parametrize("jitter_s", [0.005, 0.02])
@pytest.mark.parametrize("size", [1, 16])
def test_stamps_that_jitter_lose_no_sample(jitter_s: float, size: int) -> None:
    rng = np.random.default_rng(size)
    number = 60 * 32 if size > 1 else 10 * 512
    samples = rng.normal(size=number * size)
    late = np.repeat(np.abs(rng.normal(0, jitter_s, number)), size)
    ring = make_ring("amplifier")
    events = send(ring, samples, np.arange(len(samples)) / FS_HZ * 1.0003 + late, size=size)
    assert np.array_equal(samples_of(ring), samples)
    assert [event.kind for event in events] == ["jitter"]


def test_a_loss_within_stamps_that_jitter_is_a_gap_of_about_its_length() -> None:
    rng = np.random.default_rng(0)
    kept = np.r_[0 : 20 * 512, 23 * 512 : 40 * 512]
    late = np.repeat(np.abs(rng.normal(0, 0.02, len(kept) // 16)), 16)
    ring, samples = make_ring("amplifier"), rng.normal(size=40 * 512)
    events = send(ring, samples[kept], kept / FS_HZ + late, size=16)
    assert [event.kind for event in events] == ["jitter", "gap"]
    assert events[1].duration_s == pytest.approx(3.0, abs=0.03)
    found = samples_of(ring)
    assert np.array_equal(found[: 20 * 512], samples[: 20 * 512])
    assert np.array_equal(found[-17 * 512 :], samples[-17 * 512 :])


def test_one_late_stamp_within_stamps_that_jitter_is_no_gap() -> None:
    rng = np.random.default_rng(0)
    late = np.repeat(np.abs(rng.normal(0, 0.01, 40 * 32)), 16)
    late[16 * 700 : 16 * 703] += 0.25
    ring, samples = make_ring("amplifier"), rng.normal(size=40 * 512)
    events = send(ring, samples, np.arange(len(samples)) / FS_HZ + late, size=16)
    assert [event.kind for event in events] == ["jitter"]
    assert np.array_equal(samples_of(ring), samples)


@pytest.mark.parametrize("by_s", [-15.0, 15.0])
def test_nothing_of_before_a_step_stands_beside_what_came_after(by_s: float) -> None:
    clock = SessionClock([CAMERA, AMPLIFIER])
    ring, samples = EcgRing(clock["ecg"]), np.arange(60 * 512.0)
    stamps_s = np.arange(len(samples)) / FS_HZ
    stamps_s[30 * 512 + 7 :] += by_s
    for first in range(0, len(samples), 16):
        part = slice(first, first + 16)
        arrived_s = (first + 16) / FS_HZ
        clock["video"].observe(500.0 + arrived_s, arrived_s)
        ring.push(EcgBlock(samples=samples[part], stamps_s=stamps_s[part], arrived_s=arrived_s))
    assert [event.kind for event in clock.take_events()] == ["step"]
    found = samples_of(ring)
    assert found[0] == 30 * 512 + 7
    assert np.array_equal(found, samples[30 * 512 + 7 :])
    assert ring.signal(20.0, 25.5) is None
    # aligned anew: the sample that was measured at 50 s is found there
    at_50 = ring.signal(50.0, 51.0)
    assert at_50 is not None
    assert (at_50.samples[0] - 50 * 512) / FS_HZ == pytest.approx(0.0, abs=0.02)


def test_samples_of_another_clock_stand_at_their_session_time() -> None:
    clock = SessionClock([SourceInfo(name="camera", kind="video", clock=MACHINE, rate_hz=25.0), AMPLIFIER])
    ring, rng = EcgRing(clock["ecg"]), np.random.default_rng(0)
    true_s = np.arange(60 * 512) / FS_HZ * (1 + 1e-3)
    arrivals = [(at_s, None) for at_s in (np.arange(60 * 25) / 25).tolist()]
    arrivals += [(float(true_s[first + 15]) + abs(rng.normal(0, 0.01)), first) for first in range(0, len(true_s), 16)]
    for arrived_s, first in sorted(arrivals, key=lambda pair: pair[0]):
        if first is None:
            clock["video"].observe(arrived_s + 9.0, arrived_s)
            continue
        part = np.arange(first, first + 16)
        ring.push(EcgBlock(samples=true_s[part], stamps_s=part / FS_HZ, arrived_s=arrived_s))
    assert clock["ecg"].state.state == "synchronised"
    found = ring.signal(50.0, 55.5)
    assert found is not None
    shown_s = found.start_s + np.arange(len(found.samples)) / FS_HZ
    assert np.abs(shown_s - found.samples).max() < 0.01
