"""The interface of face detectors.

Input: video frames. Output: faces with five landmarks. The networks are in `detectors`; `load_detector` chooses one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ecg_facial.face.video import VideoFrame
from ecg_facial.runtime.typing import Float64Array

# Longer side of the picture in which faces are searched: MTCNN takes 9 ms, YuNet 1.6 ms, and both find the face in all
# frames of six real clips that show one.
DETECTION_SIDE_PX = 320
# Where that search finds none, faces from 48 px on are searched in a larger picture, in which they have 28 px: MTCNN
# found 45 of 45 real and rendered faces of 24 px in a full HD picture, YuNet 37 of 45, and none at 12 px.
SMALL_FACE_PX, _SEARCHED_PX = 48, 28


@dataclass(frozen=True, eq=False, kw_only=True)
class Face:
    """A face in frame pixels.

    Attributes
    ----------
    box : ndarray of float64, shape (4,)
        x, y of the upper left corner, width, height.
    landmarks : ndarray of float64, shape (5, 2)
        Eye on the image's left, eye on the image's right, nose tip, mouth corner left, mouth corner right.
    confidence : float
        0..1.
    """

    box: Float64Array
    landmarks: Float64Array
    confidence: float

    @property
    def centre(self) -> Float64Array:
        """Middle of the box."""
        return self.box[:2] + self.box[2:] / 2

    @property
    def size_px(self) -> float:
        """Geometric mean of the box's sides."""
        return float(np.sqrt(self.box[2] * self.box[3]))


class FaceDetector(Protocol):
    """A face detector. An instance may be used by one thread only."""

    name: str
    sha256: str

    def detect(self, frame: VideoFrame) -> list[Face]:
        """Find all faces of a frame that are not small in it, the most confident first."""

    def detect_small(self, frame: VideoFrame) -> list[Face]:
        """Find all faces from `SMALL_FACE_PX` on; takes up to forty times as long, and no time in small pictures."""

    def ask_upright(self, frame: VideoFrame, face: Face) -> Callable[[], bool]:
        """Prepare to tell whether a face is within about 45 degrees of upright: detectors find some upside-down ones.

        What is needed of the frame is cut out now; the networks, which take most of the time, run when the question is
        asked.
        """

    def verify(self, frame: VideoFrame, expected: Face) -> Face | None:
        """Look for a face only where one is expected; None if there is none."""


def small_search_side(frame: VideoFrame) -> int | None:
    """Longer side of the picture in which small faces are searched; None where it is not larger than the usual one."""
    side = max(frame.width, frame.height) * _SEARCHED_PX // SMALL_FACE_PX
    return side if side > DETECTION_SIDE_PX else None


def overlap(first: Float64Array, second: Float64Array) -> float:
    """Intersection over union of two boxes (x, y, width, height)."""
    low = np.maximum(first[:2], second[:2])
    high = np.minimum(first[:2] + first[2:], second[:2] + second[2:])
    shared = float(np.prod(np.maximum(high - low, 0)))
    return shared / max(float(np.prod(first[2:]) + np.prod(second[2:])) - shared, 1e-9)
