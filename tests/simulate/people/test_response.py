"""Responses increase with the level, face and heart have independent errors, and presets have the stated difficulty."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from measures.reference import judge_reference

from ecg_facial.evaluation.judging.predictions_file import predicted_classes
from ecg_facial.labels import TASKS, PainLevel
from ecg_facial.simulate.grid import ACTION_UNITS, FRAME_TIMES_S, N_FRAMES, PAIN_AUS, TRIAL_S
from ecg_facial.simulate.people.population import SimulatedTrial, simulate_features
from ecg_facial.simulate.people.response import (
    Person,
    sample_intensity,
    sample_person,
    shown_strength,
    simulate_face,
    simulate_heart,
)
from ecg_facial.simulate.settings.cohort_settings import CohortSettings
from ecg_facial.simulate.settings.presets import get_preset

CLEAR = get_preset("clear")
TASK = TASKS["biovid4"]


@pytest.fixture(scope="module")
def trials() -> list[SimulatedTrial]:
    return list(simulate_features(CohortSettings(n_subjects=24, trials_per_level=12)))


def person_of(seed: int) -> Person:
    return sample_person(np.random.default_rng(seed), CLEAR, sex="w", age_years=40)


def by_level(trials: list[SimulatedTrial], level: PainLevel) -> list[SimulatedTrial]:
    return [trial for trial in trials if trial.plan.level == level]


def test_latent_intensity_grows_with_the_level(trials: list[SimulatedTrial]) -> None:
    for latent in ("felt", "face", "heart"):
        means = [np.mean([getattr(t.intensity, latent) for t in by_level(trials, level)]) for level in PainLevel]
        assert np.all(np.diff(means) > 0.1), latent


def test_pain_units_and_heart_rate_grow_with_the_level(trials: list[SimulatedTrial]) -> None:
    face, heart = [], []
    for level in PainLevel:
        some = by_level(trials, level)
        face.append(np.mean([trial.face.action_units.max() for trial in some]))
        heart.append(np.mean([60.0 / np.diff(t.heart.trial_beat_times_s)[-1] for t in some]))
    assert np.all(np.diff(face) > 0.05)
    assert np.all(np.diff(heart) > 1.0)


def test_trial_errors_of_face_and_heart_are_independent(trials: list[SimulatedTrial]) -> None:
    errors = np.array([(t.intensity.face - t.intensity.felt, t.intensity.heart - t.intensity.felt) for t in trials])
    assert abs(np.corrcoef(errors.T)[0, 1]) < 4.0 / np.sqrt(len(trials))
    assert errors.std(axis=0) == pytest.approx([CLEAR.face.intensity_sd, CLEAR.heart.intensity_sd], rel=0.1)


def test_a_shared_spread_makes_them_depend() -> None:
    shared = replace(CLEAR, shared_sd=0.5)
    rng = np.random.default_rng(0)
    drawn = [sample_intensity(rng, shared, level=PainLevel.PA2) for _ in range(500)]
    assert np.corrcoef([(d.face, d.heart) for d in drawn], rowvar=False)[0, 1] > 0.7


def test_action_units_stay_within_0_and_1_and_start_after_the_delay(trials: list[SimulatedTrial]) -> None:
    for trial in trials:
        units = trial.action_units
        assert units.shape == (len(ACTION_UNITS), N_FRAMES)
        assert units.min() >= 0.0
        assert units.max() <= 1.0
        low, high = CLEAR.face.onset_s
        assert low <= trial.face.onset_s <= high
        assert not trial.face.action_units[:, trial.face.onset_s >= FRAME_TIMES_S].any()


def test_response_rises_holds_and_decays() -> None:
    settings = replace(CLEAR.face, onset_s=(1.0, 1.0), rise_s=(0.5, 0.5), hold_s=(1.0, 1.0), decay_s=(1.0, 1.0))
    face = simulate_face(np.random.default_rng(1), person_of(1), intensity=0.6, settings=settings)
    course = face.action_units[0]
    plateau = course[(FRAME_TIMES_S > 1.7) & (FRAME_TIMES_S < 2.4)]
    assert np.ptp(plateau) == 0.0
    assert plateau[0] > 0.3
    assert course[-1] == pytest.approx(plateau[0] * (1.0 - settings.decay_depth))
    assert np.all(np.diff(course[FRAME_TIMES_S < 1.7]) >= 0.0)


def test_nothing_shows_below_the_threshold() -> None:
    person = replace(person_of(0), threshold=0.3)
    face = simulate_face(np.random.default_rng(0), person, intensity=0.29, settings=CLEAR.face)
    assert not face.action_units.any()


def test_heart_rate_and_baselines_stay_in_range(trials: list[SimulatedTrial]) -> None:
    rates = np.concatenate([60.0 / np.diff(trial.heart.trial_beat_times_s) for trial in trials])
    assert rates.min() >= 30.0
    assert rates.max() <= 220.0
    baselines = {trial.plan.subject.id: trial.person.baseline_bpm for trial in trials}
    assert min(baselines.values()) >= 75.0 - 2.5 * 11.0
    assert max(baselines.values()) <= 75.0 + 2.5 * 11.0
    assert np.std(list(baselines.values())) > 5.0


def test_heart_rate_rises_within_the_trial_by_the_gain() -> None:
    heart_settings = replace(CLEAR.heart, jitter_ms=0.0, onset_s=(2.0, 2.0))
    person = replace(person_of(3), respiration_bpm=0.0, slow_bpm=0.0, heart_gain_bpm=10.0)
    heart = simulate_heart(np.random.default_rng(0), person, intensity=0.8, settings=heart_settings)
    curve = heart.heart_rate_bpm
    start = curve[np.searchsorted(heart.times_s, 0.0)]
    end = curve[np.searchsorted(heart.times_s, TRIAL_S)]
    assert end - start == pytest.approx(8.0)
    assert 60.0 / np.diff(heart.trial_beat_times_s)[0] == pytest.approx(start, abs=0.3)
    assert heart.beat_times_s[0] < -3.0
    assert heart.beat_times_s[-1] > TRIAL_S


def test_hearts_of_a_wide_spread_slow_down_in_some_people() -> None:
    wide = replace(CLEAR, heart=replace(CLEAR.heart, gain_bpm=3.0, gain_sd_bpm=3.0))
    gains = [sample_person(np.random.default_rng(n), wide, sex="m", age_years=30).heart_gain_bpm for n in range(400)]
    assert np.mean(np.array(gains) < 0) == pytest.approx(0.16, abs=0.05)
    assert sample_person(np.random.default_rng(0), CLEAR, sex="m", age_years=30).heart_gain_bpm > 0


def test_silent_faces_are_old_more_often_than_not() -> None:
    silent = replace(CLEAR, face=replace(CLEAR.face, silent_share=(0.0, 0.25, 0.5)))
    share = [
        np.mean(
            [
                sample_person(np.random.default_rng(n), silent, sex="w", age_years=age).expressiveness == 0
                for n in range(300)
            ]
        )
        for age in (20, 35, 36, 50, 51, 65)
    ]
    assert share[:2] == [0.0, 0.0]
    assert share[2:4] == pytest.approx([0.25, 0.25], abs=0.08)
    assert share[4:] == pytest.approx([0.5, 0.5], abs=0.08)


def test_expressions_shrink_through_the_session_by_the_habituation() -> None:
    person = replace(person_of(0), habituation=0.7)
    first, last = (
        shown_strength(np.array([0.5]), person=person, settings=CLEAR.face, moment=moment)[0] for moment in (0.0, 1.0)
    )
    assert last == pytest.approx(first * np.exp(-0.7))


def test_a_face_at_rest_keeps_its_own_look_and_pain_adds_to_it() -> None:
    person = replace(person_of(0), au_rest=np.full(len(PAIN_AUS), 0.3))
    calm = simulate_face(np.random.default_rng(0), person, intensity=-1.0, settings=CLEAR.face)
    np.testing.assert_array_equal(calm.action_units, 0.3)
    pain = simulate_face(np.random.default_rng(0), person, intensity=1.0, settings=CLEAR.face)
    assert pain.action_units.min() == 0.3
    assert pain.action_units.max() <= 1.0


def test_clear_is_as_hard_as_stated_and_fusion_beats_both(trials: list[SimulatedTrial]) -> None:
    """The reference learner on the truth, by subject: face 65-77 %, heart 50-63 %, both above each."""
    table = judge_reference(trials, TASK, n_folds=6)
    table["right"] = predicted_classes(table) == table["label"]
    right = {str(model): part["right"].to_numpy() for model, part in table.groupby("model")}
    assert 0.65 <= right["facial"].mean() <= 0.77
    assert 0.50 <= right["ecg"].mean() <= 0.63
    assert right["fusion"].mean() > right["facial"].mean() + 0.01
    assert abs(np.corrcoef(right["facial"], right["ecg"])[0, 1]) < 0.1
