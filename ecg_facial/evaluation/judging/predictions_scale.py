"""Probabilities as people write them: per cent, and numbers that were rounded.

Input: the probability columns of a predictions table. Output: the same as shares that sum to one, with notes. What is
neither, such as logits, stays as it is, and is refused where the table is checked.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ecg_facial.evaluation.judging.predictions_file import SUM_TOLERANCE
from ecg_facial.runtime.typing import Float64Array

_PERCENT = 100.0
# Of one decimal, a sum of 0.9 is as likely to be wrong as to be rounded.
_LEAST_DIGITS, _MOST_DIGITS, _SAME_STEP = 2, 6, 1e-6


def scale_probabilities(table: pd.DataFrame, names: tuple[str, ...]) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Read per cent as shares, and let rows that were rounded sum to one.

    Parameters
    ----------
    table : DataFrame
        With a column of numbers ``p_<class>`` for each class.
    names : tuple of str
        The classes.

    Returns
    -------
    table : DataFrame
        The same where the numbers are neither.
    notes : tuple of str
    """
    columns = [f"p_{name}" for name in names]
    values = table[columns].to_numpy(np.float64)
    known = np.isfinite(values).all(axis=1) & (values >= 0).all(axis=1)
    if not known.any() or not (known == np.isfinite(values).any(axis=1)).all():
        return table, ()
    if values[known].max() > _PERCENT * (1 + SUM_TOLERANCE):
        # scores, which the check of the table names
        return table, ()
    notes, digits = [], _count_digits(values[known])
    if np.abs(values[known].sum(axis=1) - _PERCENT).max() <= _rounding(len(names), digits) + _PERCENT * SUM_TOLERANCE:
        values, digits = values / _PERCENT, digits + 2
        notes.append("probabilities sum to 100: they are read as per cent")
    off = np.abs(values[known].sum(axis=1) - 1)
    if SUM_TOLERANCE < off.max() <= _rounding(len(names), digits) and digits >= _LEAST_DIGITS:
        values[known] /= values[known].sum(axis=1, keepdims=True)
        n_rounded = int((off > SUM_TOLERANCE).sum())
        notes.append(f"probabilities of {digits} decimals: {n_rounded} rows miss 1 by rounding, divided by their sum")
    return (table.assign(**dict(zip(columns, values.T, strict=True))), tuple(notes)) if notes else (table, ())


def _count_digits(values: Float64Array) -> int:
    """Count the decimals that numbers are written with, up to six."""
    for digits in range(_MOST_DIGITS):
        steps = values * 10**digits
        if (np.abs(steps - np.round(steps)) < _SAME_STEP).all():
            return digits
    return _MOST_DIGITS


def _rounding(n_classes: int, digits: int) -> float:
    """Give the largest error of a sum of rounded numbers."""
    return n_classes / 2 * 10.0**-digits + _SAME_STEP
