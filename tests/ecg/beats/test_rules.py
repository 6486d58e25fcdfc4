"""The decision rules: broad premature beats, S waves deeper than the R wave, and noise between beats."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from measures.ecg_stress import measure_f1, read_real_windows, spoil_real

from ecg_facial.ecg.beats.rules import choose_beats
from ecg_facial.ecg.rpeaks import detect_r_peaks
from ecg_facial.runtime.typing import Float64Array

FS_HZ, WINDOW_S = 512.0, 5.5
TIMES_S = np.arange(round(WINDOW_S * FS_HZ)) / FS_HZ
STEADY_S = 0.4 + 0.8 * np.arange(7)


def wave(at_s: float, height: float, sd_s: float) -> Float64Array:
    return np.asarray(height * np.exp(-0.5 * ((TIMES_S - at_s) / sd_s) ** 2))


def beats_at(times_s: Float64Array) -> Float64Array:
    return np.sum([wave(t, 1.0, 0.010) - wave(t + 0.035, 0.2, 0.012) + wave(t + 0.28, 0.2, 0.04) for t in times_s], 0)


def choose(strength: list[float], swing: list[float], index: list[int], *, unrest: float = 0.1) -> list[int]:
    """Numbers of the candidates chosen, of equal energy, at these places in hundredths of a second."""
    return choose_beats(index, energy=[1.0] * len(index), strength=strength, swing=swing, unrest=unrest, per_s=100.0)[0]


REGULAR = [0, 80, 160, 240, 320]


def test_a_weak_candidate_that_swings_as_beats_do_where_one_is_due_is_a_beat() -> None:
    assert choose([2, 2, 0.15, 2, 2], [1, 1, 1, 1, 1], REGULAR) == [0, 1, 2, 3, 4]


def test_where_noise_is_strong_weak_candidates_are_lifted_less() -> None:
    strength, swing, index = [2, 2, 2, 2, 0.15], [1, 1, 1, 1, 1], REGULAR
    assert choose(strength, swing, index, unrest=0.2) == [0, 1, 2, 3, 4]
    assert choose(strength, swing, index, unrest=0.4) == [0, 1, 2, 3]
    fast = [0, 40, 80, 120, 160]  # no quarter of a second is quiet between these
    assert choose(strength, swing, fast, unrest=0.4) == [0, 1, 2, 3, 4]


def test_a_small_candidate_between_beats_is_none() -> None:
    index = [0, 80, 120, 160, 240, 320]
    assert choose([2, 2, 0.5, 2, 2, 2], [1, 1, 0.4, 1, 1, 1], index) == [0, 1, 3, 4, 5]
    assert choose([2, 2, 0.5, 2, 2, 2], [1, 1, 1.5, 1, 1, 1], index) == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_the_unit_of_the_swing_changes_nothing(scale: float) -> None:
    swing = [scale * value for value in (1, 1, 0.4, 1, 1, 1)]
    assert choose([2, 2, 0.5, 2, 2, 2], swing, [0, 80, 120, 160, 240, 320]) == [0, 1, 3, 4, 5]


def test_two_beats_are_taken_as_they_are_and_no_swing_divides_by_nothing() -> None:
    assert choose([2, 2, 0.15], [1, 1, 1], [0, 80, 160]) == [0, 1]
    assert choose([2, 2, 2, 0.1], [0, 0, 0, 0], [0, 80, 160, 200]) == [0, 1, 2]


@pytest.mark.parametrize(("early_s", "height", "sd_s"), [(0.2, 1.0, 0.055), (0.3, 1.0, 0.05), (0.3, 1.4, 0.06)])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_broad_premature_beat_counts(early_s: float, height: float, sd_s: float, sign: float) -> None:
    """Its slope is a fifth of the others', its swing is not. As in record 208 of the MIT-BIH database."""
    others, at_s = np.delete(STEADY_S, 3), STEADY_S[3] - early_s
    found = detect_r_peaks(sign * (beats_at(others) + wave(at_s, height, sd_s)), FS_HZ).times_s
    np.testing.assert_allclose(found, np.sort(np.append(others, at_s)), atol=0.01)


@pytest.mark.parametrize(("late_s", "depth", "sd_s"), [(0.06, 1.8, 0.045), (0.06, 2.0, 0.04)])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_broad_s_wave_is_not_taken_for_the_r_wave(late_s: float, depth: float, sd_s: float, sign: float) -> None:
    """Though it is twice as deep as the R wave is tall, in either polarity."""
    ecg = np.sum([wave(t, 0.9, 0.009) - wave(t + late_s, depth, sd_s) for t in STEADY_S], 0)
    np.testing.assert_allclose(detect_r_peaks(sign * ecg, FS_HZ).times_s, STEADY_S, atol=0.005)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_r_wave_is_found_where_an_s_wave_a_tenth_of_a_second_later_has_most_energy(sign: float) -> None:
    """As in some paced beats of record 104 of the MIT-BIH database; in the others the R wave has."""
    depths = np.where(np.isin(np.arange(7), (2, 5)), 1.6, 0.6)
    waves = [wave(t, 0.9, 0.008) - wave(t + 0.1, depth, 0.03) for t, depth in zip(STEADY_S, depths, strict=True)]
    np.testing.assert_allclose(detect_r_peaks(sign * np.sum(waves, 0), FS_HZ).times_s, STEADY_S, atol=0.003)


# Each is a fifth of a point of F1 under what was measured on these windows.
@pytest.mark.parametrize(("kind", "snr_db", "least"), [("", 0.0, 99.45), ("ma", 6.0, 98.9), ("em", 6.0, 98.2)])
def test_beats_of_patients_are_found_in_noise(kind: str, snr_db: float, least: float, shared_data: Path) -> None:
    windows = list(read_real_windows(shared_data / "ecg", stride=13))
    spoilt = spoil_real(windows, kind, snr_db, folder=shared_data / "ecg")
    assert measure_f1(spoilt, lambda ecg, fs_hz: detect_r_peaks(ecg, fs_hz).times_s) > least
