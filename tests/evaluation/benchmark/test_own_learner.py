"""A method of any kind under the protocols: the class that the page "How to add a model" shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ecg_facial.evaluation.benchmark.adapters import heart_features
from ecg_facial.evaluation.benchmark.pipelines import CalibratedPipeline
from ecg_facial.evaluation.benchmark.settings import BenchmarkSettings
from ecg_facial.evaluation.benchmark.trial_set import TrialSet
from ecg_facial.runtime.storage import sha256_bytes
from ecg_facial.runtime.typing import Float64Array
from ecg_facial.workflow.comparing import benchmark

pytestmark = pytest.mark.usefixtures("shared_fresh")


@dataclass(frozen=True)
class NearestMean:
    """A learner: the mean of each class in units of each feature's spread."""

    models: tuple[str, ...] = ("nearest-mean",)

    def describe(self) -> dict[str, Any]:
        return {"features": "heart"}

    def fit(
        self, train: TrialSet, stopping: TrialSet, /, *, seed: int, folder: Path | None = None
    ) -> FittedNearestMean:
        rows, labels = heart_features(train), train.labels
        known = np.isfinite(rows).all(axis=1)
        means = [rows[known & (labels == number)].mean(axis=0) for number in range(train.n_classes)]
        return FittedNearestMean(np.array(means), rows[known].std(axis=0) + 1e-9)


@dataclass(frozen=True, eq=False)
class FittedNearestMean:
    """What was fitted on one fold."""

    means: Float64Array
    spread: Float64Array
    abstains: bool = True  # some trials get no answer, by design

    def predict(self, trials: TrialSet, /) -> dict[str, Float64Array]:
        distances = (heart_features(trials)[:, None] - self.means) / self.spread
        return {"nearest-mean": -0.5 * (distances**2).sum(axis=2)}  # NaN without a heart beat

    def fingerprint(self) -> dict[str, str]:
        return {"means": sha256_bytes(self.means.tobytes()), "spread": sha256_bytes(self.spread.tobytes())}

    def details(self) -> dict[str, Any]:
        return {}


@pytest.fixture
def prepared(make_prepared: Callable) -> Any:
    return make_prepared(n_subjects=6, per_level=2, n_frames=2)


def test_a_learner_of_ones_own_is_judged_and_audited(prepared: Any) -> None:
    table = benchmark(prepared, CalibratedPipeline(NearestMean()), settings=BenchmarkSettings(protocol="kfold:2"))
    assert set(table["model"]) == {"nearest-mean", "majority", "ecg:rate", "ecg:descriptors", "facial:descriptors"}
    own = table[table["model"] == "nearest-mean"]
    assert own["accuracy"].mean() > 0.7, "tokens follow the level by three standard deviations"
    assert set(table["audit"]) == {"no leak found"}
