"""The ideal observer equals an analytic solution, is calibrated, and gains from knowing the person."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from ecg_facial.errors import SettingsError
from ecg_facial.evaluation.judging.predictions_file import predicted_classes
from ecg_facial.evaluation.statistics.metrics import compute_metrics
from ecg_facial.labels import get_task
from ecg_facial.simulate.observer.ceiling import observe_cohort
from ecg_facial.simulate.observer.observer import IdealObserver, ObserverSettings
from ecg_facial.simulate.people.population import simulate_features
from ecg_facial.simulate.settings import presets
from ecg_facial.simulate.settings.cohort_settings import CohortSettings
from ecg_facial.simulate.settings.presets import FaceSettings, HeartSettings, Preset

pytestmark = pytest.mark.long

BINARY, FOUR = get_task("binary"), get_task("biovid4")
QUICK = ObserverSettings(n_people=300, n_courses=32)
N_PEOPLE = 24
COHORT = CohortSettings(n_subjects=12, trials_per_level=10)
# everybody alike: what is left is the intensity of the trial and the resting heart rate
ALIKE_FACE = FaceSettings(
    intensity_sd=0.6, threshold=(-2.0, -2.0), expressiveness=0.2, expressiveness_sd=0.0, exponent=1.0, pattern_sd=0.0,
    trial_pattern_sd=0.0,
)  # fmt: skip
ALIKE_HEART = HeartSettings(
    intensity_sd=0.6, gain_bpm=20.0, gain_sd_bpm=0.0, respiration_bpm=(0.0, 0.0), slow_bpm=(0.0, 0.0), jitter_ms=0.0,
    onset_s=(0.4, 0.4), rise_s=(2.0, 2.0), baseline_trial_sd_bpm=0.0,
)  # fmt: skip


def accuracy_of(table: pd.DataFrame, model: str) -> float:
    part = table[table["model"] == model]
    names = [str(name)[2:] for name in table.columns if str(name).startswith("p_")]
    return float(compute_metrics(part["label"].to_numpy(str), predicted_classes(part), class_names=names).accuracy)


def confidence_of(table: pd.DataFrame, model: str) -> float:
    columns = [name for name in table.columns if str(name).startswith("p_")]
    return float(table.loc[table["model"] == model, columns].max(axis=1).mean())


@pytest.fixture
def alike(monkeypatch: pytest.MonkeyPatch) -> CohortSettings:
    """A population of two parameters: resting rate and intensity."""
    preset = Preset(name="alike", face=ALIKE_FACE, heart=ALIKE_HEART)
    monkeypatch.setitem(presets.PRESETS, "alike", preset)
    return CohortSettings(n_subjects=10, trials_per_level=40, preset="alike")


def test_on_a_toy_the_ceiling_is_the_analytic_one(alike: CohortSettings) -> None:
    """Two normal intensities one unit apart are told apart with probability Phi(1 / (2 sd))."""
    observer = ObserverSettings(au_noise_sd=0.01, beat_jitter_ms=0.5, n_people=200, n_courses=64)
    table = observe_cohort(alike, BINARY, observer=observer)
    n = 10 * 80
    for model in ("facial", "ecg"):
        analytic = norm.cdf(1 / (2 * 0.6))
        assert accuracy_of(table, model) == pytest.approx(analytic, abs=3 * np.sqrt(analytic * (1 - analytic) / n))
        assert confidence_of(table, model) == pytest.approx(analytic, abs=0.02)
    both = norm.cdf(np.sqrt(2) / (2 * 0.6))
    assert accuracy_of(table, "fusion") == pytest.approx(both, abs=3 * np.sqrt(both * (1 - both) / n))
    assert confidence_of(table, "fusion") == pytest.approx(both, abs=0.02)


@pytest.mark.parametrize("preset", sorted(presets.PRESETS))
def test_the_observer_is_right_as_often_as_it_is_sure(preset: str) -> None:
    """Posteriors of the true model are calibrated; a wrong likelihood would be too sure or not sure enough."""
    settings = replace(COHORT, preset=preset, n_subjects=N_PEOPLE)
    table = observe_cohort(settings, FOUR, observer=QUICK)
    for model in ("facial", "ecg", "fusion"):
        people = table[table["model"] == model].assign(right=lambda part: predicted_classes(part) == part["label"])
        error = people.groupby("subject")["right"].mean().std() / np.sqrt(N_PEOPLE)
        assert confidence_of(table, model) == pytest.approx(accuracy_of(table, model), abs=3 * error), model


def test_more_draws_change_little() -> None:
    few, many = (
        observe_cohort(
            replace(COHORT, n_subjects=6), FOUR, observer=ObserverSettings(n_people=people, n_courses=courses)
        )
        for people, courses in ((250, 32), (1000, 128))
    )
    columns = [f"p_{name}" for name in FOUR.class_names]
    assert np.abs(few[columns].to_numpy() - many[columns].to_numpy()).mean() < 0.02
    for model in ("facial", "ecg", "fusion"):
        assert accuracy_of(few, model) == pytest.approx(accuracy_of(many, model), abs=0.03)


def test_knowing_the_person_and_seeing_both_help() -> None:
    anybody, known = (observe_cohort(COHORT, FOUR, observer=QUICK, know_person=know) for know in (False, True))
    assert accuracy_of(anybody, "fusion") > max(accuracy_of(anybody, "facial"), accuracy_of(anybody, "ecg"))
    assert confidence_of(known, "fusion") > confidence_of(anybody, "fusion")
    assert accuracy_of(known, "fusion") > accuracy_of(anybody, "fusion") - 0.01


def test_what_is_seen_of_a_trial_does_not_depend_on_the_others() -> None:
    trials = list(simulate_features(COHORT, subjects=range(1)))[:6]
    observer = IdealObserver(presets.get_preset("clear"), QUICK)
    together = observer.compute_likelihoods(trials)
    alone = [observer.compute_likelihoods([trial]) for trial in trials]
    np.testing.assert_allclose(together.both, np.concatenate([one.both for one in alone]), atol=1e-9)


@pytest.mark.parametrize("wrong", [{"au_noise_sd": 0.0}, {"beat_jitter_ms": 0.0}, {"n_people": 0}, {"n_courses": 0}])
def test_an_observer_without_noise_or_draws_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(SettingsError):
        ObserverSettings(**wrong)  # type: ignore[arg-type]  # on purpose
