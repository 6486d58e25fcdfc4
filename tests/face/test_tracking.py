"""Faces are followed: a search per second of the clock, a verification per frame, and no confusion of people."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from ecg_facial.errors import SettingsError
from ecg_facial.face.detection import Face, overlap
from ecg_facial.face.settings import TrackSettings
from ecg_facial.face.tracking import FaceFollower, FrameFaces, find_interval
from ecg_facial.face.video import VideoFrame
from tests.helpers.staged_faces import Stage, face_at, follow


def follow_all(stage: Stage, *, first: int = 0) -> list[FrameFaces]:
    follower = FaceFollower(stage)
    return [follower.update(frame) for frame in stage.frames()[first:]]


def places(seen: Sequence[FrameFaces]) -> list[list[tuple[int, float]]]:
    """Track and horizontal place of all faces of every frame."""
    return [[(each.track, float(each.face.centre[0])) for each in frame.faces] for frame in seen]


def test_the_whole_frame_is_searched_once_a_second_and_every_frame_verified_once() -> None:
    stage = Stage(script=[[(1, face_at(160 + number, 120))] for number in range(60)])
    assert follow(stage) == [160.0 + number for number in range(60)]
    assert stage.searched == [0, 25, 50]
    # one verification per frame, no more: that is what following a face costs
    assert stage.verified == list(range(60))
    assert stage.searched_for_small == []


@pytest.mark.parametrize(
    ("fps", "searched"), [(30.0, [0, 30, 60]), (30000 / 1001, [0, 30, 60]), (5.0, [0, 5, 10, 15, 20]), (0.5, [0, 1, 2])]
)
def test_the_search_is_at_the_first_frame_of_each_second_at_any_rate(fps: float, searched: list[int]) -> None:
    stage = Stage(script=[[(1, face_at(160, 120))]] * (searched[-1] + 1), fps=fps)
    follow_all(stage)
    assert stage.searched == searched


def test_a_stamp_that_misses_a_whole_second_by_rounding_belongs_to_it() -> None:
    assert [find_interval(time_s, search_every_s=1) for time_s in (0.0, 0.96, 0.9999995, 1.0, 1.96)] == [0, 0, 1, 1, 1]
    assert [find_interval(time_s, search_every_s=2) for time_s in (1.96, 2.0, 3.96, 4.0)] == [0, 1, 1, 2]
    assert find_interval(-0.04, search_every_s=1) == -1


def test_nothing_is_carried_from_one_second_to_the_next() -> None:
    """The faces of a frame are the same wherever following began, on an earlier whole second or on its own."""
    script = [[(1, face_at(100 + number, 120)), (2, face_at(260 - number, 90, 50))] for number in range(80)]
    script[20:45] = [[]] * 25
    stage = Stage(script=script)
    whole = follow_all(stage)
    for first in (25, 50, 75):
        part = follow_all(stage, first=first)
        assert places(part) == places(whole[first:])
        for ours, theirs in zip(part, whole[first:], strict=True):
            assert ours.interval == theirs.interval
            assert all(np.array_equal(a.look, b.look) for a, b in zip(ours.faces, theirs.faces, strict=True))


def test_a_frame_does_not_depend_on_later_ones() -> None:
    script = [[(1, face_at(100 + number, 120))] for number in range(40)]
    other = script[:30] + [[(2, face_at(200, 100, 90))]] * 10
    assert places(follow_all(Stage(script=script))[:30]) == places(follow_all(Stage(script=other))[:30])


def test_all_faces_are_followed_the_three_most_prominent_ones() -> None:
    cast = [(1, face_at(40, 60, 40)), (2, face_at(160, 120, 70)), (3, face_at(280, 60, 40)), (4, face_at(90, 190, 60))]
    found = places(follow_all(Stage(script=[cast] * 3)))
    assert found == [[(0, 160.0), (1, 90.0), (2, 40.0)]] * 3


def test_a_face_that_appears_within_a_second_gets_a_track_when_one_was_lost() -> None:
    one, two = (1, face_at(60, 120)), (2, face_at(250, 120))
    stage = Stage(script=[[one]] * 3 + [[one, two]] * 3 + [[two]] * 3 + [[one, two]] * 3)
    # while the first face is followed nothing is searched; when it is lost, the other one is found
    assert places(follow_all(stage)) == [[(0, 60.0)]] * 6 + [[(1, 250.0)]] * 6
    assert stage.searched == [0, 6]


def test_a_second_face_that_is_lost_is_searched_for_until_the_second_ends() -> None:
    one, two = (1, face_at(60, 120)), (2, face_at(250, 120))
    stage = Stage(script=[[one, two]] * 3 + [[one]] * 4 + [[one, two]] * 2 + [[one]] * 21)
    found = places(follow_all(stage))
    assert [len(faces) for faces in found] == [2] * 3 + [1] * 4 + [2] * 2 + [1] * 21
    assert found[7] == found[8] == [(1, 60.0), (2, 250.0)]
    # from frame 25 on one face is all there is
    assert stage.searched == [0, 3, 5, 7, *range(9, 25, 2), 25]


def test_two_tracks_that_come_to_one_face_are_one() -> None:
    class Merging(Stage):
        def verify(self, frame: VideoFrame, expected: Face) -> Face | None:
            super().verify(frame, expected)
            return face_at(160, 120) if self.number(frame) > 0 else expected

    close = [(1, face_at(145, 120)), (2, face_at(185, 120))]
    assert places(follow_all(Merging(script=[close] * 2))) == [[(0, 145.0), (1, 185.0)], [(0, 160.0)]]


def test_box_and_landmarks_are_always_those_of_the_verification() -> None:
    """A search places the landmarks a little elsewhere, and crops would jump where it is on the grid."""

    class Shifted(Stage):
        def verify(self, frame: VideoFrame, expected: Face) -> Face | None:
            return face_at(165, 120) if super().verify(frame, expected) else None

    assert follow(Shifted([[(1, face_at(160, 120))]] * 30)) == [165.0] * 30


def test_a_face_that_vanishes_is_lost_at_once_and_searched_for() -> None:
    stage = Stage(script=[[(1, face_at(160, 120))]] * 3 + [[]] * 4)
    assert follow(stage) == [160.0] * 3 + [None] * 4
    assert stage.searched == [0, 3, 5]
    assert stage.verified == [0, 1, 2, 3]


@pytest.mark.parametrize(("fps", "searched"), [(12.5, [0, 1, 2, 3, 4, 5]), (25.0, [0, 2, 4]), (60.0, [0, 4])])
def test_where_no_face_is_the_next_search_is_later_than_sixty_ms(fps: float, searched: list[int]) -> None:
    stage = Stage(script=[[]] * 6, fps=fps)
    assert follow(stage) == [None] * 6
    assert stage.searched == searched


def test_a_jump_onto_another_face_is_no_verification() -> None:
    """The face that verifying returns must overlap the last one."""
    stage = Stage(script=[[(1, face_at(160, 120, 60))], [(2, face_at(205, 120, 60))]])
    assert overlap(face_at(160, 120).box, face_at(205, 120).box) < TrackSettings().same_overlap
    assert follow(stage, return_distance=0.5) == [160.0, None]


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"search_every_s": 0}, "search_every_s is 0: expected 1 or more whole seconds"),
        ({"max_faces": 0}, "max_faces is 0: expected 1 or more faces"),
    ],
)
def test_settings_outside_their_limits_are_refused(setting: dict[str, int], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        TrackSettings(**setting)  # type: ignore[arg-type]  # on purpose


class WithSmallFaces(Stage):
    """The script is of small faces: the usual search finds none of them."""

    def detect(self, frame: VideoFrame) -> list[Face]:
        self.searched.append(self.number(frame))
        return []

    def detect_small(self, frame: VideoFrame) -> list[Face]:
        super().detect_small(frame)
        return [face for _, face in self.script[self.number(frame)]]


def test_small_faces_are_searched_once_a_second_alone_and_followed_after() -> None:
    stage = WithSmallFaces([[]] * 3 + [[(1, face_at(160, 120))]] * 57 + [[]] * 2)
    assert follow(stage) == [None] * 25 + [160.0] * 35 + [None] * 2
    assert stage.searched_for_small == [0, 25, 50]
    assert stage.searched == [*range(0, 25, 2), 25, 50, 60]


def upside_down(face: Face) -> Face:
    return Face(box=face.box, landmarks=face.landmarks[::-1], confidence=face.confidence)


def test_a_face_upside_down_is_not_taken_up_but_the_next_best() -> None:
    cast = [(2, upside_down(face_at(160, 120, 90))), (1, face_at(60, 60, 40))]
    assert follow(Stage(script=[cast] * 3)) == [60.0] * 3
    assert follow(Stage(script=[cast[:1]] * 3)) == [None] * 3
    upright = [(1, face_at(160, 120))]
    lost = [upright, [], [], [], [(1, upside_down(face_at(160, 120)))], [], upright]
    assert follow(Stage(script=lost)) == [160.0, None, None, None, None, None, 160.0]


def test_a_face_upside_down_where_the_lost_person_was_is_not_the_person() -> None:
    script = [[(1, face_at(160, 120))]] * 20 + [[]] * 5 + [[(1, upside_down(face_at(160, 120)))]] * 25
    assert follow(Stage(script=script)) == [160.0] * 20 + [None] * 30


def test_who_is_followed_is_asked_once_whether_the_face_is_upright_and_stays_when_it_turns() -> None:
    script = [[(1, face_at(160, 120))]] * 5 + [[(1, upside_down(face_at(160, 120)))]] * 70
    stage = Stage(script=script)
    assert follow(stage) == [160.0] * 75
    assert len(stage.asked) == 1
