"""The ECG of a session is continuous at the ends of trials: no steps, and premature beats everywhere alike."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ecg_facial.runtime.typing import Float64Array, Int64Array
from ecg_facial.simulate.files.biosignals import ECG_ROW, FS_HZ, N_TIMES
from ecg_facial.simulate.files.clips import compute_columns
from ecg_facial.simulate.heart.artefacts import Artefact, count_reach, draw_artefacts, list_beyond
from ecg_facial.simulate.people.population import simulate_trial
from ecg_facial.simulate.sessions.session import Session, simulate_session
from ecg_facial.simulate.sessions.session_ecg import list_session_gaps, plan_gap_artefacts
from ecg_facial.simulate.sessions.session_signals import compute_session_columns, list_session_artefacts
from ecg_facial.simulate.settings import presets
from ecg_facial.simulate.settings.cohort_settings import CohortSettings
from ecg_facial.simulate.settings.sensor_settings import BIOVID_LIKE_SENSORS, EctopicSettings

SPOILT = replace(
    BIOVID_LIKE_SENSORS,
    wander_share=1.0,
    hum_share=1.0,
    muscle_per_min=3.0,
    motion_per_min=3.0,
    wander_uv=(250.0, 250.0),
)
OFTEN = EctopicSettings(
    ventricular_share=1.0,
    atrial_share=1.0,
    median_per_min=8.0,
    log_sd=0.1,
    limit_per_min=8.0,
    couplet_share=0.2,
    run_share=0.1,
)


def simulate(monkeypatch: pytest.MonkeyPatch, preset: presets.Preset) -> tuple[CohortSettings, Session]:
    monkeypatch.setitem(presets.PRESETS, preset.name, preset)
    settings = CohortSettings(n_subjects=1, trials_per_level=4, preset=preset.name)
    return settings, simulate_session(settings, 0)


def draw(settings: CohortSettings, session: Session) -> Float64Array:
    return np.concatenate([piece[ECG_ROW] for piece in compute_session_columns(settings, session)])


def list_borders(session: Session) -> Int64Array:
    gaps = list_session_gaps(session)
    return np.array([gap.stop for gap in gaps[:-1]] + [gap.start for gap in gaps[1:]])


def test_artefacts_step_nowhere_at_the_borders_of_trials(monkeypatch: pytest.MonkeyPatch) -> None:
    # A heart that stands still leaves nothing to look at but noise and artefacts.
    silent = replace(SPOILT, wave_sd=0.0, noise_uv=(3.0, 3.0))
    monkeypatch.setattr(
        "ecg_facial.simulate.sessions.session_ecg.draw_ecg", lambda *_, n_times, **__: np.zeros(n_times)
    )
    monkeypatch.setattr("ecg_facial.simulate.sessions.session_ecg.draw_person_ecg", lambda *_: np.zeros(N_TIMES))
    monkeypatch.setattr("ecg_facial.simulate.files.biosignals.draw_person_ecg", lambda *_: np.zeros(N_TIMES))
    settings, session = simulate(monkeypatch, presets.Preset(name="noisy", sensors=silent))
    ecg = draw(settings, session)
    step, turn = np.abs(np.diff(ecg)), np.abs(np.diff(ecg, 2))
    borders = list_borders(session)
    assert ecg.std() > 30.0
    for change, offset in ((step, 1), (turn, 2)):
        around = np.concatenate([change[borders - number] for number in range(1, offset + 1)])
        assert np.median(around) < 1.5 * np.median(change)
        assert around.max() < np.percentile(change, 99.9)


def test_a_session_with_artefacts_contains_its_clips_and_has_no_step_in_the_ecg(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings, session = simulate(monkeypatch, replace(presets.get_preset("biovid-like"), name="noisy", sensors=SPOILT))
    ecg = draw(settings, session)
    assert len(ecg) == round(session.plan.duration_s * FS_HZ)
    for label in session.labels:
        trial = simulate_trial(settings, label.plan, person=session.person)
        first = round(label.onset_s * FS_HZ)
        np.testing.assert_array_equal(ecg[first : first + N_TIMES], compute_columns(settings, trial)[0][ECG_ROW])
    step = np.abs(np.diff(ecg))
    assert step[list_borders(session) - 1].max() < np.percentile(step, 99.9)


def test_the_truth_of_a_session_has_what_falls_beyond_a_trial_and_what_the_gaps_have(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings, session = simulate(monkeypatch, presets.Preset(name="noisy", sensors=SPOILT))
    found = list_session_artefacts(settings, session)
    assert [item.start_s for item in found] == sorted(item.start_s for item in found)
    assert all(0.0 <= item.start_s < item.end_s <= session.plan.duration_s for item in found)
    onset_s = session.labels[1].onset_s
    assert any(
        item.kind == "wander" and item.start_s == onset_s - 2.0 and item.end_s == onset_s + 7.5 for item in found
    )
    gap = list_session_gaps(session)[1]
    wander = [item for item in plan_gap_artefacts(settings, session, gap) if item.kind == "wander"]
    assert [(item.start_s, item.end_s) for item in wander] == [(1 / FS_HZ, gap.duration_s - 1 / FS_HZ)]
    # Baseline wander is everywhere, as its share of 1 says.
    covered = np.zeros(round(session.plan.duration_s))
    for item in found:
        if item.kind == "wander":
            covered[round(item.start_s) : round(item.end_s)] = 1.0
    assert covered.mean() > 0.98


def test_noise_dies_away_beyond_the_ends_that_it_reaches() -> None:
    quiet, reach = np.zeros(N_TIMES), count_reach(FS_HZ)
    items = (Artefact(kind="wander", start_s=0.0, end_s=5.5, strength_uv=100.0),)
    added = draw_artefacts(np.random.default_rng(0), quiet, quiet, fs_hz=FS_HZ, artefacts=items)
    size = np.abs(added)
    assert size[reach - 512 : reach].max() > 1.0
    assert size[:64].max() < 0.3
    assert size[-64:].max() < 0.3
    assert list(list_beyond(items, duration_s=5.5)) == [
        Artefact(kind="wander", start_s=-2.0, end_s=7.5, strength_uv=100.0)
    ]
    within = Artefact(kind="muscle", start_s=1.0, end_s=2.0, strength_uv=50.0)
    assert list(list_beyond([within], duration_s=5.5)) == [within]


def test_beats_come_early_between_trials_as_often_as_within_them(monkeypatch: pytest.MonkeyPatch) -> None:
    _, session = simulate(monkeypatch, replace(presets.get_preset("biovid-like"), name="early", ectopic=OFTEN))
    inside = np.zeros(len(session.beat_times_s), dtype=bool)
    for label in session.labels:
        inside |= (session.beat_times_s >= label.onset_s) & (session.beat_times_s < label.onset_s + 5.5)
    early = session.ectopic != "N"
    assert np.mean(early[~inside]) == pytest.approx(np.mean(early[inside]), rel=0.5)
    assert {"V", "A"} <= set(session.ectopic[~inside].tolist())
    rr_s = np.diff(session.beat_times_s)
    assert rr_s.min() > 0.2
    # Regular intervals follow the heart-rate curve in the gaps too.
    regular = ~early[1:] & ~early[:-1] & ~inside[1:] & ~inside[:-1]
    regular[1:] &= ~early[:-2]
    expected_s = 60.0 / np.interp(session.beat_times_s[1:] - rr_s / 2, session.times_s, session.heart_rate_bpm)
    assert np.abs(rr_s / expected_s - 1.0)[regular].max() < 0.1


def test_people_whose_atria_fibrillate_do_so_throughout(monkeypatch: pytest.MonkeyPatch) -> None:
    everybody = replace(presets.CLINICAL.conduction, fibrillation_share=1.0)
    settings, session = simulate(monkeypatch, replace(presets.CLINICAL, name="fibrillating", conduction=everybody))
    assert set(session.ectopic.tolist()) <= {"I", "V"}
    rr_s = np.diff(session.beat_times_s)
    assert 0.12 < rr_s.std() / rr_s.mean() < 0.4
    ecg = draw(settings, session)
    step = np.abs(np.diff(ecg))
    assert step[list_borders(session) - 1].max() < np.percentile(step, 99.9)


@pytest.mark.parametrize("index", range(6))
def test_sessions_of_patients_contain_the_beats_of_their_trials(index: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(presets.PRESETS, "clinical", presets.CLINICAL)
    settings = CohortSettings(n_subjects=index + 1, trials_per_level=2, preset="clinical")
    session = simulate_session(settings, index)
    for label in session.labels:
        own = simulate_trial(settings, label.plan, person=session.person).heart
        inside = (session.beat_times_s >= label.onset_s) & (session.beat_times_s < label.onset_s + 5.5)
        np.testing.assert_allclose(session.beat_times_s[inside], label.onset_s + own.trial_beat_times_s)
        assert session.ectopic[inside].tolist() == own.trial_ectopic.tolist()
    assert np.diff(session.beat_times_s).min() > 0.15
