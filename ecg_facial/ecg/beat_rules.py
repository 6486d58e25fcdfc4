"""Which candidates are beats: the rules, in plain loops that take lists as well as arrays.

Enters: candidates in order of time, their energy and how far they stand out. Leaves: numbers in an array or list that
is given. The compiled core and the plain one run this same code, so that they cannot differ.
"""

from __future__ import annotations

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
_T_WAVE_S = 0.36
_T_WAVE_SLOPE = 0.75
# So weak a neighbour is a P or T wave at any rate; it only passes for a beat where few beats leave the level low.
_WAVE_S = 0.45
_WAVE_SLOPE = 0.1
_SEARCH_BACK_RR = 1.45
_SEARCH_BACK_THRESHOLD = 0.12
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
        step = float(index[chosen[i + 1]] - index[chosen[i]])
        place = i
        while place > 0 and scratch[place - 1] > step:
            scratch[place] = scratch[place - 1]
            place -= 1
        scratch[place] = step
    middle = (n - 1) // 2
    if (n - 1) % 2:
        return float(scratch[middle])
    return float(scratch[middle - 1] + scratch[middle]) / 2.0


def choose_beats(index: Any, energy: Any, strength: Any, n: int, per_s: float, chosen: Any, scratch: Any) -> int:
    """Write the numbers of candidates that are beats into `chosen` and return how many they are.

    Strong against the level and against what lies around, not a T wave, and weaker ones where a beat is missing.
    """
    count = 0
    for i in range(n):
        if strength[i] >= THRESHOLD:
            chosen[count] = i
            count += 1
    count = drop_t_waves(index, energy, count, per_s, chosen, scratch)
    if count < 3:
        return count
    return search_back(index, strength, per_s, chosen, count, scratch)


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
