"""Frames of a video with their times.

Input: a video file, or a folder of frame images. Output: `VideoFrame` objects in order, and notes about what was lost
or assumed. Knows nothing of faces. FFmpeg's log stays as the host program sets it; PyAV's default is silence.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from ecg_facial.errors import CorruptDataError
from ecg_facial.face.decoding import CLOCK_TOLERANCE_S, decode_film
from ecg_facial.face.display import read_display
from ecg_facial.face.frame_folders import DEFAULT_FPS, TimedImages, time_images
from ecg_facial.face.frame_times import match_times, read_frame_times
from ecg_facial.face.frames import RgbFrame, VideoFrame, YuvFrame
from ecg_facial.face.packets import Film, find_film, usual_step
from ecg_facial.recording import VideoRef
from ecg_facial.runtime.typing import UInt8Array

__all__ = [
    "FrameReader",
    "RgbFrame",
    "VideoFrame",
    "VideoInfo",
    "YuvFrame",
    "measure_video",
    "probe_video",
    "read_frames",
]


@dataclass(frozen=True, kw_only=True)
class VideoInfo:
    """What the packets of a video file say of its film.

    Attributes
    ----------
    width, height : int
        In pixels, with square pixels, before the picture is turned: how it lies each decoded frame alone says.
    fps : float
        Mean frame rate in Hz.
    n_frames : int
    duration_s : float
        From the first frame to the end of the last one.
    codec : str
    notes : tuple of str
        A choice of streams, times that were rebuilt, a file that was cut off.
    """

    width: int
    height: int
    fps: float
    n_frames: int
    duration_s: float
    codec: str
    notes: tuple[str, ...] = ()


class FrameReader(Iterator[VideoFrame]):
    """Frames in order; closes the file at the end, or when it is closed itself.

    Attributes
    ----------
    notes : list of str
        What was lost or assumed; complete when the last frame was taken.
    """

    def __init__(self, frames: Iterator[VideoFrame], notes: list[str]) -> None:
        self._frames, self.notes = frames, notes

    def __next__(self) -> VideoFrame:
        return next(self._frames)

    def close(self) -> None:
        """Take no more frames; `notes` is complete then."""
        if isinstance(self._frames, Generator):
            self._frames.close()


def probe_video(video: VideoRef | Path) -> VideoInfo:
    """Read what the packets of a video file say; decodes nothing.

    Parameters
    ----------
    video : VideoRef or Path
        The whole file counts.

    Raises
    ------
    MissingDataError, CorruptDataError
        When there is no such file, or it is not a video.
    """
    film = open_film(video if isinstance(video, VideoRef) else VideoRef(path=video))
    width, height = read_display(None, film.aspect).size(film.width, film.height)
    return VideoInfo(
        width=width,
        height=height,
        fps=len(film.times_s) / film.duration_s,
        n_frames=len(film.times_s),
        duration_s=film.duration_s,
        codec=film.codec,
        notes=film.notes,
    )


def measure_video(video: VideoRef) -> float:
    """Length in seconds of a whole video file or folder of images; decodes nothing.

    Raises
    ------
    MissingDataError, CorruptDataError
        When there is no such file, or it is not a video.
    """
    return open_folder(video).duration_s if video.path.is_dir() else open_film(video).duration_s


def read_frames(video: VideoRef | Path | str, *, start_s: float = 0.0, duration_s: float | None = None) -> FrameReader:
    """Give the frames of a video file or of a folder of images.

    Parameters
    ----------
    video : VideoRef or path
        A file, or a folder of images at `video.fps` (25 if None), sorted by name with numbers by value (``2.jpg``
        before ``10.jpg``). Times of a stretch count from its start.
    start_s, duration_s : float
        Part to read, in seconds from the first frame; all from `start_s` if `duration_s` is None.

    Returns
    -------
    FrameReader
        Yields `VideoFrame` objects as a player shows them, decoded one after another, so that memory does not grow. Its
        `notes` say what was lost or assumed.

    Raises
    ------
    MissingDataError, CorruptDataError
        From the first frame on: when there is no such file, it is no video, or no frame can be read.
    """
    video = video if isinstance(video, VideoRef) else VideoRef(path=Path(video))
    begin_s = video.start_s + start_s
    end_s = min(
        np.inf if duration_s is None else begin_s + duration_s,
        np.inf if video.duration_s is None else video.start_s + video.duration_s,
    )
    notes: list[str] = []
    return FrameReader(_read(video, begin_s, end_s, notes), notes)


def _read(video: VideoRef, begin_s: float, end_s: float, notes: list[str]) -> Iterator[VideoFrame]:
    """Yield frames on the clock of the stretch."""
    frames: Iterator[VideoFrame]
    if video.path.is_dir():
        frames = _read_folder(video, begin_s, end_s, notes)
    else:
        film = open_film(video)
        notes += film.notes
        frames = decode_film(video.path, film, begin_s=begin_s, end_s=end_s, notes=notes)
    for frame in frames:
        frame.time_s -= video.start_s
        yield frame


def open_film(video: VideoRef) -> Film:
    """Look through the packets of a video file; a file of frame times decides where there is one.

    Raises
    ------
    MissingDataError, CorruptDataError
        When a file is missing, or is not what it should be.
    """
    if video.frame_times is None:
        return find_film(video.path, fps=video.fps)
    # the stream's own times count no more
    film = find_film(video.path, fps=video.fps or DEFAULT_FPS)
    times_s, notes = match_times(read_frame_times(video.frame_times), len(film.times_s))
    return replace(film, times_s=times_s, notes=(*film.notes, *notes))


def open_folder(video: VideoRef) -> TimedImages:
    """List the images of a folder with their times; a file of frame times decides where there is one.

    Raises
    ------
    MissingDataError, CorruptDataError
        When a file is missing, or is not what it should be.
    """
    if video.frame_times is None:
        return time_images(video.path, video.fps)
    images = time_images(video.path, video.fps or DEFAULT_FPS)
    names = [path.name for path in images.paths]
    times_s, notes = match_times(read_frame_times(video.frame_times), len(names), names)
    return replace(images, times_s=tuple(times_s.tolist()), fps=1 / usual_step(times_s), notes=tuple(notes))


def _read_folder(video: VideoRef, begin_s: float, end_s: float, notes: list[str]) -> Iterator[VideoFrame]:
    images = open_folder(video)
    notes += images.notes
    damaged: list[str] = []
    n_read = 0
    try:
        for path, time_s in zip(images.paths, images.times_s, strict=True):
            if not begin_s - CLOCK_TOLERANCE_S <= time_s < end_s - CLOCK_TOLERANCE_S:
                continue
            picture = read_image(path)
            if picture is None:
                damaged.append(path.name)
                continue
            n_read += 1
            yield RgbFrame(picture, time_s)
    finally:
        if damaged:
            notes.append(f"{len(damaged)} of {len(damaged) + n_read} images cannot be read, the first is {damaged[0]}")
    if damaged and not n_read:
        raise CorruptDataError(f"{video.path / damaged[0]}: not a readable image, like all others; copy it again")


def read_image(path: Path) -> UInt8Array | None:
    """Read an image as RGB, turned as its EXIF data say; None where it cannot be read.

    Parameters
    ----------
    path : Path

    Returns
    -------
    ndarray of uint8, shape (height, width, 3), or None
    """
    try:
        image = cv2.imdecode(np.frombuffer(path.read_bytes() or b"\0", np.uint8), cv2.IMREAD_COLOR)
    except (OSError, cv2.error):
        return None
    return None if image is None else np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), dtype=np.uint8)
