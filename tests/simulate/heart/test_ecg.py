"""The simulated ECG has its beats exactly at the true times, and QRS complexes of constant width."""

from __future__ import annotations

import numpy as np
import pytest

from ecg_facial.errors import SettingsError
from ecg_facial.runtime.typing import Float64Array
from ecg_facial.simulate.heart.ecg import (
    HEART_RATE_LIMITS_BPM,
    MORPHOLOGY_FAMILIES,
    Morphology,
    compute_beat_times,
    draw_ecg,
    make_morphology,
    sample_morphology,
    simulate_ecg,
)

FINE_HZ = 8192.0


def half_width_ms(ecg: Float64Array, peak: int) -> float:
    """Width of the R wave at half of its height."""
    low = np.flatnonzero(ecg[:peak] < ecg[peak] / 2)[-1]
    high = peak + np.flatnonzero(ecg[peak:] < ecg[peak] / 2)[0]
    return float(high - low) / FINE_HZ * 1e3


def draw_at(bpm: float, morphology: Morphology) -> tuple[Float64Array, Float64Array]:
    rng = np.random.default_rng(int(bpm))
    return simulate_ecg(np.full(int(6 * FINE_HZ), bpm), FINE_HZ, rng=rng, morphology=morphology)


@pytest.mark.parametrize("family", MORPHOLOGY_FAMILIES)
@pytest.mark.parametrize("bpm", [31.0, 70.0, 150.0, 219.0])
def test_peaks_lie_at_the_stated_times_at_every_rate(family: str, bpm: float) -> None:
    ecg, r_times = draw_at(bpm, make_morphology(family))
    inner = r_times[(r_times > 0.1) & (r_times < 5.9)]
    assert len(inner) >= 2
    for time in inner:
        first = round((time - 0.02) * FINE_HZ)
        peak = first + int(np.argmax(ecg[first : first + round(0.04 * FINE_HZ)]))
        assert abs(peak / FINE_HZ - time) < 2e-4


@pytest.mark.parametrize("family", MORPHOLOGY_FAMILIES)
def test_qrs_keeps_its_width_in_milliseconds_at_every_rate(family: str) -> None:
    widths = []
    for bpm in (35.0, 60.0, 100.0, 200.0):
        ecg, r_times = draw_at(bpm, make_morphology(family))
        time = r_times[np.argmin(np.abs(r_times - 3.0))]
        widths.append(half_width_ms(ecg, round(time * FINE_HZ)))
    assert max(widths) - min(widths) < 0.3
    assert 15.0 < widths[0] < 40.0


def test_t_wave_moves_with_the_square_root_of_the_interval() -> None:
    morphology = make_morphology("symmetric")
    times = np.arange(0.1, 0.6, 1e-4)
    slow = times[np.argmax(morphology.sum_waves(times, rr_s=1.0))]
    fast = times[np.argmax(morphology.sum_waves(times, rr_s=0.49))]
    assert fast / slow == pytest.approx(0.7, abs=0.01)


def test_asymmetric_family_falls_faster_than_it_rises() -> None:
    times = np.arange(-0.05, 0.05, 1e-5)
    beat = make_morphology("asymmetric").sum_waves(times)
    slope = np.diff(beat) / 1e-5
    assert -slope.min() > 1.5 * slope.max()
    symmetric = make_morphology("symmetric").sum_waves(times)
    assert -np.diff(symmetric).min() < 1.5 * np.diff(symmetric).max()


@pytest.mark.parametrize("seed", range(8))
def test_no_window_starts_flat_at_the_lowest_rate(seed: int) -> None:
    """The window's first beat may come 2 s late at 30 bpm, but T of the beat before it belongs to the signal."""
    ecg, r_times = simulate_ecg(np.full(2816, 30.0), 512.0, rng=np.random.default_rng(seed))
    assert 2 <= len(r_times) <= 3
    starts = compute_beat_times(np.full(2816, 30.0), 512.0, phase=0.999)
    assert starts[0] == pytest.approx(0.002)
    previous = r_times[0] - 2.0
    t_peak_sample = round((previous + 0.27 * np.sqrt(2.0)) * 512)
    if t_peak_sample >= 0:
        assert ecg[t_peak_sample] > 0.2


def test_beats_follow_a_rising_rate_exactly() -> None:
    """At rate f(t) = 1 + t / 10 Hz, beat k falls at t = -10 + sqrt(100 + 20 k)."""
    times = np.arange(0.0, 20.0, 1 / 256)
    beats = compute_beat_times(60.0 * (1.0 + times / 10.0), 256.0, phase=0.0)
    expected = -10.0 + np.sqrt(100.0 + 20.0 * np.arange(len(beats)))
    np.testing.assert_allclose(beats, expected, atol=1e-5)


def test_rate_is_kept_within_its_limits() -> None:
    beats = compute_beat_times(np.r_[np.full(5120, 5.0), np.full(5120, 900.0)], 512.0, phase=0.0)
    rate = 60.0 / np.diff(beats)
    assert rate.min() == pytest.approx(HEART_RATE_LIMITS_BPM[0])
    assert rate.max() == pytest.approx(HEART_RATE_LIMITS_BPM[1])


def test_people_have_different_beats_with_the_peak_at_zero() -> None:
    times = np.arange(-0.02, 0.02, 1e-5)
    shapes = [sample_morphology(np.random.default_rng(seed)).sum_waves(times) for seed in range(6)]
    assert all(abs(times[np.argmax(shape)]) < 2e-5 for shape in shapes)
    assert not np.allclose(shapes[0], shapes[1], atol=0.02)


def test_no_beats_give_a_flat_line() -> None:
    assert not draw_ecg(np.array([]), 512.0, n_times=100, morphology=make_morphology("symmetric")).any()


def test_bad_settings_are_refused() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(SettingsError, match="0 Hz"):
        simulate_ecg(np.full(10, 60.0), 0, rng=rng)
    with pytest.raises(SettingsError, match=r"\(0,\)"):
        simulate_ecg(np.array([]), 512.0, rng=rng)
    with pytest.raises(SettingsError, match="symmetric"):
        make_morphology("round")


def test_blocks_put_together_are_the_whole_recording() -> None:
    rng = np.random.default_rng(0)
    beats = compute_beat_times(rng.uniform(50.0, 120.0, 600), 8.0, phase=0.2)
    shape, n_times, block = make_morphology("asymmetric"), 30_001, 1000
    whole = draw_ecg(beats, 512.0, n_times=n_times, morphology=shape)
    parts = [
        draw_ecg(beats, 512.0, n_times=min(block, n_times - first), morphology=shape, first_time=first)
        for first in range(0, n_times, block)
    ]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_people_differ_more_where_the_settings_say_so() -> None:
    def spread(wave_sd: float) -> float:
        people = [sample_morphology(np.random.default_rng(seed), wave_sd=wave_sd) for seed in range(60)]
        return float(np.std([np.log(person.amplitude_mv[0]) for person in people]))

    assert spread(0.4) > 1.5 * spread(0.15)
    same = sample_morphology(np.random.default_rng(0), wave_sd=0.0, width=(1.0, 1.0))
    assert same.amplitude_mv[0] in (1.1, 0.85)
