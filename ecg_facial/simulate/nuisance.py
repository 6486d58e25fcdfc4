"""What a simulated camera sees that is not pain: blinks, smiles, yawns, glances, head motion, light, hands.

Enters: presets and random streams. Leaves: action-unit curves of the nuisances and the scene of every frame. Angles
are in radians, places in picture widths, so that nothing depends on the picture's size.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ecg_facial.simulate.camera import CameraTake, sample_take
from ecg_facial.simulate.hand import HandCourse, sample_hand
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

GAZE_AUS = ("AU61", "AU62", "AU63", "AU64")
NUISANCE_AUS = ("AU12", "AU25", "AU45", "AU26", "AU27", *GAZE_AUS)
ACTION_UNITS = PAIN_AUS + NUISANCE_AUS
"""Action units of the truth, in order. AU45 (a blink) and AU43 (eyes closed in pain or a yawn) move the same lid."""
_SHARED_AUS = ("AU06", "AU43")
"""Pain's units that a smile (AU06) and a yawn (AU43) move too: the last rows of the nuisance."""

_TRUE_SMILE_CHEEK = 0.4
_SYLLABLES_HZ = (2.0, 4.0)
_SMILE_S = (1.0, 2.5)
_SPEECH_S = (0.8, 2.0)
_EVENT_EDGE_S = 0.3
_YAWN_S, _YAWN_EDGE_S, _YAWN_LIPS = (2.5, 4.5), 1.2, 0.4
_GLANCES, _GLANCE_S, _SACCADE_S = (1, 3), (0.4, 2.0), 0.08
_MOTION_HZ = (0.08, 0.5)
_N_SCENE = 7
N_LAMPS = 5
"""Two lamps of every room and up to three more."""


@dataclass(frozen=True, eq=False)
class Scene:
    """Where the head is, how it is lit and what hides it, frame by frame; arrays of shape (N_FRAMES,) but for one.

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
    lamp_gains : ndarray of float64, shape (N_FRAMES, N_LAMPS, 3)
        Strength of each colour of each lamp, relative to the room's.
    hand : HandCourse or None
        The hand that comes before the face.
    hand_cover : ndarray of float64
        Share of the face that the hand hides, 0..1; 0 where none is in the way.
    camera : CameraTake
        What the camera does to the picture.
    """

    yaw: FloatArray
    pitch: FloatArray
    roll: FloatArray
    x: FloatArray
    y: FloatArray
    zoom: FloatArray
    brightness: FloatArray
    light_turn_rad: float
    lamp_gains: FloatArray = field(default_factory=lambda: np.ones((N_FRAMES, N_LAMPS, 3)))
    hand: HandCourse | None = None
    hand_cover: FloatArray = field(default_factory=lambda: np.zeros(N_FRAMES))
    camera: CameraTake = field(default_factory=CameraTake)


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
    ndarray of float64, shape (11, N_FRAMES)
        `NUISANCE_AUS`, then the AU06 of true smiles and the AU43 of yawns; 0..1.
    """
    curves = np.zeros((len(NUISANCE_AUS) + len(_SHARED_AUS), N_FRAMES))
    rows = dict(zip((*NUISANCE_AUS, *_SHARED_AUS), curves, strict=True))
    smiles, is_true, speaks = rng.random(3) < (settings.smile_share, settings.true_smile_share, settings.speech_share)
    if smiles:
        rows["AU12"][:] = uniform(rng, settings.smile) * _event(rng, _SMILE_S)
        rows["AU06"][:] = _TRUE_SMILE_CHEEK * rows["AU12"] * is_true
    if speaks:
        syllables = np.sin(np.pi * uniform(rng, _SYLLABLES_HZ) * FRAME_TIMES_S + np.pi * rng.random()) ** 2
        rows["AU25"][:] = uniform(rng, settings.speech) * syllables * _event(rng, _SPEECH_S)
        rows["AU26"][:] = settings.speech_jaw * rows["AU25"]
    rows["AU45"][:] = _blinks(rng, settings, blinks_per_s=blinks_per_s)
    yawns, glances = rng.random(2) < (settings.yawn_share, settings.gaze_share)
    if yawns:
        rows["AU27"][:] = uniform(rng, settings.yawn) * _event(rng, _YAWN_S, edge_s=_YAWN_EDGE_S)
        rows["AU25"][:] = np.maximum(rows["AU25"], _YAWN_LIPS * rows["AU27"])
        rows["AU43"][:] = settings.yawn_closure * rows["AU27"]
    if glances:
        for unit, curve in zip(GAZE_AUS, _glances(rng, settings), strict=True):
            rows[unit][:] = curve
    return curves


def _event(rng: np.random.Generator, length_s: tuple[float, float], *, edge_s: float = _EVENT_EDGE_S) -> FloatArray:
    start_s = rng.random() * TRIAL_S
    return _pulse(start_s, start_s + uniform(rng, length_s), edge_s=edge_s)


def _pulse(start_s: float, end_s: float, *, edge_s: float) -> FloatArray:
    rise = smooth_step((FRAME_TIMES_S - start_s) / edge_s)
    return rise * smooth_step((end_s - FRAME_TIMES_S) / edge_s)


def _glances(rng: np.random.Generator, settings: NuisanceSettings) -> FloatArray:
    """Draw `GAZE_AUS`: the eyes jump to a place, rest there and jump back, one glance after the other."""
    curves = np.zeros((len(GAZE_AUS), N_FRAMES))
    start_s = rng.random() * TRIAL_S / 2
    for _ in range(int(rng.integers(_GLANCES[0], _GLANCES[1] + 1))):
        end_s = start_s + uniform(rng, _GLANCE_S)
        direction = 2.0 * np.pi * rng.random()
        course = uniform(rng, settings.gaze) * _pulse(start_s, end_s, edge_s=_SACCADE_S)
        across, up = np.cos(direction), np.sin(direction)
        # the more sideways, the wider: eyes turn half as far up and down
        shares = np.maximum([across, -across, up / 2, -up / 2], 0.0)
        np.maximum(curves, shares[:, None] * course, out=curves)
        start_s = end_s + uniform(rng, _GLANCE_S)
    return curves


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
    nuisance : ndarray of float64, shape (11, N_FRAMES)
        From `simulate_nuisance`.

    Returns
    -------
    ndarray of float64, shape (15, N_FRAMES)
        `ACTION_UNITS`, 0..1. AU06 is the stronger of pain and smile, AU43 of pain and yawn.
    """
    pain = face.action_units.copy()
    for unit, curve in zip(_SHARED_AUS, nuisance[-len(_SHARED_AUS) :], strict=True):
        row = PAIN_AUS.index(unit)
        pain[row] = np.maximum(pain[row], curve)
    return np.concatenate([pain, nuisance[: -len(_SHARED_AUS)]])


def shown_action_units(action_units: FloatArray, frame: int) -> dict[str, float]:
    """Give the action units of one frame to the renderer, where blinks and pain share the lid (AU43).

    Parameters
    ----------
    action_units : ndarray of float64, shape (15, N_FRAMES)
        `ACTION_UNITS`.
    frame : int
        Frame number.
    """
    shown = dict(zip(ACTION_UNITS, action_units[:, frame].tolist(), strict=True))
    shown["AU43"] = max(shown["AU43"], shown.pop("AU45"))
    return shown


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
    # what came later is drawn last, so that it leaves the scenes of earlier presets as they were
    gains = _sample_lamp_gains(rng, settings)
    hand = sample_hand(rng, settings, FRAME_TIMES_S)
    cover = np.zeros(N_FRAMES) if hand is None else hand.compute_cover()
    camera = sample_take(rng, settings)
    return Scene(yaw, pitch, roll, x, y, 1.0 + zoom, 1.0 + light, turn, gains, hand, cover, camera)


def _sample_lamp_gains(rng: np.random.Generator, settings: SceneSettings) -> FloatArray:
    """Draw each lamp's colours of a trial, and a slow change of each: clouds, screens, people who pass a window."""
    shape = (N_LAMPS, 3)
    place = settings.lamp_colour_sd * np.clip(rng.standard_normal(shape), -2.5, 2.5)
    rate_hz = _MOTION_HZ[0] + (_MOTION_HZ[1] - _MOTION_HZ[0]) * rng.random(shape)
    wave = np.sqrt(2.0) * np.sin(2.0 * np.pi * (rate_hz * FRAME_TIMES_S[:, None, None] + rng.random(shape)))
    gains: FloatArray = np.maximum(1.0 + place + settings.lamp_change_sd * wave, 0.0)
    # lamps and daylight differ from blue to orange; casts of green and magenta are rarer
    gains[..., 1] = 0.5 * (gains[..., 1] + gains[..., ::2].mean(axis=-1))
    return gains


def _wander(rng: np.random.Generator) -> FloatArray:
    """Slow motion of unit variance: two waves per channel, shape (_N_SCENE, N_FRAMES)."""
    rate_hz = _MOTION_HZ[0] + (_MOTION_HZ[1] - _MOTION_HZ[0]) * rng.random((2, _N_SCENE, 1))
    phase = rng.random((2, _N_SCENE, 1))
    waves = np.sin(2.0 * np.pi * (rate_hz * np.arange(N_FRAMES) / FPS + phase))
    total: FloatArray = waves.sum(axis=0)
    return total
