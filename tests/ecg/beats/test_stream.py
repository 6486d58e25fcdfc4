"""An ECG in pieces has the beats of the whole ECG, to the last bit; latency, memory and exactness of intervals."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecg_facial.ecg.rpeaks import RPeaks, RPeakStream, detect_r_peaks
from ecg_facial.errors import SettingsError
from ecg_facial.runtime.typing import Float64Array
from ecg_facial.simulate.heart.ecg import MORPHOLOGY_FAMILIES, make_morphology, simulate_ecg

RATES_HZ = (100.0, 128.0, 250.0, 360.0, 512.0, 1000.0, 4000.0)


def make_ecg(seed: int, *, seconds: float, fs_hz: float, noise: float = 0.05, holes: bool = False) -> Float64Array:
    """Beats with noise, and gaps short and long where asked for."""
    rng = np.random.default_rng(seed)
    n_times = round(seconds * fs_hz)
    shape = make_morphology(MORPHOLOGY_FAMILIES[seed % 2])
    curve = rng.uniform(45, 150) + 8.0 * np.sin(np.arange(n_times) / fs_hz)
    ecg = simulate_ecg(curve, fs_hz, rng=rng, morphology=shape)[0] + rng.normal(0.0, noise, n_times)
    if holes:
        for _ in range(6):
            first = int(rng.integers(n_times))
            ecg[first : first + int(fs_hz * rng.choice([0.01, 0.05, 0.3, 2.0]))] = np.nan
    return ecg


def join(parts: list[RPeaks]) -> RPeaks:
    return RPeaks(np.concatenate([p.times_s for p in parts]), np.concatenate([p.confidence for p in parts]))


def stream_in(ecg: Float64Array, fs_hz: float, sizes: Iterator[int]) -> RPeaks:
    stream, parts, first = RPeakStream(fs_hz), [], 0
    while first < len(ecg):
        size = next(sizes)
        parts.append(stream.push(ecg[first : first + size]))
        first += size
    return join([*parts, stream.flush()])


def assert_same(one: RPeaks, other: RPeaks) -> None:
    np.testing.assert_array_equal(one.times_s, other.times_s)
    np.testing.assert_array_equal(one.confidence, other.confidence)


@settings(max_examples=60, derandomize=True)
@given(
    seed=st.integers(0, 10**6),
    fs_hz=st.sampled_from(RATES_HZ),
    seconds=st.floats(0.1, 45.0),
    longest=st.sampled_from([1, 7, 100, 3000, 100_000]),
    holes=st.booleans(),
)
def test_pieces_of_any_size_give_the_beats_of_the_whole(
    seed: int, fs_hz: float, seconds: float, longest: int, holes: bool
) -> None:
    seconds = min(seconds, 3.0 if longest == 1 else seconds)
    ecg = make_ecg(seed, seconds=seconds, fs_hz=fs_hz, holes=holes)
    rng = np.random.default_rng(seed)
    sizes = iter(lambda: int(rng.integers(0, longest + 1)) or 1, None)
    assert_same(stream_in(ecg, fs_hz, sizes), detect_r_peaks(ecg, fs_hz))


@pytest.mark.parametrize("fs_hz", [128.0, 512.0, 1000.0])
def test_a_beat_is_given_out_within_the_stated_latency(fs_hz: float) -> None:
    ecg = make_ecg(4, seconds=40.0, fs_hz=fs_hz)
    stream, step = RPeakStream(fs_hz), 10
    assert stream.latency_s < 4.0
    assert stream.warm_up_s < 9.0
    n_late = n_beats = 0
    for first in range(0, len(ecg), step):
        now_s = (first + step) / fs_hz
        for time_s in stream.push(ecg[first : first + step]).times_s:
            n_beats += 1
            assert now_s - time_s <= max(stream.latency_s, stream.warm_up_s - time_s) + step / fs_hz
            n_late += now_s - time_s > 0.9 * stream.latency_s
    assert n_beats > 20
    assert n_late > 3


def test_beats_of_a_whole_record_are_found_once_and_in_order() -> None:
    curve = 75.0 + 20.0 * np.sin(np.arange(180 * 256) / 2560)
    ecg, r_times = simulate_ecg(curve, 256.0, rng=np.random.default_rng(3))
    found = detect_r_peaks(ecg, 256.0).times_s
    assert len(found) == len(r_times)
    np.testing.assert_allclose(found, r_times, atol=0.002)


def test_memory_does_not_grow_with_the_length_of_a_stream() -> None:
    piece = make_ecg(1, seconds=10.0, fs_hz=250.0)
    stream = RPeakStream(250.0)
    for _ in range(6):
        stream.push(piece)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(60):
        stream.push(piece)
    growth = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert growth < 0.1 * 60 * piece.nbytes


def test_nothing_can_follow_the_end() -> None:
    stream = RPeakStream(512.0)
    stream.push(make_ecg(0, seconds=5.5, fs_hz=512.0))
    assert len(stream.flush()) > 2
    assert len(stream.flush()) == 0
    with pytest.raises(SettingsError, match="begin a new stream"):
        stream.push(np.zeros(10))


def test_an_ecg_of_several_leads_is_refused() -> None:
    with pytest.raises(SettingsError, match="choose one lead"):
        detect_r_peaks(np.zeros((2, 2816)), 512.0)


@pytest.mark.parametrize("family", MORPHOLOGY_FAMILIES)
@pytest.mark.parametrize(("fs_hz", "limit_ms"), [(250.0, 0.1), (512.0, 0.02), (1000.0, 0.02)])
def test_intervals_of_clean_beats_are_exact_to_a_part_of_a_sample(family: str, fs_hz: float, limit_ms: float) -> None:
    errors: list[float] = []
    for seed in range(10):
        curve = np.full(round(5.5 * fs_hz), 55.0 + 6.3 * seed)
        ecg, _ = simulate_ecg(curve, fs_hz, rng=np.random.default_rng(seed), morphology=make_morphology(family))
        errors += (1e3 * (np.diff(detect_r_peaks(ecg, fs_hz).times_s) - 60.0 / curve[0])).tolist()
    assert np.mean(np.abs(errors)) < limit_ms


def test_a_burst_of_noise_makes_no_beats_between_strong_ones() -> None:
    """What bursts raises the mean around it, so it has to stand out further."""
    ecg, r_times = simulate_ecg(np.full(2816, 60.0), 512.0, rng=np.random.default_rng(2))
    for seed in range(20):
        noisy = ecg.copy()
        noisy[1000:2000] += np.random.default_rng(seed).normal(0.0, 0.25, 1000)
        found = detect_r_peaks(noisy, 512.0).times_s
        assert np.abs(found[:, None] - r_times).min(axis=1).max() < 0.03
