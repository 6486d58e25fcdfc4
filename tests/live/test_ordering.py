"""The place of samples: what comes out of order, twice or not at all ends up as the sorted signal with its holes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from ecg_facial.live.ordering import SampleOrder
from ecg_facial.runtime.typing import Float64Array

FS_HZ = 512.0


@dataclass(kw_only=True)
class Placed:
    """What an order made of the packets: samples, all holes that it told, and how far their stamps are off."""

    order: SampleOrder
    samples: Float64Array
    holes: list[tuple[int, int]]
    off_s: Float64Array


def place_all(samples: Float64Array, stamps_s: Float64Array, packets: list[int], *, size: int) -> Placed:
    """Give packets, by their numbers; `samples` are true times where `off_s` is looked at."""
    order, holes, off_s = SampleOrder(FS_HZ), [], []
    out = np.full(len(samples) + 4096, np.nan)

    def take(runs: list[tuple[int, Float64Array]]) -> None:
        for index, run in runs:
            assert np.isnan(out[index : index + len(run)]).all()
            out[index : index + len(run)] = run
            off_s.append(order.stamp_of(index) - run[0])
        holes.extend((hole.start, hole.end) for hole in order.take_holes())

    for packet in packets:
        part = slice(packet * size, (packet + 1) * size)
        take(order.place(samples[part], stamps_s[part]))
    take(order.flush())
    return Placed(order=order, samples=out[: order.next_index], holes=holes, off_s=np.array(off_s))


def scramble(n_packets: int, rng: np.random.Generator, *, reach: float) -> tuple[list[int], Float64Array]:
    """5 % out of order, 2 % lost, 1 % twice; a second without any at both ends."""
    behind = np.where(rng.random(n_packets) < 0.05, rng.uniform(1, reach, n_packets), 0.0)
    lost, twice = rng.random(n_packets) < 0.02, rng.random(n_packets) < 0.01
    edge = min(512, n_packets // 4)
    for one in (behind, lost, twice):
        one[:edge] = one[-edge:] = 0
    places = np.arange(n_packets)
    again = np.flatnonzero(twice)
    keys = np.concatenate([places + behind, again + behind[again] + rng.uniform(0, 3, len(again))])
    packets = np.concatenate([places, again])[np.argsort(keys, kind="stable")]
    return packets[~lost[packets]].tolist(), lost.astype(bool)


@pytest.mark.parametrize("rate", [1.0, 0.998, 1.002])
@pytest.mark.parametrize(("size", "n_packets"), [(1, 20_000), (4, 5_000), (32, 3_000)])
def test_scrambled_packets_give_the_sorted_signal(size: int, n_packets: int, rate: float) -> None:
    rng = np.random.default_rng(size)
    packets, lost = scramble(n_packets, rng, reach=min(10.0, 0.4 * FS_HZ / size))
    samples = rng.normal(size=n_packets * size)
    placed = place_all(samples, 50.0 + np.arange(len(samples)) / (FS_HZ * rate), packets, size=size)
    is_lost = np.repeat(lost, size)
    expected = np.where(is_lost, np.nan, samples)
    assert np.array_equal(placed.samples, expected, equal_nan=True)
    assert not placed.order.jitters
    # each hole once, whole
    edges = np.flatnonzero(np.diff(np.r_[0, is_lost.astype(int), 0]))
    assert sorted(placed.holes) == list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
    assert placed.order.n_doubled == size * (len(packets) - len(set(packets)))
    assert placed.order.n_late == 0


def test_a_block_with_another_order_and_losses_inside_is_sorted() -> None:
    rng = np.random.default_rng(0)
    samples, stamps_s = rng.normal(size=5000), 50.0 + np.arange(5000) / FS_HZ
    order, found = SampleOrder(FS_HZ), np.full(5000, np.nan)
    mixed = np.arange(2000, 2050)
    mixed[10:14], mixed[20:22] = mixed[10:14][::-1].copy(), mixed[20:22][::-1].copy()
    mixed = np.delete(mixed, [30, 31, 32])
    runs = []
    for part in (*np.split(np.arange(2000), 40), mixed, *np.split(np.arange(2050, 5000), 50)):
        runs += order.place(samples[part], stamps_s[part])
    for index, run in runs:
        found[index : index + len(run)] = run
    lost = np.array([2030, 2031, 2032])
    assert np.flatnonzero(np.isnan(found)).tolist() == lost.tolist()
    assert np.array_equal(np.delete(found, lost), np.delete(samples, lost))
    assert [(hole.start, hole.end) for hole in order.take_holes()] == [(2030, 2033)]


def test_a_hole_is_filled_within_a_second_and_never_after_it_was_told() -> None:
    for late, filled in ((400, True), (600, False)):
        order, samples = SampleOrder(FS_HZ, wait_s=1.0), np.arange(4000.0)
        runs, told = [], []
        sent = [*range(2000), *range(2010, 2000 + late + 10), *range(2000, 2010), *range(2010 + late, 4000)]
        for place in sent:
            runs += order.place(samples[place : place + 1], samples[place : place + 1] / FS_HZ)
            told += [(hole.start, hole.end) for hole in order.take_holes()]
        placed = {index for index, _ in runs}
        assert all(index in placed for index in range(2000, 2010)) is filled
        assert told == ([] if filled else [(2000, 2010)])
        assert order.n_late == (0 if filled else 10)


@pytest.mark.parametrize("size", [1, 4])
def test_small_losses_of_a_jittery_stream_are_marked_once_they_add_up(size: int) -> None:
    rng = np.random.default_rng(size)
    n_packets = round(30 * FS_HZ / size)
    true_s = 100 + np.arange(n_packets * size) / FS_HZ
    stamps_s = true_s + np.repeat(np.abs(rng.normal(0, 0.005, n_packets)), size)
    lost = (rng.random(n_packets) < 0.02) & (np.arange(n_packets) > 512)
    placed = place_all(true_s, stamps_s, np.flatnonzero(~lost).tolist(), size=size)
    assert placed.order.jitters
    # without a mark they add up to 0.6 s
    assert np.abs(placed.off_s).max() < 0.1
    marked = sum(end - start for start, end in placed.holes)
    # the line takes up to 0.2 % of all samples for another rate
    assert marked == pytest.approx(lost.sum() * size, rel=0.2)


def test_stamps_that_are_equal_are_no_packets_that_came_twice() -> None:
    rng = np.random.default_rng(0)
    samples = rng.normal(size=4000)
    # four packets each get the time at which their burst was read
    stamps_s = 9.0 + np.repeat(np.arange(1000) * 4 / FS_HZ, 4)
    placed = place_all(samples, stamps_s, list(range(4000)), size=1)
    assert np.array_equal(placed.samples, samples)
    assert placed.order.n_doubled == 0


def test_a_packet_that_comes_twice_in_a_jittery_stream_counts_once() -> None:
    rng = np.random.default_rng(0)
    samples = rng.normal(size=8000)
    stamps_s = np.arange(8000) / FS_HZ + np.repeat(np.abs(rng.normal(0, 0.01, 500)), 16)
    packets = sorted([*range(500), *range(50, 500, 7)])
    placed = place_all(samples, stamps_s, packets, size=16)
    assert np.array_equal(placed.samples, samples)
    assert placed.order.n_doubled == 16 * len(range(50, 500, 7))


@pytest.mark.parametrize("size", [1, 32])
@pytest.mark.parametrize("rate", [0.998, 1.002])
def test_the_stamp_of_a_sample_holds_at_a_rate_beside_the_nominal_one(size: int, rate: float) -> None:
    number = 60 * 512 // size
    true_s = 10.0 + np.arange(number * size) / (FS_HZ * rate)
    placed = place_all(true_s, true_s, list(range(number)), size=size)
    assert np.array_equal(placed.samples, true_s)
    assert np.abs(placed.off_s).max() < 0.3 / FS_HZ
    # long after, too
    order = placed.order
    back = order.next_index - round(10 * FS_HZ)
    assert order.stamp_of(back) == pytest.approx(true_s[back], abs=0.003)
    assert order.index_of(order.stamp_of(back)) == pytest.approx(back, abs=1e-6)


def test_stamps_in_whole_milliseconds_are_exact_ones() -> None:
    rng = np.random.default_rng(0)
    packets, lost = scramble(10_000, rng, reach=10.0)
    samples = rng.normal(size=10_000)
    placed = place_all(samples, np.round(3.0 + np.arange(10_000) / FS_HZ, 3), packets, size=1)
    assert not placed.order.jitters
    assert np.array_equal(placed.samples, np.where(lost, np.nan, samples), equal_nan=True)


def test_exact_stamps_leave_the_grid_where_it_is() -> None:
    true_s = 7.3 + np.arange(30 * 512) / FS_HZ
    placed = place_all(true_s, true_s, list(range(30 * 16)), size=32)
    for index in (0, 777, 15_000):
        assert placed.order.stamp_of(index) == 7.3 + index / FS_HZ


def test_memory_does_not_grow_with_packets() -> None:
    order, sample = SampleOrder(FS_HZ), np.zeros(1)
    sizes = []
    for place in range(20_000):
        if place % 50:
            order.place(sample, np.array([place / FS_HZ]))
        order.take_holes()
        if place % 5_000 == 4_999:
            sizes.append(sum(len(getattr(order, name) or ()) for name in ("_holes", "_closed", "_held", "_seen")))
    assert max(sizes) <= 30
