"""Zero-phase band-pass filtering of a single-lead ECG.

Input: samples with gaps, and a band. Output: samples of the same length, filtered forwards and backwards, with the same
gaps.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ecg_facial.errors import SettingsError
from ecg_facial.runtime.typing import BoolArray, Float64Array

# A band edge at the Nyquist frequency makes the bilinear transform singular, so at low rates the band ends here.
_MAX_SHARE_OF_NYQUIST = 0.95
BRIDGED_GAP_S = 0.02
"""A shorter gap is filled and is none: a line over it changes no wave that tells a beat (a QRS complex has 80 ms)."""


def check_rate(fs_hz: float) -> float:
    """Return a sampling rate as a float.

    Raises
    ------
    SettingsError
        When it is not a positive, finite number.
    """
    if not (np.isfinite(fs_hz) and fs_hz > 0):
        raise SettingsError(f"sampling rate is {fs_hz} Hz: expected a positive number of samples per second")
    return float(fs_hz)


@lru_cache(maxsize=64)
def _design(fs_hz: float, low_hz: float, high_hz: float, order: int) -> tuple[Float64Array, int]:
    """Second-order sections, and the padding in samples: one period of the lowest frequency."""
    from scipy import signal  # here, as in `bandpass`

    sos = signal.butter(order, (low_hz, high_hz), btype="bandpass", fs=fs_hz, output="sos")
    return sos, int(np.ceil(fs_hz / low_hz))


def bridge_gaps(samples: Float64Array, fs_hz: float) -> tuple[Float64Array, BoolArray]:
    """Fill gaps by straight lines.

    Parameters
    ----------
    samples : ndarray, shape (n_times,)
        Samples; anything that is not finite is a gap.
    fs_hz : float
        Sampling rate in Hz.

    Returns
    -------
    filled : ndarray of float64, shape (n_times,)
        Without gaps; zeros when nothing was recorded at all.
    gaps : ndarray of bool, shape (n_times,)
        True where `samples` was not finite for 20 ms or more: a sample missing between two good ones is no gap.
    """
    samples = np.asarray(samples, dtype=np.float64)
    gaps = ~np.isfinite(samples)
    if not gaps.any():
        return samples, gaps
    if gaps.all():
        return np.zeros_like(samples), gaps
    known = np.flatnonzero(~gaps)
    filled = np.interp(np.arange(len(samples)), known, samples[known])
    # a gap at either end has no good sample on one side
    edges = np.flatnonzero(np.diff(gaps, prepend=False, append=False))
    for start, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if start > 0 and end < len(samples) and end - start < BRIDGED_GAP_S * fs_hz:
            gaps[start:end] = False
    return filled, gaps


def bandpass(
    samples: Float64Array, fs_hz: float, *, low_hz: float = 0.5, high_hz: float = 40.0, order: int = 2
) -> Float64Array:
    """Band-pass with a Butterworth filter run forwards and backwards, so that nothing moves in time.

    Parameters
    ----------
    samples : ndarray, shape (n_times,)
        Samples in any unit; gaps (NaN or infinite) are bridged for filtering, and NaN again afterwards from 20 ms on.
    fs_hz : float
        Sampling rate in Hz.
    low_hz, high_hz : float
        Band edges in Hz, half power for one pass. An upper edge too near the Nyquist frequency is lowered.
    order : int
        Order of the low-pass prototype; the two passes together double it.

    Returns
    -------
    ndarray of float64, shape (n_times,)

    Raises
    ------
    SettingsError
        When the rate, the band or the order is outside its limits.
    """
    fs_hz = check_rate(fs_hz)
    high_hz = min(float(high_hz), _MAX_SHARE_OF_NYQUIST * fs_hz / 2)
    if not 0 < low_hz < high_hz:
        raise SettingsError(f"band {low_hz}..{high_hz} Hz at {fs_hz} Hz: expected 0 < low < high < half the rate")
    if order < 1:
        raise SettingsError(f"filter order is {order}: expected 1 or more")
    # importing it takes three times as long as all else of a monitor's start
    from scipy import signal

    filled, gaps = bridge_gaps(samples, fs_hz)
    # no filter on a single sample
    if len(filled) < 2:
        return np.where(gaps, np.nan, 0.0)
    sos, padding = _design(fs_hz, float(low_hz), high_hz, int(order))
    # The median is subtracted first, because a large offset (raw ADC counts) would cost digits. Padding is a mirror
    # image (even): odd padding, SciPy's default, would remove a peak at the end of the signal.
    level = np.median(filled)
    filtered = signal.sosfiltfilt(sos, filled - level, padtype="even", padlen=min(padding, len(filled) - 1))
    filtered[gaps] = np.nan
    return np.asarray(filtered, dtype=np.float64)
