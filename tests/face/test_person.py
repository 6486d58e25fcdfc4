"""One person is followed by a rule that looks at the frames of its window alone; other people are ignored."""

from __future__ import annotations

from ecg_facial.face.person import PersonFinder
from ecg_facial.face.tracking import FaceFollower
from tests.helpers.staged_faces import FPS, Stage, face_at, follow

ONE, OTHER = 1, 2


def test_the_largest_face_near_the_middle_is_chosen() -> None:
    cast = [(1, face_at(60, 60, 40)), (2, face_at(160, 120, 90)), (3, face_at(280, 60, 40))]
    assert follow(Stage(script=[cast])) == [160.0]
    assert follow(Stage(script=[[(1, face_at(60, 120, 60)), (2, face_at(150, 120, 60))]])) == [150.0]


def test_a_larger_face_that_appears_later_is_not_taken() -> None:
    small, large = (ONE, face_at(100, 120, 60)), (OTHER, face_at(230, 120, 120))
    assert follow(Stage(script=[[small]] * 20 + [[small, large]] * 60)) == [100.0] * 80


def test_two_people_who_change_in_prominence_do_not_swap() -> None:
    """In every second another one of the two is larger and is searched first."""
    script = []
    for number in range(4 * FPS):
        first, second = (60.0, 70.0) if number // FPS % 2 else (70.0, 60.0)
        script.append([(ONE, face_at(100, 120, first)), (OTHER, face_at(220, 120, second))])
    assert follow(Stage(script=script)) == [100.0] * len(script)


def test_the_person_is_found_again_where_they_were() -> None:
    script = [[(ONE, face_at(160, 120))]] * 2 + [[]] * 4 + [[(ONE, face_at(175, 125))]] * 2
    assert follow(Stage(script=script)) == [160.0] * 2 + [None] * 4 + [175.0] * 2


def test_the_person_is_found_again_elsewhere_by_their_look() -> None:
    for n_lost in (2, 31):
        script = [[(ONE, face_at(80, 120))]] * 2 + [[]] * n_lost + [[(ONE, face_at(240, 120))]] * 2
        assert follow(Stage(script=script)) == [80.0] * 2 + [None] * n_lost + [240.0] * 2


def test_another_person_elsewhere_is_not_taken_for_the_lost_one() -> None:
    for n_lost in (2, 30):
        script = [[(ONE, face_at(80, 120))]] * 2 + [[]] * n_lost + [[(OTHER, face_at(240, 120))]] * 4
        assert follow(Stage(script=script)) == [80.0] * 2 + [None] * (n_lost + 4)


def test_somebody_who_stays_when_the_person_leaves_is_not_taken_for_them() -> None:
    both = [(ONE, face_at(80, 120, 80)), (OTHER, face_at(240, 120))]
    script = [both] * 10 + [both[1:]] * 40 + [both] * 5
    assert follow(Stage(script=script)) == [80.0] * 10 + [None] * 40 + [80.0] * 5


def test_the_lost_one_is_told_from_another_when_both_appear() -> None:
    both = [(OTHER, face_at(240, 120, confidence=0.999)), (ONE, face_at(60, 60, confidence=0.96))]
    assert follow(Stage(script=[[(ONE, face_at(160, 120))], [], both])) == [160.0, None, 60.0]


def test_a_face_of_another_size_at_the_old_place_is_another_person() -> None:
    script = [[(ONE, face_at(160, 120, 50))]] * 2 + [[]] + [[(OTHER, face_at(160, 120, 100))]] * 2
    assert follow(Stage(script=script)) == [160.0] * 2 + [None] * 3


def test_a_fast_person_keeps_their_track_over_the_second() -> None:
    """24 px per frame, 0.4 face sizes, while another face stands where they came from."""
    script = [[(ONE, face_at(30 + 24 * number, 120, 60)), (OTHER, face_at(200, 30, 50))] for number in range(11)]
    stage = Stage(script=[script[0]] * 20 + script)
    assert follow(stage) == [30.0] * 20 + [30.0 + 24 * number for number in range(11)]


def test_an_enrolled_person_is_chosen_by_their_look() -> None:
    cast = [(ONE, face_at(160, 120, 90)), (OTHER, face_at(60, 60, 50))]
    stage = Stage(script=[cast] * 30)
    seen = [FaceFollower(stage).update(frame) for frame in stage.frames()]
    by_place = {float(each.face.centre[0]): each.look for each in seen[0].faces}
    for place, look in by_place.items():
        finder = PersonFinder(enrolled=look)
        people = [finder.update(frame) for frame in seen]
        assert [None if person is None else float(person.face.centre[0]) for person in people] == [place] * 30


def test_who_is_followed_is_decided_by_the_frames_of_a_window_alone() -> None:
    """A window that starts when the person is gone follows the one who is there."""
    both = [(ONE, face_at(80, 120, 80)), (OTHER, face_at(240, 120))]
    stage = Stage(script=[both] * 10 + [both[1:]] * 40)
    follower = FaceFollower(stage)
    seen = [follower.update(frame) for frame in stage.frames()]
    finder = PersonFinder()
    later = [finder.update(frame) for frame in seen[25:]]
    assert [None if person is None else float(person.face.centre[0]) for person in later] == [240.0] * 25
