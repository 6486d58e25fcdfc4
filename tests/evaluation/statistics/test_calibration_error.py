"""Calibration error with its null band, proper scores, and overconfidence over subjects."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from measures.clustered import draw_confident
from sklearn.metrics import brier_score_loss, log_loss

from ecg_facial.errors import SettingsError
from ecg_facial.evaluation.statistics.abstention import compute_risk_coverage
from ecg_facial.evaluation.statistics.calibration_error import (
    bin_confidences,
    compute_brier,
    compute_brier_skill,
    compute_ece,
    compute_log_loss,
    compute_overconfidence,
    ece_null_band,
)


def test_the_calibration_error_of_a_known_case() -> None:
    # two bins: 0.9 sure and right in 3 of 4, 0.6 sure and right in 1 of 2
    p = np.array([[0.9, 0.1]] * 4 + [[0.6, 0.4]] * 2)
    labels = np.array([0, 0, 0, 1, 0, 1])
    assert compute_ece(p, labels, n_bins=5) == pytest.approx((4 * 0.15 + 2 * 0.1) / 6)
    bins = bin_confidences(p, labels, n_bins=5)
    assert [(b.n, round(b.confidence, 6), b.accuracy) for b in bins] == [(2, 0.6, 0.5), (4, 0.9, 0.75)]
    assert all(b.low < b.accuracy < b.high for b in bins)


def test_a_perfect_model_lies_within_its_null_band_as_often_as_promised() -> None:
    rng, inside = np.random.default_rng(1), 0
    p = rng.dirichlet(np.full(4, 0.7), 240)
    _, low, high = ece_null_band(p)
    for _ in range(200):
        labels = (rng.random((240, 1)) > p.cumsum(axis=1)[:, :-1]).sum(axis=1)
        inside += low <= compute_ece(p, labels) <= high
    assert 180 <= inside <= 198


@pytest.mark.parametrize(("n", "expected"), [(240, 0.064), (960, 0.032), (6960, 0.011)])
def test_the_null_band_shrinks_with_the_number_of_trials_as_measured_elsewhere(n: int, expected: float) -> None:
    # four classes at the confidence that the field reaches
    p = np.random.default_rng(0).dirichlet(np.full(4, 2.0), n)
    assert ece_null_band(p)[0] == pytest.approx(expected, rel=0.2)


def test_scores_of_probabilities_agree_with_scikit_learn() -> None:
    rng = np.random.default_rng(2)
    p, labels = rng.dirichlet(np.ones(3), 50), rng.integers(0, 3, 50)
    assert compute_log_loss(p, labels) == pytest.approx(log_loss(labels, p, labels=[0, 1, 2]))
    two = np.stack([1 - p[:, 0], p[:, 0]], axis=1)
    hit = (labels == 0).astype(int)
    assert compute_brier(two, hit) == pytest.approx(2 * brier_score_loss(hit, two[:, 1]))
    shares = np.tile(np.bincount(labels) / 50, (50, 1))
    assert compute_brier_skill(shares, labels) == pytest.approx(0, abs=1e-12)
    assert compute_brier_skill(np.eye(3)[labels], labels) == 1


def test_degenerate_probabilities_give_nan_and_no_warning() -> None:
    nothing, none = np.zeros((0, 3)), np.zeros(0, np.int64)
    for figure in (compute_ece, compute_brier, compute_brier_skill, compute_log_loss):
        assert math.isnan(figure(nothing, none))
    assert math.isnan(compute_brier_skill(np.array([[0.5, 0.5]]), np.array([0])))
    assert compute_ece(np.array([[1.0, 0.0]]), np.array([0])) == 0
    assert compute_risk_coverage(np.zeros(0), np.zeros(0, bool)) is None
    with pytest.raises(SettingsError, match="0 bins"):
        compute_ece(np.array([[1.0, 0.0]]), np.array([0]), n_bins=0)


def test_overconfidence_has_a_sign_and_counts_each_subject_once() -> None:
    p = np.array([[0.9, 0.1]] * 6)
    labels = np.array([0, 0, 0, 1, 1, 1])
    found = compute_overconfidence(p, labels, ["a", "b", "b", "b", "b", "b"])
    assert found.mean == pytest.approx(((0.9 - 1) + (0.9 - 0.4)) / 2)
    assert found.n_subjects == 2
    assert compute_overconfidence(p, 1 - labels, ["a"] * 6).mean == pytest.approx(0.4)
    assert math.isnan(compute_overconfidence(p[:0], labels[:0], []).mean)


def test_the_interval_of_overconfidence_covers_for_few_people_who_differ() -> None:
    # the whole measurement is benchmarks/calibration.py
    everybody = draw_confident(10**6, n_subjects=4000, n_trials=20, factor=1.3)
    true, held = compute_overconfidence(*everybody).mean, 0
    for seed in range(150):
        found = compute_overconfidence(*draw_confident(seed, n_subjects=12, n_trials=16, factor=1.3))
        held += found.low <= true <= found.high
    assert 134 <= held <= 149


@settings(max_examples=50)
@given(st.integers(0, 2**32 - 1))
def test_the_order_of_trials_does_not_change_the_calibration_error(seed: int) -> None:
    rng = np.random.default_rng(seed)
    p, labels = rng.dirichlet(np.ones(3), 40), rng.integers(0, 3, 40)
    order = rng.permutation(40)
    assert 0 <= compute_ece(p, labels) <= 1
    assert compute_ece(p, labels) == pytest.approx(compute_ece(p[order], labels[order]))
