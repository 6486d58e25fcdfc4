"""Compiled loops over whole pictures: scaling of colours, noise, overlays.

Input: a picture, and factors of its colours, noise or a layer. Output: a new picture, or the same one changed. NumPy
and look-up tables take five times as long.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ecg_facial.runtime.typing import FloatArray, Int16Array, UInt8Array
from ecg_facial.simulate.head.kernels import njit

_ZERO, _ONE, _WHITE = np.float32(0.0), np.float32(1.0), np.float32(255.0)


def scale_colours(picture: UInt8Array, gains: FloatArray | Sequence[float]) -> UInt8Array:
    """Multiply red, green and blue of a picture (height, width, 3) by `gains` of 0 or more; rounded, limited to 255."""
    scaled = np.empty_like(picture, order="C")
    _scale(np.ascontiguousarray(picture), np.asarray(gains, dtype=np.float32), scaled)
    return scaled


def scale_and_add_noise(
    picture: UInt8Array,
    gains: FloatArray | Sequence[float],
    grain: Int16Array,
    *,
    corner: tuple[int, int],
) -> UInt8Array:
    """Multiply the colours as `scale_colours` does, then add `grain` from row and column `corner` on."""
    scaled = np.empty_like(picture, order="C")
    _scale_and_grain(np.ascontiguousarray(picture), np.asarray(gains, dtype=np.float32), grain, *corner, scaled)
    return scaled


@njit(cache=True, error_model="numpy")
def _repeat(gains: Any, n_columns: int) -> Any:
    """Factors of a whole row of bytes, so that a row is one loop that the compiler vectorises."""
    row = np.empty(3 * n_columns, dtype=np.float32)
    for k in range(row.shape[0]):
        row[k] = gains[k % 3]
    return row


@njit(cache=True, error_model="numpy", fastmath=True)
def _scale(picture: Any, gains: Any, scaled: Any) -> None:
    factors = _repeat(gains, picture.shape[1])
    before, after = picture.reshape(picture.shape[0], -1), scaled.reshape(picture.shape[0], -1)
    for y in range(before.shape[0]):
        source, target = before[y], after[y]
        for x in range(factors.shape[0]):
            target[x] = np.uint8(np.int32(min(np.rint(np.float32(source[x]) * factors[x]), _WHITE)))


@njit(cache=True, error_model="numpy", fastmath=True)
def _scale_and_grain(picture: Any, gains: Any, grain: Any, down: int, right: int, scaled: Any) -> None:
    factors = _repeat(gains, picture.shape[1])
    before, after = picture.reshape(picture.shape[0], -1), scaled.reshape(picture.shape[0], -1)
    noise, left = grain.reshape(grain.shape[0], -1), 3 * right
    for y in range(before.shape[0]):
        source, added, target = before[y], noise[down + y, left : left + factors.shape[0]], after[y]
        for x in range(factors.shape[0]):
            value = min(np.rint(np.float32(source[x]) * factors[x]), _WHITE) + np.float32(added[x])
            target[x] = np.uint8(np.int32(min(max(value, _ZERO), _WHITE)))


@njit(cache=True, error_model="numpy", fastmath=True)
def blend_layer(view: Any, layer: Any, alpha: Any, shadow: Any, darkest: float) -> None:
    """Blend `layer` (height, width, 3) over `view` with opacity `alpha`, darkened by `darkest` times `shadow`."""
    for y in range(view.shape[0]):
        for x in range(view.shape[1]):
            dimmed = _ONE - np.float32(darkest) * shadow[y, x]
            for k in range(3):
                under = np.float32(view[y, x, k]) * dimmed
                view[y, x, k] = np.uint8(np.int32(under + (layer[y, x, k] - under) * alpha[y, x]))


@njit(cache=True, error_model="numpy", fastmath=True)
def blend_lenses(
    view: Any, depth: Any, nothing: float, lens: Any, streak: Any, shadow: Any, darkest: float, tint: float, glint: Any
) -> None:
    """Apply lenses and their shadow to `view` (height, width, 3).

    `lens`, `streak` and `shadow` are uint8 masks (height, width), 255 where they cover a pixel. Lenses darken by
    `tint`, streaks add `glint` (3,), shadows darken by `darkest` where the head is (`depth` above `nothing`).
    """
    byte = _ONE / _WHITE
    for y in range(view.shape[0]):
        for x in range(view.shape[1]):
            covered = np.float32(lens[y, x]) * byte
            reflected = covered * np.float32(streak[y, x])
            left = _ONE - np.float32(tint) * covered
            if depth[y, x] > nothing:
                left *= _ONE - np.float32(darkest) * byte * np.float32(shadow[y, x])
            for k in range(3):
                value = np.float32(view[y, x, k]) * left + reflected * glint[k]
                view[y, x, k] = np.uint8(np.int32(min(value, _WHITE)))
