"""Temperature scaling: one number a model that makes its confidence honest and leaves every decision as it is.

Enters: logits and labels of trials that no model was fitted on. Leaves: a temperature, why it is 1 where the trials
cannot tell one, and scaled logits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

_LIMITS = (0.1, 10.0)
MIN_TRIALS = 20
"""Below, scaling does harm: from 16 trials of one person log loss rises even for a model that is 2.5 times too sure.

More trials of one person are no better (`benchmarks/calibration.py`): that four people or more calibrate, whoever
splits the subjects must see to.
"""


@dataclass(frozen=True)
class Temperature:
    """A temperature, and why it was not fitted freely.

    Attributes
    ----------
    value : float
    reason : str
        Empty where the least log loss was found within the limits.
    """

    value: float
    reason: str = ""


def choose_temperature(logits: NDArray[np.floating], labels: NDArray[np.int64]) -> Temperature:
    """Fit a temperature where the trials can tell one, else take 1 and say why.

    Parameters
    ----------
    logits : ndarray, shape (n, n_classes)
    labels : ndarray of int, shape (n,)

    Examples
    --------
    >>> choose_temperature(np.array([[2.0, 0.0]]), np.array([0]))
    Temperature(value=1.0, reason='fewer than 20 trials: 1')
    """
    values = np.asarray(logits, dtype=np.float64)
    reason = _find_obstacle(values, labels)
    if reason:
        return Temperature(1.0, reason)
    value = fit_temperature(values, labels)
    # the search ends a step of its tolerance before a limit
    at_limit = bool(np.isclose(value, _LIMITS, rtol=1e-4).any())
    return Temperature(value, f"at the limit of {_LIMITS[0]:g} to {_LIMITS[1]:g}" if at_limit else "")


def _find_obstacle(logits: NDArray[np.float64], labels: NDArray[np.int64]) -> str:
    if len(labels) < MIN_TRIALS:
        return f"fewer than {MIN_TRIALS} trials: {len(labels)}"
    if not np.isfinite(logits).all():
        return "logits that are not finite"
    if len(np.unique(labels)) < 2:
        return "one class alone occurs"
    if not np.ptp(logits, axis=1).any():
        return "equal logits for all classes"
    # without a mistake the log loss falls for ever towards 0, where a model is sure of everything
    return "every trial is right" if (logits.argmax(axis=1) == labels).all() else ""


def fit_temperature(logits: NDArray[np.floating], labels: NDArray[np.int64]) -> float:
    """Find the temperature of the least log loss within 0.1 to 10; 1 without trials.

    The log loss is convex in one over the temperature, so that there is one least. Few trials, or trials without a
    mistake, end at a limit: `choose_temperature` keeps off those.

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
        lambda log_t: log_loss(apply_temperature(values, float(np.exp(log_t))), labels),
        bounds=np.log(_LIMITS),
        method="bounded",
        options={"xatol": 1e-6},
    )
    return float(np.exp(found.x))


def apply_temperature(logits: NDArray[np.floating], temperature: float) -> NDArray[np.float64]:
    """Divide logits by a temperature; their order, and so the decision, stays."""
    return np.asarray(logits, dtype=np.float64) / temperature


def log_loss(logits: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """Mean of minus the log probability of the label, in nats."""
    return float(-log_softmax(logits, axis=1)[np.arange(len(labels)), labels].mean())
