"""Descriptors of courses: known answers, and what must not change them."""

from __future__ import annotations

import numpy as np

from ecg_facial.inference.descriptors import (
    DERIVATIVES,
    N_DESCRIPTORS,
    STATISTICS,
    describe_changes,
    describe_courses,
)


def table_of(row: np.ndarray) -> np.ndarray:
    return row.reshape(len(DERIVATIVES), len(STATISTICS), -1)


def test_a_straight_line_has_a_constant_velocity_and_no_acceleration() -> None:
    times = np.linspace(0.0, 4.0, 9)
    course, velocity, acceleration = table_of(describe_courses(np.stack([3 * times, -times], axis=1), times))
    np.testing.assert_allclose(course[STATISTICS.index("mean")], [6.0, -2.0])
    np.testing.assert_allclose(course[STATISTICS.index("time_of_highest_s")], [4.0, 0.0])
    np.testing.assert_allclose(course[STATISTICS.index("range")], [12.0, 4.0])
    np.testing.assert_allclose(velocity[STATISTICS.index("median")], [3.0, -1.0])
    np.testing.assert_allclose(velocity[STATISTICS.index("sd")], [0.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(acceleration[STATISTICS.index("highest")], [0.0, 0.0], atol=1e-12)


def test_changes_do_not_depend_on_a_constant_of_the_person() -> None:
    rng = np.random.default_rng(0)
    values, times = rng.normal(size=(12, 3)), np.arange(12) / 5
    moved = describe_changes(values + np.array([5.0, -2.0, 1.0]), times)
    np.testing.assert_allclose(moved, describe_changes(values, times), atol=1e-12)


def test_one_frame_and_equal_times_give_finite_descriptors() -> None:
    assert describe_courses(np.ones((1, 2)), np.array([0.3])).shape == (2 * N_DESCRIPTORS,)
    assert np.isfinite(describe_courses(np.arange(6.0).reshape(3, 2), np.array([0.0, 1.0, 1.0]))).all()
