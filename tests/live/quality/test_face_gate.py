"""The face's gate: what is wrong with the last frames."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
import pytest

from ecg_facial.live.quality.face_gate import judge_face
from ecg_facial.runtime.typing import UInt8Array

FPS = 25


@dataclass(frozen=True)
class Seen:
    time_s: float
    n_faces: int
    thumbnail: UInt8Array

    @property
    def confidence(self) -> float:
        return 0.9 if self.n_faces else 0.0

    @property
    def checksum(self) -> int:
        return zlib.crc32(self.thumbnail.tobytes())


def _frames(*, n_faces: int = 1, seed: int | None = 0, sd: float = 40.0, n: int = FPS) -> list[Seen]:
    """Frames of one second; with `seed` None all show the same picture."""
    rng = np.random.default_rng(seed)
    picture = rng.normal(128, sd, (16, 16))
    moving = [picture + (0 if seed is None else rng.normal(0, 2, picture.shape)) for _ in range(n)]
    return [Seen(place / FPS, n_faces, np.clip(one, 0, 255).astype(np.uint8)) for place, one in enumerate(moving)]


@pytest.mark.parametrize(
    ("frames", "state"),
    [
        (_frames(), "ok"),
        (_frames(n_faces=0), "no face"),
        (_frames(n_faces=2), "two faces"),
        (_frames(seed=None), "frozen"),
        (_frames(sd=1.0), "covered"),
        (_frames(n_faces=0, sd=1.0), "covered"),
        ([], "no signal"),
    ],
)
def test_the_last_second_tells_what_is_wrong(frames: list[Seen], state: str) -> None:
    assert judge_face(frames, 1.0, flag_s=1.0) == state


def test_a_face_that_is_missed_in_some_frames_is_still_used() -> None:
    frames = _frames()[:15] + [Seen(one.time_s, 0, one.thumbnail) for one in _frames(seed=1)[15:]]
    assert judge_face(frames, 1.0, flag_s=1.0) == "ok"


def test_no_frame_for_a_second_is_no_signal() -> None:
    assert judge_face(_frames(), 1.9, flag_s=1.0) == "ok"
    assert judge_face(_frames(), 2.0, flag_s=1.0) == "no signal"


def test_few_equal_frames_are_not_frozen() -> None:
    assert judge_face(_frames(seed=None, n=4), 0.2, flag_s=1.0) == "ok"
