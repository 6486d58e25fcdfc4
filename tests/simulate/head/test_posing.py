"""Sparse targets move the same vertices as full ones; nearer points have a larger projection."""

from __future__ import annotations

import numpy as np
import pytest

from ecg_facial.simulate.head.head import load_head
from ecg_facial.simulate.head.posing import CAMERA_DISTANCE, PinholeCamera, Pose, pack_targets, pose_vertices


def test_packed_targets_add_up_to_the_weighted_sum_of_whole_ones() -> None:
    head = load_head()
    hair = np.random.default_rng(0).standard_normal((50, 3)).astype(np.float32)
    neutral = np.concatenate([head.template, hair])
    weights = {name: 0.1 * (number % 7) for number, name in enumerate(head.expressions)}
    moved = head.template + sum(weight * head.expressions[name] for name, weight in weights.items())
    rotation = Pose(yaw=0.3, pitch=-0.2, roll=0.1).rotation()
    posed = pose_vertices(neutral, pack_targets(head), weights, rotation)
    np.testing.assert_allclose(posed, np.concatenate([moved, hair]) @ rotation.T, atol=1e-5)


def test_no_weight_and_no_turn_leave_a_head_as_it_is() -> None:
    head = load_head()
    assert np.array_equal(pose_vertices(head.template, pack_targets(head), {}, Pose().rotation()), head.template)


def test_a_pinhole_shows_what_is_nearer_larger() -> None:
    camera, pose = PinholeCamera(width=320, height=240, supersample=2), Pose(x=3.0, y=-4.0, zoom=1.5)
    points = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 0, CAMERA_DISTANCE / 2]], dtype=np.float32)
    middle, right, above, near = camera.project(points, pose)
    unit_px = 240 * 2 * 0.33 * 1.5
    assert middle.tolist() == pytest.approx([(160 + 3) * 2, (240 * 0.53 - 4) * 2, 0.0])
    assert (right - middle)[:2].tolist() == pytest.approx([unit_px, 0.0], rel=1e-4)
    assert (above - middle)[:2].tolist() == pytest.approx([0.0, -unit_px], rel=1e-4)
    assert near[0] - middle[0] == pytest.approx(2 * unit_px, rel=1e-4)
    assert near[2] == CAMERA_DISTANCE / 2
