"""The fusion of the facial and the ECG model: weights, temperatures, and what happens when a signal is missing.

Input: logits of both models, with rows of NaN where a model had nothing to look at. Output: calibrated logits or
probabilities of the facial, the ECG and the fused model. There is no other fusion in the package: training, benchmark,
bundles and `ecg_facial.fusion_model` all use `Fusion`. Fitting weights and temperatures is not done here.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ecg_facial.errors import SettingsError
from ecg_facial.inference.calibration import Temperatures
from ecg_facial.inference.settings import ECG_WEIGHT, FACE_WEIGHT, check_weights
from ecg_facial.runtime.settings import strict_settings
from ecg_facial.runtime.typing import BoolArray, Float64Array, FloatArray


@strict_settings
@dataclass(frozen=True, kw_only=True)
class Fusion:
    """Weighted sum of two models' logits, with a temperature for each of the three outputs.

    The decision is the original's: the largest value of ``face_weight * face + ecg_weight * ecg``, on the logits as
    the networks give them. Temperatures therefore never act before the sum. Each acts on one finished output and
    changes its confidence alone:

    ======================  ==============================================================
    signals of the trial    fused logits
    ======================  ==============================================================
    face and ECG            ``(face_weight * face + ecg_weight * ecg) / T_fusion``
    face alone              ``face / T_facial``: the facial model's own calibrated output
    ECG alone               ``ecg / T_ecg``: the ECG model's own calibrated output
    neither                 NaN, as probabilities too: no answer is no answer
    ======================  ==============================================================

    Calibrating each model before the sum would be another rule: the ratio of two temperatures would re-weight the
    models, and decisions would differ from the original's.

    Attributes
    ----------
    face_weight, ecg_weight : float
    n_subjects, n_trials : int
        On how many the weights were learned; 0 where they were given.
    temperatures : Temperatures

    Raises
    ------
    SettingsError
        For weights that are negative, not finite, or both 0, and for counts below 0.

    Examples
    --------
    >>> face, ecg = np.array([[2.0, 0.0], [2.0, 0.0]]), np.array([[0.0, 5.0], [np.nan, np.nan]])
    >>> Fusion().logits(face, ecg)["fusion"]
    array([[1.6, 1. ],
           [2. , 0. ]])
    """

    face_weight: float = FACE_WEIGHT
    ecg_weight: float = ECG_WEIGHT
    n_subjects: int = 0
    n_trials: int = 0
    temperatures: Temperatures = field(default_factory=Temperatures)

    def __post_init__(self) -> None:
        check_weights(self.face_weight, self.ecg_weight)
        if min(self.n_subjects, self.n_trials) < 0:
            raise SettingsError(
                f"fusion weights from {self.n_subjects} subjects, {self.n_trials} trials: expected 0 or more of both"
            )

    def combine(self, face: FloatArray, ecg: FloatArray) -> Float64Array:
        """Fuse logits before any temperature; one model's logits where the other's row is missing.

        Parameters
        ----------
        face, ecg : ndarray, shape (n, n_classes)
            A row that is not finite means that the trial lacks the signal.

        Returns
        -------
        ndarray of float64, shape (n, n_classes)
            NaN where both are missing.

        Raises
        ------
        SettingsError
            For shapes that differ.
        """
        return self._sum(face, ecg, Temperatures())

    def logits(self, face: FloatArray, ecg: FloatArray) -> dict[str, Float64Array]:
        """Calibrated logits by model: ``facial``, ``ecg`` and ``fusion``.

        Parameters
        ----------
        face, ecg : ndarray, shape (n, n_classes)
            As in `combine`.

        Returns
        -------
        dict of str to ndarray of float64, shape (n, n_classes)
            NaN where a model had nothing to look at.

        Raises
        ------
        SettingsError
            For shapes that differ.
        """
        chosen = self.temperatures
        return {
            "facial": chosen.facial.scale(face),
            "ecg": chosen.ecg.scale(ecg),
            "fusion": self._sum(face, ecg, chosen),
        }

    def probabilities(self, face: FloatArray, ecg: FloatArray) -> dict[str, Float64Array]:
        """Calibrated probabilities by model; NaN where a model had nothing to look at.

        Parameters
        ----------
        face, ecg : ndarray, shape (n, n_classes)
            As in `combine`.

        Returns
        -------
        dict of str to ndarray of float64, shape (n, n_classes)

        Raises
        ------
        SettingsError
            For shapes that differ.
        """
        return {model: to_probabilities(values) for model, values in self.logits(face, ecg).items()}

    def coefficients(self, temperatures: Temperatures | None = None) -> Float64Array:
        """Factors of the face's and the ECG's logits, and the divisor of their sum, by which signals a trial has.

        This table holds the whole rule: torch's `ecg_facial.fusion_model.LateFusion` looks it up as well.

        Parameters
        ----------
        temperatures : Temperatures, optional
            The fusion's own without it.

        Returns
        -------
        ndarray of float64, shape (2, 2, 3)
            Indexed by "has a face", "has an ECG", then: factor of the face, factor of the ECG, temperature.
        """
        chosen = temperatures or self.temperatures
        table = np.zeros((2, 2, 3))
        table[0, 0] = 0, 0, 1
        table[0, 1] = 0, 1, chosen.ecg.value
        table[1, 0] = 1, 0, chosen.facial.value
        table[1, 1] = self.face_weight, self.ecg_weight, chosen.fusion.value
        return table

    def _sum(self, face: FloatArray, ecg: FloatArray, temperatures: Temperatures) -> Float64Array:
        """Apply the table of coefficients to every row."""
        face, ecg = np.asarray(face, dtype=np.float64), np.asarray(ecg, dtype=np.float64)
        if face.ndim != 2 or face.shape != ecg.shape:
            raise SettingsError(f"logits have shapes {face.shape} and {ecg.shape}: expected the same (n, n_classes)")
        has_face, has_ecg = is_present(face), is_present(ecg)
        of_face, of_ecg, divisor = self.coefficients(temperatures)[has_face.astype(int), has_ecg.astype(int)].T[
            ..., None
        ]
        # 0 * NaN is NaN: rows of a missing signal are emptied first
        face, ecg = np.where(has_face[:, None], face, 0.0), np.where(has_ecg[:, None], ecg, 0.0)
        fused = (of_face * face + of_ecg * ecg) / divisor
        return np.where((has_face | has_ecg)[:, None], fused, np.nan)


def is_present(logits: FloatArray) -> BoolArray:
    """Find the trials that a model has an output for: rows that are finite, shape (n,)."""
    return np.asarray(np.isfinite(logits).all(axis=1))


def softmax(logits: FloatArray) -> Float64Array:
    """Probabilities along the last axis.

    Examples
    --------
    >>> softmax(np.array([0.0, 0.0]))
    array([0.5, 0.5])
    """
    values = np.asarray(logits, dtype=np.float64)
    # the largest logit is taken off so that exp does not overflow
    raised = np.exp(values - values.max(axis=-1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True), dtype=np.float64)


def to_probabilities(logits: FloatArray) -> Float64Array:
    """Softmax of each row (n, n_classes); NaN in a row that is not finite, which is no answer.

    Examples
    --------
    >>> to_probabilities(np.array([[0.0, 0.0], [0.0, np.nan]]))
    array([[0.5, 0.5],
           [nan, nan]])
    """
    present = is_present(logits)[:, None]
    return np.where(present, softmax(np.where(present, logits, 0.0)), np.nan)
