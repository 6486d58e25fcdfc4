"""Premature beats have the times, pauses and shapes of their kind, and are in the truth."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ecg_facial.runtime.typing import StrArray
from ecg_facial.simulate.files.biosignals import FS_HZ, draw_person_ecg
from ecg_facial.simulate.files.truth import format_truth, read_truth
from ecg_facial.simulate.heart.ecg import compute_beat_times, draw_ecg, make_morphology
from ecg_facial.simulate.heart.ectopic import (
    NO_ECTOPY,
    Ectopy,
    make_ventricular_morphology,
    place_ectopic_beats,
    sample_ectopy,
)
from ecg_facial.simulate.people.population import simulate_features
from ecg_facial.simulate.settings.cohort_settings import CohortSettings
from ecg_facial.simulate.settings.presets import PRESETS, get_preset
from ecg_facial.simulate.settings.sensor_settings import BIOVID_LIKE_ECTOPIC, CLINICAL_ECTOPIC, EctopicSettings

REGULAR_S = np.arange(400) * 0.8
FINE_HZ = 4096.0


def widths_ms(kind: str, *, rr_s: float = 0.8) -> float:
    """Time between the ends of the QRS complex: where its slope sinks below 4 % of the steepest."""
    regular = make_morphology("symmetric")
    shape = Ectopy(ventricular=make_ventricular_morphology()).shapes(regular)[kind]
    times = np.arange(-0.11, 0.15, 1 / FINE_HZ)
    slope = np.abs(np.diff(shape.sum_waves(times, rr_s=rr_s)))
    steep = np.flatnonzero(slope > 0.04 * slope.max())
    return float(steep[-1] - steep[0]) / FINE_HZ * 1e3


def test_ventricular_beats_come_early_and_pause_fully() -> None:
    ectopy = Ectopy(ventricular_per_min=6.0)
    beats, kinds = place_ectopic_beats(np.random.default_rng(0), REGULAR_S, ectopy=ectopy)
    early = np.flatnonzero(kinds == "V")
    assert len(beats) == len(REGULAR_S)
    assert len(early) > 10
    before = np.diff(beats)[early - 1]
    low, high = ectopy.ventricular_prematurity
    assert before.min() >= 0.8 * low
    assert before.max() <= 0.8 * high
    # Together the two intervals last as long as two regular ones: the sinus node does not notice.
    np.testing.assert_allclose(before + np.diff(beats)[early], 1.6)
    np.testing.assert_allclose(beats[kinds == "N"], REGULAR_S[kinds == "N"])


def test_atrial_beats_reset_the_sinus_node() -> None:
    ectopy = Ectopy(atrial_per_min=6.0)
    beats, kinds = place_ectopic_beats(np.random.default_rng(0), REGULAR_S, ectopy=ectopy)
    early = np.flatnonzero(kinds == "A")
    assert len(early) > 10
    intervals = np.diff(beats)
    after = intervals[early[early < len(intervals)]] / 0.8
    assert np.all((after >= 1.02 - 1e-9) & (after <= 1.12 + 1e-9))
    others = np.delete(intervals, np.r_[early - 1, early[early < len(intervals)]])
    np.testing.assert_allclose(others, 0.8)
    assert beats[-1] > REGULAR_S[-1] - 0.8
    assert len(beats) == len(kinds) > len(REGULAR_S)


def test_premature_beats_never_follow_each_other_and_keep_the_refractory_time() -> None:
    rate = np.random.default_rng(1).uniform(40.0, 180.0, 4096)
    beats = compute_beat_times(rate, 8.0, phase=0.3)
    ectopy = Ectopy(ventricular_per_min=30.0, atrial_per_min=30.0)
    moved, kinds = place_ectopic_beats(np.random.default_rng(2), beats, ectopy=ectopy)
    early = kinds != "N"
    assert early.sum() > 50
    assert not np.any(early[1:] & early[:-1])
    assert np.diff(moved).min() > 0.2
    assert set(kinds) == {"N", "V", "A"}


def test_people_without_premature_beats_keep_theirs_and_their_stream() -> None:
    rng = np.random.default_rng(0)
    beats, kinds = place_ectopic_beats(rng, REGULAR_S, ectopy=NO_ECTOPY)
    assert beats is REGULAR_S
    assert np.all(kinds == "N")
    assert rng.random() == np.random.default_rng(0).random()


def test_rates_are_heavy_tailed() -> None:
    rng = np.random.default_rng(0)
    people = [sample_ectopy(rng, BIOVID_LIKE_ECTOPIC) for _ in range(3000)]
    rates = np.array([person.ventricular_per_min + person.atrial_per_min for person in people])
    assert 0.6 < np.mean(rates == 0.0) < 0.7
    assert np.mean(rates > 1.0) < 0.08
    assert np.mean(rates > 3.0) > 0.003
    assert rates.max() <= 2 * BIOVID_LIKE_ECTOPIC.limit_per_min
    assert sample_ectopy(rng, EctopicSettings()) is NO_ECTOPY


def test_ventricular_complexes_are_wide_and_atrial_ones_as_narrow_as_regular_ones() -> None:
    assert 120.0 < widths_ms("V") < 200.0
    assert widths_ms("V", rr_s=0.4) == widths_ms("V")
    assert widths_ms("A") == pytest.approx(widths_ms("N"), abs=1.0)
    assert widths_ms("N") < 110.0


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_ventricular_beats_have_their_peak_at_zero_no_p_and_an_opposite_t(sign: float) -> None:
    shape = make_ventricular_morphology(sign=sign)
    times = np.arange(-0.4, 0.7, 1 / FINE_HZ)
    beat = shape.sum_waves(times)
    assert abs(times[np.argmax(np.abs(beat))]) < 2 / FINE_HZ
    assert np.abs(beat[times < -0.2]).max() < 1e-3
    late = beat[(times > 0.22) & (times < 0.5)]
    assert sign * late[np.argmax(np.abs(late))] < -0.2


def test_atrial_beats_differ_in_the_p_wave_only() -> None:
    regular = make_morphology("asymmetric")
    shape = Ectopy().shapes(regular)["A"]
    times = np.arange(-0.4, 0.7, 1 / FINE_HZ)
    difference = shape.sum_waves(times) - regular.sum_waves(times)
    assert np.abs(difference[times > -0.03]).max() < 1e-6
    assert difference[np.argmin(np.abs(times + 0.165))] < -0.1


def test_drawn_kinds_have_their_shapes() -> None:
    regular, beats = make_morphology("symmetric"), np.array([0.5, 1.3, 1.8, 2.9])
    ectopic = Ectopy(ventricular=make_ventricular_morphology()).shapes(regular)
    kinds = np.array(["N", "N", "V", "N"])
    ecg = draw_ecg(beats, 512.0, n_times=1792, morphology=regular, kinds=kinds, ectopic=ectopic)
    plain = draw_ecg(beats, 512.0, n_times=1792, morphology=regular)
    differs_s = np.flatnonzero(np.abs(ecg - plain) > 1e-9) / 512.0
    assert differs_s[0] > 1.3
    assert differs_s[-1] < 2.6
    after = round(1.8 * 512) + 10
    assert ecg[after] > 0.6
    assert plain[after] < 0.3


def test_truth_has_the_kind_of_every_beat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    often = EctopicSettings(ventricular_share=1.0, atrial_share=1.0, median_per_min=5.0, log_sd=0.1)
    monkeypatch.setitem(PRESETS, "often", replace(get_preset("clear"), name="often", ectopic=often))
    settings = CohortSettings(n_subjects=2, trials_per_level=3, preset="often")
    path = tmp_path / "truth.csv"
    path.write_text("".join(format_truth(simulate_features(settings))), encoding="utf-8")
    found = set()
    for truth, trial in zip(read_truth(path), simulate_features(settings), strict=True):
        assert truth.ectopic.tolist() == trial.heart.trial_ectopic.tolist()
        assert len(truth.ectopic) == len(truth.beat_times_s)
        # The ECG has a peak, up or down, where each beat of the truth is.
        ecg = draw_person_ecg(trial.person, trial.heart)
        for beat_s, kind in zip(truth.beat_times_s, truth.ectopic, strict=True):
            at = round(float(beat_s) * FS_HZ)
            if 20 <= at < len(ecg) - 20:
                around = np.abs(ecg[at - 20 : at + 21])
                assert abs(int(np.argmax(around)) - 20) <= (2 if kind == "V" else 20)
                assert around.max() > 0.3
            found.add(str(kind))
    assert found == {"N", "V", "A"}


RUNS = Ectopy(
    ventricular_per_min=2.0,
    atrial_per_min=2.0,
    ventricular=make_ventricular_morphology(),
    couplet_share=0.4,
    run_share=0.3,
)


def lengths_of_runs(kinds: StrArray) -> list[int]:
    edges = np.flatnonzero(np.diff(np.r_[False, kinds != "N", False].astype(int)))
    return (edges[1::2] - edges[::2]).tolist()


def test_couplets_and_runs_are_as_frequent_and_as_fast_as_said_and_pause_at_their_end() -> None:
    regular_s = np.arange(6000) * 0.8
    beats, kinds = place_ectopic_beats(np.random.default_rng(0), regular_s, ectopy=RUNS)
    lengths = np.array(lengths_of_runs(kinds))
    assert np.mean(lengths == 2) == pytest.approx(0.4, abs=0.1)
    assert np.mean(lengths > 2) == pytest.approx(0.3, abs=0.1)
    assert lengths.max() == 8
    rr = np.diff(beats) / 0.8
    early = kinds != "N"
    within = early[1:] & early[:-1]
    # No interval is shorter than the ventricles' refractory time.
    assert rr[within].min() >= 0.33 / 0.8 - 1e-9
    assert rr[within].max() <= RUNS.run_interval[1] + 1e-9
    ends = np.flatnonzero(within[:-1] & ~early[2:]) + 1
    assert rr[ends].min() >= 1.0 + RUNS.run_pause[0] - 1e-9
    assert rr[ends].max() <= 1.0 + RUNS.run_pause[1] + 1e-9
    np.testing.assert_allclose(rr[~early[1:] & ~early[:-1]], 1.0)
    assert set(kinds.tolist()) == {"N", "V", "A"}


def test_bigeminy_and_trigeminy_fill_a_trial() -> None:
    ectopy = Ectopy(
        ventricular_per_min=4.0, atrial_per_min=0.0, ventricular=make_ventricular_morphology(), bigeminy_share=1.0
    )
    periods = set()
    for seed in range(12):
        beats, kinds = place_ectopic_beats(np.random.default_rng(seed), REGULAR_S[:40], ectopy=ectopy)
        apart = set(np.diff(np.flatnonzero(kinds == "V")).tolist())
        assert len(apart) == 1
        periods |= apart
        np.testing.assert_allclose(beats[kinds == "N"], REGULAR_S[:40][kinds == "N"])
    assert periods == {2, 3}


def test_only_people_with_many_ventricular_beats_have_bigeminy() -> None:
    rng = np.random.default_rng(0)
    people = [sample_ectopy(rng, CLINICAL_ECTOPIC) for _ in range(500)]
    assert all((person.bigeminy_share > 0.0) == (person.ventricular_per_min > 3.0) for person in people)
    assert 0.2 < np.mean([person.bigeminy_share > 0.0 for person in people]) < 0.45
