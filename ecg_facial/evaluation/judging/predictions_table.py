"""Reading anybody's predictions into the columns that are judged.

Input: a text table with ``subject,trial,label`` and ``p_<class>`` columns or ``predicted``. Output: a
`PredictionsTable`. Any number of classes with any names. Nothing is judged here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pandas as pd

from ecg_facial.datasets.settings import LabelSettings
from ecg_facial.errors import CorruptDataError, SettingsError
from ecg_facial.evaluation.judging.class_labels import to_classes
from ecg_facial.evaluation.judging.predictions_cells import (
    QUALITIES,
    REPETITION,
    Cells,
    describe_row,
    read_numbers,
    read_predictions_cells,
    refuse,
)
from ecg_facial.evaluation.judging.predictions_file import (
    SUM_TOLERANCE,
    class_names_of,
    predicted_classes,
    show_row,
)
from ecg_facial.evaluation.judging.predictions_scale import scale_probabilities
from ecg_facial.evaluation.judging.predictions_strata import add_strata
from ecg_facial.evaluation.judging.settings import DECISIONS, Decisions
from ecg_facial.labels import PainLevel, Task
from ecg_facial.runtime.text_tables import TextTable
from ecg_facial.runtime.typing import BoolArray, Float64Array

DEFAULTS: dict[str, Any] = {"model": "model", "seed": 0, "fold": 0}
MAX_CLASSES = 50


@dataclass(frozen=True, eq=False, kw_only=True)
class PredictionsTable:
    """Predictions that can be judged.

    Attributes
    ----------
    table : DataFrame
        ``subject, trial, fold, seed, model, label, predicted``, a ``p_<class>`` column for each class (NaN in the rows
        of a model that gives none), strata, and qualities where the file has them. ``predicted`` is empty in a row
        without an answer.
    class_names : tuple of str
    ordered : bool
        Whether the classes are steps of one scale, so that a distance between them means something.
    strata : tuple of str
        Columns by which people are grouped: one value per subject.
    notes : tuple of str
        What was assumed, one line each.
    decisions : {"predicted", "probabilities"}
        What counts as a model's decision: the column ``predicted`` where a row has one, or the most probable class.
    n_disagreeing : int
        Rows whose column ``predicted`` is not the most probable class.
    """

    table: pd.DataFrame
    class_names: tuple[str, ...]
    ordered: bool
    strata: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    decisions: Decisions = DECISIONS
    n_disagreeing: int = 0


def read_predictions(
    path: Path,
    *,
    labels: LabelSettings | None = None,
    strata: Sequence[str] | None = None,
    decisions: Decisions = DECISIONS,
) -> PredictionsTable:
    """Read a predictions file.

    Parameters
    ----------
    path : Path
        Comma, semicolon or tab separated, with a header; UTF-8.
    labels : LabelSettings, optional
        The classes in their order, as steps of one scale, or how ratings become classes. Without it the order of pain
        levels is taken, else that of numbers, of the ``p_`` columns, or of the alphabet.
    strata : sequence of str, optional
        Columns to group people by. Without it ``sex`` and ``age_years`` (in three bands), also as BioVid's names spell
        them, and whether the person is one of BioVid's 20 without a visible reaction.
    decisions : {"predicted", "probabilities"}
        What counts as a model's decision where a row has both: its column ``predicted``, or its most probable class.

    Raises
    ------
    MissingDataError
        When the file is not there.
    CorruptDataError
        When it is no such table: the message names the column, the row and the value.
    SettingsError
        For classes or strata that the file does not have, or an unknown kind of decisions.
    UnknownLabelError
        For a label that is none of `labels`.
    """
    if decisions not in get_args(Decisions):
        raise SettingsError(f"decisions {decisions!r}: choose among {', '.join(get_args(Decisions))}")
    wanted = LabelSettings() if labels is None else labels
    cells = read_predictions_cells(Path(path), classes=wanted.classes)
    classes = None
    if wanted.classes or wanted.of_ratings:
        cells, classes = to_classes(cells, wanted)
    raw, source = cells.table, cells.source
    names, ordered, how = _find_classes(source, raw, classes)
    filled, scaled = scale_probabilities(_fill(cells, raw, names), names)
    table, n_disagreeing = _decide(source, filled, names, decisions)
    _check_rows(source, table, names)
    table, notes = _drop_silent_models(path, table)
    table, found = add_strata(path, table, strata)
    absent = [f"no column {name!r}: {value!r} is taken" for name, value in DEFAULTS.items() if name not in raw]
    return PredictionsTable(
        table=table,
        class_names=names,
        ordered=ordered,
        strata=found,
        notes=(how, *cells.notes, *absent, *scaled, _count_rows(table), *_note_strange(table), *notes),
        decisions=decisions,
        n_disagreeing=n_disagreeing,
    )


def _note_strange(table: pd.DataFrame) -> tuple[str, ...]:
    """Name classes that are predicted and no label, beside labels that are never predicted: they may be shifted."""
    labels, decided = set(table["label"]), set(table["predicted"]) - {""}
    strange, never = sorted(decided - labels), sorted(labels - decided)
    if not strange or not never:
        return ()
    said = f"predicted, but no label: {', '.join(strange)}; labels that are never predicted: {', '.join(never)}"
    return (f"{said}: check that both count from the same number, or are spelt alike",)


def _count_rows(table: pd.DataFrame) -> str:
    """How many rows are counted, so that nobody has to trust that a trial is counted once."""
    n_trials = len(table[["subject", "trial"]].drop_duplicates())
    n_models, n_seeds = table["model"].nunique(), table["seed"].nunique()
    repeated = f", {table[REPETITION].nunique()} repetitions" if REPETITION in table else ""
    return f"rows counted: {len(table)} ({n_trials} trials, {n_models} models, {n_seeds} seeds{repeated})"


def _drop_silent_models(path: Path, table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Leave models without a single answer out, with a note of each: they have no figure at all."""
    answers = (table["predicted"] != "").groupby(table["model"].astype(str)).any()
    silent = [str(name) for name in answers.index[~answers]]
    if len(silent) == len(answers):
        raise CorruptDataError(f"{path}: no row has a prediction; expected probabilities or a class in some rows")
    kept = table[~table["model"].astype(str).isin(silent)]
    return kept, [f"model {name!r} has no prediction for any trial: it is left out" for name in silent]


def from_run(
    table: pd.DataFrame, class_names: Sequence[str], people: pd.DataFrame | None = None, *, ordered: bool = Task.ordered
) -> PredictionsTable:
    """Take a benchmark's own predictions.

    Parameters
    ----------
    table : DataFrame
        As in `predictions.csv`.
    class_names : sequence of str
    people : DataFrame, optional
        ``subject`` and, as far as known, ``sex`` and ``age_years``; subject names are looked into without them.
    ordered : bool
        Whether the classes are steps of one scale, as stimulus levels are.
    """
    names = tuple(class_names)
    if people is not None:
        known = [name for name in ("subject", "sex", "age_years") if name in people]
        one = people.drop_duplicates("subject")[known]
        table = table.merge(one, on="subject", how="left", validate="many_to_one")
    path = Path("predictions.csv")
    table, notes = _drop_silent_models(path, table.assign(predicted=predicted_classes(table)))
    table, strata = add_strata(path, table, None)
    return PredictionsTable(table=table, class_names=names, ordered=ordered, strata=strata, notes=tuple(notes))


def _find_classes(
    source: TextTable, table: pd.DataFrame, classes: Sequence[str] | None
) -> tuple[tuple[str, ...], bool, str]:
    """Class names in their order, whether they are a scale, and how that was found out."""
    path, given = source.path, class_names_of(table)
    if "predicted" not in table and not given:
        raise CorruptDataError(f"{path}: neither p_<class> columns nor predicted; expected one of them")
    labels, answers = set(table["label"]), (set(table["predicted"]) if "predicted" in table else set()) - {""}
    occurring = labels | answers
    if answers and not answers & labels and classes is None:
        # two vocabularies of the same classes, of which every answer would be wrong
        one, other = (", ".join(sorted(names)[:5]) for names in (labels, answers))
        raise CorruptDataError(
            f"{path}: no prediction is one of the labels: labels {one}; predictions {other}; spell them in one way, or "
            "name all classes (--classes)"
        )
    if given and occurring - set(given):
        unknown = sorted(occurring - set(given))[0]
        stated = table[[name for name in ("label", "predicted") if name in table]]
        row = describe_row(source, int(np.argmax((stated == unknown).any(axis=1).to_numpy())))
        raise CorruptDataError(f"{row}: class {unknown!r} has no column p_{unknown}; classes are {', '.join(given)}")
    found = set(given) | occurring
    if classes is not None:
        if set(classes) != found or len(set(classes)) != len(list(classes)):
            raise SettingsError(
                f"classes {', '.join(classes)}: the file's are {', '.join(sorted(found))}; name each of them once"
            )
        return tuple(classes), True, "order of the classes: as given"
    names, ordered, how = _order_classes(found, given)
    if not 2 <= len(names) <= MAX_CLASSES:
        raise CorruptDataError(f"{path}: {len(names)} classes ({', '.join(names[:5])}); expected 2 to {MAX_CLASSES}")
    return names, ordered, how


def _order_classes(found: set[str], given: Sequence[str]) -> tuple[tuple[str, ...], bool, str]:
    """Order of the classes: pain levels, then numbers, then that of the columns, then the alphabet."""
    levels = [level.name for level in PainLevel if level.name in found]
    if set(levels) == found:
        return tuple(levels), True, "order of the classes: that of the pain levels"
    try:
        numbers = sorted(found, key=float)
    except ValueError:
        names = tuple(given) or tuple(sorted(found))
        order = "that of the p_ columns" if given else "that of the alphabet"
        return names, False, f"order of the classes: {order}; they are not taken for steps of a scale"
    return tuple(numbers), True, "order of the classes: that of their numbers"


def _fill(cells: Cells, raw: pd.DataFrame, names: tuple[str, ...]) -> pd.DataFrame:
    """Convert the columns to their types, and fill absent ones."""
    table = raw.copy()
    for name, value in DEFAULTS.items():
        if name not in table:
            table[name] = value
    numeric = [f"p_{name}" for name in names if f"p_{name}" in table]
    for name in (*numeric, *(name for name in (*QUALITIES, "age_years") if name in table)):
        table[name] = read_numbers(cells, raw, name)
    for name in names:
        if f"p_{name}" not in table:
            table[f"p_{name}"] = np.nan
    table["seed"] = _to_whole(cells.source, table, "seed")
    table["fold"] = table["fold"].astype(str)
    return table


def _to_whole(source: TextTable, table: pd.DataFrame, name: str) -> pd.Series:
    """Convert a column to whole numbers."""
    values = pd.to_numeric(table[name], errors="coerce")
    refuse(source, table, name, (values.isna() | (values % 1 != 0)).to_numpy(), "is no whole number")
    return values.astype(int)


def _decide(
    source: TextTable, table: pd.DataFrame, names: tuple[str, ...], decisions: Decisions
) -> tuple[pd.DataFrame, int]:
    """Add the predicted class of each row, empty without an answer; and count rows that say two different things."""
    stated = table["predicted"].to_numpy(str) if "predicted" in table else np.full(len(table), "")
    values = _check_probabilities(source, table, names)
    known: BoolArray = np.asarray(np.isfinite(values).all(axis=1))
    filled = np.where(known[:, None], values, -1.0)
    likely = np.where(known, np.array(names)[filled.argmax(axis=1)], "")
    # equal probabilities do not contradict either class: the one that is stated counts
    place = pd.Series(stated).map({name: place for place, name in enumerate(names)})
    both = known & place.notna().to_numpy()
    of_stated = filled[np.arange(len(filled)), place.fillna(0).to_numpy(np.int64)]
    disagrees: BoolArray = both & (of_stated < filled.max(axis=1))
    counts: BoolArray = np.asarray(stated != "")
    if decisions == "probabilities":
        counts &= ~disagrees
    return table.assign(predicted=np.where(counts, stated, likely)), int(disagrees.sum())


def _check_probabilities(source: TextTable, table: pd.DataFrame, names: tuple[str, ...]) -> Float64Array:
    """Probabilities of all rows; all of a row's are there and sum to 1, or none is."""
    values = table[[f"p_{name}" for name in names]].to_numpy(np.float64)
    known, some = np.isfinite(values).all(axis=1), np.isfinite(values).any(axis=1)
    refuse(source, table, f"p_{names[0]}", some & ~known, "and its fellows are only in part there")
    sums = np.where(known, values.sum(axis=1), 1.0)
    wrong = known & ((np.abs(sums - 1) > SUM_TOLERANCE) | (values < 0).any(axis=1))
    if wrong.any():
        row = int(np.argmax(wrong))
        is_score = bool((values[row] < 0).any() or (values[row] > 1).any())
        remedy = "logits and other scores need a softmax first" if is_score else "correct that row"
        raise CorruptDataError(
            f"{describe_row(source, row)}: probabilities {show_row(values[row])} do not sum to 1; {remedy}"
        )
    return np.asarray(values, dtype=np.float64)


def _check_rows(source: TextTable, table: pd.DataFrame, names: tuple[str, ...]) -> None:
    """Refuse repeated rows, trials with two labels, and models with probabilities for some trials only."""
    _refuse_repeated(source, table)
    labels = table.groupby(["subject", "trial"])["label"].nunique()
    if (labels > 1).any():
        subject, trial = labels[labels > 1].index[0]
        raise CorruptDataError(f"{source.path}: trial {trial!r} of subject {subject!r} has two labels; expected one")
    # rows without an answer may stand among others; decisions without probabilities may not
    for (model, seed), part in table[table["predicted"] != ""].groupby(["model", "seed"]):
        known = part[f"p_{names[0]}"].notna()
        if known.any() and not known.all():
            raise CorruptDataError(
                f"{source.path}: model {model!r}, seed {seed}: {int((~known).sum())} of {len(part)} decisions have "
                "no probabilities; expected all or none"
            )


def _refuse_repeated(source: TextTable, table: pd.DataFrame) -> None:
    """Refuse a trial that a model answers twice in a seed, in whatever fold: it would weigh more than others.

    A file whose column `repetition` numbers the answers says so on purpose.
    """
    keys = ["subject", "trial", "model", "seed", *([REPETITION] if REPETITION in table else [])]
    twice = table.duplicated(keys).to_numpy()
    if not twice.any():
        return
    row = int(np.argmax(twice))
    first = table.iloc[row]
    same = (table[keys] == first[keys]).all(axis=1).to_numpy()
    folds = list(dict.fromkeys(table["fold"][same]))
    where = f", in folds {' and '.join(folds[:2])}" if len(folds) > 1 else ""
    raise CorruptDataError(
        f"{describe_row(source, row)}: trial {first['trial']!r} of subject {first['subject']!r}, model "
        f"{first['model']!r}, seed {first['seed']} stands there twice{where} ({int(twice.sum())} of {len(table)} rows "
        f"repeat another); expected once, or a column {REPETITION!r} that numbers the answers"
    )
