"""Following the faces of a video.

Input: frames in order. Output: for each frame the faces in it, each with the number of its track.

The recording's clock is cut into intervals of a whole number of seconds. At an interval's first frame the whole picture
is searched, and what is found is followed by verification through the interval's other frames, which is faster. Nothing
is carried over from one interval to the next: a frame's faces follow from the frames since its interval began, so they
are the same in every window that holds the frame. Which of the faces is the person's is decided in `face.person`.

Box and landmarks are those of the verification: a search sees the face at another scale, its landmarks differ by up to
a sixth of the distance between the eyes, and crops would jump. Whether a face is upright is found out when somebody
asks: it takes as long as following a face for eight frames, and is asked of those alone who may be the person.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from ecg_facial.face.alignment import crop_face
from ecg_facial.face.decoding import CLOCK_TOLERANCE_S
from ecg_facial.face.detection import Face, FaceDetector, overlap
from ecg_facial.face.settings import TrackSettings
from ecg_facial.face.video import VideoFrame
from ecg_facial.runtime.typing import Float32Array

# Faces are told apart by grey crops of this size: enough for the look, too coarse for expressions.
_LOOK_PX = 24
# The person before the camera is the largest, less 0.3 pixels per pixel from the middle.
_OFF_CENTRE_COST = 0.3
# Where no face is found, the next search comes after more than 60 ms: searches take most of the time there. At
# 25 frames per second every other frame is searched, and a face that comes back is found 40 ms later at most.
_SEARCH_AGAIN_S = 0.06


class Upright:
    """Whether a face was upright when it was taken up; found out when it is asked first.

    Parameters
    ----------
    ask : callable
        From `FaceDetector.ask_upright`.
    """

    def __init__(self, ask: Callable[[], bool]) -> None:
        self._ask = ask

    @cached_property
    def answer(self) -> bool:
        """Whether it was."""
        return self._ask()


@dataclass(frozen=True, eq=False, kw_only=True)
class TrackedFace:
    """A face of a frame.

    Attributes
    ----------
    track : int
        Number of its track: the same in all frames of an interval in which it is followed.
    face : Face
    look : ndarray of float32, shape (24, 24)
        How it looked when it was taken up: a grey aligned crop with zero mean and unit norm, so that the scalar product
        of two is their correlation.
    prominence : float
        In pixels: its size, less a part of its distance from the picture's middle.
    upright : Upright
        Of the face when it was taken up. Asked by the thread of the detector.
    """

    track: int
    face: Face
    look: Float32Array
    prominence: float
    upright: Upright

    @property
    def is_upright(self) -> bool:
        """Whether it was upright when it was taken up."""
        return self.upright.answer


@dataclass(frozen=True, eq=False, kw_only=True)
class FrameFaces:
    """Faces of a frame.

    Attributes
    ----------
    interval : int
        Number of the interval of the clock.
    faces : tuple of TrackedFace
        In the order in which they were taken up.
    """

    interval: int
    faces: tuple[TrackedFace, ...]


def find_interval(time_s: float, *, search_every_s: int) -> int:
    """Give the number of the interval in which a time lies.

    Examples
    --------
    >>> find_interval(2.9999999, search_every_s=1), find_interval(2.96, search_every_s=1)
    (3, 2)
    """
    return math.floor((time_s + CLOCK_TOLERANCE_S) / search_every_s)


class FaceFollower:
    """Follower of all faces; an instance belongs to one stream and one thread."""

    def __init__(self, detector: FaceDetector, *, settings: TrackSettings | None = None) -> None:
        self._detector = detector
        self._settings = settings or TrackSettings()
        self._interval: int | None = None
        self._followed: list[TrackedFace] = []
        self._n_tracks = self._n_expected = 0
        self._searched_s = -math.inf

    def update(self, frame: VideoFrame) -> FrameFaces:
        """Take the next frame; give the faces in it."""
        interval = find_interval(frame.time_s, search_every_s=self._settings.search_every_s)
        begins = interval != self._interval
        if begins:
            # one face is looked for until it is found
            self._interval, self._followed, self._n_tracks, self._n_expected = interval, [], 0, 1
            self._searched_s = -math.inf
        self._verify(frame)
        if len(self._followed) < self._n_expected and frame.time_s - self._searched_s > _SEARCH_AGAIN_S:
            self._searched_s = frame.time_s
            self._take_up(frame, thorough=begins)
        self._n_expected = max(self._n_expected, len(self._followed))
        return FrameFaces(interval=interval, faces=tuple(self._followed))

    def _verify(self, frame: VideoFrame) -> None:
        """Find the followed faces in the next frame, and drop those that are lost."""
        before, self._followed = self._followed, []
        for tracked in before:
            face = self._find_again(frame, tracked.face)
            if face is not None and self._is_new(face):
                self._followed.append(_track(frame, face, tracked.track, tracked.look, tracked.upright))

    def _take_up(self, frame: VideoFrame, *, thorough: bool) -> None:
        """Search the whole picture, and follow what is new in it, the most prominent faces first.

        Small faces are searched only where the usual search finds none, and only at the interval's first frame: that
        search takes long. Later in the interval a face must be upright: one that is none would end the search.
        """
        found = self._detector.detect(frame)
        if not found and thorough:
            found = self._detector.detect_small(frame)
        for face in sorted(found, key=lambda face: -_prominence(frame, face)):
            if len(self._followed) == self._settings.max_faces:
                break
            upright = Upright(self._detector.ask_upright(frame, face))
            if self._is_new(face) and (thorough or upright.answer):
                place = self._find_again(frame, face) or face
                self._followed.append(_track(frame, place, self._n_tracks, _describe(frame, place), upright))
                self._n_tracks += 1

    def _find_again(self, frame: VideoFrame, last: Face) -> Face | None:
        """Verify a face; None if the detector sees none there or has jumped to another."""
        face = self._detector.verify(frame, last)
        if face is None or overlap(face.box, last.box) < self._settings.same_overlap:
            return None
        return face

    def _is_new(self, face: Face) -> bool:
        """Tell whether a face is none of those that are followed already."""
        return all(overlap(face.box, other.face.box) < self._settings.same_overlap for other in self._followed)


def _track(frame: VideoFrame, face: Face, track: int, look: Float32Array, upright: Upright) -> TrackedFace:
    return TrackedFace(track=track, face=face, look=look, prominence=_prominence(frame, face), upright=upright)


def _prominence(frame: VideoFrame, face: Face) -> float:
    middle = np.array([frame.width, frame.height]) / 2
    return face.size_px - _OFF_CENTRE_COST * float(np.linalg.norm(face.centre - middle))


def _describe(frame: VideoFrame, face: Face) -> Float32Array:
    """Grey aligned crop with zero mean and unit norm."""
    # aligned by the landmarks, so that pose and position do not count
    grey = cv2.cvtColor(crop_face(frame, face, crop_px=_LOOK_PX), cv2.COLOR_RGB2GRAY).astype(np.float32)
    grey -= grey.mean()
    return np.asarray(grey / (np.linalg.norm(grey) + 1e-6), dtype=np.float32)
