"""Intervals cover what they promise, do not depend on order or run, and stay quiet on degenerate input."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from measures.coverage import POPULATIONS, draw_accuracies, measure_coverage
from scipy import stats

from ecg_facial.errors import SettingsError
from ecg_facial.evaluation.statistics.confidence_intervals import (
    METHODS,
    difference_of_groups,
    mean_over_subjects,
    runs_at_chance,
)

SKEWED = np.random.default_rng(3).beta(5, 1, 50)


def test_the_t_interval_is_scipys() -> None:
    values = np.random.default_rng(0).normal(0.4, 0.1, 12)
    mean = mean_over_subjects(values, method="t")
    assert (mean.low, mean.high) == pytest.approx(stats.t.interval(0.95, 11, values.mean(), stats.sem(values)))
    assert (mean.mean, mean.std, mean.n_subjects) == (
        pytest.approx(values.mean()),
        pytest.approx(values.std(ddof=1)),
        12,
    )


@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
def test_the_bca_interval_is_scipys_but_for_the_draws(confidence: float) -> None:
    ours = mean_over_subjects(SKEWED, method="bca", confidence=confidence)
    theirs = stats.bootstrap(
        (SKEWED,), np.mean, confidence_level=confidence, method="BCa", n_resamples=40_000, rng=np.random.default_rng(1)
    ).confidence_interval
    limits = (ours.low, ours.high)
    assert limits == pytest.approx((theirs.low, theirs.high), abs=0.15 * stats.sem(SKEWED))


def test_the_bootstrap_t_interval_of_few_values_is_that_of_all_their_resamples() -> None:
    values = np.array([0.31, 0.42, 0.44, 0.47, 0.58, 0.85])
    every = values[np.stack(np.meshgrid(*[np.arange(6)] * 6), axis=-1).reshape(-1, 6)]
    std = every.std(axis=1, ddof=1)
    t = ((every.mean(axis=1) - values.mean()) * math.sqrt(6))[std > 1e-12] / std[std > 1e-12]
    low, high = values.mean() - np.quantile(t, [0.95, 0.05]) * stats.sem(values)
    ours = mean_over_subjects(values, method="bootstrap-t", confidence=0.9)
    assert (ours.low, ours.high) == pytest.approx((low, high), abs=0.1 * stats.sem(values))


def test_limits_of_skewed_accuracies_reach_further_to_the_long_side() -> None:
    for method in ("bootstrap-t", "bca"):
        mean = mean_over_subjects(SKEWED, method=method)
        assert mean.mean - mean.low > 1.05 * (mean.high - mean.mean)


@pytest.mark.parametrize(
    ("n", "method"),
    [(2, "t"), (5, "t"), (6, "bootstrap-t"), (39, "bootstrap-t"), (40, "bca"), (500, "bca"), (501, "t")],
)
def test_auto_chooses_by_the_number_of_subjects(n: int, method: str) -> None:
    mean = mean_over_subjects(np.linspace(0.2, 0.7, n))
    assert mean.method == method
    assert mean == mean_over_subjects(np.linspace(0.2, 0.7, n), method=method)


@pytest.mark.parametrize("method", METHODS)
def test_limits_depend_neither_on_order_nor_on_the_run_and_move_with_the_values(method: str) -> None:
    values = SKEWED[:20]
    first = mean_over_subjects(values, method=method)
    again = mean_over_subjects(np.random.default_rng(0).permutation(values), method=method)
    assert (again.low, again.high) == pytest.approx((first.low, first.high), abs=1e-12)
    moved = mean_over_subjects(100 * values + 7, method=method)
    assert (moved.low, moved.high) == pytest.approx((100 * first.low + 7, 100 * first.high + 7))


@pytest.mark.parametrize("method", METHODS)
def test_degenerate_input_gives_nan_or_the_point(method: str) -> None:
    for values in ([], [math.nan], [0.5], [0.5, math.nan]):
        mean = mean_over_subjects(values, method=method)
        assert math.isnan(mean.low)
        assert math.isnan(mean.high)
        assert mean.method == "none"
    assert mean_over_subjects([0.5], method=method).mean == 0.5
    flat = mean_over_subjects([0.1 + 0.2, 0.3, 0.3], method=method)
    assert (flat.std, flat.method) == (0.0, "none")
    assert math.isnan(flat.low)
    assert math.isnan(flat.high)
    assert mean_over_subjects([0.5, math.nan, 0.7, math.inf], method=method).n_subjects == 2


def test_resamples_without_spread_are_told_from_rounding() -> None:
    """Differences of accuracies are often 0: then a resample is constant, and its variance is rounding, not spread."""
    rng = np.random.default_rng(0)
    for _ in range(200):
        steps = rng.choice([0.0, 0.0, 0.0, 0.0, 6.25, -6.25, 12.5, 100 / 3], int(rng.integers(6, 40)))
        values = steps * rng.choice([1.0, 0.01, 1 / 7])
        found = mean_over_subjects(values)
        if found.method != "none":
            assert max(found.high - found.mean, found.mean - found.low) <= 10 * np.ptp(values)


def test_where_the_bootstrap_is_not_defined_t_takes_its_place_and_says_so() -> None:
    one_differs = [0.5] * 11 + [0.75]
    mean = mean_over_subjects(one_differs)
    assert mean.method == "t"
    assert mean == mean_over_subjects(one_differs, method="t")


@given(
    arrays(np.float64, st.integers(0, 45), elements=st.sampled_from([0.0, 0.25, 0.5, 1.0, math.nan])),
    st.sampled_from(METHODS),
)
def test_any_accuracies_give_ordered_limits_or_nan(values: np.ndarray, method: str) -> None:
    mean = mean_over_subjects(values, method=method)
    assert mean.low <= mean.mean + 1e-12 <= mean.high + 2e-12 or math.isnan(mean.low)
    known = values[np.isfinite(values)]
    assert math.isnan(mean.low) == (len(np.unique(known)) < 2)


@pytest.mark.parametrize("method", METHODS)
def test_limits_of_shares_stay_between_0_and_1(method: str) -> None:
    for values in ([0.05] * 11 + [0.9], [1.0] * 10 + [0.2, 0.3], [0.0, 1.0]):
        mean = mean_over_subjects(values, method=method, bounds=(0, 1))
        assert 0 <= mean.low < mean.mean < mean.high <= 1
    free = mean_over_subjects([1.0] * 5 + [0.2], method="t")
    assert free.high > 1
    assert mean_over_subjects([1.0] * 5 + [0.2], method="t", bounds=(0, 1)).low == free.low
    assert difference_of_groups([1.0, 1.0, 0.9], [0.0, 0.8], bounds=(-1, 1)).high == 1


@pytest.mark.parametrize(("name", "value"), [("confidence", 95.0), ("confidence", 0.0), ("method", "percentile")])
def test_wrong_settings_are_one_clear_line(name: str, value: float | str) -> None:
    with pytest.raises(SettingsError, match=str(value)):
        mean_over_subjects([0.1, 0.2], **{name: value})  # type: ignore[arg-type]  # the point of the test


@pytest.mark.parametrize("n", [12, 20, 87])
@pytest.mark.parametrize("population", [name for name, people in POPULATIONS.items() if people.promised])
def test_intervals_cover_the_true_mean_as_often_as_they_say(population: str, n: int) -> None:
    """400 repetitions of the benchmark: 93 to 97 % there, three standard errors of 1.1 points more here."""
    share = measure_coverage(POPULATIONS[population], n, method="auto", repetitions=400, seed=0).covered
    assert 0.917 <= share <= 0.983


def test_bca_covers_too_little_for_few_subjects_where_bootstrap_t_does_not() -> None:
    few = {
        method: measure_coverage(POPULATIONS["silent"], 12, method=method, repetitions=400, seed=0).covered
        for method in ("bca", "bootstrap-t")
    }
    assert few["bootstrap-t"] > few["bca"] + 0.02


def test_drawn_accuracies_have_the_spread_of_the_field() -> None:
    rng = np.random.default_rng(0)
    for people in POPULATIONS.values():
        values = draw_accuracies(people, (2000, 40), rng)
        assert 0.09 <= values.std() <= 0.175
        assert values.mean() == pytest.approx(people.mean, abs=0.003)


def test_groups_are_compared_as_scipy_does_with_unequal_variances() -> None:
    a, b = np.random.default_rng(0).normal(0.5, 0.1, 12), np.random.default_rng(1).normal(0.4, 0.2, 30)
    ours, theirs = difference_of_groups(a, b), stats.ttest_ind(a, b, equal_var=False)
    interval = theirs.confidence_interval()
    assert (ours.low, ours.high) == pytest.approx((interval.low, interval.high))
    assert (ours.p, ours.df) == pytest.approx((theirs.pvalue, theirs.df))
    assert (ours.n_first, ours.n_second) == (12, 30)


def test_degenerate_groups_give_nan_or_the_point() -> None:
    assert math.isnan(difference_of_groups([], [0.5]).difference)
    assert difference_of_groups([0.75], [0.5]).difference == 0.25
    assert math.isnan(difference_of_groups([0.75], [0.5, 0.6]).low)
    flat = difference_of_groups([0.75, 0.75], [0.5, 0.5])
    assert flat.difference == 0.25
    assert all(math.isnan(value) for value in (flat.low, flat.high, flat.p))


def test_runs_hold_chance_where_their_own_t_interval_does() -> None:
    means = np.random.default_rng(0).normal(0.25, 0.02, 20)
    runs = runs_at_chance(means, 0.25)
    reach = stats.t.ppf(0.975, 19) * means.std(ddof=1) / math.sqrt(20)
    assert (runs.low, runs.high) == pytest.approx((means.mean() - reach, means.mean() + reach))
    assert runs.at_chance
    assert not runs_at_chance(means + 0.05, 0.25).at_chance
    assert not runs_at_chance(means - 0.05, 0.25).at_chance


def test_one_permuted_run_shows_nothing_and_equal_ones_are_at_chance_only_on_it() -> None:
    assert not runs_at_chance([0.25], 0.25).at_chance
    assert runs_at_chance([0.3, 0.3, 0.3], 0.3).at_chance
    assert not runs_at_chance([0.3, 0.3], 0.25).at_chance
