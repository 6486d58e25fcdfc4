"""Atrial fibrillation: irregular intervals, and fibrillatory waves instead of P waves.

Input: a population's settings, numbers of beats, phases. Output: the person's `Fibrillation`, irregular intervals, and
the fibrillatory waves of the baseline. An interval is the sum of a nearly constant and an exponentially distributed
time [1]_; waves are sawteeth with three harmonics [2]_.

References
----------
.. [1] Hennig, Maass, Hayano, Heinrichs, "Exponential distribution of long heart beat intervals during atrial
   fibrillation and their relevance for white noise behaviour in power spectrum", Journal of Biological Physics 32,
   2006.
.. [2] Stridh, Sornmo, "Spatiotemporal QRST cancellation techniques for analysis of atrial fibrillation", IEEE
   Transactions on Biomedical Engineering 48(1), 2001.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ecg_facial.runtime.typing import Float64Array
from ecg_facial.simulate.heart.ecg import Morphology
from ecg_facial.simulate.settings.sensor_settings import ConductionSettings

# rate and amplitude of the waves over people
_RATE_HZ, _WAVE_MV = (4.5, 8.0), (0.03, 0.12)
# share of the exponential part, and spread of the other one: a coefficient of variation of 0.24 in all
_EXPONENTIAL_SHARE, _STEADY_SD = 0.22, 0.12
_HARMONICS = 3
_P_WAVE = 3


@dataclass(frozen=True)
class Fibrillation:
    """Fibrillatory waves of one person.

    Attributes
    ----------
    rate_hz : float
        Waves per second.
    wave_mv : float
        Amplitude of the first harmonic.
    """

    rate_hz: float
    wave_mv: float


def sample_fibrillation(rng: np.random.Generator, settings: ConductionSettings) -> Fibrillation | None:
    """Draw whether a person has atrial fibrillation, and its waves; a population without it draws nothing."""
    if settings.fibrillation_share == 0.0:
        return None
    chance, *where = rng.random(3)
    rate_hz, wave_mv = (
        low + (high - low) * place for (low, high), place in zip((_RATE_HZ, _WAVE_MV), where, strict=True)
    )
    return Fibrillation(rate_hz, wave_mv) if chance < settings.fibrillation_share else None


def draw_irregular_places(rng: np.random.Generator, n_beats: int) -> Float64Array:
    """Draw positions of irregular beats in units of regular ones: increasing from 0, 1 apart on average."""
    steady = (1.0 - _EXPONENTIAL_SHARE) * (1.0 + _STEADY_SD * np.clip(rng.standard_normal(n_beats), -2.5, 2.5))
    steps = steady + _EXPONENTIAL_SHARE * rng.standard_exponential(n_beats)
    steps[:1] = 0.0
    return np.cumsum(steps)


def remove_p_wave(morphology: Morphology) -> Morphology:
    """Set the P wave to 0: fibrillating atria have none."""
    amplitude = morphology.amplitude_mv.copy()
    amplitude[_P_WAVE] = 0.0
    return replace(morphology, amplitude_mv=amplitude)


def draw_fibrillatory_waves(fibrillation: Fibrillation, cycles: Float64Array) -> Float64Array:
    """Compute the fibrillatory waves.

    Parameters
    ----------
    fibrillation : Fibrillation
    cycles : ndarray of float64, shape (n_times,)
        Phase at each time, in cycles.

    Returns
    -------
    ndarray of float64, shape (n_times,)
        Millivolts.
    """
    turn = 2.0 * np.pi * cycles
    saw = sum((np.sin(number * turn) / number for number in range(1, _HARMONICS + 1)), np.zeros(len(cycles)))
    return fibrillation.wave_mv * saw
