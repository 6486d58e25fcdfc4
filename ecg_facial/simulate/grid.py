"""Time grid of a trial, names of the action units, and two functions that the whole simulator uses.

Input: nothing. Output: constants.
"""

from __future__ import annotations

import numpy as np

from ecg_facial.runtime.typing import Float64Array
from ecg_facial.simulate.settings.presets import Range

# as in BioVid Part A: 5.5 s at 25 frames per second, 138 frames
TRIAL_S = 5.5
FPS = 25.0
N_FRAMES = 138
FRAME_TIMES_S: Float64Array = np.arange(N_FRAMES) / FPS
# the action units of the Prkachin-Solomon pain intensity
PAIN_AUS = ("AU04", "AU06", "AU07", "AU09", "AU10", "AU43")


def uniform(rng: np.random.Generator, limits: Range) -> float:
    """Draw from a uniform distribution between two limits."""
    return limits[0] + (limits[1] - limits[0]) * rng.random()


def smooth_step(position: Float64Array) -> Float64Array:
    """Rise from 0 at position 0 to 1 at position 1, with flat ends."""
    inside = np.clip(position, 0.0, 1.0)
    return inside * inside * (3.0 - 2.0 * inside)


GAZE_AUS = ("AU61", "AU62", "AU63", "AU64")
NUISANCE_AUS = ("AU12", "AU25", "AU45", "AU26", "AU27", *GAZE_AUS)
ACTION_UNITS = PAIN_AUS + NUISANCE_AUS
"""Action units of the truth, in order. AU45 (a blink) and AU43 (eyes closed in pain or a yawn) move the same lid."""
