"""Forests, logistic regressions and late fusion on a table of features."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from feature_table import LABELS, draw_features
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ecg_facial.errors import SettingsError
from ecg_facial.evaluation.benchmark.feature_models import (
    FeatureModels,
    WeightedSum,
    choose_feature_models,
    describe_feature_models,
    fill,
    find_medians,
)
from ecg_facial.evaluation.benchmark.fold_running import fit_fold, rows_of_part
from ecg_facial.evaluation.benchmark.runner import make_pipelines
from ecg_facial.evaluation.benchmark.trial_set import TrialSet
from ecg_facial.evaluation.protocols.folds import Fold, leave_one_subject_out
from ecg_facial.evaluation.protocols.settings import InnerSettings
from ecg_facial.labels import Task
from ecg_facial.learning.settings import ModelSettings
from ecg_facial.prepared.tabular import TabularData

TASK = Task(name="own", class_names=LABELS)


def make_data(table: pd.DataFrame, *, modalities: tuple[str, ...] = ("facial", "ecg")) -> TabularData:
    trials = pd.DataFrame({"subject": table["who"], "trial": [f"t{n}" for n in table.index], "level": table["pain"]})
    columns = {"facial": ["face_0", "face_1", "face_2"], "ecg": ["ecg_0", "ecg_1"], "skin": ["face_2", "ecg_1"]}
    return TabularData(trials, {name: table[columns[name]] for name in modalities})


def first_fold(n_subjects: int = 6) -> Fold:
    people = [f"p{number}" for number in range(n_subjects)]
    return next(leave_one_subject_out(people, seed=0, inner=InnerSettings()))


def fit(data: TabularData, kind: Any) -> Any:
    (pipeline,) = make_pipelines([FeatureModels(ModelSettings(), kind)], data, task=TASK)
    return fit_fold(data, first_fold(), pipeline, task=TASK, seed=0).method


def predict(method: Any, data: TabularData) -> dict[str, Any]:
    rows = np.flatnonzero(data.table["subject"] == "p0")
    said: dict[str, Any] = method.predict(TrialSet(data, rows.tolist(), task=TASK, labelled=False))
    return said


def names_of(data: TabularData) -> list[tuple[str, ...]]:
    return [pipeline.models for pipeline in make_pipelines(choose_feature_models(ModelSettings()), data, task=TASK)]


def test_models_are_those_of_each_modality_of_all_and_their_fusion() -> None:
    table = draw_features()
    assert names_of(make_data(table)) == [
        ("facial", "ecg", "all", "fusion", "fusion:equal"),
        ("facial:logistic", "ecg:logistic", "all:logistic", "fusion:logistic"),
    ]
    assert names_of(make_data(table, modalities=("skin",))) == [("skin",), ("skin:logistic",)]
    assert names_of(make_data(table, modalities=("ecg", "skin")))[0] == ("ecg", "skin", "all", "fusion")


def test_the_fusion_of_face_and_ecg_has_the_given_weights_and_others_equal_ones() -> None:
    said = {name: np.array([[1.0, 0.0], [np.nan, np.nan]]) for name in ("facial", "skin")}
    said["ecg"] = np.array([[0.0, 1.0], [0.0, 3.0]])
    rows = TrialSet(make_data(draw_features()), range(9), task=TASK)
    fused, equal = FeatureModels(ModelSettings(face_weight=0.7, ecg_weight=0.3))(rows).learner.fusions
    np.testing.assert_allclose(fused.combine(said), [[0.7, 0.3], [0.0, 3.0]])
    np.testing.assert_allclose(equal.combine(said), [[0.5, 0.5], [0.0, 3.0]])
    rows = TrialSet(make_data(draw_features(), modalities=("facial", "skin", "ecg")), range(9), task=TASK)
    (third,) = FeatureModels(ModelSettings())(rows).learner.fusions
    np.testing.assert_allclose(third.combine(said), [[2 / 3, 1 / 3], [0.0, 3.0]])


def test_a_fusion_of_silent_models_is_silent() -> None:
    nothing = {"a": np.full((1, 2), np.nan), "b": np.full((1, 2), np.nan)}
    assert np.isnan(WeightedSum(name="fusion", weights=(("a", 0.5), ("b", 0.5))).combine(nothing)).all()


def test_the_logistic_regression_is_that_of_scikit_learn_on_training_and_stopping_people() -> None:
    table = draw_features(strength=0.5)
    table.loc[table.index % 7 == 0, "ecg_0"] = np.nan
    data = make_data(table)
    said = fit(data, "logistic").learned.predict(TrialSet(data, range(9), task=TASK))
    fold = first_fold()
    rows = [row for part in (fold.train, fold.stopping) for row in rows_of_part(data, fold, part, task=TASK)]
    classes = np.array([LABELS.index(label) for label in table["pain"]])
    model = make_pipeline(
        SimpleImputer(strategy="median"), StandardScaler(), LogisticRegression(max_iter=2000, class_weight="balanced")
    )
    values = table[["ecg_0", "ecg_1"]].to_numpy()
    model.fit(values[rows], classes[rows])
    np.testing.assert_allclose(np.exp(said["ecg:logistic"]), model.predict_proba(values[:9]), atol=1e-5)


@pytest.mark.parametrize("kind", ["forest", "logistic"])
def test_models_learn_what_the_features_tell(kind: str) -> None:
    data = make_data(draw_features(n_trials=12, strength=3.0))
    said = predict(fit(data, kind), data)
    right = np.tile([0, 1, 2], 4)
    for name in ("facial", "ecg", "all", "fusion"):
        model = name if kind == "forest" else f"{name}:{kind}"
        assert (said[model].argmax(axis=1) == right).mean() > 0.7, model


@pytest.mark.parametrize("kind", ["forest", "logistic"])
def test_a_trial_without_a_modality_gets_no_answer_of_its_model_and_the_others_of_the_fusion(kind: str) -> None:
    suffix = "" if kind == "forest" else f":{kind}"
    table = draw_features()
    table.loc[0, ["face_0", "face_1", "face_2"]] = np.nan
    table.loc[1, "face_0"] = np.nan
    table.loc[2, ["face_0", "face_1", "face_2", "ecg_0", "ecg_1"]] = np.nan
    data = make_data(table)
    said = fit(data, kind).learned.predict(TrialSet(data, range(4), task=TASK))
    assert np.isnan(said[f"facial{suffix}"]).all(axis=1).tolist() == [True, False, True, False]
    np.testing.assert_allclose(said[f"fusion{suffix}"][0], said[f"ecg{suffix}"][0])
    for name in ("all", "fusion"):
        assert np.isnan(said[f"{name}{suffix}"]).all(axis=1).tolist() == [False, False, True, False]


def test_medians_come_from_the_training_part_alone() -> None:
    table = draw_features()
    before = fit(make_data(table), "forest").fingerprint()
    table.loc[table["who"] == "p0", ["face_0", "ecg_0"]] += 100
    assert fit(make_data(table), "forest").fingerprint() == before, "p0 is the tested person"
    table.loc[table["who"] != "p0", "face_0"] += 100
    after = fit(make_data(table), "forest").fingerprint()
    assert {name for name in before if before[name] != after[name]} >= {"medians:facial", "estimator:all"}
    assert after["medians:ecg"] == before["medians:ecg"]


def test_missing_values_take_the_median_and_a_column_without_values_0() -> None:
    rows = np.array([[1.0, np.nan], [np.nan, np.nan], [5.0, np.nan], [6.0, np.nan]])
    medians = find_medians(rows)
    assert medians.tolist() == [5.0, 0.0]
    assert fill(rows, medians).tolist() == [[1.0, 0.0], [5.0, 0.0], [5.0, 0.0], [6.0, 0.0]]


@pytest.mark.parametrize("kind", ["forest", "logistic"])
def test_a_constant_feature_and_an_absent_one_do_no_harm(kind: str) -> None:
    table = draw_features().assign(face_1=4.1, face_2=np.nan)
    said = predict(fit(make_data(table), kind), make_data(table))
    assert all(np.isfinite(values).all() for values in said.values())


def test_training_trials_of_one_class_alone_are_refused_by_the_models_name() -> None:
    table = draw_features()
    table.loc[table["pain"] != "mild", ["ecg_0", "ecg_1"]] = np.nan
    with pytest.raises(SettingsError, match="model ecg: fewer than two classes of training trials have its features"):
        fit(make_data(table), "forest")


def test_windows_are_no_table(make_prepared: Callable[..., Any]) -> None:
    data = make_prepared(n_subjects=1, n_frames=2)
    trials = TrialSet(data, range(4), task=Task(name="own", class_names=("BL1", "PA1", "PA2", "PA3")))
    with pytest.raises(SettingsError, match="no table of features"):
        FeatureModels(ModelSettings())(trials)
    with pytest.raises(SettingsError, match="it has none, its signals are windows"):
        trials.values("facial")


def test_the_notes_say_what_the_models_are() -> None:
    assert "0.8 x facial + 0.2 x ecg" in describe_feature_models(ModelSettings(), ("facial", "ecg"))[1]
    assert describe_feature_models(ModelSettings(), ("ecg", "skin"))[1] == "fusion: the mean of their log probabilities"
    assert len(describe_feature_models(ModelSettings(), ("skin",))) == 1
