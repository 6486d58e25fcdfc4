"""Tracking the face of one person.

Input: frames in order. Output: for each frame the face, or None. A detector searches the whole frame every 25th frame,
and verifies the last face in all others, which is faster. Box and landmarks are always those of the verification: a
search sees the face at another scale, its landmarks differ by up to a sixth of the distance between the eyes, and crops
would jump. Once a person is chosen, other people are ignored. A face is taken up only if it is upright; one that turns
while it is followed stays.
"""

from __future__ import annotations

import cv2
import numpy as np

from ecg_facial.face.alignment import crop_face
from ecg_facial.face.detection import Face, FaceDetector, overlap
from ecg_facial.face.settings import TrackSettings
from ecg_facial.face.video import VideoFrame
from ecg_facial.runtime.typing import Float32Array

# The last face is compared with a new one as grey crops of this size: enough for the look, too coarse for expressions.
_LOOK_PX = 24
# A face found again near the last place may have grown or shrunk by this; more is another person.
_SIZE_RATIOS = (0.6, 1.6)
# The first face is the largest, less 0.3 pixels per pixel from the middle: the person before the camera.
_OFF_CENTRE_COST = 0.3


class FaceTracker:
    """Tracker of one person; an instance belongs to one stream and one thread."""

    def __init__(self, detector: FaceDetector, *, settings: TrackSettings | None = None) -> None:
        self._detector = detector
        self._settings = settings or TrackSettings()
        self._last: Face | None = None
        self._look: Float32Array | None = None
        self._tracking = False
        self._count = 0

    def update(self, frame: VideoFrame) -> Face | None:
        """Take the next frame; return the person's face, or None if it is not seen."""
        search = self._count % self._settings.detect_every == 0
        self._count += 1
        # verify the last face; search if that fails, and on every 25th frame
        face = self._follow(frame, self._last) if self._tracking and self._last is not None else None
        if face is None or search:
            found = self._search(frame, face, thorough=search)
            if found is not None and found is not face:
                face = self._follow(frame, found) or found
        self._tracking = face is not None
        if face is not None:
            self._last = face
            if self._look is None:
                self._look = _describe(frame, face)
        return face

    def _follow(self, frame: VideoFrame, last: Face) -> Face | None:
        """Verify a face; None if the detector sees none there or has jumped to another."""
        face = self._detector.verify(frame, last)
        if face is None or overlap(face.box, last.box) < self._settings.same_overlap:
            return None
        return face

    def _search(self, frame: VideoFrame, followed: Face | None, *, thorough: bool) -> Face | None:
        """Search the whole frame for the person; `followed` is the verified face, if there is one.

        Small faces are searched only where the usual search finds none, and only on the grid: that search takes long.
        """
        faces = self._detector.detect(frame)
        if not faces and followed is None and thorough:
            faces = self._detector.detect_small(frame)
        if self._last is None:
            middle = np.array([frame.width, frame.height]) / 2
            best_first = sorted(
                faces, key=lambda face: _OFF_CENTRE_COST * float(np.linalg.norm(face.centre - middle)) - face.size_px
            )
            return next((face for face in best_first if self._detector.is_upright(frame, face)), None)
        if followed is not None:
            # the search corrects a box that has drifted, but does not change the person
            near = max(faces, key=lambda face: overlap(face.box, followed.box), default=None)
            same = near is not None and overlap(near.box, followed.box) >= self._settings.same_overlap
            return near if same else followed
        same_ones = (face for face in faces if self._is_same_person(frame, face, self._last))
        return next((face for face in same_ones if self._detector.is_upright(frame, face)), None)

    def _is_same_person(self, frame: VideoFrame, face: Face, last: Face) -> bool:
        """Tell whether a face is the lost one: near the last place and of similar size, or of the same look."""
        distance = float(np.linalg.norm(face.centre - last.centre)) / last.size_px
        ratio = face.size_px / last.size_px
        if distance <= self._settings.return_distance and _SIZE_RATIOS[0] <= ratio <= _SIZE_RATIOS[1]:
            return True
        return self._look is not None and float((self._look * _describe(frame, face)).sum()) >= self._settings.same_look


def _describe(frame: VideoFrame, face: Face) -> Float32Array:
    """Grey aligned crop with zero mean and unit norm: the scalar product of two is their correlation."""
    # aligned by the landmarks, so that pose and position do not count
    grey = cv2.cvtColor(crop_face(frame, face, crop_px=_LOOK_PX), cv2.COLOR_RGB2GRAY).astype(np.float32)
    grey -= grey.mean()
    return np.asarray(grey / (np.linalg.norm(grey) + 1e-6), dtype=np.float32)
