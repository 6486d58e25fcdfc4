"""The beats in one stretch of a few seconds: from its energy to R-peaks.

Input: energy in the QRS band, and the samples at two rates. Output: the beats with their places in samples. Does not
filter, and does not know what came before the stretch: `stream` does.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

import numpy as np

from ecg_facial.ecg.beats.matching import match_to_average
from ecg_facial.ecg.beats.rules import choose_beats, drop_close
from ecg_facial.ecg.beats.scales import Lengths, Scales
from ecg_facial.ecg.beats.tips import locate_tips
from ecg_facial.runtime.typing import BoolArray, Float64Array, IntpArray

# The energy of a typical beat is a percentile of running maxima over this many hops of 0.25 s. A low percentile, so
# that one burst of noise does not raise it.
_RUN_HOPS = 9
_LEVEL_SHARE = 0.35
# Hops with less than this share of the largest maximum are flat lines or gaps: they do not count for the level.
_SILENT_SHARE = 1e-4
# Energy below this share of the signal's range is rounding error of the filter.
_ROUNDING_SHARE = 1e-7
# Energy of a typical beat over the mean energy of the half second on either side. The contrast is squared because noise
# comes in bursts, which raise that mean: logistic regression on 24 MIT-BIH records with and without added noise gave
# powers of 1 (energy) and 2.1 (contrast).
_USUAL_CONTRAST = 2.2
# The quieter hops tell how noisy the signal is: this quantile of the maxima, over the level.
_QUIET_SHARE = 0.15


@dataclass(frozen=True, eq=False, kw_only=True)
class Stretch:
    """A part of a signal in which beats are looked for.

    Attributes
    ----------
    energy, coarse : ndarray of float64, shape (n_coarse,)
        Energy of the QRS band, and samples, at the coarse rate.
    fine : ndarray of float64, shape (n_coarse * second,)
        Samples at the fine rate, from the same time.
    gaps : ndarray of bool, shape (n_coarse,), optional
        True where nothing was recorded; None where all was.
    """

    energy: Float64Array
    coarse: Float64Array
    fine: Float64Array
    gaps: BoolArray | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class StretchBeats:
    """Beats of a stretch.

    Attributes
    ----------
    index : ndarray of intp, shape (n_beats,)
        Place of the peak of the energy, in coarse samples.
    tips : ndarray of float64, shape (n_beats,)
        Place of the tip of the R wave, in fine samples, between samples.
    matched : ndarray of float64, shape (n_beats,)
        Place by the match with the average beat, in fine samples; NaN for beats of another shape.
    strength : ndarray of float64, shape (n_beats,)
        Energy against a typical beat and against the surroundings; `rules.THRESHOLD` is the limit for a beat.
    """

    index: IntpArray
    tips: Float64Array
    matched: Float64Array
    strength: Float64Array


_NO_BEATS = StretchBeats(index=np.zeros(0, np.intp), tips=np.zeros(0), matched=np.zeros(0), strength=np.zeros(0))


def find_beats(stretch: Stretch, scales: Scales) -> StretchBeats:
    """Find the beats of a stretch.

    Parameters
    ----------
    stretch : Stretch
    scales : Scales

    Returns
    -------
    StretchBeats
        Without beats whose R wave is cut off by an end of the stretch.

    Notes
    -----
    1. Candidates are the local maxima of the energy, at least 0.2 s apart.
    2. Their strength is the energy against a typical beat times the squared contrast to their surroundings.
    3. `rules.choose_beats` takes the strong ones, then judges all again by the rhythm and the swing of these.
    4. `tips` finds the R wave near each, `matching` its time against the average beat.
    """
    lengths = scales.lengths
    peaks = _find_candidates(stretch)
    if not len(peaks):
        return _NO_BEATS
    level, unrest = _find_level(stretch.energy, lengths.hop)
    candidates = drop_close(peaks.tolist(), stretch.energy[peaks].tolist(), refractory=lengths.refractory)
    index = peaks[candidates]
    chosen, strength = choose_beats(
        index.tolist(),
        energy=stretch.energy[index].tolist(),
        strength=_compute_strength(index, stretch.energy, level=level, reach=lengths.around).tolist(),
        swing=_compute_swing(index, stretch.coarse, lengths).tolist(),
        unrest=unrest,
        per_s=lengths.per_s,
    )
    if not chosen:
        return _NO_BEATS
    beats = index[chosen]
    tips = locate_tips(beats, stretch.coarse, fine=stretch.fine, kernel=scales.tip, lengths=lengths)
    matched = match_to_average(tips, stretch.fine, reach=lengths.shape)
    whole = tips.is_whole
    return StretchBeats(
        index=beats[whole], tips=tips.at[whole], matched=matched[whole], strength=np.array(strength)[whole]
    )


def _find_candidates(stretch: Stretch) -> IntpArray:
    """Local maxima of the energy that are more than rounding error and not in a gap."""
    least = _ROUNDING_SHARE * float(stretch.coarse.max() - stretch.coarse.min())
    energy = stretch.energy
    inner = energy[1:-1]
    is_peak = (inner > energy[:-2]) & (inner >= energy[2:]) & (inner > least)
    if stretch.gaps is not None:
        is_peak &= ~stretch.gaps[1:-1]
    return np.asarray(np.flatnonzero(is_peak) + 1)


def _find_level(energy: Float64Array, hop: int) -> tuple[float, float]:
    """Energy of a typical beat, and that of a quiet hop as a share of it."""
    n_hops = -(-len(energy) // hop)
    blocks = np.zeros(n_hops * hop)
    blocks[: len(energy)] = energy
    highest, half = blocks.reshape(n_hops, hop).max(axis=1).tolist(), _RUN_HOPS // 2
    run = sorted(max(highest[max(i - half, 0) : i + half + 1]) for i in range(n_hops))
    # silent hops are at the start of the sorted maxima
    first = bisect_right(run, _SILENT_SHARE * run[-1])
    level = run[first + int(_LEVEL_SHARE * (n_hops - 1 - first))]
    return level, sorted(highest)[int(_QUIET_SHARE * n_hops)] / level


def _compute_strength(index: IntpArray, energy: Float64Array, *, level: float, reach: int) -> Float64Array:
    """Energy over the level, times the square of the energy over the mean within `reach`."""
    sums = _cumulate(energy)
    first, end = np.maximum(index - reach, 0), np.minimum(index + reach + 1, len(energy))
    heights = energy[index]
    contrast = heights / ((sums[end] - sums[first]) / (end - first)) / _USUAL_CONTRAST
    return np.asarray(heights / level * (contrast * contrast))


def _compute_swing(index: IntpArray, coarse: Float64Array, lengths: Lengths) -> Float64Array:
    """Largest difference between a short and a long moving mean of the signal, near each candidate.

    Broad premature beats have little energy in the QRS band, but swing as far as others.
    """
    tip, around = lengths.swing_tip, lengths.swing_around
    width, n = 2 * around + 1, len(coarse) - 2 * around
    sums = _cumulate(coarse)
    first = around - tip
    short = (sums[around + tip + 1 : around + tip + 1 + n] - sums[first : first + n]) / (2 * tip + 1)
    swing = np.abs(short - (sums[width:] - sums[:-width]) / width)
    near = index - around + np.arange(-lengths.swing_reach, lengths.swing_reach + 1)[:, None]
    return np.asarray(swing[np.minimum(np.maximum(near, 0), n - 1)].max(axis=0))


def _cumulate(values: Float64Array) -> Float64Array:
    """Cumulative sums that begin with 0, so that a difference of two is the sum between."""
    sums = np.zeros(len(values) + 1)
    np.cumsum(values, out=sums[1:])
    return sums
