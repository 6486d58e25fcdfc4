"""Which candidates are beats: the rules, in plain loops that take lists as well as arrays.

Enters: candidates in order of time, their energy, how far they stand out, and how far the signal swings there. Leaves:
numbers in an array or list that is given. The compiled core and the plain one run this same code, so that they cannot
differ.
"""

from __future__ import annotations

from math import sqrt
from typing import Any

# Running maxima of the energy are taken over this many hops; of them, this share lies under the level. A low share is
# blind to one burst.
RUN_HOPS = 9
LEVEL_SHARE = 0.35
# Hops in which nothing was recorded, or a flat line, say nothing about the level.
SILENT_SHARE = 1e-4
# Below this share of the signal's range, what a filter leaves is rounding, not heart.
ROUNDING = 1e-7

# A candidate's strength is its energy over the level, times the square of its energy over the mean around it in units
# of this: noise comes in bursts, which raise the mean. Logistic regression on 24 MIT-BIH records with and without added
# noise gave powers of 1 and 2.1.
USUAL_CONTRAST = 2.2
THRESHOLD = 0.42
# Once three beats or more are chosen, a usual swing and interval are known, and all candidates are weighed again: by
# this, by their swing over the usual one to the power 1.25, and by the square of how far they are from the next beat in
# this share of the usual interval, if nearer. Logistic regression on the same records gave powers of 1.9 and 2.3 for a
# threshold of 0.11 without search back; a search with it these (docs/log.md).
_SECOND_LOOK = 5.0
# Where even the quieter quarters of a second have more than this share of a beat's energy, noise looks like weak beats:
# the second look then lifts them less, in proportion. Hearts that beat faster than this leave no quarter quiet.
QUIET_SHARE = 0.15
_USUAL_UNREST, _QUIET_RR_S = 0.2, 0.55
_NEAR_RR = 0.95
_T_WAVE_S = 0.32
_T_WAVE_SLOPE = 0.8
# So weak a neighbour is a P or T wave at any rate; it only passes for a beat where few beats leave the level low.
_WAVE_S = 0.45
_WAVE_SLOPE = 0.1
_SEARCH_BACK_RR = 1.4
_SEARCH_BACK_THRESHOLD = 0.1
_SEARCH_BACK_END_S = 0.25


def drop_close(index: Any, energy: Any, n: int, refractory: int, kept: Any) -> int:
    """Write the numbers of candidates that are no nearer than `refractory` into `kept`, the stronger of two that are.

    Returns their number. `index` and `energy` have `n` entries, in order of time.
    """
    count = 0
    for i in range(n):
        if count and index[i] - index[kept[count - 1]] < refractory:
            if energy[i] > energy[kept[count - 1]]:
                kept[count - 1] = i
        else:
            kept[count] = i
            count += 1
    return count


def median_step(index: Any, chosen: Any, n: int, scratch: Any) -> float:
    """Median of the steps between chosen candidates; `n` is at least 2."""
    for i in range(n - 1):
        put_in_order(float(index[chosen[i + 1]] - index[chosen[i]]), i, scratch)
    return take_middle(scratch, n - 1)


def put_in_order(value: float, n: int, ordered: Any) -> None:
    """Insert a value into the first `n` of `ordered`."""
    place = n
    while place > 0 and ordered[place - 1] > value:
        ordered[place] = ordered[place - 1]
        place -= 1
    ordered[place] = value


def take_middle(ordered: Any, n: int) -> float:
    """Median of the first `n` values, which are in order."""
    middle = n // 2
    if n % 2:
        return float(ordered[middle])
    return float(ordered[middle - 1] + ordered[middle]) / 2.0


def choose_beats(
    index: Any, energy: Any, strength: Any, swing: Any, unrest: float, n: int, per_s: float, chosen: Any, scratch: Any
) -> int:
    """Write the numbers of candidates that are beats into `chosen` and return how many they are.

    First by how strong they are against the level and what lies around. From three beats on there is a rhythm and a
    usual swing; all candidates are then weighed again, in place, and chosen anew. `unrest` is the energy of a quiet
    quarter of a second over that of a beat.
    """
    count = pick(index, energy, strength, n, per_s, chosen, scratch)
    if count < 3:
        return count
    weigh_again(index, strength, swing, unrest, n, per_s, chosen, count, scratch)
    return pick(index, energy, strength, n, per_s, chosen, scratch)


def pick(index: Any, energy: Any, strength: Any, n: int, per_s: float, chosen: Any, scratch: Any) -> int:
    """Choose the strong candidates that are not T waves, and weaker ones where a beat is missing."""
    count = 0
    for i in range(n):
        if strength[i] >= THRESHOLD:
            chosen[count] = i
            count += 1
    count = drop_t_waves(index, energy, count, per_s, chosen, scratch)
    if count < 3:
        return count
    return search_back(index, strength, per_s, chosen, count, scratch)


def weigh_again(
    index: Any, strength: Any, swing: Any, unrest: float, n: int, per_s: float, chosen: Any, count: int, scratch: Any
) -> None:
    """Weigh each candidate by its swing and by how near the next chosen one is, against what is usual of these."""
    step = median_step(index, chosen, count, scratch)
    near, look = _NEAR_RR * step, _SECOND_LOOK
    if step > _QUIET_RR_S * per_s and unrest > _USUAL_UNREST:
        look = _SECOND_LOOK * _USUAL_UNREST / unrest
    for k in range(count):
        put_in_order(swing[chosen[k]], k, scratch)
    usual = take_middle(scratch, count)
    if usual <= 0:
        return
    after = 0
    for i in range(n):
        gap = near
        if after > 0:
            gap = min(gap, float(index[i] - index[chosen[after - 1]]))
        is_chosen = after < count and chosen[after] == i
        if after + is_chosen < count:
            gap = min(gap, float(index[chosen[after + is_chosen]] - index[i]))
        after += is_chosen
        size, distance = swing[i] / usual, gap / near
        strength[i] *= look * (size * sqrt(sqrt(size))) * (distance * distance)


def drop_t_waves(index: Any, energy: Any, n: int, per_s: float, chosen: Any, scratch: Any) -> int:
    """Of two that follow each other too soon for beats of one rhythm, leave out one that is much weaker."""
    too_soon = _T_WAVE_S * per_s
    if n > 2:
        too_soon = min(too_soon, 0.6 * median_step(index, chosen, n, scratch))
    count = 0
    for k in range(n):
        i = chosen[k]
        if count == 0:
            chosen[0] = i
            count = 1
            continue
        last = chosen[count - 1]
        gap = index[i] - index[last]
        least = 0.0
        if gap < too_soon:
            least = _T_WAVE_SLOPE
        elif gap < _WAVE_S * per_s:
            least = _WAVE_SLOPE
        if energy[last] < least * energy[i]:
            chosen[count - 1] = i
        elif energy[i] >= least * energy[last]:
            chosen[count] = i
            count += 1
    return count


def search_back(index: Any, strength: Any, per_s: float, chosen: Any, n: int, scratch: Any) -> int:
    """Where a beat is missing, add the strongest candidate between if it is not all too weak."""
    longest = _SEARCH_BACK_RR * median_step(index, chosen, n, scratch)
    count = n
    for k in range(n - 1):
        before, after = chosen[k], chosen[k + 1]
        if index[after] - index[before] <= longest:
            continue
        best = -1
        for i in range(before + 1, after):
            is_free = (
                index[i] - index[before] > _T_WAVE_S * per_s and index[after] - index[i] > _SEARCH_BACK_END_S * per_s
            )
            if is_free and (best < 0 or strength[i] > strength[best]):
                best = i
        if best >= 0 and strength[best] >= _SEARCH_BACK_THRESHOLD:
            chosen[count] = best
            count += 1
    for k in range(n, count):
        added = chosen[k]
        place = k
        while place > 0 and chosen[place - 1] > added:
            chosen[place] = chosen[place - 1]
            place -= 1
        chosen[place] = added
    return count
