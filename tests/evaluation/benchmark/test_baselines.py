"""Baselines that stand in every run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier

from ecg_facial.evaluation.benchmark.baselines import (
    LEAST_TRIALS_PER_LEAF,
    N_TREES,
    ForestPipeline,
    LogisticPipeline,
    MajorityPipeline,
    grow_forest,
    heart_course_features,
    rate_features,
)
from ecg_facial.evaluation.benchmark.fold_running import run_fold
from ecg_facial.evaluation.benchmark.trial_set import Parts, TrialSet
from ecg_facial.evaluation.protocols.folds import Fold, leave_one_subject_out
from ecg_facial.evaluation.protocols.settings import InnerSettings
from ecg_facial.inference.forest import LEAST_PROBABILITY
from ecg_facial.labels import get_task

TASK = get_task("biovid4")
PEOPLE = [f"s{number:02d}" for number in range(6)]


@pytest.fixture
def prepared(make_prepared: Callable) -> Any:
    return make_prepared(n_subjects=len(PEOPLE), per_level=2, n_frames=2)


def first_fold() -> Fold:
    return next(leave_one_subject_out(PEOPLE, seed=0, inner=InnerSettings()))


def test_majority_gives_the_class_shares_of_the_people_it_was_fitted_on(prepared: Any) -> None:
    def part(rows: list[int]) -> TrialSet:
        return TrialSet(prepared, rows, task=TASK)

    parts = Parts(train=part([0, 1, 2, 4]), stopping=part([3, 5]), calibration=part([]), conformal=part([]))
    fitted = MajorityPipeline().fit(parts, seed=0)
    said = fitted.predict(part([6, 7]).without_labels())["majority"]
    np.testing.assert_allclose(np.exp(said), np.tile([2 / 6, 2 / 6, 2 / 6, LEAST_PROBABILITY], (2, 1)), rtol=1e-5)


def test_a_forest_as_arrays_gives_scikit_learns_own_probabilities() -> None:
    rng = np.random.default_rng(0)
    rows, labels = rng.normal(size=(200, 12)), rng.integers(0, 3, 200)
    labels = np.where(labels == 1, 3, labels)  # class 1 does not occur
    grown = RandomForestClassifier(
        n_estimators=N_TREES, min_samples_leaf=LEAST_TRIALS_PER_LEAF, class_weight="balanced", random_state=7
    ).fit(rows, labels)
    asked = np.concatenate([rng.normal(size=(50, 12)), rows])
    found = np.exp(grow_forest(rows, labels, n_classes=4, seed=7).logits(asked))
    np.testing.assert_allclose(found[:, [0, 2, 3]], grown.predict_proba(asked), atol=2e-6)
    np.testing.assert_allclose(found[:, 1], LEAST_PROBABILITY)


@pytest.mark.parametrize("make", [ForestPipeline, LogisticPipeline])
def test_a_baseline_of_any_features_learns_what_they_tell(prepared: Any, make: Callable) -> None:
    outcome = run_fold(prepared, first_fold(), make("mine", rate_features), task=TASK, seed=0)
    said = outcome.logits["mine"]
    assert np.isnan(said[1]).all(), "trial 1 of the test person has no heart beat"
    levels = prepared.table["level"].iloc[outcome.rows].map(TASK.class_names.index).to_numpy()
    heard = np.isfinite(said).all(axis=1)
    assert (said[heard].argmax(axis=1) == levels[heard]).mean() > 0.7, "tokens follow the level"


def test_heart_features_are_of_the_heart_rate_alone(prepared: Any) -> None:
    trials = TrialSet(prepared, range(4), task=TASK)
    course, rate = heart_course_features(trials), rate_features(trials)
    np.testing.assert_allclose(rate[2], prepared[2].tokens[:, 0].mean())
    np.testing.assert_allclose(course[2, 0], rate[2, 0], rtol=1e-6)
    assert np.isnan(course[1]).all()
    assert np.isnan(rate[1]).all()


def test_the_fingerprint_of_a_forest_follows_its_training_trials_and_its_seed(prepared: Any) -> None:
    pipeline = ForestPipeline("mine", heart_course_features)

    def fingerprint(seed: int, rows: range) -> str:
        part = TrialSet(prepared, rows, task=TASK)
        nobody = TrialSet(prepared, [], task=TASK)
        parts = Parts(train=part, stopping=nobody, calibration=nobody, conformal=nobody)
        return pipeline.fit(parts, seed=seed).fingerprint()["forest:mine"]

    assert fingerprint(0, range(16)) == fingerprint(0, range(16))
    assert fingerprint(0, range(16)) != fingerprint(1, range(16))
    assert fingerprint(0, range(16)) != fingerprint(0, range(2, 18))
