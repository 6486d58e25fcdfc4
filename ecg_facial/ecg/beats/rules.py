"""Which candidates are beats: the decision rules.

Input: candidates in order of time, with their energy, strength and swing, as lists. Output: the numbers of those that
are beats. Plain Python, because a stretch of 8 s has about 20 candidates and NumPy's calls would cost more.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import sqrt
from statistics import median

# A candidate is a beat from this strength. 0.30 and 0.36 gave more wrong heart rates in electrode motion (17.4 and 14.6
# instead of 12.7 % at 6 dB, docs/log.md).
THRESHOLD = 0.42
# With three beats there is a rhythm; then the strength of every candidate is multiplied by this, by (swing / usual
# swing) ^ 1.25 and by (distance to the next beat / usual interval) ^ 2. The three constants lie on a plateau
# (docs/log.md, "the second look's constants").
_SECOND_LOOK = 5.0
_NEAR_RR = 0.95
# In noise, even the quiet quarters of a second have more than this share of a beat's energy. The second look then
# multiplies by less, in proportion. Not for hearts with intervals under 0.55 s, which leave no quarter quiet.
_USUAL_UNREST, _QUIET_RR_S = 0.2, 0.55
# A T wave follows within 0.32 s and has less than 0.8 of the energy of its beat; within 0.45 s, a P or T wave of less
# than 0.1 is possible where few beats leave the level low.
_T_WAVE_S, _T_WAVE_SLOPE = 0.32, 0.8
_WAVE_S, _WAVE_SLOPE = 0.45, 0.1
# of the usual interval: no T wave comes so soon in a fast heart
_T_WAVE_RR = 0.6
# A beat is missing where an interval exceeds 1.4 times the median; a candidate of this strength replaces it, at least
# 0.25 s before the next beat. 1.5 times: 2.02 instead of 1.88 % wrong heart rates.
_SEARCH_BACK_RR = 1.4
_SEARCH_BACK_THRESHOLD = 0.1
_SEARCH_BACK_END_S = 0.25
_RHYTHM_BEATS = 3


def drop_close(index: Sequence[int], energy: Sequence[float], *, refractory: int) -> list[int]:
    """Of candidates nearer than `refractory` samples to the one before, keep the stronger; return their numbers."""
    kept: list[int] = []
    for i, place in enumerate(index):
        if not kept or place - index[kept[-1]] >= refractory:
            kept.append(i)
        elif energy[i] > energy[kept[-1]]:
            kept[-1] = i
    return kept


def choose_beats(
    index: Sequence[int],
    *,
    energy: Sequence[float],
    strength: Sequence[float],
    swing: Sequence[float],
    unrest: float,
    per_s: float,
) -> tuple[list[int], list[float]]:
    """Choose the candidates that are beats.

    Parameters
    ----------
    index : sequence of int
        Places of the candidates, increasing.
    energy, strength, swing : sequence of float
        Energy in the QRS band; strength (`THRESHOLD` is the limit for a beat); swing of the signal.
    unrest : float
        Energy of a quiet quarter of a second over that of a beat: how noisy the stretch is.
    per_s : float
        Samples per second of `index`.

    Returns
    -------
    chosen : list of int
        Numbers of the candidates that are beats, increasing.
    strength : list of float
        Their strength after the second look.
    """
    chosen = _pick(index, energy, strength, per_s=per_s)
    if len(chosen) >= _RHYTHM_BEATS:
        strength = _weigh_again(index, strength, swing=swing, unrest=unrest, per_s=per_s, chosen=chosen)
        chosen = _pick(index, energy, strength, per_s=per_s)
    return chosen, [strength[i] for i in chosen]


def _pick(index: Sequence[int], energy: Sequence[float], strength: Sequence[float], *, per_s: float) -> list[int]:
    """Choose the strong candidates that are not T waves, and weaker ones where a beat is missing."""
    strong = [i for i, value in enumerate(strength) if value >= THRESHOLD]
    chosen = _drop_t_waves(index, energy, strong, per_s=per_s)
    return chosen if len(chosen) < _RHYTHM_BEATS else _search_back(index, strength, chosen, per_s=per_s)


def _weigh_again(
    index: Sequence[int],
    strength: Sequence[float],
    *,
    swing: Sequence[float],
    unrest: float,
    per_s: float,
    chosen: Sequence[int],
) -> list[float]:
    """Strength of each candidate, given the swing and the intervals of the beats that were chosen first."""
    step = _median_step(index, chosen)
    # in noise, the second look raises weak candidates less
    look = _SECOND_LOOK
    if step > _QUIET_RR_S * per_s and unrest > _USUAL_UNREST:
        look = _SECOND_LOOK * _USUAL_UNREST / unrest
    usual = median([swing[i] for i in chosen])
    if usual <= 0:
        return list(strength)
    near = _NEAR_RR * step
    weighed = []
    for i, distance in enumerate(_distances(index, chosen, longest=near)):
        size, share = swing[i] / usual, distance / near
        weighed.append(strength[i] * (look * (size * sqrt(sqrt(size))) * (share * share)))
    return weighed


def _distances(index: Sequence[int], chosen: Sequence[int], *, longest: float) -> list[float]:
    """Distance from each candidate to the nearest chosen one beside it, at most `longest`."""
    distances, after = [], 0
    for i, place in enumerate(index):
        distance = longest
        if after > 0:
            distance = min(distance, float(place - index[chosen[after - 1]]))
        is_chosen = after < len(chosen) and chosen[after] == i
        if after + is_chosen < len(chosen):
            distance = min(distance, float(index[chosen[after + is_chosen]] - place))
        after += is_chosen
        distances.append(distance)
    return distances


def _drop_t_waves(index: Sequence[int], energy: Sequence[float], chosen: Sequence[int], *, per_s: float) -> list[int]:
    """Of two that follow each other too soon for two beats, drop the one that is much weaker."""
    too_soon = _T_WAVE_S * per_s
    if len(chosen) >= _RHYTHM_BEATS:
        too_soon = min(too_soon, _T_WAVE_RR * _median_step(index, chosen))
    kept: list[int] = []
    for i in chosen:
        if not kept:
            kept.append(i)
            continue
        last = kept[-1]
        gap = index[i] - index[last]
        # a T wave is weaker than its beat; beyond 0.32 s only a very weak wave is one
        least = _T_WAVE_SLOPE if gap < too_soon else _WAVE_SLOPE if gap < _WAVE_S * per_s else 0.0
        if energy[last] < least * energy[i]:
            kept[-1] = i
        elif energy[i] >= least * energy[last]:
            kept.append(i)
    return kept


def _search_back(index: Sequence[int], strength: Sequence[float], chosen: list[int], *, per_s: float) -> list[int]:
    """Add the strongest candidate of each interval that is too long, unless it is too weak."""
    longest = _SEARCH_BACK_RR * _median_step(index, chosen)
    from_s, to_s = _T_WAVE_S * per_s, _SEARCH_BACK_END_S * per_s
    added = []
    for before, after in pairwise(chosen):
        if index[after] - index[before] <= longest:
            continue
        free = [
            i for i in range(before + 1, after) if index[i] - index[before] > from_s and index[after] - index[i] > to_s
        ]
        # the first of equally strong ones
        best = max(free, key=lambda i: strength[i], default=None)
        if best is not None and strength[best] >= _SEARCH_BACK_THRESHOLD:
            added.append(best)
    return sorted(chosen + added)


def _median_step(index: Sequence[int], chosen: Sequence[int]) -> float:
    """Median of the intervals between chosen candidates; there are at least two."""
    return median([float(index[after] - index[before]) for before, after in pairwise(chosen)])
