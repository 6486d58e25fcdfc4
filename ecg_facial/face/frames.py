"""Pictures of a video, as a player shows them.

Input: a decoded frame, or a picture in memory. Output: `VideoFrame` objects that convert only the requested region to
RGB, because converting whole frames takes most of the time (1,027 instead of 348 ms for 138 frames of 1388 x 1038).
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import av
import cv2
import numpy as np

from ecg_facial.face.colours import read_planes
from ecg_facial.face.display import PLAIN, Display
from ecg_facial.runtime.typing import AnyArray, Float64Array, UInt8Array


class VideoFrame(ABC):
    """A frame: time in seconds, size in pixels as shown, and methods that convert it, or a part of it, to RGB."""

    time_s: float
    width: int
    height: int

    @abstractmethod
    def small_rgb(self, max_side: int) -> tuple[UInt8Array, float]:
        """Whole frame, its longer side at most `max_side` pixels, and the scale: its pixels per frame pixel."""

    @abstractmethod
    def warp_rgb(self, matrix: Float64Array, size: int) -> UInt8Array:
        """Square crop of `size` pixels; `matrix` (2, 3) maps frame pixels to crop pixels. Outside is black."""


def _warp(plane: UInt8Array, matrix: Float64Array, size: int) -> UInt8Array:
    """Warp the needed part of a plane; a part that shrinks by 2 or more is averaged first, against aliasing.

    Outside of the plane the border is repeated; `_blacken` removes that.
    """
    corners = _corners(cv2.invertAffineTransform(matrix), size)
    height, width = plane.shape[:2]
    # the part of the plane under the crop, with a margin for interpolation
    low = np.clip(np.floor(corners.min(axis=0)).astype(int) - 2, 0, [width - 1, height - 1])
    high = np.clip(np.ceil(corners.max(axis=0)).astype(int) + 3, low + 1, [width, height])
    part = plane[low[1] : high[1], low[0] : high[0]]
    matrix = np.column_stack([matrix[:, :2], matrix[:, :2] @ low + matrix[:, 2]])
    shrink = _shrink(matrix)
    if shrink >= 2:
        small = (max(part.shape[1] // shrink, 1), max(part.shape[0] // shrink, 1))
        ratio = np.array([part.shape[1] / small[0], part.shape[0] / small[1]])
        part = cv2.resize(part, small, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]  # stays uint8
        # pixel centres: x_part = (x_small + 0.5) * ratio - 0.5
        offset = matrix[:, :2] @ (0.5 * ratio - 0.5) + matrix[:, 2]
        matrix = np.column_stack([matrix[:, :2] * ratio, offset])
    warped = cv2.warpAffine(part, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(warped, dtype=np.uint8)


def _corners(inverse: AnyArray, size: int) -> Float64Array:
    """Corners of the crop in frame pixels, shape (4, 2)."""
    square = np.array([[0, 0], [size, 0], [0, size], [size, size]], dtype=np.float64)
    return np.asarray(square @ inverse[:, :2].T + inverse[:, 2], dtype=np.float64)


def _shrink(matrix: Float64Array) -> int:
    """Whole frame pixels per crop pixel."""
    (a, b, _), (c, d, _) = matrix.tolist()
    return int(1 / max(math.sqrt(abs(a * d - b * c)), 1e-6))


def _blacken(crop: UInt8Array, matrix: Float64Array, frame_size: tuple[int, int]) -> UInt8Array:
    """Multiply each pixel by its share inside the frame, as linear interpolation with black would.

    Done on RGB: chroma planes are coarser than luma, so black in the planes would give the frame a coloured border.
    """
    inverse, size = cv2.invertAffineTransform(matrix), len(crop)
    furthest = np.array(frame_size) - 1
    ramp_px = max(_shrink(matrix), 1)
    corners = _corners(inverse, size - 1)
    if np.minimum(corners, furthest - corners).min() >= (ramp_px - 1) / 2:
        return crop
    steps = np.arange(size)
    # a pixel that shrinks several frame pixels is partly inside over several of them
    share = np.ones((size, size))
    for (per_column, per_row, start), last in zip(inverse, furthest, strict=True):
        at = per_column * steps + (per_row * steps + start)[:, None]
        share *= np.clip((np.minimum(at, last - at) + 0.5) / ramp_px + 0.5, 0.0, 1.0)
    return np.rint(crop * share[..., None]).astype(np.uint8)


class RgbFrame(VideoFrame):
    """A frame from a picture in memory, uint8 RGB of shape (height, width, 3)."""

    def __init__(self, image: UInt8Array, time_s: float) -> None:
        self.image, self.time_s = image, time_s
        self.height, self.width = image.shape[:2]

    def small_rgb(self, max_side: int) -> tuple[UInt8Array, float]:
        """See `VideoFrame`."""
        scale = min(1.0, max_side / max(self.width, self.height))
        if scale == 1.0:
            return self.image, 1.0
        size = (max(round(self.width * scale), 1), max(round(self.height * scale), 1))
        return np.asarray(cv2.resize(self.image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8), scale

    def warp_rgb(self, matrix: Float64Array, size: int) -> UInt8Array:
        """See `VideoFrame`."""
        matrix = np.asarray(matrix, dtype=np.float64)
        return _blacken(_warp(self.image, matrix, size), matrix, (self.width, self.height))


class YuvFrame(VideoFrame):
    """A decoded frame; its planes are cropped and scaled before they are converted to RGB."""

    def __init__(self, frame: av.VideoFrame, time_s: float, *, display: Display = PLAIN) -> None:
        self.time_s, self._stored, self._display = time_s, (frame.width, frame.height), display
        self.width, self.height = display.size(frame.width, frame.height)
        self._read = read_planes(frame)
        self._to_shown = None if display.is_plain else display.matrix(frame.width, frame.height)

    def small_rgb(self, max_side: int) -> tuple[UInt8Array, float]:
        """See `VideoFrame`."""
        scale = min(1.0, max_side / max(self.width, self.height))
        size = (max(round(self.width * scale), 1), max(round(self.height * scale), 1))
        stored = size[::-1] if self._display.is_turned else size
        planes = [cv2.resize(plane, stored, interpolation=cv2.INTER_AREA) for plane in self._read.planes]
        rgb = self._read.to_rgb([np.asarray(plane, dtype=np.uint8) for plane in planes])
        return (rgb if self._to_shown is None else self._display.turn(rgb)), scale

    def warp_rgb(self, matrix: Float64Array, size: int) -> UInt8Array:
        """See `VideoFrame`."""
        matrix = np.asarray(matrix, dtype=np.float64)
        if self._to_shown is not None:
            # first from stored to shown pixels, then to those of the crop
            shown = self._to_shown
            matrix = np.column_stack([matrix[:, :2] @ shown[:, :2], matrix[:, :2] @ shown[:, 2] + matrix[:, 2]])
        rgb = self._read.to_rgb([self._warp_plane(plane, matrix, size) for plane in self._read.planes])
        return _blacken(rgb, matrix, self._stored)

    def _warp_plane(self, plane: UInt8Array, matrix: Float64Array, size: int) -> UInt8Array:
        """Warp luma, or a plane of chroma that is coarser by whole numbers."""
        ratios = np.array([-(-whole // own) for whole, own in zip(self._stored, plane.shape[1::-1], strict=True)])
        if (ratios == 1).all():
            return _warp(plane, matrix, size)
        # of half the size: x_luma = 2 x_chroma + 0.5
        shift = matrix[:, :2] @ ((ratios - 1) / 2) + matrix[:, 2]
        return _warp(plane, np.column_stack([ratios * matrix[:, :2], shift]), size)
