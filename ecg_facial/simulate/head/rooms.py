"""Blurred rooms behind a simulated head.

Input: a random stream and a size. Output: an RGB picture, drawn from rectangles and waves without photographs.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from ecg_facial.runtime.typing import Float32Array, UInt8Array

# rooms are drawn at this height and then scaled, so that a room is the same in any size
_HEIGHT_PX = 240
_BLUR_PX = (1.5, 5.0)
# RGB of furniture and curtains
_COLOURS = np.array(
    [[150, 60, 52], [60, 92, 140], [72, 122, 84], [196, 168, 92], [96, 70, 54], [208, 204, 196], [44, 46, 54]],
    dtype=np.float32,
)


def draw_room(rng: np.random.Generator, *, width: int, height: int) -> UInt8Array:
    """Draw a room.

    Parameters
    ----------
    rng : numpy.random.Generator
        The person's own stream: the same state gives the same room in any size.
    width, height : int
        Size in pixels.

    Returns
    -------
    ndarray of uint8, shape (height, width, 3)
        RGB.
    """
    columns = max(round(_HEIGHT_PX * width / height), 1)
    canvas = _draw_wall(rng, columns)
    _FURNITURE[int(rng.integers(len(_FURNITURE)))](canvas, rng)
    sigma = float(rng.uniform(*_BLUR_PX))
    blurred = cv2.GaussianBlur(canvas, (0, 0), sigma)
    sized = cv2.resize(blurred, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.clip(sized, 0, 255), dtype=np.uint8)


def draw_plain_wall(
    top: tuple[float, float, float], bottom: tuple[float, float, float], *, width: int, height: int
) -> UInt8Array:
    """Draw a plain wall with a vertical colour gradient; uint8 RGB of shape (height, width, 3)."""
    share = np.linspace(0, 1, height)[:, None]
    column = np.array(top) * (1 - share) + np.array(bottom) * share
    return np.ascontiguousarray(np.repeat(column[:, None], width, axis=1), dtype=np.uint8)


def tint_room(room: UInt8Array, level: Float32Array) -> UInt8Array:
    """Compute a room under other light.

    Parameters
    ----------
    room : ndarray of uint8, shape (height, width, 3)
        RGB under white light of the usual strength; not changed.
    level : ndarray of float32, shape (3,)
        RGB strength of the light, relative to the usual one.
    """
    # imported here, because scenes are simulated without numba
    from ecg_facial.simulate.head.pixels import scale_colours

    return scale_colours(room, level)


def _draw_wall(rng: np.random.Generator, columns: int) -> Float32Array:
    """Draw a wall with uneven light."""
    tone = rng.uniform(80, 205) + rng.normal(0, 10, 3)
    across, down = np.meshgrid(np.linspace(-1, 1, columns), np.linspace(-1, 1, _HEIGHT_PX))
    light = 1.0 + rng.uniform(-0.2, 0.2) * across - rng.uniform(0.0, 0.25) * down
    spot_x, spot_y = rng.uniform(-1, 1), rng.uniform(-1, 0)
    light += rng.uniform(0.0, 0.35) * np.exp(-((across - spot_x) ** 2 + (down - spot_y) ** 2) / 0.4)
    return np.asarray(tone * light[..., None], dtype=np.float32)


def _fill(canvas: Float32Array, box: tuple[float, float, float, float], colour: Float32Array) -> None:
    """Fill a rectangle (left, top, right, bottom, in shares of the picture)."""
    rows, columns = canvas.shape[:2]
    left, right = (int(np.clip(share, 0, 1) * columns) for share in (box[0], box[2]))
    top, bottom = (int(np.clip(share, 0, 1) * rows) for share in (box[1], box[3]))
    canvas[top:bottom, left:right] = colour


def _pick(rng: np.random.Generator) -> Float32Array:
    colour = _COLOURS[int(rng.integers(len(_COLOURS)))] * rng.uniform(0.6, 1.1) + rng.normal(0, 8, 3)
    return np.asarray(np.clip(colour, 5, 250), dtype=np.float32)


def _add_shelves(canvas: Float32Array, rng: np.random.Generator) -> None:
    wood, gap = _pick(rng), float(rng.uniform(0.22, 0.34))
    start = 0.0 if rng.random() < 0.6 else float(rng.uniform(0.0, 0.6))
    end = 1.0 if start == 0.0 else start + 0.4
    for shelf in np.arange(float(rng.uniform(0.0, gap)), 1.0 + gap, gap):
        place = start
        while place < end:
            thick, tall = float(rng.uniform(0.012, 0.045)), float(rng.uniform(0.4, 0.85)) * gap
            if rng.random() < 0.85:
                _fill(canvas, (place, shelf - tall, min(place + thick, end), shelf), _pick(rng))
            place += thick + 0.002
        _fill(canvas, (start, shelf, end, shelf + 0.02), wood)


def _add_window(canvas: Float32Array, rng: np.random.Generator) -> None:
    left, width = float(rng.uniform(-0.1, 0.75)), float(rng.uniform(0.25, 0.45))
    top, bottom = float(rng.uniform(0.0, 0.1)), float(rng.uniform(0.5, 0.8))
    frame, sky = np.float32(rng.uniform(170, 235)) * np.ones(3, np.float32), rng.uniform(190, 250)
    outside = np.array([sky * 0.92, sky * 0.97, sky], dtype=np.float32)
    _fill(canvas, (left - 0.015, top - 0.02, left + width + 0.015, bottom + 0.02), frame)
    _fill(canvas, (left, top, left + width, bottom), outside)
    horizon = float(rng.uniform(0.5, 0.9)) * bottom
    _fill(canvas, (left, horizon, left + width, bottom), _pick(rng))
    bar = left + width / 2
    _fill(canvas, (bar - 0.008, top, bar + 0.008, bottom), frame)


def _add_curtain(canvas: Float32Array, rng: np.random.Generator) -> None:
    columns = canvas.shape[1]
    left, width = float(rng.uniform(-0.2, 0.5)), float(rng.uniform(0.4, 1.2))
    place = np.arange(columns) / columns
    inside = (place >= left) & (place < left + width)
    folds = place * float(rng.uniform(60, 140)) + 1.5 * np.sin(place * float(rng.uniform(8, 20)))
    shade = 1.0 + 0.22 * np.sin(folds)
    canvas[:, inside] = (_pick(rng) * shade[inside, None]).astype(np.float32)


def _add_pictures(canvas: Float32Array, rng: np.random.Generator) -> None:
    for _ in range(int(rng.integers(1, 4))):
        left, top = float(rng.uniform(0.0, 0.85)), float(rng.uniform(0.02, 0.5))
        width, height = float(rng.uniform(0.08, 0.22)), float(rng.uniform(0.12, 0.32))
        _fill(canvas, (left - 0.01, top - 0.014, left + width + 0.01, top + height + 0.014), _pick(rng))
        _fill(canvas, (left, top, left + width, top + height), _pick(rng))
        middle = top + height * float(rng.uniform(0.3, 0.7))
        _fill(canvas, (left, middle, left + width, top + height), _pick(rng))


def _add_door(canvas: Float32Array, rng: np.random.Generator) -> None:
    left, width, colour = float(rng.uniform(-0.1, 0.75)), float(rng.uniform(0.22, 0.34)), _pick(rng)
    _fill(canvas, (left - 0.02, 0.0, left + width + 0.02, 1.0), np.asarray(colour * 0.75, dtype=np.float32))
    _fill(canvas, (left, 0.03, left + width, 1.0), colour)
    inner = (left + 0.04, 0.1, left + width - 0.04, 0.5)
    _fill(canvas, inner, np.asarray(colour * 0.88, dtype=np.float32))


_FURNITURE: tuple[Callable[[Float32Array, np.random.Generator], None], ...] = (
    _add_shelves,
    _add_window,
    _add_curtain,
    _add_pictures,
    _add_door,
)
