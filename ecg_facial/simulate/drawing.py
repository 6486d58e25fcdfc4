"""How a cohort's frames are drawn: action units and a scene in, a picture out.

Enters: cohort settings and a subject. Leaves: a function that draws one frame. The rendered head is the default; tests
and experiments pass a factory of their own to `cohort.simulate_cohort`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from ecg_facial.simulate.nuisance import Scene, shown_action_units
from ecg_facial.simulate.population import CohortSettings, sample_subject
from ecg_facial.simulate.response import N_FRAMES, FloatArray
from ecg_facial.simulate.seeds import make_rng

Picture = NDArray[np.uint8]


class FrameDrawer(Protocol):
    """Draws one person's frames."""

    def __call__(self, action_units: Mapping[str, float], scene: Scene, frame: int) -> Picture:
        """Draw a frame.

        Parameters
        ----------
        action_units : mapping of str to float
            What the face shows, 0..1; blinks are in AU43.
        scene : Scene
            Head and light of the trial.
        frame : int
            Which of the scene's frames.

        Returns
        -------
        ndarray of uint8, shape (height, width, 3)
            RGB.
        """


DrawerFactory = Callable[[CohortSettings, int], FrameDrawer]
"""Makes the drawer of the subject with an index; a function at module level, as worker processes import it."""


def make_face_drawer(settings: CohortSettings, index: int) -> FrameDrawer:
    """Make the drawer of a subject's rendered head.

    Identity and room light belong to the person; their random streams start with ``"cohort"``, so that no head of a
    cohort is among the pretraining heads.
    """
    from ecg_facial.simulate.identity import sample_identity
    from ecg_facial.simulate.renderer import FaceRenderer, Light, Pose

    subject = sample_subject(settings, index)
    rng = make_rng(settings.seed, "cohort", index, "identity")
    identity = sample_identity(rng, sex=subject.sex, age_years=subject.age_years)
    renderer = FaceRenderer(identity, width=settings.width, height=settings.height)
    light = Light.sample(make_rng(settings.seed, "cohort", index, "light"))

    @lru_cache(maxsize=1)
    def turned_light(turn_rad: float) -> Light:
        return replace(light, lamps=tuple(_turn_lamp(lamp, turn_rad) for lamp in light.lamps))

    def draw(action_units: Mapping[str, float], scene: Scene, frame: int) -> Picture:
        pose = Pose(
            yaw=float(scene.yaw[frame]),
            pitch=float(scene.pitch[frame]),
            roll=float(scene.roll[frame]),
            x=float(scene.x[frame]) * settings.width,
            y=float(scene.y[frame]) * settings.width,
            zoom=float(scene.zoom[frame]),
        )
        picture = renderer.render(action_units, pose=pose, light=turned_light(scene.light_turn_rad))
        return _brighten(picture, factor=float(scene.brightness[frame]))

    return draw


def _turn_lamp(lamp: tuple[float, ...], turn_rad: float) -> tuple[float, ...]:
    """Turn a lamp (x, y, z of its direction, then RGB) about the vertical axis."""
    x, y, z, *strength = lamp
    cosine, sine = math.cos(turn_rad), math.sin(turn_rad)
    return (cosine * x + sine * z, y, cosine * z - sine * x, *strength)


def _brighten(picture: Picture, *, factor: float) -> Picture:
    bright: Picture = cv2.convertScaleAbs(picture, alpha=max(0.0, factor)).astype(np.uint8, copy=False)
    return bright


def draw_frames(drawer: FrameDrawer, action_units: FloatArray, scene: Scene) -> Iterator[Picture]:
    """Draw a trial frame by frame.

    Parameters
    ----------
    drawer : FrameDrawer
        The person's drawer.
    action_units : ndarray of float64, shape (9, N_FRAMES)
        `nuisance.ACTION_UNITS`.
    scene : Scene
        Head and light.
    """
    for frame in range(N_FRAMES):
        yield drawer(shown_action_units(action_units, frame), scene, frame)
