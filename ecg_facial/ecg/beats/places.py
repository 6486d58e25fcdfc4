"""From places in fine samples to times: what follows the detector's core.

Enters: where beats were found, by their own tips and by their match with the average beat. Leaves: times in seconds,
and confidences.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ecg_facial.ecg.beats.rules import THRESHOLD
from ecg_facial.ecg.beats.scales import Scales

FloatArray = NDArray[np.float64]

_SAME_BEAT_S = 0.1
# Share by which the tips of the last beats move where all are placed; the rest is as before.
_TIP_SHARE = 0.1
# Of a candidate as strong as the threshold.
_ODDS_AT_THRESHOLD = 1.25


def anchor_matched(
    index: NDArray[np.intp], tips: FloatArray, matched: FloatArray, known: Mapping[int, float]
) -> tuple[FloatArray, dict[int, float]]:
    """Place beats that are only known against each other: as the ones known before were, drawn towards their own tips.

    Parameters
    ----------
    index : ndarray of int, shape (n_beats,)
        Names of the beats, the same from one step to the next.
    tips, matched : ndarray of float64, shape (n_beats,)
        Places by their own tips, and by their match with the average beat, NaN for those unlike it.
    known : mapping of int to float
        Places of matched beats as the last step had them.

    Returns
    -------
    places : ndarray of float64, shape (n_beats,)
    known : dict of int to float
        Those of matched beats, for the next step.
    """
    is_matched = np.isfinite(matched)
    if not is_matched.any():
        return tips, {}
    tip, match, names = tips[is_matched], matched[is_matched], index[is_matched].tolist()
    shift = float((tip - match).sum()) / len(match)
    links = [known[name] - place for name, place in zip(names, match.tolist(), strict=True) if name in known]
    if links:
        link = sum(links) / len(links)
        shift = link + _TIP_SHARE * (shift - link)
    places = tips.copy()
    places[is_matched] = match + shift
    return places, dict(zip(names, (match + shift).tolist(), strict=True))


def drop_repeats(places: FloatArray, scales: Scales, last: float) -> tuple[list[int], float]:
    """Tell which beats come a beat's width after the one before, `last` at first, and where the last of them is."""
    least = _SAME_BEAT_S * scales.fine_hz
    kept = []
    for number, place in enumerate(places.tolist()):
        if place - last >= least:
            kept.append(number)
            last = place
    return kept, last


def to_seconds(places: FloatArray, scales: Scales) -> FloatArray:
    """Compute times from the first sample; a fine sample lies in the middle of those it was made of."""
    return np.asarray((places + (scales.first - 1) / (2 * scales.first)) / scales.fine_hz)


def to_confidence(strength: FloatArray) -> FloatArray:
    """Compute the share of candidates of this strength that are beats.

    By a logistic curve of the logarithm, fitted on the candidates of 24 MIT-BIH records with and without added noise.
    """
    odds = strength / THRESHOLD
    odds *= _ODDS_AT_THRESHOLD * np.sqrt(odds * np.sqrt(odds))
    return np.asarray(odds / (1.0 + odds))
