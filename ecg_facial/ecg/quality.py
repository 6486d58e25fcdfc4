"""Signal quality of an ECG window.

Enters: samples and the beats found in them. Leaves: one number, 0 (nothing usable) to 1 (clean): the probability
that the heart rate is right, for gating and for weighing one modality against the other.
"""

from __future__ import annotations

import numpy as np

from ecg_facial.ecg.beats.scales import get_scales
from ecg_facial.ecg.filtering import bridge_gaps
from ecg_facial.ecg.intervals import compute_rr
from ecg_facial.ecg.quality_features import FEATURES, measure_features
from ecg_facial.ecg.rpeaks import RPeaks
from ecg_facial.runtime.typing import BoolArray, Float64Array

# A digital flat line this long is no pause between beats, even at 40 bpm in a noise-free signal.
_FLAT_S = 1.2
_CLIP_S, _CLIP_TIMES = 0.01, 3
# Peaks of noise without any heart stand out of the rest by 3 to 5 dB.
_CONTRAST, _CONTRAST_DB = FEATURES.index("contrast"), (0.0, 6.0)
# Printed by `python benchmarks/ecg_quality.py --data FOLDER --fit`: a regression of heart rates within 5 bpm, and one
# that tells no noise from noise as strong as the beats, so that quality ranks by noise as well.
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
    """0 at `low` and below, 1 at `high` and above, straight in between."""
    return float(np.clip((value - low) / (high - low), 0.0, 1.0))


def _run_share(flags: BoolArray, shortest: int) -> float:
    """Share of samples that lie in runs of True at least `shortest` long."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    lengths = edges[1::2] - edges[::2]
    return float(lengths[lengths >= shortest].sum() / max(len(flags), 1))


def _flat_share(samples: Float64Array, fs_hz: float) -> float:
    return _run_share(np.diff(samples) == 0, max(2, round(_FLAT_S * fs_hz)))


def _clipped_share(samples: Float64Array, fs_hz: float) -> float:
    shortest = max(_CLIP_TIMES, round(_CLIP_S * fs_hz))
    return sum(_run_share(samples == limit, shortest) for limit in (samples.max(), samples.min()))


def _coverage(times_s: Float64Array, duration_s: float) -> float:
    """Share of the window that lies within one and a half typical intervals of the beats around it."""
    rr = compute_rr(times_s)
    allowed = 1.5 * float(np.median(rr))
    gaps = np.concatenate([[times_s[0]], rr, [duration_s - times_s[-1]]])
    return 1.0 - float(np.clip(gaps - allowed, 0.0, None).sum()) / duration_s


def compute_sqi(ecg: Float64Array, fs_hz: float, *, r_peaks: RPeaks) -> float:
    """Signal quality of an ECG window: the probability that its heart rate over all beats is within 5 bpm, 0..1.

    A logistic regression on `quality_features.FEATURES`, times what must hold (samples recorded, not flat, not clipped,
    beats throughout that stand out). Two beats give at most 0.3, fewer give 0. Fitted on windows of 24 annotated
    records with recorded noise; docs/ecg_quality.md says how well it holds on records that it was not fitted on.

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
    """
    get_scales(fs_hz)
    filled, gaps = bridge_gaps(ecg)
    if len(r_peaks) < 2 or len(filled) < 0.5 * fs_hz or not np.ptp(filled) > 0:
        return 0.0
    must = (
        (1.0 - float(gaps.mean()))
        * (1.0 - _flat_share(filled, fs_hz))
        * _ramp(-_clipped_share(filled[~gaps], fs_hz), -0.12, 0.0)
        * _coverage(r_peaks.times_s, len(filled) / fs_hz)
    )
    if must <= 0.0:
        return 0.0
    features = measure_features(filled, fs_hz, r_peaks)
    must *= _ramp(float(features[_CONTRAST]), *_CONTRAST_DB)
    quality = must * rate_probability(features)
    return min(quality, 0.3) if len(r_peaks) == 2 else quality


def rate_probability(features: Float64Array) -> float:
    """Probability that the heart rate is within 5 bpm, from `quality_features.measure_features`."""
    score = _INTERCEPT + sum(_WEIGHTS[name] * value for name, value in zip(FEATURES, features.tolist(), strict=True))
    return float(1.0 / (1.0 + np.exp(-np.clip(score, -30.0, 30.0))))
