"""The faces of the last seconds of a video.

Input: frames in order, each of which is followed once. Output: face parts of windows, equal to those that `make_window`
makes of the same frames, and what the quality gates look at. Of the frames only the newest is kept, of the others a
crop per face.
"""

from __future__ import annotations

import zlib
from collections import deque
from dataclasses import dataclass

import cv2
import numpy as np

from ecg_facial.errors import SettingsError
from ecg_facial.face.alignment import crop_face
from ecg_facial.face.decoding import CLOCK_TOLERANCE_S
from ecg_facial.face.detection import FaceDetector
from ecg_facial.face.person import PersonFinder
from ecg_facial.face.tracking import FaceFollower, FrameFaces, TrackedFace, find_interval
from ecg_facial.face.video import VideoFrame
from ecg_facial.runtime.typing import Float32Array, UInt8Array
from ecg_facial.windows.faces import FacePart, FaceSlots, first_frame_s, track_settings
from ecg_facial.windows.settings import WindowSettings

_THUMBNAIL_PX = 16
# A part of the picture in its own pixels: a camera's noise makes it another one in each frame, a standing picture is
# the same to the last bit.
_PATCH_PX = 64


@dataclass(frozen=True, eq=False, kw_only=True)
class SeenFrame:
    """What the quality gates look at of a frame.

    Attributes
    ----------
    time_s : float
    n_faces : int
        The person and other upright faces, at most `TrackSettings.max_faces`.
    confidence : float
        Of the person's face, 0..1; 0 where it is not seen.
    brightness, contrast : float
        Mean and standard deviation of the person's grey crop, 0..255; NaN where it is not seen.
    thumbnail : ndarray of uint8, shape (16, 16)
        The whole picture in grey.
    checksum : int
        Of the middle of the picture in its own pixels: equal in frames that are copies of each other.
    """

    time_s: float
    n_faces: int
    confidence: float
    brightness: float
    contrast: float
    thumbnail: UInt8Array
    checksum: int


@dataclass(frozen=True, eq=False, kw_only=True)
class _KeptFrame:
    time_s: float
    seen: FrameFaces
    crops: dict[int, UInt8Array]
    thumbnail: UInt8Array
    checksum: int

    def crop(self, tracked: TrackedFace) -> UInt8Array:
        return self.crops[tracked.track]


class FaceRing:
    """Faces of the last seconds; one stream and one thread.

    Parameters
    ----------
    settings : WindowSettings
    detector : FaceDetector
        The one that the settings name.
    keep_s : float
        Seconds that are kept at least: the length of a window, and how much later it may be asked for.
    enrolled : ndarray of float32, shape (24, 24), optional
        Look of the person, where it is known; see `face.person.PersonFinder`.

    Raises
    ------
    SettingsError
        For another detector than the settings name, or less than a window.
    """

    def __init__(
        self,
        settings: WindowSettings,
        detector: FaceDetector,
        *,
        keep_s: float,
        enrolled: Float32Array | None = None,
    ) -> None:
        if detector.name != settings.detector:
            raise SettingsError(f"face detector is {detector.name}: the settings name {settings.detector}")
        if not keep_s >= settings.window_s:
            raise SettingsError(f"keep_s is {keep_s}: expected a window or more, {settings.window_s} s")
        self._settings, self._keep_s, self._enrolled = settings, keep_s, enrolled
        self._follower = FaceFollower(detector, settings=track_settings(settings))
        self._kept: deque[_KeptFrame] = deque()
        self._begin_s = -np.inf
        self._newest: VideoFrame | None = None

    def __len__(self) -> int:
        """Give the number of frames that are kept."""
        return len(self._kept)

    @property
    def last_s(self) -> float | None:
        """Time of the newest frame; None before the first."""
        return self._kept[-1].time_s if self._kept else None

    @property
    def begin_s(self) -> float:
        """Start of the first window that can be asked for; minus infinity while nothing was dropped."""
        return self._begin_s

    def push(self, frame: VideoFrame) -> None:
        """Take the next frame.

        Raises
        ------
        SettingsError
            For a frame that is not later than the last one.
        """
        if self._kept and frame.time_s <= self._kept[-1].time_s:
            raise SettingsError(
                f"a frame of {frame.time_s} s follows one of {self._kept[-1].time_s} s: sort them first"
            )
        seen = self._follower.update(frame)
        px = self._settings.crop_px
        crops = {tracked.track: crop_face(frame, tracked.face, crop_px=px) for tracked in seen.faces}
        kept = _KeptFrame(
            time_s=frame.time_s,
            seen=seen,
            crops=crops,
            thumbnail=_shrink(frame),
            checksum=_sum_patch(frame),
        )
        self._kept.append(kept)
        self._newest = frame
        self._drop(frame.time_s - self._keep_s)

    def window_faces(self, start_s: float) -> FacePart:
        """Put the face part of a window together; of a window that has not ended, what there is of it.

        Raises
        ------
        SettingsError
            For a window of which frames were dropped already.
        """
        if start_s < self._begin_s - CLOCK_TOLERANCE_S:
            raise SettingsError(f"a window from {start_s} s: faces are kept from {self._begin_s} s on; raise keep_s")
        slots = FaceSlots(self._settings, start_s=start_s, enrolled=self._enrolled)
        for kept in self._kept:
            if slots.is_after(kept.time_s):
                break
            if not slots.is_before(kept.time_s):
                slots.add(kept.time_s, kept.seen, crop=kept.crop)
        return slots.finish()

    def recent(self, since_s: float, *, person_from_s: float | None = None) -> list[SeenFrame]:
        """List what is seen in the frames since a time.

        Parameters
        ----------
        since_s : float
        person_from_s : float, optional
            The person is the one whom a window from this time on would follow: give the start of the present window,
            so that somebody who came later is not taken for the person. By default `since_s`.
        """
        found = self._find_person(since_s, since_s if person_from_s is None else person_from_s)
        return [_look_at(kept, face) for kept, face in found]

    def newest(self, *, person_from_s: float) -> tuple[VideoFrame, TrackedFace | None] | None:
        """Give the newest frame and the person's face in it; None before the first.

        Parameters
        ----------
        person_from_s : float
            As for `recent`.
        """
        if self._newest is None:
            return None
        _, face = self._find_person(self._newest.time_s, person_from_s)[-1]
        return self._newest, face

    def _find_person(self, since_s: float, person_from_s: float) -> list[tuple[_KeptFrame, TrackedFace | None]]:
        """Frames since a time, each with the face of the person whom a window from `person_from_s` on follows."""
        from_s = first_frame_s(person_from_s, self._settings)
        person = PersonFinder(settings=track_settings(self._settings), enrolled=self._enrolled)
        found = []
        for kept in self._kept:
            if kept.time_s < min(from_s, since_s) - CLOCK_TOLERANCE_S:
                continue
            face = person.update(kept.seen) if kept.time_s >= from_s - CLOCK_TOLERANCE_S else None
            if kept.time_s >= since_s - CLOCK_TOLERANCE_S:
                found.append((kept, face))
        return found

    def _drop(self, before_s: float) -> None:
        """Drop whole intervals of the clock that end before a time: windows start with whole ones."""
        every_s = self._settings.search_every_s
        first = find_interval(before_s, search_every_s=every_s)
        while self._kept[0].seen.interval < first:
            self._kept.popleft()
            self._begin_s = float(first * every_s)


def _look_at(kept: _KeptFrame, face: TrackedFace | None) -> SeenFrame:
    brightness = contrast = np.nan
    if face is not None:
        mean, spread = cv2.meanStdDev(cv2.cvtColor(kept.crop(face), cv2.COLOR_RGB2GRAY))
        brightness, contrast = float(mean[0, 0]), float(spread[0, 0])
    return SeenFrame(
        time_s=kept.time_s,
        n_faces=sum(one is face or one.is_upright for one in kept.seen.faces),
        confidence=0.0 if face is None else face.face.confidence,
        brightness=brightness,
        contrast=contrast,
        thumbnail=kept.thumbnail,
        checksum=kept.checksum,
    )


def _shrink(frame: VideoFrame) -> UInt8Array:
    """Whole picture in grey, stretched to a square."""
    grey = cv2.cvtColor(frame.small_rgb(_THUMBNAIL_PX)[0], cv2.COLOR_RGB2GRAY)
    square = cv2.resize(grey, (_THUMBNAIL_PX, _THUMBNAIL_PX), interpolation=cv2.INTER_AREA)
    return np.asarray(square, dtype=np.uint8)


def _sum_patch(frame: VideoFrame) -> int:
    corner = np.array([frame.width - _PATCH_PX, frame.height - _PATCH_PX]) // 2
    return zlib.crc32(frame.warp_rgb(np.array([[1.0, 0.0, -corner[0]], [0.0, 1.0, -corner[1]]]), _PATCH_PX).tobytes())
