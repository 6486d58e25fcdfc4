"""Raw ECG of the ring: each sample once, in order, where it stood; what was lost is not there."""

from __future__ import annotations

import numpy as np
import pytest

from ecg_facial.live.clock import SessionClock
from ecg_facial.live.rings.ecg import EcgRing, RawEcg
from ecg_facial.live.sources.contract import RECORDING, EcgBlock, SourceInfo
from ecg_facial.runtime.typing import Float64Array

FS_HZ = 250.0


def make_ring(clock: str) -> EcgRing:
    info = SourceInfo(name="ECG", kind="ecg", clock=clock, rate_hz=FS_HZ, unit="mV")
    return EcgRing(SessionClock([info])["ecg"], keep_s=10.0, gives_raw=True)


def send(ring: EcgRing, samples: Float64Array, stamps_s: Float64Array, order: list[int], *, size: int) -> list[RawEcg]:
    raw: list[RawEcg] = []
    newest_s = 0.0
    for place in order:
        part = slice(place * size, (place + 1) * size)
        newest_s = max(newest_s, float(stamps_s[part][-1] - stamps_s[0]))
        ring.push(EcgBlock(samples=samples[part], stamps_s=stamps_s[part], arrived_s=newest_s))
        ring.take_events()
        raw += ring.take_raw()
    return raw


def rebuild(raw: list[RawEcg], n_times: int, *, grid: int = 0) -> Float64Array:
    found = np.full(n_times, np.nan)
    for block in raw:
        if block.grid == grid:
            place = slice(block.first, block.first + len(block.samples))
            assert np.isnan(found[place]).all()
            found[place] = block.samples
    return found


@pytest.mark.parametrize("size", [1, 25, 700])
def test_a_recording_comes_out_as_it_went_in_with_its_times(size: int) -> None:
    ring, samples = make_ring(RECORDING), np.random.default_rng(size).normal(size=11_200)
    samples[3000:3100] = np.nan
    raw = send(ring, samples, np.arange(11_200) / FS_HZ, list(range(11_200 // size)), size=size)
    assert len(raw) >= 9
    raw += ring.take_raw(all=True)
    assert np.array_equal(rebuild(raw, 11_200), samples.astype(np.float32), equal_nan=True)
    assert [block.time_s for block in raw] == pytest.approx([block.first / FS_HZ for block in raw])
    assert ring.take_raw(all=True) == []


def test_packets_that_come_late_are_in_it_and_lost_ones_are_not() -> None:
    rng = np.random.default_rng(0)
    ring, samples, number = make_ring("amplifier"), rng.normal(size=20_000), 2_000
    lost = rng.random(number) < 0.02
    lost[:20] = False
    order = [int(place) for place in np.argsort(np.arange(number) + rng.uniform(0, 5, number)) if not lost[place]]
    raw = send(ring, samples, 77.0 + np.arange(20_000) / FS_HZ, order, size=10)
    ring.flush()
    raw += ring.take_raw(all=True)
    expected = samples.astype(np.float32)
    expected[np.repeat(lost, 10)] = np.nan
    # sample 0 of the grid is the earliest of the first blocks
    assert np.array_equal(rebuild(raw, 20_000), expected, equal_nan=True)


def test_a_clock_that_is_set_begins_a_new_grid_and_loses_nothing() -> None:
    ring, samples = make_ring("amplifier"), np.random.default_rng(0).normal(size=10_000)
    stamps_s = np.arange(10_000) / FS_HZ
    stamps_s[5_000:] += 15.0
    raw = []
    for place in range(1_000):
        part = slice(place * 10, place * 10 + 10)
        ring.push(EcgBlock(samples=samples[part], stamps_s=stamps_s[part], arrived_s=(place + 1) * 10 / FS_HZ))
        raw += ring.take_raw()
    ring.flush()
    raw += ring.take_raw(all=True)
    assert {block.grid for block in raw} == {0, 1}
    together = np.concatenate([block.samples for block in raw])
    assert np.array_equal(together, samples.astype(np.float32))
    # session time goes on where the amplifier's clock stepped
    times_s = [block.time_s + np.arange(len(block.samples)) / FS_HZ for block in raw]
    assert np.diff(np.concatenate(times_s)).max() < 0.5


@pytest.mark.parametrize("gap_s", [0.5, 8.0, 60.0, 4000.0])
def test_what_came_ahead_of_a_gap_of_any_length_is_in_it(gap_s: float) -> None:
    ring, samples = make_ring(RECORDING), np.random.default_rng(0).normal(size=5_000)
    stamps_s = np.arange(5_000) / FS_HZ
    stamps_s[1_700:] += gap_s
    raw = send(ring, samples, stamps_s, list(range(200)), size=25)
    raw += ring.take_raw(all=True)
    together = np.concatenate([block.samples for block in raw])
    assert np.array_equal(together[np.isfinite(together)], samples.astype(np.float32))
    lost = round(gap_s * FS_HZ)
    assert raw[-1].first + len(raw[-1].samples) == 5_000 + lost
    assert [block.time_s for block in raw] == pytest.approx([block.first / FS_HZ for block in raw])


def test_a_ring_that_gives_no_raw_keeps_none() -> None:
    info = SourceInfo(name="ECG", kind="ecg", clock=RECORDING, rate_hz=FS_HZ)
    ring = EcgRing(SessionClock([info])["ecg"])
    send(ring, np.zeros(5_000), np.arange(5_000) / FS_HZ, list(range(50)), size=100)
    assert ring.take_raw(all=True) == []
