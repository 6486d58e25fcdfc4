"""R-peak detection in a single-lead ECG.

Enters: samples of any unit and polarity at 100..4000 Hz, gaps included. Leaves: beat times in seconds from the first
sample, between samples, each with a confidence. Says nothing about rhythm, and nothing about whether the heart rate can
be trusted: `intervals` and `quality` do.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, signal

from ecg_facial.ecg.filtering import bandpass, bridge_gaps, check_rate

# Where the energy of a QRS complex stands out most: above P and T waves, below muscle noise (Pan & Tompkins 1985). An
# upper edge of 30 Hz let 27 % of windows with muscle noise at 12 dB be off by 5 bpm, 18 Hz lets 5 %.
_QRS_BAND_HZ = (5.0, 18.0)
# Wide enough to keep the shape of the peak, so that its place is that of the R wave.
_PEAK_BAND_HZ = (2.0, 45.0)
_ENVELOPE_S = 0.09
_REFRACTORY_S = 0.2
_LEVEL_WINDOW_S = 2.2
_LEVEL_HOP_S = 0.25
_LEVEL_SPAN_S = 8.0
_LEVEL_PERCENTILE = 35.0
_THRESHOLD = 0.42
_T_WAVE_S = 0.36
_T_WAVE_SLOPE = 0.6
# So weak a neighbour is a P or T wave at any rate; it only passes for a beat where few beats leave the level low.
_WAVE_S = 0.45
_WAVE_SLOPE = 0.1
_SEARCH_BACK_RR = 1.55
_SEARCH_BACK_THRESHOLD = 0.18
_PEAK_REACH_S = 0.06
# Below this share of the signal's range, what a filter leaves is rounding, not heart.
_ROUNDING = 1e-7


@dataclass(frozen=True, eq=False)
class RPeaks:
    """Beats found in an ECG.

    Attributes
    ----------
    times_s : ndarray of float64, shape (n_beats,)
        Times of the R-peaks in seconds from the first sample, increasing, finer than the sampling step.
    confidence : ndarray of float64, shape (n_beats,)
        0..1: how far the beat stands out of what lies around it. A heuristic for ranking, not a probability.
    """

    times_s: NDArray[np.float64]
    confidence: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.times_s)


def detect_r_peaks(ecg: NDArray[np.float64], fs_hz: float) -> RPeaks:
    """Find the R-peaks of a single-lead ECG.

    Parameters
    ----------
    ecg : ndarray, shape (n_times,)
        Samples in any unit, upright or inverted; NaN where nothing was recorded.
    fs_hz : float
        Sampling rate in Hz, 100 or more for good timing.

    Returns
    -------
    RPeaks
        Empty for a flat, empty or very short signal.

    Raises
    ------
    SettingsError
        When the rate is not a positive number.

    References
    ----------
    .. [1] Pan & Tompkins, "A real-time QRS detection algorithm", IEEE Trans. Biomed. Eng. 32(3), 1985.
    """
    fs_hz = check_rate(fs_hz)
    filled, gaps = bridge_gaps(ecg)
    nothing = RPeaks(np.zeros(0), np.zeros(0))
    if len(filled) < 0.5 * fs_hz or not np.ptp(filled) > 0:
        return nothing
    wave = bandpass(filled, fs_hz, low_hz=_QRS_BAND_HZ[0], high_hz=_QRS_BAND_HZ[1])
    energy = _envelope(wave, fs_hz)
    if energy.max() <= _ROUNDING * np.ptp(filled):
        return nothing
    candidates = signal.find_peaks(energy, distance=max(1, round(_REFRACTORY_S * fs_hz)))[0]
    candidates = candidates[~gaps[candidates]]
    level = _signal_level(energy, fs_hz)
    strength = energy[candidates] / np.maximum(level[candidates], 1e-300)
    keep = _choose(candidates / fs_hz, strength, energy[candidates])
    tips = bandpass(filled, fs_hz, low_hz=_PEAK_BAND_HZ[0], high_hz=_PEAK_BAND_HZ[1])
    located_s = _locate(tips, candidates[keep], fs_hz)
    times_s, first = np.unique(located_s, return_index=True)
    inside = np.isfinite(times_s)
    return RPeaks(times_s[inside], np.clip(strength[keep][first][inside], 0.0, 1.0))


def _envelope(wave: NDArray[np.float64], fs_hz: float) -> NDArray[np.float64]:
    """Energy of the slope over the width of a QRS complex, in the unit of the wave."""
    slope = np.gradient(wave)
    size = max(1, round(_ENVELOPE_S * fs_hz))
    return np.asarray(np.sqrt(ndimage.gaussian_filter1d(slope**2, size / 3.0, mode="constant", truncate=2.5)))


def _signal_level(energy: NDArray[np.float64], fs_hz: float) -> NDArray[np.float64]:
    """Tell how strong a typical beat is at every sample: a low percentile of running maxima, blind to one burst."""
    hop = max(1, round(_LEVEL_HOP_S * fs_hz))
    n_hops = -(-len(energy) // hop)
    blocks = np.zeros(n_hops * hop)
    blocks[: len(energy)] = energy
    maxima = ndimage.maximum_filter1d(blocks.reshape(n_hops, hop).max(axis=1), round(_LEVEL_WINDOW_S / _LEVEL_HOP_S))
    span = round(_LEVEL_SPAN_S / _LEVEL_HOP_S)
    level = ndimage.percentile_filter(maxima, _LEVEL_PERCENTILE, size=span, mode="reflect")
    level = np.maximum(level, 0.1 * np.median(level))
    return np.repeat(level, hop)[: len(energy)]


def _choose(
    times_s: NDArray[np.float64], strength: NDArray[np.float64], energy: NDArray[np.float64]
) -> NDArray[np.intp]:
    """Candidates that are beats: strong against the level, not a T wave, and weaker ones where a beat is missing."""
    strong = _drop_t_waves(np.flatnonzero(strength >= _THRESHOLD), times_s, energy)
    if len(strong) < 3:
        return strong
    rr = np.median(np.diff(times_s[strong]))
    extra = []
    for a, b in pairwise(strong):
        if times_s[b] - times_s[a] > _SEARCH_BACK_RR * rr:
            between = np.arange(a + 1, b)
            between = between[(times_s[between] - times_s[a] > _T_WAVE_S) & (times_s[b] - times_s[between] > 0.25)]
            if len(between):
                best = between[np.argmax(strength[between])]
                if strength[best] >= _SEARCH_BACK_THRESHOLD:
                    extra.append(best)
    return np.sort(np.concatenate([strong, np.array(extra, dtype=strong.dtype)]))


def _drop_t_waves(
    strong: NDArray[np.intp], times_s: NDArray[np.float64], energy: NDArray[np.float64]
) -> NDArray[np.intp]:
    """Of two that follow each other too soon for beats of one rhythm, leave out one that is much weaker."""
    too_soon_s = min(_T_WAVE_S, 0.6 * float(np.median(np.diff(times_s[strong])))) if len(strong) > 2 else _T_WAVE_S
    kept = list(strong[:1])
    for i in strong[1:]:
        gap_s = times_s[i] - times_s[kept[-1]]
        least = _T_WAVE_SLOPE if gap_s < too_soon_s else _WAVE_SLOPE if gap_s < _WAVE_S else 0.0
        before, now = energy[kept[-1]], energy[i]
        if before < least * now:
            kept[-1] = i
        elif now >= least * before:
            kept.append(i)
    return np.array(kept, dtype=np.intp)


def _locate(wave: NDArray[np.float64], peaks: NDArray[np.intp], fs_hz: float) -> NDArray[np.float64]:
    """Move each beat to the tip of its main deflection and fit a parabola through it; NaN where the tip is cut off."""
    if not len(peaks):
        return np.zeros(0)
    reach = max(1, round(_PEAK_REACH_S * fs_hz))
    index = np.clip(peaks[:, None] + np.arange(-reach, reach + 1), 0, len(wave) - 1)
    around = wave[index]
    up, down = around.max(axis=1), -around.min(axis=1)
    sign = 1.0 if np.median(up - down) >= 0 else -1.0
    signs = np.where(np.maximum(up, down) > 1.6 * np.where(sign > 0, up, down), -sign, sign)
    best = index[np.arange(len(peaks)), np.argmax(around * signs[:, None], axis=1)]
    left, middle, right = (np.abs(wave[np.clip(best + k, 0, len(wave) - 1)]) for k in (-1, 0, 1))
    curvature = left - 2 * middle + right
    shift = np.where(curvature < 0, 0.5 * (left - right) / np.where(curvature < 0, curvature, -1.0), 0.0)
    times_s = (best + np.clip(shift, -0.5, 0.5)) / fs_hz
    # Still rising at the window's end: the peak is outside. The other way than the rest and next to the end: the S wave
    # of a beat whose R is outside. Either way its time is unknown.
    to_end = np.minimum(best, len(wave) - 1 - best)
    return np.where((to_end > 0) & ((to_end > reach) | (signs == sign)), times_s, np.nan)
