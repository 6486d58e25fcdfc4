"""Glasses of a simulated head: rims, bridge, temples and lenses in three dimensions.

Input: a random stream; a head's vertices; then for each picture the projection and the depth buffer. Output: a picture
with the glasses. Coordinates are model units from the head's pivot.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from ecg_facial.runtime.typing import Float32Array, Float64Array, FloatArray, UInt8Array
from ecg_facial.simulate.head.hair import PIVOT
from ecg_facial.simulate.head.pixels import blend_lenses

Projection = Callable[[Float32Array], Float32Array]
"""Function from points of the head to pixels and depth, shape (n, 3)."""

# share of people with glasses, and points of a rim
_WEARING_SHARE = 0.12
_N_RIM = 40
# distance from the skin, curvature of the frame, depth difference from which a line is hidden
_GAP, _WRAP, _HIDDEN = 0.05, 0.35, 0.06
# hinges above the middle of the lenses; end of the temples behind the ears
_HINGE_Y, _EAR_Z = 0.06, 0.02
_STATIONS_Z = (0.7, 0.5, 0.3)
# darkness of the rims' shadow, and its distance below them
_SHADOW, _SHADOW_DROP = 0.3, 0.045
# corners of the reflected streak, in half lenses
_STREAK = np.array([[-0.3, 1.2], [0.15, 1.2], [0.0, -1.2], [-0.45, -1.2]])
_NOTHING = -1e8
_FIXED_POINT_BITS = 4


@dataclass(frozen=True, kw_only=True)
class Glasses:
    """Shape and colour of glasses, in model units.

    Attributes
    ----------
    half_width, half_height : float
        Half size of a lens.
    power : float
        Exponent of the outline: 2 for round lenses, more for square ones.
    thickness : float
        Thickness of the rims.
    colour : tuple of int, length 3
    tint, glint : float
        Darkness of the lenses, and brightness of the reflection in them, 0..1.
    """

    half_width: float
    half_height: float
    power: float
    thickness: float
    colour: tuple[int, int, int]
    tint: float
    glint: float


@dataclass(frozen=True, eq=False, kw_only=True)
class FittedGlasses:
    """Glasses on a head, as lines of points, float32 of shape (n, 3): two rims; bridge and temples."""

    glasses: Glasses
    rims: tuple[Float32Array, ...]
    arms: tuple[Float32Array, ...]


def choose_glasses(rng: np.random.Generator) -> Glasses | None:
    """Draw a person's glasses; None for people without."""
    if rng.random() >= _WEARING_SHARE:
        return None
    u, is_metal = rng.uniform, rng.random() < 0.4
    dark = rng.uniform(12, 60) * np.array([1.15, 1.0, 0.9]) + rng.uniform(0, 10, 3)
    red, green, blue = (int(value) for value in (dark + 30 if is_metal else dark))
    return Glasses(
        half_width=float(u(0.225, 0.26)),
        half_height=float(u(0.14, 0.185)),
        power=float(u(2.0, 4.5)),
        thickness=float(u(0.012, 0.02) if is_metal else u(0.022, 0.034)),
        colour=(red, green, blue),
        tint=float(u(0.0, 0.12)),
        glint=float(u(0.06, 0.2)),
    )


def fit_glasses(glasses: Glasses, vertices: Float32Array, eye_x: float) -> FittedGlasses:
    """Fit glasses to a head.

    Parameters
    ----------
    glasses : Glasses
    vertices : ndarray of float32, shape (n, 3)
        Vertices of the skin, relative to the head's pivot.
    eye_x : float
        Half the distance of the eyes.
    """
    middle_x, middle_y = max(eye_x, glasses.half_width + 0.045), -float(PIVOT[1]) - 0.02
    # in front of the skin around the eyes, but not of the nose
    around = np.hypot((np.abs(vertices[:, 0]) - middle_x) / glasses.half_width, (vertices[:, 1] - middle_y) / 0.2)
    front = float(vertices[(around < 1.0) & (np.abs(vertices[:, 0]) > 0.16), 2].max()) + _GAP

    def place(x: Float64Array, y: Float64Array) -> Float32Array:
        return np.stack([x, y, front - _WRAP * x**2], axis=-1).astype(np.float32)

    turn = np.linspace(0, 2 * np.pi, _N_RIM, endpoint=False)
    round_x, round_y = (np.sign(wave) * np.abs(wave) ** (2 / glasses.power) for wave in (np.cos(turn), np.sin(turn)))
    rims = [
        place(side * middle_x + glasses.half_width * round_x, middle_y + glasses.half_height * round_y)
        for side in (-1, 1)
    ]
    inner = middle_x - glasses.half_width
    across = np.linspace(-inner, inner, 7)
    bridge = place(across, middle_y + 0.05 + 0.025 * (1 - (across / inner) ** 2))
    outer = middle_x + glasses.half_width
    hinge = np.array([outer, middle_y + _HINGE_Y, front - _WRAP * outer**2])
    arms = [_lay_arm(vertices, hinge, side) for side in (-1, 1)]
    return FittedGlasses(glasses=glasses, rims=tuple(rims), arms=(bridge, *arms))


def _lay_arm(vertices: Float32Array, hinge: Float64Array, side: int) -> Float32Array:
    """Fit a temple from its hinge along the head to the ear, just outside the skin."""
    level = np.abs(vertices[:, 1] - hinge[1]) < 0.12
    points, widest = [hinge * [side, 1, 1]], float(hinge[0])
    for z in _STATIONS_Z:
        near = level & (np.abs(vertices[:, 2] - z) < 0.15) & (side * vertices[:, 0] > 0)
        widest = max(widest, float(np.abs(vertices[near, 0]).max(initial=0.0)) + 0.02)
        points.append(np.array([side * widest, hinge[1], z]))
    points.append(np.array([side * widest, hinge[1] - 0.06, _EAR_Z]))
    dense = np.concatenate([np.linspace(a, b, 4, endpoint=False) for a, b in itertools.pairwise(points)])
    return dense.astype(np.float32)


def draw_glasses(
    picture: UInt8Array,
    depth: Float32Array,
    fitted: FittedGlasses,
    *,
    project: Projection,
    unit_px: float,
    level: Float32Array,
    glint_shift: float,
) -> None:
    """Draw glasses into `picture`: shadow, lenses, and the visible parts of rims and temples.

    Parameters
    ----------
    picture : ndarray of uint8, shape (height, width, 3)
        RGB; changed.
    depth : ndarray of float32, shape (height, width)
        Depth of the head; larger is nearer.
    fitted : FittedGlasses
    project : callable
        Converts points of the head to pixels and depth.
    unit_px : float
        Pixels per model unit.
    level : ndarray of float32, shape (3,)
        Light of the room.
    glint_shift : float
        Position of the reflection, in lens widths from the middle.
    """
    glasses = fitted.glasses
    rims = [project(rim) for rim in fitted.rims]
    box = _find_box(rims, picture.shape, margin=0.1 * unit_px)
    if box is not None:
        below = np.array([0.0, -_SHADOW_DROP, 0.0], dtype=np.float32)
        shadows = [project(rim + below) for rim in fitted.rims]
        _paint_lenses(picture[box], depth[box], rims, shadows, box, glasses, level, glint_shift, unit_px)
    thickness = max(1, round(glasses.thickness * unit_px))
    colour = np.array(glasses.colour) * level
    # rims are drawn after the temples, because they are nearer
    arms = [part for arm in fitted.arms for part in _find_visible(project(arm), depth)]
    _stroke(picture, arms, colour, max(1, thickness - 1))
    parts = [part for rim in rims for part in _find_visible(np.concatenate([rim, rim[:1]]), depth)]
    _stroke(picture, parts, colour, thickness)
    if thickness > 1:
        # the upper edge of a thick rim is brighter
        raised = np.array([0.0, 0.25 * thickness], dtype=np.float32)
        _stroke(picture, [part - raised for part in parts], colour * 1.35 + 8, 1)


def _find_box(rims: list[Float32Array], shape: tuple[int, ...], *, margin: float) -> tuple[slice, slice] | None:
    """Rows and columns of the lenses with a margin; None if they are outside of the picture."""
    points = np.concatenate(rims)[:, :2]
    (left, top), (right, bottom) = points.min(axis=0) - margin, points.max(axis=0) + margin
    rows = slice(max(int(top), 0), min(int(bottom) + 1, shape[0]))
    columns = slice(max(int(left), 0), min(int(right) + 1, shape[1]))
    return (rows, columns) if rows.start < rows.stop and columns.start < columns.stop else None


def _paint_lenses(
    view: UInt8Array,
    depth: Float32Array,
    rims: list[Float32Array],
    shadows: list[Float32Array],
    box: tuple[slice, slice],
    glasses: Glasses,
    level: Float32Array,
    glint_shift: float,
    unit_px: float,
) -> None:
    """Draw the shadow of the rims, the tint of the lenses, and a streak of reflected light."""
    corner = np.array([box[1].start, box[0].start], dtype=np.float32)
    lens, shadow, streak = (np.zeros(view.shape[:2], np.uint8) for _ in range(3))
    for rim, fallen in zip(rims, shadows, strict=True):
        outline = rim[:, :2] - corner
        _fill(lens, outline)
        _stroke(shadow, [fallen[:, :2] - corner], np.array([255.0]), max(2, round(1.5 * glasses.thickness * unit_px)))
        middle, half = outline.mean(axis=0), 0.5 * np.ptp(outline, axis=0)
        _fill(streak, (middle + (_STREAK + np.array([glint_shift, 0.0])) * half).astype(np.float32))
    soft = cv2.GaussianBlur(streak, (0, 0), max(0.025 * unit_px, 0.5))
    fallen_on = cv2.GaussianBlur(shadow, (0, 0), 0.02 * unit_px + 0.3)
    blend_lenses(view, depth, _NOTHING, lens, soft, fallen_on, _SHADOW, glasses.tint, np.float32(glasses.glint) * level)


def _find_visible(line: Float32Array, depth: Float32Array) -> list[Float32Array]:
    """Split a projected line into its visible parts, float32 of shape (n, 2) each."""
    columns = np.clip(np.rint(line[:, 0]).astype(int), 0, depth.shape[1] - 1)
    rows = np.clip(np.rint(line[:, 1]).astype(int), 0, depth.shape[0] - 1)
    is_seen = line[:, 2] > depth[rows, columns] - _HIDDEN
    edges = np.flatnonzero(np.diff(np.concatenate([[False], is_seen, [False]]).astype(int)))
    return [line[a:b, :2] for a, b in edges.reshape(-1, 2) if b - a > 1]


def _stroke(picture: UInt8Array, lines: list[Float32Array], colour: FloatArray, thickness: int) -> None:
    fixed = [np.rint(line * 2**_FIXED_POINT_BITS).astype(np.int32) for line in lines]
    cv2.polylines(picture, fixed, False, np.clip(colour, 0, 255).tolist(), thickness, cv2.LINE_AA, _FIXED_POINT_BITS)


def _fill(mask: UInt8Array, outline: Float32Array) -> None:
    fixed = np.rint(outline * 2**_FIXED_POINT_BITS).astype(np.int32)
    cv2.fillPoly(mask, [fixed], [255], cv2.LINE_AA, _FIXED_POINT_BITS)
