"""Signal quality (SQI) of an ECG window.

Input: samples, and the beats found in them. Output: one number, 0 (nothing usable) to 1 (clean): the probability that
the heart rate is right. Fusion uses it to gate the ECG and to weight it against the face.
"""

from __future__ import annotations

import numpy as np

from ecg_facial.ecg.beats.pacing import remove_spikes
from ecg_facial.ecg.beats.scales import get_scales
from ecg_facial.ecg.filtering import bridge_gaps
from ecg_facial.ecg.intervals import compute_rr, mean_heart_rate
from ecg_facial.ecg.quality_features import FEATURES, measure_features
from ecg_facial.ecg.rpeaks import RPeaks
from ecg_facial.runtime.typing import BoolArray, Float64Array

# A constant signal for this long is a lost contact; a pause between beats is shorter, even at 40 bpm without noise.
_FLAT_S = 1.2
# Clipping: the extreme value held for 10 ms and three samples. Quality is 0 from 12 % of clipped samples on.
_CLIP_S, _CLIP_TIMES = 0.01, 3
_MAX_CLIPPED_SHARE = 0.12
# Contrast of the beats in dB at which quality is 0 and 1: peaks of noise without a heart reach 3 to 5 dB.
_CONTRAST, _CONTRAST_DB = FEATURES.index("contrast"), (0.0, 6.0)
# a beat is missing after 1.5 median intervals
_COVERED_RR = 1.5
# two beats give one interval, which nothing confirms
_TWO_BEATS_MAX = 0.3
# Printed by `python benchmarks/ecg_quality.py --data FOLDER --fit`. Sum of two logistic regressions: of a heart rate
# within 5 bpm, and (weight 0.8) of clean signal against noise as strong as the beats, so that quality also ranks noise.
_INTERCEPT = -10.4353
_WEIGHTS = {
    "log_odds": 0.3967,
    "low_confidence": 2.6972,
    "mean_confidence": 3.0619,
    "agreement": 2.0053,
    "likeness": -0.8173,
    "contrast": 0.0683,
    "kurtosis": -0.2237,
    "rr_spread": -0.3109,
    "nn_share": 1.0393,
    "nn_share_squared": -0.6155,
    "floor_5_15_hz": -0.0332,
    "floor_15_30_hz": -0.1839,
    "floor_30_48_hz": 0.1182,
    "slow_waves": 0.1258,
    "wander": -1.4048,
}


def _ramp(value: float, low: float, high: float) -> float:
    """0 at `low` and below, 1 at `high` and above, linear in between."""
    return float(np.clip((value - low) / (high - low), 0.0, 1.0))


def _run_share(flags: BoolArray, shortest: int) -> float:
    """Share of samples in runs of True that have at least `shortest` samples."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    lengths = edges[1::2] - edges[::2]
    return float(lengths[lengths >= shortest].sum() / max(len(flags), 1))


def _flat_share(samples: Float64Array, fs_hz: float) -> float:
    return _run_share(np.diff(samples) == 0, max(2, round(_FLAT_S * fs_hz)))


def clipped_share(samples: Float64Array, fs_hz: float) -> float:
    """Share of samples that hold the highest or the lowest value, in runs of 10 ms and three samples or more.

    Parameters
    ----------
    samples : ndarray of float64, shape (n_times,)
        Without NaN.
    fs_hz : float
    """
    shortest = max(_CLIP_TIMES, round(_CLIP_S * fs_hz))
    return sum(_run_share(samples == limit, shortest) for limit in (samples.max(), samples.min()))


def _coverage(times_s: Float64Array, duration_s: float) -> float:
    """Share of the window without missing beats: gaps count from 1.5 median intervals on."""
    rr = compute_rr(times_s)
    allowed = _COVERED_RR * float(np.median(rr))
    gaps = np.concatenate([[times_s[0]], rr, [duration_s - times_s[-1]]])
    return 1.0 - float(np.clip(gaps - allowed, 0.0, None).sum()) / duration_s


def compute_sqi(ecg: Float64Array, fs_hz: float, *, r_peaks: RPeaks) -> float:
    """Signal quality of an ECG window: the probability that its heart rate over all beats is within 5 bpm, 0..1.

    Parameters
    ----------
    ecg : ndarray, shape (n_times,)
        Samples in any unit, NaN where nothing was recorded.
    fs_hz : float
        Sampling rate in Hz.
    r_peaks : RPeaks
        The beats found in these samples.

    Returns
    -------
    float
        0 (nothing usable) to 1 (clean).

    Raises
    ------
    SettingsError
        When the rate is not a finite number of at least 50 Hz.

    Notes
    -----
    Two parts, multiplied:

    1. What must hold, each 0..1: the share of samples recorded; not flat (a constant signal for 1.2 s is a lost
       contact); not clipped; no missing beats (a gap counts from 1.5 median intervals on); energy of the QRS band
       inside beats over outside (0 dB gives 0, 6 dB gives 1), because noise without a heart reaches 3 to 5 dB.
    2. A logistic regression on the 15 features of `quality_features`: confidence of the beats, agreement of two
       detectors and kurtosis of the QRS band [1]_, likeness of the beats, regularity, noise between beats, wander.

    It is fitted on windows of 24 MIT-BIH records, clean and with recorded noise from -6 to 24 dB; `docs/ecg_quality.md`
    gives calibration and AUC (0.93) on records that it was not fitted on. An unknown heart rate gives 0, two beats at
    most 0.3.

    Departures from Li, Mark and Clifford [1]_: their indices decide by thresholds whether a signal is used; here they
    are features of one calibrated probability. Their second detector is another algorithm; here it is the same one on
    the curvature of a higher band.

    References
    ----------
    .. [1] Li, Mark & Clifford, "Robust heart rate estimation from multiple asynchronous noisy sources using signal
       quality indices and a Kalman filter", Physiol. Meas. 29(1), 2008.
    """
    get_scales(fs_hz)
    filled, gaps = bridge_gaps(ecg, fs_hz)
    filled = remove_spikes(filled, fs_hz)
    # without a rate there is nothing that could be right
    if not np.isfinite(mean_heart_rate(r_peaks.times_s)):
        return 0.0
    if len(r_peaks) < 2 or len(filled) < 0.5 * fs_hz or not np.ptp(filled) > 0:
        return 0.0
    # product of what must hold
    must = (
        (1.0 - float(gaps.mean()))
        * (1.0 - _flat_share(filled, fs_hz))
        * _ramp(-clipped_share(filled[~gaps], fs_hz), -_MAX_CLIPPED_SHARE, 0.0)
        * _coverage(r_peaks.times_s, len(filled) / fs_hz)
    )
    if must <= 0.0:
        return 0.0
    features = measure_features(filled, fs_hz, r_peaks)
    must *= _ramp(float(features[_CONTRAST]), *_CONTRAST_DB)
    quality = must * rate_probability(features)
    return min(quality, _TWO_BEATS_MAX) if len(r_peaks) == 2 else quality


def rate_probability(features: Float64Array) -> float:
    """Probability that the heart rate is within 5 bpm, from `quality_features.measure_features`."""
    score = _INTERCEPT + sum(_WEIGHTS[name] * value for name, value in zip(FEATURES, features.tolist(), strict=True))
    return float(1.0 / (1.0 + np.exp(-np.clip(score, -30.0, 30.0))))
