"""Temperatures: known answers, what scikit-learn finds, and 1 where trials cannot tell one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator

from ecg_facial.evaluation.statistics.calibration import choose_temperature, fit_temperature, log_loss
from ecg_facial.inference.calibration import Temperature
from ecg_facial.inference.settings import MIN_CALIBRATION_SUBJECTS, MIN_CALIBRATION_TRIALS
from ecg_facial.runtime.typing import Float64Array, Int64Array


def draw(seed: int, n: int, *, too_sure: float = 1.0) -> tuple[Float64Array, Int64Array]:
    """Logits, and labels drawn as the logits promise before they are made too sure."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 1.5, (n, 4))
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return too_sure * logits, (rng.random((n, 1)) > p.cumsum(axis=1)[:, :-1]).sum(axis=1)


def name_subjects(n: int, *, n_subjects: int = MIN_CALIBRATION_SUBJECTS) -> list[str]:
    return [f"s{number % n_subjects}" for number in range(n)]


@pytest.mark.parametrize("too_sure", [0.5, 1.0, 3.0])
def test_the_temperature_is_how_much_too_sure_a_model_is(too_sure: float) -> None:
    found = choose_temperature(*draw(0, 20_000, too_sure=too_sure), subjects=name_subjects(20_000))
    assert found.value == pytest.approx(too_sure, rel=0.03)


class Told(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """An estimator whose inputs are the logits that it is to give."""

    def fit(self, inputs: Float64Array, labels: Int64Array) -> Told:
        self.classes_ = np.unique(labels)
        return self

    def predict(self, inputs: Float64Array) -> Int64Array:
        return np.asarray(self.classes_[inputs.argmax(axis=1)])

    def decision_function(self, inputs: Float64Array) -> Float64Array:
        return inputs


@pytest.mark.parametrize("too_sure", [0.5, 1.0, 3.0])
def test_scaled_probabilities_are_those_of_scikit_learn(too_sure: float) -> None:
    logits, labels = draw(1, 300, too_sure=too_sure)
    theirs = CalibratedClassifierCV(FrozenEstimator(Told().fit(logits, labels)), method="temperature")
    expected = theirs.fit(logits, labels).predict_proba(logits)
    scaled = np.exp(logits / fit_temperature(logits, labels))
    np.testing.assert_allclose(scaled / scaled.sum(axis=1, keepdims=True), expected, atol=1e-4)


@settings(max_examples=50)
@given(st.integers(0, 2**32 - 1), st.floats(0.1, 10))
def test_no_temperature_changes_a_decision_and_none_beats_the_one_found(seed: int, other: float) -> None:
    logits, labels = draw(seed, 60)
    found = fit_temperature(logits, labels)
    for value in (found, other):
        scaled = Temperature(value=value).scale(logits)
        np.testing.assert_array_equal(scaled.argmax(axis=1), logits.argmax(axis=1))
    assert log_loss(logits / found, labels) <= log_loss(logits / other, labels) + 1e-9


LOGITS, LABELS = draw(2, 60)
UNKNOWN = np.where(np.arange(60)[:, None] == 7, np.nan, LOGITS)
FEW = MIN_CALIBRATION_TRIALS - 1


@pytest.mark.parametrize(
    ("logits", "labels", "reason"),
    [
        (LOGITS[:0], LABELS[:0], "nobody was set apart for calibration"),
        (LOGITS[:FEW], LABELS[:FEW], "fewer than 20 trials: 19"),
        (UNKNOWN, LABELS, "logits that are not finite"),
        (LOGITS, np.zeros(60, np.int64), "one class alone occurs"),
        (np.ones((60, 4)), LABELS, "equal logits for all classes"),
        (LOGITS, LOGITS.argmax(axis=1), "every trial is right"),
    ],
)
def test_where_trials_cannot_tell_a_temperature_it_is_1_and_says_why(
    logits: Float64Array, labels: Int64Array, reason: str
) -> None:
    subjects = name_subjects(len(labels))
    found = choose_temperature(logits, labels, subjects=subjects)
    assert found == Temperature(value=1.0, n_subjects=len(set(subjects)), n_trials=len(labels), reason=reason)


def test_trials_of_three_people_tell_no_temperature_however_many_they_are() -> None:
    logits, labels = draw(4, 900, too_sure=3)
    found = choose_temperature(logits, labels, subjects=name_subjects(900, n_subjects=3))
    assert found == Temperature(value=1.0, n_subjects=3, n_trials=900, reason="fewer than 4 subjects: 3")
    assert choose_temperature(logits, labels, subjects=name_subjects(900, n_subjects=4)).value > 2


def test_twenty_trials_of_four_people_are_enough_and_a_free_fit_gives_no_reason() -> None:
    logits, labels = LOGITS[: FEW + 1], LABELS[: FEW + 1]
    found = choose_temperature(logits, labels, subjects=name_subjects(FEW + 1))
    assert found == Temperature(value=fit_temperature(logits, labels), n_subjects=4, n_trials=20, reason="")


def test_a_model_that_knows_nothing_ends_at_the_limit_and_says_so() -> None:
    logits, _ = draw(3, 200, too_sure=50)
    found = choose_temperature(logits, (logits.argmax(axis=1) + 1) % 4, subjects=name_subjects(200))
    assert found.value == pytest.approx(10, rel=1e-4)
    assert found.reason == "at the limit of 0.1 to 10"
