"""Tables of features: a row per trial, groups of columns as modalities, a label and a subject in each row.

Input: a text table (comma, semicolon, TAB or bar, any encoding) and which of its columns are what. Output: a
`FeatureTable`, or one line that says what is wrong. A label or a subject among the features is refused by name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd

from ecg_facial.datasets.labelling import find_classes, name_classes
from ecg_facial.datasets.settings import MAX_CLASSES, FeatureSettings, LabelSettings, parse_features
from ecg_facial.errors import CorruptDataError, SettingsError, UnknownLabelError
from ecg_facial.runtime.names import is_missing, name_key, unify_names
from ecg_facial.runtime.numbers import NumberStyle, find_style, parse_number
from ecg_facial.runtime.paths import find_path
from ecg_facial.runtime.storage import sha256_file
from ecg_facial.runtime.text_tables import TextTable, find_table, iterate_rows, line_of, read_typed
from ecg_facial.runtime.typing import BoolArray, Float64Array

PEOPLE_COLUMNS = ("sex", "age_years")
"""Columns of a table that are kept beside the features, where each person has one value: the report groups by them."""
# subject, label and two features: a single one may be equal by chance
_LEAST_FOR_EQUAL = 3
_SHOWN = 12
# rows by which the decimal sign is found
_N_STYLED = 300
# a class as in none, mild, severe
_NONE = "none"
# so many rows make it certain that a column with one value per class was made of the label
_MIN_ROWS_FOR_COPIES = 20


@dataclass(frozen=True, eq=False, kw_only=True)
class FeatureTable:
    """A table of features that can be used.

    Attributes
    ----------
    trials : DataFrame
        ``subject, trial, level`` and, where the file has them, ``sex, age_years``; ``level`` is the label.
    features : mapping of str to DataFrame
        Features by modality, float64; NaN where one is missing.
    class_names : tuple of str
        The labels in their order.
    ordered : bool
        Whether that order is one of a scale: numbers, or as it was given.
    notes : tuple of str
        What was assumed or stands out, one line each.
    sha256 : str
        Of the file.
    """

    trials: pd.DataFrame
    features: dict[str, pd.DataFrame]
    class_names: tuple[str, ...]
    ordered: bool
    notes: tuple[str, ...]
    sha256: str


def read_feature_table(path: Path, settings: FeatureSettings, *, labels: LabelSettings | None = None) -> FeatureTable:
    """Read a table of features.

    Parameters
    ----------
    path : Path
        Separated by comma, semicolon, TAB or bar, with a header, in any encoding; or the path of one as another system
        spells it.
    settings : FeatureSettings
        Which columns are features, label, subject and trial.
    labels : LabelSettings, optional
        How labels become classes. Without it the labels are the classes, ordered as numbers or by the alphabet.

    Returns
    -------
    FeatureTable

    Raises
    ------
    MissingDataError
        When the file is not there.
    CorruptDataError, DataError
        When it is no such table or too large, a cell is no number, a label or subject is absent or spelt in two ways,
        or a trial stands there twice.
    SettingsError
        When the settings do not fit its columns, or it has one class alone.
    UnknownLabelError
        For a label that is no class, or no rating of the scale.
    """
    place = find_path(path)
    path = place.path
    source, settings = _find_table(path, settings)
    groups = group_columns(source.names, settings, where=str(path))
    raw, style = _read_cells(source, settings, [name for group in groups.values() for name in group])
    features = {
        modality: pd.DataFrame({name: _to_numbers(source, raw[name], style) for name in group})
        for modality, group in groups.items()
    }
    stated, labels_note = _read_names(source, raw, settings.label, people=False)
    subjects, subjects_note = _read_names(source, raw, settings.subject, people=True)
    chosen = LabelSettings() if labels is None else labels
    levels, found, ordered, how = _find_levels(source, stated, settings.label, chosen)
    _refuse_copies(path, features, levels, settings.label)
    trials = pd.DataFrame(
        {"subject": subjects, "trial": _name_trials(source, raw, subjects, settings), "level": levels}
    )
    trials = _add_people(trials, raw)
    where = (place.note,) if place.note else ()
    notes = (*where, *source.notes, *how, *labels_note, *subjects_note, *_describe(trials, features, found))
    return FeatureTable(
        trials=trials, features=features, class_names=found, ordered=ordered, notes=notes, sha256=sha256_file(path)
    )


def group_columns(names: Sequence[str], settings: FeatureSettings, *, where: str) -> dict[str, list[str]]:
    """Columns of each modality, in the order of the table.

    Parameters
    ----------
    names : sequence of str
        All columns.
    settings : FeatureSettings
    where : str
        What to call the table in messages.

    Raises
    ------
    SettingsError
        For a column that is not there, a pattern without a column, a column in two modalities, and a label, subject or
        trial among the features.
    """
    for option, name in settings.keys.items():
        if name not in names:
            raise SettingsError(f"{where}: no column {name!r} ({option}); found {_list(names)}")
    groups: dict[str, list[str]] = {}
    home: dict[str, str] = {}
    for pattern, modality in parse_features(settings.features):
        matched = [name for name in names if fnmatchcase(name, pattern)]
        if not matched:
            raise SettingsError(f"{where}: no column fits {pattern!r} (--features); found {_list(names)}")
        for name in matched:
            _check_feature(name, pattern, settings, where)
            if home.setdefault(name, modality) != modality:
                raise SettingsError(
                    f"{where}: column {name!r} is in two groups, {home[name]} and {modality}; make a pattern narrower"
                )
        groups.setdefault(modality, []).extend(name for name in matched if name not in groups.get(modality, []))
    return groups


def _check_feature(name: str, pattern: str, settings: FeatureSettings, where: str) -> None:
    """Refuse the label, the subject and the trial as a feature."""
    for option, key in settings.keys.items():
        if name == key:
            raise SettingsError(
                f"{where}: pattern {pattern!r} takes {name!r}, the {option[2:]}, for a feature; make it narrower, "
                "such as face_*:facial"
            )


def _list(names: Iterable[str]) -> str:
    shown = [str(name) for name in names]
    more = f", and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
    return ", ".join(shown[:_SHOWN]) + more


def _find_table(path: Path, settings: FeatureSettings) -> tuple[TextTable, FeatureSettings]:
    """Find the table and its columns; those that are named may be spelt in another letter case or Unicode form."""
    expected = "a table of features, one row per trial"
    source = find_table(path, expected=expected, columns=[*settings.keys.values()])
    if len(source.names) < 2:
        raise CorruptDataError(f"{path}: no header with columns; expected names separated by comma, semicolon or TAB")
    spelt = {
        option[2:]: name if name in source.names else source.find_column(name) or name
        for option, name in settings.keys.items()
    }
    return source, replace(settings, **spelt)


def _read_cells(
    source: TextTable, settings: FeatureSettings, features: Sequence[str]
) -> tuple[pd.DataFrame, NumberStyle]:
    """Read the columns that are used, names as text, and find how numbers are written."""
    places = [source.names.index(name) for name in features]
    rows = islice((cells for _, cells in iterate_rows(source)), _N_STYLED)
    style = find_style(([cells[place] for place in places] for cells in rows), source.separator)
    words = [*settings.keys.values(), PEOPLE_COLUMNS[0]]
    raw = read_typed(source, words=words, numbers=[*features, PEOPLE_COLUMNS[1]], decimal=style.decimal)
    return raw, style


def _to_numbers(source: TextTable, column: pd.Series, style: NumberStyle) -> Float64Array:
    """Convert a column of features; a cell that is empty, or a word for a missing value, is NaN."""
    if pd.api.types.is_numeric_dtype(column):
        numbers = np.asarray(column, np.float64)
    else:
        codes, spellings = pd.factorize(column.astype("string").str.strip().fillna(""))
        read = [parse_number(str(spelling), style) for spelling in spellings]
        wrong = np.array([value is None for value in read])[codes]
        _refuse(source, column, wrong, "is no number; expected one, or nothing where it is missing")
        numbers = np.array([np.nan if value is None else value for value in read], np.float64)[codes]
    _refuse(source, column, np.isinf(numbers), "is infinite; expected a number, or nothing where it is missing")
    return numbers


def _refuse(source: TextTable, column: pd.Series, wrong: BoolArray, what: str) -> None:
    """Raise an error that names the first wrong cell by its line in the file."""
    if wrong.any():
        place = int(np.argmax(wrong))
        cell = column.iloc[place]
        shown = repr(cell) if isinstance(cell, str) else f"{cell}"
        raise CorruptDataError(f"{source.path}: row {line_of(source, place)}: {column.name} {shown} {what}")


def _read_names(source: TextTable, raw: pd.DataFrame, name: str, *, people: bool) -> tuple[list[str], tuple[str, ...]]:
    """Read a column of names under one spelling each; words for "missing" are none."""
    text = raw[name].astype("string").str.strip()
    words = [word for word in text.dropna().unique() if is_missing(word) and (people or name_key(word) != _NONE)]
    absent = (text.isna() | (text == "")).to_numpy(bool)
    _refuse(source, raw[name], absent, "is empty; fill it in, or leave the row out")
    remedy = "is a word for a missing name; fill it in, or leave the row out"
    _refuse(source, raw[name], text.isin(words).to_numpy(), remedy)
    values = text.tolist()
    found = unify_names(values, what=name, where=str(source.path), people=people, by_value=not people)
    return [found.names[value] for value in values], found.notes


def _find_levels(
    source: TextTable, labels: Sequence[str], name: str, settings: LabelSettings
) -> tuple[list[str], tuple[str, ...], bool, tuple[str, ...]]:
    """Class of each row, class names in their order, whether that is a scale, and notes on how it was found out."""
    path, counts = source.path, Counter(labels)
    if len(counts) < 2:
        raise SettingsError(f"{path}: {name} is {labels[0]!r} in all {len(labels)} rows; expected two classes or more")
    if not (settings.classes or settings.of_ratings):
        found, ordered, how = _order_classes(path, counts, name)
        return list(labels), found, ordered, (how,)
    given = name_classes(counts, settings) if settings.classes else find_classes(counts, settings)
    for row, label in enumerate(labels):
        if label in given.refused:
            raise UnknownLabelError(f"{path}: row {line_of(source, row)}: {name}: {given.refused[label]}")
    used = set(given.classes.values())
    # a class without a row would only be shown: a table is whole, and no second one is compared with it
    names = tuple(each for each in given.class_names if each in used)
    if len(names) < 2:
        raise SettingsError(f"{path}: {name} is {names[0]!r} in all {len(labels)} rows; expected two classes or more")
    return [given.find(label) for label in labels], names, True, ("order of the classes: as given", *given.notes)


def _order_classes(path: Path, counts: Mapping[str, int], name: str) -> tuple[tuple[str, ...], bool, str]:
    """Class names in their order, whether that is a scale, and how it was found out."""
    if len(counts) > MAX_CLASSES:
        raise SettingsError(
            f"{path}: {name} has {len(counts)} values ({_list(sorted(counts))}); at most {MAX_CLASSES} classes are "
            "judged: cut the scale into classes (--cut)"
        )
    try:
        return tuple(sorted(counts, key=float)), True, f"order of the classes: {name} as numbers"
    except ValueError:
        names = tuple(sorted(counts))
        how = f"order of the classes: {name} by the alphabet; they are not taken for steps of a scale (--classes)"
        return names, False, how


def _refuse_copies(path: Path, features: dict[str, pd.DataFrame], labels: Sequence[str], name: str) -> None:
    """Refuse a feature that has one value in each class, and another in each: the label under another name."""
    codes, classes = pd.factorize(np.array(labels))
    if len(codes) < _MIN_ROWS_FOR_COPIES:
        return
    first = [int(np.argmax(codes == code)) for code in range(len(classes))]
    for table in features.values():
        for column in table:
            values = table[column].to_numpy()
            own = values[first]
            if len(np.unique(own[np.isfinite(own)])) == len(classes) and (values == own[codes]).all():
                raise SettingsError(
                    f"{path}: feature {column!r} is {name} under another name: one value per class in all "
                    f"{len(values)} rows; leave it out of --features"
                )


def _name_trials(source: TextTable, raw: pd.DataFrame, subjects: Sequence[str], settings: FeatureSettings) -> list[str]:
    """Name of each trial, unique in the whole table: as the table says, with the subject before it where it must."""
    if settings.trial is None:
        numbers = pd.Series(subjects).groupby(pd.Series(subjects)).cumcount() + 1
        return [f"{subject}-{number:04d}" for subject, number in zip(subjects, numbers, strict=True)]
    text = raw[settings.trial].astype("string").str.strip()
    _refuse(source, raw[settings.trial], (text.isna() | (text == "")).to_numpy(), "is empty; fill it in")
    names = pd.DataFrame({"subject": subjects, "trial": text.to_numpy(str)})
    twice = names.duplicated()
    if twice.any():
        row = int(np.argmax(twice.to_numpy()))
        raise CorruptDataError(
            f"{source.path}: row {line_of(source, row)}: trial {names['trial'].iloc[row]!r} of subject "
            f"{names['subject'].iloc[row]!r} stands there twice; expected one row per trial"
        )
    own = [str(name) for name in names["trial"]]
    if len(set(own)) == len(own):
        return own
    return [f"{subject}-{trial}" for subject, trial in zip(subjects, own, strict=True)]


def _add_people(trials: pd.DataFrame, raw: pd.DataFrame) -> pd.DataFrame:
    """Add what the report groups people by, where every person has one value of it."""
    for name in PEOPLE_COLUMNS:
        if name in raw:
            values = raw[name].replace("", np.nan) if name == "sex" else pd.to_numeric(raw[name], errors="coerce")
            one = values.groupby(trials["subject"].to_numpy()).nunique(dropna=False).max() == 1
            trials = trials.assign(**{name: values.to_numpy()}) if one else trials
    return trials


def _describe(trials: pd.DataFrame, features: dict[str, pd.DataFrame], class_names: Sequence[str]) -> tuple[str, ...]:
    """Say what stands out: people with one class, rows without a modality, missing cells."""
    notes = []
    n_classes = trials.groupby("subject")["level"].nunique()
    whole = pd.concat([trials[["subject", "level"]], *features.values()], axis=1)
    twice = whole.duplicated() & whole.iloc[:, 2:].notna().any(axis=1)
    if twice.any() and whole.shape[1] > _LEAST_FOR_EQUAL:
        notes.append(f"{int(twice.sum())} rows equal another one of the same person in every feature: counted twice")
    single = [str(name) for name in n_classes.index[n_classes == 1]]
    if single:
        notes.append(f"{len(single)} of {len(n_classes)} subjects have one class alone: {_list(single)}")
    for modality, table in features.items():
        missing = table.isna().to_numpy()
        absent = int(missing.all(axis=1).sum())
        empty = [str(name) for name in table.columns[missing.all(axis=0)]]
        partly = int(missing[~missing.all(axis=1)].sum())
        notes += [f"{modality}: {absent} of {len(table)} trials lack it"] if absent else []
        notes += [f"{modality}: no value at all in {_list(empty)}"] if empty else []
        notes += [f"{modality}: {partly} missing cells take the training part's median"] if partly else []
    return tuple(notes)
