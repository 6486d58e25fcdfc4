"""Facial movements that are not pain: blinks, smiles, motion of the mouth, yawns, glances.

Input: a preset's settings and a random stream. Output: curves of the action units. Head motion, light and hands are in
`head.scene`.
"""

from __future__ import annotations

import numpy as np

from ecg_facial.runtime.typing import Float64Array
from ecg_facial.simulate.grid import (
    ACTION_UNITS,
    FRAME_TIMES_S,
    GAZE_AUS,
    N_FRAMES,
    NUISANCE_AUS,
    PAIN_AUS,
    TRIAL_S,
    smooth_step,
    uniform,
)
from ecg_facial.simulate.people.response import FaceResponse
from ecg_facial.simulate.settings.presets import NuisanceSettings

_SHARED_AUS = ("AU06", "AU43")
"""Action units of pain that a smile (AU06) and a yawn (AU43) move too: the last rows of the nuisance curves."""

# AU06 of a true (Duchenne) smile, relative to AU12
_TRUE_SMILE_CHEEK = 0.4
_SYLLABLES_HZ = (2.0, 4.0)
_SMILE_S = (1.0, 2.5)
_SPEECH_S = (0.8, 2.0)
# rise and fall of smiles and motion of the mouth
_EVENT_EDGE_S = 0.3
# a yawn: length, rise and fall, and AU25 relative to AU27
_YAWN_S, _YAWN_EDGE_S, _YAWN_LIPS = (2.5, 4.5), 1.2, 0.4
# glances: number, length, and length of a saccade
_GLANCES, _GLANCE_S, _SACCADE_S = (1, 3), (0.4, 2.0), 0.08


def simulate_nuisance(rng: np.random.Generator, settings: NuisanceSettings, *, blinks_per_s: float) -> Float64Array:
    """Simulate the curves of the nuisance action units.

    Parameters
    ----------
    rng : Generator
        The trial's own stream.
    settings : NuisanceSettings
        Parameters of the population.
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


def _event(rng: np.random.Generator, length_s: tuple[float, float], *, edge_s: float = _EVENT_EDGE_S) -> Float64Array:
    start_s = rng.random() * TRIAL_S
    return _pulse(start_s, start_s + uniform(rng, length_s), edge_s=edge_s)


def _pulse(start_s: float, end_s: float, *, edge_s: float) -> Float64Array:
    rise = smooth_step((FRAME_TIMES_S - start_s) / edge_s)
    return rise * smooth_step((end_s - FRAME_TIMES_S) / edge_s)


def _glances(rng: np.random.Generator, settings: NuisanceSettings) -> Float64Array:
    """Curves of `GAZE_AUS`: the eyes jump to a place, stay there and jump back, one glance after another."""
    curves = np.zeros((len(GAZE_AUS), N_FRAMES))
    start_s = rng.random() * TRIAL_S / 2
    for _ in range(int(rng.integers(_GLANCES[0], _GLANCES[1] + 1))):
        end_s = start_s + uniform(rng, _GLANCE_S)
        direction = 2.0 * np.pi * rng.random()
        course = uniform(rng, settings.gaze) * _pulse(start_s, end_s, edge_s=_SACCADE_S)
        across, up = np.cos(direction), np.sin(direction)
        # eyes turn half as far up and down as sideways
        shares = np.maximum([across, -across, up / 2, -up / 2], 0.0)
        np.maximum(curves, shares[:, None] * course, out=curves)
        start_s = end_s + uniform(rng, _GLANCE_S)
    return curves


def _blinks(rng: np.random.Generator, settings: NuisanceSettings, *, blinks_per_s: float) -> Float64Array:
    """Curve of AU45: a Poisson number of blinks at random times."""
    closure = np.zeros(N_FRAMES)
    for _ in range(int(rng.poisson(blinks_per_s * TRIAL_S))):
        start_s, length_s = rng.random() * TRIAL_S, uniform(rng, settings.blink_s)
        phase = (FRAME_TIMES_S - start_s) / length_s
        # The square root of a half sine is near 1 for most of the blink, as lids are; 25 fps would miss a sharp peak.
        arch = np.where((phase > 0.0) & (phase < 1.0), np.sqrt(np.abs(np.sin(np.pi * phase))), 0.0)
        np.maximum(closure, arch, out=closure)
    return closure


def combine_action_units(face: FaceResponse, nuisance: Float64Array) -> Float64Array:
    """Combine pain and nuisance to all action units of the face.

    Parameters
    ----------
    face : FaceResponse
        The pain response.
    nuisance : ndarray of float64, shape (11, N_FRAMES)
        From `simulate_nuisance`.

    Returns
    -------
    ndarray of float64, shape (15, N_FRAMES)
        `ACTION_UNITS`, 0..1. AU06 is the maximum of pain and smile, AU43 of pain and yawn.
    """
    pain = face.action_units.copy()
    for unit, curve in zip(_SHARED_AUS, nuisance[-len(_SHARED_AUS) :], strict=True):
        row = PAIN_AUS.index(unit)
        pain[row] = np.maximum(pain[row], curve)
    return np.concatenate([pain, nuisance[: -len(_SHARED_AUS)]])


def shown_action_units(action_units: Float64Array, frame: int) -> dict[str, float]:
    """List the action units of one frame for the renderer, in which blinks (AU45) close the lid as AU43 does.

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
