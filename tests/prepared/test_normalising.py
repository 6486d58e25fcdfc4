"""Known answers of each way to normalise, and who may influence whom."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from changed_rows import change_rows
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB

from ecg_facial.errors import SettingsError
from ecg_facial.evaluation.benchmark.adapters import EstimatorPipeline, face_features, heart_features, summary_features
from ecg_facial.evaluation.benchmark.fold_running import fit_fold, rows_of_part, run_fold
from ecg_facial.evaluation.benchmark.runner import run_benchmark
from ecg_facial.evaluation.benchmark.settings import BenchmarkSettings
from ecg_facial.evaluation.benchmark.trial_set import TrialSet
from ecg_facial.evaluation.protocols.folds import Fold, leave_one_subject_out
from ecg_facial.labels import get_task
from ecg_facial.nets.features import frozen_features
from ecg_facial.nets.settings import FacialSettings
from ecg_facial.prepared.normalising import describe_order, normalise, order_rows
from ecg_facial.prepared.settings import MODES, NormalisationSettings

TASK = get_task("biovid4")
PEOPLE = [f"s{number:02d}" for number in range(5)]
TRAIN = list(range(24, 60))


@pytest.fixture
def prepared(make_prepared: Callable) -> Any:
    return make_prepared(n_subjects=len(PEOPLE), per_level=3, n_frames=2)


def apply(prepared: Any, mode: str, **settings: Any) -> Any:
    return normalise(prepared, NormalisationSettings(mode=mode, **settings)).fit(TRAIN)


def rows_of_person(prepared: Any, subject: str) -> list[int]:
    return np.flatnonzero(prepared.table["subject"] == subject).tolist()


def pool(prepared: Any, rows: list[int]) -> np.ndarray:
    return np.concatenate([prepared[row].tokens for row in rows]).astype(np.float64)


def test_none_leaves_the_data_as_they_are(prepared: Any) -> None:
    assert normalise(prepared, NormalisationSettings()) is prepared


def test_the_training_part_has_mean_0_and_deviation_1_and_others_are_measured_by_it(prepared: Any) -> None:
    data = apply(prepared, "training-set")
    pooled = pool(data, TRAIN)
    np.testing.assert_allclose(pooled.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(pooled.std(axis=0), 1, atol=1e-5)
    raw = pool(prepared, TRAIN)
    np.testing.assert_allclose(data[3].tokens, (prepared[3].tokens - raw.mean(axis=0)) / raw.std(axis=0), atol=1e-5)


def test_transductive_scales_each_person_by_all_of_their_trials(prepared: Any) -> None:
    data = apply(prepared, "transductive")
    for subject in PEOPLE:
        pooled = pool(data, rows_of_person(prepared, subject))
        np.testing.assert_allclose(pooled.mean(axis=0), 0, atol=1e-5)
        np.testing.assert_allclose(pooled.std(axis=0), 1, atol=1e-4)


def test_baseline_is_the_change_from_rest_where_everybody_rested(prepared: Any) -> None:
    resting = prepared.table.groupby("subject").head(2).index
    prepared.table.loc[resting, "level"] = "REST"
    data = apply(prepared, "baseline")
    assert data.table.equals(prepared.table)
    rest = pool(prepared, rows_of_person(prepared, "s02")[:2]).mean(axis=0)
    row = rows_of_person(prepared, "s02")[7]
    np.testing.assert_allclose(data[row].tokens, prepared[row].tokens - rest, atol=1e-5)


def test_without_rest_the_first_baseline_trials_become_rest_and_leave_the_scoring(prepared: Any, tmp_path: Any) -> None:
    settings = BenchmarkSettings(
        normalisation=NormalisationSettings(mode="baseline", baseline_trials=2), baselines=False
    )
    own = EstimatorPipeline("own", LogisticRegression(), features=heart_features)
    result = run_benchmark(prepared, tmp_path, settings=settings, pipelines=[own])
    predictions = result.predictions.query("model == 'own'")
    assert len(predictions) == 5 * (12 - 2)
    assert predictions.query("label == 'BL1'").groupby("subject").size().tolist() == [1] * 5
    assert result.metrics.normalisation == "baseline"
    data = apply(prepared, "baseline", baseline_trials=2)
    resting = [row for row in rows_of_person(prepared, "s01") if data.table["level"].iloc[row] == "REST"]
    assert set(prepared.table["level"].iloc[resting]) == {"BL1"}
    rest = pool(prepared, resting).mean(axis=0)
    np.testing.assert_allclose(data[20].tokens, prepared[20].tokens - rest, atol=1e-5)
    with pytest.raises(SettingsError, match="subject s00 has 3 BL1 trials"):
        apply(prepared, "baseline", baseline_trials=3)


def test_causal_is_the_change_from_past_trials_and_a_later_one_changes_nothing(prepared: Any) -> None:
    times_s = np.random.default_rng(0).permutation(len(prepared)).astype(float)
    prepared.table["start_s"] = times_s
    data, rows = apply(prepared, "causal"), rows_of_person(prepared, "s03")
    order = sorted(rows, key=lambda row: times_s[row])
    assert describe_order(prepared.table) == "by time (start_s)"
    prior = pool(prepared, TRAIN).mean(axis=0)
    for number, row in enumerate(order):
        past = [prior, *(prepared[other].tokens.mean(axis=0) for other in order[:number])]
        np.testing.assert_allclose(data[row].tokens, prepared[row].tokens - np.mean(past, axis=0), atol=1e-5)
    before = [data[row].tokens.copy() for row in order]
    prepared = change_rows(prepared, [order[6]], tokens=lambda tokens: tokens + 5)
    again = apply(prepared, "causal")
    # the person trains here, so that the prior moves too; compare what remains without it
    shift = pool(prepared, TRAIN).mean(axis=0) - prior
    for number, row in enumerate(order[:6]):
        np.testing.assert_allclose(again[row].tokens, before[number] - shift / (number + 1), atol=1e-5)
    assert not np.allclose(again[order[7]].tokens, before[7], atol=0.1)


def test_without_times_the_order_is_not_that_of_names_that_tell_the_level(prepared: Any) -> None:
    rows = rows_of_person(prepared, "s00")
    order = order_rows(prepared.table, rows)
    assert sorted(order) == rows
    levels = prepared.table["level"].iloc[order].tolist()
    assert levels != sorted(levels)
    assert "hash" in describe_order(prepared.table)


def test_frame_features_are_normalised_where_a_face_is_and_stay_zero_elsewhere(prepared: Any) -> None:
    raw = frozen_features(prepared, FacialSettings())
    features = frozen_features(apply(prepared, "training-set"), FacialSettings())
    seen = np.concatenate([raw(row)[prepared[row].frame_mask] for row in TRAIN]).astype(np.float64)
    varies = seen.std(axis=0) > 1e-3
    row = next(row for row in range(1, 12) if prepared[row].frame_mask.all())
    expected = (raw(row) - seen.mean(axis=0)) / seen.std(axis=0).clip(1e-6)
    np.testing.assert_allclose(features(row)[:, varies], expected[:, varies], rtol=1e-3, atol=1e-3)
    assert (features(0) == 0).all(), "row 0 has no face"
    trials = TrialSet(apply(prepared, "training-set"), [row], task=TASK)
    np.testing.assert_allclose(face_features(trials)[0, :512], features(row).mean(axis=0), rtol=1e-5, atol=1e-5)


def test_a_network_that_is_trained_too_refuses_normalised_data(prepared: Any) -> None:
    with pytest.raises(SettingsError, match="normalisation acts on features"):
        frozen_features(apply(prepared, "causal"), FacialSettings(fine_tune=True))


def first_fold() -> Fold:
    return next(leave_one_subject_out(PEOPLE, seed=0))


@pytest.mark.parametrize("mode", MODES)
def test_nothing_fitted_follows_the_test_subject_in_any_mode(prepared: Any, mode: str) -> None:
    fold, own = first_fold(), EstimatorPipeline("own", GaussianNB(), features=summary_features)

    def fingerprint() -> dict[str, str]:
        data = normalise(prepared, NormalisationSettings(mode=mode, baseline_trials=1))
        return fit_fold(data, fold, own, task=TASK, seed=0).fingerprint()

    before = fingerprint()
    assert (mode == "none") == ("normalisation" not in before)
    if mode != "none":
        assert {"normalisation", "normalisation:tokens"} < set(before)
        assert any(name.startswith("normalisation:features") for name in before)
    own_rows = rows_of_person(prepared, "s00")
    prepared = change_rows(prepared, own_rows, tokens=lambda tokens: tokens * 3 + 1, frame_mask=np.logical_not)
    prepared.table.loc[rows_of_person(prepared, "s00"), "level"] = np.roll(prepared.table["level"][:12], 3)
    assert fingerprint() == before
    row = rows_of_part(prepared, fold, fold.train, task=TASK)[0]
    prepared = change_rows(prepared, [row], tokens=lambda tokens: tokens + 1)
    assert fingerprint() != before


@pytest.mark.parametrize(("mode", "follows"), [("training-set", False), ("causal", False), ("transductive", True)])
def test_one_test_trial_changes_the_prediction_of_an_earlier_one_under_transductive_alone(
    prepared: Any, mode: str, follows: bool
) -> None:
    prepared.table["start_s"] = np.arange(float(len(prepared)))
    own = EstimatorPipeline("own", LogisticRegression(), features=heart_features)

    def predict() -> np.ndarray:
        data = normalise(prepared, NormalisationSettings(mode=mode))
        return run_fold(data, first_fold(), own, task=TASK, seed=0).logits["own"][2]

    before = predict()
    prepared = change_rows(prepared, [10], tokens=lambda tokens: tokens + 5)
    assert np.array_equal(predict(), before) != follows


def test_transductive_is_stamped_and_others_are_not(prepared: Any, tmp_path: Any) -> None:
    own = EstimatorPipeline("own", LogisticRegression(), features=heart_features)
    for mode in MODES:
        settings = BenchmarkSettings(normalisation=NormalisationSettings(mode=mode, baseline_trials=1), baselines=False)
        metrics = run_benchmark(prepared, tmp_path / mode, settings=settings, pipelines=[own]).metrics
        assert metrics.normalisation == mode
        assert [stamp.split(":")[0] for stamp in metrics.stamps] == ["TRANSDUCTIVE"] * (mode == "transductive")


@pytest.mark.parametrize(("mode", "n"), [("zscore", 3), ("baseline", 0)])
def test_unknown_modes_and_no_baseline_are_refused(mode: str, n: int) -> None:
    with pytest.raises(SettingsError, match="expected"):
        NormalisationSettings(mode=mode, baseline_trials=n)


def test_a_person_without_beats_at_rest_is_measured_by_the_training_part(prepared: Any) -> None:
    prepared.table.loc[prepared.table.groupby("subject").head(1).index, "level"] = "REST"
    nothing = dict.fromkeys(("tokens", "token_times_s"), lambda values: values[:0])
    prepared = change_rows(prepared, [0], **nothing)
    data = apply(prepared, "baseline")
    mean = pool(prepared, TRAIN).mean(axis=0)
    np.testing.assert_allclose(data[5].tokens, prepared[5].tokens - mean, atol=1e-5)
    assert isinstance(data.table, pd.DataFrame)
