"""Test-retest reliability: published examples, known limits, degenerate tables."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ecg_facial.errors import SettingsError
from ecg_facial.evaluation.statistics.reliability import assess_reliability

# Shrout and Fleiss 1979, table 2: six targets rated by four judges
JUDGES = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], float)


def test_correlations_of_shrout_and_fleiss() -> None:
    found = assess_reliability(JUDGES)
    assert found.icc_2_1.value == pytest.approx(0.29, abs=0.005)
    assert found.icc_3_1.value == pytest.approx(0.71, abs=0.005)
    assert found.icc_2_k.value == pytest.approx(0.62, abs=0.005)
    assert (found.n_subjects, found.n_sessions) == (6, 4)


def test_error_of_measurement_by_hand() -> None:
    """Mean squares of that table: judges 32.49, error 1.019 (its table 3), so the variances are 5.24 and 1.02."""
    found = assess_reliability(JUDGES)
    assert found.sem == pytest.approx(math.sqrt((32.486 - 1.019) / 6 + 1.019), rel=1e-3)
    assert found.smallest_change == pytest.approx(1.96 * math.sqrt(2) * found.sem, rel=1e-4)


def test_equal_sessions_agree_perfectly_and_shifted_ones_only_in_order() -> None:
    figures = np.array([0.3, 0.5, 0.4, 0.8])
    same = assess_reliability(np.stack([figures, figures], axis=1))
    assert [(c.value, c.low, c.high) for c in (same.icc_2_1, same.icc_3_1, same.icc_2_k)] == [(1.0, 1.0, 1.0)] * 3
    assert same.sem == same.smallest_change == 0.0
    shifted = assess_reliability(np.stack([figures, figures + 0.2], axis=1))
    assert shifted.icc_3_1.value == pytest.approx(1.0)
    assert shifted.icc_2_1.value < 0.75
    assert shifted.icc_2_1.low < shifted.icc_2_1.value < shifted.icc_2_1.high


def test_intervals_hold_the_true_correlation_as_often_as_they_say() -> None:
    """Variances 1 between and 1 within subjects: all true correlations of single sessions are 0.5."""
    rng = np.random.default_rng(0)
    held = []
    for _ in range(600):
        found = assess_reliability(rng.normal(size=(20, 1)) + rng.normal(size=(20, 3)))
        held.append([found.icc_2_1.low < 0.5 < found.icc_2_1.high, found.icc_3_1.low < 0.5 < found.icc_3_1.high])
    for share in np.mean(held, axis=0):
        assert 0.92 <= share <= 0.98


def test_tables_that_say_nothing_give_nan() -> None:
    for table in (np.zeros((0, 2)), np.ones((1, 2)), np.ones((5, 1)), np.full((5, 2), 0.5), np.full((5, 2), math.nan)):
        found = assess_reliability(table)
        assert all(math.isnan(c.value) and math.isnan(c.low) for c in (found.icc_2_1, found.icc_3_1, found.icc_2_k))
        assert math.isnan(found.sem)
    with pytest.raises(SettingsError, match="1 dimensions"):
        assess_reliability(np.ones(3))


def test_subjects_without_a_session_are_left_out() -> None:
    holed = np.vstack([JUDGES, [1, math.nan, 2, 3]])
    assert assess_reliability(holed) == assess_reliability(JUDGES)


@given(
    arrays(np.float64, st.tuples(st.integers(0, 6), st.integers(0, 4)), elements=st.sampled_from([0.0, 0.25, 0.5, 1.0]))
)
@example(np.array([[0.5, 0.25, 1.0], [0.0, 1.0, 1.0]]))
def test_any_table_gives_ordered_limits_or_nan(table: np.ndarray) -> None:
    found = assess_reliability(table)
    for c in (found.icc_2_1, found.icc_3_1):
        assert math.isnan(c.low) or c.low - 1e-9 <= c.value <= c.high + 1e-9
