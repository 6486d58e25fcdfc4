"""Long hair behind a simulated head, and the cloth below its shoulders: what the mesh does not hold.

Enters: pictures and projected outlines. Leaves: the same pictures with the shapes painted, before the mesh covers
most of them.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Float32Array = NDArray[np.float32]

# right half from the crown to the ends, in model units from the head's pivot; the eyes are at 0.35
_HALF = ((0.0, 1.3), (0.5, 1.2), (0.78, 0.9), (0.88, 0.4), (0.95, -0.2), (0.97, -0.8), (0.86, -1.4), (0.4, -1.55))
_DEPTH, _N_POINTS, _ROUNDING = -0.4, 160, 9
_N_STRANDS, _STRAND_STEP, _FIRST_POINT = 18, 6, 8
_STRAND_LIGHTS = (0.65, 1.0, 0.82)
_FIXED_POINT_BITS = 4


def make_hair_outline() -> Float32Array:
    """Outline of hair to the shoulders, float32 of shape (n_points, 3), clockwise from the crown."""
    corners = np.array([*_HALF, *((-x, y) for x, y in reversed(_HALF[1:]))])
    closed = np.concatenate([corners, corners[:1]])
    walked = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(closed, axis=0).T))])
    place = np.linspace(0.0, walked[-1], _N_POINTS, endpoint=False)
    dense = np.stack([np.interp(place, walked, closed[:, axis]) for axis in (0, 1)], axis=1)
    kernel = np.ones(_ROUNDING) / _ROUNDING
    wrapped = np.concatenate([dense[-(_ROUNDING // 2) :], dense, dense[: _ROUNDING // 2]])
    smooth = np.stack([np.convolve(wrapped[:, axis], kernel, mode="valid") for axis in (0, 1)], axis=1)
    return np.column_stack([smooth, np.full(_N_POINTS, _DEPTH)]).astype(np.float32)


def paint_hair(picture: Picture, outline_px: Float32Array, colour: Float32Array) -> None:
    """Paint hair into `picture`: an area and strands that fall from the crown.

    Parameters
    ----------
    picture : ndarray of uint8, shape (height, width, 3)
        RGB; changed.
    outline_px : ndarray of float32, shape (n_points, 2 or more)
        Column and row of `make_hair_outline`'s points.
    colour : ndarray of float32, shape (3,)
        RGB under the room's light.
    """
    points = outline_px[:, :2]
    _fill(picture, points, 0.75 * colour)
    for number, light in enumerate(_STRAND_LIGHTS):
        lines = []
        for side in (1, -1):
            edge = points[side * np.arange(_FIRST_POINT, _N_POINTS // 2 - _FIRST_POINT, _STRAND_STEP)]
            # a strand is the outline drawn in towards the middle, each by another share
            shares = 0.35 + 0.63 * (np.arange(number, _N_STRANDS, len(_STRAND_LIGHTS)) + 0.5) / _N_STRANDS
            columns = points[0, 0] + shares[:, None] * (edge[:, 0] - points[0, 0])
            lines += list(np.stack([columns, np.broadcast_to(edge[:, 1], columns.shape)], axis=-1))
        fixed = [np.rint(line * 2**_FIXED_POINT_BITS).astype(np.int32) for line in lines]
        tint = np.clip(light * colour, 0, 255).tolist()
        cv2.polylines(picture, fixed, False, tint, 1, cv2.LINE_AA, _FIXED_POINT_BITS)


def paint_below(picture: Picture, edge_px: Float32Array, colour: Float32Array) -> None:
    """Paint cloth from a cut edge of the mesh, shoulder or chest, to below the picture: the mesh ends in rags."""
    points = edge_px[:, :2]
    below = points + np.array([0.0, picture.shape[0]], dtype=np.float32)
    hull = cv2.convexHull(np.concatenate([points, below]))[:, 0]
    _fill(picture, hull.astype(np.float32), colour)


def _fill(picture: Picture, points: Float32Array, colour: Float32Array) -> None:
    fixed = np.rint(points * 2**_FIXED_POINT_BITS).astype(np.int32)
    cv2.fillPoly(picture, [fixed], np.clip(colour, 0, 255).tolist(), cv2.LINE_AA, _FIXED_POINT_BITS)
