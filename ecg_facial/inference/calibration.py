"""Temperatures of a model's logits, and how they were found.

Input: logits. Output: scaled logits. Fitting a temperature belongs to the training side
(`ecg_facial.evaluation.statistics.calibration`); this module only holds and applies one, and needs numpy alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from ecg_facial.errors import SettingsError
from ecg_facial.runtime.settings import strict_settings
from ecg_facial.runtime.typing import Float64Array, FloatArray


@strict_settings
@dataclass(frozen=True, kw_only=True)
class Temperature:
    """A number by which logits are divided: above 1 lowers the confidence of a model, below 1 raises it.

    Attributes
    ----------
    value : float
        Above 0; 1 changes nothing.
    n_subjects, n_trials : int
        On how many it was fitted, or would have been.
    reason : str
        Why it is 1, or lies at the limit of the search; empty where it was fitted freely.

    Raises
    ------
    SettingsError
        For a value that is not finite and above 0, or counts below 0.

    References
    ----------
    .. [1] Guo et al., "On calibration of modern neural networks", ICML 2017.
    """

    value: float = 1.0
    n_subjects: int = 0
    n_trials: int = 0
    reason: str = "not calibrated"

    def __post_init__(self) -> None:
        if not (math.isfinite(self.value) and self.value > 0):
            raise SettingsError(f"temperature {self.value}: expected a finite number above 0; 1 changes nothing")
        if min(self.n_subjects, self.n_trials) < 0:
            raise SettingsError(
                f"temperature from {self.n_subjects} subjects, {self.n_trials} trials: expected 0 or more of both"
            )

    def scale(self, logits: FloatArray) -> Float64Array:
        """Divide logits by the temperature; their order, and so the decision, stays.

        Examples
        --------
        >>> Temperature(value=2.0).scale(np.array([3.0, 1.0]))
        array([1.5, 0.5])
        """
        return np.asarray(logits, dtype=np.float64) / self.value


@strict_settings
@dataclass(frozen=True, kw_only=True)
class Temperatures:
    """One temperature for each of the built-in models.

    Attributes
    ----------
    facial, ecg : Temperature
        Of each network's own logits.
    fusion : Temperature
        Of the weighted sum of both networks' logits.
    """

    facial: Temperature = field(default_factory=Temperature)
    ecg: Temperature = field(default_factory=Temperature)
    fusion: Temperature = field(default_factory=Temperature)
