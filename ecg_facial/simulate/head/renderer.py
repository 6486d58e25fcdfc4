"""Rendering of simulated heads.

Input: an identity; for each frame action units, pose, light, background. Output: an RGB picture. The same arguments
give the same bytes on the same machine with the same versions.
"""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np

from ecg_facial.runtime.typing import Float32Array, Int32Array, UInt8Array
from ecg_facial.simulate.head.appearance import make_appearance, texture_coordinates
from ecg_facial.simulate.head.cloth import find_cut_edges, paint_below
from ecg_facial.simulate.head.expressions import LidCurve, blendshape_weights, check_action_units, wrinkle_weights
from ecg_facial.simulate.head.glasses import draw_glasses, fit_glasses
from ecg_facial.simulate.head.hair import PIVOT, HairName, grow_hair
from ecg_facial.simulate.head.hand import HandCourse, HandLook, draw_hand
from ecg_facial.simulate.head.head import BODY, LEFT_EYE, RIGHT_EYE, load_head
from ecg_facial.simulate.head.identity import Identity
from ecg_facial.simulate.head.light import Light
from ecg_facial.simulate.head.posing import (
    CAMERA_DISTANCE,
    HEAD_SHARE,
    MIDDLE,
    PinholeCamera,
    Pose,
    pack_targets,
    pose_vertices,
)
from ecg_facial.simulate.head.rasteriser import (
    EYE,
    LANES,
    NOTHING,
    PAINTED,
    TEXTURED,
    find_seen,
    mark_vertices,
    paint_seen,
)
from ecg_facial.simulate.head.rooms import draw_plain_wall
from ecg_facial.simulate.head.shading import shade_vertices, shadow_vertices
from ecg_facial.simulate.settings.cohort_settings import CohortSettings

__all__ = ["FaceRenderer", "Light", "Pose"]

# height of painted hair above the skin
_HAIR_VOLUME = 0.02
# opacity from which vertices are painted; steps of wrinkle maps as 16-bit integers
_MIN_PAINT, _WRINKLE_STEPS = 0.002, 2**15 - 1
# weights of the blink target at which the closure is measured, and visible share of the eyes that counts as closed
_LID_STEPS = (0.0, 0.15, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1)
_OPEN_SHARE = 0.03
# eyes are measured in this magnification
_EYE_ZOOM = 2.5
# resolution of the shadow map
_SHADOW_CELLS = 72
# brightness of the inside of the hair, and largest shift of reflections on glasses
_LINING_SHADE, _GLINT_REACH = 0.35, 1.2


class FaceRenderer:
    """Renderer of one person; it may be used by one thread only.

    Parameters
    ----------
    identity : Identity
    width, height : int
        Size of the pictures in pixels.
    supersample : int
        Samples per pixel in each direction; 2 smooths edges and takes 2.5 times as long.
    hair : str, optional
        Cut of the hair; by default the person's own.

    Raises
    ------
    MissingDependencyError
        When numba is not installed.
    """

    def __init__(
        self,
        identity: Identity,
        *,
        width: int = CohortSettings.width,
        height: int = CohortSettings.height,
        supersample: int = 1,
        hair: HairName | None = None,
    ) -> None:
        self._head = load_head()
        self._camera = PinholeCamera(width=width, height=height, supersample=supersample)
        self._appearance = make_appearance(identity, self._head, hair=hair)
        # as 16-bit integers, which halves the memory to read; the maps are below 1
        self._wrinkles = np.rint(self._appearance.wrinkles * _WRINKLE_STEPS).astype(np.int16)
        neutral = identity.mesh(self._head)
        eyes = [self._head.centre_of(neutral, side) for side in (LEFT_EYE, RIGHT_EYE)]
        centred = neutral - (np.mean(eyes, axis=0, dtype=np.float32) + PIVOT)
        self._edges = find_cut_edges(centred)
        self._join_meshes(identity, _give_volume(centred, self._appearance.hair_share))
        glasses, eye_x = self._appearance.glasses, float(np.ptp([eye[0] for eye in eyes])) / 2
        skin = centred[self._head.group == BODY]
        self._glasses = None if glasses is None else fit_glasses(glasses, skin, eye_x)
        self._walls: dict[tuple[tuple[float, float, float], tuple[float, float, float]], UInt8Array] = {}
        self._lids = LidCurve(weights=(0.0, _LID_STEPS[-1]))
        self._lids = self._find_lids()

    def _join_meshes(self, identity: Identity, vertices: Float32Array) -> None:
        """Join head and hair to one mesh, the outermost part first, so that hidden triangles cost least.

        The inside of the hair has neither shadows nor light: it comes last and is left out of both.
        """
        head, look = self._head, self._appearance
        hair = grow_hair(look.style, vertices[head.group == BODY], np.random.default_rng(identity.appearance_seed))
        self._vertices = np.ascontiguousarray(np.concatenate([vertices, hair.vertices]))
        outer, lined = (hair.triangles[hair.is_lining[hair.triangles[:, 0]] == side] for side in (False, True))
        parts = [outer + len(vertices), head.triangles, lined + len(vertices)]
        # 16 bits are enough, and reading memory takes more time than arithmetic
        self._triangles = np.ascontiguousarray(np.concatenate(parts), dtype=np.uint16)
        self._lit_triangles = self._triangles[: len(outer) + len(head.triangles)]
        # columns: texture coordinates, light, position in the picture; see `paint_seen`
        self._looks = np.zeros((len(self._vertices), 8), dtype=np.float32)
        self._uv, self._shade = self._looks[:, :2], self._looks[:, 2:5]
        self._uv[:] = np.concatenate([texture_coordinates(head), hair.uv])
        lining = np.append(_LINING_SHADE * look.hair, 1.0) * hair.is_lining[:, None]
        self._colour = np.ascontiguousarray(np.concatenate([look.vertex_colour, lining]), dtype=np.float32)
        is_eye = np.append(np.isin(head.group, (LEFT_EYE, RIGHT_EYE)), np.zeros(len(hair.vertices), dtype=bool))
        is_painted = (self._colour[self._triangles, 3] > _MIN_PAINT).any(axis=1)
        kinds = np.where(is_eye[self._triangles].all(axis=1), EYE, np.where(is_painted, PAINTED, TEXTURED))
        self._kinds = kinds.astype(np.uint8)

    def render(
        self,
        action_units: Mapping[str, float],
        *,
        pose: Pose | None = None,
        light: Light | None = None,
        background: UInt8Array | None = None,
        hand: tuple[HandCourse, int] | None = None,
    ) -> UInt8Array:
        """Draw a picture.

        Parameters
        ----------
        action_units : mapping of str to float
            Intensities 0..1 by name (`expressions.AU_NAMES`); others are 0.
        pose : Pose, optional
        light : Light, optional
        background : ndarray of uint8, shape (height, width, 3), optional
            RGB; by default the wall of `light`.
        hand : (HandCourse, int), optional
            A hand in front of the face, and the number of the frame.

        Returns
        -------
        ndarray of uint8, shape (height, width, 3)
            RGB.

        Raises
        ------
        SettingsError
            For an unknown action unit.
        """
        check_action_units(action_units)
        pose, light = pose or Pose(), light or Light()
        image = self._paint_wall(light, background)
        depth = self._draw_mesh(image, action_units, pose, light, skin=self._appearance.skin, eye=self._appearance.eye)
        if self._appearance.glasses is not None:
            self._draw_glasses(image, depth, pose, light)
        if hand is not None:
            image = self._draw_hand(image, hand, pose, light)
        if self._camera.supersample > 1:
            size = (self._camera.width, self._camera.height)
            image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        return image

    def _draw_mesh(
        self,
        image: UInt8Array,
        action_units: Mapping[str, float],
        pose: Pose,
        light: Light,
        *,
        skin: UInt8Array,
        eye: Float32Array,
    ) -> Float32Array:
        """Draw head and hair into the image: pose, visibility, light, colours; return the depth buffer."""
        # 1. expression, rotation and projection
        weights = blendshape_weights(action_units, lids=self._lids)
        vertices = pose_vertices(self._vertices, pack_targets(self._head), weights, pose.rotation())
        points = self._camera.project(vertices, pose)
        look, cloth = self._appearance, np.array(self._appearance.cloth, dtype=np.float32) * light.level()
        # 2. cloth below the mesh, which covers most of it
        for edge in self._edges:
            paint_below(image, points[edge], cloth)
        # 3. the nearest triangle of every pixel: hidden ones need neither light nor colours
        height, width = image.shape[:2]
        depth = np.full((height, width + LANES), NOTHING, dtype=np.float32)
        seen = np.full(depth.shape, -1, dtype=np.int32)
        find_seen(points, self._triangles, width, depth, seen)
        # 4. light of the visible vertices, then colours of the pixels
        self._light_up(vertices, points, seen, light)
        strength = look.wrinkle_rest + look.wrinkle_gain * np.array(wrinkle_weights(action_units), dtype=np.float32)
        paint_seen(
            self._triangles,
            self._kinds,
            seen,
            self._looks,
            self._colour,
            skin,
            self._wrinkles,
            np.asarray(strength / _WRINKLE_STEPS, dtype=np.float32),
            eye,
            image,
        )
        return depth[:, :width]

    def _light_up(self, vertices: Float32Array, points: Float32Array, seen: Int32Array, light: Light) -> None:
        """Compute the light of the vertices of visible triangles; others keep their old values."""
        is_seen = np.zeros(len(vertices), dtype=np.bool_)
        mark_vertices(seen, self._triangles, points, is_seen, self._looks)
        lit = np.ones(len(vertices), dtype=np.float32)
        lamps, ambient = light.arrays()
        if light.shadow > 0:
            axes = _lamp_axes(lamps[0])
            shadow_vertices(vertices, self._lit_triangles, axes, _SHADOW_CELLS, light.shadow, is_seen, lit)
        shade_vertices(vertices, self._lit_triangles, lamps, ambient, is_seen, lit, self._shade)

    def _paint_wall(self, light: Light, background: UInt8Array | None) -> UInt8Array:
        """Make the background in the size of the samples."""
        scale = self._camera.supersample
        size = (self._camera.width * scale, self._camera.height * scale)
        if background is not None:
            enlarged = cv2.resize(background, size, interpolation=cv2.INTER_LINEAR)
            return np.ascontiguousarray(enlarged, dtype=np.uint8)
        walls = (light.wall_top, light.wall_bottom)
        if walls not in self._walls:
            self._walls = {walls: draw_plain_wall(*walls, width=size[0], height=size[1])}
        return self._walls[walls].copy()

    def _draw_glasses(self, picture: UInt8Array, depth: Float32Array, pose: Pose, light: Light) -> None:
        """Draw the glasses, with a reflection of the first lamp."""
        if self._glasses is None:
            return
        camera, turn = self._camera, pose.rotation().T
        # the reflection of the first lamp moves against the head
        towards = light.lamps[0][0] / (abs(light.lamps[0][2]) + 1.0)
        draw_glasses(
            picture,
            depth,
            self._glasses,
            project=lambda points: camera.project(np.ascontiguousarray(points @ turn), pose),
            unit_px=camera.unit_px * pose.zoom,
            level=light.level(),
            glint_shift=float(np.clip(towards - 1.5 * pose.yaw, -_GLINT_REACH, _GLINT_REACH)),
        )

    def _draw_hand(self, picture: UInt8Array, hand: tuple[HandCourse, int], pose: Pose, light: Light) -> UInt8Array:
        """Draw the hand of a frame."""
        camera, (lamps, ambient) = self._camera, light.arrays()
        look = self._appearance
        middle = (camera.width / 2 + pose.x, camera.height * MIDDLE + pose.y)
        # a little in front of the face
        near = CAMERA_DISTANCE / (CAMERA_DISTANCE - 1.2)
        return draw_hand(
            picture,
            *hand,
            look=HandLook(look.tone, look.cloth),
            lamps=lamps,
            ambient=ambient,
            middle_px=(middle[0] * camera.supersample, middle[1] * camera.supersample),
            unit_px=camera.unit_px * pose.zoom * near,
        )

    def _find_lids(self) -> LidCurve:
        """Measure which share of the eyes each blink weight hides, so that AU43 means the same for everyone.

        The curve ends at the smallest weight that hides them: AU43 at 1 just closes the eyes.
        """
        open_px = self._count_eye_px(0.0)
        closures: list[float] = []
        for weight in _LID_STEPS:
            share = self._count_eye_px(weight) / max(open_px, 1)
            closures.append(max(1.0 - share, *closures, 0.0))
            if share <= _OPEN_SHARE:
                break
        return LidCurve((*closures[:-1], 1.0), _LID_STEPS[: len(closures)])

    def _count_eye_px(self, weight: float) -> int:
        """Count the visible pixels of the eyes for a blink weight: eyes are drawn large and white, all else black."""
        camera, look = self._camera, self._appearance
        image = np.zeros((camera.height * camera.supersample, camera.width * camera.supersample, 3), dtype=np.uint8)
        eyes_up = -float(PIVOT[1]) * HEAD_SHARE * _EYE_ZOOM * CAMERA_DISTANCE / (CAMERA_DISTANCE + float(PIVOT[2]))
        self._draw_mesh(
            image,
            {"AU43": weight / _LID_STEPS[-1]},
            Pose(zoom=_EYE_ZOOM, y=(eyes_up + 0.5 - MIDDLE) * camera.height),
            Light(),
            skin=np.zeros_like(look.skin),
            eye=np.full_like(look.eye, 1e4),
        )
        # white pixels are eyes: hair and teeth are darker
        return int((image.min(axis=2) >= 255).sum())


def _lamp_axes(lamp: Float32Array) -> Float32Array:
    """Compute the axes right, up and towards the lamp, as rows."""
    # written out: NumPy's cross product takes longer than shading the head
    x, y, z = (float(part) for part in lamp[:3])
    level = float(np.hypot(x, z)) + 1e-9
    right_x, right_z = z / level, -x / level
    up = (y * right_z, z * right_x - x * right_z, -y * right_x)
    return np.array([(right_x, 0.0, right_z), up, (x, y, z)], dtype=np.float32)


def _give_volume(vertices: Float32Array, hair_share: Float32Array) -> Float32Array:
    """Move vertices with painted hair outwards, so that it does not look like paint."""
    middle = np.array([0.0, 0.35, -0.1], dtype=np.float32)
    outward = vertices - middle
    outward /= np.linalg.norm(outward, axis=1, keepdims=True) + 1e-6
    return np.asarray(vertices + outward * (hair_share * _HAIR_VOLUME)[:, None], dtype=np.float32)
