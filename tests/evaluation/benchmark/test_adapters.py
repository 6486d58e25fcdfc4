"""Estimators and modules of others under our protocols."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from changed_rows import change_rows
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from torch import Tensor, nn

from ecg_facial.ecg.token_features import N_TOKEN_FEATURES
from ecg_facial.errors import SettingsError
from ecg_facial.evaluation.benchmark.adapters import (
    EstimatorPipeline,
    ModulePipeline,
    face_features,
    heart_features,
    summary_features,
)
from ecg_facial.evaluation.benchmark.fold_running import fit_fold, rows_of_part, run_fold
from ecg_facial.evaluation.benchmark.pipelines import CalibratedPipeline
from ecg_facial.evaluation.benchmark.settings import BenchmarkSettings
from ecg_facial.evaluation.benchmark.trial_set import TrialSet
from ecg_facial.evaluation.protocols.folds import Fold, leave_one_subject_out
from ecg_facial.evaluation.protocols.settings import InnerSettings
from ecg_facial.labels import get_task
from ecg_facial.learning.settings import TrainingSettings
from ecg_facial.workflow.comparing import benchmark

TASK = get_task("biovid4")
PEOPLE = [f"s{number:02d}" for number in range(6)]


@pytest.fixture
def prepared(make_prepared: Callable) -> Any:
    return make_prepared(n_subjects=len(PEOPLE), per_level=2, n_frames=2)


def first_fold(**inner: Any) -> Fold:
    return next(leave_one_subject_out(PEOPLE, seed=0, inner=InnerSettings(**inner)))


class MeanOfTokens(nn.Module):
    """Mean of the valid tokens, then two layers."""

    def __init__(self, n_classes: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(N_TOKEN_FEATURES, 16), nn.ReLU(), nn.Linear(16, n_classes))

    def forward(self, tokens: Tensor, times_s: Tensor, mask: Tensor) -> Tensor:
        valid = mask[..., None].float()
        return self.layers((tokens * valid).sum(dim=1) / valid.sum(dim=1).clamp(min=1))


def make_own(kind: str) -> CalibratedPipeline:
    if kind == "estimator":
        estimator = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
        return EstimatorPipeline("own", estimator, features=heart_features)
    training = TrainingSettings(epochs=30, batch_size=8, learning_rate=2e-2)
    return ModulePipeline("own", MeanOfTokens, training=training)


@pytest.mark.parametrize("kind", ["estimator", "module"])
def test_a_model_of_ones_own_learns_what_the_tokens_tell(prepared: Any, kind: str) -> None:
    table = benchmark(prepared, make_own(kind), settings=BenchmarkSettings(baselines=False), audit=False)
    assert list(table["model"].unique()) == ["own"]
    assert len(table) == len(PEOPLE)
    # one trial of the first person has no heart beat, and no answer
    assert table["n_trials"].tolist() == [7, *[8] * (len(PEOPLE) - 1)]
    assert table["n_unanswered"].tolist() == [1, *[0] * (len(PEOPLE) - 1)]
    assert table["accuracy"].mean() > 0.7, "tokens follow the level by three standard deviations"
    assert table["seconds"].notna().all()


def test_features_are_means_and_deviations_of_what_is_there(prepared: Any) -> None:
    trials = TrialSet(prepared, range(4), task=TASK)
    heart, face, both = heart_features(trials), face_features(trials), summary_features(trials)
    np.testing.assert_allclose(heart[2, :3], prepared[2].tokens.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(heart[2, -3:], prepared[2].tokens[-1], rtol=1e-5)
    seen = np.stack([trials.frame_features(3)[f] for f in np.flatnonzero(prepared[3].frame_mask)])
    np.testing.assert_allclose(face[3, :512], seen.mean(axis=0), rtol=1e-5)
    assert np.isnan(face[0]).all()
    assert np.isnan(heart[1]).all()
    assert (both[0, : face.shape[1]] == 0).all()
    np.testing.assert_array_equal(both[0, face.shape[1] :], heart[0])


def test_a_scaler_in_the_estimator_sees_training_and_stopping_subjects_alone(prepared: Any) -> None:
    pipeline = EstimatorPipeline("own", make_pipeline(StandardScaler(), LogisticRegression()), features=heart_features)
    fold = first_fold(calibration_share=0.2)
    scaler = fit_fold(prepared, fold, pipeline, task=TASK, seed=0).method.learned.estimator[0]
    rows = [row for part in (fold.train, fold.stopping) for row in rows_of_part(prepared, fold, part, task=TASK)]
    seen = heart_features(TrialSet(prepared, [row for row in rows if len(prepared[row].tokens)], task=TASK))
    np.testing.assert_allclose(scaler.mean_, seen.mean(axis=0), rtol=1e-5)


def test_the_fingerprint_of_an_estimator_holds_its_scaler(prepared: Any) -> None:
    pipeline = EstimatorPipeline("own", make_pipeline(StandardScaler(), DummyClassifier()), features=heart_features)
    fold = first_fold()

    def fingerprint() -> str:
        return fit_fold(prepared, fold, pipeline, task=TASK, seed=0).fingerprint()["estimator:own"]

    before = fingerprint()
    prepared = change_rows(prepared, [2], tokens=lambda tokens: tokens + 1)
    assert fingerprint() == before, "row 2 is the test subject's"
    row = rows_of_part(prepared, fold, fold.train, task=TASK)[0]
    prepared = change_rows(prepared, [row], tokens=lambda tokens: tokens + 1)
    assert fingerprint() != before


def test_a_class_that_did_not_train_gets_the_least_probability(prepared: Any) -> None:
    fold = first_fold(calibration_share=0.0)
    inner = prepared.table["subject"] != "s00"
    prepared.table.loc[inner & (prepared.table["level"] == "PA1"), "level"] = "PA2"
    outcome = run_fold(
        prepared, fold, EstimatorPipeline("own", DummyClassifier(), features=heart_features), task=TASK, seed=0
    )
    assert outcome.logits["own"].shape == (8, 4)
    assert (outcome.logits["own"][2:].argmin(axis=1) == 1).all()
    assert np.isnan(outcome.logits["own"][1]).all()


def test_a_random_estimator_follows_the_seed_of_the_run(prepared: Any) -> None:
    forest = EstimatorPipeline("forest", RandomForestClassifier(n_estimators=5), features=heart_features)
    said = [run_fold(prepared, first_fold(), forest, task=TASK, seed=seed).logits["forest"] for seed in (0, 0, 1)]
    np.testing.assert_array_equal(said[0], said[1])
    assert not np.array_equal(said[0], said[2], equal_nan=True)


def test_an_estimator_without_probabilities_is_refused() -> None:
    with pytest.raises(SettingsError, match="LinearSVC has no predict_proba"):
        EstimatorPipeline("svc", LinearSVC())


def test_the_table_has_a_row_a_model_fold_and_seed_and_stamps_what_leaks(prepared: Any) -> None:
    own = [EstimatorPipeline(name, LogisticRegression(), features=heart_features) for name in ("a", "b")]
    settings = BenchmarkSettings(protocol="kfold:3", seeds=2, seed=5, baselines=False)
    table = benchmark(prepared, own, settings=settings, audit=False)
    assert len(table) == 2 * 3 * 2
    assert table.groupby(["model", "seed"])["n_trials"].sum().tolist() == [47] * 4
    assert sorted(table["seed"].unique()) == [5, 6]
    assert set(table["stamps"]) == {""}
    leaking = benchmark(prepared, own[0], settings=replace(settings, protocol="original", seeds=1), audit=False)
    assert set(leaking["protocol"]) == {"loso", "original"}
    assert leaking.loc[leaking["protocol"] == "original", "stamps"].str.startswith("LEAKS").all()
    assert leaking.loc[leaking["protocol"] == "loso", "stamps"].eq("").all()
    with pytest.raises(SettingsError, match="models a are given by two"):
        benchmark(prepared, [own[0], own[0]])
