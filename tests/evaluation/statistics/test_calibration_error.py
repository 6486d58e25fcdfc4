"""Calibration, abstention and conformal sets: known answers, null bands, coverage."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from measures.clustered import draw_confident, draw_predictions
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
from ecg_facial.evaluation.statistics.conformal import calibrate_sets, cross_conformal, predict_sets
from ecg_facial.runtime.typing import Float64Array, Int64Array


def draw_cohort(seed: int, *, n_subjects: int, n_trials: int) -> tuple[Float64Array, Int64Array, list[str]]:
    return draw_predictions(seed, n_subjects=n_subjects, n_trials=(n_trials, n_trials), spread=1.0)


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
def test_the_order_of_trials_says_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    p, labels = rng.dirichlet(np.ones(3), 40), rng.integers(0, 3, 40)
    order = rng.permutation(40)
    assert 0 <= compute_ece(p, labels) <= 1
    assert compute_ece(p, labels) == pytest.approx(compute_ece(p[order], labels[order]))
    sure = p.max(axis=1).round(1)
    right = p.argmax(axis=1) == labels
    curves = [compute_risk_coverage(sure, right), compute_risk_coverage(sure[order], right[order])]
    assert curves[0] is not None
    assert curves[1] is not None
    assert curves[0].aurc == pytest.approx(curves[1].aurc)


def test_conformal_sets_hold_the_label_of_new_people_as_often_as_promised() -> None:
    # 40 calibration subjects who differ much; the whole measurement is benchmarks/conformal.py
    covered = []
    for seed in range(60):
        p, labels, subjects = draw_cohort(seed, n_subjects=80, n_trials=25)
        half = 40 * 25
        threshold = calibrate_sets(p[:half], labels[:half], subjects[:half])
        assert threshold.promised
        sets = predict_sets(p[half:], threshold)
        covered.append(sets[np.arange(half), labels[half:]].mean())
    assert 0.885 <= np.mean(covered) <= 0.92


def test_sets_grow_with_what_is_promised_and_hold_everything_where_too_few_calibrate() -> None:
    p, labels, subjects = draw_cohort(0, n_subjects=30, n_trials=20)
    sizes = [predict_sets(p, calibrate_sets(p, labels, subjects, alpha=alpha)).sum() for alpha in (0.3, 0.1, 0.05)]
    assert sizes[0] < sizes[1] < sizes[2]
    few = calibrate_sets(p[:60], labels[:60], subjects[:60])
    assert not few.promised
    assert math.isinf(few.score)
    assert predict_sets(p, few).all()


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1), st.floats(0.02, 0.98), st.floats(0.02, 0.98))
def test_sets_that_promise_more_hold_all_classes_of_those_that_promise_less(seed: int, a: float, b: float) -> None:
    p, labels, subjects = draw_cohort(seed, n_subjects=12, n_trials=5)
    more, less = (predict_sets(p, calibrate_sets(p, labels, subjects, alpha=alpha)) for alpha in sorted((a, b)))
    assert (more >= less).all()


def test_sets_calibrated_on_the_other_subjects_hold_the_label_as_often_as_promised() -> None:
    found = [cross_conformal(*draw_cohort(seed, n_subjects=41, n_trials=20)) for seed in range(10)]
    assert all(each is not None and each.promised for each in found)
    assert 0.885 <= np.mean([each.coverage for each in found if each is not None]) <= 0.92


def test_a_model_that_says_the_same_of_everybody_has_sets_that_hold_what_they_promise() -> None:
    # all scores of a class are tied; a quarter of the labels is in the class that is a little surer
    labels, subjects = np.arange(200) % 4, [f"s{trial // 4}" for trial in range(200)]
    for surest in np.linspace(0.26, 0.6, 35):
        p = np.tile([surest, *[(1 - surest) / 3] * 3], (200, 1))
        found = cross_conformal(p, labels, subjects)
        assert found is not None
        assert found.coverage == 1
        assert found.mean_size == 4


@pytest.mark.parametrize("common", [0.75, 0.88, 0.95])
def test_ties_never_take_coverage_away(common: float) -> None:
    rng, covered = np.random.default_rng(0), []
    for _ in range(20):
        labels = (rng.random(1600) > common).astype(np.int64)
        found = cross_conformal(np.tile([0.7, 0.3], (1600, 1)), labels, [f"s{trial // 20}" for trial in range(1600)])
        assert found is not None
        covered.append(found.coverage)
    assert np.mean(covered) >= 0.9


def test_a_subject_that_nobody_resembles_does_not_widen_its_own_sets() -> None:
    # with its own score among ten, the threshold of 90 % would be that score, and its sets would hold its labels
    p = np.array([[0.05, 0.95]] * 3 + [[0.8, 0.2]] * 27)
    found = cross_conformal(p, np.zeros(30, np.int64), [f"s{trial // 3}" for trial in range(30)])
    assert found is not None
    assert found.by_subject == {"s0": 0.0, **{f"s{person}": 1.0 for person in range(1, 10)}}


def test_every_subject_counts_alike_however_many_trials_there_are() -> None:
    p, labels, subjects = draw_cohort(3, n_subjects=40, n_trials=10)
    often = np.concatenate([np.repeat(np.arange(10), 50), np.arange(10, 400)])
    once = calibrate_sets(p, labels, subjects).score
    repeated = calibrate_sets(p[often], labels[often], [subjects[place] for place in often]).score
    assert repeated == pytest.approx(once, abs=0.01)


def test_cross_calibration_leaves_the_judged_subject_out() -> None:
    p, labels, subjects = draw_cohort(5, n_subjects=45, n_trials=20)
    found = cross_conformal(p, labels, subjects)
    assert found is not None
    assert found.n_calibration_subjects == 44
    others = calibrate_sets(p[20:], labels[20:], subjects[20:])
    sets, wrong = predict_sets(p[:20], others), labels.copy()
    wrong[:20] = (labels[:20] + 1) % 5
    for said in (labels, wrong):
        judged = cross_conformal(p, said, subjects)
        assert judged is not None
        # one trial of 20 may fall to the other side: the draws are not the same ones
        assert judged.by_subject["s0"] == pytest.approx(sets[np.arange(20), said[:20]].mean(), abs=0.051)
    assert cross_conformal(p[:20], labels[:20], subjects[:20]) is None
    with pytest.raises(SettingsError, match=r"alpha 1\.5"):
        cross_conformal(p, labels, subjects, alpha=1.5)
