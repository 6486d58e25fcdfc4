"""What a simulated camera sees that is not pain: blinks, smiles, mouth motion, head motion, light.

Enters: presets and random streams. Leaves: action-unit curves of the nuisances and the scene of every frame. Angles
are in radians, places in picture widths, so that nothing depends on the picture's size.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ecg_facial.simulate.presets import NuisanceSettings, SceneSettings
from ecg_facial.simulate.response import (
    FPS,
    FRAME_TIMES_S,
    N_FRAMES,
    PAIN_AUS,
    TRIAL_S,
    FaceResponse,
    FloatArray,
    smooth_step,
    uniform,
)

NUISANCE_AUS = ("AU12", "AU25", "AU45")
ACTION_UNITS = PAIN_AUS + NUISANCE_AUS
"""Action units of the truth, in order. AU45 (a blink) and AU43 (eyes closed in pain) move the same lid."""

_TRUE_SMILE_CHEEK = 0.4
_SYLLABLES_HZ = (2.0, 4.0)
_SMILE_S = (1.0, 2.5)
_SPEECH_S = (0.8, 2.0)
_EVENT_EDGE_S = 0.3
_MOTION_HZ = (0.08, 0.5)
_N_SCENE = 7


@dataclass(frozen=True, eq=False)
class Scene:
    """Where the head is and how it is lit, frame by frame; every array has shape (N_FRAMES,).

    Attributes
    ----------
    yaw, pitch, roll : ndarray of float64
        Radians.
    x, y : ndarray of float64
        Shift in picture widths, right and down.
    zoom : ndarray of float64
        Size of the head relative to the usual one.
    brightness : ndarray of float64
        Light relative to the usual one.
    light_turn_rad : float
        Turn of the main light about the vertical axis.
    """

    yaw: FloatArray
    pitch: FloatArray
    roll: FloatArray
    x: FloatArray
    y: FloatArray
    zoom: FloatArray
    brightness: FloatArray
    light_turn_rad: float


def simulate_nuisance(rng: np.random.Generator, settings: NuisanceSettings, *, blinks_per_s: float) -> FloatArray:
    """Curves of the nuisance action units.

    Parameters
    ----------
    rng : Generator
        The trial's own stream.
    settings : NuisanceSettings
        The population's habits.
    blinks_per_s : float
        The person's blink rate.

    Returns
    -------
    ndarray of float64, shape (4, N_FRAMES)
        `NUISANCE_AUS`, then the AU06 of true smiles; 0..1.
    """
    curves = np.zeros((len(NUISANCE_AUS) + 1, N_FRAMES))
    smiles, is_true, speaks = rng.random(3) < (settings.smile_share, settings.true_smile_share, settings.speech_share)
    if smiles:
        curves[0] = uniform(rng, settings.smile) * _event(rng, _SMILE_S)
        curves[3] = _TRUE_SMILE_CHEEK * curves[0] * is_true
    if speaks:
        syllables = np.sin(np.pi * uniform(rng, _SYLLABLES_HZ) * FRAME_TIMES_S + np.pi * rng.random()) ** 2
        curves[1] = uniform(rng, settings.speech) * syllables * _event(rng, _SPEECH_S)
    curves[2] = _blinks(rng, settings, blinks_per_s=blinks_per_s)
    return curves


def _event(rng: np.random.Generator, length_s: tuple[float, float]) -> FloatArray:
    start_s = rng.random() * TRIAL_S
    end_s = start_s + uniform(rng, length_s)
    rise = smooth_step((FRAME_TIMES_S - start_s) / _EVENT_EDGE_S)
    return rise * smooth_step((end_s - FRAME_TIMES_S) / _EVENT_EDGE_S)


def _blinks(rng: np.random.Generator, settings: NuisanceSettings, *, blinks_per_s: float) -> FloatArray:
    closure = np.zeros(N_FRAMES)
    for _ in range(int(rng.poisson(blinks_per_s * TRIAL_S))):
        start_s, length_s = rng.random() * TRIAL_S, uniform(rng, settings.blink_s)
        phase = (FRAME_TIMES_S - start_s) / length_s
        # The square root of a sine arch is shut for most of the blink, as lids are; 25 fps would miss a peaked arch.
        arch = np.where((phase > 0.0) & (phase < 1.0), np.sqrt(np.abs(np.sin(np.pi * phase))), 0.0)
        np.maximum(closure, arch, out=closure)
    return closure


def combine_action_units(face: FaceResponse, nuisance: FloatArray) -> FloatArray:
    """All action units that the face shows.

    Parameters
    ----------
    face : FaceResponse
        The pain response.
    nuisance : ndarray of float64, shape (4, N_FRAMES)
        From `simulate_nuisance`.

    Returns
    -------
    ndarray of float64, shape (9, N_FRAMES)
        `ACTION_UNITS`, 0..1. AU06 is the stronger of pain and smile.
    """
    pain = face.action_units.copy()
    cheek = PAIN_AUS.index("AU06")
    pain[cheek] = np.maximum(pain[cheek], nuisance[-1])
    return np.concatenate([pain, nuisance[:-1]])


def shown_action_units(action_units: FloatArray, frame: int) -> dict[str, float]:
    """Give the action units of one frame to the renderer, where blinks and pain share the lid (AU43).

    Parameters
    ----------
    action_units : ndarray of float64, shape (9, N_FRAMES)
        `ACTION_UNITS`.
    frame : int
        Frame number.
    """
    shown = dict(zip(ACTION_UNITS, action_units[:, frame].tolist(), strict=True))
    shown["AU43"] = max(shown["AU43"], shown.pop("AU45"))
    return shown


def simulate_scene(rng: np.random.Generator, settings: SceneSettings) -> Scene:
    """Draw camera, head motion and light of a trial."""
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
    return Scene(yaw, pitch, roll, x, y, 1.0 + zoom, 1.0 + light, turn)


def _wander(rng: np.random.Generator) -> FloatArray:
    """Slow motion of unit variance: two waves per channel, shape (_N_SCENE, N_FRAMES)."""
    rate_hz = _MOTION_HZ[0] + (_MOTION_HZ[1] - _MOTION_HZ[0]) * rng.random((2, _N_SCENE, 1))
    phase = rng.random((2, _N_SCENE, 1))
    waves = np.sin(2.0 * np.pi * (rate_hz * np.arange(N_FRAMES) / FPS + phase))
    total: FloatArray = waves.sum(axis=0)
    return total
