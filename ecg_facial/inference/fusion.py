"""Combining the logits of two models, in numpy.

Enters: logits of the facial and the ECG model. Leaves: probabilities. A modality that is not there leaves the
other alone.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ecg_facial.errors import SettingsError
from ecg_facial.inference.settings import ECG_WEIGHT, FACE_WEIGHT, check_weights

FloatArray = NDArray[np.float64]


def softmax(logits: NDArray[np.floating]) -> FloatArray:
    """Probabilities along the last axis.

    Examples
    --------
    >>> softmax(np.array([0.0, 0.0]))
    array([0.5, 0.5])
    """
    values = np.asarray(logits, dtype=np.float64)
    raised = np.exp(values - values.max(axis=-1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True), dtype=np.float64)


def fuse_logits(
    face: NDArray[np.floating],
    ecg: NDArray[np.floating],
    *,
    face_weight: float = FACE_WEIGHT,
    ecg_weight: float = ECG_WEIGHT,
    face_present: NDArray[np.bool_] | None = None,
    ecg_present: NDArray[np.bool_] | None = None,
) -> FloatArray:
    """Softmax of the weighted sum of logits.

    Parameters
    ----------
    face, ecg : ndarray, shape (n, n_classes)
        Logits; rows of an absent modality may hold anything, NaN too.
    face_weight, ecg_weight : float
    face_present, ecg_present : ndarray of bool, shape (n,), optional
        Which rows have the modality; all without it.

    Returns
    -------
    ndarray of float64, shape (n, n_classes)
        A row with one modality holds that model's own probabilities, a row with none is uniform.

    Raises
    ------
    SettingsError
        For shapes that differ or weights outside their limits.
    """
    everyone = np.ones(len(face), dtype=bool)
    sees = everyone if face_present is None else np.asarray(face_present, dtype=bool)
    beats = everyone if ecg_present is None else np.asarray(ecg_present, dtype=bool)
    return softmax(
        combine_logits(face, ecg, face_weight=face_weight, ecg_weight=ecg_weight, face_present=sees, ecg_present=beats)
    )


def combine_logits(
    face: NDArray[np.floating],
    ecg: NDArray[np.floating],
    *,
    face_weight: float = FACE_WEIGHT,
    ecg_weight: float = ECG_WEIGHT,
    face_present: NDArray[np.bool_],
    ecg_present: NDArray[np.bool_],
) -> FloatArray:
    """Weighted sum of logits, of which `fuse_logits` is the softmax: one modality alone where the other is absent.

    Parameters
    ----------
    face, ecg : ndarray, shape (n, n_classes)
    face_weight, ecg_weight : float
    face_present, ecg_present : ndarray of bool, shape (n,)

    Returns
    -------
    ndarray of float64, shape (n, n_classes)
        Zeros where both are absent.

    Raises
    ------
    SettingsError
        For shapes that differ or weights outside their limits.
    """
    check_weights(face_weight, ecg_weight)
    face, ecg = np.asarray(face, dtype=np.float64), np.asarray(ecg, dtype=np.float64)
    if face.ndim != 2 or face.shape != ecg.shape:
        raise SettingsError(f"logits have shapes {face.shape} and {ecg.shape}: expected the same (n, n_classes)")
    sees, beats = face_present[:, None], ecg_present[:, None]
    face, ecg = np.where(sees, face, 0.0), np.where(beats, ecg, 0.0)
    return np.asarray(np.where(beats, face_weight, 1.0) * face + np.where(sees, ecg_weight, 1.0) * ecg)
