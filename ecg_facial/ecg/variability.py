"""Heart rate over time: slope, change from a person's baseline, and variability (HRV).

Input: R-peak times in seconds. Output: numbers, NaN where there are too few beats; a warning where the stretch is too
short for HRV. In windows of a few seconds only the mean heart rate is reliable.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from ecg_facial.ecg.intervals import compute_nn, mean_heart_rate
from ecg_facial.errors import SettingsError
from ecg_facial.runtime.typing import Float64Array

# shortest stretches that agree with five minutes (Munoz et al. 2015)
RMSSD_MIN_S, SDNN_MIN_S = 30.0, 120.0
_SLOPE_MIN_INTERVALS = 3


class ShortStretchWarning(UserWarning):
    """The stretch is too short for a measure of variability."""


@dataclass(frozen=True, kw_only=True)
class HeartRateVariability:
    """Measures of heart-rate variability in the time domain.

    Attributes
    ----------
    sdnn_ms, rmssd_ms : float
        Standard deviation of the NN intervals, and root mean square of the differences between neighbours, in ms.
    pnn50 : float
        Share of those differences over 50 ms, 0..1.
    n_nn : int
        Number of NN intervals.
    duration_s : float
        From the first beat to the last.
    is_valid : bool
        Whether the stretch is long enough for all measures.
    """

    sdnn_ms: float
    rmssd_ms: float
    pnn50: float
    n_nn: int
    duration_s: float
    is_valid: bool


def heart_rate_slope(r_times_s: Float64Array) -> float:
    """Slope of the heart rate by least squares over NN intervals, in bpm per second.

    Parameters
    ----------
    r_times_s : ndarray, shape (n_beats,)
        Increasing beat times in seconds.

    Returns
    -------
    float
        NaN below three NN intervals.

    Examples
    --------
    >>> round(heart_rate_slope(np.array([0.0, 1.0, 1.9, 2.7, 3.4])), 1)
    10.0
    """
    times_s = np.asarray(r_times_s, dtype=np.float64)
    nn = compute_nn(times_s)
    is_known = np.isfinite(nn)
    if is_known.sum() < _SLOPE_MIN_INTERVALS:
        return float("nan")
    middle_s = (0.5 * (times_s[1:] + times_s[:-1]))[is_known]
    centred = middle_s - middle_s.mean()
    return float((centred * (60.0 / nn[is_known])).sum() / (centred**2).sum())


def change_from_baseline(r_times_s: Float64Array, baseline_bpm: float) -> float:
    """Mean heart rate minus the person's own at rest, in bpm.

    Parameters
    ----------
    r_times_s : ndarray, shape (n_beats,)
        Increasing beat times in seconds.
    baseline_bpm : float
        The person's mean heart rate before the stimuli (`intervals.mean_heart_rate` of a rest recording), NaN where
        it is unknown.

    Returns
    -------
    float
        NaN where either is unknown.

    Raises
    ------
    SettingsError
        When the baseline is not positive.
    """
    if baseline_bpm <= 0 or np.isinf(baseline_bpm):
        raise SettingsError(f"baseline is {baseline_bpm} bpm: expected a positive heart rate, or NaN where unknown")
    return mean_heart_rate(r_times_s) - baseline_bpm


def compute_hrv(r_times_s: Float64Array) -> HeartRateVariability:
    """Compute heart-rate variability in the time domain.

    Parameters
    ----------
    r_times_s : ndarray, shape (n_beats,)
        Increasing beat times in seconds.

    Returns
    -------
    HeartRateVariability
        NaN where there are too few NN intervals.

    Warns
    -----
    ShortStretchWarning
        Below 30 s for RMSSD and pNN50, below 120 s for SDNN: shorter stretches do not agree with five minutes [1]_, and
        do not tell people apart.

    References
    ----------
    .. [1] Munoz et al., "Validity of (ultra-)short recordings for heart rate variability measurements", PLoS ONE 10(9),
       2015.
    """
    times_s = np.asarray(r_times_s, dtype=np.float64)
    duration_s = float(times_s[-1] - times_s[0]) if len(times_s) else 0.0
    short = [
        f"{names} needs {least_s:g} s"
        for names, least_s in (("RMSSD", RMSSD_MIN_S), ("SDNN", SDNN_MIN_S))
        if duration_s < least_s
    ]
    if short:
        text = f"beats over {duration_s:.1f} s: {' and '.join(short)}; use the mean heart rate, or a longer stretch"
        warnings.warn(ShortStretchWarning(text), stacklevel=2)
    nn_ms = 1e3 * compute_nn(times_s)
    # differences only between NN intervals that follow each other
    known, steps = nn_ms[np.isfinite(nn_ms)], np.diff(nn_ms)
    steps = steps[np.isfinite(steps)]
    return HeartRateVariability(
        sdnn_ms=float(known.std(ddof=1)) if len(known) > 1 else float("nan"),
        rmssd_ms=float(np.sqrt((steps**2).mean())) if len(steps) else float("nan"),
        pnn50=float((np.abs(steps) > 50.0).mean()) if len(steps) else float("nan"),
        n_nn=len(known),
        duration_s=duration_s,
        is_valid=not short,
    )
