"""Artefacts are planned without signals, are in the signal where planned, and are listed in the truth."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ecg_facial.errors import CorruptDataError, MissingDataError
from ecg_facial.simulate.files.biosignals import FS_HZ, N_TIMES, plan_trial_artefacts, simulate_biosignals
from ecg_facial.simulate.grid import ACTION_UNITS, N_FRAMES
from ecg_facial.simulate.heart.artefacts import (
    ARTEFACT_KINDS,
    Artefact,
    ArtefactRow,
    add_artefacts,
    format_artefacts,
    plan_artefacts,
    read_artefacts,
)
from ecg_facial.simulate.people.population import SimulatedTrial, simulate_features
from ecg_facial.simulate.settings.cohort_settings import CohortSettings
from ecg_facial.simulate.settings.sensor_settings import BIOVID_LIKE_SENSORS, SensorSettings

SPOILT = replace(
    BIOVID_LIKE_SENSORS, muscle_per_min=4.0, motion_per_min=4.0, lead_off_per_min=2.0, saturation_per_min=2.0
)
TIMES_S = np.arange(N_TIMES) / FS_HZ


def spoil(*artefacts: Artefact, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Artefacts on an ECG that is a 1 mV wave of 5 Hz, in both files."""
    wave = 1000.0 * np.sin(2.0 * np.pi * 5.0 * TIMES_S)
    return add_artefacts(np.random.default_rng(seed), wave, wave.copy(), fs_hz=FS_HZ, artefacts=artefacts)


def change_of(artefact: Artefact, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    wave = 1000.0 * np.sin(2.0 * np.pi * 5.0 * TIMES_S)
    filtered, raw = spoil(artefact, seed=seed)
    return filtered - wave, raw - wave


def rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(values**2)))


def test_clear_people_have_no_artefacts() -> None:
    assert plan_artefacts(np.random.default_rng(0), SensorSettings(), duration_s=3600.0) == ()


def test_an_hour_has_every_kind_at_its_rate_within_the_hour() -> None:
    planned = plan_artefacts(np.random.default_rng(0), SPOILT, duration_s=3600.0)
    counts = {kind: sum(item.kind == kind for item in planned) for kind in ARTEFACT_KINDS}
    for kind, per_min in (("muscle", 4.0), ("motion", 4.0), ("lead_off", 2.0), ("saturation", 2.0)):
        assert counts[kind] == pytest.approx(60 * per_min, rel=0.25), kind
    assert counts["wander"] == pytest.approx(120 * 0.4, rel=0.3)
    assert all(0.0 <= item.start_s < item.end_s <= 3600.0 for item in planned)
    assert [item.start_s for item in planned] == sorted(item.start_s for item in planned)


def test_short_trials_are_spoilt_for_the_same_share_of_time() -> None:
    rng = np.random.default_rng(0)
    settings = replace(SensorSettings(), motion_per_min=2.0, motion_s=(2.0, 2.0))
    seconds = [item.end_s - item.start_s for _ in range(3000) for item in plan_artefacts(rng, settings, duration_s=5.5)]
    assert sum(seconds) / (3000 * 5.5) == pytest.approx(2.0 * 2.0 / 60.0, rel=0.15)


def test_shoulders_tense_while_the_face_shows_pain() -> None:
    units = np.zeros((len(ACTION_UNITS), N_FRAMES))
    units[ACTION_UNITS.index("AU04"), 50:100] = 0.8
    tense = replace(SensorSettings(), muscle_with_pain=1.0, muscle_uv=(100.0, 100.0))
    (item,) = plan_trial_artefacts(np.random.default_rng(0), action_units=units, settings=tense)
    assert (item.kind, item.start_s, item.end_s) == ("muscle", 2.0, 4.0)
    assert item.strength_uv == pytest.approx(80.0)
    assert not plan_trial_artefacts(np.random.default_rng(0), action_units=0 * units, settings=tense)


@pytest.mark.parametrize("kind", ["muscle", "motion"])
def test_events_change_the_raw_ecg_in_their_interval_only(kind: str) -> None:
    filtered, raw = change_of(Artefact(kind=kind, start_s=2.0, end_s=4.0, strength_uv=100.0))
    inside = (TIMES_S >= 2.0) & (TIMES_S < 4.0)
    assert not raw[~inside].any()
    assert 20.0 < rms(raw[inside]) < 250.0
    assert 5.0 < rms(filtered[inside]) < rms(raw[inside])
    assert rms(filtered[TIMES_S < 1.0]) < 0.2 * rms(filtered[inside])


def test_noise_that_began_before_the_trial_does_not_rise_within_it() -> None:
    rises, goes_on = (
        np.mean(
            [
                change_of(Artefact(kind="muscle", start_s=start_s, end_s=3.0, strength_uv=100.0), seed=seed)[1][first]
                ** 2
                for seed in range(40)
            ]
        )
        for start_s, first in ((1.0, 513), (0.0, 1))
    )
    assert rises < 0.1 * goes_on


def test_filtering_takes_drift_out_and_most_of_the_hum() -> None:
    filtered, raw = change_of(Artefact(kind="hum", start_s=0.0, end_s=5.5, strength_uv=100.0))
    assert rms(raw) == pytest.approx(100.0, rel=0.01)
    assert rms(filtered) < 0.4 * rms(raw)
    filtered, raw = change_of(Artefact(kind="wander", start_s=0.0, end_s=5.5, strength_uv=100.0))
    assert rms(filtered[512:-512]) < 0.3 * rms(raw)


@pytest.mark.parametrize("level_uv", [0.0, 3200.0, -3200.0])
def test_without_contact_there_is_a_flat_line_and_no_heart(level_uv: float) -> None:
    filtered, raw = spoil(Artefact(kind="lead_off", start_s=1.0, end_s=4.0, strength_uv=level_uv))
    off = (TIMES_S >= 1.0) & (TIMES_S < 4.0)
    assert np.abs(raw[off] - level_uv).max() < 10.0
    assert rms(raw[~off]) > 600.0
    middle = filtered[(TIMES_S > 2.0) & (TIMES_S < 3.0)]
    at_5_hz = np.abs(np.fft.rfft(middle - middle.mean()))[5] / len(middle) * 2.0
    assert at_5_hz < 0.02 * max(1000.0, abs(level_uv))


def test_saturation_clips_at_its_level() -> None:
    filtered, raw = spoil(Artefact(kind="saturation", start_s=1.0, end_s=3.0, strength_uv=400.0))
    inside = (TIMES_S >= 1.0) & (TIMES_S < 3.0)
    assert np.abs(raw[inside]).max() <= 401.0
    assert np.mean(np.abs(raw[inside]) > 398.0) > 0.5
    assert np.abs(raw[~inside]).max() > 990.0
    assert np.abs(filtered[inside]).max() < 700.0


def test_no_artefacts_leave_the_signals_alone() -> None:
    wave = np.ones(10)
    assert add_artefacts(np.random.default_rng(0), wave, wave, fs_hz=FS_HZ, artefacts=()) == (wave, wave)


def test_minutes_are_spoilt_as_well() -> None:
    planned = plan_artefacts(np.random.default_rng(1), SPOILT, duration_s=120.0)
    quiet = np.zeros(round(120 * FS_HZ))
    filtered, raw = add_artefacts(np.random.default_rng(2), quiet, quiet, fs_hz=FS_HZ, artefacts=planned)
    assert not quiet.any()
    assert np.isfinite(filtered).all()
    assert np.abs(raw).max() > 100.0


def simulate_first(settings: SensorSettings, **artefacts: tuple[Artefact, ...]) -> tuple[np.ndarray, np.ndarray]:
    trial: SimulatedTrial = next(iter(simulate_features(CohortSettings(n_subjects=1))))
    return simulate_biosignals(
        np.random.default_rng(0),
        person=trial.person,
        felt=trial.intensity.felt,
        heart=trial.heart,
        action_units=trial.action_units,
        settings=settings,
        **artefacts,
    )


def test_artefacts_spoil_the_ecg_alone() -> None:
    clean, spoilt = (
        simulate_first(SensorSettings(), artefacts=planned)
        for planned in ((), (Artefact(kind="motion", start_s=0.0, end_s=5.0, strength_uv=300.0),))
    )
    for before, after in zip(clean, spoilt, strict=True):
        changed = [bool(np.any(a != b)) for a, b in zip(before, after, strict=True)]
        assert changed == [False, True, False, False, False]


def test_swapped_leads_turn_the_ecg_upside_down() -> None:
    trial = next(iter(simulate_features(CohortSettings(n_subjects=1))))
    silent = replace(SensorSettings(), noise_uv=(0.0, 0.0))
    upright, inverted = (
        simulate_biosignals(
            np.random.default_rng(0),
            person=replace(trial.person, lead_sign=sign),
            felt=0.0,
            heart=trial.heart,
            action_units=trial.action_units,
            settings=silent,
        )[0]
        for sign in (1.0, -1.0)
    )
    np.testing.assert_allclose(upright[1], -inverted[1])
    np.testing.assert_array_equal(upright[0], inverted[0])


def test_table_tells_the_artefacts_back(tmp_path: Path) -> None:
    items = (
        Artefact(kind="hum", start_s=0.0, end_s=5.5, strength_uv=50.0),
        Artefact(kind="lead_off", start_s=1.25, end_s=2.5, strength_uv=-3200.0),
    )
    path = tmp_path / "artefacts.csv"
    path.write_text("".join(format_artefacts([("a", "a-BL1-081", items), ("b", "b-PA1-001", ())])), encoding="utf-8")
    assert list(read_artefacts(tmp_path)) == [ArtefactRow("a", "a-BL1-081", item) for item in items]


def test_unreadable_tables_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match="only simulated cohorts"):
        next(read_artefacts(tmp_path))
    path = tmp_path / "artefacts.csv"
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(CorruptDataError, match="columns"):
        next(read_artefacts(path))
    path.write_text("".join(format_artefacts([])) + "a,b,hum,soon,5.5,1\n", encoding="utf-8")
    with pytest.raises(CorruptDataError, match="row 1"):
        next(read_artefacts(path))
