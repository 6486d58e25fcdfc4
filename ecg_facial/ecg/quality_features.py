"""Features of the signal quality of an ECG window.

Input: samples without gaps, and the beats found in them. Output: one number for each of `FEATURES`; none depends on the
unit, the polarity or the sampling rate. `quality` computes the signal quality from them.
"""

from __future__ import annotations

import numpy as np

from ecg_facial.ecg.beats.scales import average_neighbours
from ecg_facial.ecg.filtering import bandpass
from ecg_facial.ecg.intervals import compute_nn, compute_rr
from ecg_facial.ecg.rpeaks import RPeaks, detect_r_peaks
from ecg_facial.runtime.typing import Float64Array, IntpArray

FEATURES = (
    "log_odds",
    "low_confidence",
    "mean_confidence",
    "agreement",
    "likeness",
    "contrast",
    "kurtosis",
    "rr_spread",
    "nn_share",
    "nn_share_squared",
    "floor_5_15_hz",
    "floor_15_30_hz",
    "floor_30_48_hz",
    "slow_waves",
    "wander",
)

# no feature looks above 48 Hz
_WORKING_HZ = 250.0
# half width of a beat: the QRS complex
_BEAT_S = 0.06
# Wider and higher than the detector's band (5 to 18 Hz), because noise in a narrow band looks like beats.
_SHAPE_BAND_HZ = (8.0, 30.0)
# Noise between beats: the 30th percentile of the RMS in hops of 0.1 s: hops without a QRS
# complex. Below 48 Hz, so that mains hum does not count.
_FLOOR_BANDS_HZ = ((5.0, 15.0), (15.0, 30.0), (30.0, 48.0))
_HOP_S, _FLOOR_PERCENTILE = 0.1, 30.0
# slow waves: electrode motion; wander: what lies outside of the second band
_SLOW_BAND_HZ, _KEPT_BAND_HZ = (0.8, 4.0), (0.8, 45.0)
# beats of two detectors nearer than this are the same
_SAME_BEAT_S = 0.075
# added before logarithms, so that a signal without noise has a finite feature
_FLOOR_MIN = 1e-4


def measure_features(samples: Float64Array, fs_hz: float, r_peaks: RPeaks) -> Float64Array:
    """Compute the features of a window.

    Parameters
    ----------
    samples : ndarray of float64, shape (n_times,)
        Without gaps, not constant.
    fs_hz : float
        Sampling rate in Hz.
    r_peaks : RPeaks
        At least two beats.

    Returns
    -------
    ndarray of float64, shape (15,)
        In the order of `FEATURES`: mean log odds, lower quartile and mean of the beats' confidence; agreement with the
        beats of a second detector [1]_; lower quartile of the correlation of each beat with the median one; energy of
        the QRS band inside beats over outside, in dB; logarithms of its kurtosis (kSQI [1]_) and of the spread of RR;
        the share of NN and its square; logarithms of the noise between beats in three bands, of slow waves and of
        wander, each over the height of a beat.

    References
    ----------
    .. [1] Li, Mark & Clifford, "Robust heart rate estimation from multiple asynchronous noisy sources using signal
       quality indices and a Kalman filter", Physiol. Meas. 29(1), 2008.
    """
    per = max(1, int(fs_hz / _WORKING_HZ))
    # a lower rate, from 0, so that large offsets do not cost digits
    reduced = average_neighbours(samples[: len(samples) - len(samples) % per] - samples[0], per)
    rate_hz = fs_hz / per
    peaks = np.clip(np.round(r_peaks.times_s * rate_hz).astype(np.intp), 0, len(reduced) - 1)
    wave = bandpass(reduced, rate_hz, low_hz=_SHAPE_BAND_HZ[0], high_hz=_SHAPE_BAND_HZ[1])
    reach = max(2, round(_BEAT_S * rate_hz))
    # height of a typical beat: the unit of noise
    height = float(np.median(np.ptp(_cut(reduced, peaks, reach), axis=1))) + 1e-300
    rr, share = compute_rr(r_peaks.times_s), float(np.isfinite(compute_nn(r_peaks.times_s)).mean())
    return np.array(
        [
            *_describe_confidence(r_peaks.confidence),
            _agreement(wave, rate_hz, r_peaks.times_s),
            float(np.percentile(_likeness(_cut(wave, peaks, reach)), 25.0)),
            _contrast(wave, peaks, reach),
            _log_kurtosis(wave),
            np.log(rr.std() / rr.mean() + 0.02),
            share,
            share**2,
            *(np.log(_floor(reduced, rate_hz, band) / height + _FLOOR_MIN) for band in _FLOOR_BANDS_HZ),
            np.log(_band_sd(reduced, rate_hz, _SLOW_BAND_HZ) / height + 1e-3),
            np.log(float(np.std(reduced - _band(reduced, rate_hz, _KEPT_BAND_HZ))) / height + 1e-3),
        ]
    )


def _describe_confidence(confidence: Float64Array) -> tuple[float, float, float]:
    """Mean log odds, lower quartile and mean of the confidences."""
    bounded = np.clip(confidence, 1e-6, 1.0 - 1e-6)
    log_odds = float(np.log(bounded / (1.0 - bounded)).mean())
    return log_odds, float(np.percentile(confidence, 25.0)), float(confidence.mean())


def _agreement(wave: Float64Array, rate_hz: float, times_s: Float64Array) -> float:
    """Beats that the detector also finds in the second derivative of a higher band, over all beats of both."""
    second_s = detect_r_peaks(np.gradient(np.gradient(wave)), rate_hz, may_be_paced=False).times_s
    if not len(second_s):
        return 0.0
    both = int((np.abs(times_s[:, None] - second_s).min(axis=1) < _SAME_BEAT_S).sum())
    return both / (len(times_s) + len(second_s) - both)


def _cut(wave: Float64Array, peaks: IntpArray, reach: int) -> Float64Array:
    """Cut the surroundings of each beat, shape (n_beats, 2 * reach + 1)."""
    return np.asarray(wave[np.clip(peaks[:, None] + np.arange(-reach, reach + 1), 0, len(wave) - 1)])


def _likeness(shapes: Float64Array) -> Float64Array:
    """Correlation of each beat with the median beat; low for noise that was taken for beats."""
    template = np.median(shapes, axis=0)
    norms = np.linalg.norm(shapes, axis=1) * np.linalg.norm(template)
    return np.asarray(shapes @ template / np.maximum(norms, 1e-300))


def _contrast(wave: Float64Array, peaks: IntpArray, reach: int) -> float:
    """Energy inside beats over outside, in dB."""
    inside = np.zeros(len(wave), dtype=bool)
    inside[np.clip(peaks[:, None] + np.arange(-reach, reach + 1), 0, len(wave) - 1)] = True
    if inside.all():
        return 0.0
    energy = wave**2
    least = 1e-12 * float(energy.max()) + 1e-300
    return float(10.0 * np.log10((energy[inside].mean() + least) / (energy[~inside].mean() + least)))


def _log_kurtosis(wave: Float64Array) -> float:
    centred = wave - wave.mean()
    return float(np.log((centred**4).mean() / max(float((centred**2).mean()) ** 2, 1e-300) + 1e-3))


def _band(samples: Float64Array, rate_hz: float, band_hz: tuple[float, float]) -> Float64Array:
    return bandpass(samples, rate_hz, low_hz=min(band_hz[0], 0.2 * rate_hz), high_hz=band_hz[1])


def _band_sd(samples: Float64Array, rate_hz: float, band_hz: tuple[float, float]) -> float:
    return float(np.std(_band(samples, rate_hz, band_hz)))


def _floor(samples: Float64Array, rate_hz: float, band_hz: tuple[float, float]) -> float:
    """RMS of a band in the quiet tenths of a second, which lie between beats and hold only noise."""
    hop = max(1, round(_HOP_S * rate_hz))
    wave = _band(samples, rate_hz, band_hz)
    pieces = wave[: len(wave) // hop * hop].reshape(-1, hop)
    return float(np.percentile(np.sqrt((pieces**2).mean(axis=1)), _FLOOR_PERCENTILE)) if len(pieces) else 0.0
