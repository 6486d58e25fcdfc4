"""Slope, change from the baseline and variability: known answers, and warnings for short stretches."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecg_facial.ecg.variability import ShortStretchWarning, change_from_baseline, compute_hrv, heart_rate_slope
from ecg_facial.errors import SettingsError


def beats_of(intervals_s: np.ndarray) -> np.ndarray:
    return np.concatenate([[0.3], 0.3 + np.cumsum(intervals_s)])


def test_a_steady_heart_has_no_slope_and_no_variability() -> None:
    beats = beats_of(np.full(160, 0.8))
    hrv = compute_hrv(beats)
    assert heart_rate_slope(beats) == pytest.approx(0.0, abs=1e-9)
    assert (hrv.sdnn_ms, hrv.rmssd_ms, hrv.pnn50) == (pytest.approx(0.0, abs=1e-6), pytest.approx(0.0, abs=1e-6), 0.0)
    assert (hrv.n_nn, hrv.is_valid) == (160, True)


@pytest.mark.parametrize("slope", [-3.0, -0.5, 2.0])
def test_a_rate_that_changes_steadily_has_its_slope(slope: float) -> None:
    time_s = np.arange(0.0, 12.0, 1e-4)
    phase = np.cumsum((80.0 + slope * (time_s - 6.0)) / 60.0) * 1e-4
    beats = np.interp(np.arange(1, int(phase[-1]) + 1), phase, time_s)
    assert heart_rate_slope(beats) == pytest.approx(slope, abs=0.02)


def test_alternating_intervals_by_hand() -> None:
    hrv = compute_hrv(beats_of(np.tile([0.77, 0.83], 80)))
    assert hrv.rmssd_ms == pytest.approx(60.0, abs=1e-6)
    assert hrv.sdnn_ms == pytest.approx(30.0 * np.sqrt(160 / 159), abs=1e-6)
    assert hrv.pnn50 == 1.0


def test_a_false_beat_changes_neither_slope_nor_variability_much() -> None:
    beats = beats_of(np.full(160, 0.8))
    with_false = np.sort(np.append(beats, beats[50] + 0.3))
    assert compute_hrv(with_false).rmssd_ms == pytest.approx(0.0, abs=1e-6)
    assert heart_rate_slope(with_false) == pytest.approx(0.0, abs=1e-9)


def test_short_stretches_are_warned_of_with_what_they_need() -> None:
    with pytest.warns(ShortStretchWarning, match=r"beats over 4.8 s: RMSSD needs 30 s and SDNN needs 120 s"):
        assert not compute_hrv(beats_of(np.full(6, 0.8))).is_valid
    with pytest.warns(ShortStretchWarning, match=r"beats over 48.0 s: SDNN needs 120 s"):
        compute_hrv(beats_of(np.full(60, 0.8)))


def test_change_from_the_baseline_is_a_difference_of_means() -> None:
    beats = beats_of(np.full(6, 0.75))
    assert change_from_baseline(beats, 72.0) == pytest.approx(8.0)
    assert np.isnan(change_from_baseline(beats, float("nan")))
    assert np.isnan(change_from_baseline(beats[:1], 72.0))
    with pytest.raises(SettingsError, match="expected a positive heart rate"):
        change_from_baseline(beats, 0.0)


@pytest.mark.parametrize("n_beats", [0, 1, 2])
def test_few_beats_tell_nothing(n_beats: int) -> None:
    beats = 0.8 * np.arange(n_beats)
    with pytest.warns(ShortStretchWarning):
        hrv = compute_hrv(beats)
    assert np.isnan(hrv.rmssd_ms)
    assert np.isnan(heart_rate_slope(beats))


@given(st.lists(st.floats(0.0, 300.0), max_size=40), st.floats(-50.0, 50.0))
def test_a_shift_in_time_changes_nothing(times: list[float], shift_s: float) -> None:
    beats = np.unique(np.round(times, 3))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ShortStretchWarning)
        here, there = compute_hrv(beats), compute_hrv(beats + shift_s)
    np.testing.assert_allclose(there.rmssd_ms, here.rmssd_ms, atol=1e-6)
    np.testing.assert_allclose(heart_rate_slope(beats + shift_s), heart_rate_slope(beats), rtol=1e-6, atol=1e-6)
