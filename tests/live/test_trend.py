"""The trend of estimates: it follows a change, its interval holds the truth, and a long break forgets."""

from __future__ import annotations

import numpy as np
import pytest

from ecg_facial.live.trend import MAX_BREAK_S, Trend, expected_class


def test_expected_class_is_the_mean_and_variance_of_the_class_number() -> None:
    mean, variance = expected_class([0.1, 0.2, 0.3, 0.4])
    assert mean == pytest.approx(2.0)
    assert variance == pytest.approx(1.0)


def test_the_first_estimate_is_the_trend() -> None:
    level = Trend(4).update(5.5, 2.0, 0.3)
    assert level.value == 2.0
    assert level.low < 2.0 < level.high


def test_the_trend_reaches_a_new_level_within_ten_seconds() -> None:
    trend = Trend(4)
    for second in range(60):
        trend.update(float(second), 0.2, 0.3)
    reached = [trend.update(60.0 + second, 2.8, 0.3).value for second in range(20)]
    assert reached[10] > 0.2 + 0.8 * 2.6
    assert reached[0] < 1.0


@pytest.mark.parametrize("n_classes", [2, 4, 5])
def test_the_interval_tells_rest_from_the_last_class_whatever_the_number_of_classes(n_classes: int) -> None:
    trend, top = Trend(n_classes), n_classes - 1
    for second in range(60):
        level = trend.update(float(second), 0.1 * top, 0.03 * top**2)
    assert level.high < 0.6 * top


def test_one_odd_estimate_moves_the_trend_little() -> None:
    trend = Trend(4)
    for second in range(60):
        trend.update(float(second), 0.2, 0.5)
    assert trend.update(60.0, 3.0, 0.5).value < 1.0


def test_the_interval_holds_the_level_of_simulated_estimates() -> None:
    rng = np.random.default_rng(7)
    inside = []
    for _ in range(40):
        trend, level = Trend(4), rng.uniform(0.8, 2.2)
        # windows overlap: the errors of neighbours are alike
        error = 0.0
        for second in range(120):
            error = 0.82 * error + rng.normal(0, 0.4 * np.sqrt(1 - 0.82**2))
            found = trend.update(float(second), float(level + error), 0.16)
        inside.append(found.low <= level <= found.high)
    assert np.mean(inside) >= 0.85


def test_the_interval_grows_without_estimates_and_stays_on_the_scale() -> None:
    trend = Trend(4)
    first = trend.update(0.0, 1.5, 0.1)
    later = trend.at(10.0)
    assert later is not None
    assert later.value == first.value
    assert later.high - later.low > first.high - first.low
    assert trend.at(29.0).low >= 0.0  # type: ignore[union-attr]
    assert trend.at(29.0).high <= 3.0  # type: ignore[union-attr]


def test_a_long_break_forgets_the_level_also_when_it_was_asked_for_meanwhile() -> None:
    trend = Trend(4)
    trend.update(0.0, 3.0, 0.1)
    for second in range(int(MAX_BREAK_S) + 1):
        trend.at(float(second))
    assert trend.at(MAX_BREAK_S + 1) is None
    assert trend.update(MAX_BREAK_S + 2, 0.5, 0.1).value == 0.5


def test_there_is_no_trend_before_the_first_estimate() -> None:
    assert Trend(4).at(3.0) is None
