"""Rooms depend only on their random stream, are of several kinds, and are blurred."""

from __future__ import annotations

import cv2
import numpy as np

from ecg_facial.simulate.head.rooms import draw_plain_wall, draw_room, tint_room


def test_the_same_stream_gives_the_same_room_at_any_size() -> None:
    first, again = (draw_room(np.random.default_rng(4), width=320, height=240) for _ in range(2))
    assert np.array_equal(first, again)
    assert first.shape == (240, 320, 3)
    assert first.dtype == np.uint8
    large = draw_room(np.random.default_rng(4), width=640, height=480)
    smaller = cv2.resize(large, (320, 240), interpolation=cv2.INTER_AREA)
    assert np.abs(smaller.astype(int) - first).mean() < 1.5


def test_rooms_differ_and_many_are_more_than_a_wall() -> None:
    rooms = [draw_room(np.random.default_rng(seed), width=160, height=120).astype(float) for seed in range(30)]
    for number, room in enumerate(rooms):
        assert all(np.abs(room - other).mean() > 3.0 for other in rooms[:number])
    steps = [np.abs(np.diff(room, axis=1)).max() for room in rooms]
    assert np.mean(np.array(steps) > 8.0) > 0.6


def test_no_edge_is_sharp() -> None:
    for seed in range(30):
        room = draw_room(np.random.default_rng(seed), width=320, height=240).astype(float)
        assert np.abs(np.diff(room, axis=1)).max() < 90


def test_light_of_the_usual_strength_leaves_a_room_as_it_is_and_other_light_scales_it() -> None:
    room = draw_room(np.random.default_rng(2), width=160, height=120)
    assert np.array_equal(tint_room(room, np.ones(3, np.float32)), room)
    warm = tint_room(room, np.array([1.2, 1.0, 0.5], np.float32)).astype(float)
    np.testing.assert_allclose(warm[..., 0], np.minimum(1.2 * room[..., 0], 255), atol=0.51)
    np.testing.assert_allclose(warm[..., 2], 0.5 * room[..., 2], atol=0.51)


def test_a_plain_wall_goes_from_one_colour_to_the_other() -> None:
    wall = draw_plain_wall((200.0, 100.0, 50.0), (100.0, 60.0, 40.0), width=8, height=101)
    assert wall[0, 0].tolist() == [200, 100, 50]
    assert wall[50, 3].tolist() == [150, 80, 45]
    assert wall[-1, -1].tolist() == [100, 60, 40]
    assert (wall == wall[:, :1]).all()
