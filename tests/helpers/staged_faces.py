"""Scripted scenes: faces at given places in every frame, and a detector that sees what the script says."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ecg_facial.face.alignment import TEMPLATE
from ecg_facial.face.detection import Face, overlap
from ecg_facial.face.settings import TrackSettings
from ecg_facial.face.video import RgbFrame, VideoFrame
from ecg_facial.runtime.typing import UInt8Array
from tests.helpers.following import follow_person

FPS = 25


def face_at(x: float, y: float, size: float = 60.0, confidence: float = 0.99) -> Face:
    corner = np.array([x, y]) - size / 2
    return Face(box=np.array([*corner, size, size]), landmarks=corner + TEMPLATE * size, confidence=confidence)


def texture_of(person: int) -> UInt8Array:
    return np.random.default_rng(person).integers(0, 255, (8, 8), dtype=np.uint8)


class Stage:
    """Frames and a detector that sees what the script says: a list of (person, face) for each frame."""

    name, sha256 = "scripted", "0" * 64

    def __init__(self, script: Sequence[Sequence[tuple[int, Face]]], *, fps: float = FPS) -> None:
        self.script, self.fps = script, fps
        self.searched: list[int] = []
        self.verified: list[int] = []
        self.searched_for_small: list[int] = []
        self.asked: list[int] = []

    def frames(self) -> list[RgbFrame]:
        return [RgbFrame(self._draw(cast), number / self.fps) for number, cast in enumerate(self.script)]

    def number(self, frame: VideoFrame) -> int:
        return round(frame.time_s * self.fps)

    def detect(self, frame: VideoFrame) -> list[Face]:
        self.searched.append(self.number(frame))
        return sorted((face for _, face in self.script[self.number(frame)]), key=lambda face: -face.confidence)

    def detect_small(self, frame: VideoFrame) -> list[Face]:
        self.searched_for_small.append(self.number(frame))
        return []

    def ask_upright(self, frame: VideoFrame, face: Face) -> Callable[[], bool]:
        def answer() -> bool:
            self.asked.append(self.number(frame))
            return bool(face.landmarks[0, 1] < face.landmarks[3, 1])

        return answer

    def verify(self, frame: VideoFrame, expected: Face) -> Face | None:
        self.verified.append(self.number(frame))
        seen = [face for _, face in self.script[self.number(frame)] if overlap(face.box, expected.box) > 0.05]
        return seen[0] if seen else None

    def _draw(self, cast: Sequence[tuple[int, Face]]) -> UInt8Array:
        picture = np.full((240, 320, 3), 128, np.uint8)
        for person, face in cast:
            x, y, size, _ = face.box.astype(int)
            tile = np.kron(texture_of(person), np.ones((size // 8 + 1, size // 8 + 1), np.uint8))[:size, :size]
            visible = picture[max(y, 0) : y + size, max(x, 0) : x + size]
            visible[...] = tile[: visible.shape[0], : visible.shape[1], None]
        return picture


def follow(stage: Stage, **settings: float) -> list[float | None]:
    """Horizontal place of the person's face in every frame."""
    found = follow_person(stage, stage.frames(), settings=TrackSettings(**settings))  # type: ignore[arg-type]  # on purpose
    return [None if face is None else float(face.centre[0]) for face in found]
