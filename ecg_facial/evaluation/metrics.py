"""How well predicted classes agree with the labels.

Enters: labels and predicted classes by name. Leaves: accuracy, balanced accuracy, macro-F1, confusion matrix.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix, f1_score


def compute_metrics(
    labels: Sequence[str] | NDArray[np.str_],
    predicted: Sequence[str] | NDArray[np.str_],
    *,
    class_names: Sequence[str],
) -> dict[str, Any]:
    """Judge predictions.

    Parameters
    ----------
    labels, predicted : sequences of str, length n_trials
    class_names : sequence of str
        In class order.

    Returns
    -------
    dict
        ``n_trials``; ``accuracy``; ``balanced_accuracy``, the mean recall over classes that occur; ``macro_f1``, over
        classes that occur or are predicted; ``confusion``, rows are labels, columns predictions. NaN without trials.
    """
    names = list(class_names)
    if not len(labels):
        empty = [[0] * len(names) for _ in names]
        nan = float("nan")
        return {"n_trials": 0, "accuracy": nan, "balanced_accuracy": nan, "macro_f1": nan, "confusion": empty}
    counts = confusion_matrix(labels, predicted, labels=names)
    occurs = counts.sum(axis=1) > 0
    seen = [name for name, here in zip(names, occurs | (counts.sum(axis=0) > 0), strict=True) if here]
    recall = np.diag(counts)[occurs] / counts.sum(axis=1)[occurs]
    return {
        "n_trials": int(counts.sum()),
        "accuracy": float(np.trace(counts) / counts.sum()),
        "balanced_accuracy": float(recall.mean()),
        "macro_f1": float(f1_score(labels, predicted, labels=seen, average="macro", zero_division=0)),
        "confusion": counts.tolist(),
    }
