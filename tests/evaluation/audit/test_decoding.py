"""Permuted labels, counts of classes, and results that cannot be believed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from centroids import features_of
from results import make_metrics
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression

from ecg_facial.evaluation.audit.decoding import (
    PermutedRun,
    check_counts,
    check_permuted,
    check_plausibility,
    measure_permuted,
)
from ecg_facial.evaluation.audit.running import audit_run
from ecg_facial.evaluation.audit.settings import AuditSettings
from ecg_facial.evaluation.benchmark.adapters import EstimatorPipeline, heart_features
from ecg_facial.evaluation.benchmark.runner import run_benchmark
from ecg_facial.evaluation.benchmark.settings import BenchmarkSettings
from ecg_facial.evaluation.benchmark.trial_set import TrialSet
from ecg_facial.evaluation.judging.schema import ALPHA, RunMetrics

SETTINGS = BenchmarkSettings(baselines=False)


@pytest.fixture(scope="module")
def prepared(make_prepared: Callable[..., Any]) -> Any:
    return make_prepared(n_subjects=7, per_level=3, n_frames=4)


def test_permuted_labels_are_run_and_judged_at_chance(prepared: Any, tmp_path: Path) -> None:
    own = EstimatorPipeline("own", LogisticRegression(), features=heart_features)
    result = run_benchmark(prepared, tmp_path, settings=SETTINGS, pipelines=[own])
    wanted = AuditSettings(n_folds=0, permutations=6)
    found = audit_run(prepared, result, settings=SETTINGS, factories=[own], audit=wanted)
    check = next(check for check in found.checks if check.name == "permuted labels score at their base rate")
    assert check.passed
    assert "in 6 runs" in check.message
    assert check_permuted({"own": runs_of([0.25])}).passed is None


def runs_of(excesses: Sequence[float]) -> list[PermutedRun]:
    return [PermutedRun(excess=float(each), spread=0.03) for each in excesses]


def test_one_leaking_model_among_several_is_not_diluted() -> None:
    rng = np.random.default_rng(0)
    clean = {f"clean {number}": runs_of(rng.normal(0, 0.03, 10)) for number in range(6)} | {
        "majority": runs_of([0.0] * 10)
    }
    assert check_permuted(clean).passed
    found = check_permuted(clean | {"own": runs_of(0.10 + rng.normal(0, 0.03, 10))})
    assert found.passed is False
    assert "the farthest is own: +" in found.message


def test_the_spread_over_shuffles_is_that_of_shuffled_labels() -> None:
    rng, names = np.random.default_rng(3), np.array(["BL1", "PA1", "PA2"])
    table = pd.DataFrame({"subject": np.repeat(["a", "b"], 9), "label": names[rng.integers(0, 3, 18)]})
    table["predicted"] = names[rng.integers(0, 2, 18)]
    drawn = []
    for _ in range(500):
        labels = np.concatenate([rng.permutation(part) for _, part in table.groupby("subject")["label"]])
        drawn.append(measure_permuted(table.assign(label=labels)).excess)
    assert np.mean(drawn) == pytest.approx(0, abs=0.02)
    assert measure_permuted(table).spread == pytest.approx(np.std(drawn), rel=0.12)


def test_permuted_labels_find_the_one_method_of_three_that_knows_them(prepared: Any, tmp_path: Path) -> None:
    methods = [
        EstimatorPipeline("logistic", LogisticRegression(), features=heart_features),
        EstimatorPipeline("majority", DummyClassifier(), features=heart_features),
        knows_labels,
    ]
    wanted, settings = AuditSettings(n_folds=0, permutations=4), replace(SETTINGS, protocol="kfold:2")
    result = run_benchmark(prepared, tmp_path, settings=settings, pipelines=methods)
    found = audit_run(prepared, result, settings=settings, factories=methods, audit=wanted)
    check = next(check for check in found.checks if check.name == "permuted labels score at their base rate")
    assert check.passed is False
    assert "the farthest is own" in check.message


def knows_labels(trials: TrialSet, /) -> EstimatorPipeline:
    """A method that knows the label of every heart."""
    known = {row.tobytes(): label for row, label in zip(features_of(trials), trials.labels, strict=True)}

    def features(given: TrialSet) -> np.ndarray:
        return np.eye(4)[[known[row.tobytes()] for row in features_of(given)]]

    return EstimatorPipeline("own", LogisticRegression(), features=features)


def make_predictions(seed: int, *, exact: bool) -> pd.DataFrame:
    rng, rows = np.random.default_rng(seed), []
    names = np.array(["BL1", "PA1", "PA2", "PA3"])
    for subject in range(20):
        labels = np.repeat(names, 4)
        said = rng.permutation(labels) if exact else names[rng.integers(0, 4, 16)]
        rows += [(f"s{subject}", "own", 0, label, guess) for label, guess in zip(labels, said, strict=True)]
    return pd.DataFrame(rows, columns=["subject", "model", "seed", "label", "predicted"])


def test_exact_counts_are_noticed_and_chance_ones_are_not() -> None:
    names = ["BL1", "PA1", "PA2", "PA3"]
    assert check_counts(make_predictions(0, exact=True), names).passed is False
    p_values = [check_counts(make_predictions(seed, exact=False), names).p_value for seed in range(40)]
    assert min(value for value in p_values if value is not None) > ALPHA
    # a perfect model has the true counts because it is perfect
    perfect = make_predictions(0, exact=True).assign(predicted=lambda table: table["label"])
    assert check_counts(perfect, names).passed


def test_a_result_above_everything_published_is_a_warning() -> None:
    def judged(low: float) -> RunMetrics:
        metrics = make_metrics()
        fusion = metrics.models["fusion"]
        sure = replace(fusion, over_subjects=replace(fusion.over_subjects, ci95_low=low))
        return replace(metrics, task="binary", models={"fusion": sure})

    (high,) = check_plausibility(judged(0.95), simulated=False)
    assert (high.passed, high.warning) == (False, True)
    assert "best published: 87.5" in high.message
    assert check_plausibility(judged(0.90), simulated=False)[0].passed
    assert check_plausibility(replace(judged(0.9), task="biovid4"), simulated=False)[0].passed is None
