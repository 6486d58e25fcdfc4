"""The beat detector's core with NumPy alone: energy, samples and scales in, beats out.

Enters: a stretch of energy, coarse and fine samples. Leaves: beats with their places in fine samples. `beat_compiled`
does the same in compiled loops, in the same order of additions, so that both give the same numbers to the last bit;
sums are therefore taken along the first axis of C-ordered arrays, which NumPy adds up in order.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ecg_facial.ecg.beats.rules import (
    LEVEL_SHARE,
    QUIET_SHARE,
    ROUNDING,
    RUN_HOPS,
    SILENT_SHARE,
    USUAL_CONTRAST,
    choose_beats,
    drop_close,
)
from ecg_facial.ecg.beats.scales import Lengths

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.intp]
Beats = tuple[IntArray, FloatArray, FloatArray, FloatArray]
"""Place of the energy's peak (coarse); of the R-peak's own tip (fine, between samples); of its match with the average
beat, NaN where it is unlike; and strength against a typical beat and what lies around."""

# The deflection the other way than most must stand out so much more to be taken for the peak.
OTHER_WAY = 1.6
# A deflection stands out by its height over what lies beside it, and by a little of its height over the baseline: an S
# wave may be deeper than the R wave is tall, and yet is broad.
HEIGHT_SHARE = 0.2
# Before a deflection the other way is taken, one the usual way is looked for further off; it must stand out this much
# of what is usual.
FAR_SHARE = 0.8
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
    level, unrest = _find_level(energy, lengths.hop)
    index, heights, n = peaks.tolist(), energy[peaks].tolist(), len(peaks)
    kept = [0] * n
    n = drop_close(index, heights, n, lengths.refractory, kept)
    index, heights = [index[i] for i in kept[:n]], [heights[i] for i in kept[:n]]
    places = np.array(index)
    weights = _weigh(places, np.array(heights), energy, level, lengths.around).tolist()
    swing = _find_swing(places, coarse, lengths).tolist()
    n = choose_beats(index, heights, weights, swing, unrest, n, lengths.per_s, kept, [0.0] * n)
    chosen = np.array([index[i] for i in kept[:n]], dtype=np.intp)
    strength = np.array([weights[i] for i in kept[:n]])
    tips, matched, is_whole = _locate(chosen, coarse, fine, tip, lengths)
    return chosen[is_whole], tips[is_whole], matched[is_whole], strength[is_whole]


def _weigh(index: IntArray, heights: FloatArray, energy: FloatArray, level: float, reach: int) -> FloatArray:
    """How far candidates stand out of the level and of what lies around them."""
    sums = np.zeros(len(energy) + 1)
    np.cumsum(energy, out=sums[1:])
    first, end = np.maximum(index - reach, 0), np.minimum(index + reach + 1, len(energy))
    contrast = heights / ((sums[end] - sums[first]) / (end - first)) / USUAL_CONTRAST
    return np.asarray(heights / level * (contrast * contrast))


def _find_swing(index: IntArray, coarse: FloatArray, lengths: Lengths) -> FloatArray:
    """How far the signal swings at candidates: a mean over a few samples against one over more, near the peak."""
    tip, around = lengths.swing_tip, lengths.swing_around
    width, n = 2 * around + 1, len(coarse) - 2 * around
    sums = np.zeros(len(coarse) + 1)
    np.cumsum(coarse, out=sums[1:])
    first = around - tip
    peak = (sums[around + tip + 1 : around + tip + 1 + n] - sums[first : first + n]) / (2 * tip + 1)
    swing = np.abs(peak - (sums[width:] - sums[:-width]) / width)
    near = index - around + np.arange(-lengths.swing_reach, lengths.swing_reach + 1)[:, None]
    return np.asarray(swing[np.minimum(np.maximum(near, 0), n - 1)].max(axis=0))


def _find_level(energy: FloatArray, hop: int) -> tuple[float, float]:
    """Tell how strong a typical beat is, a low percentile of running maxima, and a quiet hop's share of that."""
    n_hops = -(-len(energy) // hop)
    blocks = np.zeros(n_hops * hop)
    blocks[: len(energy)] = energy
    highest, half = blocks.reshape(n_hops, hop).max(axis=1).tolist(), RUN_HOPS // 2
    run = sorted(max(highest[max(i - half, 0) : i + half + 1]) for i in range(n_hops))
    first = bisect_right(run, SILENT_SHARE * run[-1])
    level = run[first + int(LEVEL_SHARE * (n_hops - 1 - first))]
    return level, sorted(highest)[int(QUIET_SHARE * n_hops)] / level


def _locate(
    peaks: IntArray, coarse: FloatArray, fine: FloatArray, tip: FloatArray, lengths: Lengths
) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Place each beat at the tip of its main deflection; False where that is cut off by the stretch's end."""
    # a second column, as NumPy adds a single one up in another order
    columns = peaks if len(peaks) > 1 else np.repeat(peaks, 2)
    middle = columns * lengths.second + (lengths.second - 1) // 2
    level = _baseline(columns, coarse, lengths.baseline)
    tips = _smooth_tips(middle, level, fine, tip, lengths.reach + 1)
    sign, is_other, usual, best = _choose_tips(tips, middle, level, len(peaks), coarse, lengths)
    place, tips_at = _to_peaks(tips, best, np.where(is_other, -sign, sign), middle)
    if is_other.any():
        far = np.flatnonzero(is_other)
        further = _smooth_tips(middle[far], level[far], fine, tip, lengths.far + 1)
        signs = np.full(len(far), sign)
        at, stands = _stand_out(sign * further, signs, middle[far], level[far], coarse, lengths)
        is_usual = (stands > FAR_SHARE * usual) & (at > 0) & (at < 2 * lengths.far)
        far = far[is_usual]
        place[far], tips_at[far] = _to_peaks(further[:, is_usual], at[is_usual], signs[is_usual], middle[far])
        is_other[far] = False
    # Next to the stretch's end, or still rising there: the peak is outside. The other way than the rest and near the
    # end: the S wave of a beat whose R is outside. Either way its time is unknown.
    to_end = np.minimum(place, len(fine) - 1 - place)
    is_whole = (to_end >= len(tip)) & ((to_end > lengths.reach) | ~is_other)
    n = len(peaks)
    matched = _align(tips_at, place, ~is_other & is_whole, fine, lengths.shape) if n > 1 else np.full(n, np.nan)
    return tips_at[:n], matched[:n], is_whole[:n]


def _choose_tips(
    tips: FloatArray, middle: IntArray, level: FloatArray, n_beats: int, coarse: FloatArray, lengths: Lengths
) -> tuple[float, BoolArray, float, IntArray]:
    """Tell which way most beats point (1 or -1), which do not, how far most stand out, and where each beat's tip is."""
    n = len(middle)
    both_ways, twice = np.concatenate([tips, -tips], axis=1), np.concatenate([middle, middle])
    signs, levels = np.repeat([1.0, -1.0], n), np.concatenate([level, level])
    at, stands = _stand_out(both_ways, signs, twice, levels, coarse, lengths)
    up, down = stands[:n], stands[n:]
    lead = (up - down)[:n_beats].tolist()
    sign = 1.0 if _middle(lead) >= 0 else -1.0
    main, other = (up, down) if sign > 0 else (down, up)
    is_other = other > OTHER_WAY * main
    return (
        sign,
        is_other,
        _middle(main[:n_beats].tolist()),
        np.asarray(np.where(is_other == (sign > 0), at[n:], at[:n])),
    )


def _middle(values: list[float]) -> float:
    n = len(values)
    ordered = sorted(values)
    return (ordered[n // 2] + ordered[(n - 1) // 2]) / 2


def _stand_out(
    tips: FloatArray, signs: FloatArray, middle: IntArray, level: FloatArray, coarse: FloatArray, lengths: Lengths
) -> tuple[IntArray, FloatArray]:
    """Where the highest tip of each beat is, and how far it stands out of what lies beside it.

    `tips`, shape (2 * reach + 3, n_beats), have been multiplied with `signs`; the first and the last are not looked at.
    """
    best, reach = np.argmax(tips[1:-1], axis=0), (len(tips) - 3) // 2
    place = (middle - reach + best) // lengths.second
    place = np.minimum(np.maximum(place, lengths.side), len(coarse) - 1 - lengths.side)
    beside = (coarse[place - lengths.side] + coarse[place + lengths.side]) / 2 - level
    return best, np.asarray((1.0 + HEIGHT_SHARE) * tips[best + 1, np.arange(len(best))] - signs * beside)


def _to_peaks(tips: FloatArray, best: IntArray, signs: FloatArray, middle: IntArray) -> tuple[IntArray, FloatArray]:
    """Fine samples of the tips, and their places between samples: the top of a parabola through three."""
    row = np.arange(len(best))
    left, top, right = (signs * tips[best + k, row] for k in range(3))
    curvature = left - 2 * top + right
    shift = np.where(curvature < 0, 0.5 * (left - right) / np.where(curvature < 0, curvature, -1.0), 0.0)
    place = middle - (len(tips) - 3) // 2 + best
    return place, np.asarray(place + np.minimum(np.maximum(shift, -0.5), 0.5))


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
        mean = _average(shape)
        alike = _find_alike(shape, mean)
        if not alike.all():
            columns, at, shape = columns[alike], at[alike], np.ascontiguousarray(shape[:, alike])
            if len(columns) < LEAST_ALIKE:
                return matched
            mean = _average(shape)
        shift = _match(shape, mean, reach + 1)
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
    ramp = _ramp(reach)
    flat = samples - samples.sum(axis=0) / (2 * reach + 1)
    slope = (flat * ramp).sum(axis=0) / (reach * (reach + 1) * (2 * reach + 1) / 3)
    return np.asarray(flat - slope * ramp)


@lru_cache(maxsize=8)
def _ramp(reach: int) -> FloatArray:
    return np.arange(-reach, reach + 1.0)[:, None]


def _average(shape: FloatArray) -> FloatArray:
    return np.asarray(np.add.accumulate(shape, axis=1)[:, -1:] / shape.shape[1])


def _find_alike(shape: FloatArray, mean: FloatArray) -> BoolArray:
    likeness, own = (shape * mean).sum(axis=0), (shape * shape).sum(axis=0)
    size = (mean * np.repeat(mean, 2, axis=1)).sum(axis=0)[0]
    return np.asarray((likeness > 0) & (likeness * likeness >= ALIKE * ALIKE * (own * size)))


def _match(shape: FloatArray, mean: FloatArray, reach: int) -> FloatArray:
    """Shift of each column against their average, in samples."""
    slope = np.empty((len(mean), 2))
    slope[1:-1] = (mean[2:] - mean[:-2]) / 2
    slope[0], slope[-1] = mean[1] - mean[0], mean[-1] - mean[-2]
    slope = _level(slope, reach)[:, :1]
    products = np.concatenate([mean * mean, slope * slope, mean * slope], axis=1).sum(axis=0)
    mean_mean, slope_slope, mean_slope = products.tolist()
    on_mean, on_slope = (shape * mean).sum(axis=0), (shape * slope).sum(axis=0)
    # the determinant cancels in the ratio of the two coefficients
    size = on_mean * slope_slope - on_slope * mean_slope
    against = on_mean * mean_slope - on_slope * mean_mean
    return np.asarray(np.where(size > 0, against / np.where(size > 0, size, 1.0), 0.0))
