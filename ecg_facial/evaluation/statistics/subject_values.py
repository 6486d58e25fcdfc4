"""One figure per subject, the independent unit, as clean arrays.

Input: sequences with NaN where a subject has no figure. Output: finite arrays, and differences of pairs.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ecg_facial.errors import SettingsError
from ecg_facial.runtime.typing import Float64Array, Int64Array

Values = Sequence[float] | Float64Array

CONFIDENCE = 0.95
# 0.3 - 0.2 and 0.2 - 0.1 are the same difference of accuracies, but not the same float: ties would be lost
_DECIMALS = 12


def keep_finite(values: Values) -> Float64Array:
    """Leave out NaN and infinity."""
    data = np.asarray(values, dtype=np.float64)
    return data[np.isfinite(data)]


def round_off(values: Float64Array) -> Float64Array:
    """Round to where floats of equal fractions are equal, so that ties are found."""
    return np.round(values, _DECIMALS)


def subtract_pairs(first: Values, second: Values) -> Float64Array:
    """First minus second of the subjects that have both, with equal differences exactly equal.

    Raises
    ------
    SettingsError
        The two are not of one length.
    """
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if a.shape != b.shape:
        raise SettingsError(
            f"{len(a)} and {len(b)} figures cannot be paired: give one per subject in the same order, NaN where none is"
        )
    return keep_finite(round_off(a - b))


def average_by_subject(values: Float64Array, of_subject: Int64Array) -> Float64Array:
    """Average rows of trials by subject.

    Parameters
    ----------
    values : ndarray, shape (n_trials, n_figures)
    of_subject : ndarray of int, shape (n_trials,)
        Whose trial each row is, by any numbers.

    Returns
    -------
    ndarray, shape (n_subjects, n_figures)
        Subjects who have a trial, in the order of their numbers.
    """
    found, member = np.unique(of_subject, return_inverse=True)
    sums = [np.bincount(member, column, len(found)) for column in values.T]
    return np.stack(sums, axis=1) / np.bincount(member, minlength=len(found))[:, None]


def has_spread(data: Float64Array) -> bool:
    """Whether values differ by more than rounding."""
    return len(data) > 1 and float(np.ptp(data)) > 1e-12 * max(1.0, float(np.abs(data).max()))


def check_confidence(confidence: float) -> None:
    """Raise SettingsError unless 0 < confidence < 1."""
    if not 0 < confidence < 1:
        raise SettingsError(f"confidence {confidence} is not between 0 and 1: give 0.95 for 95 %")
