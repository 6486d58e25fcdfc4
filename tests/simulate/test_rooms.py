"""Rooms depend on their stream alone, differ in kind, and are out of focus."""

from __future__ import annotations

import cv2
import numpy as np

from ecg_facial.simulate.rooms import draw_room


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
