"""A hand in front of the face: its motion, the share of the face that it hides, and its picture.

Input: scene settings and a random stream; then a picture and its light. Output: the motion of the hand, the hidden
share of the face in every frame, and the picture with the hand. The hand is a relief of capsules (palm, fingers, thumb,
wrist, sleeve) in model units of the head, seen from its back.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from ecg_facial.runtime.typing import Float32Array, Float64Array, UInt8Array
from ecg_facial.simulate.grid import TRIAL_S, smooth_step, uniform
from ecg_facial.simulate.settings.presets import SceneSettings

# capsules (start, end, radius) with the middle knuckle at the origin and the fingers up
_FINGERS = (
    ((-0.27, 0.0), (-0.34, 0.60), 0.1),
    ((-0.09, 0.05), (-0.11, 0.73), 0.105),
    ((0.10, 0.03), (0.13, 0.65), 0.1),
    ((0.27, -0.06), (0.36, 0.44), 0.085),
)
_THUMB = (((-0.22, -0.62), (-0.56, -0.14), 0.125), ((-0.56, -0.14), (-0.62, 0.14), 0.105))
_PALM = (
    ((-0.20, -0.06), (-0.13, -0.60), 0.2),
    ((0.0, -0.05), (0.0, -0.60), 0.21),
    ((0.19, -0.10), (0.11, -0.60), 0.18),
)
_ARM = (((0.0, -0.6), (0.0, -1.5), 0.24), ((0.0, -1.45), (0.0, -4.6), 0.3))
_SLEEVE_Y = -1.45
# resolution and extent of the relief
_PX_PER_UNIT = 64
_X_REACH, _Y_TOP, _Y_BOTTOM = 1.0, 1.0, -4.2
_TO_UNIT = np.array([[1 / _PX_PER_UNIT, 0, -_X_REACH], [0, -1 / _PX_PER_UNIT, _Y_TOP], [0, 0, 1]])
# width of the soft outline
_EDGE = 0.02
# the shadow ends within four standard deviations of its blur, plus its shift
_SHADOW, _SHADOW_BLUR, _SHADOW_SHIFT = 0.45, 0.09, 0.1
_SHADOW_REACH = 4.0 * _SHADOW_BLUR + _SHADOW_SHIFT
# ellipse of the face, for the hidden share; its grid
_FACE_MIDDLE, _FACE_HALF = (0.0, 0.1), (0.68, 0.92)
_GRID = (32, 48)
# distance of a hand that is away, and time of its motion
_AWAY, _MOVE_S = 3.6, (0.35, 0.8)
# mouth and chin, cheek, eye: position of the knuckles, and angle of the forearm; then the spread of both
_PLACES = (((0.0, -0.72), 0.15), ((0.5, -0.45), 0.3), ((0.42, -0.12), 0.25))
_PLACE_SD, _LEAN_SD, _SIZE = 0.06, 0.12, (0.85, 1.0)


@dataclass(frozen=True, eq=False, kw_only=True)
class HandCourse:
    """Motion of the hand in a trial; in model units from the head's middle, x right in the picture, y up.

    Attributes
    ----------
    x, y : float
        Position of the knuckles while the hand rests.
    lean_rad : float
        Angle of the forearm to the vertical; with a positive one the elbow is on the right.
    size : float
        Relative to the usual hand.
    is_mirrored : bool
        Whether the thumb is on the right.
    presence : ndarray of float64, shape (N_FRAMES,)
        0 outside of the picture, 1 at its place.
    """

    x: float
    y: float
    lean_rad: float
    size: float
    is_mirrored: bool
    presence: Float64Array

    def place(self, frame: int) -> tuple[float, float]:
        """Compute the position of the knuckles in a frame; the hand moves along its forearm."""
        back = _AWAY * (1.0 - float(self.presence[frame]))
        return self.x + back * float(np.sin(self.lean_rad)), self.y - back * float(np.cos(self.lean_rad))

    def compute_cover(self) -> Float64Array:
        """Compute the share of the face (an ellipse) that the hand hides in each frame; shape (N_FRAMES,)."""
        x, y = np.meshgrid(np.linspace(-1, 1, _GRID[0]), np.linspace(-1, 1, _GRID[1]))
        inside = x**2 + y**2 <= 1.0
        points = np.stack([_FACE_MIDDLE[0] + _FACE_HALF[0] * x[inside], _FACE_MIDDLE[1] + _FACE_HALF[1] * y[inside]])
        cover = np.zeros(len(self.presence))
        for frame in np.flatnonzero(self.presence > 0):
            to_hand = np.linalg.inv(self._matrix(int(frame)))
            along = to_hand[:, :2] @ points + to_hand[:, 2:]
            cover[frame] = (_relief(along[0], along[1])[0] > 0).mean()
        return cover

    def _matrix(self, frame: int) -> Float64Array:
        """Matrix from hand to head coordinates, shape (3, 3)."""
        cosine, sine = np.cos(self.lean_rad) * self.size, np.sin(self.lean_rad) * self.size
        side = -1.0 if self.is_mirrored else 1.0
        x, y = self.place(frame)
        return np.array([[side * cosine, -sine, x], [side * sine, cosine, y], [0.0, 0.0, 1.0]])


def sample_hand(rng: np.random.Generator, settings: SceneSettings, times_s: Float64Array) -> HandCourse | None:
    """Draw the hand of a trial; None for a trial without.

    Parameters
    ----------
    rng : Generator
        The trial's scene stream.
    settings : SceneSettings
        Share of trials with a hand, and times.
    times_s : ndarray of float64, shape (n_frames,)
        Times of the frames.
    """
    if rng.random() >= settings.hand_share:
        return None
    (x, y), lean = _PLACES[int(rng.integers(len(_PLACES)))]
    side = 1.0 if rng.random() < 0.5 else -1.0
    # the hand comes, stays and goes
    start_s = rng.random() * TRIAL_S * 0.7
    arrival_s = start_s + uniform(rng, _MOVE_S)
    leave_s = arrival_s + uniform(rng, settings.hand_s)
    come = smooth_step((times_s - start_s) / (arrival_s - start_s))
    go = smooth_step((times_s - leave_s) / uniform(rng, _MOVE_S))
    offset_x, offset_y, turn = rng.standard_normal(3)
    return HandCourse(
        x=side * (x + _PLACE_SD * float(offset_x)),
        y=y + _PLACE_SD * float(offset_y),
        lean_rad=side * (lean + _LEAN_SD * float(turn)),
        size=uniform(rng, _SIZE),
        is_mirrored=side > 0,
        presence=np.minimum(come, 1.0 - go),
    )


@dataclass(frozen=True)
class HandLook:
    """Colours of a person's hand, RGB 0..255.

    Attributes
    ----------
    skin, sleeve : tuple of float, length 3
    """

    skin: tuple[float, float, float]
    sleeve: tuple[float, float, float]


def _relief(x: Float64Array, y: Float64Array) -> tuple[Float64Array, Float64Array]:
    """Distance from the hand's outline (positive inside), and height towards the viewer."""
    depth = np.full(x.shape, -np.inf)
    height = np.zeros(x.shape)
    for (x0, y0), (x1, y1), radius in (*_ARM, *_PALM, *_THUMB, *_FINGERS):
        along = np.clip(((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / ((x1 - x0) ** 2 + (y1 - y0) ** 2), 0, 1)
        inside = radius - np.hypot(x - x0 - along * (x1 - x0), y - y0 - along * (y1 - y0))
        np.maximum(depth, inside, out=depth)
        np.maximum(height, np.sqrt(np.maximum(radius**2 - (radius - inside) ** 2, 0.0)), out=height)
    return depth, height


@dataclass(frozen=True, eq=False, kw_only=True)
class _Sprite:
    """Picture of the hand: RGB reflectance, normals, and opacity with a soft edge."""

    colour: Float32Array
    normals: Float32Array
    opacity: Float32Array


@lru_cache(maxsize=2)
def _make_sprite(look: HandLook) -> _Sprite:
    """Make the picture of the hand from its relief, with red knuckles, pale nails and a sleeve."""
    rows, columns = round((_Y_TOP - _Y_BOTTOM) * _PX_PER_UNIT), round(2 * _X_REACH * _PX_PER_UNIT)
    column, row = np.meshgrid(np.arange(columns), np.arange(rows))
    x, y = (column + 0.5) / _PX_PER_UNIT - _X_REACH, _Y_TOP - (row + 0.5) / _PX_PER_UNIT
    depth, height = _relief(x, y)
    # a hand is flatter than capsules, and smoother
    smooth = cv2.GaussianBlur(0.75 * height, (0, 0), 1.6)
    slope_y, slope_x = np.gradient(smooth, 1.0 / _PX_PER_UNIT)
    normals = np.stack([-slope_x, slope_y, np.ones_like(smooth)], axis=-1)
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    colour = np.broadcast_to(np.array(look.skin), (*x.shape, 3)).copy()
    # knuckles are redder, nails paler
    for (x0, y0), (x1, y1), radius in _FINGERS:
        for share, strength in ((0.0, 0.12), (0.45, 0.16)):
            at = np.hypot(x - x0 - share * (x1 - x0), (y - y0 - share * (y1 - y0)) * 1.6) / radius
            colour *= 1.0 - strength * np.exp(-(at**2))[..., None] * np.array([0.35, 1.0, 1.0])
        nail = np.hypot((x - x1) * 1.6, y - y1 - 0.2 * radius) / (0.85 * radius) < 1.0
        colour[nail] = 0.6 * colour[nail] + 0.4 * np.array([236.0, 196.0, 186.0])
    colour[y < _SLEEVE_Y] = look.sleeve
    opacity = np.clip(depth / _EDGE + 0.5, 0.0, 1.0)
    return _Sprite(
        colour=colour.astype(np.float32), normals=normals.astype(np.float32), opacity=opacity.astype(np.float32)
    )


def draw_hand(
    picture: UInt8Array,
    course: HandCourse,
    frame: int,
    *,
    look: HandLook,
    lamps: Float32Array,
    ambient: Float32Array,
    middle_px: tuple[float, float],
    unit_px: float,
) -> UInt8Array:
    """Draw the hand of a frame with a soft shadow; return the picture itself if the hand is away.

    Parameters
    ----------
    picture : ndarray of uint8, shape (height, width, 3)
        RGB.
    course, frame
        Motion of the hand, and number of the frame.
    look : HandLook
        Colours of the hand.
    lamps : ndarray of float32, shape (n_lamps, 6)
        Unit directions towards the lamps, RGB strengths.
    ambient : ndarray of float32, shape (3,)
        RGB strength of the ambient light.
    middle_px : (float, float)
        Column and row of the head's middle.
    unit_px : float
        Pixels per model unit in front of the face.
    """
    if course.presence[frame] <= 0:
        return picture
    # imported here, because scenes are simulated without numba
    from ecg_facial.simulate.head.pixels import blend_layer
    from ecg_facial.simulate.head.shading import shade_relief

    # the relief is lit in its own coordinates, then warped to the picture
    sprite, matrix = _make_sprite(look), course._matrix(frame)
    to_picture = np.array([[unit_px, 0, middle_px[0]], [0, -unit_px, middle_px[1]], [0, 0, 1]]) @ matrix @ _TO_UNIT
    box = _find_box(to_picture, sprite.opacity.shape, picture.shape, margin=_SHADOW_REACH * unit_px)
    if box is None:
        return picture
    rows, columns = box
    warp, size = to_picture[:2].copy(), (columns.stop - columns.start, rows.stop - rows.start)
    warp[:, 2] -= columns.start, rows.start
    shaded = np.empty_like(sprite.colour)
    shade_relief(sprite.colour, sprite.normals, _turn_lamps(lamps, matrix), ambient, shaded)
    rgb = cv2.warpAffine(shaded, warp, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    alpha = cv2.warpAffine(sprite.opacity, warp, size, flags=cv2.INTER_LINEAR)
    shadow = cv2.GaussianBlur(alpha, (0, 0), _SHADOW_BLUR * unit_px)
    shift = _SHADOW_SHIFT * unit_px * np.array([-lamps[0, 0], lamps[0, 1]])
    shadow = cv2.warpAffine(shadow, np.column_stack([np.eye(2), shift]), size)
    seen = picture.copy()
    blend_layer(seen[box], rgb, alpha, shadow, _SHADOW)
    return seen


def _find_box(
    to_picture: Float64Array, sprite_shape: tuple[int, ...], shape: tuple[int, ...], *, margin: float
) -> tuple[slice, slice] | None:
    """Rows and columns of the hand and its shadow; None if they are outside of the picture."""
    height, width = sprite_shape
    corners = to_picture[:2] @ np.array([[0, width, 0, width], [0, 0, height, height], [1, 1, 1, 1]])
    (left, top), (right, bottom) = corners.min(axis=1) - margin, corners.max(axis=1) + margin
    rows = slice(max(int(top), 0), min(int(bottom) + 1, shape[0]))
    columns = slice(max(int(left), 0), min(int(right) + 1, shape[1]))
    return (rows, columns) if rows.start < rows.stop and columns.start < columns.stop else None


def _turn_lamps(lamps: Float32Array, matrix: Float64Array) -> Float32Array:
    """Rotate the lamps into the coordinates of the upright hand."""
    turn = matrix[:2, :2] / np.sqrt(abs(np.linalg.det(matrix[:2, :2])))
    turned = lamps.copy()
    turned[:, :2] = lamps[:, :2] @ turn
    return turned
