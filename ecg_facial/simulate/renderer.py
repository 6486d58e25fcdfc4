"""Pictures of simulated heads.

Enters: an identity; per frame action units, pose, light, background. Leaves: an RGB picture. The same arguments give
the same bytes on the same machine and versions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from ecg_facial.simulate.appearance import Glasses, make_appearance, texture_coordinates
from ecg_facial.simulate.expressions import LidCurve, blendshape_weights, check_action_units, wrinkle_weights
from ecg_facial.simulate.hair import make_hair_outline, paint_below, paint_hair
from ecg_facial.simulate.hand import HandCourse, HandLook, draw_hand
from ecg_facial.simulate.head import LEFT_EYE, RIGHT_EYE, FloatArray, load_head
from ecg_facial.simulate.identity import Identity
from ecg_facial.simulate.light import Light
from ecg_facial.simulate.rasteriser import rasterise, shade_vertices, shadow_vertices

__all__ = ["FaceRenderer", "Light", "Pose"]

Picture = NDArray[np.uint8]
_CAMERA_DISTANCE = 9.0
_HEAD_SHARE = 0.33
_MIDDLE = 0.53
_HAIR_VOLUME = 0.07
_PIVOT = np.array([0.0, -0.35, -0.9], dtype=np.float32)
_LID_STEPS = (0.0, 0.15, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1)
_OPEN_SHARE = 0.03
_EYE_ZOOM = 2.5
_SHADOW_CELLS = 72
_ARM_X, _ARM_Y, _CHEST_Y = 1.3, -1.2, -1.9


@dataclass(frozen=True)
class Pose:
    """Where a head is: angles in radians, shift in pixels, zoom 1 for a head of the usual size."""

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    x: float = 0.0
    y: float = 0.0
    zoom: float = 1.0

    def rotation(self) -> FloatArray:
        """Rotation matrix: yaw, then pitch, then roll."""
        cy, sy, cp, sp = np.cos(self.yaw), np.sin(self.yaw), np.cos(self.pitch), np.sin(self.pitch)
        cr, sr = np.cos(self.roll), np.sin(self.roll)
        turn = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
        nod = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
        tilt = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
        return np.asarray(tilt @ nod @ turn, dtype=np.float32)


@dataclass(frozen=True)
class _Camera:
    width: int
    height: int
    supersample: int
    unit_px: float = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "unit_px", self.height * self.supersample * _HEAD_SHARE)

    def project(self, vertices: FloatArray, pose: Pose) -> FloatArray:
        """Pixels and depth of vertices already turned; a pinhole at `_CAMERA_DISTANCE`."""
        focal = self.unit_px * pose.zoom * _CAMERA_DISTANCE / (_CAMERA_DISTANCE - vertices[:, 2])
        scale = self.supersample
        points = np.empty_like(vertices)
        points[:, 0] = (self.width / 2 + pose.x) * scale + focal * vertices[:, 0]
        points[:, 1] = (self.height * _MIDDLE + pose.y) * scale - focal * vertices[:, 1]
        points[:, 2] = vertices[:, 2]
        return points


class FaceRenderer:
    """Draws one person.

    Parameters
    ----------
    identity : Identity
        Who.
    width, height : int
        Size of the pictures in pixels.
    supersample : int
        Samples per pixel in each direction; 2 smooths edges at 2.5 times the cost.
    has_long_hair : bool
        Hair over the ears and down to the shoulders instead of short hair.

    Raises
    ------
    MissingDependencyError
        Where numba is not installed.
    """

    def __init__(
        self,
        identity: Identity,
        *,
        width: int = 320,
        height: int = 240,
        supersample: int = 1,
        has_long_hair: bool = False,
    ) -> None:
        self._head = load_head()
        self._camera = _Camera(width, height, supersample)
        self._appearance = make_appearance(identity, self._head, has_long_hair=has_long_hair)
        neutral = identity.mesh(self._head)
        eyes = [self._head.centre_of(neutral, side) for side in (LEFT_EYE, RIGHT_EYE)]
        centred = neutral - (np.mean(eyes, axis=0, dtype=np.float32) + _PIVOT)
        self._vertices = np.ascontiguousarray(_give_volume(centred, self._appearance.hair_share))
        self._hair = make_hair_outline() if has_long_hair else None
        self._edges = _find_cut_edges(centred)
        self._uv = texture_coordinates(self._head)
        is_eye = np.isin(self._head.group, (LEFT_EYE, RIGHT_EYE))
        self._eye_triangles = np.ascontiguousarray(is_eye[self._head.triangles].all(axis=1))
        self._walls: dict[tuple[tuple[float, ...], ...], Picture] = {}
        self._lids = LidCurve(weights=(0.0, _LID_STEPS[-1]))
        self._lids = self._find_lids()

    def render(
        self,
        action_units: Mapping[str, float],
        *,
        pose: Pose | None = None,
        light: Light | None = None,
        background: Picture | None = None,
        hand: tuple[HandCourse, int] | None = None,
    ) -> Picture:
        """Draw a picture.

        Parameters
        ----------
        action_units : mapping of str to float
            Intensities 0..1 by FACS name (`expressions.AU_NAMES`); units left out are 0.
        pose : Pose, optional
        light : Light, optional
        background : ndarray of uint8, shape (height, width, 3), optional
            RGB; the light's wall where None.
        hand : (HandCourse, int), optional
            A hand before the face, and the number of its frame.

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
        points = self._draw_mesh(image, action_units, pose, light, skin=self._appearance.skin, eye=self._appearance.eye)
        if self._appearance.glasses is not None:
            image = self._draw_glasses(image, points, pose, self._appearance.glasses)
        if hand is not None:
            image = self._draw_hand(image, hand, pose, light)
        if self._camera.supersample > 1:
            size = (self._camera.width, self._camera.height)
            image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        return image

    def _draw_mesh(
        self,
        image: Picture,
        action_units: Mapping[str, float],
        pose: Pose,
        light: Light,
        *,
        skin: Picture,
        eye: FloatArray,
    ) -> FloatArray:
        vertices = self._vertices.copy()
        for name, weight in blendshape_weights(action_units, lids=self._lids).items():
            vertices += self._head.expressions[name] * np.float32(weight)
        vertices = np.ascontiguousarray(vertices @ pose.rotation().T)
        shade = np.empty_like(vertices)
        lamps, ambient = light.arrays()
        lit = np.ones(len(vertices), dtype=np.float32)
        if light.shadow > 0:
            shadow_vertices(vertices, self._head.triangles, _lamp_axes(lamps[0]), _SHADOW_CELLS, light.shadow, lit)
        shade_vertices(vertices, self._head.triangles, lamps, ambient, lit, shade)
        points = self._camera.project(vertices, pose)
        look = self._appearance
        strength = look.wrinkle_rest + look.wrinkle_gain * np.array(wrinkle_weights(action_units), dtype=np.float32)
        self._paint_behind(image, points, pose, lamps, ambient)
        depth = np.full(image.shape[:2], -1e9, dtype=np.float32)
        rasterise(
            points,
            self._head.triangles,
            self._uv,
            shade,
            self._eye_triangles,
            look.vertex_colour,
            skin,
            look.wrinkles,
            strength,
            eye,
            image,
            depth,
        )
        return points

    def _paint_behind(
        self, image: Picture, points: FloatArray, pose: Pose, lamps: FloatArray, ambient: FloatArray
    ) -> None:
        """Paint what the mesh does not hold: cloth below its cut edges, and hair that falls behind the shoulders."""
        light = ambient + 0.7 * lamps[:, 3:].sum(axis=0)
        if self._hair is not None:
            turned = np.ascontiguousarray(self._hair @ pose.rotation().T)
            paint_hair(image, self._camera.project(turned, pose), self._appearance.hair * light)
        for edge in self._edges:
            paint_below(image, points[edge], np.array(self._appearance.cloth, dtype=np.float32) * light)

    def _paint_wall(self, light: Light, background: Picture | None) -> Picture:
        scale = self._camera.supersample
        size = (self._camera.width * scale, self._camera.height * scale)
        if background is not None:
            enlarged = cv2.resize(background, size, interpolation=cv2.INTER_LINEAR)
            return np.ascontiguousarray(enlarged, dtype=np.uint8)
        walls = (light.wall_top, light.wall_bottom)
        if walls not in self._walls:
            share = np.linspace(0, 1, size[1])[:, None]
            column = np.array(light.wall_top) * (1 - share) + np.array(light.wall_bottom) * share
            self._walls = {walls: np.ascontiguousarray(np.repeat(column[:, None], size[0], axis=1), dtype=np.uint8)}
        return self._walls[walls].copy()

    def _draw_glasses(self, picture: Picture, points: FloatArray, pose: Pose, glasses: Glasses) -> Picture:
        unit = self._camera.unit_px * pose.zoom
        axes = (int(glasses.half_width * unit * np.cos(pose.yaw)), int(glasses.half_height * unit))
        angle, colour = float(np.degrees(-pose.roll)), glasses.colour
        thickness = max(1, glasses.thickness_px * self._camera.supersample * self._camera.height // 480)
        centres = []
        for side in (RIGHT_EYE, LEFT_EYE):
            middle = points[self._head.group == side].mean(axis=0)
            centre = (round(float(middle[0])), round(float(middle[1] + 0.02 * unit)))
            centres.append(centre)
            if glasses.tint:
                dark = cv2.ellipse(picture.copy(), centre, axes, angle, 0, 360, (20, 22, 26), -1)
                picture = np.asarray(cv2.addWeighted(dark, glasses.tint, picture, 1 - glasses.tint, 0), dtype=np.uint8)
            cv2.ellipse(picture, centre, axes, angle, 0, 360, colour, thickness, cv2.LINE_AA)
        bridge = [(centres[0][0] + axes[0], centres[0][1]), (centres[1][0] - axes[0], centres[1][1])]
        cv2.line(picture, bridge[0], bridge[1], colour, thickness, cv2.LINE_AA)
        return picture

    def _draw_hand(self, picture: Picture, hand: tuple[HandCourse, int], pose: Pose, light: Light) -> Picture:
        camera, (lamps, ambient) = self._camera, light.arrays()
        look = self._appearance
        middle = (camera.width / 2 + pose.x, camera.height * _MIDDLE + pose.y)
        # a little before the face's own front
        near = _CAMERA_DISTANCE / (_CAMERA_DISTANCE - 1.2)
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
        """Measure how much of the eyeballs each blink weight hides, so that AU43 means the same for everyone.

        The largest weight of the curve is the smallest that hides them: AU43 at 1 just closes the eyes.
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
        """Visible eye pixels with the blink target at `weight`: eyes are drawn large and bright, all else black."""
        camera, look = self._camera, self._appearance
        image = np.zeros((camera.height * camera.supersample, camera.width * camera.supersample, 3), dtype=np.uint8)
        eyes_up = -float(_PIVOT[1]) * _HEAD_SHARE * _EYE_ZOOM * _CAMERA_DISTANCE / (_CAMERA_DISTANCE + float(_PIVOT[2]))
        self._draw_mesh(
            image,
            {"AU43": weight / _LID_STEPS[-1]},
            Pose(zoom=_EYE_ZOOM, y=(eyes_up + 0.5 - _MIDDLE) * camera.height),
            Light(),
            skin=np.zeros_like(look.skin),
            eye=np.full_like(look.eye, 1e4),
        )
        # bright by the red channel and equal in all three: no hair or teeth is at 255
        return int((image.min(axis=2) >= 255).sum())


def _find_cut_edges(vertices: FloatArray) -> list[NDArray[np.intp]]:
    """Vertices of the shoulders and of the chest's lower end, where the mesh is cut off."""
    x, y = vertices[:, 0], vertices[:, 1]
    parts = [(x > _ARM_X) & (y < _ARM_Y), (x < -_ARM_X) & (y < _ARM_Y), y < _CHEST_Y]
    return [np.flatnonzero(part) for part in parts if part.any()]


def _lamp_axes(lamp: FloatArray) -> FloatArray:
    """Right, up and towards the lamp, as rows."""
    towards = lamp[:3]
    right = np.cross(np.array([0.0, 1.0, 0.0]), towards)
    right /= np.linalg.norm(right) + 1e-9
    return np.ascontiguousarray(np.stack([right, np.cross(towards, right), towards]), dtype=np.float32)


def _give_volume(vertices: FloatArray, hair_share: FloatArray) -> FloatArray:
    """Push hair out from the skull's middle, so that it is not a painted cap."""
    middle = np.array([0.0, 0.35, -0.1], dtype=np.float32)
    outward = vertices - middle
    outward /= np.linalg.norm(outward, axis=1, keepdims=True) + 1e-6
    return np.asarray(vertices + outward * (hair_share * _HAIR_VOLUME)[:, None], dtype=np.float32)
