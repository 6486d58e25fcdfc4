"""Risk-coverage: known curves, ties, unknown qualities."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecg_facial.evaluation.statistics.abstention import compute_risk_coverage


def test_accuracy_of_the_surest_is_counted_and_ties_are_judged_together() -> None:
    found = compute_risk_coverage(np.array([0.9, 0.8, 0.8, 0.5]), np.array([True, True, False, False]))
    assert found is not None
    assert found.coverage.tolist() == [0.25, 0.75, 1.0]
    assert found.accuracy == pytest.approx([1, 2 / 3, 0.5])
    assert found.accuracy_at(0.5) == pytest.approx(2 / 3)
    assert found.aurc == pytest.approx((0 * 1 + (1 / 3) * 2 + 0.5 * 1) / 4)


@pytest.mark.parametrize(("n", "n_right"), [(1, 0), (1, 1), (4, 2), (20, 12), (192, 122)])
def test_errors_that_are_all_least_sure_have_no_excess(n: int, n_right: int) -> None:
    found = compute_risk_coverage(-np.arange(n, dtype=float), np.arange(n) < n_right)
    assert found is not None
    assert found.excess == pytest.approx(0, abs=1e-12)
    reverse = compute_risk_coverage(np.arange(n, dtype=float), np.arange(n) < n_right)
    assert reverse is not None
    assert (reverse.excess > 0.01) == (0 < n_right < n)


def test_trials_of_unknown_quality_are_judged_last_and_together() -> None:
    quality, right = np.array([np.nan, 0.9, np.nan, 0.2]), np.array([True, True, False, False])
    found = compute_risk_coverage(quality, right)
    turned = compute_risk_coverage(quality[::-1], right[::-1])
    assert found is not None
    assert turned is not None
    assert found.coverage.tolist() == turned.coverage.tolist() == [0.25, 0.5, 1.0]
    assert found.accuracy.tolist() == turned.accuracy.tolist() == [1.0, 0.5, 0.5]


@settings(max_examples=50)
@given(st.integers(0, 2**32 - 1))
def test_the_order_of_trials_does_not_change_the_curve(seed: int) -> None:
    rng = np.random.default_rng(seed)
    p, labels = rng.dirichlet(np.ones(3), 40), rng.integers(0, 3, 40)
    order = rng.permutation(40)
    sure = p.max(axis=1).round(1)
    right = p.argmax(axis=1) == labels
    curves = [compute_risk_coverage(sure, right), compute_risk_coverage(sure[order], right[order])]
    assert curves[0] is not None
    assert curves[1] is not None
    assert curves[0].aurc == pytest.approx(curves[1].aurc)
