"""A hand hides the share of the face in the truth, has the same light as the head, and leaves no trace when away."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ecg_facial.simulate.grid import FRAME_TIMES_S, N_FRAMES
from ecg_facial.simulate.head.hand import HandCourse, HandLook, draw_hand, sample_hand
from ecg_facial.simulate.head.identity import sample_identity
from ecg_facial.simulate.head.renderer import FaceRenderer, Light
from ecg_facial.simulate.settings.presets import SceneSettings

ALWAYS = replace(SceneSettings(), hand_share=1.0)


def course_of(seed: int) -> HandCourse:
    course = sample_hand(np.random.default_rng(seed), ALWAYS, FRAME_TIMES_S)
    assert course is not None
    return course


@pytest.fixture(scope="module")
def renderer() -> FaceRenderer:
    return FaceRenderer(sample_identity(np.random.default_rng(0)))


def test_a_hand_comes_stays_and_goes() -> None:
    for seed in range(20):
        cover = course_of(seed).compute_cover()
        assert cover.shape == (N_FRAMES,)
        assert cover.min() >= 0.0
        assert 0.05 < cover.max() < 0.75
        top = np.flatnonzero(cover == cover.max())
        assert (np.diff(top) == 1).all()
        assert np.abs(np.diff(cover)).max() < 0.25


def test_hands_reach_different_parts_of_the_face_from_both_sides() -> None:
    courses = [course_of(seed) for seed in range(60)]
    assert {course.is_mirrored for course in courses} == {False, True}
    assert min(course.y for course in courses) < -0.6
    assert max(course.y for course in courses) > -0.2
    assert min(abs(course.x) for course in courses) < 0.1
    assert max(abs(course.x) for course in courses) > 0.4


def test_the_picture_without_the_hand_is_untouched_while_it_is_away(renderer: FaceRenderer) -> None:
    course = course_of(1)
    away = int(np.flatnonzero(course.presence == 0)[0])
    assert np.array_equal(renderer.render({}, hand=(course, away)), renderer.render({}))


def test_cover_is_the_share_of_the_face_behind_the_drawn_hand() -> None:
    """Where the hand is opaque, a black and a white picture look the same behind it."""
    unit_px, middle = 100.0, (160.0, 150.0)
    column, row = np.meshgrid(np.arange(320), np.arange(300))
    x, y = (column - middle[0]) / unit_px, (middle[1] - row) / unit_px
    face = (x / 0.68) ** 2 + ((y - 0.1) / 0.92) ** 2 <= 1
    lamps, ambient = Light().arrays()
    for seed in range(12):
        course = course_of(seed)
        for frame in np.flatnonzero(course.presence > 0)[::12].tolist():
            black, white = (
                draw_hand(
                    np.full((300, 320, 3), level, np.uint8),
                    course,
                    frame,
                    look=HandLook((200.0, 150.0, 120.0), (50.0, 60.0, 70.0)),
                    lamps=lamps,
                    ambient=ambient,
                    middle_px=middle,
                    unit_px=unit_px,
                ).astype(int)
                for level in (0, 255)
            )
            opaque = (white - black).max(axis=2) < 100
            assert opaque[face].mean() == pytest.approx(course.compute_cover()[frame], abs=0.03)


def test_a_hand_is_drawn_alike_whatever_part_of_it_the_picture_shows() -> None:
    """Only the rows and columns that it reaches are drawn: a cut-out shows what the whole picture shows there."""
    lamps, ambient = Light().arrays()
    background = np.random.default_rng(0).integers(0, 256, (400, 500, 3)).astype(np.uint8)
    for seed in range(4):
        course = course_of(seed)
        frame = int(np.argmax(course.presence))
        for rows, columns in ((slice(0, 400), slice(0, 200)), (slice(150, 300), slice(190, 330))):
            whole, part = (
                draw_hand(
                    background[top:bottom, left:right],
                    course,
                    frame,
                    look=HandLook((200.0, 150.0, 120.0), (50.0, 60.0, 70.0)),
                    lamps=lamps,
                    ambient=ambient,
                    middle_px=(250.0 - left, 180.0 - top),
                    unit_px=90.0,
                ).astype(int)
                for top, bottom, left, right in ((0, 400, 0, 500), (rows.start, rows.stop, columns.start, columns.stop))
            )
            # the shadow beyond an edge is not known to the cut-out, and places are rounded to a 32nd of a pixel
            inner = slice(40, -40)
            assert np.abs(whole[rows, columns] - part)[inner, inner].max() <= 5
            assert (whole != background).any(axis=2).mean() < 0.6


def test_a_hand_is_lit_by_the_lamps_of_the_room(renderer: FaceRenderer) -> None:
    course = course_of(2)
    frame = int(np.argmax(course.presence))

    def hand_colour(light: Light) -> np.ndarray:
        away = int(np.flatnonzero(course.presence == 0)[0])
        changed = renderer.render({}, light=light, hand=(course, frame)).astype(int)
        where = np.abs(changed - renderer.render({}, light=light, hand=(course, away))).sum(axis=2) > 40
        return np.asarray(changed[where].mean(axis=0))

    grey = hand_colour(Light(lamps=((0.3, 0.4, 0.8, 0.4, 0.4, 0.4),), ambient=(0.3, 0.3, 0.3)))
    blue = hand_colour(Light(lamps=((0.3, 0.4, 0.8, 0.2, 0.4, 0.7),), ambient=(0.3, 0.3, 0.3)))
    assert blue[2] / blue[0] > 1.2 * grey[2] / grey[0]
