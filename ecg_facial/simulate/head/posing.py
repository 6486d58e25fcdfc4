"""Expression, rotation and projection of a head, in compiled loops.

Input: a neutral head, weights of the expression targets, a rotation, a pinhole camera. Output: vertices, then pixels
and depth. Targets are stored only for the vertices that they move, mostly a tenth of all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from ecg_facial.runtime.typing import Float32Array, Int32Array
from ecg_facial.simulate.head.head import HeadMesh
from ecg_facial.simulate.head.kernels import njit

CAMERA_DISTANCE = 9.0
"""Distance of the camera from the head's pivot, in model units."""
HEAD_SHARE, MIDDLE = 0.33, 0.53
"""Size of a model unit, and distance of the pivot from the top, in picture heights."""


@dataclass(frozen=True, kw_only=True)
class Pose:
    """Pose of a head: angles in radians, shift in pixels, size relative to the usual one."""

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    x: float = 0.0
    y: float = 0.0
    zoom: float = 1.0

    def rotation(self) -> Float32Array:
        """Compute the rotation matrix: yaw, then pitch, then roll."""
        cy, sy, cp, sp = np.cos(self.yaw), np.sin(self.yaw), np.cos(self.pitch), np.sin(self.pitch)
        cr, sr = np.cos(self.roll), np.sin(self.roll)
        turn = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
        nod = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
        tilt = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
        return np.asarray(tilt @ nod @ turn, dtype=np.float32)


@dataclass(frozen=True, kw_only=True)
class PinholeCamera:
    """Pinhole camera in front of a head; there are `supersample` samples per pixel in each direction."""

    width: int
    height: int
    supersample: int
    unit_px: float = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "unit_px", self.height * self.supersample * HEAD_SHARE)

    def project(self, vertices: Float32Array, pose: Pose) -> Float32Array:
        """Compute pixels and depth of rotated vertices."""
        middle = ((self.width / 2 + pose.x) * self.supersample, (self.height * MIDDLE + pose.y) * self.supersample)
        points = np.empty_like(vertices)
        _project(vertices, *middle, self.unit_px * pose.zoom, points)
        return points


@dataclass(frozen=True, eq=False, kw_only=True)
class PackedTargets:
    """Expression targets of a head in sparse form.

    Attributes
    ----------
    numbers : dict of str to int
        Number of each target.
    first : ndarray of int32, shape (n_targets + 1,)
        Start of each target in `moved` and `offsets`.
    moved : ndarray of int32, shape (n_moves,)
        Indices of vertices.
    offsets : ndarray of float32, shape (n_moves, 3)
        Their offsets at weight 1.
    """

    numbers: dict[str, int]
    first: Int32Array
    moved: Int32Array
    offsets: Float32Array


@lru_cache(maxsize=1)
def pack_targets(head: HeadMesh) -> PackedTargets:
    """Pack the expression targets of a head, once per process."""
    moved = [np.flatnonzero(target.any(axis=1)) for target in head.expressions.values()]
    offsets = [target[chosen] for target, chosen in zip(head.expressions.values(), moved, strict=True)]
    return PackedTargets(
        numbers={name: number for number, name in enumerate(head.expressions)},
        first=np.cumsum([0, *map(len, moved)], dtype=np.int32),
        moved=np.concatenate(moved).astype(np.int32),
        offsets=np.concatenate(offsets),
    )


def pose_vertices(
    neutral: Float32Array, targets: PackedTargets, weights: Mapping[str, float], rotation: Float32Array
) -> Float32Array:
    """Add weighted expression targets to the vertices, and rotate them.

    Parameters
    ----------
    neutral : ndarray of float32, shape (n_vertices, 3)
        The head's vertices, and after them others (hair) that no expression moves.
    targets : PackedTargets
    weights : mapping of str to float
        Weights by target; others are 0.
    rotation : ndarray of float32, shape (3, 3)
        Rotation matrix for column vectors.
    """
    chosen = np.array([targets.numbers[name] for name in weights], dtype=np.int32)
    strengths = np.array(list(weights.values()), dtype=np.float32)
    posed = np.empty_like(neutral)
    _move_and_turn(neutral, targets.first, targets.moved, targets.offsets, chosen, strengths, rotation, posed)
    return posed


@njit(cache=True)
def _move_and_turn(
    neutral: Any, first: Any, moved: Any, offsets: Any, chosen: Any, strengths: Any, rotation: Any, posed: Any
) -> None:
    """Add sparse offsets, then rotate."""
    moving = neutral.copy()
    for place in range(chosen.shape[0]):
        weight = strengths[place]
        for move in range(first[chosen[place]], first[chosen[place] + 1]):
            for k in range(3):
                moving[moved[move], k] += offsets[move, k] * weight
    for v in range(neutral.shape[0]):
        x, y, z = moving[v, 0], moving[v, 1], moving[v, 2]
        for k in range(3):
            posed[v, k] = x * rotation[k, 0] + y * rotation[k, 1] + z * rotation[k, 2]


@njit(cache=True)
def _project(vertices: Any, middle_x: float, middle_y: float, unit_px: float, points: Any) -> None:
    """Project to pixels; depth stays in model units."""
    x, y, reach = np.float32(middle_x), np.float32(middle_y), np.float32(unit_px * CAMERA_DISTANCE)
    for v in range(vertices.shape[0]):
        focal = reach / (np.float32(CAMERA_DISTANCE) - vertices[v, 2])
        points[v, 0] = x + focal * vertices[v, 0]
        points[v, 1] = y - focal * vertices[v, 1]
        points[v, 2] = vertices[v, 2]
