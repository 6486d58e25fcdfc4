"""However an ECG is given, and whichever core runs, the beats are the same to the last bit."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ecg_facial.ecg.beats import arrays as beat_arrays
from ecg_facial.ecg.beats import batch as beat_batch
from ecg_facial.ecg.beats import core as beat_core
from ecg_facial.ecg.beats import stream as beat_stream
from ecg_facial.ecg.rpeaks import RPeaks, RPeakStream, detect_r_peaks, detect_r_peaks_batch
from ecg_facial.errors import SettingsError
from ecg_facial.simulate.heart.ecg import MORPHOLOGY_FAMILIES, make_morphology, simulate_ecg

FloatArray = NDArray[np.float64]
RATES_HZ = (100.0, 128.0, 250.0, 360.0, 512.0, 1000.0, 4000.0)


def make_ecg(seed: int, *, seconds: float, fs_hz: float, noise: float = 0.05, holes: bool = False) -> FloatArray:
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


def stream_in(ecg: FloatArray, fs_hz: float, sizes: Iterator[int]) -> RPeaks:
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


@pytest.mark.parametrize("fs_hz", RATES_HZ)
@pytest.mark.parametrize("seconds", [0.3, 0.6, 2.0, 5.5, 7.9, 12.0])
def test_windows_in_a_batch_have_the_beats_that_each_has_alone(fs_hz: float, seconds: float) -> None:
    windows = np.stack([make_ecg(seed, seconds=seconds, fs_hz=fs_hz, holes=seed == 7) for seed in range(20)])
    found = detect_r_peaks_batch(windows, fs_hz)
    assert len(found) == len(windows)
    for window, beats in zip(windows, found, strict=True):
        assert_same(beats, detect_r_peaks(window, fs_hz))


def test_an_empty_batch_is_no_error_and_one_row_is_none() -> None:
    assert detect_r_peaks_batch(np.zeros((0, 2816)), 512.0) == []
    with pytest.raises(SettingsError, match="n_windows"):
        detect_r_peaks_batch(np.zeros(2816), 512.0)
    with pytest.raises(SettingsError, match="choose one lead"):
        detect_r_peaks(np.zeros((2, 2816)), 512.0)


def use_plain_core(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (beat_stream, beat_batch):
        monkeypatch.setattr(module, "load_core", lambda: beat_arrays.find_beats)


@pytest.mark.parametrize("noise", [0.0, 0.05, 0.3])
@pytest.mark.parametrize("fs_hz", RATES_HZ)
def test_the_compiled_core_gives_the_plain_one_s_numbers(
    noise: float, fs_hz: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("numba", reason="the compiled core needs numba")
    ecgs = [make_ecg(seed, seconds=5.5 + 9.0 * (seed % 3 == 0), fs_hz=fs_hz, noise=noise) for seed in range(15)]
    assert beat_core.load_core() is not beat_arrays.find_beats
    compiled = [detect_r_peaks(ecg, fs_hz) for ecg in ecgs]
    use_plain_core(monkeypatch)
    for ecg, beats in zip(ecgs, compiled, strict=True):
        assert_same(beats, detect_r_peaks(ecg, fs_hz))


def test_without_numba_the_plain_core_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    beat_core._load_fastest.cache_clear()
    monkeypatch.setattr(beat_core, "find_spec", lambda name: None)
    try:
        assert beat_core.load_core() is beat_arrays.find_beats
    finally:
        beat_core._load_fastest.cache_clear()


def test_the_plain_core_can_be_kept_for_little_work() -> None:
    pytest.importorskip("numba", reason="the compiled core needs numba")
    beat_core.keep_plain_core()
    try:
        assert beat_core.load_core() is beat_arrays.find_beats
    finally:
        beat_core.keep_plain_core(False)
    assert beat_core.load_core() is not beat_arrays.find_beats


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
