"""The predictions file: one row a trial and model, the same bytes for the same content.

Enters: a table, or a file. Leaves: the other. Columns are ``subject,trial,fold,seed,model,label,p_<class>...,
face_quality,ecg_quality``; people script against them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ecg_facial.errors import CorruptDataError, MissingDataError
from ecg_facial.labels import PainLevel
from ecg_facial.storage import write_text

FIRST_COLUMNS = ("subject", "trial", "fold", "seed", "model", "label")
LAST_COLUMNS = ("face_quality", "ecg_quality")
MODEL_ORDER = ("facial", "ecg", "fusion")
_DIGITS = 6
SUM_TOLERANCE = 1e-3


def class_names_of(table: pd.DataFrame) -> tuple[str, ...]:
    """Class names of the probability columns, in their order."""
    return tuple(str(name)[2:] for name in table.columns if str(name).startswith("p_"))


def predicted_classes(table: pd.DataFrame) -> NDArray[np.str_]:
    """Name of the most probable class of each row; of equals the first."""
    names = class_names_of(table)
    best = table[[f"p_{name}" for name in names]].to_numpy(np.float64).argmax(axis=1)
    return np.asarray([names[number] for number in best], dtype=np.str_)


def round_to_one(probabilities: NDArray[np.float64], digits: int = _DIGITS) -> NDArray[np.int64]:
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


def read_predictions(path: Path) -> pd.DataFrame:
    """Read a predictions file; ``level`` is taken for ``label``.

    Raises
    ------
    MissingDataError, CorruptDataError
        Where it is not there, a column is missing, a label is unknown, a probability is none, or a row stands twice.
    """
    if not path.is_file():
        raise MissingDataError(f"{path}: no such file; expected a predictions.csv")
    try:
        table = pd.read_csv(path, dtype=dict.fromkeys(("subject", "trial", "model", "label", "level"), str))
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise CorruptDataError(f"{path}: not a CSV table ({error}); expected a predictions.csv") from None
    if "label" not in table and "level" in table:
        table = table.rename(columns={"level": "label"})
    _check(path, table)
    return table


def _check(path: Path, table: pd.DataFrame) -> None:
    names = class_names_of(table)
    missing = [name for name in (*FIRST_COLUMNS, *LAST_COLUMNS) if name not in table]
    if missing or len(names) < 2:
        wanted = ", ".join(missing) if missing else "p_<class> for two classes or more"
        raise CorruptDataError(f"{path}: columns missing: {wanted}; see the README for the format")
    known = {level.name for level in PainLevel}
    unknown = sorted(set(table["label"].astype(str)) - set(names) - (known & set(names)))
    if unknown:
        raise CorruptDataError(f"{path}: labels {', '.join(unknown)} have no p_ column; classes are {', '.join(names)}")
    values = table[[f"p_{name}" for name in names]].to_numpy(np.float64)
    wrong = ~(np.isfinite(values).all(axis=1) & (values >= 0).all(axis=1))
    wrong |= np.abs(values.sum(axis=1) - 1) > SUM_TOLERANCE
    if wrong.any():
        row = int(np.argmax(wrong))
        raise CorruptDataError(f"{path}: row {row + 2}: probabilities {show_row(values[row])} do not sum to 1")
    twice = table.duplicated(["subject", "trial", "model", "seed"])
    if twice.any():
        first = table[twice].iloc[0]
        raise CorruptDataError(f"{path}: trial {first['trial']} of model {first['model']} stands there twice")


def show_row(values: Sequence[float] | NDArray[np.float64]) -> str:
    return " ".join(f"{value:g}" for value in values)
