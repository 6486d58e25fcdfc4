"""Cohorts whose faces are sketched discs, written within a second."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from ecg_facial.face.detection import Face
from ecg_facial.face.video import VideoFrame
from ecg_facial.labels import PainLevel
from ecg_facial.runtime.executors.contract import Executor
from ecg_facial.runtime.executors.serial import SERIAL
from ecg_facial.runtime.typing import UInt8Array
from ecg_facial.simulate.cohort import simulate_cohort
from ecg_facial.simulate.head.drawing import FrameDrawer
from ecg_facial.simulate.head.scene import Scene
from ecg_facial.simulate.settings.cohort_settings import CohortSettings

WIDTH, HEIGHT = 64, 48
LEVELS = (PainLevel.BL1, PainLevel.PA3)
DARK_EYE = 20


def make_sketch(settings: CohortSettings, index: int) -> FrameDrawer:
    """A disc for a face, whose grey says who, with an eye that shuts with AU43."""

    def draw(action_units: dict[str, float], scene: Scene, frame: int) -> UInt8Array:
        picture = np.full((settings.height, settings.width, 3), 60, dtype=np.uint8)
        centre = (settings.width // 2 + round(float(scene.x[frame]) * settings.width), settings.height // 2)
        cv2.circle(picture, centre, settings.height // 3, (150 + 10 * index,) * 3, -1)
        cv2.circle(picture, centre, round(8 * (1.0 - action_units["AU43"])), (DARK_EYE,) * 3, -1)
        return picture

    return draw


def write_cohort(out: Path, *, executor: Executor = SERIAL, **settings: object) -> Path:
    chosen = {"n_subjects": 2, "trials_per_level": 1, "levels": LEVELS, "width": WIDTH, "height": HEIGHT}
    cohort = CohortSettings(**(chosen | settings))  # type: ignore[arg-type]  # on purpose
    return simulate_cohort(out, cohort, executor=executor, renderer_factory=make_sketch)


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


class DiscDetector:
    """Takes the disc in the middle for a face: no real detector does."""

    name, sha256 = "mtcnn", "0" * 64

    def detect(self, frame: VideoFrame) -> list[Face]:
        corner, side = np.array([WIDTH - HEIGHT, 0]) / 2, HEIGHT
        places = np.array([[0.35, 0.4], [0.65, 0.4], [0.5, 0.55], [0.38, 0.75], [0.62, 0.75]])
        return [Face(box=np.array([*corner, side, side]), landmarks=corner + side * places, confidence=0.9)]

    def detect_small(self, frame: VideoFrame) -> list[Face]:
        return []

    def ask_upright(self, frame: VideoFrame, face: Face) -> Callable[[], bool]:
        return lambda: True

    def verify(self, frame: VideoFrame, expected: Face) -> Face:
        return self.detect(frame)[0]
