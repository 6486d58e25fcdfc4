"""Rasterisation of a posed mesh in compiled loops: first visibility, then colours.

Input: projected vertices, textures, a background. Output: pixels in the given image. Hidden triangles are not coloured,
and vertices of hidden triangles need no light.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ecg_facial.simulate.head.kernels import njit

LANES = 16
"""Pixels of a row that are tested at once; buffers are wider than the picture by this number."""
NOTHING = -1e9
"""Depth of the background."""
# smallest area of a triangle
_SMALLEST = np.float32(1e-9)
TEXTURED, PAINTED, EYE = range(3)
"""Colour of a triangle: skin texture; skin texture under colours of the vertices; eye texture."""


@njit(cache=True, fastmath=True, error_model="numpy")
def list_facing(points: Any, triangles: Any, way: float, low: int, right: int, bottom: int, chosen: Any) -> int:
    """Write the triangles of orientation `way` (1 or -1) with a pixel centre into `chosen`; return their number.

    Columns are from `low` to `right`, rows from `low` to `bottom`. Without a branch: every triangle is written, and the
    index advances only if it counts. A branch would often be mispredicted, because half of the triangles count.
    """
    n_chosen = 0
    first, last_x, last_y = np.float32(low), np.float32(right), np.float32(bottom)
    for t in range(triangles.shape[0]):
        # unsigned, so that numba does not check for negative indices
        a, b, c = np.uint32(triangles[t, 0]), np.uint32(triangles[t, 1]), np.uint32(triangles[t, 2])
        x0, y0 = points[a, 0], points[a, 1]
        x1, y1 = points[b, 0], points[b, 1]
        x2, y2 = points[c, 0], points[c, 1]
        area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
        is_wide = max(np.ceil(min(x0, x1, x2)), first) <= min(np.floor(max(x0, x1, x2)), last_x)
        is_high = max(np.ceil(min(y0, y1, y2)), first) <= min(np.floor(max(y0, y1, y2)), last_y)
        chosen[n_chosen] = t
        n_chosen += (np.float32(way) * area > _SMALLEST) & is_wide & is_high
    return n_chosen


@njit(cache=True, fastmath=True, error_model="numpy")
def find_seen(points: Any, triangles: Any, width: int, depth: Any, seen: Any) -> None:
    """Find the nearest triangle of each pixel.

    `points` (n_vertices, 3) holds x, y in pixels and depth (larger is nearer). `depth` and `seen`, (height, width +
    `LANES`), hold the nearest depth and its triangle, -1 for none, and are changed. Triangles that face away are left
    out.
    """
    height, stride = depth.shape
    nearest, number = depth.reshape(-1), seen.reshape(-1)
    zero, one = np.float32(0.0), np.float32(1.0)
    chosen = np.empty(triangles.shape[0], dtype=np.uint16)
    for place in range(list_facing(points, triangles, -1.0, 0, width - 1, height - 1, chosen)):
        t = np.uint32(chosen[place])
        a, b, c = np.uint32(triangles[t, 0]), np.uint32(triangles[t, 1]), np.uint32(triangles[t, 2])
        x0, y0 = points[a, 0], points[a, 1]
        x1, y1 = points[b, 0], points[b, 1]
        x2, y2 = points[c, 0], points[c, 1]
        left, right = max(int(np.ceil(min(x0, x1, x2))), 0), min(int(np.floor(max(x0, x1, x2))), width - 1)
        top, bottom = max(int(np.ceil(min(y0, y1, y2))), 0), min(int(np.floor(max(y0, y1, y2))), height - 1)
        # barycentric weights and depth are affine functions of the pixel
        inverse = one / ((x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0))
        w0_x, w0_y = (y1 - y2) * inverse, (x2 - x1) * inverse
        w1_x, w1_y = (y2 - y0) * inverse, (x0 - x2) * inverse
        z2 = points[c, 2]
        z0, z1 = points[a, 2] - z2, points[b, 2] - z2
        z_x = w0_x * z0 + w1_x * z1
        for py in range(top, bottom + 1):
            dy = np.float32(py) - y2
            for start in range(left, right + 1, LANES):
                dx = np.float32(start) - x2
                w0_start, w1_start = w0_x * dx + w0_y * dy, w1_x * dx + w1_y * dy
                z_start = z2 + w0_start * z0 + w1_start * z1
                base = np.uint64(py * stride + start)
                # no branches and one width of numbers, so that the compiler vectorises this loop
                for k in range(np.uint64(LANES)):
                    lane = np.float32(np.int32(k))
                    w0, w1, z = w0_start + lane * w0_x, w1_start + lane * w1_x, z_start + lane * z_x
                    before = nearest[base + k]
                    is_nearer = (w0 >= zero) & (w1 >= zero) & (one - w0 - w1 >= zero) & (z > before)
                    nearest[base + k] = z if is_nearer else before
                    number[base + k] = np.int32(t) if is_nearer else number[base + k]


@njit(cache=True)
def mark_vertices(seen: Any, triangles: Any, points: Any, is_seen: Any, looks: Any) -> None:
    """Mark the corners of all triangles in `seen` (-1 is none), and write their pixels into `looks`.

    `is_seen` is (n_vertices,) bool, `looks` as in `paint_seen`.
    """
    shows = np.zeros(triangles.shape[0] + 1, dtype=np.bool_)
    for number in seen.reshape(-1):
        shows[np.uint32(number + 1)] = True
    for t in range(triangles.shape[0]):
        if shows[t + 1]:
            for corner in range(3):
                is_seen[triangles[t, corner]] = True
    for v in range(points.shape[0]):
        if is_seen[v]:
            looks[v, 5], looks[v, 6] = points[v, 0], points[v, 1]


@njit(cache=True, fastmath=True, error_model="numpy")
def paint_seen(
    triangles: Any,
    kinds: Any,
    seen: Any,
    looks: Any,
    colour: Any,
    skin: Any,
    wrinkles: Any,
    strength: Any,
    eye: Any,
    image: Any,
) -> None:
    """Colour the pixels of `image` (height, width, 3) uint8 for which `find_seen` found a triangle.

    `kinds` (n_triangles,) holds `TEXTURED`, `PAINTED` or `EYE`. `looks` (n_vertices, 8) holds u, v, RGB light, x, y and
    padding in one array, because reading memory takes most of the time. `skin` is (rows, columns, 4) uint8: RGB, and
    whether there may be a wrinkle.
    """
    height, width = image.shape[:2]
    rows, columns, eye_px = skin.shape[0], skin.shape[1], eye.shape[0]
    zero, one, white = np.float32(0.0), np.float32(1.0), np.float32(255.0)
    for py in range(height):
        for px in range(width):
            if seen[py, px] < 0:
                continue
            t = np.uint32(seen[py, px])
            a, b, c = np.uint32(triangles[t, 0]), np.uint32(triangles[t, 1]), np.uint32(triangles[t, 2])
            x, y = np.float32(px), np.float32(py)
            x0, x1, x2 = looks[a, 5] - x, looks[b, 5] - x, looks[c, 5] - x
            y0, y1, y2 = looks[a, 6] - y, looks[b, 6] - y, looks[c, 6] - y
            inverse = one / ((x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0))
            w0, w1 = (x1 * y2 - x2 * y1) * inverse, (x2 * y0 - x0 * y2) * inverse
            w2 = one - w0 - w1
            u = w0 * looks[a, 0] + w1 * looks[b, 0] + w2 * looks[c, 0]
            v = w0 * looks[a, 1] + w1 * looks[b, 1] + w2 * looks[c, 1]
            # written out: numba does not unroll loops over three colours
            red_light = w0 * looks[a, 2] + w1 * looks[b, 2] + w2 * looks[c, 2]
            green_light = w0 * looks[a, 3] + w1 * looks[b, 3] + w2 * looks[c, 3]
            blue_light = w0 * looks[a, 4] + w1 * looks[b, 4] + w2 * looks[c, 4]
            if kinds[t] == EYE:
                i = np.uint32(min(max(int(v * np.float32(eye_px)), 0), eye_px - 1))
                j = np.uint32(min(max(int(u * np.float32(eye_px)), 0), eye_px - 1))
                red, green, blue = eye[i, j, 0], eye[i, j, 1], eye[i, j, 2]
                red_light, green_light = _in_socket(red_light), _in_socket(green_light)
                blue_light = _in_socket(blue_light)
            else:
                i = np.uint32(min(max(int(v * np.float32(rows)), 0), rows - 1))
                j = np.uint32(min(max(int(u * np.float32(columns)), 0), columns - 1))
                red, green, blue = np.float32(skin[i, j, 0]), np.float32(skin[i, j, 1]), np.float32(skin[i, j, 2])
                if skin[i, j, 3]:
                    crease = zero
                    for k in range(strength.shape[0]):
                        crease += strength[k] * np.float32(wrinkles[i, j, k])
                    fade = np.exp(-crease)
                    red, green, blue = red * fade, green * fade, blue * fade
                if kinds[t] == PAINTED:
                    over = w0 * colour[a, 3] + w1 * colour[b, 3] + w2 * colour[c, 3]
                    red += (w0 * colour[a, 0] + w1 * colour[b, 0] + w2 * colour[c, 0] - red) * over
                    green += (w0 * colour[a, 1] + w1 * colour[b, 1] + w2 * colour[c, 1] - green) * over
                    blue += (w0 * colour[a, 2] + w1 * colour[b, 2] + w2 * colour[c, 2] - blue) * over
            image[py, px, 0] = np.uint8(np.int32(min(white, red * red_light)))
            image[py, px, 1] = np.uint8(np.int32(min(white, green * green_light)))
            image[py, px, 2] = np.uint8(np.int32(min(white, blue * blue_light)))


@njit(cache=True, fastmath=True)
def _in_socket(light: Any) -> Any:
    """Light on an eye: less than on skin, because it is deeper, but never none, because it is wet and reflects."""
    return np.float32(0.12) + np.float32(0.76) * light
