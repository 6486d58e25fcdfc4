"""Intervals keep real beats and mark artefacts; an unknown heart rate is NaN."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecg_facial.ecg.intervals import HeartRateTokens, compute_heart_rate_tokens, compute_nn, compute_rr, mean_heart_rate
from ecg_facial.ecg.rpeaks import RPeaks
from ecg_facial.ecg.token_features import N_TOKEN_FEATURES, TOKEN_FEATURES

STEADY_S = np.arange(7) * 0.8


def tokens_of(times_s: np.ndarray, *, start_s: float = 0.0) -> HeartRateTokens:
    return compute_heart_rate_tokens(RPeaks(times_s, np.ones(len(times_s))), start_s=start_s)


def test_rr_are_the_differences_of_beat_times() -> None:
    np.testing.assert_allclose(compute_rr(np.array([0.1, 0.9, 1.8])), [0.8, 0.9])
    assert compute_rr(np.array([0.1])).shape == (0,)
    assert compute_rr(np.zeros(0)).shape == (0,)


def test_a_steady_rhythm_is_kept_whole() -> None:
    np.testing.assert_allclose(compute_nn(STEADY_S), np.full(6, 0.8))
    assert mean_heart_rate(STEADY_S) == pytest.approx(75.0)


def test_a_missed_beat_leaves_one_gap_and_the_right_rate() -> None:
    times_s = np.delete(STEADY_S, 3)
    np.testing.assert_array_equal(np.isnan(compute_nn(times_s)), [False, False, True, False, False])
    assert mean_heart_rate(times_s) == pytest.approx(75.0)


def test_a_false_beat_spoils_its_own_two_intervals_only() -> None:
    times_s = np.sort(np.append(STEADY_S, 2.0))
    np.testing.assert_array_equal(np.isnan(compute_nn(times_s)), [False, False, True, True, False, False, False])
    assert mean_heart_rate(times_s) == pytest.approx(75.0)


def test_an_ectopic_beat_with_its_pause_is_marked() -> None:
    times_s = STEADY_S.copy()
    times_s[3] -= 0.3
    np.testing.assert_array_equal(np.isnan(compute_nn(times_s)), [False, False, True, True, False, False])


def test_an_ectopic_beat_with_its_pause_counts_in_the_rate() -> None:
    times_s = STEADY_S.copy()
    times_s[3] -= 0.3
    assert mean_heart_rate(times_s) == pytest.approx(75.0)
    two_in_a_row = np.cumsum([0.0, 0.8, 0.8, 0.45, 0.5, 1.45, 0.8, 0.8])
    assert mean_heart_rate(two_in_a_row) == pytest.approx(60.0 / 0.8)


def test_every_beat_of_bigeminy_counts() -> None:
    assert mean_heart_rate(np.cumsum([0.0] + [0.5, 1.1] * 5)) == pytest.approx(75.0)


def test_a_long_interval_in_an_irregular_rhythm_is_no_missed_beat() -> None:
    rr = np.array([0.6, 0.9, 0.55, 1.1, 0.7, 1.42, 0.95, 0.5, 0.8, 0.71, 1.0])
    assert mean_heart_rate(np.concatenate([[0.0], np.cumsum(rr)])) == pytest.approx(60.0 / rr.mean())


def test_missed_and_false_beats_far_from_each_other_leave_the_rate_of_a_long_record() -> None:
    times_s = 0.8 * np.arange(300)
    spoilt = np.sort(np.concatenate([np.delete(times_s, [50, 150, 250]), [80.4, 160.3]]))
    assert mean_heart_rate(spoilt) == pytest.approx(75.0)


@given(st.lists(st.floats(0.3, 1.9), min_size=3, max_size=40))
def test_the_mean_rate_lies_between_the_slowest_and_the_fastest_interval(rr: list[float]) -> None:
    bpm = mean_heart_rate(np.concatenate([[0.0], np.cumsum(rr)]))
    assert 60.0 / max(rr) - 1e-6 <= bpm <= 60.0 / min(rr) + 1e-6


def test_respiratory_arrhythmia_is_kept() -> None:
    intervals = 0.85 + 0.12 * np.sin(np.arange(6) * 1.5)
    assert np.isfinite(compute_nn(np.concatenate([[0.2], 0.2 + np.cumsum(intervals)]))).all()


@pytest.mark.parametrize(("bpm", "kept"), [(29.0, True), (31.0, True), (219.0, True), (25.0, False), (245.0, False)])
def test_rates_that_no_resting_heart_has_are_left_out(bpm: float, kept: bool) -> None:
    times_s = np.arange(5) * 60.0 / bpm
    assert np.isfinite(compute_nn(times_s)).all() == kept
    assert np.isnan(mean_heart_rate(times_s)) != kept


def test_a_long_record_compares_with_the_neighbourhood_not_with_the_whole() -> None:
    intervals = np.linspace(1.2, 0.5, 120)
    assert np.isfinite(compute_nn(np.cumsum(intervals))).all()
    intervals[60] *= 2
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(compute_nn(np.cumsum(intervals)))), [59])


@pytest.mark.parametrize("times_s", [[], [1.0], [1.0, 4.0], [1.0, 1.1], [0.0, 0.8, 2.4]])
def test_an_unknown_heart_rate_is_nan(times_s: list[float]) -> None:
    assert np.isnan(mean_heart_rate(np.array(times_s)))
    assert len(tokens_of(np.array(times_s))) == 0


def test_tokens_are_scaled_by_fixed_constants() -> None:
    """60, 75 and 66 2/3 bpm, whose median is 66 2/3: by hand."""
    tokens = tokens_of(np.array([0.5, 1.5, 2.3, 3.2]), start_s=10.0)
    assert TOKEN_FEATURES == ("heart_rate", "deviation", "change")
    assert tokens.features.dtype == tokens.times_s.dtype == np.float32
    np.testing.assert_allclose(tokens.times_s, [11.5, 12.3, 13.2], rtol=1e-6)
    np.testing.assert_allclose(tokens.features[:, 0], [-1.0, 0.0, -5 / 9], atol=1e-6)
    np.testing.assert_allclose(tokens.features[:, 1], [-4 / 3, 5 / 3, 0.0], atol=1e-5)
    np.testing.assert_allclose(tokens.features[:, 2], [0.0, 3.0, -5 / 3], atol=1e-5)


def test_an_artefact_gives_no_token() -> None:
    tokens = tokens_of(np.delete(STEADY_S, 3))
    np.testing.assert_allclose(tokens.times_s, [0.8, 1.6, 4.0, 4.8], rtol=1e-6)
    np.testing.assert_allclose(tokens.features, np.zeros((4, N_TOKEN_FEATURES)), atol=1e-5)


def test_no_beats_give_no_tokens_of_the_right_width() -> None:
    tokens = tokens_of(np.zeros(0))
    assert tokens.features.shape == (0, N_TOKEN_FEATURES)
    assert len(tokens) == 0


@given(st.lists(st.floats(0.0, 60.0), max_size=30))
def test_tokens_of_any_beats_are_finite_and_within_the_limits(times: list[float]) -> None:
    times_s = np.unique(np.array(times, dtype=np.float64))
    tokens = tokens_of(times_s)
    bpm = 75.0 + 15.0 * tokens.features[:, 0]
    assert np.isfinite(tokens.features).all()
    assert ((bpm > 27.0) & (bpm < 238.0)).all()
    assert len(tokens) == np.isfinite(compute_nn(times_s)).sum()
