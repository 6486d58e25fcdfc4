"""Beats of many windows of one length at once.

Enters: windows in rows. Leaves: what `beat_stream` finds in each alone, to the last bit. Filters run once over all of a
block of windows; only the decisions are made window by window.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ecg_facial.ecg.beats.core import load_core
from ecg_facial.ecg.beats.places import anchor_matched, drop_repeats, to_confidence, to_seconds
from ecg_facial.ecg.beats.scales import Scales, put_together

FloatArray = NDArray[np.float64]
Found = tuple[FloatArray, FloatArray]

# Windows that are filtered at once: few enough to stay in the processor's cache.
_BLOCK = 16


def fits_one_step(n_times: int, scales: Scales) -> bool:
    """Whether windows of this length are long enough to look at and short enough to be looked at whole."""
    n_coarse = n_times // (scales.first * scales.second)
    least = max(len(scales.slope), 2 * scales.envelope_reach + 1, scales.slope_reach + 2)
    return least <= n_coarse < scales.back + scales.step + scales.ahead


def find_in_windows(ecg: FloatArray, scales: Scales) -> Iterator[Found]:
    """Find the beats of each window.

    Parameters
    ----------
    ecg : ndarray of float64, shape (n_windows, n_times)
        Finite; `fits_one_step` holds for `n_times`.
    scales : Scales

    Yields
    ------
    tuple of ndarray
        Times in seconds from the window's first sample, and confidences.
    """
    find_beats, per = load_core(), scales.first * scales.second
    n = ecg.shape[1] - ecg.shape[1] % per
    for start in range(0, len(ecg), _BLOCK):
        rows = ecg[start : start + _BLOCK, :n] - ecg[start : start + _BLOCK, :1]
        fine = put_together(rows, scales.first)
        coarse = put_together(fine, scales.second)
        energy = _compute_energy(coarse, scales)
        for row in range(len(rows)):
            found = find_beats(energy[row], None, coarse[row], fine[row], scales.tip, scales.lengths)
            index, tips, matched, strength = found
            places, _ = anchor_matched(index, tips, matched, {})
            kept, _ = drop_repeats(places, scales, -np.inf)
            yield to_seconds(places[kept], scales), to_confidence(strength[kept])


def _compute_energy(coarse: FloatArray, scales: Scales) -> FloatArray:
    """Energy of each row, mirrored at both ends; rows are filtered end to end and what runs across is left out."""
    reach, n = scales.slope_reach, coarse.shape[1]
    mirrored = np.concatenate([coarse[:, reach:0:-1], coarse, coarse[:, -2 : -2 - reach : -1]], axis=1)
    squares = np.zeros((len(coarse), n + 2 * scales.envelope_reach))
    slope = _filter_rows(mirrored, scales.slope)
    squares[:, scales.envelope_reach : scales.envelope_reach + n] = slope * slope
    return np.ascontiguousarray(np.sqrt(_filter_rows(squares, scales.envelope)))


def _filter_rows(rows: FloatArray, kernel: FloatArray) -> FloatArray:
    n_rows, width = rows.shape
    filtered = np.empty(rows.size)
    filtered[: rows.size - len(kernel) + 1] = np.convolve(rows.reshape(-1), kernel, mode="valid")
    return filtered.reshape(n_rows, width)[:, : width - len(kernel) + 1]
