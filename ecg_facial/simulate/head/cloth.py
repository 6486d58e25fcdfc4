"""Cloth below the shoulders of a simulated head, which the mesh does not include.

Input: a mesh, then pictures and projected edges. Output: the same pictures with cloth below the edges of the mesh. It
is painted first; the mesh covers most of it.
"""

from __future__ import annotations

import cv2
import numpy as np

from ecg_facial.runtime.typing import Float32Array, IntpArray, UInt8Array

_ARM_X, _ARM_Y, _CHEST_Y = 1.3, -1.2, -1.9
_FIXED_POINT_BITS = 4


def find_cut_edges(vertices: Float32Array) -> list[IntpArray]:
    """Find the vertices at the lower edges of the mesh: both shoulders and the chest."""
    x, y = vertices[:, 0], vertices[:, 1]
    parts = [(x > _ARM_X) & (y < _ARM_Y), (x < -_ARM_X) & (y < _ARM_Y), y < _CHEST_Y]
    return [np.flatnonzero(part) for part in parts if part.any()]


def paint_below(picture: UInt8Array, edge_px: Float32Array, colour: Float32Array) -> None:
    """Paint cloth from an edge of the mesh to the bottom of the picture, because the edge is ragged.

    Parameters
    ----------
    picture : ndarray of uint8, shape (height, width, 3)
        RGB; changed.
    edge_px : ndarray of float32, shape (n_points, 2 or more)
        Column and row of the edge's vertices.
    colour : ndarray of float32, shape (3,)
        RGB under the room's light.
    """
    points = edge_px[:, :2]
    below = points + np.array([0.0, picture.shape[0]], dtype=np.float32)
    hull = cv2.convexHull(np.concatenate([points, below]))[:, 0]
    fixed = np.rint(hull * 2**_FIXED_POINT_BITS).astype(np.int32)
    cv2.fillPoly(picture, [fixed], np.clip(colour, 0, 255).tolist(), cv2.LINE_AA, _FIXED_POINT_BITS)
