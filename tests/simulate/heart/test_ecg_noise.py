"""Noise has the RMS, spectrum and bursts of the recordings, at any length."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import signal

from ecg_facial.runtime.typing import Float64Array
from ecg_facial.simulate.heart.ecg_noise import (
    MAINS_HZ,
    draw_baseline_wander,
    draw_electrode_motion,
    draw_mains,
    draw_muscle_noise,
)

FS_HZ = 512.0
MINUTES_10 = round(600 * FS_HZ)
Noise = Callable[[np.random.Generator, int, float], Float64Array]
NOISES: tuple[Noise, ...] = (draw_baseline_wander, draw_muscle_noise, draw_electrode_motion, draw_mains)


def band_share(noise: Float64Array, low_hz: float, high_hz: float) -> float:
    """RMS within a band relative to the RMS of 5.5 s windows about their means."""
    n_times = round(5.5 * FS_HZ)
    windows = noise[: len(noise) // n_times * n_times].reshape(-1, n_times)
    sos = signal.butter(2, (low_hz, high_hz), btype="bandpass", fs=FS_HZ, output="sos")
    inside = signal.sosfiltfilt(sos, noise)[: windows.size].reshape(-1, n_times)
    return float(np.median(inside.std(axis=1) / windows.std(axis=1)))


@pytest.mark.parametrize("draw", NOISES)
@pytest.mark.parametrize("n_times", [0, 1, 7, 2816, 30_011])
def test_noise_is_drawn_at_any_length_and_is_reproducible(draw: Noise, n_times: int) -> None:
    first, second = (draw(np.random.default_rng(3), n_times, FS_HZ) for _ in range(2))
    assert first.shape == (n_times,)
    assert np.isfinite(first).all()
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("draw", NOISES)
@pytest.mark.parametrize("fs_hz", [128.0, 512.0, 1000.0])
def test_noise_has_unit_rms_at_any_rate(draw: Noise, fs_hz: float) -> None:
    noise = draw(np.random.default_rng(0), round(600 * fs_hz), fs_hz)
    assert np.sqrt(np.mean(noise**2)) == pytest.approx(1.0, abs=0.12)


@pytest.mark.parametrize(
    ("draw", "qrs", "muscle"),
    [(draw_baseline_wander, 0.03, 0.04), (draw_electrode_motion, 0.26, 0.06), (draw_muscle_noise, 0.15, 0.29)],
)
def test_share_in_the_bands_of_qrs_and_muscle_is_that_of_the_recordings(draw: Noise, qrs: float, muscle: float) -> None:
    """Medians of the Noise Stress Test's bw, em and ma at 5-18 Hz and 20-140 Hz, to a factor of 1.5."""
    noise = draw(np.random.default_rng(1), MINUTES_10, FS_HZ)
    assert qrs / 1.5 < band_share(noise, 5.0, 18.0) < qrs * 1.5
    assert muscle / 1.5 < band_share(noise, 20.0, 140.0) < muscle * 1.5


@pytest.mark.parametrize("draw", NOISES)
def test_long_noise_has_the_same_rms_throughout(draw: Noise) -> None:
    """Blocks fade over every 270 s: no dip and no bump there."""
    fs_hz = 128.0
    noise = np.stack([draw(np.random.default_rng(seed), round(810 * fs_hz), fs_hz) for seed in range(12)])
    rms = np.sqrt(np.mean(noise.reshape(12, 27, -1) ** 2, axis=(0, 2)))
    assert rms.min() > 0.6
    assert rms.max() < 1.5


def test_muscle_noise_comes_in_bursts() -> None:
    noise = draw_muscle_noise(np.random.default_rng(2), MINUTES_10, FS_HZ, slow_share=0.0)
    rms = np.sqrt(np.mean(noise.reshape(-1, 256) ** 2, axis=1))
    assert rms.std() / rms.mean() > 0.4
    assert abs(noise.mean()) < 0.02


def test_hum_is_50_hz_and_its_third_harmonic() -> None:
    power = np.abs(np.fft.rfft(draw_mains(np.random.default_rng(0), 5120, FS_HZ, third=0.2))) ** 2
    peaks = np.flatnonzero(power > 1e-6 * power.max()) / 10.0
    assert peaks.tolist() == [MAINS_HZ, 3 * MAINS_HZ]
    assert power[1500] / power[500] == pytest.approx(0.04)


def test_harmonic_above_half_the_rate_is_left_out() -> None:
    power = np.abs(np.fft.rfft(draw_mains(np.random.default_rng(0), 2560, 256.0))) ** 2
    assert (np.flatnonzero(power > 1e-6 * power.max()) / 10.0).tolist() == [MAINS_HZ]
