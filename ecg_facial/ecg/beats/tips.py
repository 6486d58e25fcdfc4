"""Where the R wave of each beat is: the tip of the main deflection near the most energy.

Input: places of the most energy, and samples. Output: places of the tips, between samples. Does not decide what is a
beat. All beats of a stretch are handled at once, one per column, because the polarity is decided by the majority.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

import numpy as np

from ecg_facial.ecg.beats.scales import Lengths
from ecg_facial.runtime.typing import BoolArray, Float64Array, IntpArray

# Take the opposite-polarity deflection as the R-peak only if it is 1.6 times as prominent: a broad S wave may be larger
# than its R wave (MIT-BIH record 208).
_OTHER_POLARITY = 1.6
# Prominence is the height over what lies 40 ms beside it, plus this share of the height over the baseline. The first
# part prefers sharp deflections: an S wave may be deeper than the R wave is tall, but is broad.
_HEIGHT_SHARE = 0.2
# Before an opposite-polarity deflection is taken, one of the usual polarity is looked for within 0.13 s; it needs this
# share of the usual prominence (paced beats, MIT-BIH record 104).
_FAR_SHARE = 0.8


@dataclass(frozen=True, eq=False, kw_only=True)
class Tips:
    """Tips of the R waves of a stretch.

    Attributes
    ----------
    place : ndarray of intp, shape (n_beats,)
        Fine sample of the tip.
    at : ndarray of float64, shape (n_beats,)
        The tip between samples: the top of a parabola through three.
    is_usual : ndarray of bool, shape (n_beats,)
        Whether the deflection has the polarity of most beats.
    is_whole : ndarray of bool, shape (n_beats,)
        False where the stretch may end before the R wave does.
    """

    place: IntpArray
    at: Float64Array
    is_usual: BoolArray
    is_whole: BoolArray


def locate_tips(
    peaks: IntpArray, coarse: Float64Array, *, fine: Float64Array, kernel: Float64Array, lengths: Lengths
) -> Tips:
    """Find the tip of the R wave of each beat.

    Parameters
    ----------
    peaks : ndarray of intp, shape (n_beats,)
        Coarse samples of the most energy; at least one.
    coarse : ndarray, shape (n_coarse,)
        Samples at the coarse rate.
    fine : ndarray, shape (n_fine,)
        Samples at the fine rate, from the same time.
    kernel : ndarray
        Half of the symmetric smoothing kernel, the middle first.
    lengths : Lengths
    """
    # NumPy adds a single column up in another order than many: with two, a beat's place does not depend on the others.
    columns = peaks if len(peaks) > 1 else np.repeat(peaks, 2)
    middle = columns * lengths.second + (lengths.second - 1) // 2
    level = _baseline(columns, coarse, lengths.baseline)
    samples = _smooth(middle, level, fine, kernel=kernel, reach=lengths.reach + 1)
    # the polarity of most beats, and the prominent deflection of each
    sign, is_other, usual, best = _choose_polarity(samples, middle, level, coarse, lengths, n_beats=len(peaks))
    place, at = _refine(samples, best, np.where(is_other, -sign, sign), middle)
    # Second chance for beats of the other polarity: an R wave further away than the S wave.
    if is_other.any():
        far = np.flatnonzero(is_other)
        further = _smooth(middle[far], level[far], fine, kernel=kernel, reach=lengths.far + 1)
        signs = np.full(len(far), sign)
        top, prominence = _find_prominent(sign * further, signs, middle[far], level[far], coarse, lengths)
        is_usual = (prominence > _FAR_SHARE * usual) & (top > 0) & (top < 2 * lengths.far)
        far = far[is_usual]
        place[far], at[far] = _refine(further[:, is_usual], top[is_usual], signs[is_usual], middle[far])
        is_other[far] = False
    # At the end of the stretch the signal may still rise; an opposite-polarity deflection there may be the S wave of a
    # beat whose R wave is outside. Either way the time is unknown.
    to_end = np.minimum(place, len(fine) - 1 - place)
    is_whole = (to_end >= len(kernel)) & ((to_end > lengths.reach) | ~is_other)
    n = len(peaks)
    return Tips(place=place[:n], at=at[:n], is_usual=~is_other[:n], is_whole=is_whole[:n])


def _choose_polarity(
    samples: Float64Array,
    middle: IntpArray,
    level: Float64Array,
    coarse: Float64Array,
    lengths: Lengths,
    *,
    n_beats: int,
) -> tuple[float, BoolArray, float, IntpArray]:
    """Polarity of most beats (1 or -1), which beats have the other, the median prominence, and the top of each."""
    n = len(middle)
    both, twice = np.concatenate([samples, -samples], axis=1), np.concatenate([middle, middle])
    signs, levels = np.repeat([1.0, -1.0], n), np.concatenate([level, level])
    top, prominence = _find_prominent(both, signs, twice, levels, coarse, lengths)
    up, down = prominence[:n], prominence[n:]
    sign = 1.0 if median((up - down)[:n_beats].tolist()) >= 0 else -1.0
    main, other = (up, down) if sign > 0 else (down, up)
    is_other = other > _OTHER_POLARITY * main
    best = np.asarray(np.where(is_other == (sign > 0), top[n:], top[:n]))
    return sign, is_other, median(main[:n_beats].tolist()), best


def _find_prominent(
    samples: Float64Array,
    signs: Float64Array,
    middle: IntpArray,
    level: Float64Array,
    coarse: Float64Array,
    lengths: Lengths,
) -> tuple[IntpArray, Float64Array]:
    """Row of the highest sample of each beat, and its prominence.

    `samples`, shape (2 * reach + 3, n_beats), have been multiplied with `signs`; the first and the last row only serve
    the parabola.
    """
    best, reach = np.argmax(samples[1:-1], axis=0), (len(samples) - 3) // 2
    place = (middle - reach + best) // lengths.second
    place = np.minimum(np.maximum(place, lengths.side), len(coarse) - 1 - lengths.side)
    beside = (coarse[place - lengths.side] + coarse[place + lengths.side]) / 2 - level
    return best, np.asarray((1.0 + _HEIGHT_SHARE) * samples[best + 1, np.arange(len(best))] - signs * beside)


def _refine(
    samples: Float64Array, best: IntpArray, signs: Float64Array, middle: IntpArray
) -> tuple[IntpArray, Float64Array]:
    """Fine sample of each tip, and its place between samples: the top of a parabola through three."""
    row = np.arange(len(best))
    left, top, right = (signs * samples[best + k, row] for k in range(3))
    curvature = left - 2 * top + right
    shift = np.where(curvature < 0, 0.5 * (left - right) / np.where(curvature < 0, curvature, -1.0), 0.0)
    place = middle - (len(samples) - 3) // 2 + best
    return place, np.asarray(place + np.minimum(np.maximum(shift, -0.5), 0.5))


def _baseline(peaks: IntpArray, coarse: Float64Array, reach: int) -> Float64Array:
    """Mean of the samples around each beat."""
    around = np.minimum(np.maximum(peaks + np.arange(-reach, reach + 1)[:, None], 0), len(coarse) - 1)
    return np.asarray(coarse[around].sum(axis=0) / (2 * reach + 1))


def _smooth(
    middle: IntpArray, level: Float64Array, fine: Float64Array, *, kernel: Float64Array, reach: int
) -> Float64Array:
    """Smoothed samples around each beat less its baseline, shape (2 * reach + 1, n_beats)."""
    side = len(kernel) - 1
    around = np.minimum(np.maximum(middle + np.arange(-reach - side, reach + side + 1)[:, None], 0), len(fine) - 1)
    samples = fine[around] - level
    n = 2 * reach + 1
    total: Float64Array = kernel[0] * samples[side : side + n]
    for k in range(1, side + 1):
        total += kernel[k] * (samples[side - k : side - k + n] + samples[side + k : side + k + n])
    return total
