"""`predictions.csv`: one row per trial and model, the same bytes for the same content.

Input: a table of predictions. Output: the file; `predictions_table` reads it, and others' files. People script against
the columns: `COLUMNS` says what they mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from ecg_facial.evaluation.judging.model_names import MODEL_ORDER
from ecg_facial.runtime.storage import write_text
from ecg_facial.runtime.typing import Float64Array, Int64Array, StrArray


class Column(NamedTuple):
    """A column of the file: its name, type, unit and meaning."""

    name: str
    type: str
    unit: str
    meaning: str


PROBABILITY = "p_<class>"
COLUMNS = (
    Column("subject", "text", "", "Who was recorded."),
    Column("trial", "text", "", "The stimulus with its response; unique within the subject."),
    Column("fold", "integer", "", "The fold that tested the trial."),
    Column("seed", "integer", "", "Every seed is a whole run of all folds."),
    Column("model", "text", "", "`facial`, `ecg`, `fusion`, a variant such as `fusion:gated`, or another name."),
    Column("label", "text", "", "Code of the stimulus level, such as `PA3`. On reading, `level` means the same."),
    Column(
        PROBABILITY,
        "number or empty",
        "0 to 1",
        "Probability of a class, one column per class; a row sums to 1. All empty where the model gave no answer.",
    ),
    Column("face_quality", "number or empty", "0 to 1", "Share of frames with a usable face; high is good."),
    Column("ecg_quality", "number or empty", "0 to 1", "Signal quality of the ECG; high is good."),
)
_NAMES = tuple(column.name for column in COLUMNS)
FIRST_COLUMNS, LAST_COLUMNS = _NAMES[: _NAMES.index(PROBABILITY)], _NAMES[_NAMES.index(PROBABILITY) + 1 :]
_DIGITS = 6
SUM_TOLERANCE = 1e-3


def class_names_of(table: pd.DataFrame) -> tuple[str, ...]:
    """Class names of the probability columns, in their order."""
    return tuple(str(name)[2:] for name in table.columns if str(name).startswith("p_"))


def predicted_classes(table: pd.DataFrame) -> StrArray:
    """Name of the most probable class of each row, of equals the first; empty in a row without an answer."""
    names = class_names_of(table)
    values = table[[f"p_{name}" for name in names]].to_numpy(np.float64)
    answered = np.isfinite(values).all(axis=1)
    best = np.array(names, dtype=np.str_)[np.where(answered[:, None], values, 0.0).argmax(axis=1)]
    return np.asarray(np.where(answered, best, ""), dtype=np.str_)


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

    Variants of face, ECG and fusion come first, other models in the order of the table.

    Parameters
    ----------
    path : Path
    table : DataFrame
        With the columns of this module; probabilities need not be rounded, and are NaN in a row without an answer.
    """
    names = class_names_of(table)
    rank = {model: number for number, model in enumerate(MODEL_ORDER)}
    place = {model: number for number, model in enumerate(pd.unique(table["model"]))}

    def sort_key(model: str) -> tuple[int, int, str]:
        known = rank.get(str(model).split(":")[0])
        return (len(rank), place[model], "") if known is None else (known, 0, str(model))

    order = table["model"].map(sort_key)
    table = table.assign(_order=order).sort_values(["subject", "trial", "_order", "seed", "fold"], kind="stable")
    values = table[[f"p_{name}" for name in names]].to_numpy(np.float64)
    answered = np.isfinite(values).all(axis=1)
    steps = round_to_one(np.where(answered[:, None], values, 1.0))
    columns = [[_quote(value) for value in table[name].astype(str)] for name in FIRST_COLUMNS]
    columns += [
        [_format_steps(step) if there else "" for step, there in zip(steps[:, i].tolist(), answered, strict=True)]
        for i in range(len(names))
    ]
    columns += [[_format(value) for value in table[name].to_numpy(np.float64)] for name in LAST_COLUMNS]
    header = [*FIRST_COLUMNS, *(_quote(f"p_{name}") for name in names), *LAST_COLUMNS]
    lines = [",".join(header), *(",".join(row) for row in zip(*columns, strict=True))]
    write_text(path, "\n".join(lines) + "\n")


def _quote(text: str) -> str:
    """Quote a name that holds a comma, a quotation mark or the end of a line."""
    return '"' + text.replace('"', '""') + '"' if any(mark in text for mark in ',"\r\n') else text


def _format_steps(steps: int) -> str:
    """Write a number of steps of 10^-6 as a share."""
    return f"{steps // 10**_DIGITS}.{steps % 10**_DIGITS:06d}"


def _format(value: float) -> str:
    """Write a number with 6 decimals; nothing for NaN."""
    return "" if np.isnan(value) else f"{value:.{_DIGITS}f}"


def show_row(values: Sequence[float] | Float64Array) -> str:
    """Numbers of a row, for messages."""
    return " ".join(f"{value:g}" for value in values)
