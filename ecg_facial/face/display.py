"""How a stored picture is shown: turned, mirrored, with pixels that are not square.

Input: the display matrix and the pixel aspect of a stream or frame. Output: `Display`, which maps stored pixels to
those that a player shows. Knows nothing of decoding.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from ecg_facial.runtime.typing import Float64Array, UInt8Array

# nine numbers in fixed point, rows of three: a b u, c d v, x y w
_MATRIX = struct.Struct("<9i")
# Pixels of real formats are up to 2.4 times as wide as high; outside of 1:8 to 8:1 a header is wrong.
_MAX_ASPECT = 8.0


@dataclass(frozen=True, kw_only=True)
class Display:
    """Way from a stored picture to the one that is shown: pixels made square, then turned and mirrored.

    Attributes
    ----------
    across, down : (int, int)
        Direction of the shown picture's x and y axis in stored x and y: ``(1, 0)`` and ``(0, 1)`` leave it as it is.
    aspect : float
        Width of a stored pixel by its height. The shorter side is stretched, so that no pixel is lost.
    """

    across: tuple[int, int] = (1, 0)
    down: tuple[int, int] = (0, 1)
    aspect: float = 1.0

    @property
    def is_plain(self) -> bool:
        """Whether the picture is shown as it is stored."""
        return self.aspect == 1.0 and self.across == (1, 0) and self.down == (0, 1)

    @property
    def is_turned(self) -> bool:
        """Whether width and height change places."""
        return self.across[0] == 0

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of the shown picture."""
        wide, high = (max(round(side * scale), 1) for side, scale in zip((width, height), self._scales(), strict=True))
        return (high, wide) if self.is_turned else (wide, high)

    def matrix(self, width: int, height: int) -> Float64Array:
        """Affine map from stored to shown pixels (whole numbers are middles of pixels), shape (2, 3)."""
        shown = np.array(self.size(width, height))
        stretched = shown[::-1] if self.is_turned else shown
        scales = stretched / np.array([width, height])
        # middles: x_stretched = (x + 0.5) * scale - 0.5
        stretch = np.column_stack([np.diag(scales), 0.5 * scales - 0.5])
        turn = np.array([self.across, self.down], dtype=np.float64)
        # an axis that runs the other way starts at the far end
        start = np.where(turn.sum(axis=1) < 0, shown - 1, 0)
        return np.column_stack([turn @ stretch[:, :2], turn @ stretch[:, 2] + start])

    def turn(self, picture: UInt8Array) -> UInt8Array:
        """Turn and mirror a picture whose pixels are square already, shape (height, width, ...)."""
        if self.is_turned:
            picture = picture.swapaxes(0, 1)
        picture = picture[:, :: sum(self.across)][:: sum(self.down)]
        return np.ascontiguousarray(picture)

    def _scales(self) -> tuple[float, float]:
        """How much width and height are stretched."""
        return (self.aspect, 1.0) if self.aspect >= 1 else (1.0, 1 / self.aspect)


PLAIN = Display()
"""The picture as it is stored."""


def read_display(matrix: bytes | None, aspect: Fraction | None) -> Display:
    """Read a display matrix and a pixel aspect; what is absent or makes no sense leaves the picture as it is.

    Parameters
    ----------
    matrix : bytes or None
        FFmpeg's side data DISPLAYMATRIX: nine little-endian numbers. Turns are rounded to quarters; a matrix that is
        none of the eight quarter turns and mirror images is left out, as in ffmpeg.
    aspect : Fraction or None
        Sample aspect ratio, width by height of a pixel.

    Examples
    --------
    >>> upright = struct.pack("<9i", 0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30)
    >>> read_display(upright, None)
    Display(across=(0, -1), down=(1, 0), aspect=1.0)
    """
    across, down = PLAIN.across, PLAIN.down
    if matrix is not None and len(matrix) == _MATRIX.size:
        a, b, _, c, d, *_ = _MATRIX.unpack(matrix)
        # x' = a x + c y, y' = b x + d y
        linear = np.array([[a, c], [b, d]], dtype=np.float64)
        norms = np.abs(linear).max(axis=1, keepdims=True)
        axes = np.rint(linear / np.maximum(norms, 1)).astype(int)
        if np.array_equal(np.abs(axes).sum(axis=0), [1, 1]) and np.array_equal(np.abs(axes).sum(axis=1), [1, 1]):
            across, down = (int(axes[0, 0]), int(axes[0, 1])), (int(axes[1, 0]), int(axes[1, 1]))
    ratio = float(aspect) if aspect else 1.0
    return Display(across=across, down=down, aspect=ratio if 1 / _MAX_ASPECT <= ratio <= _MAX_ASPECT else 1.0)
