"""Simulated ECGs are as difficult as recorded ones, and resting hearts vary like those of healthy adults."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from measures.ecg_stress import (
    CONDITIONS,
    HARDER,
    Window,
    count_beats,
    make_simulated_windows,
    measure_f1,
    read_real_windows,
    spoil_real,
    spoil_simulated,
)
from measures.resting_heart import ADULT_HEART, NORMS, measure_variability

from ecg_facial.ecg.rpeaks import detect_r_peaks
from ecg_facial.runtime.typing import Float64Array
from ecg_facial.simulate.settings.presets import CLINICAL

STRIDE = 13


def detect(ecg: Float64Array, fs_hz: float) -> Float64Array:
    return detect_r_peaks(ecg, fs_hz).times_s


@pytest.fixture(scope="module")
def simulated_windows() -> list[Window]:
    return list(make_simulated_windows(150))


@pytest.fixture(scope="module")
def real_windows(shared_data: Path) -> list[Window]:
    return list(read_real_windows(shared_data / "ecg", stride=STRIDE))


@pytest.fixture(scope="module")
def measure_real(real_windows: list[Window], shared_data: Path) -> Callable[[str, float], float]:
    """Measure how well beats of real windows are found, once for each kind and strength of recorded noise."""

    @cache
    def measure(kind: str, snr_db: float) -> float:
        return measure_f1(spoil_real(real_windows, kind, snr_db, folder=shared_data / "ecg"), detect)

    return measure


@pytest.mark.parametrize("condition", CONDITIONS)
def test_beats_are_found_as_well_as_in_real_ecgs(
    condition: str, simulated_windows: list[Window], measure_real: Callable[[str, float], float]
) -> None:
    kind, snr_db = CONDITIONS[condition]
    simulated = measure_f1(spoil_simulated(simulated_windows, kind, snr_db), detect)
    real = measure_real(kind, snr_db)
    assert abs(simulated - real) < 1.0


@pytest.fixture(scope="module")
def patients_windows() -> list[Window]:
    return list(make_simulated_windows(250, preset=CLINICAL))


@pytest.mark.parametrize("condition", CONDITIONS)
def test_beats_of_simulated_patients_are_found_as_well_as_those_of_real_ones(
    condition: str, patients_windows: list[Window], measure_real: Callable[[str, float], float]
) -> None:
    kind, snr_db = CONDITIONS[condition]
    simulated = measure_f1(spoil_simulated(patients_windows, kind, snr_db), detect)
    real = measure_real(kind, snr_db)
    assert abs(simulated - real) < 1.0


@pytest.mark.parametrize("condition", HARDER)
def test_simulated_noise_hides_as_many_real_beats_as_recorded_noise(
    condition: str, real_windows: list[Window], measure_real: Callable[[str, float], float]
) -> None:
    kind, snr_db = HARDER[condition]
    simulated = measure_f1(spoil_simulated(real_windows, kind, snr_db), detect)
    real = measure_real(kind, snr_db)
    assert abs(simulated - real) < 4.0


@pytest.mark.parametrize(("condition", "low", "high"), [("clean", 99.5, 100.0), ("muscle 12 dB", 99.0, 100.0)])
def test_beats_are_found_in_simulated_windows(
    condition: str, low: float, high: float, simulated_windows: list[Window]
) -> None:
    assert low <= measure_f1(spoil_simulated(simulated_windows, *CONDITIONS[condition]), detect) <= high


def test_strong_noise_hides_beats(simulated_windows: list[Window]) -> None:
    kind, snr_db = HARDER["motion 0 dB"]
    assert measure_f1(spoil_simulated(simulated_windows, kind, snr_db - 6.0), detect) < 90.0


def test_beats_are_counted_one_to_one() -> None:
    counts = count_beats(np.array([0.1, 1.0, 2.0, 3.0]), np.array([1.05, 1.1, 2.3, 3.0, 5.4]))
    assert counts.tolist() == [2, 1, 2]


def test_hearts_at_rest_vary_as_published_norms_say() -> None:
    for name, (mean, sd) in measure_variability(ADULT_HEART, n_people=60).items():
        norm_mean, norm_sd = NORMS[name]
        assert abs(mean - norm_mean) < 0.5 * norm_sd, name
        assert 0.6 * norm_sd < sd < 1.5 * norm_sd, name
