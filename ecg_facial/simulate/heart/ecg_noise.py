"""ECG noise: baseline wander, muscle noise, electrode motion, mains hum.

Input: a random stream, a length, a rate. Output: noise with an RMS of 1 on average, at any length. Spectra, bursts and
transients are those of the MIT-BIH Noise Stress Test Database [1]_, measured in windows of 5.5 s. `artefacts` decides
where and how strong noise is.

References
----------
.. [1] Moody, Muldrow, Mark, "A noise stress test for arrhythmia detectors", Computers in Cardiology 11, 1984.
"""

from __future__ import annotations

import numpy as np
from scipy import fft

from ecg_facial.runtime.typing import Float64Array

MAINS_HZ = 50.0
# shortest block that is drawn, and longest; long noise is made of blocks that overlap
_MIN_S = 32.0
_BLOCK_S, _BLOCK_FADE_S = 300.0, 30.0
# Spectra of the recordings: upper edge of each band in Hz, and its share of the power in per cent.
_WANDER = ((0.05, 30.0), (0.2, 50.0), (0.5, 15.0), (1.0, 3.8), (2.0, 0.7), (5.0, 0.3))
_WANDER_FAST = ((2.0, 10.0), (5.0, 25.0), (18.0, 35.0), (60.0, 23.0), (140.0, 7.0))
_MUSCLE = ((5.0, 0.3), (8.0, 1.2), (12.0, 4.0), (18.0, 13.5), (25.0, 20.0), (40.0, 45.0), (60.0, 14.0), (140.0, 2.0))
_MUSCLE_SLOW = ((0.05, 20.0), (0.2, 40.0), (0.5, 17.0), (1.0, 18.0), (2.0, 3.7), (5.0, 1.3))
_MOTION = (
    (0.2, 30.0), (0.5, 8.0), (1.0, 15.0), (2.0, 17.0), (3.0, 17.0), (5.0, 8.0), (8.0, 9.0), (12.0, 3.2),
    (18.0, 1.5), (60.0, 0.4),
)  # fmt: skip
# Share of the power of recorded muscle noise that is slow: contraction also moves the electrode.
_MUSCLE_SLOW_SHARE = 0.88
# Bursts: spread of the logarithm of the envelope, and its rate. With 0.7 at 1.2 Hz the envelope's coefficient of
# variation in the QRS band is 0.73 (recordings: 0.72); with 0.3 at 0.5 Hz it was 0.47 (docs/log.md).
_MUSCLE_BURST_LOG_SD, _MUSCLE_BURST_HZ = 0.7, 1.2
_MOTION_LOG_SD, _MOTION_BURST_HZ = 0.7, 1.2
# transients of electrode motion: rate, share of the power, rise and decay
_TRANSIENTS_PER_S, _TRANSIENT_SHARE = 1.2, 0.45
_TRANSIENT_RISE_S, _TRANSIENT_DECAY_S = (0.015, 0.05), (0.05, 0.3)
# wander: breathing, its share of the power, and a small share of fast crackle
_BREATH_HZ, _BREATH_SHARE = (0.15, 0.35), 0.3
_WANDER_FAST_SHARE, _WANDER_FAST_LOG_SD, _WANDER_FAST_HZ = 0.006, 0.9, 0.8


def draw_baseline_wander(rng: np.random.Generator, n_times: int, fs_hz: float) -> Float64Array:
    """Draw baseline wander: breathing and slow drift, nearly all below 1 Hz.

    Parameters
    ----------
    rng : Generator
        Source of the noise.
    n_times : int
        Number of samples.
    fs_hz : float
        Sampling rate.

    Returns
    -------
    ndarray of float64, shape (n_times,)
        Noise of unit RMS on average.
    """
    rate_hz = rng.uniform(*_BREATH_HZ) * (1.0 + 0.05 * _shaped_noise(rng, n_times, fs_hz, ((0.1, 1.0),)))
    depth = _envelope(rng, n_times, fs_hz, log_sd=0.3, rate_hz=0.1)
    breath = depth * np.sin(2.0 * np.pi * (np.cumsum(rate_hz) / fs_hz + rng.random()))
    slow = _shaped_noise(rng, n_times, fs_hz, _WANDER)
    # Drifting electrodes also crackle: weak, but strong wander is ten times as high as a QRS complex.
    crackle = _envelope(rng, n_times, fs_hz, log_sd=_WANDER_FAST_LOG_SD, rate_hz=_WANDER_FAST_HZ)
    crackle *= _shaped_noise(rng, n_times, fs_hz, _WANDER_FAST)
    wander: Float64Array = np.sqrt(2.0 * _BREATH_SHARE) * breath + np.sqrt(1.0 - _BREATH_SHARE) * slow
    wander += np.sqrt(_WANDER_FAST_SHARE) * crackle
    return wander


def draw_muscle_noise(
    rng: np.random.Generator, n_times: int, fs_hz: float, *, slow_share: float = _MUSCLE_SLOW_SHARE
) -> Float64Array:
    """Draw muscle noise: bursts, mostly at 12 to 60 Hz, and slow shifts from contraction.

    Parameters
    ----------
    rng : Generator
        Source of the noise.
    n_times : int
        Number of samples.
    fs_hz : float
        Sampling rate.
    slow_share : float
        Part of the power that is slow shifts; that of the recording by default.

    Returns
    -------
    ndarray of float64, shape (n_times,)
        Noise of unit RMS on average.
    """
    bursts = _envelope(rng, n_times, fs_hz, log_sd=_MUSCLE_BURST_LOG_SD, rate_hz=_MUSCLE_BURST_HZ)
    noise: Float64Array = np.sqrt(1.0 - slow_share) * bursts * _shaped_noise(rng, n_times, fs_hz, _MUSCLE)
    if slow_share > 0.0:
        noise += np.sqrt(slow_share) * _shaped_noise(rng, n_times, fs_hz, _MUSCLE_SLOW)
    return noise


def draw_electrode_motion(rng: np.random.Generator, n_times: int, fs_hz: float) -> Float64Array:
    """Draw electrode motion: slow waves, and steps that decay; a quarter of the RMS is in the QRS band.

    Parameters
    ----------
    rng : Generator
        Source of the noise.
    n_times : int
        Number of samples.
    fs_hz : float
        Sampling rate.

    Returns
    -------
    ndarray of float64, shape (n_times,)
        Noise of unit RMS on average.
    """
    waves = _envelope(rng, n_times, fs_hz, log_sd=_MOTION_LOG_SD, rate_hz=_MOTION_BURST_HZ)
    waves *= _shaped_noise(rng, n_times, fs_hz, _MOTION)
    transients = _draw_transients(rng, n_times, fs_hz)
    motion: Float64Array = np.sqrt(1.0 - _TRANSIENT_SHARE) * waves + np.sqrt(_TRANSIENT_SHARE) * transients
    return motion


def draw_mains(rng: np.random.Generator, n_times: int, fs_hz: float, *, third: float = 0.1) -> Float64Array:
    """Draw 50 Hz hum with its third harmonic, with an RMS of 1.

    Parameters
    ----------
    rng : Generator
        Draws the phases.
    n_times : int
        Number of samples.
    fs_hz : float
        Sampling rate.
    third : float
        Amplitude of the third harmonic relative to the first; left out if it exceeds the Nyquist frequency.

    Returns
    -------
    ndarray of float64, shape (n_times,)
        Hum.
    """
    # phases of both harmonics
    phase = rng.random(2)
    cycles = MAINS_HZ / fs_hz * np.arange(n_times)
    share = third if fs_hz > 6.0 * MAINS_HZ else 0.0
    hum: Float64Array = np.sin(2.0 * np.pi * (cycles + phase[0])) + share * np.sin(
        2.0 * np.pi * (3.0 * cycles + phase[1])
    )
    hum *= np.sqrt(2.0 / (1.0 + share**2))
    return hum


def _shaped_noise(
    rng: np.random.Generator, n_times: int, fs_hz: float, bands: tuple[tuple[float, float], ...]
) -> Float64Array:
    """Gaussian noise of unit variance with a given spectrum; long noise is made of overlapping blocks."""
    n_block, n_fade = round(_BLOCK_S * fs_hz), round(_BLOCK_FADE_S * fs_hz)
    noise = np.zeros(n_times)
    # blocks are independent, so fading by sine and cosine keeps the variance
    rise = np.sin(0.5 * np.pi * (np.arange(n_fade) + 0.5) / n_fade)
    for first in range(0, n_times, n_block - n_fade):
        block = _shape_block(rng, min(n_block, n_times - first), fs_hz, bands)
        is_last = first + len(block) == n_times
        if first:
            block[:n_fade] *= rise
        if not is_last:
            block[-n_fade:] *= rise[::-1]
        noise[first : first + len(block)] += block
        if is_last:
            break
    return noise


def _shape_block(
    rng: np.random.Generator, n_times: int, fs_hz: float, bands: tuple[tuple[float, float], ...]
) -> Float64Array:
    """One block of such noise, from random Fourier coefficients; a short one is cut from a longer one."""
    # A Fourier series is periodic: a longer block prevents that the end of a trial continues its start.
    n_drawn = fft.next_fast_len(max(n_times + round(2.0 * fs_hz), round(_MIN_S * fs_hz)), real=True)
    frequency_hz = fft.rfftfreq(n_drawn, 1.0 / fs_hz)
    edges = np.array([0.0] + [edge for edge, _ in bands])
    shares = np.array([share for _, share in bands])
    # the density is interpolated between the middles of the bands: steps would cause ringing
    middles, density = np.sqrt(np.maximum(edges[:-1], 0.4 * edges[1]) * edges[1:]), shares / np.diff(edges)
    log_density = np.interp(np.log(np.maximum(frequency_hz, 1e-6)), np.log(middles), np.log(density))
    power = np.where((frequency_hz > 0.0) & (frequency_hz <= edges[-1]), np.exp(log_density), 0.0)
    n_drawn_waves = int(np.searchsorted(frequency_hz, edges[-1], side="right"))
    # independent complex Gaussian coefficients give Gaussian noise with this spectrum
    spectrum = np.zeros(len(frequency_hz), dtype=np.complex128)
    gain = np.sqrt(power[:n_drawn_waves] / power.sum())
    spectrum[:n_drawn_waves] = gain * (rng.standard_normal((n_drawn_waves, 2)) @ np.array([1.0, 1.0j]))
    noise: Float64Array = fft.irfft(spectrum, n_drawn)[:n_times] * (n_drawn / 2.0)
    return noise


def _envelope(rng: np.random.Generator, n_times: int, fs_hz: float, *, log_sd: float, rate_hz: float) -> Float64Array:
    """Log-normal envelope with a mean square of 1 that changes at about `rate_hz`."""
    course = _shaped_noise(rng, n_times, fs_hz, ((rate_hz / 4.0, 0.5), (rate_hz, 0.5)))
    envelope: Float64Array = np.exp(log_sd * course - log_sd**2)
    return envelope


def _draw_transients(rng: np.random.Generator, n_times: int, fs_hz: float) -> Float64Array:
    """Transients with an RMS of 1 on average: an electrode is pulled, and its half-cell potential recovers."""
    noise = np.zeros(n_times)
    reach_s = 5.0 * _TRANSIENT_DECAY_S[1]
    span_s = n_times / fs_hz + reach_s
    n_events = int(rng.poisson(_TRANSIENTS_PER_S * span_s))
    starts = (rng.random(n_events) * span_s - reach_s) * fs_hz
    heights = rng.laplace(size=n_events)
    rises, decays = (rng.uniform(*limits, n_events) for limits in (_TRANSIENT_RISE_S, _TRANSIENT_DECAY_S))
    for start, height, rise_s, decay_s in zip(starts, heights, rises, decays, strict=True):
        first, last = max(0, int(np.ceil(start))), min(n_times, int(start + reach_s * fs_hz))
        time_s = (np.arange(first, last) - start) / fs_hz
        # a smooth rise: a step would have power above the QRS band, where recordings have almost none
        noise[first:last] += height * -np.expm1(-((time_s / rise_s) ** 2)) * np.exp(-time_s / decay_s)
    # a Laplace height has a mean square of 2, an exponential decay one of half its time constant
    mean_decay_s = 0.5 * sum(_TRANSIENT_DECAY_S)
    noise /= np.sqrt(_TRANSIENTS_PER_S * mean_decay_s * 0.7)
    return noise
