"""Wrinkle maps, whose strength follows the expression.

Input: texture coordinates and a random generator. Output: maps of the logarithm of the darkening, in the order of
`expressions.WRINKLES`.
"""

from __future__ import annotations

import numpy as np

from ecg_facial.runtime.typing import Float32Array
from ecg_facial.simulate.head.expressions import WRINKLES

# probability of each kind of wrinkle, and its strength
_SHOWN_SHARE, _GAIN = 0.85, (0.12, 0.45)
# profile of a fold: factor of its width, share of its wider part, height of the bright bank beside it
_SOFTNESS, _SLOPE, _BANK = 1.5, 0.5, 0.22
# limit of the depth where folds meet
_MAX_DEPTH = 0.75


def _crease(
    x: Float32Array, y: Float32Array, start: tuple[float, float], end: tuple[float, float], **shape: float
) -> Float32Array:
    """Draw a fold of skin: a soft dark valley between bright banks, `width` wide, bent by `bend` in the middle.

    It is deepest and widest in the middle, and fades to both ends.
    """
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = float(np.hypot(dx, dy))
    along = ((x - start[0]) * dx + (y - start[1]) * dy) / length**2
    across = (-(x - start[0]) * dy + (y - start[1]) * dx) / length - shape.get("bend", 0.0) * 4 * along * (1 - along)
    depth = np.exp(-((np.clip(np.abs(along - 0.5), 0, 1.5) / 0.42) ** 2.6))
    width = _SOFTNESS * shape["width"] * (0.6 + 0.4 * depth)
    valley = np.exp(-((across / width) ** 2)) + _SLOPE * np.exp(-((across / (2.4 * width)) ** 2))
    bank = np.exp(-(((np.abs(across) - 2.3 * width) / (1.5 * width)) ** 2))
    return np.asarray(depth * (valley / (1.0 + _SLOPE) - _BANK * bank), dtype=np.float32)


def draw_wrinkles(
    x: Float32Array, y: Float32Array, rng: np.random.Generator, *, eye_x: float
) -> tuple[Float32Array, Float32Array]:
    """Draw a person's wrinkle maps.

    Returns
    -------
    maps : ndarray of float32, shape (height, width, n_wrinkles)
    gain : ndarray of float32, shape (n_wrinkles,)
        Strength of each map; 0 for wrinkles that this person does not have.
    """
    u = rng.uniform
    maps = {name: np.zeros_like(x) for name in WRINKLES}
    for side in (-1, 1):
        top = (side * u(0.03, 0.12), u(0.26, 0.4))
        maps["glabella"] += _crease(x, y, (side * u(0.04, 0.1), u(0.0, 0.08)), top, width=u(0.014, 0.026))
        for fan in range(int(rng.integers(2, 5))):
            angle = -0.55 + 0.35 * fan + u(-0.08, 0.08)
            start = (side * (eye_x + u(0.2, 0.25)), angle * 0.1)
            reach = u(0.08, 0.18)
            end = (start[0] + side * reach * np.cos(angle), start[1] + reach * np.sin(angle))
            maps["crow"] += _crease(x, y, start, end, width=u(0.01, 0.016))
        lower = ((side * (eye_x - 0.16), -0.07), (side * (eye_x + 0.2), -0.07))
        maps["crow"] += 0.9 * _crease(x, y, *lower, width=u(0.012, 0.02), bend=-side * u(0.05, 0.09))
        fold = ((side * u(0.17, 0.21), -u(0.38, 0.46)), (side * u(0.31, 0.4), -u(0.7, 0.82)))
        maps["nasolabial"] += _crease(x, y, *fold, width=u(0.018, 0.03), bend=-side * u(0.0, 0.04))
        maps["nose"] += _crease(x, y, (side * 0.07, -0.02), (side * 0.14, -0.2), width=u(0.012, 0.018))
    for line in range(int(rng.integers(2, 5))):
        height = 0.42 + 0.1 * line + u(-0.02, 0.02)
        ends = ((-u(0.25, 0.55), height), (u(0.25, 0.55), height + u(-0.03, 0.03)))
        maps["forehead"] += _crease(x, y, *ends, width=u(0.012, 0.02), bend=u(-0.03, 0.04))
    for _ in range(int(rng.integers(1, 4))):
        ends = ((-u(0.05, 0.1), u(-0.1, 0.06)), (u(0.05, 0.1), u(-0.1, 0.06)))
        maps["nose"] += _crease(x, y, *ends, width=u(0.01, 0.016))
    gain = np.where(rng.random(len(WRINKLES)) < _SHOWN_SHARE, u(*_GAIN, len(WRINKLES)), 0.0)
    # limited, so that crossing folds do not add up to a black line
    stacked = np.stack([_MAX_DEPTH * np.tanh(maps[name] / _MAX_DEPTH) for name in WRINKLES], axis=-1)
    return stacked, gain.astype(np.float32)
