"""Drawing of a cohort's frames from action units and a scene.

Input: cohort settings and a subject. Output: a function that draws one frame, by default the rendered head; tests pass
another factory to `cohort.simulate_cohort`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Protocol

import numpy as np

from ecg_facial.runtime.typing import Float64Array, UInt8Array
from ecg_facial.simulate.grid import N_FRAMES
from ecg_facial.simulate.head.camera import apply_camera
from ecg_facial.simulate.head.rooms import draw_plain_wall, draw_room, tint_room
from ecg_facial.simulate.head.scene import Scene, simulate_scene
from ecg_facial.simulate.people.nuisance import shown_action_units
from ecg_facial.simulate.people.population import TrialPlan, sample_subject, trial_rng
from ecg_facial.simulate.seeds import make_rng
from ecg_facial.simulate.settings.cohort_settings import CohortSettings
from ecg_facial.simulate.settings.presets import SceneSettings, get_preset

if TYPE_CHECKING:
    from ecg_facial.simulate.head.identity import Identity


class FrameDrawer(Protocol):
    """Function that draws the frames of one person."""

    def __call__(self, action_units: Mapping[str, float], scene: Scene, frame: int) -> UInt8Array:
        """Draw a frame.

        Parameters
        ----------
        action_units : mapping of str to float
            Intensities, 0..1; blinks are in AU43.
        scene : Scene
            Head and light of the trial.
        frame : int
            Number of the frame in the scene.

        Returns
        -------
        ndarray of uint8, shape (height, width, 3)
            RGB.
        """


DrawerFactory = Callable[[CohortSettings, int], FrameDrawer]
"""Function that makes the drawer of a subject; at module level, because worker processes import it."""


def make_face_drawer(settings: CohortSettings, index: int) -> FrameDrawer:
    """Make the drawer of a subject's rendered head.

    Identity, room and lamps are the same in all trials of the person. Their random streams start with ``"cohort"``, so
    that no head of a cohort is among those of pretraining.
    """
    from ecg_facial.simulate.head.identity import sample_identity

    subject = sample_subject(settings, index)
    streams = partial(make_rng, settings.seed, "cohort", index)
    identity = sample_identity(streams("identity"), sex=subject.sex, age_years=subject.age_years)
    scene_settings = get_preset(settings.preset).scene
    return make_person_drawer(identity, scene_settings, streams=streams, width=settings.width, height=settings.height)


def make_person_drawer(
    identity: Identity,
    settings: SceneSettings,
    *,
    streams: Callable[[str], np.random.Generator],
    width: int,
    height: int,
) -> FrameDrawer:
    """Make the drawer of a head in its room.

    Parameters
    ----------
    identity : Identity
    settings : SceneSettings
        Rooms and lamps of the population.
    streams : callable
        Makes the person's random stream of a purpose: ``"light"``, ``"lamps"``, ``"room"``.
    width, height : int
        Size of the pictures in pixels.
    """
    from ecg_facial.simulate.head.renderer import FaceRenderer, Light, Pose

    renderer = FaceRenderer(identity, width=width, height=height)
    light = Light.sample(streams("light"))
    light = light.add_lamps(streams("lamps"), n_lamps=settings.extra_lamps, shadow=settings.shadow)
    room_rng = streams("room")
    is_furnished = room_rng.random() < settings.room_share
    size = {"width": width, "height": height}
    room = draw_room(room_rng, **size) if is_furnished else draw_plain_wall(light.wall_top, light.wall_bottom, **size)
    # the picture of the room has the usual brightness: lamps are applied relative to it
    usual = float(light.level().mean())

    def draw(action_units: Mapping[str, float], scene: Scene, frame: int) -> UInt8Array:
        pose = Pose(
            yaw=float(scene.yaw[frame]),
            pitch=float(scene.pitch[frame]),
            roll=float(scene.roll[frame]),
            x=float(scene.x[frame]) * width,
            y=float(scene.y[frame]) * width,
            zoom=float(scene.zoom[frame]),
        )
        gains = scene.lamp_gains[frame]
        lamps = tuple(
            _change_lamp(lamp, scene.light_turn_rad, gain) for lamp, gain in zip(light.lamps, gains, strict=False)
        )
        lit = replace(light, lamps=lamps)
        picture = renderer.render(
            action_units,
            pose=pose,
            light=lit,
            background=tint_room(room, lit.level() / usual),
            hand=None if scene.hand is None else (scene.hand, frame),
        )
        return apply_camera(picture, scene.camera, brightness=float(scene.brightness[frame]), frame=frame)

    return draw


def _change_lamp(lamp: tuple[float, ...], turn_rad: float, gain: Float64Array) -> tuple[float, ...]:
    """Rotate a lamp (x, y, z of its direction, then RGB) about the vertical axis, and scale its colours."""
    x, y, z, *strength = lamp
    cosine, sine = math.cos(turn_rad), math.sin(turn_rad)
    return (cosine * x + sine * z, y, cosine * z - sine * x, *(np.array(strength) * gain).tolist())


def simulate_trial_scene(settings: CohortSettings, plan: TrialPlan) -> Scene:
    """Simulate the scene of a trial, without pictures; `Scene.hand_cover` tells which frames show the whole face."""
    return simulate_scene(trial_rng(settings, plan, purpose="scene"), get_preset(settings.preset).scene)


def draw_frames(drawer: FrameDrawer, action_units: Float64Array, scene: Scene) -> Iterator[UInt8Array]:
    """Draw the frames of a trial.

    Parameters
    ----------
    drawer : FrameDrawer
        The person's drawer.
    action_units : ndarray of float64, shape (15, N_FRAMES)
        `grid.ACTION_UNITS`.
    scene : Scene
        Head and light.
    """
    for frame in range(N_FRAMES):
        yield drawer(shown_action_units(action_units, frame), scene, frame)
