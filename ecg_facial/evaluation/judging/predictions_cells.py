"""Cells of anybody's predictions file, with one spelling for each name.

Input: a text table. Output: its columns under the names that are judged; people, trials, models and classes have one
spelling each, words for "missing" are empty, and numbers have a decimal point. What is wrong with a row is said here.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ecg_facial.errors import CorruptDataError, UnknownLabelError
from ecg_facial.evaluation.judging.predictions_file import class_names_of
from ecg_facial.labels import PainLevel, parse_pain_level
from ecg_facial.runtime.names import is_missing, name_key, tidy_name, unify_names
from ecg_facial.runtime.numbers import NumberStyle, find_style, parse_number
from ecg_facial.runtime.text_tables import TextTable, find_table, line_of, read_cells
from ecg_facial.runtime.typing import Int64Array

KEYS = ("subject", "trial", "label")
REPETITION = "repetition"
QUALITIES = ("face_quality", "ecg_quality")
MAX_BYTES = 2**30
_NEVER_MISSING = ("subject", "trial")
_CLASSES = ("label", "predicted")
_UNIFIED = (*KEYS, "predicted", "model", "fold", REPETITION)
_KNOWN = (*_UNIFIED, "level", "seed", *QUALITIES, "sex", "age_years")
# of these the word "none" may be a class, as in none, mild, severe
_NONE = "none"


@dataclass(frozen=True, eq=False, kw_only=True)
class Cells:
    """Cells of a predictions file as text.

    Attributes
    ----------
    table : DataFrame
        One spelling per name; empty where there is none.
    source : TextTable
        The file, for messages.
    notes : tuple of str
        What was merged or assumed, one line each.
    """

    table: pd.DataFrame
    source: TextTable
    notes: tuple[str, ...] = ()


def read_predictions_cells(path: Path, *, classes: Collection[str] = ()) -> Cells:
    """Read a predictions file as text.

    Parameters
    ----------
    path : Path
    classes : collection of str
        Classes that are known to be some, whatever they are called.

    Raises
    ------
    MissingDataError
        When the file is not there.
    CorruptDataError
        When it is no such table, or a name may be that of two people.
    DataError
        When it is too large.
    """
    source = find_table(path, expected=f"a table with {', '.join(KEYS)}, ...", columns=_KNOWN, most_bytes=MAX_BYTES)
    table = _name_columns(read_cells(source), source)
    missing = [name for name in KEYS if name not in table]
    if missing:
        raise CorruptDataError(
            f"{path}: no column {', '.join(missing)}; expected subject, trial, label, and p_<class> or predicted; "
            f"found {', '.join(map(str, table.columns[:12]))}"
        )
    notes: list[str] = [*source.notes]
    for name in ("subject", "trial", "model", "fold", REPETITION):
        if name in table:
            table[name], found = _unify(table[name], name, source)
            notes += found
    _refuse_lost_zeros(table, source)
    table, found = _unify_classes(table, source, classes)
    rest = [name for name in table if name not in _UNIFIED and not _is_number(name)]
    table = table.assign(**{name: table[name].str.strip() for name in rest})
    return Cells(table=table, source=source, notes=(*notes, *found))


def _is_number(name: object) -> bool:
    """Whether a column holds numbers, which are read as such later."""
    return str(name).startswith("p_") or name in (*QUALITIES, "age_years")


def _name_columns(table: pd.DataFrame, source: TextTable) -> pd.DataFrame:
    """Give known columns their own spelling; `level` stands for `label` where that is absent."""
    known = {name_key(name): name for name in _KNOWN}
    names = {}
    for name in table.columns:
        key = name_key(str(name))
        names[name] = f"p_{tidy_name(str(name)[2:])}" if key.startswith("p_") else known.get(key, name)
    table = table.rename(columns=names)
    if "label" not in table and "level" in table:
        table = table.rename(columns={"level": "label"})
    return table


def _unify(column: pd.Series[Any], name: str, source: TextTable) -> tuple[pd.Series[Any], tuple[str, ...]]:
    """Give one spelling to each name of a column, which is compared once per spelling."""
    codes, spellings = pd.factorize(column)
    if name in _NEVER_MISSING:
        _refuse_words(column, name, source, {spelling for spelling in spellings if is_missing(spelling)})
    found = unify_names(spellings, what=name, where=str(source.path), people=name == "subject")
    return _take(column, codes, spellings, found.names), found.notes


def _take(
    column: pd.Series[Any], codes: Int64Array, spellings: Iterable[str], names: Mapping[str, str]
) -> pd.Series[Any]:
    unified = np.array([names[spelling] for spelling in spellings], dtype=object)
    return pd.Series(unified[codes], index=column.index, name=column.name, dtype=object)


def _unify_classes(
    table: pd.DataFrame, source: TextTable, classes: Collection[str]
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Give one spelling to each class, of labels, decisions and probability columns together.

    The columns say how a class is spelt, then the labels, then the decisions.
    """
    columns = [name for name in _CLASSES if name in table]
    factorized = {name: pd.factorize(table[name]) for name in columns}
    spelt = [*classes, *class_names_of(table)]
    words = [*spelt, *(word for name in columns for word in factorized[name][1])]
    absent = _missing_words(words, spelt)
    _refuse_words(table["label"], "label", source, absent)
    found = unify_names(
        (word for word in words if word not in absent), what="class", where=str(source.path), by_value=True
    )
    levels = {} if classes else _name_levels(found.names.values())
    names = {spelt: levels.get(name, name) for spelt, name in found.names.items()} | dict.fromkeys(absent, "")
    for name in columns:
        codes, spellings = factorized[name]
        table[name] = _take(table[name], codes, spellings, names)
    renamed = {f"p_{word}": f"p_{names[word]}" for word in class_names_of(table)}
    both = next((name for name in renamed.values() if list(renamed.values()).count(name) > 1), None)
    if both is not None:
        first, second = (name for name, value in renamed.items() if value == both)
        raise CorruptDataError(f"{source.path}: columns {first!r} and {second!r} are of one class; keep one of them")
    changed = [f"{name!r} as {level!r}" for name, level in levels.items() if name != level]
    read = (f"stimulus levels: read {', '.join(changed)}",) if changed else ()
    return table.rename(columns=renamed), (*found.notes, *read)


def _name_levels(names: Collection[str]) -> dict[str, str]:
    """Name stimulus levels as they are called, where all classes are such: ``pa1``, ``PA-1`` and ``P1`` are ``PA1``.

    Numbers stay: 1 may be the second of any two classes.
    """
    if any(name_key(name).isdecimal() for name in names):
        return {}
    try:
        return {name: parse_pain_level(name).name for name in names}
    except UnknownLabelError:
        return {}


def _missing_words(words: Collection[str], spelt: Collection[str]) -> set[str]:
    """Words that say that there is no class.

    "none" is a class where it is named as one, and where all others are words: none, mild, severe.
    """
    absent = {word for word in words if is_missing(word) and word not in spelt}
    others = {word for word in words if not is_missing(word)}
    levels = {name_key(level.name) for level in PainLevel}
    if others and all(name_key(word).isalpha() and name_key(word) not in levels for word in others):
        absent = {word for word in absent if name_key(word) != _NONE}
    return absent


def _refuse_words(column: pd.Series[Any], name: str, source: TextTable, words: Collection[str]) -> None:
    """Refuse rows without a name."""
    if words:
        what = "is empty" if words == {""} else "is a word for a missing name"
        remedy = "fill it in, or leave the row out"
        refuse(source, column.to_frame(name), name, column.isin(list(words)).to_numpy(), f"{what}; {remedy}")


def _refuse_lost_zeros(table: pd.DataFrame, source: TextTable) -> None:
    """Refuse trials of one person that differ by leading zeros: 01 and 1 may be one trial or two."""
    padded = [name for name in table["trial"].unique() if name[:1] == "0" and name.isdecimal()]
    if not padded:
        return
    pairs = table[["subject", "trial"]].drop_duplicates()
    short = pairs.assign(trial=[name.lstrip("0") or "0" if name.isdecimal() else name for name in pairs["trial"]])
    twice = short.duplicated(keep=False).to_numpy()
    if twice.any():
        subject = pairs["subject"][twice].iloc[0]
        one, other = pairs["trial"][twice & (pairs["subject"] == subject).to_numpy()].iloc[:2]
        raise CorruptDataError(
            f"{source.path}: trial {one!r} and {other!r} of subject {subject!r} differ by zeros alone: one or two? "
            "Spell it in one way"
        )


def read_numbers(cells: Cells, table: pd.DataFrame, name: str) -> pd.Series[Any]:
    """Read a column of numbers of a table of these cells; NaN for an empty cell.

    Raises
    ------
    CorruptDataError
        For a cell that is no number.
    """
    column = table[name]
    values = pd.to_numeric(column, errors="coerce")
    numbers = values.to_numpy(np.float64, copy=True)
    odd = np.flatnonzero(~np.isfinite(numbers))
    if len(odd):
        codes, spellings = pd.factorize(column.iloc[odd].str.strip())
        style = find_style(([spelling] for spelling in spellings), cells.source.separator)
        read = [_to_number(spelling, style) for spelling in spellings]
        numbers[odd] = np.array([np.nan if value is None else value for value in read])[codes]
        wrong = np.zeros(len(numbers), bool)
        wrong[odd] = np.array([value is None for value in read])[codes]
        refuse(cells.source, table, name, wrong, "is no number; leave cells without an answer empty")
    return pd.Series(numbers, index=column.index, name=name)


def _to_number(cell: str, style: NumberStyle) -> float | None:
    """Read a cell; NaN for an empty one, None for a word and for what is not finite."""
    if not cell:
        return math.nan
    value = parse_number(cell, style)
    return value if value is not None and math.isfinite(value) else None


def refuse(source: TextTable | Path, table: pd.DataFrame, name: str, wrong: np.ndarray[Any, Any], what: str) -> None:
    """Raise an error that names the first wrong row by its line in the file."""
    if wrong.any():
        place = int(np.argmax(wrong))
        raise CorruptDataError(f"{describe_row(source, place)}: {name} {table[name].iloc[place]!r} {what}")


def describe_row(source: TextTable | Path, place: int) -> str:
    """Name a row by its line in the file; without a file the header is row 1."""
    if isinstance(source, TextTable):
        return f"{source.path}: row {line_of(source, place)}"
    return f"{source}: row {place + 2}"
