"""The beat detector's core with NumPy alone: energy, samples and scales in, beats out.

Enters: a stretch of energy, coarse and fine samples. Leaves: beats with their places in fine samples. `beat_compiled`
does the same in compiled loops, in the same order of additions, so that both give the same numbers to the last bit;
sums are therefore taken along the first axis of C-ordered arrays, which NumPy adds up in order.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ecg_facial.ecg.beat_rules import (
    LEVEL_SHARE,
    ROUNDING,
    RUN_HOPS,
    SILENT_SHARE,
    USUAL_CONTRAST,
    choose_beats,
    drop_close,
)
from ecg_facial.ecg.beat_scales import Lengths

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.intp]
Beats = tuple[IntArray, FloatArray, FloatArray, FloatArray]
"""Place of the energy's peak (coarse); of the R-peak's own tip (fine, between samples); of its match with the average
beat, NaN where it is unlike; and strength against a typical beat and what lies around."""

# The deflection the other way than most must be so much larger to be taken for the peak.
OTHER_WAY = 1.6
# Beats that look so much like the average one are aligned with it.
ALIKE = 0.9
LEAST_ALIKE = 3
# Aligned again where it moved further than this, in fine samples.
MOVED = 0.75


def find_beats(
    energy: FloatArray, gaps: BoolArray | None, coarse: FloatArray, fine: FloatArray, tip: FloatArray, lengths: Lengths
) -> Beats:
    """Find the beats of a stretch.

    Parameters
    ----------
    energy, coarse : ndarray, shape (n_coarse,)
        Energy of the QRS band, and samples; `gaps` marks those where nothing was recorded.
    fine : ndarray, shape (n_fine,)
        Samples at the fine rate, from the same time.
    tip : ndarray
        Half of the smoothing kernel.
    lengths : Lengths
    """
    nothing = (np.zeros(0, np.intp), np.zeros(0), np.zeros(0), np.zeros(0))
    least = ROUNDING * float(coarse.max() - coarse.min())
    inner = energy[1:-1]
    is_peak = (inner > energy[:-2]) & (inner >= energy[2:]) & (inner > least)
    if gaps is not None:
        is_peak &= ~gaps[1:-1]
    peaks = np.flatnonzero(is_peak) + 1
    if not len(peaks):
        return nothing
    level = _find_level(energy, lengths.hop)
    index, heights, n = peaks.tolist(), energy[peaks].tolist(), len(peaks)
    kept = [0] * n
    n = drop_close(index, heights, n, lengths.refractory, kept)
    index, heights = [index[i] for i in kept[:n]], [heights[i] for i in kept[:n]]
    strength = _weigh(np.array(index), np.array(heights), energy, level, lengths.around)
    n = choose_beats(index, heights, strength.tolist(), n, lengths.per_s, kept, [0.0] * n)
    chosen = np.array([index[i] for i in kept[:n]], dtype=np.intp)
    tips, matched, is_whole = _locate(chosen, coarse, fine, tip, lengths)
    return chosen[is_whole], tips[is_whole], matched[is_whole], strength[kept[:n]][is_whole]


def _weigh(index: IntArray, heights: FloatArray, energy: FloatArray, level: float, reach: int) -> FloatArray:
    """How far candidates stand out of the level and of what lies around them."""
    sums = np.zeros(len(energy) + 1)
    np.cumsum(energy, out=sums[1:])
    first, end = np.maximum(index - reach, 0), np.minimum(index + reach + 1, len(energy))
    contrast = heights / ((sums[end] - sums[first]) / (end - first)) / USUAL_CONTRAST
    return np.asarray(heights / level * (contrast * contrast))


def _find_level(energy: FloatArray, hop: int) -> float:
    """Tell how strong a typical beat is: a low percentile of running maxima."""
    n_hops = -(-len(energy) // hop)
    blocks = np.zeros(n_hops * hop)
    blocks[: len(energy)] = energy
    half = RUN_HOPS // 2
    padded = np.zeros(n_hops + 2 * half)
    padded[half : half + n_hops] = blocks.reshape(n_hops, hop).max(axis=1)
    run = padded[:n_hops]
    for k in range(1, RUN_HOPS):
        run = np.maximum(run, padded[k : k + n_hops])
    run = np.sort(run)
    first = int(np.searchsorted(run, SILENT_SHARE * run[-1], side="right"))
    return float(run[first + int(LEVEL_SHARE * (n_hops - 1 - first))])


def _locate(
    peaks: IntArray, coarse: FloatArray, fine: FloatArray, tip: FloatArray, lengths: Lengths
) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Place each beat at the tip of its main deflection; False where that is cut off by the stretch's end."""
    # a second column, as NumPy adds a single one up in another order
    columns = peaks if len(peaks) > 1 else np.repeat(peaks, 2)
    middle = columns * lengths.second + (lengths.second - 1) // 2
    tips = _smooth_tips(middle, _baseline(columns, coarse, lengths.baseline), fine, tip, lengths.reach + 1)
    inner = tips[1:-1]
    up, down = inner.max(axis=0), -inner.min(axis=0)
    sign = 1.0 if np.median((up - down)[: len(peaks)]) >= 0 else -1.0
    is_other = np.where(sign > 0, down, up) > OTHER_WAY * np.where(sign > 0, up, down)
    signs = np.where(is_other, -sign, sign)
    best = np.argmax(inner * signs, axis=0)
    row = np.arange(len(columns))
    left, top, right = (signs * tips[best + k, row] for k in range(3))
    curvature = left - 2 * top + right
    shift = np.where(curvature < 0, 0.5 * (left - right) / np.where(curvature < 0, curvature, -1.0), 0.0)
    shift = np.minimum(np.maximum(shift, -0.5), 0.5)
    place = middle - lengths.reach + best
    # Next to the stretch's end, or still rising there: the peak is outside. The other way than the rest and near the
    # end: the S wave of a beat whose R is outside. Either way its time is unknown.
    to_end = np.minimum(place, len(fine) - 1 - place)
    is_whole = (to_end >= len(tip)) & ((to_end > lengths.reach) | ~is_other)
    n = len(peaks)
    tips_at = place + shift
    matched = _align(tips_at, place, ~is_other & is_whole, fine, lengths.shape) if n > 1 else np.full(n, np.nan)
    return tips_at[:n], matched[:n], is_whole[:n]


def _baseline(peaks: IntArray, coarse: FloatArray, reach: int) -> FloatArray:
    around = np.minimum(np.maximum(peaks + np.arange(-reach, reach + 1)[:, None], 0), len(coarse) - 1)
    return np.asarray(coarse[around].sum(axis=0) / (2 * reach + 1))


def _smooth_tips(middle: IntArray, level: FloatArray, fine: FloatArray, tip: FloatArray, reach: int) -> FloatArray:
    """Smoothed samples around each beat less its baseline, shape (2 * reach + 1, n_beats)."""
    side = len(tip) - 1
    around = np.minimum(np.maximum(middle + np.arange(-reach - side, reach + side + 1)[:, None], 0), len(fine) - 1)
    samples = fine[around] - level
    n = 2 * reach + 1
    total: FloatArray = tip[0] * samples[side : side + n]
    for k in range(1, side + 1):
        total += tip[k] * (samples[side - k : side - k + n] + samples[side + k : side + k + n])
    return total


def _align(tips: FloatArray, place: IntArray, may: BoolArray, fine: FloatArray, reach: int) -> FloatArray:
    """Match beats that look like the average one with it: places that lie apart as the beats do, NaN for others.

    The average is free of most noise, so the match is finer than any beat's own tip: least squares for amplitude,
    offset, drift and shift, the maximum-likelihood estimate in white noise for a known shape (Kay 1993, 3.11).
    """
    matched = np.full(len(tips), np.nan)
    last = len(fine) - 2 - reach
    columns = np.flatnonzero(may & (place > reach) & (place < last))
    at = place[columns]
    for _ in range(2):
        if len(columns) < LEAST_ALIKE:
            return matched
        shape = _level(fine[at + np.arange(-reach - 1, reach + 2)[:, None]], reach + 1)
        alike = _find_alike(shape)
        columns, at, shape = columns[alike], at[alike], np.ascontiguousarray(shape[:, alike])
        if len(columns) < LEAST_ALIKE:
            return matched
        shift = _match(shape, reach + 1)
        matched[:] = np.nan
        matched[columns] = at + shift
        moved = np.rint(shift).astype(np.intp)
        if np.abs(shift).max() <= MOVED:
            return matched
        inside = (at + moved > reach) & (at + moved < last)
        columns, at = columns[inside], (at + moved)[inside]
    return matched


def _level(samples: FloatArray, reach: int) -> FloatArray:
    """Take mean and slope off each column of shape (2 * reach + 1, n)."""
    ramp = np.arange(-reach, reach + 1, dtype=np.float64)[:, None]
    flat = samples - samples.sum(axis=0) / (2 * reach + 1)
    slope = (flat * ramp).sum(axis=0) / (reach * (reach + 1) * (2 * reach + 1) / 3)
    return np.asarray(flat - slope * ramp)


def _average(shape: FloatArray) -> FloatArray:
    total = shape[:, 0].copy()
    for k in range(1, shape.shape[1]):
        total += shape[:, k]
    return np.asarray(total / shape.shape[1])[:, None]


def _find_alike(shape: FloatArray) -> BoolArray:
    mean = np.repeat(_average(shape), 2, axis=1)
    likeness = (shape * mean[:, :1]).sum(axis=0)
    scale = (shape * shape).sum(axis=0) * (mean * mean).sum(axis=0)[0]
    return np.asarray((likeness > 0) & (likeness * likeness >= ALIKE * ALIKE * scale))


def _match(shape: FloatArray, reach: int) -> FloatArray:
    """Shift of each column against their average, in samples."""
    mean = np.repeat(_average(shape), 2, axis=1)
    slope = np.empty_like(mean)
    slope[1:-1] = (mean[2:] - mean[:-2]) / 2
    slope[0], slope[-1] = mean[1] - mean[0], mean[-1] - mean[-2]
    slope = _level(slope, reach)
    mean_mean, slope_slope, mean_slope = (
        (a * b).sum(axis=0)[0] for a, b in ((mean, mean), (slope, slope), (mean, slope))
    )
    on_mean, on_slope = (shape * mean[:, :1]).sum(axis=0), (shape * slope[:, :1]).sum(axis=0)
    # the determinant cancels in the ratio of the two coefficients
    size = on_mean * slope_slope - on_slope * mean_slope
    against = on_mean * mean_slope - on_slope * mean_mean
    return np.asarray(np.where(size > 0, against / np.where(size > 0, size, 1.0), 0.0))
