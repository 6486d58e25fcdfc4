"""Light and shadow of the vertices of a posed mesh, in compiled loops.

Input: posed vertices, lamps, and which vertices are visible. Output: light per vertex. Invisible vertices cast shadows,
but get no light.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ecg_facial.simulate.head.kernels import njit
from ecg_facial.simulate.head.rasteriser import list_facing

# shadow map: half its size in model units, depth difference from which a vertex is in shadow, and cells around it
# that are averaged for soft edges
_SHADOW_REACH = np.float32(2.2)
_SHADOW_SLACK = np.float32(0.08)
_NEAR_CELLS = 2
_MARGIN = 2 * _NEAR_CELLS
_FAR = np.float32(-1e9)
# Light reaches past the edge of the shadow, because skin scatters it (wrapped Lambert term).
_WRAP = np.float32(0.25)
# dependence of ambient light on the direction, and strength of the highlight
_ROOM_SHARE, _GLOSS = np.float32(0.2), np.float32(0.12)


@njit(cache=True, fastmath=True, error_model="numpy")
def shadow_vertices(
    vertices: Any, triangles: Any, axes: Any, n_cells: int, strength: float, is_seen: Any, lit: Any
) -> None:
    """Write the share of a lamp's light that reaches each visible vertex into `lit` (n_vertices,): a shadow map.

    `axes` is (3, 3): right, up and towards the lamp. A map of `n_cells` squared holds the depth of the mesh as seen
    from the lamp; a vertex well behind its surroundings on the map is in shadow.
    """
    zero, one = np.float32(0.0), np.float32(1.0)
    scale = np.float32(n_cells) / (np.float32(2.0) * _SHADOW_REACH)
    turned = np.empty_like(vertices)
    for v in range(vertices.shape[0]):
        x, y, z = vertices[v, 0], vertices[v, 1], vertices[v, 2]
        # the map has an empty margin
        turned[v, 0] = (axes[0, 0] * x + axes[0, 1] * y + axes[0, 2] * z + _SHADOW_REACH) * scale + np.float32(_MARGIN)
        turned[v, 1] = (axes[1, 0] * x + axes[1, 1] * y + axes[1, 2] * z + _SHADOW_REACH) * scale + np.float32(_MARGIN)
        turned[v, 2] = axes[2, 0] * x + axes[2, 1] * y + axes[2, 2] * z
    # depth of the mesh as the lamp sees it
    nearest = _map_depth(turned, triangles, n_cells)
    around = _spread(nearest)
    for v in range(vertices.shape[0]):
        column, row = int(np.rint(turned[v, 0])), int(np.rint(turned[v, 1]))
        if not is_seen[v] or min(column, row) < _NEAR_CELLS or max(column, row) >= len(nearest) - _NEAR_CELLS:
            continue
        if around[row, column] <= turned[v, 2] + _SHADOW_SLACK:
            continue
        hidden = zero
        for i in range(-_NEAR_CELLS, _NEAR_CELLS + 1):
            for j in range(-_NEAR_CELLS, _NEAR_CELLS + 1):
                # steep surfaces are behind their neighbours without being hidden: the tolerance grows with distance
                behind = (nearest[row + i, column + j] - turned[v, 2]) / _SHADOW_SLACK - np.float32(1 + abs(i) + abs(j))
                hidden += min(max(behind, zero), one)
        lit[v] = one - np.float32(strength) * hidden / np.float32((2 * _NEAR_CELLS + 1) ** 2)


@njit(cache=True, fastmath=True, error_model="numpy")
def _map_depth(turned: Any, triangles: Any, n_cells: int) -> Any:
    """Nearest depth in each cell of the map, with an empty margin, without triangles that face away."""
    zero, one = np.float32(0.0), np.float32(1.0)
    size = n_cells + 2 * _MARGIN
    first, last = _MARGIN, n_cells + _MARGIN - 1
    nearest = np.full((size, size), _FAR, dtype=np.float32)
    chosen = np.empty(triangles.shape[0], dtype=np.uint16)
    for place in range(list_facing(turned, triangles, 1.0, first, last, last, chosen)):
        t = np.uint32(chosen[place])
        a, b, c = np.uint32(triangles[t, 0]), np.uint32(triangles[t, 1]), np.uint32(triangles[t, 2])
        x0, y0, x1, y1, x2, y2 = turned[a, 0], turned[a, 1], turned[b, 0], turned[b, 1], turned[c, 0], turned[c, 1]
        left, right = max(int(np.ceil(min(x0, x1, x2))), first), min(int(np.floor(max(x0, x1, x2))), last)
        top, bottom = max(int(np.ceil(min(y0, y1, y2))), first), min(int(np.floor(max(y0, y1, y2))), last)
        inverse = one / ((x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0))
        w0_x, w0_y = (y1 - y2) * inverse, (x2 - x1) * inverse
        w1_x, w1_y = (y2 - y0) * inverse, (x0 - x2) * inverse
        z0, z1, z2 = turned[a, 2], turned[b, 2], turned[c, 2]
        for row in range(top, bottom + 1):
            for column in range(left, right + 1):
                dx, dy = np.float32(column) - x2, np.float32(row) - y2
                w0, w1 = w0_x * dx + w0_y * dy, w1_x * dx + w1_y * dy
                w2 = one - w0 - w1
                z, before = w0 * z0 + w1 * z1 + w2 * z2, nearest[row, column]
                is_nearer = (w0 >= zero) & (w1 >= zero) & (w2 >= zero) & (z > before)
                nearest[row, column] = z if is_nearer else before
    return nearest


@njit(cache=True, fastmath=True, error_model="numpy")
def _spread(nearest: Any) -> Any:
    """Nearest depth in the neighbourhood of each cell; a vertex before it cannot be in shadow."""
    across, around = nearest.copy(), nearest.copy()
    for row in range(nearest.shape[0]):
        for column in range(_NEAR_CELLS, nearest.shape[1] - _NEAR_CELLS):
            for j in range(-_NEAR_CELLS, _NEAR_CELLS + 1):
                across[row, column] = max(across[row, column], nearest[row, column + j])
    for row in range(_NEAR_CELLS, nearest.shape[0] - _NEAR_CELLS):
        for i in range(-_NEAR_CELLS, _NEAR_CELLS + 1):
            for column in range(nearest.shape[1]):
                around[row, column] = max(around[row, column], across[row + i, column])
    return around


@njit(cache=True, fastmath=True, error_model="numpy")
def shade_vertices(
    vertices: Any, triangles: Any, lights: Any, ambient: Any, is_seen: Any, lit: Any, shade: Any
) -> None:
    """Write the RGB light of visible vertices: ambient and Lambert terms, and a soft highlight of the first lamp.

    `lights` is (n_lights, 6): unit direction, RGB strength; `lit` is the share of the first light that reaches each
    vertex; `shade` is (n_vertices, 3).
    """
    zero, one = np.float32(0.0), np.float32(1.0)
    normals = _sum_normals(vertices, triangles, is_seen)
    # the half vector between lamp and viewer gives the highlight
    hx, hy, hz = lights[0, 0], lights[0, 1], lights[0, 2] + one
    to_half = one / np.sqrt(hx * hx + hy * hy + hz * hz)
    for v in range(vertices.shape[0]):
        if not is_seen[v]:
            continue
        x, y, z = normals[v, 0], normals[v, 1], normals[v, 2]
        scale = one / (np.sqrt(x * x + y * y + z * z) + np.float32(1e-9))
        x, y, z = x * scale, y * scale, z * scale
        # hemisphere light: surfaces that face up get more ambient light
        room = one - _ROOM_SHARE + _ROOM_SHARE * y
        red, green, blue = ambient[0] * room, ambient[1] * room, ambient[2] * room
        for light in range(lights.shape[0]):
            lambert = x * lights[light, 0] + y * lights[light, 1] + z * lights[light, 2]
            wrapped = max((lambert + _WRAP) / (one + _WRAP), zero)
            if light == 0:
                half = max((x * hx + y * hy + z * hz) * to_half, zero)
                wrapped = (wrapped + _GLOSS * half**20) * lit[v]
            red += lights[light, 3] * wrapped
            green += lights[light, 4] * wrapped
            blue += lights[light, 5] * wrapped
        shade[v, 0], shade[v, 1], shade[v, 2] = red, green, blue


@njit(cache=True, fastmath=True, error_model="numpy")
def _sum_normals(vertices: Any, triangles: Any, is_seen: Any) -> Any:
    """Sum of the normals of the triangles at each visible vertex, weighted by area."""
    normals = np.zeros_like(vertices)
    for t in range(triangles.shape[0]):
        a, b, c = np.uint32(triangles[t, 0]), np.uint32(triangles[t, 1]), np.uint32(triangles[t, 2])
        if not (is_seen[a] | is_seen[b] | is_seen[c]):
            continue
        ux, uy, uz = vertices[b, 0] - vertices[a, 0], vertices[b, 1] - vertices[a, 1], vertices[b, 2] - vertices[a, 2]
        vx, vy, vz = vertices[c, 0] - vertices[a, 0], vertices[c, 1] - vertices[a, 1], vertices[c, 2] - vertices[a, 2]
        nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        for corner in (a, b, c):
            normals[corner, 0] += nx
            normals[corner, 1] += ny
            normals[corner, 2] += nz
    return normals


@njit(cache=True, fastmath=True, error_model="numpy")
def shade_relief(colour: Any, normals: Any, lights: Any, ambient: Any, shaded: Any) -> None:
    """Write the colours (rows, columns, 3) of a relief under lamps, without shadow and highlight."""
    zero, one, white = np.float32(0.0), np.float32(1.0), np.float32(255.0)
    for i in range(colour.shape[0]):
        for j in range(colour.shape[1]):
            x, y, z = normals[i, j, 0], normals[i, j, 1], normals[i, j, 2]
            room = one - _ROOM_SHARE + _ROOM_SHARE * y
            red, green, blue = ambient[0] * room, ambient[1] * room, ambient[2] * room
            for light in range(lights.shape[0]):
                lambert = x * lights[light, 0] + y * lights[light, 1] + z * lights[light, 2]
                wrapped = max((lambert + _WRAP) / (one + _WRAP), zero)
                red += lights[light, 3] * wrapped
                green += lights[light, 4] * wrapped
                blue += lights[light, 5] * wrapped
            shaded[i, j, 0] = min(colour[i, j, 0] * red, white)
            shaded[i, j, 1] = min(colour[i, j, 1] * green, white)
            shaded[i, j, 2] = min(colour[i, j, 2] * blue, white)
