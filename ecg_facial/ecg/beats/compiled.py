"""The beat detector's core in compiled loops: the numbers of `beat_arrays`, to the last bit, in a fraction of the time.

Enters and leaves: as `beat_arrays.find_beats`. Needs numba, which only this module imports. Without fast mathematics,
so that additions keep their order.
"""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit
from numba.extending import register_jitable

from ecg_facial.ecg.beats import arrays as beat_arrays
from ecg_facial.ecg.beats import rules as beat_rules
from ecg_facial.ecg.beats.arrays import (
    ALIKE,
    FAR_SHARE,
    HEIGHT_SHARE,
    LEAST_ALIKE,
    MOVED,
    OTHER_WAY,
    Beats,
    BoolArray,
    FloatArray,
)
from ecg_facial.ecg.beats.rules import LEVEL_SHARE, QUIET_SHARE, ROUNDING, RUN_HOPS, SILENT_SHARE, USUAL_CONTRAST
from ecg_facial.ecg.beats.scales import Lengths

_NO_GAPS = np.zeros(0, np.bool_)

# plain functions to everybody else; compiled code may call them from here on
choose_beats = register_jitable(beat_rules.choose_beats)
drop_close = register_jitable(beat_rules.drop_close)
for _rule in (
    beat_rules.put_in_order,
    beat_rules.take_middle,
    beat_rules.median_step,
    beat_rules.drop_t_waves,
    beat_rules.search_back,
    beat_rules.pick,
    beat_rules.weigh_again,
):
    register_jitable(_rule)


def find_beats(
    energy: FloatArray, gaps: BoolArray | None, coarse: FloatArray, fine: FloatArray, tip: FloatArray, lengths: Lengths
) -> Beats:
    """Find the beats of a stretch; see `beat_arrays.find_beats`."""
    found: Beats = _core(energy, _NO_GAPS if gaps is None else gaps, coarse, fine, tip, lengths)
    return found


@njit
def _sort(values: Any) -> None:
    """Sort a few values; NumPy's own takes a second to compile."""
    for i in range(1, len(values)):
        value, place = values[i], i
        while place > 0 and values[place - 1] > value:
            values[place] = values[place - 1]
            place -= 1
        values[place] = value


@njit
def _find_level(energy: Any, hop: int) -> Any:
    n_hops = -(-len(energy) // hop)
    highest = np.zeros(n_hops)
    for i in range(len(energy)):
        highest[i // hop] = max(highest[i // hop], energy[i])
    run = np.zeros(n_hops)
    half = RUN_HOPS // 2
    for i in range(n_hops):
        for k in range(max(i - half, 0), min(i + half + 1, n_hops)):
            run[i] = max(run[i], highest[k])
    _sort(run)
    first = 0
    while first < n_hops and run[first] <= SILENT_SHARE * run[-1]:
        first += 1
    level = run[first + int(LEVEL_SHARE * (n_hops - 1 - first))]
    _sort(highest)
    return level, highest[int(QUIET_SHARE * n_hops)] / level


@njit
def _average(shape: Any, columns: Any, n: int, mean: Any) -> None:
    for row in range(shape.shape[0]):
        total = shape[row, columns[0]]
        for k in range(1, n):
            total += shape[row, columns[k]]
        mean[row] = total / n


@njit
def _dot(shape: Any, column: int, other: Any) -> float:
    total = shape[0, column] * other[0]
    for row in range(1, len(other)):
        total += shape[row, column] * other[row]
    return float(total)


@njit
def _product(one: Any, other: Any) -> float:
    total = one[0] * other[0]
    for row in range(1, len(one)):
        total += one[row] * other[row]
    return float(total)


@njit
def _level(samples: Any, reach: int, flat: Any) -> None:
    total = samples[0]
    for row in range(1, len(samples)):
        total += samples[row]
    mean = total / (2 * reach + 1)
    tilt = (samples[0] - mean) * -reach
    for row in range(1, len(samples)):
        tilt += (samples[row] - mean) * (row - reach)
    slope = tilt / (reach * (reach + 1) * (2 * reach + 1) / 3)
    for row in range(len(samples)):
        flat[row] = (samples[row] - mean) - slope * (row - reach)


@njit
def _keep_alike(shape: Any, columns: Any, n: int, mean: Any) -> int:
    """Keep the columns that look like the average one, and return their number."""
    _average(shape, columns, n, mean)
    size = _product(mean, mean)
    count = 0
    for k in range(n):
        column = columns[k]
        likeness = _dot(shape, column, mean)
        own = shape[0, column] * shape[0, column]
        for row in range(1, len(mean)):
            own += shape[row, column] * shape[row, column]
        if likeness > 0 and likeness * likeness >= ALIKE * ALIKE * (own * size):
            columns[count] = column
            count += 1
    return count


@njit
def _match(shape: Any, columns: Any, n: int, mean: Any, shift: Any) -> None:
    """Write the shift of each column against their average."""
    _average(shape, columns, n, mean)
    n_rows = len(mean)
    slope, flat = np.empty(n_rows), np.empty(n_rows)
    for row in range(1, n_rows - 1):
        slope[row] = (mean[row + 1] - mean[row - 1]) / 2
    slope[0], slope[-1] = mean[1] - mean[0], mean[-1] - mean[-2]
    _level(slope, n_rows // 2, flat)
    mean_mean, slope_slope, mean_slope = _product(mean, mean), _product(flat, flat), _product(mean, flat)
    for k in range(n):
        on_mean, on_slope = _dot(shape, columns[k], mean), _dot(shape, columns[k], flat)
        size = on_mean * slope_slope - on_slope * mean_slope
        shift[k] = (on_mean * mean_slope - on_slope * mean_mean) / size if size > 0 else 0.0


@njit
def _align(may: Any, place: Any, fine: Any, reach: int, matched: Any) -> None:
    n_rows, last = 2 * reach + 3, len(fine) - 2 - reach
    at = place.copy()
    columns = np.empty(len(place), np.int64)
    n = 0
    for k in range(len(place)):
        matched[k] = np.nan
        if may[k] and place[k] > reach and place[k] < last:
            columns[n] = k
            n += 1
    shape, mean = np.empty((n_rows, len(place))), np.empty(n_rows)
    flat, shift = np.empty(n_rows), np.empty(len(place))
    for _ in range(2):
        if n < LEAST_ALIKE:
            return
        for k in range(n):
            column = columns[k]
            _level(fine[at[column] - reach - 1 : at[column] + reach + 2], reach + 1, flat)
            for row in range(n_rows):
                shape[row, column] = flat[row]
        n = _keep_alike(shape, columns, n, mean)
        if n < LEAST_ALIKE:
            return
        _match(shape, columns, n, mean, shift)
        for k in range(len(matched)):
            matched[k] = np.nan
        furthest = 0.0
        for k in range(n):
            matched[columns[k]] = at[columns[k]] + shift[k]
            furthest = max(furthest, abs(shift[k]))
        if furthest <= MOVED:
            return
        count = 0
        for k in range(n):
            column = columns[k]
            at[column] += round(shift[k])
            if at[column] > reach and at[column] < last:
                columns[count] = column
                count += 1
        n = count


@njit
def _smooth_tip(middle: int, level: float, fine: Any, tip: Any, reach: int, tips: Any) -> None:
    """Write smoothed samples around a beat, less its baseline."""
    side, last = len(tip) - 1, len(fine) - 1
    first = middle - reach - side
    samples = np.empty(2 * (reach + side) + 1)
    for i in range(len(samples)):
        samples[i] = fine[min(max(first + i, 0), last)] - level
    for i in range(len(tips)):
        total = tip[0] * samples[side + i]
        for k in range(1, side + 1):
            total += tip[k] * (samples[side - k + i] + samples[side + k + i])
        tips[i] = total


@njit
def _stand_out(tips: Any, sign: float, middle: int, level: float, coarse: Any, lengths: Any) -> Any:
    """Where the highest tip is, and how far it stands out; the first and the last are not looked at."""
    best, reach, side = 0, (len(tips) - 3) // 2, lengths.side
    for i in range(1, len(tips) - 2):
        if sign * tips[1 + i] > sign * tips[1 + best]:
            best = i
    place = min(max((middle - reach + best) // lengths.second, side), len(coarse) - 1 - side)
    beside = (coarse[place - side] + coarse[place + side]) / 2 - level
    return best, (1.0 + HEIGHT_SHARE) * (sign * tips[1 + best]) - sign * beside


@njit
def _middle(values: Any) -> float:
    ordered = values.copy()
    _sort(ordered)
    return float(ordered[len(ordered) // 2] + ordered[(len(ordered) - 1) // 2]) / 2


@njit
def _to_peak(tips: Any, best: int, sign: float, middle: int) -> Any:
    """Tell the fine sample of the tip, and its place between samples."""
    left, top, right = sign * tips[best], sign * tips[best + 1], sign * tips[best + 2]
    curvature = left - 2 * top + right
    shift = 0.5 * (left - right) / curvature if curvature < 0 else 0.0
    place = middle - (len(tips) - 3) // 2 + best
    return place, place + min(max(shift, -0.5), 0.5)


@njit
def _baseline(peak: int, coarse: Any, reach: int) -> float:
    last = len(coarse) - 1
    total = coarse[min(max(peak - reach, 0), last)]
    for i in range(peak - reach + 1, peak + reach + 1):
        total += coarse[min(max(i, 0), last)]
    return float(total / (2 * reach + 1))


@njit
def _locate(
    peaks: Any, coarse: Any, fine: Any, tip: Any, lengths: Any, tips_at: Any, matched: Any, is_whole: Any
) -> None:
    n, reach = len(peaks), lengths.reach
    tips, further = np.empty((n, 2 * reach + 3)), np.empty(2 * lengths.far + 3)
    middle, level, up, down = np.empty(n, np.int64), np.empty(n), np.empty(n), np.empty(n)
    highest, lowest = np.empty(n, np.int64), np.empty(n, np.int64)
    for k in range(n):
        middle[k] = peaks[k] * lengths.second + (lengths.second - 1) // 2
        level[k] = _baseline(peaks[k], coarse, lengths.baseline)
        _smooth_tip(middle[k], level[k], fine, tip, reach + 1, tips[k])
        highest[k], up[k] = _stand_out(tips[k], 1.0, middle[k], level[k], coarse, lengths)
        lowest[k], down[k] = _stand_out(tips[k], -1.0, middle[k], level[k], coarse, lengths)
    sign = 1.0 if _middle(up - down) >= 0 else -1.0
    usual = _middle(up) if sign > 0 else _middle(down)
    place = np.empty(n, np.int64)
    may = np.empty(n, np.bool_)
    for k in range(n):
        is_other = (down[k] > OTHER_WAY * up[k]) if sign > 0 else (up[k] > OTHER_WAY * down[k])
        best = lowest[k] if is_other == (sign > 0) else highest[k]
        place[k], tips_at[k] = _to_peak(tips[k], best, -sign if is_other else sign, middle[k])
        if is_other:
            _smooth_tip(middle[k], level[k], fine, tip, lengths.far + 1, further)
            best, stands = _stand_out(further, sign, middle[k], level[k], coarse, lengths)
            if stands > FAR_SHARE * usual and best > 0 and best < 2 * lengths.far:
                is_other = False
                place[k], tips_at[k] = _to_peak(further, best, sign, middle[k])
        to_end = min(place[k], len(fine) - 1 - place[k])
        is_whole[k] = to_end >= len(tip) and (to_end > reach or not is_other)
        may[k] = is_whole[k] and not is_other
    _align(may, place, fine, lengths.shape, matched)


@njit
def _find_candidates(energy: Any, gaps: Any, least: float, index: Any, heights: Any) -> int:
    n = 0
    for i in range(1, len(energy) - 1):
        is_peak = energy[i] > energy[i - 1] and energy[i] >= energy[i + 1] and energy[i] > least
        if is_peak and (len(gaps) == 0 or not gaps[i]):
            index[n], heights[n] = i, energy[i]
            n += 1
    return n


@njit
def _weigh(index: Any, heights: Any, energy: Any, level: float, reach: int, strength: Any) -> None:
    sums = np.zeros(len(energy) + 1)
    for i in range(len(energy)):
        sums[i + 1] = sums[i] + energy[i]
    for k in range(len(strength)):
        first, end = max(index[k] - reach, 0), min(index[k] + reach + 1, len(energy))
        contrast = heights[k] / ((sums[end] - sums[first]) / (end - first)) / USUAL_CONTRAST
        strength[k] = heights[k] / level * (contrast * contrast)


@njit
def _find_swing(index: Any, coarse: Any, lengths: Any, swing: Any) -> None:
    tip, around = lengths.swing_tip, lengths.swing_around
    width, n = 2 * around + 1, len(coarse) - 2 * around
    sums = np.zeros(len(coarse) + 1)
    for i in range(len(coarse)):
        sums[i + 1] = sums[i] + coarse[i]
    for k in range(len(swing)):
        swing[k] = 0.0
        for i in range(index[k] - lengths.swing_reach, index[k] + lengths.swing_reach + 1):
            first = min(max(i - around, 0), n - 1)
            peak = (sums[first + around + tip + 1] - sums[first + around - tip]) / (2 * tip + 1)
            swing[k] = max(swing[k], abs(peak - (sums[first + width] - sums[first]) / width))


def _make_core(rules_version: int) -> Any:
    """Make the core; compiled code is kept on disk by this file and what is closed over: the version of other files."""

    @njit(cache=True)
    def core(energy: Any, gaps: Any, coarse: Any, fine: Any, tip: Any, lengths: Any) -> Any:
        _ = rules_version
        index, heights = np.empty(len(energy), np.int64), np.empty(len(energy))
        lowest, highest = coarse[0], coarse[0]
        for value in coarse:
            lowest, highest = min(lowest, value), max(highest, value)
        n = _find_candidates(energy, gaps, ROUNDING * (highest - lowest), index, heights)
        kept = np.empty(n, np.int64)
        level, unrest = _find_level(energy, lengths.hop) if n else (0.0, 0.0)
        n = drop_close(index, heights, n, lengths.refractory, kept)
        for k in range(n):
            index[k], heights[k] = index[kept[k]], heights[kept[k]]
        strength, swing = np.empty(n), np.empty(n)
        _find_swing(index, coarse, lengths, swing)
        _weigh(index, heights, energy, level, lengths.around, strength)
        n = choose_beats(index, heights, strength, swing, unrest, n, lengths.per_s, kept, np.empty(n))
        chosen = np.empty(n, np.int64)
        for k in range(n):
            chosen[k] = index[kept[k]]
        tips_at, matched, is_whole = np.empty(n), np.empty(n), np.empty(n, np.bool_)
        if n:
            _locate(chosen, coarse, fine, tip, lengths, tips_at, matched, is_whole)
        count = 0
        for k in range(n):
            if is_whole[k]:
                chosen[count], tips_at[count], matched[count] = chosen[k], tips_at[k], matched[k]
                heights[count] = strength[kept[k]]
                count += 1
        return chosen[:count], tips_at[:count], matched[:count], heights[:count]

    return core


_core = _make_core(zlib.crc32(b"".join(Path(str(part.__file__)).read_bytes() for part in (beat_rules, beat_arrays))))
