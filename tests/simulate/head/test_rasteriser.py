"""Pixels show the nearest triangle that faces the viewer, with interpolated colours of its corners."""

from __future__ import annotations

import numpy as np
import pytest

from ecg_facial.runtime.typing import Float32Array, Float64Array, Int32Array, UInt16Array
from ecg_facial.simulate.head.identity import sample_identity
from ecg_facial.simulate.head.rasteriser import (
    EYE,
    LANES,
    NOTHING,
    PAINTED,
    TEXTURED,
    find_seen,
    list_facing,
    mark_vertices,
    paint_seen,
)
from ecg_facial.simulate.head.renderer import FaceRenderer

WIDTH, HEIGHT = 70, 40


def see(points: Float32Array, triangles: UInt16Array) -> tuple[Float32Array, Int32Array]:
    depth = np.full((HEIGHT, WIDTH + LANES), NOTHING, dtype=np.float32)
    seen = np.full(depth.shape, -1, dtype=np.int32)
    find_seen(points, triangles, WIDTH, depth, seen)
    return depth[:, :WIDTH], np.ascontiguousarray(seen[:, :WIDTH])


def scatter(seed: int, n_triangles: int) -> tuple[Float32Array, UInt16Array]:
    """Triangles that share no corner, of all sizes, some beyond the picture's edges."""
    rng = np.random.default_rng(seed)
    middles = rng.uniform([-5, -5, 0], [WIDTH + 5, HEIGHT + 5, 9], (n_triangles, 1, 3))
    corners = middles + rng.normal(0, 1, (n_triangles, 3, 3)) * rng.choice([1, 5, 25], (n_triangles, 1, 1)) * [
        1,
        1,
        0.1,
    ]
    return corners.reshape(-1, 3).astype(np.float32), np.arange(3 * n_triangles, dtype=np.uint16).reshape(-1, 3)


def weigh(corners: Float32Array) -> Float64Array:
    """Weights of the corners in every pixel, in double precision; (HEIGHT, WIDTH, 3)."""
    column, row = np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT))
    matrix = np.vstack([corners[:, :2].T.astype(np.float64), np.ones(3)])
    return np.stack([column, row, np.ones_like(row)], axis=-1) @ np.linalg.inv(matrix).T


def area(corners: Float32Array) -> float:
    (x0, y0), (x1, y1), (x2, y2) = corners[:, :2].astype(np.float64)
    return float((x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0))


@pytest.mark.parametrize("seed", range(4))
def test_the_nearest_triangle_is_seen_as_plain_geometry_says(seed: int) -> None:
    points, triangles = scatter(seed, 60)
    nearest, number = np.full((HEIGHT, WIDTH), NOTHING), np.full((HEIGHT, WIDTH), -1)
    is_close = np.zeros((HEIGHT, WIDTH), dtype=bool)
    for t, corners in enumerate(points[triangles]):
        if area(corners) < 0:
            weights = weigh(corners)
            z = weights @ corners[:, 2]
            is_close |= (np.abs(weights).min(axis=-1) < 1e-4) | (np.abs(z - nearest) < 1e-4)
            is_nearer = (weights.min(axis=-1) >= 0) & (z > nearest)
            nearest[is_nearer], number[is_nearer] = z[is_nearer], t
    depth, seen = see(points, triangles)
    assert (number >= 0).mean() > 0.5
    assert is_close.mean() < 0.02
    assert np.array_equal(seen[~is_close], number[~is_close])
    np.testing.assert_allclose(depth[~is_close], nearest[~is_close], rtol=1e-4)


def test_what_faces_away_or_holds_no_pixel_is_not_listed() -> None:
    points, triangles = scatter(7, 300)
    for way in (-1.0, 1.0):
        chosen = np.zeros(len(triangles), dtype=np.uint16)
        n_chosen = list_facing(points, triangles, way, 0, WIDTH - 1, HEIGHT - 1, chosen)
        expected = []
        for t, corners in enumerate(points[triangles]):
            low, high = np.ceil(corners[:, :2].min(axis=0)), np.floor(corners[:, :2].max(axis=0))
            is_inside = (np.maximum(low, 0) <= np.minimum(high, [WIDTH - 1, HEIGHT - 1])).all()
            expected += [t] if is_inside and way * area(corners) > 1e-9 else []
        assert 20 < n_chosen < 200
        assert chosen[:n_chosen].tolist() == expected


def test_corners_of_seen_triangles_are_marked_and_no_others() -> None:
    points, triangles = scatter(3, 60)
    seen = see(points, triangles)[1]
    is_seen, looks = np.zeros(len(points), dtype=np.bool_), np.zeros((len(points), 8), dtype=np.float32)
    mark_vertices(seen, triangles, points, is_seen, looks)
    visible = np.unique(seen[seen >= 0])
    assert 5 < len(visible) < 60
    assert np.flatnonzero(is_seen).tolist() == sorted(triangles[visible].ravel().tolist())
    assert np.array_equal(looks[is_seen, 5:7], points[is_seen, :2])
    assert not looks[~is_seen].any()


def paint(kind: int, *, opacity: float = 0.0, strength: float = 0.0) -> tuple[Float64Array, Float32Array]:
    """Paint a triangle whose light grows with the corner's number; its pixels, and their weights."""
    points = np.array([[5, 5, 0], [5, 35, 0], [60, 20, 0]], dtype=np.float32)
    triangles, looks = np.array([[0, 1, 2]], dtype=np.uint16), np.zeros((3, 8), dtype=np.float32)
    looks[:, :2], looks[:, 2:5] = 0.5, np.array([0.2, 0.4, 0.9])[:, None]
    seen = see(points, triangles)[1]
    mark_vertices(seen, triangles, points, np.zeros(3, dtype=np.bool_), looks)
    image = np.zeros((HEIGHT, WIDTH, 3), dtype=np.uint8)
    skin = np.full((4, 4, 4), (200, 150, 100, 1), dtype=np.uint8)
    colour = np.tile(np.array([20.0, 40.0, 60.0, opacity], dtype=np.float32), (3, 1))
    paint_seen(
        triangles,
        np.array([kind], dtype=np.uint8),
        seen,
        looks,
        colour,
        skin,
        np.full((4, 4, 1), 1000, dtype=np.int16),
        np.array([strength / 1000], dtype=np.float32),
        np.full((4, 4, 3), 100.0, dtype=np.float32),
        image,
    )
    assert not image[seen < 0].any()
    return image[seen >= 0].astype(np.float64), weigh(points)[seen >= 0].astype(np.float32)


def test_light_is_mixed_by_the_nearness_of_the_corners() -> None:
    pixels, weights = paint(TEXTURED)
    assert len(pixels) > 500
    np.testing.assert_allclose(pixels, np.outer(weights @ [0.2, 0.4, 0.9], [200, 150, 100]) - 0.5, atol=0.51)


def test_vertices_colours_lie_over_the_texture_by_their_opacity() -> None:
    mixed = 0.75 * np.array([200, 150, 100]) + 0.25 * np.array([20, 40, 60])
    pixels, weights = paint(PAINTED, opacity=0.25)
    np.testing.assert_allclose(pixels, np.outer(weights @ [0.2, 0.4, 0.9], mixed) - 0.5, atol=0.51)


def test_a_wrinkle_darkens_skin_and_not_eyes() -> None:
    plain, creased = paint(TEXTURED)[0], paint(TEXTURED, strength=0.5)[0]
    np.testing.assert_allclose(creased, plain * np.exp(-0.5), atol=1.1)
    assert np.array_equal(paint(EYE, strength=0.5)[0], paint(EYE)[0])


def test_the_mesh_fits_the_narrow_numbers_that_hold_it() -> None:
    renderer = FaceRenderer(sample_identity(np.random.default_rng(0)), hair="long")
    assert len(renderer._vertices) <= np.iinfo(np.uint16).max
    assert len(renderer._triangles) <= np.iinfo(np.uint16).max
    assert renderer._triangles.max() == len(renderer._vertices) - 1
    assert np.abs(renderer._appearance.wrinkles).max() < 1.0
