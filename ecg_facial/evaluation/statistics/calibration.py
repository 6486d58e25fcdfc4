"""Temperature scaling: one number per model that makes its confidence honest and leaves every decision as it is.

Input: logits, labels and subjects of trials that no model was fitted on. Output: a temperature with how it was found,
or 1 with the reason where the trials cannot tell one. Temperatures are held and applied by
`ecg_facial.inference.calibration`, which a bundle uses too.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from ecg_facial.inference.calibration import Temperature
from ecg_facial.inference.settings import MIN_CALIBRATION_SUBJECTS, MIN_CALIBRATION_TRIALS
from ecg_facial.runtime.typing import Float64Array, FloatArray, Int64Array

_LIMITS = (0.1, 10.0)


def choose_temperature(logits: FloatArray, labels: Int64Array, *, subjects: Sequence[str]) -> Temperature:
    """Fit a temperature where the trials can tell one, else take 1 and say why.

    Parameters
    ----------
    logits : ndarray, shape (n, n_classes)
    labels : ndarray of int, shape (n,)
    subjects : sequence of str, length n
        Whose trial each is.

    Returns
    -------
    Temperature

    Examples
    --------
    >>> choose_temperature(np.array([[2.0, 0.0]]), np.array([0]), subjects=["s01"])
    Temperature(value=1.0, n_subjects=1, n_trials=1, reason='fewer than 4 subjects: 1')
    """
    values = np.asarray(logits, dtype=np.float64)
    n_subjects, n_trials = len(set(subjects)), len(labels)
    reason = _find_obstacle(values, labels, n_subjects=n_subjects)
    if reason:
        return Temperature(value=1.0, n_subjects=n_subjects, n_trials=n_trials, reason=reason)
    value = fit_temperature(values, labels)
    # the search ends one step of its tolerance before a limit
    at_limit = bool(np.isclose(value, _LIMITS, rtol=1e-4).any())
    limited = f"at the limit of {_LIMITS[0]:g} to {_LIMITS[1]:g}" if at_limit else ""
    return Temperature(value=value, n_subjects=n_subjects, n_trials=n_trials, reason=limited)


def _find_obstacle(logits: Float64Array, labels: Int64Array, *, n_subjects: int) -> str:
    """Say why a temperature would be worse than none; empty where nothing is in the way."""
    if not len(labels):
        return "nobody was set apart for calibration"
    if n_subjects < MIN_CALIBRATION_SUBJECTS:
        return f"fewer than {MIN_CALIBRATION_SUBJECTS} subjects: {n_subjects}"
    if len(labels) < MIN_CALIBRATION_TRIALS:
        return f"fewer than {MIN_CALIBRATION_TRIALS} trials: {len(labels)}"
    if not np.isfinite(logits).all():
        return "logits that are not finite"
    if len(np.unique(labels)) < 2:
        return "one class alone occurs"
    if not np.ptp(logits, axis=1).any():
        return "equal logits for all classes"
    # without a mistake the log loss falls towards 0 for ever, at a temperature of 0: sure of everything
    return "every trial is right" if (logits.argmax(axis=1) == labels).all() else ""


def fit_temperature(logits: FloatArray, labels: Int64Array) -> float:
    """Find the temperature with the lowest log loss, from 0.1 to 10; 1 without trials.

    The log loss is convex in the inverse of the temperature, so there is one minimum. Few trials, or trials without a
    mistake, end at a limit: use `choose_temperature` for what is reported or shipped.

    Parameters
    ----------
    logits : ndarray, shape (n, n_classes)
    labels : ndarray of int, shape (n,)

    References
    ----------
    .. [1] Guo et al., "On calibration of modern neural networks", ICML 2017.
    """
    if not len(labels):
        return 1.0
    values = np.asarray(logits, dtype=np.float64)
    found = minimize_scalar(
        lambda log_t: log_loss(values / float(np.exp(log_t)), labels),
        bounds=np.log(_LIMITS),
        method="bounded",
        options={"xatol": 1e-6},
    )
    return float(np.exp(found.x))


def log_loss(logits: Float64Array, labels: Int64Array) -> float:
    """Mean negative log probability of the label, in nats.

    Parameters
    ----------
    logits : ndarray, shape (n, n_classes)
    labels : ndarray of int, shape (n,)
    """
    return float(-log_softmax(logits, axis=1)[np.arange(len(labels)), labels].mean())
