"""Temperatures: known answers, what scikit-learn finds, and 1 where trials cannot tell one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator

from ecg_facial.evaluation.statistics.calibration import (
    MIN_TRIALS,
    Temperature,
    apply_temperature,
    choose_temperature,
    fit_temperature,
    log_loss,
)

Floats = NDArray[np.float64]


def draw(seed: int, n: int, *, too_sure: float = 1.0) -> tuple[Floats, NDArray[np.int64]]:
    """Logits, and labels drawn as the logits promise before they are made too sure."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 1.5, (n, 4))
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return too_sure * logits, (rng.random((n, 1)) > p.cumsum(axis=1)[:, :-1]).sum(axis=1)


@pytest.mark.parametrize("too_sure", [0.5, 1.0, 3.0])
def test_the_temperature_is_how_much_too_sure_a_model_is(too_sure: float) -> None:
    assert choose_temperature(*draw(0, 20_000, too_sure=too_sure)).value == pytest.approx(too_sure, rel=0.03)


class Told(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """An estimator whose inputs are the logits that it is to give."""

    def fit(self, inputs: Floats, labels: NDArray[np.int64]) -> Told:
        self.classes_ = np.unique(labels)
        return self

    def predict(self, inputs: Floats) -> NDArray[np.int64]:
        return np.asarray(self.classes_[inputs.argmax(axis=1)])

    def decision_function(self, inputs: Floats) -> Floats:
        return inputs


@pytest.mark.parametrize("too_sure", [0.5, 1.0, 3.0])
def test_scaled_probabilities_are_those_of_scikit_learn(too_sure: float) -> None:
    logits, labels = draw(1, 300, too_sure=too_sure)
    theirs = CalibratedClassifierCV(FrozenEstimator(Told().fit(logits, labels)), method="temperature")
    expected = theirs.fit(logits, labels).predict_proba(logits)
    scaled = np.exp(apply_temperature(logits, fit_temperature(logits, labels)))
    np.testing.assert_allclose(scaled / scaled.sum(axis=1, keepdims=True), expected, atol=1e-4)


@settings(max_examples=50)
@given(st.integers(0, 2**32 - 1), st.floats(0.1, 10))
def test_no_temperature_changes_a_decision_and_none_beats_the_one_found(seed: int, other: float) -> None:
    logits, labels = draw(seed, 60)
    found = fit_temperature(logits, labels)
    for value in (found, other):
        np.testing.assert_array_equal(apply_temperature(logits, value).argmax(axis=1), logits.argmax(axis=1))
    least = log_loss(apply_temperature(logits, found), labels)
    assert least <= log_loss(apply_temperature(logits, other), labels) + 1e-9


LOGITS, LABELS = draw(2, 60)
UNKNOWN = np.where(np.arange(60)[:, None] == 7, np.nan, LOGITS)


@pytest.mark.parametrize(
    ("logits", "labels", "reason"),
    [
        (LOGITS[:0], LABELS[:0], "fewer than 20 trials: 0"),
        (LOGITS[: MIN_TRIALS - 1], LABELS[: MIN_TRIALS - 1], "fewer than 20 trials: 19"),
        (UNKNOWN, LABELS, "logits that are not finite"),
        (LOGITS, np.zeros(60, np.int64), "one class alone occurs"),
        (np.ones((60, 4)), LABELS, "equal logits for all classes"),
        (LOGITS, LOGITS.argmax(axis=1), "every trial is right"),
    ],
)
def test_where_trials_cannot_tell_a_temperature_it_is_1_and_says_why(
    logits: Floats, labels: NDArray[np.int64], reason: str
) -> None:
    assert choose_temperature(logits, labels) == Temperature(1.0, reason)


def test_twenty_trials_are_enough_and_a_free_fit_gives_no_reason() -> None:
    logits, labels = LOGITS[:MIN_TRIALS], LABELS[:MIN_TRIALS]
    assert choose_temperature(logits, labels) == Temperature(fit_temperature(logits, labels))


def test_a_model_that_knows_nothing_ends_at_the_limit_and_says_so() -> None:
    logits, _ = draw(3, 200, too_sure=50)
    found = choose_temperature(logits, (logits.argmax(axis=1) + 1) % 4)
    assert found.value == pytest.approx(10, rel=1e-4)
    assert found.reason == "at the limit of 0.1 to 10"
