"""Conformal sets cover as often as they promise, for people who differ."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from measures.clustered import draw_predictions

from ecg_facial.errors import SettingsError
from ecg_facial.evaluation.statistics.conformal import calibrate_sets, cross_conformal, predict_sets
from ecg_facial.runtime.typing import Float64Array, Int64Array


def draw_cohort(seed: int, *, n_subjects: int, n_trials: int) -> tuple[Float64Array, Int64Array, list[str]]:
    return draw_predictions(seed, n_subjects=n_subjects, n_trials=(n_trials, n_trials), spread=1.0)


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
