"""Settings of the fusion: the weights of both models' logits.

Input: weights. Output: nothing, or an error. Imports no numpy: the command line is made from it.
"""

from __future__ import annotations

import math

from ecg_facial.errors import SettingsError

FACE_WEIGHT, ECG_WEIGHT = 0.8, 0.2
"""The original's weights of the face and the ECG logits."""


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
