"""Planes and colours of decoded frames.

Input: a frame of PyAV in any pixel format. Output: planes of 8 bits, and functions that turn planes of equal size to
RGB by the matrix and the range that the stream states.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import av
import cv2
import numpy as np

from ecg_facial.runtime.typing import AnyArray, UInt8Array

# FFmpeg's AVCOL_RANGE_MPEG (luma from 16 to 235) and AVCOL_RANGE_JPEG (0 to 255)
_LIMITED, _FULL = 1, 2
# Weights of red and blue in luma by FFmpeg's AVColorSpace: BT.709, FCC, SMPTE 240M, BT.2020. Everything else is BT.601,
# which FFmpeg takes where nothing is stated.
_LUMA_WEIGHTS = {1: (0.2126, 0.0722), 4: (0.30, 0.11), 7: (0.212, 0.087), 9: (0.2627, 0.0593), 10: (0.2627, 0.0593)}
_LEVELS = np.arange(256)
# below 16 is blacker than black, and black is all that can be shown
_LUMA_TO_FULL = np.clip(np.rint((_LEVELS - 16) * 255 / 219), 0, 255).astype(np.uint8)
_CHROMA_TO_FULL = np.clip((_LEVELS - 128) * 255 / 224 + 128, 0, 255).round().astype(np.uint8)

ToRgb = Callable[[list[UInt8Array]], UInt8Array]


@dataclass(frozen=True, kw_only=True)
class Planes:
    """A decoded picture.

    Attributes
    ----------
    planes : list of ndarray of uint8
        Luma and two of chroma, of their own sizes; luma alone for grey; or one RGB picture of shape (height, width, 3).
    to_rgb : callable
        Turns planes, resampled to equal size, to RGB.
    """

    planes: list[UInt8Array]
    to_rgb: ToRgb


def read_planes(frame: av.VideoFrame) -> Planes:
    """Read the planes of a frame.

    Planar YUV of any depth and subsampling is read as it is; other formats are converted to it, or to RGB, by FFmpeg.
    """
    name = frame.format.name
    if frame.format.is_rgb or name in ("pal8", "monow", "monob") or name.startswith(("bayer", "xyz")):
        picture = frame.reformat(format="rgb24").to_ndarray()
        return Planes(planes=[np.asarray(picture, dtype=np.uint8)], to_rgb=_keep)
    if not _is_plain_yuv(name):
        frame = _to_planar(frame)
    grey = frame.format.name.startswith("gray")
    planes = [_plane(frame, index) for index in range(1 if grey else 3)]
    # grey pictures use the full range unless they say otherwise, as in FFmpeg
    full = "yuvj" in name or frame.color_range == _FULL or (grey and frame.color_range != _LIMITED)
    return Planes(planes=planes, to_rgb=_make_converter(full_range=full, colour_space=int(frame.colorspace)))


def _is_plain_yuv(name: str) -> bool:
    """Whether luma and chroma lie in planes of their own, in numbers of this machine's order."""
    return name.startswith(("yuv4", "yuvj4", "yuva4", "gray")) and not name.endswith("be") and "f" not in name


def _to_planar(frame: av.VideoFrame) -> av.VideoFrame:
    """Convert interleaved formats (NV12, YUYV, P010, ...) to planes; range and matrix stay."""
    chroma = "yuv420p" if frame.format.name.startswith(("nv12", "nv21", "p01", "yuv420")) else "yuv444p"
    limits = _FULL if frame.color_range == _FULL else _LIMITED
    made = frame.reformat(format=chroma, src_color_range=limits, dst_color_range=limits)
    made.color_range, made.colorspace = limits, frame.colorspace
    return made


def _plane(frame: av.VideoFrame, index: int) -> UInt8Array:
    """Give one plane in 8 bits."""
    plane, bits = frame.planes[index], frame.format.components[index].bits
    kind = np.dtype(np.uint8 if bits <= 8 else "<u2")
    rows = np.frombuffer(memoryview(plane), kind).reshape(plane.height, plane.line_size // kind.itemsize)
    rows = rows[:, : plane.width]
    if bits <= 8:
        return np.asarray(rows)
    # 10 bits hold 64..940 where 8 hold 16..235: a fourth, rounded
    levels = rows.astype(np.uint32)
    return np.asarray(np.minimum((levels + (1 << (bits - 9))) >> (bits - 8), 255), dtype=np.uint8)


def _keep(planes: list[UInt8Array]) -> UInt8Array:
    return planes[0]


def _make_converter(*, full_range: bool, colour_space: int) -> ToRgb:
    weights = _LUMA_WEIGHTS.get(colour_space)
    matrix = None if weights is None else _matrix(*weights)

    def convert(planes: list[UInt8Array]) -> UInt8Array:
        if not full_range:
            tables = (_LUMA_TO_FULL, _CHROMA_TO_FULL, _CHROMA_TO_FULL)
            planes = [
                np.asarray(cv2.LUT(plane, table), dtype=np.uint8)
                for plane, table in zip(planes, tables[: len(planes)], strict=True)
            ]
        if len(planes) == 1:
            return np.repeat(planes[0][..., None], 3, axis=2)
        stacked = np.dstack([planes[0], planes[2], planes[1]])
        if matrix is None:
            return np.asarray(cv2.cvtColor(stacked, cv2.COLOR_YCrCb2RGB), dtype=np.uint8)
        return np.asarray(cv2.transform(stacked, matrix), dtype=np.uint8)

    return convert


def _matrix(red: float, blue: float) -> AnyArray:
    """From luma, red and blue difference (full range) to RGB, shape (3, 4)."""
    green = 1 - red - blue
    of_red, of_blue = 2 * (1 - red), 2 * (1 - blue)
    linear = np.array(
        [[1, of_red, 0], [1, -red * of_red / green, -blue * of_blue / green], [1, 0, of_blue]], dtype=np.float64
    )
    return np.column_stack([linear, -128 * linear[:, 1:].sum(axis=1)])
