"""YuNet through OpenCV; the user provides its ONNX file.

Input: frames. Output: faces.

References
----------
.. [1] Wu et al., "YuNet: A Tiny Millisecond-level Face Detector", Machine Intelligence Research 2023.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from ecg_facial.errors import CorruptDataError, MissingDataError, SettingsError
from ecg_facial.face.detection import DETECTION_SIDE_PX, Face, overlap, small_search_side
from ecg_facial.face.video import VideoFrame
from ecg_facial.runtime.paths import explain_absence, find_path
from ecg_facial.runtime.storage import sha256_file
from ecg_facial.runtime.typing import Float64Array, UInt8Array

# a search needs more certainty than a verification, which knows where the face was
_DETECT_THRESHOLD, _VERIFY_THRESHOLD, _SUPPRESSION = 0.8, 0.5, 0.3
# verification: a region of 1.8 face sizes at 160 px; a face there must overlap the expected one by 0.3
_REGION_PX, _REGION_SHARE, _SAME_FACE = 160, 1.8, 0.3
# the network's largest stride, and two of it
_STEP_PX, _MIN_SIDE_PX = 32, 64


class YuNetDetector:
    """YuNet on the CPU.

    Raises
    ------
    SettingsError, MissingDataError, CorruptDataError
        Without a path, without such a file, or if it is not YuNet's.
    """

    name = "yunet"

    def __init__(self, model_path: Path | None) -> None:
        if model_path is None:
            raise SettingsError("detector yunet needs its ONNX file: give its path, or use mtcnn")
        model_path = find_path(model_path).path
        if not model_path.is_file():
            raise MissingDataError(
                f"{model_path}: no such file{explain_absence(model_path)}; give the path of YuNet's ONNX file, or use "
                "mtcnn"
            )
        self.sha256 = sha256_file(model_path)
        try:
            self._network = cv2.FaceDetectorYN.create(str(model_path), "", (DETECTION_SIDE_PX, DETECTION_SIDE_PX))
        except cv2.error:
            raise CorruptDataError(f"{model_path}: not a YuNet ONNX file that OpenCV reads; fetch it again") from None
        self._network.setNMSThreshold(_SUPPRESSION)

    def detect(self, frame: VideoFrame) -> list[Face]:
        """Find all faces of a frame that are not small in it, the most confident first."""
        return self._detect(frame, DETECTION_SIDE_PX)

    def detect_small(self, frame: VideoFrame) -> list[Face]:
        """Find all faces, the small ones too, where the usual search looks at a picture that is much smaller."""
        side = small_search_side(frame)
        return [] if side is None else self._detect(frame, side)

    def ask_upright(self, frame: VideoFrame, face: Face) -> Callable[[], bool]:
        """Prepare to compare the score of the face's region with those of its quarter turns."""
        region, zoom, corner = _cut_region(frame, face)
        return lambda: self._is_upright(face, region, zoom, corner)

    def _is_upright(self, face: Face, region: UInt8Array, zoom: float, corner: Float64Array) -> bool:
        scores = []
        for turns in range(4):
            faces = self._run(np.rot90(region, turns), _VERIFY_THRESHOLD, zoom=zoom, shift=corner)
            near = [found for found in faces if overlap(found.box, face.box) >= _SAME_FACE]
            scores.append(near[0].confidence if near else 0.0)
        return scores[0] >= max(scores)

    def _detect(self, frame: VideoFrame, side: int) -> list[Face]:
        """Search in a picture of the given longer side."""
        image, scale = frame.small_rgb(side)
        return self._run(image, _DETECT_THRESHOLD, zoom=scale, shift=np.zeros(2))

    def verify(self, frame: VideoFrame, expected: Face) -> Face | None:
        """Look at the region around the expected face."""
        region, zoom, corner = _cut_region(frame, expected)
        faces = self._run(region, _VERIFY_THRESHOLD, zoom=zoom, shift=corner)
        near = [face for face in faces if overlap(face.box, expected.box) >= _SAME_FACE]
        return near[0] if near else None

    def _run(self, image: UInt8Array, threshold: float, *, zoom: float, shift: np.ndarray) -> list[Face]:
        """Run the network; `zoom` and `shift` map its pixels back to the frame."""
        self._network.setScoreThreshold(threshold)
        image = _pad(image)
        self._network.setInputSize((image.shape[1], image.shape[0]))
        _, rows = self._network.detect(np.ascontiguousarray(image[..., ::-1]))
        faces = []
        for row in [] if rows is None else np.asarray(rows, dtype=np.float64):
            box = np.concatenate([row[:2] / zoom + shift, row[2:4] / zoom])
            faces.append(
                Face(
                    box=box, landmarks=row[4:14].reshape(5, 2) / zoom + shift, confidence=float(np.clip(row[14], 0, 1))
                )
            )
        return sorted(faces, key=lambda face: -face.confidence)


def _cut_region(frame: VideoFrame, face: Face) -> tuple[UInt8Array, float, Float64Array]:
    """Cut the region around a face, with its zoom and its corner in frame pixels."""
    zoom = _REGION_PX / (face.size_px * _REGION_SHARE)
    corner = face.centre - _REGION_PX / zoom / 2
    matrix = np.array([[zoom, 0, -zoom * corner[0]], [0, zoom, -zoom * corner[1]]])
    return frame.warp_rgb(matrix, _REGION_PX), zoom, corner


def _pad(image: UInt8Array) -> UInt8Array:
    """Pad with black to a multiple of the stride; below two strides OpenCV's engine returns random numbers."""
    height, width = (max(_MIN_SIDE_PX - size, -size % _STEP_PX) for size in image.shape[:2])
    return np.pad(image, ((0, height), (0, width), (0, 0)))
