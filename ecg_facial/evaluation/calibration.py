"""Temperature scaling: one number a model that makes its confidence honest and leaves every decision as it is.

Enters: logits and labels of trials that no model was fitted on. Leaves: a temperature, and scaled logits.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

_LIMITS = (0.1, 10.0)


def fit_temperature(logits: NDArray[np.floating], labels: NDArray[np.int64]) -> float:
    """Find the temperature of the least log loss; 1 without trials.

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
