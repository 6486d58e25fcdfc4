"""A session contains its trials, and is continuous between them."""

from __future__ import annotations

import sys
from itertools import pairwise
from types import FrameType

import numpy as np
import pytest

from ecg_facial.labels import PainLevel
from ecg_facial.simulate.grid import ACTION_UNITS
from ecg_facial.simulate.people.population import (
    SimulatedTrial,
    TrialPlan,
    plan_trials,
    sample_cohort_person,
    simulate_trial,
)
from ecg_facial.simulate.sessions.session import Session, simulate_session
from ecg_facial.simulate.sessions.session_plan import plan_gap, sample_temperatures
from ecg_facial.simulate.settings.cohort_settings import CohortSettings

FEW = CohortSettings(n_subjects=3, trials_per_level=3)


def simulate_clip(settings: CohortSettings, plan: TrialPlan) -> SimulatedTrial:
    return simulate_trial(settings, plan, person=sample_cohort_person(settings, plan.subject_index))


@pytest.fixture(scope="module")
def session() -> Session:
    return simulate_session(FEW, 1)


def test_a_session_has_a_minute_of_rest_and_then_every_trial_in_the_order_of_its_moment(session: Session) -> None:
    rest = [label for label in session.labels if label.plan.place == "rest"]
    trials = [label for label in session.labels if label.plan.place == "trial"]
    assert [label.plan.code for label in session.labels[: len(rest)]] == ["REST"] * len(rest)
    first_warming = session.times_s[session.temperature_c > 32.0][0]
    assert min(first_warming, trials[0].onset_s) >= 60.0
    assert [label.plan for label in trials] == sorted(plan_trials(FEW, 1), key=lambda plan: plan.moment)
    assert np.all(np.diff([label.onset_s for label in session.labels]) > 5.52)


def test_beats_and_action_units_of_a_trial_are_the_trials_own(session: Session) -> None:
    for label in session.labels:
        trial, first = simulate_clip(FEW, label.plan), round(label.onset_s * 25)
        assert session.times_s[first] == label.onset_s
        np.testing.assert_array_equal(session.action_units[:, first : first + 138], trial.action_units)
        inside = (session.beat_times_s >= label.onset_s) & (session.beat_times_s < label.onset_s + 5.5)
        np.testing.assert_array_equal(session.beat_times_s[inside], label.onset_s + trial.heart.trial_beat_times_s)
        own = np.interp(np.arange(138) / 25, trial.heart.times_s, trial.heart.heart_rate_bpm)
        np.testing.assert_allclose(session.heart_rate_bpm[first : first + 137], own[:137], atol=1e-9)


def test_beats_follow_the_heart_rate_without_a_seam(session: Session) -> None:
    rr_s = np.diff(session.beat_times_s)
    expected_bpm = np.interp(session.beat_times_s[1:] - rr_s / 2, session.times_s, session.heart_rate_bpm)
    jitter = 60.0 / rr_s / expected_bpm
    assert np.all(np.abs(jitter - 1.0) < 0.06)
    assert session.beat_times_s[0] < 60.0 / session.heart_rate_bpm[0]
    assert session.plan.duration_s - session.beat_times_s[-1] < 60.0 / session.heart_rate_bpm[-1] * 1.1
    assert np.abs(np.diff(session.heart_rate_bpm)).max() < 1.5


def test_pain_dies_away_after_a_trial_and_nothing_jumps_but_lids(session: Session) -> None:
    lids = ACTION_UNITS.index("AU45")
    for unit, row in enumerate(session.action_units):
        if unit != lids and not ACTION_UNITS[unit].startswith(("AU25", "AU6")):
            assert np.abs(np.diff(row)).max() < 0.3, ACTION_UNITS[unit]
    brow = ACTION_UNITS.index("AU04")
    for number, label in enumerate(session.labels[:-1], start=1):
        if label.plan.code == "PA4":
            end = round(label.onset_s * 25) + 138
            assert session.action_units[brow, end - 1] > 0.1
            # What is left after 1.5 s is what a face does without any stimulus.
            alone = simulate_clip(FEW, plan_gap(label.plan, number=number, tile=0)).action_units
            np.testing.assert_array_equal(session.action_units[:, end + 38 : end + 138], alone[:, 38:])
    covered = np.zeros(len(session.times_s), dtype=bool)
    for label in session.labels:
        covered[round(label.onset_s * 25) :][:138] = True
    assert session.action_units[lids][~covered].max() > 0.5


def test_temperature_rises_by_level_to_a_plateau_of_four_seconds_with_pauses_of_8_to_12(session: Session) -> None:
    graded = sample_temperatures(FEW, 1)
    assert graded[0] == session.temperature_c.min() == 32.0
    np.testing.assert_allclose(np.diff(graded[1:]), np.diff(graded[1:]).mean(), atol=0.11)
    assert 42.0 <= graded[1] < graded[4] <= 50.5
    assert len({float(sample_temperatures(FEW, index)[4]) for index in range(3)}) == 3
    for label in session.labels:
        here = session.plan.temperature_c(label.onset_s + np.array([0.0, 2.0, 4.0]))
        np.testing.assert_allclose(here, graded[int(label.plan.level)])
    stimuli = [label for label in session.labels if label.plan.level != PainLevel.BL1]
    n_at_plateau = sum(np.sum(session.temperature_c == graded[level]) for level in range(1, 5))
    assert n_at_plateau == pytest.approx(4.0 * 25 * len(stimuli), abs=2 * len(stimuli))
    trials = [label for label in session.labels if label.plan.place == "trial"]
    ramps_s = [(graded[int(label.plan.level)] - 32.0) / 8.0 for label in trials]
    for (before, after), (down_s, up_s) in zip(pairwise(trials), pairwise(ramps_s), strict=True):
        assert 8.0 <= after.onset_s - up_s - (before.onset_s + 4.0 + down_s) <= 12.0


def test_a_session_is_the_same_in_any_cohort_with_as_many_trials(session: Session) -> None:
    other = simulate_session(CohortSettings(n_subjects=9, trials_per_level=3, rest=2, continuous=True), 1)
    np.testing.assert_array_equal(other.beat_times_s, session.beat_times_s)
    np.testing.assert_array_equal(other.action_units, session.action_units)
    assert simulate_session(FEW, 2).labels[-1].onset_s != session.labels[-1].onset_s


def count_calls(settings: CohortSettings) -> int:
    n_calls = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal n_calls
        n_calls += 1

    previous = sys.getprofile()
    sys.setprofile(count)
    try:
        simulate_session(settings, 0)
    finally:
        sys.setprofile(previous)
    return n_calls


def test_the_cost_of_a_session_grows_no_faster_than_its_trials() -> None:
    """Counted in calls of functions, which do not depend on the machine."""
    n_calls = [count_calls(CohortSettings(trials_per_level=n_trials)) / n_trials for n_trials in (4, 16)]
    assert n_calls[1] < 3.0 * n_calls[0]


def test_a_hard_cohorts_session_is_as_smooth_as_an_easy_ones() -> None:
    settings = CohortSettings(n_subjects=1, trials_per_level=4, preset="biovid-like")
    session = simulate_session(settings, 0)
    rr_s = np.diff(session.beat_times_s)
    expected_s = 60.0 / np.interp(session.beat_times_s[1:] - rr_s / 2, session.times_s, session.heart_rate_bpm)
    regular = (session.ectopic[1:] == "N") & (session.ectopic[:-1] == "N")
    assert np.abs(rr_s / expected_s - 1.0)[regular].max() < 0.08
    assert np.abs(np.diff(session.heart_rate_bpm)).max() < 1.5
