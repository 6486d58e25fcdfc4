"""Compiled kernels that turn a posed mesh into pixels.

Enters: posed vertices, textures, a background. Leaves: pixels written into the given image. Needs numba; nothing
else in the package does.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ecg_facial.errors import MissingDependencyError

try:
    from numba import njit
except ImportError as error:
    raise MissingDependencyError(
        "rendering faces needs numba, which is not installed: pip install 'ecg-facial[simulate]'"
    ) from error


_SHADOW_REACH = 2.2
_SHADOW_SLACK = 0.08


@njit(cache=True, fastmath=True)
def shadow_vertices(vertices: Any, triangles: Any, axes: Any, n_cells: int, strength: float, lit: Any) -> None:
    """Write the share of a lamp's light that reaches each vertex, past the mesh itself, into `lit` (n_vertices,).

    `axes` is (3, 3): right, up and towards the lamp. A map of `n_cells` squared holds how near the lamp the mesh is;
    a vertex well behind its surroundings on the map is in shadow.
    """
    scale = np.float32(n_cells / (2.0 * _SHADOW_REACH))
    seen = np.empty_like(vertices)
    for v in range(vertices.shape[0]):
        for k in range(3):
            value = axes[k, 0] * vertices[v, 0] + axes[k, 1] * vertices[v, 1] + axes[k, 2] * vertices[v, 2]
            seen[v, k] = value if k == 2 else (value + _SHADOW_REACH) * scale
    nearest = np.full((n_cells, n_cells), -1e9, dtype=np.float32)
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        x0, y0, x1, y1, x2, y2 = seen[a, 0], seen[a, 1], seen[b, 0], seen[b, 1], seen[c, 0], seen[c, 1]
        area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
        if area <= 1e-9:
            continue
        inverse = np.float32(1.0) / area
        for py in range(max(int(np.ceil(min(y0, y1, y2))), 0), min(int(max(y0, y1, y2)), n_cells - 1) + 1):
            for px in range(max(int(np.ceil(min(x0, x1, x2))), 0), min(int(max(x0, x1, x2)), n_cells - 1) + 1):
                w0 = ((x1 - px) * (y2 - py) - (x2 - px) * (y1 - py)) * inverse
                w1 = ((x2 - px) * (y0 - py) - (x0 - px) * (y2 - py)) * inverse
                if w0 >= 0 and w1 >= 0 and w0 + w1 <= 1:
                    z = w0 * seen[a, 2] + w1 * seen[b, 2] + (1 - w0 - w1) * seen[c, 2]
                    nearest[py, px] = max(nearest[py, px], z)
    for v in range(vertices.shape[0]):
        column, row = int(np.rint(seen[v, 0])), int(np.rint(seen[v, 1]))
        hidden = np.float32(0.0)
        for i in range(row - 2, row + 3):
            for j in range(column - 2, column + 3):
                if 0 <= i < n_cells and 0 <= j < n_cells:
                    # steep ground is behind its neighbours without being hidden, so the slack grows with distance
                    slack = _SHADOW_SLACK * (1 + abs(i - row) + abs(j - column))
                    hidden += min(max((nearest[i, j] - seen[v, 2] - slack) / _SHADOW_SLACK, 0.0), 1.0)
        lit[v] = 1.0 - strength * hidden / 25.0


@njit(cache=True, fastmath=True)
def shade_vertices(vertices: Any, triangles: Any, lights: Any, ambient: Any, lit: Any, shade: Any) -> None:
    """Write per-vertex RGB light: ambient plus Lambert terms and a soft highlight of the first light.

    `lights` is (n_lights, 6): unit direction, RGB strength; `lit` is the share of the first light that reaches each
    vertex; `shade` is (n_vertices, 3).
    """
    normals = np.zeros_like(vertices)
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ux, uy, uz = vertices[b, 0] - vertices[a, 0], vertices[b, 1] - vertices[a, 1], vertices[b, 2] - vertices[a, 2]
        vx, vy, vz = vertices[c, 0] - vertices[a, 0], vertices[c, 1] - vertices[a, 1], vertices[c, 2] - vertices[a, 2]
        nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        for corner in (a, b, c):
            normals[corner, 0] += nx
            normals[corner, 1] += ny
            normals[corner, 2] += nz
    for v in range(vertices.shape[0]):
        x, y, z = normals[v, 0], normals[v, 1], normals[v, 2]
        scale = 1.0 / (np.sqrt(x * x + y * y + z * z) + 1e-9)
        x, y, z = x * scale, y * scale, z * scale
        # hemisphere light: what faces up or forward gets more of the room
        room = 0.8 + 0.2 * y
        for k in range(3):
            shade[v, k] = ambient[k] * room
        for light in range(lights.shape[0]):
            lambert = x * lights[light, 0] + y * lights[light, 1] + z * lights[light, 2]
            # wrapped, because skin scatters light past the edge of shadow
            wrapped = max((lambert + 0.25) / 1.25, 0.0)
            if light == 0:
                wrapped *= lit[v]
            for k in range(3):
                shade[v, k] += lights[light, 3 + k] * wrapped
        hx, hy, hz = lights[0, 0], lights[0, 1], lights[0, 2] + 1.0
        half = max((x * hx + y * hy + z * hz) / np.sqrt(hx * hx + hy * hy + hz * hz), 0.0)
        gloss = half**20 * 0.12 * lit[v]
        for k in range(3):
            shade[v, k] += gloss * lights[0, 3 + k]


@njit(cache=True, fastmath=True)
def rasterise(
    points: Any,
    triangles: Any,
    uv: Any,
    shade: Any,
    is_eye: Any,
    colour: Any,
    skin: Any,
    wrinkles: Any,
    strength: Any,
    eye: Any,
    image: Any,
    depth: Any,
) -> None:
    """Draw triangles with a depth buffer into `image` (height, width, 3) uint8.

    `skin` is (rows, columns, 4) uint8: RGB, and whether any wrinkle may show there. `points` holds x, y in pixels and
    depth (larger is nearer). Triangles that face away are left out.
    """
    height, width = depth.shape
    rows, columns = skin.shape[0], skin.shape[1]
    eye_px = eye.shape[0]
    zero, one, white = np.float32(0.0), np.float32(1.0), np.float32(255.0)
    n_wrinkles = strength.shape[0]
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        x0, y0 = points[a, 0], points[a, 1]
        x1, y1 = points[b, 0], points[b, 1]
        x2, y2 = points[c, 0], points[c, 1]
        area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
        if area >= -1e-9:
            continue
        left = max(int(np.ceil(min(x0, x1, x2))), 0)
        right = min(int(np.floor(max(x0, x1, x2))), width - 1)
        top = max(int(np.ceil(min(y0, y1, y2))), 0)
        bottom = min(int(np.floor(max(y0, y1, y2))), height - 1)
        if left > right or top > bottom:
            continue
        # barycentric weights and depth are affine in the pixel, so a row needs additions only
        inverse = np.float32(1.0) / area
        w0_x, w0_y = (y1 - y2) * inverse, (x2 - x1) * inverse
        w1_x, w1_y = (y2 - y0) * inverse, (x0 - x2) * inverse
        z0, z1, z2 = points[a, 2], points[b, 2], points[c, 2]
        eye_triangle = is_eye[t]
        for py in range(top, bottom + 1):
            w0 = w0_x * (left - x2) + w0_y * (py - y2)
            w1 = w1_x * (left - x2) + w1_y * (py - y2)
            entered = False
            for px in range(left, right + 1):
                w2 = one - w0 - w1
                if w0 >= zero and w1 >= zero and w2 >= zero:
                    entered = True
                    z = w0 * z0 + w1 * z1 + w2 * z2
                    if z > depth[py, px]:
                        depth[py, px] = z
                        u = w0 * uv[a, 0] + w1 * uv[b, 0] + w2 * uv[c, 0]
                        v = w0 * uv[a, 1] + w1 * uv[b, 1] + w2 * uv[c, 1]
                        if eye_triangle:
                            i = min(max(int(v * eye_px), 0), eye_px - 1)
                            j = min(max(int(u * eye_px), 0), eye_px - 1)
                            for k in range(3):
                                light = w0 * shade[a, k] + w1 * shade[b, k] + w2 * shade[c, k]
                                value = eye[i, j, k] * (np.float32(0.12) + np.float32(0.76) * light)
                                image[py, px, k] = np.uint8(min(white, value))
                        else:
                            i = min(max(int(v * rows), 0), rows - 1)
                            j = min(max(int(u * columns), 0), columns - 1)
                            over = w0 * colour[a, 3] + w1 * colour[b, 3] + w2 * colour[c, 3]
                            fade = one
                            if skin[i, j, 3]:
                                crease = zero
                                for k in range(n_wrinkles):
                                    crease += strength[k] * wrinkles[i, j, k]
                                fade = np.exp(-crease)
                            for k in range(3):
                                light = w0 * shade[a, k] + w1 * shade[b, k] + w2 * shade[c, k]
                                value = skin[i, j, k] * fade
                                if over > zero:
                                    painted = w0 * colour[a, k] + w1 * colour[b, k] + w2 * colour[c, k]
                                    value += (painted - value) * over
                                image[py, px, k] = np.uint8(min(white, value * light))
                elif entered:
                    break
                w0 += w0_x
                w1 += w1_x
