"""Signal quality of an ECG window.

Enters: samples and the beats found in them. Leaves: one number, 0 (nothing usable) to 1 (clean). It is a heuristic for
gating and for weighing one modality against the other; it is not a calibrated probability.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ecg_facial.ecg.filtering import bandpass, bridge_gaps, check_rate
from ecg_facial.ecg.intervals import compute_nn, compute_rr
from ecg_facial.ecg.rpeaks import RPeaks

# A digital flat line this long is no pause between beats, even at 40 bpm in a noise-free signal.
_FLAT_S = 1.2
_CLIP_S, _CLIP_TIMES = 0.01, 3
_BEAT_S = 0.06
# Wider and higher than the detector's band: what noise leaves in a narrow band looks like beats.
_SHAPE_BAND_HZ = (8.0, 30.0)


def _ramp(value: float, low: float, high: float) -> float:
    """0 at `low` and below, 1 at `high` and above, straight in between."""
    return float(np.clip((value - low) / (high - low), 0.0, 1.0))


def _run_share(flags: NDArray[np.bool_], shortest: int) -> float:
    """Share of samples that lie in runs of True at least `shortest` long."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    lengths = edges[1::2] - edges[::2]
    return float(lengths[lengths >= shortest].sum() / max(len(flags), 1))


def _flat_share(samples: NDArray[np.float64], fs_hz: float) -> float:
    return _run_share(np.diff(samples) == 0, max(2, round(_FLAT_S * fs_hz)))


def _clipped_share(samples: NDArray[np.float64], fs_hz: float) -> float:
    shortest = max(_CLIP_TIMES, round(_CLIP_S * fs_hz))
    return sum(_run_share(samples == limit, shortest) for limit in (samples.max(), samples.min()))


def _coverage(times_s: NDArray[np.float64], duration_s: float) -> float:
    """Share of the window that lies within one and a half typical intervals of the beats around it."""
    rr = compute_rr(times_s)
    allowed = 1.5 * float(np.median(rr))
    gaps = np.concatenate([[times_s[0]], rr, [duration_s - times_s[-1]]])
    return 1.0 - float(np.clip(gaps - allowed, 0.0, None).sum()) / duration_s


def _beat_shapes(wave: NDArray[np.float64], peaks: NDArray[np.intp], fs_hz: float) -> NDArray[np.float64]:
    """Cut the QRS band around each beat, shape (n_beats, width)."""
    reach = max(2, round(_BEAT_S * fs_hz))
    return np.asarray(wave[np.clip(peaks[:, None] + np.arange(-reach, reach + 1), 0, len(wave) - 1)])


def _likeness(shapes: NDArray[np.float64]) -> float:
    """Typical correlation of a beat with the median beat; noise that was taken for beats is not alike."""
    template = np.median(shapes, axis=0)
    norms = np.linalg.norm(shapes, axis=1) * np.linalg.norm(template)
    return float(np.median(shapes @ template / np.maximum(norms, 1e-300)))


def _contrast(wave: NDArray[np.float64], peaks: NDArray[np.intp], fs_hz: float) -> float:
    """Energy of the QRS band inside beats over that outside, in decibels."""
    inside = np.zeros(len(wave), dtype=bool)
    reach = max(2, round(_BEAT_S * fs_hz))
    inside[np.clip(peaks[:, None] + np.arange(-reach, reach + 1), 0, len(wave) - 1)] = True
    if inside.all():
        return 0.0
    energy = wave**2
    floor = 1e-12 * float(energy.max())
    return float(10 * np.log10((energy[inside].mean() + floor) / (energy[~inside].mean() + floor)))


def compute_sqi(ecg: NDArray[np.float64], fs_hz: float, r_peaks: RPeaks) -> float:
    """Signal quality of an ECG window, 0..1.

    The product of what must hold (samples recorded, not flat, not clipped, beats throughout) with the geometric mean of
    what speaks for heart beats: likeness of the beats to each other, energy of the QRS band in beats against between
    them, and the share of trusted intervals. Two beats give at most 0.3, fewer give 0.

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

    References
    ----------
    .. [1] Li, Mark & Clifford, "Robust heart rate estimation from multiple asynchronous noisy sources using signal
       quality indices and a Kalman filter", Physiol. Meas. 29(1), 2008.
    """
    fs_hz = check_rate(fs_hz)
    filled, gaps = bridge_gaps(ecg)
    if len(r_peaks) < 2 or len(filled) < 2 or not np.ptp(filled) > 0:
        return 0.0
    must = (
        (1.0 - float(gaps.mean()))
        * (1.0 - _flat_share(filled, fs_hz))
        * _ramp(-_clipped_share(filled[~gaps], fs_hz), -0.12, 0.0)
        * _coverage(r_peaks.times_s, len(filled) / fs_hz)
    )
    wave = bandpass(filled, fs_hz, low_hz=_SHAPE_BAND_HZ[0], high_hz=_SHAPE_BAND_HZ[1])
    peaks = np.round(r_peaks.times_s * fs_hz).astype(np.intp)
    likeness = _ramp(_likeness(_beat_shapes(wave, peaks, fs_hz)), 0.4, 0.9)
    contrast = _ramp(_contrast(wave, peaks, fs_hz), 3.0, 12.0)
    rhythm = float(np.isfinite(compute_nn(r_peaks.times_s)).mean())
    quality = float(must * (likeness * contrast * rhythm) ** (1 / 3))
    return min(quality, 0.3) if len(r_peaks) == 2 else quality
