"""The predictions file: one row a trial and model, the same bytes for the same content.

Enters: a table. Leaves: a file; `foreign` reads it. Columns are ``subject,trial,fold,seed,model,label,p_<class>...,
face_quality,ecg_quality``; people script against them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from ecg_facial.runtime.storage import write_text
from ecg_facial.runtime.typing import Float64Array, Int64Array, StrArray

FIRST_COLUMNS = ("subject", "trial", "fold", "seed", "model", "label")
LAST_COLUMNS = ("face_quality", "ecg_quality")
MODEL_ORDER = ("facial", "ecg", "fusion")
_DIGITS = 6
SUM_TOLERANCE = 1e-3


def class_names_of(table: pd.DataFrame) -> tuple[str, ...]:
    """Class names of the probability columns, in their order."""
    return tuple(str(name)[2:] for name in table.columns if str(name).startswith("p_"))


def predicted_classes(table: pd.DataFrame) -> StrArray:
    """Name of the most probable class of each row; of equals the first."""
    names = class_names_of(table)
    best = table[[f"p_{name}" for name in names]].to_numpy(np.float64).argmax(axis=1)
    return np.asarray([names[number] for number in best], dtype=np.str_)


def round_to_one(probabilities: Float64Array, digits: int = _DIGITS) -> Int64Array:
    """Round rows to whole steps of 10^-digits that sum to exactly one, the largest remainders going up.

    Examples
    --------
    >>> round_to_one(np.array([[1 / 3, 1 / 3, 1 / 3]]), digits=2)
    array([[34, 33, 33]])
    """
    whole = 10**digits
    scaled = probabilities / probabilities.sum(axis=1, keepdims=True) * whole
    steps = np.floor(scaled).astype(np.int64)
    missing = whole - steps.sum(axis=1)
    order = np.argsort(-(scaled - steps), axis=1, kind="stable")
    rank = np.argsort(order, axis=1, kind="stable")
    return np.asarray(steps + (rank < missing[:, None]), dtype=np.int64)


def write_predictions(path: Path, table: pd.DataFrame) -> None:
    """Write `predictions.csv`, sorted by subject, trial, model, seed and fold.

    Parameters
    ----------
    path : Path
    table : DataFrame
        With the columns of this module; probabilities need not be rounded.
    """
    names = class_names_of(table)
    rank = {model: number for number, model in enumerate(MODEL_ORDER)}
    order = table["model"].map(lambda model: (rank.get(str(model).split(":")[0], len(rank)), str(model)))
    table = table.assign(_order=order).sort_values(["subject", "trial", "_order", "seed", "fold"], kind="stable")
    steps = round_to_one(table[[f"p_{name}" for name in names]].to_numpy(np.float64))
    columns = [table[name].astype(str).tolist() for name in FIRST_COLUMNS]
    columns += [[f"{step // 10**_DIGITS}.{step % 10**_DIGITS:06d}" for step in steps[:, i]] for i in range(len(names))]
    columns += [[_format(value) for value in table[name].to_numpy(np.float64)] for name in LAST_COLUMNS]
    header = [*FIRST_COLUMNS, *(f"p_{name}" for name in names), *LAST_COLUMNS]
    lines = [",".join(header), *(",".join(row) for row in zip(*columns, strict=True))]
    write_text(path, "\n".join(lines) + "\n")


def _format(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.{_DIGITS}f}"


def show_row(values: Sequence[float] | Float64Array) -> str:
    """Numbers of a row, for messages."""
    return " ".join(f"{value:g}" for value in values)
