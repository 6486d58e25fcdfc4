"""Aligned crops have eyes and mouth at fixed places for any rotation, scale and position of the face."""

from __future__ import annotations

import numpy as np
import pytest

from ecg_facial.face.alignment import TEMPLATE, alignment_matrix, crop_face
from ecg_facial.face.detection import Face
from ecg_facial.face.video import RgbFrame
from ecg_facial.runtime.typing import Float64Array

IDENTITY = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]


def similarity(scale: float, angle: float, shift: tuple[float, float]) -> Float64Array:
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.column_stack([turn, shift])


def test_landmarks_on_the_template_need_no_change() -> None:
    np.testing.assert_allclose(alignment_matrix(TEMPLATE * 112, 112), IDENTITY, atol=1e-12)


@pytest.mark.parametrize(
    ("scale", "angle", "shift"), [(1.0, 0.0, (30.0, 40.0)), (2.5, 0.4, (7.0, -3.0)), (0.3, -1.2, (0, 0))]
)
def test_a_turned_and_scaled_face_is_turned_and_scaled_back(
    scale: float, angle: float, shift: tuple[float, float]
) -> None:
    placed = similarity(scale, angle, shift)
    landmarks = TEMPLATE * 64 @ placed[:, :2].T + placed[:, 2]
    matrix = alignment_matrix(landmarks, 64)
    np.testing.assert_allclose(landmarks @ matrix[:, :2].T + matrix[:, 2], TEMPLATE * 64, atol=1e-9)
    np.testing.assert_allclose(matrix[:, :2] @ placed[:, :2], np.eye(2), atol=1e-12)


def test_landmarks_that_fit_no_similarity_are_fitted_in_the_least_squares_sense() -> None:
    landmarks = TEMPLATE * 64 + np.random.default_rng(0).normal(0, 3, (5, 2))
    best = alignment_matrix(landmarks, 64)

    def cost(matrix: Float64Array) -> float:
        return float(((landmarks @ matrix[:, :2].T + matrix[:, 2] - TEMPLATE * 64) ** 2).sum())

    for step in (-1e-3, 1e-3):
        for direction in (
            similarity(1, 0, (0, 0)),
            similarity(1, np.pi / 2, (0, 0)),
            [[0, 0, 1], [0, 0, 0]],
            [[0, 0, 0], [0, 0, 1]],
        ):
            assert cost(best + step * np.asarray(direction)) > cost(best)


def test_one_point_for_all_landmarks_gives_a_finite_matrix() -> None:
    assert np.isfinite(alignment_matrix(np.full((5, 2), 10.0), 112)).all()


def test_a_crop_shows_the_landmarks_at_the_templates_places() -> None:
    placed = similarity(1.7, 0.3, (90.0, 40.0))
    landmarks = TEMPLATE * 64 @ placed[:, :2].T + placed[:, 2]
    y, x = np.mgrid[0:240, 0:320]
    dots = sum(np.exp(-((x - px) ** 2 + (y - py) ** 2) / 2 / 4.0**2) for px, py in landmarks)
    frame = RgbFrame(np.repeat((250 * np.asarray(dots)).clip(0, 255).astype(np.uint8)[..., None], 3, axis=2), 0.0)
    crop = crop_face(frame, Face(box=np.array([0, 0, 1, 1.0]), landmarks=landmarks, confidence=1.0), crop_px=64)
    assert crop.shape == (64, 64, 3)
    for px, py in np.round(TEMPLATE * 64).astype(int):
        assert crop[py, px, 0] > 200
    assert crop[5, 5, 0] < 5
