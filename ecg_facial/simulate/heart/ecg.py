"""Simulated ECG with exactly known beat times.

Input: a heart-rate curve. Output: millivolts, and the times of the beats, exact between samples. A beat is a sum of
(two-sided) Gaussian waves [1]_; its time is where the integral of the heart rate is a whole number. The QRS complex has
the same width at every heart rate; P and T waves move and narrow with the square root of the RR interval, as the QT
interval does (Bazett). Adds no noise.

References
----------
.. [1] McSharry, Clifford, Tarassenko, Smith, "A dynamical model for generating synthetic electrocardiogram signals",
   IEEE Transactions on Biomedical Engineering 50(3), 2003.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ecg_facial.errors import SettingsError
from ecg_facial.runtime.typing import BoolArray, Float64Array, StrArray
from ecg_facial.simulate.settings.sensor_settings import SensorSettings

# Beats are simulated this far beyond a window, so that it starts within a heart beat: more than two intervals at 30
# bpm.
PAD_S = 6.0
HEART_RATE_LIMITS_BPM = (30.0, 220.0)
# a beat's waves lie within these times of its R-peak
_REACH_BEFORE_S = 0.4
_REACH_AFTER_S = 0.75
_RR_LIMITS_S = (60.0 / HEART_RATE_LIMITS_BPM[1], 60.0 / HEART_RATE_LIMITS_BPM[0])
_PEAK_SEARCH_S = 0.02
# a Gaussian wave ends at six standard deviations (1e-8 of its height)
_CUT_SDS = 6.0

Wave = tuple[float, float, float, float, bool]


@dataclass(frozen=True, eq=False, kw_only=True)
class Morphology:
    """Shape of a person's beats: two-sided Gaussian waves around the R peak.

    Attributes
    ----------
    amplitude_mv, centre_s, width_before_s, width_after_s : ndarray of float64, shape (n_waves,)
        Height, time from the R-peak at 60 bpm, and standard deviation before and after. The first wave is R, at 0 s.
    scales_with_rr : ndarray of bool, shape (n_waves,)
        True for P and T, whose times and widths follow the square root of the RR interval.
    """

    amplitude_mv: Float64Array
    centre_s: Float64Array
    width_before_s: Float64Array
    width_after_s: Float64Array
    scales_with_rr: BoolArray

    def sum_waves(self, time_s: Float64Array, *, rr_s: float = 1.0) -> Float64Array:
        """Compute the voltage of one beat.

        Parameters
        ----------
        time_s : ndarray of float64, shape (n_times,)
            Seconds from the R wave.
        rr_s : float
            Interval before the beat in seconds; P and T depend on it.

        Returns
        -------
        ndarray of float64, shape (n_times,)
            Millivolts.
        """
        total = np.zeros(len(time_s))
        scale = np.where(self.scales_with_rr, np.sqrt(rr_s), 1.0)
        centre, before, after = (scale * value for value in (self.centre_s, self.width_before_s, self.width_after_s))
        first = np.searchsorted(time_s, centre - _CUT_SDS * before)
        middle = np.searchsorted(time_s, centre)
        last = np.searchsorted(time_s, centre + _CUT_SDS * after)
        for wave, amplitude in enumerate(self.amplitude_mv):
            for part, width in ((slice(first[wave], middle[wave]), before), (slice(middle[wave], last[wave]), after)):
                total[part] += amplitude * np.exp(-0.5 * ((time_s[part] - centre[wave]) / width[wave]) ** 2)
        return total


# R, Q, S, P, T: height in mV, time in s, widths before and after in s, whether it depends on RR. Complexes last 70 to
# 110 ms, as normal ones do.
_FAMILIES: dict[str, tuple[Wave, ...]] = {
    "symmetric": (
        (1.10, 0.000, 0.0105, 0.0105, False),
        (-0.12, -0.026, 0.0080, 0.0080, False),
        (-0.24, 0.028, 0.0090, 0.0090, False),
        (0.11, -0.165, 0.0220, 0.0200, True),
        (0.28, 0.270, 0.0520, 0.0380, True),
    ),
    "asymmetric": (
        (0.85, 0.000, 0.0150, 0.0085, False),
        (-0.05, -0.036, 0.0070, 0.0070, False),
        (-0.40, 0.025, 0.0075, 0.0140, False),
        (0.08, -0.170, 0.0250, 0.0180, True),
        (0.20, 0.285, 0.0700, 0.0400, True),
    ),
}
MORPHOLOGY_FAMILIES = tuple(_FAMILIES)


def make_morphology(
    family: str, *, amplitude_scale: Float64Array | None = None, width_scale: float = 1.0
) -> Morphology:
    """Make the beats of one family.

    Parameters
    ----------
    family : str
        ``symmetric`` (a narrow qRs) or ``asymmetric`` (slow upstroke, steep fall, deep S).
    amplitude_scale : ndarray of float64, shape (5,), optional
        Factor of each wave (R, Q, S, P, T).
    width_scale : float
        Factor of every wave's width and time.

    Raises
    ------
    SettingsError
        When there is no such family.
    """
    if family not in _FAMILIES:
        raise SettingsError(f"unknown ECG family {family!r}: expected one of {', '.join(_FAMILIES)}")
    return shape_beats(_FAMILIES[family], amplitude_scale=amplitude_scale, width_scale=width_scale)


def shape_beats(
    waves: Sequence[Wave], *, amplitude_scale: Float64Array | None, width_scale: float, search_s: float = _PEAK_SEARCH_S
) -> Morphology:
    """Make beats from a list of waves, with their peak at 0 s."""
    table = np.array([wave[:4] for wave in waves])
    amplitude = table[:, 0] * (1.0 if amplitude_scale is None else amplitude_scale)
    centre, before, after = (table[:, 1:] * width_scale).T
    follows_rr = np.array([wave[4] for wave in waves])
    return peak_at_zero(
        Morphology(
            amplitude_mv=amplitude,
            centre_s=centre,
            width_before_s=before,
            width_after_s=after,
            scales_with_rr=follows_rr,
        ),
        search_s=search_s,
    )


def peak_at_zero(morphology: Morphology, *, search_s: float = _PEAK_SEARCH_S) -> Morphology:
    """Shift the waves so that the extremum of their sum, not of one wave, is at 0 s."""
    low, high = -search_s, search_s
    sign = np.sign(morphology.amplitude_mv[0])
    # three refinements of a grid search: exact to 1e-8 s
    for _ in range(3):
        grid = np.linspace(low, high, 401)
        peak = float(grid[np.argmax(sign * morphology.sum_waves(grid))])
        step = (high - low) / 400
        low, high = peak - step, peak + step
    return Morphology(
        amplitude_mv=morphology.amplitude_mv,
        centre_s=morphology.centre_s - peak,
        width_before_s=morphology.width_before_s,
        width_after_s=morphology.width_after_s,
        scales_with_rr=morphology.scales_with_rr,
    )


def sample_morphology(
    rng: np.random.Generator,
    *,
    wave_sd: float = SensorSettings.wave_sd,
    width: tuple[float, float] = SensorSettings.width,
) -> Morphology:
    """Draw a person's beats: a family, and variation of its waves.

    Parameters
    ----------
    rng : Generator
        The person's own stream.
    wave_sd : float
        Spread of the natural logarithm of each wave's height.
    width : (low, high)
        Range of the factor of widths and times.
    """
    # 40 % of people have the asymmetric family
    family = MORPHOLOGY_FAMILIES[int(rng.random() < 0.4)]
    scale = np.exp(rng.normal(0.0, wave_sd, 5))
    return make_morphology(family, amplitude_scale=scale, width_scale=float(rng.uniform(*width)))


def compute_beat_times(
    heart_rate_bpm: Float64Array, fs_hz: float, *, phase: float, start_s: float = 0.0
) -> Float64Array:
    """Find the times at which the integrated heart rate is a whole number.

    Parameters
    ----------
    heart_rate_bpm : ndarray of float64, shape (n_times,)
        Heart rate, linear between samples; kept within 30..220 bpm.
    fs_hz : float
        Rate of that curve.
    phase : float
        Phase of the first sample within a beat, 0..1.
    start_s : float
        Time of the first sample.

    Returns
    -------
    ndarray of float64, shape (n_beats,)
        Seconds.
    """
    rate_hz = np.clip(heart_rate_bpm, *HEART_RATE_LIMITS_BPM) / 60.0
    beats = np.empty(len(rate_hz))
    beats[0] = phase
    # the trapezoidal rule is exact for a rate that is linear between samples
    np.cumsum((rate_hz[1:] + rate_hz[:-1]) * (0.5 / fs_hz), out=beats[1:])
    beats[1:] += phase
    whole = np.arange(np.ceil(beats[0]), np.floor(beats[-1]) + 1.0)
    return start_s + np.interp(whole, beats, np.arange(len(beats)) / fs_hz)


def draw_ecg(
    beat_times_s: Float64Array,
    fs_hz: float,
    *,
    n_times: int,
    morphology: Morphology,
    first_time: int = 0,
    kinds: StrArray | None = None,
    ectopic: Mapping[str, Morphology] | None = None,
) -> Float64Array:
    """Compute the ECG of given beats, or a block of it.

    The cost depends on the length of the block, not of the recording, so that long recordings are made in blocks;
    joined blocks equal the whole, to the last bit.

    Parameters
    ----------
    beat_times_s : ndarray of float64, shape (n_beats,)
        Times from the first sample, ascending; give the beats before and after the window too.
    fs_hz : float
        Sampling rate.
    n_times : int
        Number of samples.
    morphology : Morphology
        Shape of the beats.
    first_time : int
        Number of the block's first sample.
    kinds : ndarray of str, shape (n_beats,), optional
        Kind of each beat; all regular by default.
    ectopic : mapping of str to Morphology, optional
        Shapes of other kinds than regular beats.

    Returns
    -------
    ndarray of float64, shape (n_times,)
        Millivolts, without noise.
    """
    ecg_mv = np.zeros(n_times)
    shapes = {} if ectopic is None or kinds is None else ectopic
    rr_s = np.diff(beat_times_s, prepend=np.nan)
    rr_s[:1] = rr_s[1] if len(rr_s) > 1 else 1.0
    rr_s = np.clip(rr_s, *_RR_LIMITS_S)
    first_s, last_s = first_time / fs_hz, (first_time + n_times) / fs_hz
    # only beats whose waves reach into the block
    start, stop = np.searchsorted(beat_times_s, (first_s - _REACH_AFTER_S, last_s + _REACH_BEFORE_S))
    for beat in range(start, stop):
        beat_s = float(beat_times_s[beat])
        first = max(0, math.ceil((beat_s - _REACH_BEFORE_S) * fs_hz) - first_time)
        last = min(n_times, math.ceil((beat_s + _REACH_AFTER_S) * fs_hz) - first_time)
        if first < last:
            shape = morphology if kinds is None else shapes.get(str(kinds[beat]), morphology)
            times_s = np.arange(first_time + first, first_time + last) / fs_hz
            ecg_mv[first:last] += shape.sum_waves(times_s - beat_s, rr_s=float(rr_s[beat]))
    return ecg_mv


def simulate_ecg(
    heart_rate_bpm: Float64Array, fs_hz: float, *, rng: np.random.Generator, morphology: Morphology | None = None
) -> tuple[Float64Array, Float64Array]:
    """Simulate a single-lead ECG that follows a heart-rate curve.

    Parameters
    ----------
    heart_rate_bpm : ndarray of float64, shape (n_times,)
        Heart rate at every sample; kept within 30..220 bpm.
    fs_hz : float
        Sampling rate of the curve and of the ECG.
    rng : Generator
        Draws the phase of the first beat.
    morphology : Morphology, optional
        Shape of the beats; the symmetric family by default.

    Returns
    -------
    ecg_mv : ndarray of float64, shape (n_times,)
        Millivolts, without noise.
    r_times_s : ndarray of float64, shape (n_beats,)
        Exact times of the R peaks within the window, from the first sample.

    Raises
    ------
    SettingsError
        When the curve is empty or the rate is not positive.

    Examples
    --------
    >>> ecg, r_times = simulate_ecg(np.full(5120, 60.0), 512.0, rng=np.random.default_rng(0))
    >>> np.round(np.diff(r_times), 6).tolist()[:3]
    [1.0, 1.0, 1.0]
    """
    if heart_rate_bpm.ndim != 1 or len(heart_rate_bpm) == 0:
        raise SettingsError(f"heart-rate curve has shape {heart_rate_bpm.shape}: expected (n_times,), at least 1")
    if not (np.isfinite(fs_hz) and fs_hz > 0):
        raise SettingsError(f"ECG sampling rate is {fs_hz} Hz: expected a positive number")
    n_times, n_pad = len(heart_rate_bpm), int(np.ceil(PAD_S * fs_hz))
    padded = np.pad(heart_rate_bpm, n_pad, mode="edge")
    beats_s = compute_beat_times(padded, fs_hz, phase=float(rng.random()), start_s=-n_pad / fs_hz)
    shape = make_morphology("symmetric") if morphology is None else morphology
    inside = (beats_s >= 0.0) & (beats_s < n_times / fs_hz)
    return draw_ecg(beats_s, fs_hz, n_times=n_times, morphology=shape), beats_s[inside]
