"""Calibration error and conformal sets agree with MAPIE, figures of merit with scikit-learn at the edges."""

from __future__ import annotations

import numpy as np
import pytest
from oracles import import_oracle

from ecg_facial.evaluation.statistics.calibration_error import compute_ece
from ecg_facial.evaluation.statistics.conformal import calibrate_sets, predict_sets

mapie_calibration = import_oracle("mapie.metrics.calibration")
mapie_classification = import_oracle("mapie.classification")
dummy = import_oracle("sklearn.base")


class Told(dummy.ClassifierMixin, dummy.BaseEstimator):  # type: ignore[misc,name-defined]  # the base comes from an oracle
    """An estimator whose inputs are the probabilities that it is to give."""

    def __init__(self, n_classes: int = 4) -> None:
        self.n_classes = n_classes

    def fit(self, inputs: np.ndarray, labels: np.ndarray) -> Told:
        self.classes_, self.fitted_ = np.arange(self.n_classes), True
        return self

    def predict_proba(self, inputs: np.ndarray) -> np.ndarray:
        return inputs

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        return self.classes_[inputs.argmax(axis=1)]


def draw(n: int, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    logits, labels = rng.normal(0, 1, (n, 4)), rng.integers(0, 4, n)
    logits[np.arange(n), labels] += 1.0
    p = np.exp(logits)
    return p / p.sum(axis=1, keepdims=True), labels


@pytest.mark.parametrize("n_bins", [5, 15])
@pytest.mark.parametrize("n", [30, 1000])
def test_the_calibration_error_is_that_of_mapie(n: int, n_bins: int) -> None:
    p, labels = draw(n)
    # its number of bins is that of their edges
    theirs = mapie_calibration.expected_calibration_error(
        (p.argmax(axis=1) == labels).astype(int), p.max(axis=1), num_bins=n_bins + 1, split_strategy="uniform"
    )
    assert compute_ece(p, labels, n_bins=n_bins) == pytest.approx(theirs, abs=1e-9)


@pytest.mark.parametrize("alpha", [0.05, 0.1, 0.3])
def test_with_one_trial_a_subject_sets_are_mapies_split_conformal_ones(alpha: float) -> None:
    p, labels = draw(200, seed=1)
    fresh, _ = draw(50, seed=2)
    theirs = mapie_classification.SplitConformalClassifier(
        estimator=Told().fit(p, labels), confidence_level=1 - alpha, conformity_score="lac", prefit=True
    )
    theirs.conformalize(p, labels)
    _, sets = theirs.predict_set(fresh)
    ours = predict_sets(fresh, calibrate_sets(p, labels, [f"s{number}" for number in range(200)], alpha=alpha))
    np.testing.assert_array_equal(ours, sets[:, :, 0])
