"""Trials that are copies of each other: re-encoded, shifted in brightness, mirrored, or with some noise.

Enters: prepared data. Leaves: pairs of rows. Faces are compared by the signs of the lowest DCT coefficients of four
crops, which re-encoding and gain leave alone, and by how they move; hearts by the times of all beats, which no two real
windows share to a few milliseconds.

References
----------
.. [1] Zauner, "Implementation and benchmarking of perceptual image hash functions", Upper Austria University of Applied
   Sciences 2010 (the DCT hash).
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ecg_facial.prepare import PreparedData

_FRAMES = 4
_SIDE_PX, _LOW = 32, 8
# Motion of the face is what tells two clips of one person apart: the mean picture is taken off before hashing.
_MOST_BITS = 0.06
_LEAST_MOTION = 0.6
_BEAT_TOLERANCE_S = 0.003
_LEAST_BEATS = 4
_BLOCK = 512


def find_duplicates(
    prepared: PreparedData, rows: Sequence[int], *, groups: Sequence[str] | None = None
) -> list[tuple[int, int]]:
    """Find pairs of rows with the same video, or the same heart beats.

    Parameters
    ----------
    prepared : PreparedData
    rows : sequence of int
        Rows to compare with each other.
    groups : sequence of str, optional
        One of each row of the table: rows of one group are not compared.
    """
    apart = np.arange(len(prepared)) if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1]
    return sorted({*_same_faces(prepared, rows, apart), *_same_hearts(prepared, rows, apart)})


def _same_faces(prepared: PreparedData, rows: Sequence[int], groups: NDArray[np.int64]) -> set[tuple[int, int]]:
    seen = [row for row in rows if prepared.frame_mask(row).all()]
    if len(seen) < 2:
        return set()
    hashes = np.stack([_hash_clip(prepared.crops(row)) for row in seen])
    mirrored = np.stack([_hash_clip(prepared.crops(row)[:, :, ::-1]) for row in seen])
    pairs: set[tuple[int, int]] = set()
    for first in range(0, len(seen), _BLOCK):
        mine = hashes[first : first + _BLOCK]
        for others in (hashes, mirrored):
            # signs as +1 and -1: their product counts agreeing bits
            apart = 0.5 - 0.5 * (mine @ others.T) / hashes.shape[1]
            for a, b in zip(*np.nonzero(apart <= _MOST_BITS), strict=True):
                one, other = seen[first + a], seen[b]
                if groups[one] != groups[other]:
                    pairs.add((min(one, other), max(one, other)))
    return {pair for pair in pairs if _truly_alike(prepared, *pair)}


def _hash_clip(crops: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Signs of low DCT coefficients of some frames, and of their changes to the next ones."""
    chosen = np.linspace(0, len(crops) - 1, _FRAMES).round().astype(int)
    small = _shrink(crops[chosen])
    spectra = np.stack([cv2.dct(picture)[:_LOW, :_LOW].ravel()[1:] for picture in small])
    return np.where(spectra > np.median(spectra, axis=1, keepdims=True), 1.0, -1.0).astype(np.float32).ravel()


def _shrink(crops: NDArray[np.uint8]) -> NDArray[np.float32]:
    grey = crops.astype(np.float32).mean(axis=3)
    return np.stack([cv2.resize(picture, (_SIDE_PX, _SIDE_PX), interpolation=cv2.INTER_AREA) for picture in grey])


def _truly_alike(prepared: PreparedData, first: int, second: int) -> bool:
    """Whether the faces also MOVE alike: clips of one quiet person look alike, but never move alike."""
    moving = []
    for row in (first, second):
        small = _shrink(prepared.crops(row))
        moving.append(small - small.mean(axis=0))
    a, b = moving[0].ravel(), moving[1].ravel()
    b_mirrored = moving[1][:, :, ::-1].ravel()
    size = float(np.linalg.norm(a) * np.linalg.norm(b))
    if size == 0:
        # nothing moves in either: a still copied out is the same still
        return bool(np.array_equal(prepared.crops(first), prepared.crops(second)))
    return max(float(a @ b), float(a @ b_mirrored)) / size >= _LEAST_MOTION


def _same_hearts(prepared: PreparedData, rows: Sequence[int], groups: NDArray[np.int64]) -> set[tuple[int, int]]:
    """Pairs whose beats stand at the same times; sorted by the first beat, so that it is fast."""
    beats = {row: prepared.r_peak_times_s(row) for row in rows}
    order = sorted((row for row in rows if len(beats[row]) >= _LEAST_BEATS), key=lambda row: float(beats[row][0]))
    firsts = np.array([beats[row][0] for row in order])
    pairs: set[tuple[int, int]] = set()
    for place, row in enumerate(order):
        last = int(np.searchsorted(firsts, firsts[place] + _BEAT_TOLERANCE_S, side="right"))
        for other in order[place + 1 : last]:
            if groups[row] != groups[other] and _agree(beats[row], beats[other]):
                pairs.add((min(row, other), max(row, other)))
    return pairs


def _agree(first: NDArray[np.float64], second: NDArray[np.float64]) -> bool:
    return len(first) == len(second) and bool(np.all(np.abs(first - second) <= _BEAT_TOLERANCE_S))
