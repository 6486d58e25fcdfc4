"""The band-pass keeps its band, has no delay, and keeps gaps."""

from __future__ import annotations

import numpy as np
import pytest

from ecg_facial.ecg.filtering import bandpass, bridge_gaps, check_rate
from ecg_facial.errors import SettingsError

FS_HZ = 512.0
TIMES_S = np.arange(10 * 512) / FS_HZ
INNER = slice(2 * 512, 8 * 512)


@pytest.mark.parametrize("frequency_hz", [3.0, 10.0, 25.0])
def test_a_sine_within_the_band_comes_out_as_it_went_in(frequency_hz: float) -> None:
    wave = np.sin(2 * np.pi * frequency_hz * TIMES_S)
    np.testing.assert_allclose(bandpass(wave, FS_HZ)[INNER], wave[INNER], atol=0.03 if frequency_hz < 20 else 0.15)


@pytest.mark.parametrize("frequency_hz", [0.05, 150.0])
def test_a_sine_outside_the_band_is_gone(frequency_hz: float) -> None:
    wave = np.sin(2 * np.pi * frequency_hz * TIMES_S)
    assert np.abs(bandpass(wave, FS_HZ)[INNER]).max() < 0.01


def test_a_band_edge_has_half_the_amplitude_after_two_passes() -> None:
    wave = np.sin(2 * np.pi * 40.0 * TIMES_S)
    assert bandpass(wave, FS_HZ)[INNER].std() / wave[INNER].std() == pytest.approx(0.5, abs=0.01)


def test_zero_phase_means_that_reversed_time_gives_the_reversed_result() -> None:
    noise = np.random.default_rng(0).normal(size=2816)
    backwards = bandpass(noise[::-1], FS_HZ, low_hz=8.0, high_hz=30.0)[::-1]
    forwards = bandpass(noise, FS_HZ, low_hz=8.0, high_hz=30.0)
    np.testing.assert_allclose(forwards[256:-256], backwards[256:-256], atol=1e-4)
    bump = np.exp(-0.5 * ((TIMES_S - 5.0) / 0.02) ** 2)
    assert np.argmax(bandpass(bump, FS_HZ)) == np.argmax(bump)


def test_a_large_offset_costs_no_digits() -> None:
    wave = np.sin(2 * np.pi * 10.0 * TIMES_S)
    np.testing.assert_allclose(bandpass(wave + 2.0**30, FS_HZ), bandpass(wave, FS_HZ), atol=1e-6)


def test_gaps_stay_gaps_and_disturb_only_their_surroundings() -> None:
    wave = np.sin(2 * np.pi * 10.0 * TIMES_S)
    holed = wave.copy()
    holed[2560:2600] = np.nan
    holed[2600] = np.inf
    result = bandpass(holed, FS_HZ)
    np.testing.assert_array_equal(np.flatnonzero(~np.isfinite(result)), np.arange(2560, 2601))
    np.testing.assert_allclose(result[512:1536], bandpass(wave, FS_HZ)[512:1536], atol=0.02)


def test_gaps_are_bridged_by_straight_lines() -> None:
    filled, gaps = bridge_gaps(np.array([np.nan, 1.0, np.nan, np.inf, 4.0, np.nan]), 100.0)
    assert filled.tolist() == [1.0, 1.0, 2.0, 3.0, 4.0, 4.0]
    assert gaps.tolist() == [True, False, True, True, False, True]


def test_samples_missing_between_good_ones_are_no_gap_below_20_ms() -> None:
    samples = np.arange(20.0)
    samples[[0, 3, 4, 8, 9, 10, 19]] = np.nan
    filled, gaps = bridge_gaps(samples, 125.0)
    assert np.flatnonzero(gaps).tolist() == [0, 8, 9, 10, 19]
    assert filled[1:19].tolist() == list(range(1, 19))
    holed = np.sin(np.arange(2000) / 20)
    holed[500:504] = np.nan
    assert not np.isnan(bandpass(holed, 512.0)).any()


def test_nothing_recorded_gives_zeros_for_filtering_and_nan_after() -> None:
    filled, gaps = bridge_gaps(np.full(5, np.nan), FS_HZ)
    assert filled.tolist() == [0.0] * 5
    assert gaps.all()
    assert np.isnan(bandpass(np.full(500, np.nan), FS_HZ)).all()


@pytest.mark.parametrize("n_times", [0, 1, 2, 3, 10])
def test_very_short_signals_keep_their_length(n_times: int) -> None:
    result = bandpass(np.ones(n_times), FS_HZ)
    assert result.shape == (n_times,)
    np.testing.assert_allclose(result, 0.0, atol=1e-12)


def test_a_low_sampling_rate_lowers_the_upper_edge() -> None:
    assert np.isfinite(bandpass(np.random.default_rng(0).normal(size=300), 60.0, high_hz=40.0)).all()


@pytest.mark.parametrize("rate", [0, -1.0, np.nan, np.inf])
def test_a_rate_that_is_no_positive_number_is_refused(rate: float) -> None:
    with pytest.raises(SettingsError, match=rf"^sampling rate is {rate} Hz: expected a positive number"):
        check_rate(rate)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"low_hz": 0.0}, "expected 0 < low < high"),
        ({"low_hz": 50.0}, "expected 0 < low < high"),
        ({"order": 0}, "filter order is 0: expected 1 or more"),
    ],
)
def test_a_band_that_is_none_is_refused(settings: dict[str, float], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        bandpass(TIMES_S, FS_HZ, **settings)  # type: ignore[arg-type]  # on purpose
