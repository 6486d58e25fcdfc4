"""Settings of the fusion and of its calibration: the original's weights, and how many people tell a temperature.

Input: weights. Output: nothing, or an error. Imports no numpy: the command line is made from it.
"""

from __future__ import annotations

import math

from ecg_facial.errors import SettingsError

FACE_WEIGHT, ECG_WEIGHT = 0.8, 0.2
"""The original's weights of the face and the ECG logits."""

# Measured by `benchmarks/calibration.py`: a temperature fitted on the trials of one person raises the log loss on other
# people even for a model that is 2.5 times overconfident, however many trials there are; with four people it falls.
MIN_CALIBRATION_SUBJECTS = 4
# From 16 trials log loss rises even for such a model.
MIN_CALIBRATION_TRIALS = 20


def check_weights(face_weight: float, ecg_weight: float) -> None:
    """Check the weights of a fusion.

    Raises
    ------
    SettingsError
        When one is negative or not finite, or both are 0.
    """
    weights = (face_weight, ecg_weight)
    if not all(math.isfinite(weight) and weight >= 0 for weight in weights) or not any(weights):
        raise SettingsError(f"fusion weights {face_weight} (face), {ecg_weight} (ECG): expected 0 or more, not both 0")
