"""Signal quality is high for a clean ECG and low for noise, flat lines, clipping and missing beats."""

from __future__ import annotations

import numpy as np
import pytest

from ecg_facial.ecg.intervals import mean_heart_rate
from ecg_facial.ecg.quality import compute_sqi
from ecg_facial.ecg.rpeaks import RPeaks, detect_r_peaks
from ecg_facial.errors import SettingsError
from ecg_facial.runtime.typing import Float64Array
from ecg_facial.simulate.heart.ecg import simulate_ecg

FS_HZ, N_TIMES = 512.0, 2816
TIMES_S = np.arange(N_TIMES) / FS_HZ
SEEDS = range(12)


def clean(seed: int) -> Float64Array:
    return simulate_ecg(np.full(N_TIMES, 55.0 + 6 * seed), FS_HZ, rng=np.random.default_rng(seed))[0]


def with_noise(seed: int, snr_db: float) -> Float64Array:
    ecg = clean(seed)
    sd = np.sqrt(np.ptp(ecg) ** 2 / 8 / 10 ** (snr_db / 10))
    return ecg + np.random.default_rng(seed).normal(0.0, sd, N_TIMES)


def sqi(ecg: Float64Array) -> float:
    return compute_sqi(ecg, FS_HZ, r_peaks=detect_r_peaks(ecg, FS_HZ))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_clean_ecg_is_at_the_top(seed: int) -> None:
    assert sqi(clean(seed)) > 0.97
    assert sqi(with_noise(seed, 12.0)) > 0.9


def test_noise_is_at_the_bottom() -> None:
    for kind in (lambda noise: noise, np.cumsum, lambda noise: np.sin(2 * np.pi * 50 * TIMES_S + noise[0])):
        qualities = [sqi(kind(np.random.default_rng(seed).normal(size=N_TIMES))) for seed in range(40)]
        assert np.mean(qualities) < 0.1
        assert max(qualities) < 0.5


def test_quality_falls_as_noise_grows() -> None:
    means = [np.mean([sqi(with_noise(seed, snr_db)) for seed in SEEDS]) for snr_db in (18.0, 6.0, 0.0, -6.0)]
    assert means[0] >= means[1] > means[2] > means[3]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_lost_half_costs_at_least_half(seed: int) -> None:
    ecg = clean(seed)
    first_half = TIMES_S < 2.75
    assert 0.0 < sqi(np.where(first_half, ecg, np.nan)) < 0.5
    assert 0.0 < sqi(np.where(first_half, ecg, ecg[1408])) < 0.5


@pytest.mark.parametrize("seed", SEEDS)
def test_clipping_is_seen(seed: int) -> None:
    ecg = clean(seed)
    assert sqi(np.clip(ecg, -0.05, 0.15)) == 0.0
    assert sqi(np.minimum(ecg, 0.7)) < 0.95


def test_two_beats_are_never_good_and_fewer_are_nothing() -> None:
    ecg = clean(0)
    beats = detect_r_peaks(ecg, FS_HZ)
    two = RPeaks(beats.times_s[:2], beats.confidence[:2])
    assert compute_sqi(ecg[: round((two.times_s[1] + 0.3) * FS_HZ)], FS_HZ, r_peaks=two) == 0.3
    for few in (0, 1):
        assert compute_sqi(ecg, FS_HZ, r_peaks=RPeaks(beats.times_s[:few], beats.confidence[:few])) == 0.0


@pytest.mark.parametrize("scale", [-1e4, -1.0, 1e-4, 1e4])
def test_unit_and_polarity_do_not_count(scale: float) -> None:
    ecg = with_noise(1, 3.0)
    assert sqi(scale * ecg) == pytest.approx(sqi(ecg), abs=1e-6)


def test_a_rate_that_is_none_is_refused() -> None:
    with pytest.raises(SettingsError, match="0 Hz"):
        compute_sqi(np.zeros(10), 0.0, r_peaks=RPeaks(np.zeros(0), np.zeros(0)))


@pytest.mark.parametrize("rr_s", [0.15, 3.0])
def test_an_unknown_heart_rate_has_no_quality(rr_s: float) -> None:
    """Beats at 400 or 20 bpm: a rate of samples that was given wrongly."""
    times_s = np.arange(30 * 250) / 250.0
    beats_s = np.arange(0.5, 29.5, rr_s)
    ecg = np.exp(-0.5 * ((times_s[:, None] - beats_s) / 0.01) ** 2).sum(axis=1)
    beats = RPeaks(beats_s, np.ones(len(beats_s)))
    assert np.isnan(mean_heart_rate(beats.times_s))
    assert compute_sqi(ecg, 250.0, r_peaks=beats) == 0.0
