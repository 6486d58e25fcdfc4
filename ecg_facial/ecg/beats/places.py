"""From places in fine samples to times in seconds, and from strength to confidence.

Input: the beats of one stretch, by their tips and by their match with the average beat. Output: times and confidences.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ecg_facial.ecg.beats.rules import THRESHOLD
from ecg_facial.ecg.beats.scales import Scales
from ecg_facial.runtime.typing import Float64Array, IntpArray

# two beats nearer than this, from two overlapping stretches, are one
_SAME_BEAT_S = 0.1
# Smoothing factor of the offset between template match and raw peak.
_OFFSET_SHARE = 0.1
# odds that a candidate as strong as the threshold is a beat
_ODDS_AT_THRESHOLD = 1.25


def anchor_matched(
    index: IntpArray, tips: Float64Array, matched: Float64Array, known: Mapping[int, float]
) -> tuple[Float64Array, dict[int, float]]:
    """Place matched beats on the common time axis.

    A match tells intervals, not times: all matched beats of a stretch share one unknown offset. It is the mean offset
    to the tips, smoothed from step to step, so that intervals across two steps are as exact as those within one.

    Parameters
    ----------
    index : ndarray of intp, shape (n_beats,)
        Coarse samples of the beats, the same from one step to the next.
    tips, matched : ndarray of float64, shape (n_beats,)
        Places by tip, and by the match with the average beat; NaN for beats of another shape.
    known : mapping of int to float
        Places of matched beats by `index`, from the step before.

    Returns
    -------
    places : ndarray of float64, shape (n_beats,)
    known : dict of int to float
        Places of matched beats, for the next step.
    """
    is_matched = np.isfinite(matched)
    if not is_matched.any():
        return tips, {}
    tip, match, names = tips[is_matched], matched[is_matched], index[is_matched].tolist()
    # mean offset of the match to the tips of this stretch
    shift = float((tip - match).sum()) / len(match)
    # offset that continues the places of the last step
    links = [known[name] - place for name, place in zip(names, match.tolist(), strict=True) if name in known]
    if links:
        link = sum(links) / len(links)
        shift = link + _OFFSET_SHARE * (shift - link)
    places = tips.copy()
    places[is_matched] = match + shift
    return places, dict(zip(names, (match + shift).tolist(), strict=True))


def drop_repeats(places: Float64Array, scales: Scales, last: float) -> tuple[list[int], float]:
    """Return the numbers of beats that are not the one before again (`last` at first), and the last place."""
    least = _SAME_BEAT_S * scales.fine_hz
    kept = []
    for number, place in enumerate(places.tolist()):
        if place - last >= least:
            kept.append(number)
            last = place
    return kept, last


def to_seconds(places: Float64Array, scales: Scales) -> Float64Array:
    """Compute times from the first sample; a fine sample lies in the middle of those that it averages."""
    return np.asarray((places + (scales.first - 1) / (2 * scales.first)) / scales.fine_hz)


def to_confidence(strength: Float64Array) -> Float64Array:
    """Compute the share of candidates of this strength that are beats.

    Odds are 1.25 x (strength / threshold) ^ 1.75: a logistic regression on the logarithm, fitted on the candidates of
    24 MIT-BIH records with and without added noise.
    """
    odds = strength / THRESHOLD
    odds *= _ODDS_AT_THRESHOLD * np.sqrt(odds * np.sqrt(odds))
    return np.asarray(odds / (1.0 + odds))
