"""Vertices get light by their direction and shadow from other parts; invisible ones are not changed."""

from __future__ import annotations

import numpy as np
import pytest

from ecg_facial.runtime.typing import Float32Array, UInt16Array
from ecg_facial.simulate.head.shading import shade_relief, shade_vertices, shadow_vertices

TO_VIEWER = np.eye(3, dtype=np.float32)
LAMPS = np.array([[0.0, 0.6, 0.8, 0.5, 0.4, 0.3], [-0.6, 0.0, 0.8, 0.1, 0.2, 0.3]], dtype=np.float32)
AMBIENT = np.array([0.3, 0.2, 0.1], dtype=np.float32)


def sheet(half: float, z: float, n_points: int = 21) -> tuple[Float32Array, UInt16Array]:
    """Square that faces the viewer."""
    along = np.linspace(-half, half, n_points)
    x, y = np.meshgrid(along, along)
    points = np.stack([x.ravel(), y.ravel(), np.full(x.size, z)], axis=1).astype(np.float32)
    first = (np.arange(n_points - 1)[:, None] * n_points + np.arange(n_points - 1)).ravel()
    right, above = first + 1, first + n_points
    triangles = np.concatenate([np.stack([first, right, above], 1), np.stack([right, above + 1, above], 1)])
    return points, triangles.astype(np.uint16)


def two_sheets() -> tuple[Float32Array, UInt16Array, int]:
    """Small sheet half a unit before a large one, and the number of the large one's vertices."""
    (floor, below), (roof, above) = sheet(1.5, 0.0), sheet(0.5, 0.5)
    return np.concatenate([floor, roof]), np.concatenate([below, above + np.uint16(len(floor))]), len(floor)


def test_a_sheet_shades_what_lies_behind_it_and_nothing_else() -> None:
    vertices, triangles, n_floor = two_sheets()
    lit = np.ones(len(vertices), dtype=np.float32)
    shadow_vertices(vertices, triangles, TO_VIEWER, 72, 0.8, np.ones(len(vertices), dtype=np.bool_), lit)
    reach = np.abs(vertices[:n_floor, :2]).max(axis=1)
    np.testing.assert_allclose(lit[:n_floor][reach < 0.3], 0.2, atol=1e-5)
    np.testing.assert_allclose(lit[:n_floor][reach > 0.7], 1.0, atol=1e-5)
    np.testing.assert_allclose(lit[n_floor:], 1.0, atol=1e-5)


def test_vertices_that_show_nowhere_get_no_light_and_change_no_other() -> None:
    vertices, triangles, _ = two_sheets()
    every = np.ones(len(vertices), dtype=np.bool_)
    some = np.random.default_rng(0).random(len(vertices)) < 0.3
    results = []
    for is_seen in (every, some):
        lit, shade = np.ones(len(vertices), dtype=np.float32), np.full((len(vertices), 3), -1, dtype=np.float32)
        shadow_vertices(vertices, triangles, TO_VIEWER, 72, 0.8, is_seen, lit)
        shade_vertices(vertices, triangles, LAMPS, AMBIENT, is_seen, lit, shade)
        results.append(shade)
    assert np.array_equal(results[0][some], results[1][some])
    assert (results[1][~some] == -1).all()


def test_light_on_a_ball_is_lambert_s_with_a_highlight_of_the_first_lamp() -> None:
    """An octahedron's corners face along the axes."""
    vertices = np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]], dtype=np.float32)
    triangles = np.array(
        [[0, 2, 4], [2, 1, 4], [1, 3, 4], [3, 0, 4], [2, 0, 5], [1, 2, 5], [3, 1, 5], [0, 3, 5]], dtype=np.uint16
    )
    lit, shade = np.full(6, 0.5, dtype=np.float32), np.zeros((6, 3), dtype=np.float32)
    shade_vertices(vertices, triangles, LAMPS, AMBIENT, np.ones(6, dtype=np.bool_), lit, shade)
    half = LAMPS[0, :3] + np.array([0.0, 0.0, 1.0])
    gloss = 0.12 * np.maximum(vertices @ (half / np.linalg.norm(half)), 0) ** 20
    wrapped = np.maximum((vertices @ LAMPS[:, :3].T + 0.25) / 1.25, 0)
    expected = AMBIENT * (0.8 + 0.2 * vertices[:, 1:2]) + wrapped[:, 1:] * LAMPS[1, 3:]
    expected += 0.5 * (wrapped[:, :1] + gloss[:, None]) * LAMPS[0, 3:]
    np.testing.assert_allclose(shade, expected, rtol=1e-4)


def test_a_relief_is_lit_as_a_vertex_without_shadow_and_highlight() -> None:
    normals = np.random.default_rng(0).standard_normal((4, 5, 3)).astype(np.float32)
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    shaded = np.empty((4, 5, 3), dtype=np.float32)
    shade_relief(np.full((4, 5, 3), 400.0, dtype=np.float32), normals, LAMPS, AMBIENT, shaded)
    light = AMBIENT * (0.8 + 0.2 * normals[..., 1:2])
    for lamp in LAMPS:
        light = light + np.maximum((normals @ lamp[:3] + 0.25) / 1.25, 0)[..., None] * lamp[3:]
    np.testing.assert_allclose(shaded, np.minimum(400 * light, 255), rtol=1e-4)
    assert shaded.max() == pytest.approx(255.0)
