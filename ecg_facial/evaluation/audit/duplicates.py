"""Near-duplicate trials: the same clip or the same heart beats under two names.

Input: prepared data. Output: pairs of trials.

A clip is described by its motion: 8 frames, grey and 12 x 12 pixels, less their mean over time, at unit length. The
face itself cancels, so that two clips of one person, or of people who look alike, have unlike descriptors; a changed
brightness, noise, another encoding or a mirror image leave the descriptor nearly as it is. Two clips whose descriptors
correlate by 0.9 or more are taken for one. An ECG is described by the times of its R-peaks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import cv2
import numpy as np
from scipy.spatial import cKDTree

from ecg_facial.prepared.contract import PreparedData
from ecg_facial.runtime.typing import Float32Array, Float64Array, UInt8Array

SAME_MOTION = 0.9
"""Correlation of two clips' motion from which they count as copies."""
_N_FRAMES, _SIDE = 8, 12
_LEAST_SEEN = 4
_ROWS_PER_BLOCK = 512
_LEAST_BEATS = 4
# largest difference of two R-peak times of copies; with few beats chance makes them agree (87 x 100 trials make 38
# million pairs), so that the tolerance is tighter there
_TOLERANCES_S = {4: 2e-4, 5: 2e-4}
_TOLERANCE_S = 1.5e-3

# of features in a table: largest difference of copies in standard deviations of the column, columns that are needed,
# share of trials in which a column must differ, columns that the search tree takes, and what stands for a missing value
_SAME_VALUES, _LEAST_COLUMNS, _DISTINCT_SHARE, _TREE_COLUMNS, _ABSENT = 1e-3, 3, 0.5, 16, 1e6


def find_duplicates(
    prepared: PreparedData, rows: Sequence[int], *, groups: Sequence[str] | None = None
) -> list[tuple[int, int]]:
    """Find pairs of rows with the same clip, the same stretch of ECG, or the same features of a table.

    Parameters
    ----------
    prepared : PreparedData
    rows : sequence of int
        Rows to compare with each other.
    groups : sequence of str, optional
        Group of each row of the table, such as its subject; pairs within a group are left out.
    """
    chosen = [int(row) for row in rows]
    pairs = {
        *find_same_motion(prepared, chosen),
        *find_same_beats(prepared, chosen),
        *find_same_values(prepared, chosen),
    }
    ordered = sorted({(min(pair), max(pair)) for pair in pairs})
    return [pair for pair in ordered if groups is None or groups[pair[0]] != groups[pair[1]]]


def find_same_motion(prepared: PreparedData, rows: Sequence[int]) -> set[tuple[int, int]]:
    """Pairs of rows whose clips move alike, as they are or mirrored."""
    described = [(row, describe_motion(prepared, row)) for row in rows]
    known = [(row, motion) for row, motion in described if motion is not None]
    if len(known) < 2:
        return set()
    at = np.array([row for row, _ in known])
    motions = np.stack([motion for _, motion in known])
    mirrored = motions[..., ::-1].reshape(len(at), -1)
    plain = motions.reshape(len(at), -1)
    return {(int(at[a]), int(at[b])) for a, b in _close_pairs(plain, mirrored)}


def _close_pairs(plain: Float32Array, mirrored: Float32Array) -> Iterable[tuple[int, int]]:
    """Pairs of descriptors that correlate, block by block: a whole matrix of 8,700 clips would take 300 MB."""
    for first in range(0, len(plain), _ROWS_PER_BLOCK):
        block = plain[first : first + _ROWS_PER_BLOCK]
        for others in (plain, mirrored):
            # pairs are symmetric: only those to the right of the diagonal
            like = block @ others[first:].T
            for a, b in np.argwhere(like >= SAME_MOTION):
                if a < b:
                    yield first + int(a), first + int(b)


def describe_motion(prepared: PreparedData, row: int) -> Float32Array | None:
    """Describe a clip: some frames, small and grey, without their mean, of unit length; None where nothing moves.

    Returns
    -------
    ndarray of float32, shape (n_frames, side, side), or None
    """
    window = prepared[row]
    seen = np.flatnonzero(window.frame_mask)
    if len(seen) < _LEAST_SEEN:
        return None
    crops = window.crops
    chosen = np.unique(np.linspace(0, len(crops) - 1, _N_FRAMES).round().astype(int))
    small = np.zeros((_N_FRAMES, _SIDE, _SIDE), np.float32)
    shown = [(place, frame) for place, frame in enumerate(chosen) if frame in seen]
    if len(shown) < _LEAST_SEEN:
        return None
    places = [place for place, _ in shown]
    small[places] = [_shrink(crops[frame]) for _, frame in shown]
    small[places] -= small[places].mean(axis=0)
    length = float(np.linalg.norm(small))
    return np.asarray(small / length, np.float32) if length > 0 else None


def _shrink(crop: UInt8Array) -> Float32Array:
    small = cv2.resize(crop, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray(small.astype(np.float32).mean(axis=2), np.float32)


def find_same_beats(prepared: PreparedData, rows: Sequence[int]) -> set[tuple[int, int]]:
    """Pairs of rows whose beats come at the same times."""
    by_count: dict[int, list[tuple[int, Float64Array]]] = defaultdict(list)
    for row in rows:
        times_s = np.asarray(prepared[row].r_peak_times_s, np.float64)
        if len(times_s) >= _LEAST_BEATS:
            by_count[len(times_s)].append((row, times_s))
    pairs = set()
    for n_beats, group in by_count.items():
        reach = _TOLERANCES_S.get(n_beats, _TOLERANCE_S) * np.sqrt(n_beats)
        tree = cKDTree(np.stack([times_s for _, times_s in group]))
        pairs |= {(group[a][0], group[b][0]) for a, b in tree.query_pairs(reach)}
    return pairs


def find_same_values(prepared: PreparedData, rows: Sequence[int]) -> set[tuple[int, int]]:
    """Pairs of rows of a table of features whose values are the same, to a thousandth of the columns' spread.

    Columns that take few values agree by chance: only those that differ in most trials are compared.
    """
    columns = [name for group in prepared.modalities.values() for name in group]
    if not columns:
        return set()
    values = np.asarray(prepared.table[columns].iloc[list(rows)], np.float64)
    distinct = np.array([len(np.unique(column[np.isfinite(column)])) for column in values.T])
    values = values[:, distinct > _DISTINCT_SHARE * len(rows)]
    known = np.isfinite(values).sum(axis=1) >= _LEAST_COLUMNS
    if known.sum() < 2:
        return set()
    at, values = np.asarray(rows)[known], values[known]
    scaled = np.where(np.isfinite(values), values / np.maximum(np.nanstd(values, axis=0), 1e-12), _ABSENT)
    some = scaled[:, np.unique(np.linspace(0, scaled.shape[1] - 1, _TREE_COLUMNS).round().astype(int))]
    near = cKDTree(some).query_pairs(_SAME_VALUES * np.sqrt(some.shape[1]))
    same = [(a, b) for a, b in near if np.abs(scaled[a] - scaled[b]).max() <= _SAME_VALUES]
    return {(int(at[a]), int(at[b])) for a, b in same}
