"""What a method is handed, what it may not see, and what is fitted after it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from changed_rows import change_rows
from held_out import make_held_out
from scipy.special import log_softmax

from ecg_facial.ecg_model import ECGDataset, ECGModel
from ecg_facial.errors import SettingsError, WithheldError
from ecg_facial.evaluation.benchmark.builtin import NetworksFactory, take_apart
from ecg_facial.evaluation.benchmark.fold_running import fit_fold, make_parts, predict_rows, rows_of_part, run_fold
from ecg_facial.evaluation.benchmark.pipelines import CalibratedPipeline, hash_module, mark_broken
from ecg_facial.evaluation.benchmark.settings import BenchmarkSettings
from ecg_facial.evaluation.benchmark.trial_set import TrialSet, shuffle_rows
from ecg_facial.evaluation.protocols.folds import Fold, Part, leave_one_subject_out
from ecg_facial.evaluation.protocols.settings import InnerSettings
from ecg_facial.facial_model import FacialDataset
from ecg_facial.inference.calibration import Temperature
from ecg_facial.labels import get_task
from ecg_facial.learning.models import make_models
from ecg_facial.learning.settings import ModelSettings, TrainingSettings
from ecg_facial.learning.training import fit, predict_logits
from ecg_facial.nets.settings import EcgSettings, FacialSettings
from ecg_facial.prepared.queries import has_beats, rows_of, sees_face
from ecg_facial.runtime.settings import to_dict

TASK = get_task("biovid4")
PEOPLE = [f"s{number:02d}" for number in range(10)]
INNER = InnerSettings(calibration_share=0.45, conformal_share=0.2)
QUICK = TrainingSettings(epochs=2, batch_size=8)
MODELS = ModelSettings(
    facial=FacialSettings(hidden=4, n_layers=1),
    ecg=EcgSettings(width=16, n_heads=2, n_layers=1, feedforward=16),
    facial_training=QUICK,
    ecg_training=QUICK,
)


@pytest.fixture
def prepared(make_prepared: Callable) -> Any:
    return make_prepared(n_subjects=len(PEOPLE), per_level=2, n_frames=2)


def first_fold(inner: InnerSettings = INNER) -> Fold:
    return next(leave_one_subject_out(PEOPLE, seed=0, inner=inner))


def everything(prepared: Any) -> TrialSet:
    return TrialSet(prepared, range(len(prepared)), task=TASK)


@dataclass(frozen=True)
class Spy:
    """Learner that keeps what it was handed and says the mean token of each trial; nothing without a token."""

    seen: list[Any]
    name: str = "spy"
    abstains: bool = True

    @property
    def models(self) -> tuple[str, ...]:
        return (self.name,)

    def describe(self) -> Mapping[str, Any]:
        return {"spy": 1}

    def fit(self, train: TrialSet, stopping: TrialSet, /, *, seed: int, folder: Any = None) -> Spy:
        self.seen.append(("fit", train, stopping))
        return self

    def predict(self, trials: TrialSet, /) -> Mapping[str, np.ndarray]:
        self.seen.append(("predict", trials))
        means = [trials[place].tokens.mean() if trials.has_beats[place] else np.nan for place in range(len(trials))]
        return {self.name: np.outer(means, np.arange(1.0, 5.0))}

    def fingerprint(self) -> Mapping[str, str]:
        return {}

    def details(self) -> Mapping[str, Any]:
        return {}

    def __deepcopy__(self, memo: Any) -> Spy:
        return self


def test_a_refit_takes_all_inner_subjects_and_keeps_epochs_and_temperatures(prepared: Any) -> None:
    inner, pipeline = InnerSettings(calibration_share=0.4), NetworksFactory(MODELS, descriptors=True)
    made = pipeline(everything(prepared))

    def fit_with(refit: str) -> Any:
        return fit_fold(prepared, first_fold(replace(inner, refit=refit)), made, task=TASK, seed=0).method

    before, after = fit_with("none"), fit_with("all")
    assert after.details()["temperatures"] == before.details()["temperatures"]
    assert after.details()["best_epochs"] == before.details()["best_epochs"]
    for name in ("weights:facial", "weights:ecg", "forest:facial:descriptors"):
        assert after.fingerprint()[name] != before.fingerprint()[name]
    # by hand: everybody but the test person, for as many epochs as were best
    models = make_models(MODELS, n_classes=TASK.n_classes, seed=0)
    fold = first_fold(inner)
    rows = [
        row
        for part in (fold.train, fold.stopping, fold.calibration)
        for row in rows_of_part(prepared, fold, part, task=TASK)
    ]
    own = [row for row in rows if has_beats(prepared, row)]
    assert len(rows) == len(prepared) - 8
    best = before.details()["best_epochs"]["ecg"]
    fit(models[1], ECGDataset(prepared, own, task=TASK), settings=MODELS.ecg_training, seed=0, last_epoch=best)
    assert after.fingerprint()["weights:ecg"] == hash_module(models[1])


def test_trials_to_be_predicted_tell_neither_label_nor_name_nor_an_order_by_level(prepared: Any) -> None:
    spy = Spy([])
    run_fold(prepared, first_fold(), CalibratedPipeline(spy), task=TASK, seed=0)
    (tested,) = [said[1] for said in spy.seen if said[0] == "predict" and set(said[1].subjects) == {"s00"}]
    with pytest.raises(WithheldError, match="labels"):
        _ = tested.labels
    with pytest.raises(WithheldError, match="names"):
        _ = tested.trials
    assert not {"level", "trial", "problem"} & set(tested.table.columns)
    with pytest.raises(WithheldError):
        _ = tested.select(np.ones(len(tested), dtype=bool)).labels
    for data in (tested.ecg_data(), tested.facial_data()):
        assert set(data.labels) == {-1}
    means = [tested[place].tokens.mean() for place in range(len(tested)) if tested.has_beats[place]]
    assert np.any(np.diff(means) < 0), "tokens grow with the level, and the order must not"


def test_a_learner_is_handed_the_parts_of_its_fold_and_nobody_else(prepared: Any) -> None:
    spy, fold = Spy([]), first_fold()
    fit_fold(prepared, fold, CalibratedPipeline(spy), task=TASK, seed=0)
    (fit, calibrated) = spy.seen
    assert set(fit[1].subjects) == set(fold.train.subjects)
    assert set(fit[2].subjects) == set(fold.stopping.subjects)
    assert set(calibrated[1].subjects) == set(fold.calibration.subjects)
    assert len(fit[1]) == 8 * len(fold.train.subjects)


def test_cross_fitting_predicts_each_group_by_a_fit_without_it_and_refits(prepared: Any) -> None:
    spy, fold = Spy([]), first_fold(InnerSettings(rule="crossfit", n_inner_folds=3, conformal_share=0.1))
    outcome = run_fold(prepared, fold, CalibratedPipeline(spy), task=TASK, seed=0)
    fits = [said for said in spy.seen if said[0] == "fit"]
    predictions = [said[1] for said in spy.seen if said[0] == "predict"]
    assert len(fits) == 4
    for (_, train, stopping), held_out in zip(fits[1:], predictions[:3], strict=True):
        assert not set(held_out.subjects) & {*train.subjects, *stopping.subjects}
        assert {*held_out.subjects, *train.subjects, *stopping.subjects} == set(PEOPLE[1:])
    assert {*fits[0][1].subjects, *fits[0][2].subjects} == set(PEOPLE[1:])
    assert sorted(outcome.conformal_rows) == list(range(8, 8 * len(PEOPLE)))
    temperature = outcome.details["temperatures"]["spy"]["value"]
    for row, logits in zip(outcome.conformal_rows, outcome.conformal_logits["spy"], strict=True):
        if len(prepared[row].tokens):
            np.testing.assert_allclose(logits[0] * temperature, prepared[row].tokens.mean(), rtol=1e-6)


def test_out_of_fold_logits_that_are_not_finite_are_an_error_that_names_the_trial(prepared: Any) -> None:
    class Broken(Spy):
        def predict(self, trials: TrialSet, /) -> Mapping[str, np.ndarray]:
            said = super().predict(trials)[self.name]
            said[np.array(trials.subjects) == PEOPLE[2], 1] = -np.inf
            return {self.name: said}

    fold = first_fold(InnerSettings(rule="crossfit", n_inner_folds=3, conformal_share=0.1))
    with pytest.raises(SettingsError, match=rf"model spy gives trial {PEOPLE[2]}-\S+ the logits .*-inf"):
        run_fold(prepared, fold, CalibratedPipeline(Broken([])), task=TASK, seed=0)


def test_predictions_come_back_in_the_order_of_the_rows(prepared: Any) -> None:
    rows = list(range(2, 8))
    assert shuffle_rows(prepared, rows) != rows
    said = predict_rows(prepared, Spy([]), rows, task=TASK, models=["spy"])["spy"][:, 0]
    np.testing.assert_allclose(said, [prepared[row].tokens.mean() for row in rows])


@pytest.mark.parametrize("broken", [[0.0, -np.inf, 0.0, 0.0], [0.0, np.nan, 0.0, 0.0], [np.inf] * 4])
def test_logits_that_are_not_finite_are_an_error_that_names_the_trial(prepared: Any, broken: list[float]) -> None:
    class Broken(Spy):
        def predict(self, trials: TrialSet, /) -> Mapping[str, np.ndarray]:
            means = np.array([trials[place].tokens.mean() for place in range(len(trials))])
            return {"spy": np.where(means[:, None] == prepared[4].tokens.mean(), [broken], 0.0)}

    for abstains in (False, True):
        with pytest.raises(SettingsError, match=f"model spy gives trial {prepared.table['trial'][4]} the logits"):
            predict_rows(prepared, Broken([], abstains=abstains), [2, 3, 4, 5], task=TASK, models=["spy"])


def test_a_row_of_nan_is_an_answer_that_is_missing_for_methods_that_decline_alone(prepared: Any) -> None:
    rows = [0, 1, 2]
    assert not len(prepared[1].tokens)
    with pytest.raises(SettingsError, match=r"trial s00-BL1-001 .* set abstains = True"):
        predict_rows(prepared, Spy([], abstains=False), rows, task=TASK, models=["spy"])
    said = predict_rows(prepared, Spy([]), rows, task=TASK, models=["spy"])["spy"]
    assert np.isnan(said).all(axis=1).tolist() == [False, True, False]


def test_a_network_that_breaks_does_not_pass_for_one_that_declines() -> None:
    assert mark_broken(np.array([[np.nan, 1.0], [0.0, 2.0]])).tolist() == [[np.inf, 1.0], [0.0, 2.0]]


def test_a_pipeline_that_gives_another_shape_or_model_is_refused(prepared: Any) -> None:
    spy = Spy([], name="other")
    with pytest.raises(SettingsError, match="expected spy"):
        predict_rows(prepared, spy, [2, 3], task=TASK, models=["spy"])

    class Flat(Spy):
        def predict(self, trials: TrialSet, /) -> Mapping[str, np.ndarray]:
            return {"spy": np.zeros(len(trials))}

    with pytest.raises(SettingsError, match=r"shape \(2,\)"):
        predict_rows(prepared, Flat([]), [2, 3], task=TASK, models=["spy"])


def test_a_trial_listed_by_name_is_in_that_part_alone(prepared: Any) -> None:
    shot = str(prepared.table["trial"].iloc[3])
    fold = replace(first_fold(), train=Part(first_fold().train.subjects, (shot,)))
    assert 3 in rows_of_part(prepared, fold, fold.train, task=TASK)
    assert rows_of_part(prepared, fold, fold.test, task=TASK) == [0, 1, 2, 4, 5, 6, 7]


def fit_alone(prepared: Any, fold: Fold, rows: Sequence[int], *, seed: int) -> dict[str, np.ndarray]:
    """Logits of both networks, fitted without a pipeline; NaN where a trial lacks the signal."""
    models = make_models(MODELS, n_classes=TASK.n_classes, seed=seed)
    parts = [rows_of(prepared, subjects, TASK) for subjects in (fold.train_subjects, fold.validation_subjects)]
    kinds = (
        ("facial", FacialDataset, sees_face, MODELS.facial_training),
        ("ecg", ECGDataset, has_beats, MODELS.ecg_training),
    )
    logits = {}
    for model, (name, kind, usable, training) in zip(models, kinds, strict=True):
        data = [kind(prepared, [row for row in part if usable(prepared, row)], task=TASK) for part in parts]
        fit(model, *data, settings=training, seed=seed)
        logits[name] = predict_logits(model, kind(prepared, rows, task=None))
        logits[name][[not usable(prepared, row) for row in rows]] = np.nan
    return logits


def test_without_calibration_the_networks_say_what_they_said_when_fitted_alone(prepared: Any) -> None:
    fold = first_fold(InnerSettings(calibration_share=0.0))
    pipeline = NetworksFactory(MODELS)(everything(prepared))
    outcome = run_fold(prepared, fold, pipeline, task=TASK, seed=3)
    alone = fit_alone(prepared, fold, outcome.rows, seed=3)
    for model in ("facial", "ecg"):
        np.testing.assert_allclose(outcome.logits[model], alone[model], atol=1e-5)
    np.testing.assert_allclose(
        outcome.logits["fusion"][2:], 0.8 * alone["facial"][2:] + 0.2 * alone["ecg"][2:], atol=1e-5
    )
    assert np.isnan(outcome.logits["facial"][0]).all()
    assert np.isnan(outcome.logits["ecg"][1]).all()
    nobody = to_dict(Temperature(reason="nobody was set apart for calibration"))
    assert outcome.details["temperatures"] == {"facial": nobody, "ecg": nobody, "fusion": nobody}


def test_fingerprints_follow_the_inner_subjects_and_not_the_test_subject(prepared: Any) -> None:
    fold, pipeline = first_fold(), NetworksFactory(MODELS, "learned")(everything(prepared))

    def fingerprint() -> Mapping[str, str]:
        return fit_fold(prepared, fold, pipeline, task=TASK, seed=0).fingerprint()

    before = fingerprint()
    assert set(before) >= {"weights:facial", "weights:ecg", "epochs", "combiner", "temperatures", "settings"}
    assert all(len(digest) == 64 for digest in before.values())
    tested = rows_of_part(prepared, fold, fold.test, task=TASK)
    prepared = change_rows(prepared, tested, tokens=np.negative)
    prepared.table.loc[tested, "level"] = "PA3"
    assert fingerprint() == before
    calibrating = rows_of_part(prepared, fold, fold.calibration, task=TASK)
    prepared.table.loc[calibrating, "level"] = prepared.table["level"].to_numpy()[calibrating[::-1]]
    after = fingerprint()
    assert after["temperatures"] != before["temperatures"]
    assert after["weights:ecg"] == before["weights:ecg"]


def test_a_chosen_fusion_is_judged_beside_the_others_and_the_choice_is_kept(prepared: Any) -> None:
    pipeline = NetworksFactory(MODELS, descriptors=True, choose_face=True)(everything(prepared))
    assert pipeline.models[-3:] == ("fusion", "fusion:descriptors", "fusion:chosen")
    fitted = fit_fold(prepared, first_fold(), pipeline, task=TASK, seed=0).method
    face = fitted.details()["combiners"]["fusion:chosen"]["face"]
    logits = fitted.predict(everything(prepared))
    same = {"facial": "fusion", "facial:descriptors": "fusion:descriptors"}[face]
    np.testing.assert_allclose(logits["fusion:chosen"], logits[same])
    with pytest.raises(SettingsError, match="no facial:descriptors to choose"):
        BenchmarkSettings(choose_face=True, baselines=False)


def test_a_bundle_gets_the_networks_and_the_learned_weights(prepared: Any) -> None:
    pipeline = NetworksFactory(MODELS, "learned")(everything(prepared))
    fitted = fit_fold(prepared, first_fold(), pipeline, task=TASK, seed=0)
    parts = take_apart(fitted.method)
    assert parts.models == ("facial", "ecg")
    assert fitted.fingerprint()["weights:facial"] == hash_module(parts.facial)
    assert fitted.fingerprint()["weights:ecg"] == hash_module(parts.ecg)
    details, fusion = fitted.method.details(), parts.fusion
    assert details["combiners"]["fusion"]["fusion"]["face_weight"] == fusion.face_weight == 1 - fusion.ecg_weight
    assert details["temperatures"] == to_dict(fusion.temperatures)


def test_descriptors_enter_pipeline_and_bundle_beside_the_networks_and_have_a_fusion_of_their_own(
    prepared: Any,
) -> None:
    pipeline = NetworksFactory(MODELS, descriptors=True)(everything(prepared))
    assert pipeline.models == ("facial", "ecg", "facial:descriptors", "fusion", "fusion:descriptors")
    fold = first_fold(InnerSettings(calibration_share=0.4))
    fitted = fit_fold(prepared, fold, pipeline, task=TASK, seed=0)
    parts, temperatures = take_apart(fitted.method), fitted.method.details()["temperatures"]
    assert parts.forest is not None
    assert fitted.fingerprint()["forest:facial:descriptors"] == parts.forest.fingerprint()
    own = to_dict(parts.descriptors.temperatures)
    assert own == {
        "facial": temperatures["facial:descriptors"],
        "ecg": temperatures["ecg"],
        "fusion": temperatures["fusion:descriptors"],
    }
    raw = fitted.method.learned.predict(everything(prepared).without_labels())
    expected = parts.descriptors.logits(raw["facial:descriptors"], raw["ecg"])["fusion"]
    found = fitted.method.predict(everything(prepared).without_labels())["fusion:descriptors"]
    np.testing.assert_allclose(found, expected)
    alone = fit_fold(prepared, fold, NetworksFactory(MODELS)(everything(prepared)), task=TASK, seed=0)
    assert take_apart(alone.method).forest is None
    assert alone.fingerprint()["weights:facial"] == fitted.fingerprint()["weights:facial"]


def test_a_bundle_of_another_facial_network_holds_no_forest_on_the_shipped_ones_features(prepared: Any) -> None:
    random = replace(MODELS, facial=replace(MODELS.facial, weights="none"))
    pipeline = NetworksFactory(random, descriptors=True)(everything(prepared))
    fitted = fit_fold(prepared, first_fold(), pipeline, task=TASK, seed=0)
    assert "forest:facial:descriptors" in fitted.fingerprint()
    assert take_apart(fitted.method).forest is None


def test_temperatures_lower_the_log_loss_and_change_no_decision(prepared: Any) -> None:
    held_out = make_held_out(noise=(1.0, 1.0), n=len(prepared))
    raw = 5 * held_out.logits["facial"]

    class Loud(Spy):
        def predict(self, trials: TrialSet, /) -> Mapping[str, np.ndarray]:
            return {"spy": raw[trials._rows]}

    prepared.table["level"] = np.array(TASK.class_names)[held_out.labels]
    fold = first_fold(InnerSettings(calibration_share=0.4))
    fitted = CalibratedPipeline(Loud([])).fit(make_parts(prepared, fold, task=TASK)[1], seed=0)
    assert fitted.temperatures["spy"].value > 2
    assert (fitted.temperatures["spy"].n_subjects, fitted.temperatures["spy"].n_trials) == (4, 32)
    rows = rows_of_part(prepared, fold, fold.calibration, task=TASK)
    scaled = predict_rows(prepared, fitted, rows, task=TASK, models=["spy"])["spy"]
    np.testing.assert_array_equal(scaled.argmax(axis=1), raw[rows].argmax(axis=1))
    losses = [
        -log_softmax(each, axis=1)[range(len(rows)), held_out.labels[rows]].mean() for each in (scaled, raw[rows])
    ]
    assert losses[0] < losses[1]


def test_a_trial_with_one_signal_takes_that_models_calibrated_logits(prepared: Any) -> None:
    fold = first_fold(InnerSettings(calibration_share=0.4))
    outcome = run_fold(prepared, fold, NetworksFactory(MODELS)(everything(prepared)), task=TASK, seed=0)
    temperatures = outcome.details["temperatures"]
    assert len({each["value"] for each in temperatures.values()}) == 3
    np.testing.assert_allclose(outcome.logits["fusion"][0], outcome.logits["ecg"][0])
    np.testing.assert_allclose(outcome.logits["fusion"][1], outcome.logits["facial"][1])


def test_data_in_which_nobody_has_a_face_get_the_ecg_model_alone(prepared: Any) -> None:
    prepared = change_rows(prepared, range(len(prepared)), frame_mask=np.zeros_like)
    pipeline = NetworksFactory(MODELS)(everything(prepared))
    assert pipeline.models == ("ecg",)
    outcome = run_fold(prepared, first_fold(), pipeline, task=TASK, seed=0)
    assert set(outcome.logits) == {"ecg"}
    parts = take_apart(fit_fold(prepared, first_fold(), pipeline, task=TASK, seed=0).method)
    assert parts.models == ("ecg",)
    assert isinstance(parts.ecg, ECGModel)
    assert parts.facial is None
    with pytest.raises(SettingsError, match="not the built-in pipeline"):
        take_apart(Spy([]))
    nothing = dict.fromkeys(("tokens", "token_times_s"), lambda values: values[:0])
    prepared = change_rows(prepared, range(len(prepared)), **nothing)
    with pytest.raises(SettingsError, match="nothing to learn from"):
        NetworksFactory(MODELS)(everything(prepared))
