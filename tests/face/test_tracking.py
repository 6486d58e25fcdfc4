"""One person is tracked: a search every 25 frames, a verification in each, and no confusion with other people."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from ecg_facial.errors import SettingsError
from ecg_facial.face.alignment import TEMPLATE
from ecg_facial.face.detection import Face, overlap
from ecg_facial.face.settings import TrackSettings
from ecg_facial.face.tracking import FaceTracker
from ecg_facial.face.video import RgbFrame, VideoFrame
from ecg_facial.runtime.typing import UInt8Array


def face_at(x: float, y: float, size: float = 60.0, confidence: float = 0.99) -> Face:
    corner = np.array([x, y]) - size / 2
    return Face(box=np.array([*corner, size, size]), landmarks=corner + TEMPLATE * size, confidence=confidence)


def texture_of(person: int) -> UInt8Array:
    return np.random.default_rng(person).integers(0, 255, (8, 8), dtype=np.uint8)


class Stage:
    """Frames and a detector that sees what the script says: a list of (person, face) for each frame."""

    name, sha256 = "scripted", "0" * 64

    def __init__(self, script: Sequence[Sequence[tuple[int, Face]]]) -> None:
        self.script = script
        self.searched: list[int] = []
        self.verified: list[int] = []
        self.searched_for_small: list[int] = []

    def frames(self) -> list[RgbFrame]:
        return [RgbFrame(self._draw(cast), float(number)) for number, cast in enumerate(self.script)]

    def detect(self, frame: VideoFrame) -> list[Face]:
        self.searched.append(round(frame.time_s))
        return sorted((face for _, face in self.script[round(frame.time_s)]), key=lambda face: -face.confidence)

    def detect_small(self, frame: VideoFrame) -> list[Face]:
        self.searched_for_small.append(round(frame.time_s))
        return []

    def is_upright(self, frame: VideoFrame, face: Face) -> bool:
        return bool(face.landmarks[0, 1] < face.landmarks[3, 1])

    def verify(self, frame: VideoFrame, expected: Face) -> Face | None:
        self.verified.append(round(frame.time_s))
        seen = [face for _, face in self.script[round(frame.time_s)] if overlap(face.box, expected.box) > 0.05]
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
    """Horizontal place of the tracked face in every frame."""
    tracker = FaceTracker(stage, settings=TrackSettings(**settings))  # type: ignore[arg-type]  # on purpose
    found = [tracker.update(frame) for frame in stage.frames()]
    return [None if face is None else float(face.centre[0]) for face in found]


def test_the_whole_frame_is_searched_on_a_grid_and_every_frame_verified() -> None:
    stage = Stage(script=[[(1, face_at(160 + number, 120))] for number in range(12)])
    assert follow(stage, detect_every=5) == [160.0 + number for number in range(12)]
    assert stage.searched == [0, 5, 10]
    assert set(stage.verified) == set(range(12))


def test_box_and_landmarks_are_always_those_of_the_verification() -> None:
    """A search places the landmarks a little elsewhere, and crops would jump where it is on the grid."""

    class Shifted(Stage):
        def verify(self, frame: VideoFrame, expected: Face) -> Face | None:
            return face_at(165, 120) if super().verify(frame, expected) else None

    assert follow(Shifted([[(1, face_at(160, 120))]] * 8), detect_every=3) == [165.0] * 8


def test_the_largest_face_near_the_middle_is_chosen() -> None:
    assert follow(
        Stage(script=[[(1, face_at(60, 60, 40)), (2, face_at(160, 120, 90)), (3, face_at(280, 60, 40))]])
    ) == [160.0]
    assert follow(Stage(script=[[(1, face_at(60, 120, 60)), (2, face_at(150, 120, 60))]])) == [150.0]


def test_a_larger_face_that_appears_later_is_not_taken() -> None:
    script = [[(1, face_at(100, 120, 60))]] * 2 + [[(1, face_at(100, 120, 60)), (2, face_at(230, 120, 120))]] * 8
    assert follow(Stage(script=script), detect_every=3) == [100.0] * 10


def test_a_face_that_vanishes_is_lost_at_once_and_searched_for_on_every_frame() -> None:
    stage = Stage(script=[[(1, face_at(160, 120))]] * 3 + [[]] * 4)
    assert follow(stage, detect_every=100) == [160.0] * 3 + [None] * 4
    assert stage.searched == [0, 3, 4, 5, 6]
    assert stage.verified == [0, 1, 2, 3]


def test_the_person_is_found_again_where_they_were() -> None:
    script = [[(1, face_at(160, 120))]] * 2 + [[]] * 3 + [[(1, face_at(175, 125))]] * 2
    assert follow(Stage(script=script)) == [160.0] * 2 + [None] * 3 + [175.0] * 2


def test_the_person_is_found_again_elsewhere_by_their_look() -> None:
    script = [[(1, face_at(80, 120))]] * 2 + [[]] * 2 + [[(1, face_at(240, 120))]] * 2
    assert follow(Stage(script=script)) == [80.0] * 2 + [None] * 2 + [240.0] * 2


def test_another_person_elsewhere_is_not_taken_for_the_lost_one() -> None:
    script = [[(1, face_at(80, 120))]] * 2 + [[]] * 2 + [[(2, face_at(240, 120))]] * 4
    assert follow(Stage(script=script)) == [80.0] * 2 + [None] * 6


def test_the_lost_one_is_told_from_another_when_both_appear() -> None:
    both = [(2, face_at(240, 120, confidence=0.999)), (1, face_at(60, 60, confidence=0.96))]
    assert follow(Stage(script=[[(1, face_at(160, 120))], [], both])) == [160.0, None, 60.0]


def test_a_jump_onto_another_face_is_no_verification() -> None:
    """The face that verifying returns must overlap the last one."""
    stage = Stage(script=[[(1, face_at(160, 120, 60))], [(2, face_at(205, 120, 60))]])
    assert overlap(face_at(160, 120).box, face_at(205, 120).box) < TrackSettings().same_overlap
    assert follow(stage, return_distance=0.5) == [160.0, None]


def test_a_track_needs_a_grid_of_one_frame_or_more() -> None:
    with pytest.raises(SettingsError, match="detect_every is 0: expected 1 or more frames"):
        TrackSettings(detect_every=0)


class WithSmallFaces(Stage):
    """The script is of small faces: the usual search finds none of them."""

    def detect(self, frame: VideoFrame) -> list[Face]:
        self.searched.append(round(frame.time_s))
        return []

    def detect_small(self, frame: VideoFrame) -> list[Face]:
        super().detect_small(frame)
        return [face for _, face in self.script[round(frame.time_s)]]


def test_small_faces_are_searched_on_the_grid_alone_and_followed_after() -> None:
    stage = WithSmallFaces([[]] * 3 + [[(1, face_at(160, 120))]] * 9 + [[]] * 2)
    assert follow(stage, detect_every=4) == [None] * 4 + [160.0] * 8 + [None] * 2
    assert stage.searched_for_small == [0, 4, 12]
    # a search on the grid does not change who is followed
    assert stage.searched == [0, 1, 2, 3, 4, 8, 12, 13]


def test_where_the_usual_search_finds_a_face_no_other_is_made() -> None:
    stage = Stage(script=[[(1, face_at(160, 120))]] * 8)
    follow(stage, detect_every=2)
    assert stage.searched_for_small == []


def upside_down(face: Face) -> Face:
    return Face(box=face.box, landmarks=face.landmarks[::-1], confidence=face.confidence)


def test_a_face_upside_down_is_not_taken_up_but_the_next_best() -> None:
    cast = [(2, upside_down(face_at(160, 120, 90))), (1, face_at(60, 60, 40))]
    assert follow(Stage(script=[cast] * 3)) == [60.0] * 3
    assert follow(Stage(script=[cast[:1]] * 3)) == [None] * 3
    lost = [[(1, face_at(160, 120))], [], [(1, upside_down(face_at(160, 120)))], [(1, face_at(160, 120))]]
    assert follow(Stage(script=lost)) == [160.0, None, None, 160.0]
