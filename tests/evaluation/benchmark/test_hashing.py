"""Digests go by content: the same fit has the same digest, and changed code another one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier

from ecg_facial.errors import StaleCacheError
from ecg_facial.evaluation.benchmark.adapters import EstimatorPipeline, heart_features
from ecg_facial.evaluation.benchmark.hashing import hash_code, hash_value
from ecg_facial.evaluation.benchmark.runner import run_benchmark
from ecg_facial.evaluation.benchmark.settings import BenchmarkSettings
from ecg_facial.evaluation.benchmark.trial_set import TrialSet

POWER = 1


def make_features(power: int) -> Callable[[TrialSet], np.ndarray]:
    return lambda trials: np.nan_to_num(heart_features(trials)) ** power


def raised(trials: TrialSet) -> np.ndarray:
    return helper(trials) ** POWER


def helper(trials: TrialSet) -> np.ndarray:
    return np.nan_to_num(heart_features(trials))


def test_neighbours_have_the_same_digest_before_and_after_they_predict() -> None:
    rows = np.random.default_rng(0).normal(size=(40, 3))
    for way in ("brute", "kd_tree", "ball_tree"):
        fitted = KNeighborsClassifier(3, algorithm=way).fit(rows, np.arange(40) % 2)
        before = hash_value(fitted)
        fitted.predict_proba(rows)
        assert hash_value(fitted) == before
        assert hash_value(KNeighborsClassifier(3, algorithm=way).fit(rows + 1e-9, np.arange(40) % 2)) != before


def test_a_search_is_known_by_what_it_found_and_not_by_how_long_it_took() -> None:
    rows = np.random.default_rng(0).normal(size=(40, 3))

    def search() -> str:
        return hash_value(GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, cv=2).fit(rows, np.arange(40) % 2))

    assert search() == search()


def test_code_cells_constants_and_helpers_are_part_of_a_functions_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    assert hash_code(make_features(1)) == hash_code(make_features(1))
    assert hash_code(make_features(1)) != hash_code(make_features(2))
    before = hash_code(raised)
    monkeypatch.setitem(globals(), "POWER", 2)
    assert hash_code(raised) != before
    monkeypatch.undo()
    assert hash_code(raised) == before
    monkeypatch.setitem(globals(), "helper", make_features(3))
    assert hash_code(raised) != before


def test_a_run_of_changed_features_is_refused(make_prepared: Callable[..., Any], tmp_path: Path) -> None:
    data, settings = make_prepared(n_subjects=4, per_level=2, n_frames=2), BenchmarkSettings(baselines=False)

    def run(power: int) -> Any:
        method = EstimatorPipeline("own", LogisticRegression(max_iter=5000), features=make_features(power))
        return run_benchmark(data, tmp_path, settings=settings, pipelines=[method])

    first = run(1)
    assert run(1).predictions.equals(first.predictions)
    with pytest.raises(StaleCacheError, match="settings or code"):
        run(2)
