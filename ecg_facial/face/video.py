"""Video frames with timestamps.

Input: a video file, a folder of frame images, or pictures in memory. Output: `VideoFrame` objects that convert only the
requested region to RGB, because converting whole frames takes most of the time (1,027 instead of 348 ms for 138 frames
of 1388 x 1038). Knows nothing of faces. FFmpeg's log stays as the host program sets it; PyAV's default is silence.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np

from ecg_facial.errors import CorruptDataError, MissingDataError
from ecg_facial.face.frame_folders import DEFAULT_FPS, IMAGE_SUFFIXES, list_images
from ecg_facial.recording import VideoRef
from ecg_facial.runtime.typing import AnyArray, Float64Array, UInt8Array

# FFmpeg's AVCOL_RANGE_JPEG: luma from 0 to 255 instead of 16 to 235
_FULL_RANGE = 2
_CLOCK_TOLERANCE_S = 1e-6
# decoding 10 s takes about as long as seeking
_SEEK_FROM_S = 10.0


@dataclass(frozen=True, kw_only=True)
class VideoInfo:
    """Header of the first video stream; the number of frames may be an estimate."""

    width: int
    height: int
    fps: float
    n_frames: int
    duration_s: float
    codec: str


class VideoFrame(ABC):
    """A frame: time in seconds, size in pixels, and methods that convert it, or a part of it, to RGB."""

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
    return int(1 / max(float(np.sqrt(abs(np.linalg.det(matrix[:, :2])))), 1e-6))


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
    """A decoded frame; its planes are cropped and scaled before they are converted to RGB (BT.601)."""

    def __init__(self, frame: av.VideoFrame, time_s: float) -> None:
        if frame.format.name not in ("yuv420p", "yuvj420p"):
            frame = frame.reformat(format="yuv420p")
        self.time_s, self.width, self.height = time_s, frame.width, frame.height
        self._planes = [_plane(frame, index) for index in range(3)]
        self._full_range = frame.format.name == "yuvj420p" or frame.color_range == _FULL_RANGE

    def small_rgb(self, max_side: int) -> tuple[UInt8Array, float]:
        """See `VideoFrame`."""
        scale = min(1.0, max_side / max(self.width, self.height))
        size = (max(round(self.width * scale), 1), max(round(self.height * scale), 1))
        planes = [cv2.resize(plane, size, interpolation=cv2.INTER_AREA) for plane in self._planes]
        return self._to_rgb([np.asarray(plane, dtype=np.uint8) for plane in planes]), scale

    def warp_rgb(self, matrix: Float64Array, size: int) -> UInt8Array:
        """See `VideoFrame`."""
        matrix = np.asarray(matrix, dtype=np.float64)
        luma = _warp(self._planes[0], matrix, size)
        # chroma planes have half the size: x_luma = 2 x_chroma + 0.5
        half = np.column_stack([2 * matrix[:, :2], matrix[:, :2] @ np.array([0.5, 0.5]) + matrix[:, 2]])
        rgb = self._to_rgb([luma, _warp(self._planes[1], half, size), _warp(self._planes[2], half, size)])
        return _blacken(rgb, matrix, (self.width, self.height))

    def _to_rgb(self, planes: list[UInt8Array]) -> UInt8Array:
        """Convert planes of equal size to RGB, after expanding limited range (16 to 235) to full range."""
        if not self._full_range:
            planes = [
                np.asarray(cv2.convertScaleAbs(planes[0], alpha=255 / 219, beta=-16 * 255 / 219), dtype=np.uint8),
                *(np.asarray(cv2.LUT(plane, _CHROMA_TO_FULL), dtype=np.uint8) for plane in planes[1:]),
            ]
        stacked = np.dstack([planes[0], planes[2], planes[1]])
        return np.asarray(cv2.cvtColor(stacked, cv2.COLOR_YCrCb2RGB), dtype=np.uint8)


_CHROMA_TO_FULL = np.clip((np.arange(256) - 128) * 255 / 224 + 128, 0, 255).round().astype(np.uint8)


def _plane(frame: av.VideoFrame, index: int) -> UInt8Array:
    plane = frame.planes[index]
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
    return rows[:, : plane.width]


@contextmanager
def _opened(path: Path) -> Iterator[av.container.InputContainer]:
    """Open a video file with a video stream; errors of FFmpeg become `CorruptDataError`."""
    if not path.is_file():
        raise MissingDataError(f"{path}: no such file; check the path of the video")
    try:
        container = av.open(str(path))
    except (av.FFmpegError, OSError, ValueError) as error:
        raise CorruptDataError(f"{path}: not a readable video ({error.__class__.__name__}); copy it again") from None
    with container:
        if not container.streams.video:
            raise CorruptDataError(f"{path}: no video stream; expected a video such as H.264 in MP4")
        yield container


def probe_video(path: Path) -> VideoInfo:
    """Read the header of a video file.

    Raises
    ------
    MissingDataError, CorruptDataError
        When there is no such file, or it is not a video.
    """
    with _opened(path) as container:
        stream = container.streams.video[0]
        rate = stream.average_rate or stream.guessed_rate
        fps = float(rate) if rate else DEFAULT_FPS
        if stream.duration and stream.time_base:
            duration_s = float(stream.duration * stream.time_base)
        else:
            duration_s = (container.duration or 0) / av.time_base
        context = stream.codec_context
        n_frames = stream.frames or round(duration_s * fps)
        return VideoInfo(
            width=context.width,
            height=context.height,
            fps=fps,
            n_frames=n_frames,
            duration_s=duration_s,
            codec=context.name,
        )


def read_frames(
    video: VideoRef | Path | str, *, start_s: float = 0.0, duration_s: float | None = None
) -> Iterator[VideoFrame]:
    """Yield the frames of a video file or of a folder of images.

    Parameters
    ----------
    video : VideoRef or path
        A file, or a folder of images at `video.fps` (25 if None), sorted by name with numbers by value (``2.jpg``
        before ``10.jpg``). Times of a stretch count from its start.
    start_s, duration_s : float
        Part to read, in seconds from the first frame; all from `start_s` if `duration_s` is None.

    Yields
    ------
    VideoFrame
        Decoded one after another, so that memory does not grow.

    Raises
    ------
    MissingDataError, CorruptDataError
        When there is no such file, it cannot be decoded, or has no frames.
    """
    video = video if isinstance(video, VideoRef) else VideoRef(path=Path(video))
    begin_s = video.start_s + start_s
    end_s = min(
        np.inf if duration_s is None else begin_s + duration_s,
        np.inf if video.duration_s is None else video.start_s + video.duration_s,
    )
    folder = video.path.is_dir()
    frames = _read_folder(video, begin_s, end_s) if folder else _read_file(video.path, begin_s)
    for frame in frames:
        if frame.time_s >= end_s - _CLOCK_TOLERANCE_S:
            return
        if frame.time_s >= begin_s - _CLOCK_TOLERANCE_S:
            frame.time_s -= video.start_s
            yield frame


def _read_file(path: Path, begin_s: float) -> Iterator[VideoFrame]:
    """Decode a file; times count from the first frame, or by the frame rate without timestamps."""
    with _opened(path) as container:
        stream = container.streams.video[0]
        rate = stream.average_rate or stream.guessed_rate
        step_s = 1 / float(rate) if rate else 1 / DEFAULT_FPS
        first_s: float | None = None
        count = 0
        try:
            for frame in _decode_from(container, stream, begin_s):
                time_s = frame.time if frame.time is not None else count * step_s
                first_s = time_s if first_s is None else first_s
                yield YuvFrame(frame, float(time_s - first_s))
                count += 1
        except av.FFmpegError as error:
            name = error.__class__.__name__
            raise CorruptDataError(f"{path}: decoding stops after {count} frames ({name}); copy it again") from None
        if not count:
            raise CorruptDataError(f"{path}: no frame can be decoded; copy it again")


def _decode_from(
    container: av.container.InputContainer, stream: av.VideoStream, begin_s: float
) -> Iterator[av.VideoFrame]:
    """Decode from `begin_s`, after the first frame, whose time is the start of the clock; early parts decode all.

    Seeking matters for long recordings: a hundred stretches would otherwise decode the whole a hundred times.
    """
    frames = container.decode(stream)
    first = next(frames, None) if begin_s > _SEEK_FROM_S else None
    if first is not None:
        yield first
        # without timestamps a frame's time is its number, so all must be counted
        if first.time is not None and stream.time_base is not None:
            container.seek(int((first.time + begin_s) / stream.time_base), stream=stream)
            frames = container.decode(stream)
    yield from frames


def _read_folder(video: VideoRef, begin_s: float, end_s: float) -> Iterator[VideoFrame]:
    paths = list_images(video.path)
    if not paths:
        raise CorruptDataError(f"{video.path}: no images; expected frames as {', '.join(sorted(IMAGE_SUFFIXES))}")
    for number, path in enumerate(paths):
        time_s = number / (video.fps or DEFAULT_FPS)
        if not begin_s - _CLOCK_TOLERANCE_S <= time_s < end_s:
            continue
        image = cv2.imdecode(np.frombuffer(path.read_bytes() or b"\0", np.uint8), cv2.IMREAD_COLOR)
        if image is None:
            raise CorruptDataError(f"{path}: not a readable image; copy it again")
        rgb = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), dtype=np.uint8)
        yield RgbFrame(rgb, time_s)
