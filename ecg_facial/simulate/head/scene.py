"""Scene of a clip: head motion, light, hand and camera in every frame.

Input: scene settings and a random stream. Output: a `Scene`. Angles are in radians, positions in picture widths, so
that nothing depends on the size of the picture.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ecg_facial.runtime.typing import Float64Array
from ecg_facial.simulate.grid import FPS, FRAME_TIMES_S, N_FRAMES
from ecg_facial.simulate.head.camera import CameraParameters, sample_camera
from ecg_facial.simulate.head.hand import HandCourse, sample_hand
from ecg_facial.simulate.settings.presets import SceneSettings

# frequencies of head motion and of changes of light
_MOTION_HZ = (0.08, 0.5)
_N_SCENE = 7
# two lamps of every room, and up to three more
N_LAMPS = 5


@dataclass(frozen=True, eq=False, kw_only=True)
class Scene:
    """Head, light, hand and camera of a clip; arrays have shape (N_FRAMES,) if not said otherwise.

    Attributes
    ----------
    yaw, pitch, roll : ndarray of float64
        Radians.
    x, y : ndarray of float64
        Shift in picture widths, right and down.
    zoom : ndarray of float64
        Size of the head, relative to the usual one.
    brightness : ndarray of float64
        Brightness, relative to the usual one.
    light_turn_rad : float
        Rotation of the lamps about the vertical axis.
    lamp_gains : ndarray of float64, shape (N_FRAMES, N_LAMPS, 3)
        Strength of each colour of each lamp, relative to the room's.
    hand : HandCourse or None
        The hand in front of the face.
    hand_cover : ndarray of float64
        Share of the face that the hand hides, 0..1.
    camera : CameraParameters
        Parameters of the camera.
    """

    yaw: Float64Array
    pitch: Float64Array
    roll: Float64Array
    x: Float64Array
    y: Float64Array
    zoom: Float64Array
    brightness: Float64Array
    light_turn_rad: float
    lamp_gains: Float64Array = field(default_factory=lambda: np.ones((N_FRAMES, N_LAMPS, 3)))
    hand: HandCourse | None = None
    hand_cover: Float64Array = field(default_factory=lambda: np.zeros(N_FRAMES))
    camera: CameraParameters = field(default_factory=CameraParameters)


def simulate_scene(rng: np.random.Generator, settings: SceneSettings) -> Scene:
    """Draw head motion, light, hand and camera of a trial."""
    sds = np.array(
        [
            settings.yaw_sd_rad,
            settings.pitch_sd_rad,
            settings.roll_sd_rad,
            settings.shift_sd,
            settings.shift_sd,
            settings.zoom_sd,
            settings.light_sd,
        ]
    )
    motion_sds = np.append(sds[:-1] * settings.motion_share, settings.flicker_sd)
    place = np.clip(rng.standard_normal(_N_SCENE), -2.5, 2.5) * sds
    courses = place[:, None] + motion_sds[:, None] * _wander(rng)
    yaw, pitch, roll, x, y, zoom, light = courses
    turn = settings.light_turn_sd_rad * float(np.clip(rng.standard_normal(), -2.5, 2.5))
    # later additions are drawn last, so that the scenes of earlier presets do not change
    gains = _sample_lamp_gains(rng, settings)
    hand = sample_hand(rng, settings, FRAME_TIMES_S)
    cover = np.zeros(N_FRAMES) if hand is None else hand.compute_cover()
    camera = sample_camera(rng, settings)
    return Scene(
        yaw=yaw,
        pitch=pitch,
        roll=roll,
        x=x,
        y=y,
        zoom=1.0 + zoom,
        brightness=1.0 + light,
        light_turn_rad=turn,
        lamp_gains=gains,
        hand=hand,
        hand_cover=cover,
        camera=camera,
    )


def _sample_lamp_gains(rng: np.random.Generator, settings: SceneSettings) -> Float64Array:
    """Draw the colours of each lamp in a trial, with a slow change (clouds, screens, people who pass a window)."""
    shape = (N_LAMPS, 3)
    place = settings.lamp_colour_sd * np.clip(rng.standard_normal(shape), -2.5, 2.5)
    rate_hz = _MOTION_HZ[0] + (_MOTION_HZ[1] - _MOTION_HZ[0]) * rng.random(shape)
    wave = np.sqrt(2.0) * np.sin(2.0 * np.pi * (rate_hz * FRAME_TIMES_S[:, None, None] + rng.random(shape)))
    gains: Float64Array = np.maximum(1.0 + place + settings.lamp_change_sd * wave, 0.0)
    # lamps and daylight vary between blue and orange, less between green and magenta
    gains[..., 1] = 0.5 * (gains[..., 1] + gains[..., ::2].mean(axis=-1))
    return gains


def _wander(rng: np.random.Generator) -> Float64Array:
    """Slow motion of unit variance: two waves per channel, shape (_N_SCENE, N_FRAMES)."""
    rate_hz = _MOTION_HZ[0] + (_MOTION_HZ[1] - _MOTION_HZ[0]) * rng.random((2, _N_SCENE, 1))
    phase = rng.random((2, _N_SCENE, 1))
    waves = np.sin(2.0 * np.pi * (rate_hz * np.arange(N_FRAMES) / FPS + phase))
    total: Float64Array = waves.sum(axis=0)
    return total
