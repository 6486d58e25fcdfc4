"""Abnormal conduction: shapes of complexes, shares of a population, and no change for others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ecg_facial.errors import SettingsError
from ecg_facial.runtime.typing import Float64Array
from ecg_facial.simulate.files.biosignals import FS_HZ, draw_person_ecg
from ecg_facial.simulate.heart.conduction import CONDUCTION_FAMILIES, make_conduction_morphology, sample_conduction
from ecg_facial.simulate.heart.ecg import Morphology, make_morphology
from ecg_facial.simulate.heart.fibrillation import (
    Fibrillation,
    draw_fibrillatory_waves,
    draw_irregular_places,
    sample_fibrillation,
)
from ecg_facial.simulate.people.response import sample_person, simulate_heart
from ecg_facial.simulate.seeds import make_rng
from ecg_facial.simulate.settings.presets import BIOVID_LIKE, CLINICAL
from ecg_facial.simulate.settings.sensor_settings import CLINICAL_CONDUCTION, ConductionSettings

FINE_HZ = 4096.0
TIMES_S = np.arange(-0.15, 0.2, 1 / FINE_HZ)


def draw_qrs(shape: Morphology, *, rr_s: float = 1.0) -> Float64Array:
    """The complex without P, T and what joins them."""
    slow = shape.scales_with_rr | (shape.width_before_s > 0.03)
    return replace(shape, amplitude_mv=np.where(slow, 0.0, shape.amplitude_mv)).sum_waves(TIMES_S, rr_s=rr_s)


def width_ms(shape: Morphology, *, rr_s: float = 1.0) -> float:
    """Time between the ends of the QRS complex: where its slope sinks below 4 % of the steepest."""
    slope = np.abs(np.diff(draw_qrs(shape, rr_s=rr_s)))
    steep = np.flatnonzero(slope > 0.04 * slope.max())
    return float(steep[-1] - steep[0]) / FINE_HZ * 1e3


def is_blocked(family: str) -> bool:
    return "block" in family


@pytest.mark.parametrize("family", CONDUCTION_FAMILIES)
def test_blocked_complexes_last_over_120_ms_and_all_keep_their_width_at_any_rate(family: str) -> None:
    shape = make_conduction_morphology(family)
    low, high = (120.0, 190.0) if is_blocked(family) else (70.0, 130.0)
    assert low < width_ms(shape) < high
    assert width_ms(shape, rr_s=0.4) == width_ms(shape)
    beat = shape.sum_waves(TIMES_S)
    assert abs(TIMES_S[np.argmax(np.abs(beat))]) < 2 / FINE_HZ


def test_blocked_t_waves_point_away_from_the_complex_and_biphasic_ones_are_small() -> None:
    late = np.arange(0.22, 0.45, 1e-3)
    upright, left = (make_conduction_morphology(name) for name in ("left block", "left block, axis left"))
    assert upright.sum_waves(late).min() < -0.2
    assert left.sum_waves(late).max() > 0.3
    assert left.sum_waves(np.zeros(1))[0] < -1.0
    small = draw_qrs(make_conduction_morphology("biphasic"))
    assert np.ptp(small) < 1.0
    assert 0.5 < -small.min() / small.max() < 1.2
    tall = make_conduction_morphology("tall T").sum_waves(np.r_[0.0, late])
    assert tall.max() == tall[0] < 1.6 * tall[1:].max()
    with pytest.raises(SettingsError, match="biphasic"):
        make_conduction_morphology("round")


def test_shares_are_those_of_the_settings() -> None:
    regular = make_morphology("symmetric")
    rng = np.random.default_rng(0)
    drawn = [sample_conduction(rng, CLINICAL_CONDUCTION, regular=regular) for _ in range(3000)]
    assert np.mean([shape is regular for shape in drawn]) == pytest.approx(0.51, abs=0.03)
    assert np.mean([width_ms(shape) > 135.0 for shape in drawn[:600]]) == pytest.approx(0.16, abs=0.05)
    fibrillating = [sample_fibrillation(rng, CLINICAL_CONDUCTION) is not None for _ in range(3000)]
    assert np.mean(fibrillating) == pytest.approx(CLINICAL_CONDUCTION.fibrillation_share, abs=0.015)


def test_people_are_the_same_but_for_what_is_unusual_in_their_hearts() -> None:
    """Shares of abnormal hearts leave every other draw, and the draws of the next person, as they were."""
    streams = [make_rng(0, "people"), make_rng(0, "people")]
    changed = 0
    for _ in range(40):
        plain, patient = (
            sample_person(rng, preset, sex="w", age_years=50)
            for rng, preset in zip(
                streams, (BIOVID_LIKE, replace(BIOVID_LIKE, conduction=CLINICAL_CONDUCTION)), strict=True
            )
        )
        assert (plain.baseline_bpm, plain.heart_gain_bpm) == (patient.baseline_bpm, patient.heart_gain_bpm)
        assert plain.lead_sign == patient.lead_sign
        changed += plain.morphology.amplitude_mv.tolist() != patient.morphology.amplitude_mv.tolist()
    assert 10 < changed < 32
    assert streams[0].random() == streams[1].random()


def test_intervals_of_fibrillation_vary_by_a_quarter_without_memory_and_are_skewed() -> None:
    steps = np.diff(draw_irregular_places(np.random.default_rng(0), 50_000))
    assert steps.mean() == pytest.approx(1.0, abs=0.01)
    assert steps.std() == pytest.approx(0.24, abs=0.01)
    assert steps.min() > 0.4
    assert abs(np.corrcoef(steps[1:], steps[:-1])[0, 1]) < 0.02
    assert np.mean((steps - 1.0) ** 3) / steps.std() ** 3 > 0.8


def test_fibrillating_people_have_waves_of_their_rate_and_no_p() -> None:
    preset = replace(CLINICAL, conduction=ConductionSettings(fibrillation_share=1.0))
    person = sample_person(np.random.default_rng(0), preset, sex="m", age_years=60)
    assert person.fibrillation is not None
    heart = simulate_heart(np.random.default_rng(1), person, intensity=0.0, settings=preset.heart)
    assert set(heart.ectopic.tolist()) <= {"I", "V"}
    still = replace(person, fibrillation=None)
    waves = draw_person_ecg(person, heart) - draw_person_ecg(still, heart)
    spectrum = np.abs(np.fft.rfft(waves * np.hanning(len(waves))))
    peak_hz = np.argmax(spectrum) * FS_HZ / len(waves)
    assert peak_hz == pytest.approx(person.fibrillation.rate_hz, abs=0.2)
    before = np.arange(-0.25, -0.1, 1e-3)
    assert np.abs(person.morphology.sum_waves(before)).max() < 0.02
    saw = draw_fibrillatory_waves(Fibrillation(5.0, 0.1), np.arange(0.0, 2.0, 0.01))
    np.testing.assert_allclose(saw[:100], saw[100:], atol=1e-9)


def test_mean_rate_of_a_fibrillating_heart_is_its_curve() -> None:
    preset = replace(CLINICAL, conduction=ConductionSettings(fibrillation_share=1.0))
    rates = []
    for number in range(200):
        rng = make_rng(0, "fibrillation", number)
        person = replace(sample_person(rng, preset, sex="m", age_years=60), baseline_bpm=80.0, heart_gain_bpm=0.0)
        beats_s = simulate_heart(rng, person, intensity=0.0, settings=preset.heart).beat_times_s
        rates.append(60.0 * (len(beats_s) - 1) / (beats_s[-1] - beats_s[0]))
    assert np.mean(rates) == pytest.approx(80.0, rel=0.03)
