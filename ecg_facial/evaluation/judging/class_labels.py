"""Labels, decisions and probability columns of a predictions table, brought to the classes that were asked for.

Input: a table as text, and `LabelSettings`. Output: the same table with the names of the classes, and these in their
order. Ratings are cut; probabilities of ratings that fall into one class are summed.
"""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from ecg_facial.datasets.labelling import Labelling, find_classes, name_classes
from ecg_facial.datasets.settings import LabelSettings
from ecg_facial.errors import UnknownLabelError
from ecg_facial.evaluation.judging.predictions_cells import Cells, describe_row, read_numbers
from ecg_facial.evaluation.judging.predictions_file import class_names_of


def to_classes(cells: Cells, settings: LabelSettings) -> tuple[Cells, tuple[str, ...]]:
    """Bring a table to the classes of the settings.

    Parameters
    ----------
    cells : Cells
        As text: ``label``, and ``predicted`` or ``p_<class>`` columns.
    settings : LabelSettings
        Own words, or ratings.

    Returns
    -------
    cells : Cells
    class_names : tuple of str
        In their order; of ratings those that occur.

    Raises
    ------
    UnknownLabelError, CorruptDataError
        For a label or decision that is none of the classes, and a probability that is no number.
    """
    table = cells.table
    columns = [name for name in ("label", "predicted") if name in table]
    counts: dict[str, int] = table["label"].value_counts(sort=False).to_dict()
    for word in (*(table["predicted"].unique() if "predicted" in table else ()), *class_names_of(table)):
        counts.setdefault(word, 0)
    counts.pop("", None)
    found = find_classes(counts, settings) if settings.of_ratings else name_classes(counts, settings)
    for name in columns:
        wrong = table[name].isin(list(found.refused)).to_numpy()
        if wrong.any():
            place = int(wrong.argmax())
            said = found.refused[table[name].iloc[place]]
            raise UnknownLabelError(f"{describe_row(cells.source, place)}: {name}: {said}")
    changed = table.assign(**{name: table[name].map({**found.classes, "": ""}) for name in columns})
    occurring = set(found.classes.values())
    return (
        replace(cells, table=_join_probabilities(cells, changed, found), notes=(*cells.notes, *found.notes)),
        tuple(name for name in found.class_names if name in occurring),
    )


def _join_probabilities(cells: Cells, table: pd.DataFrame, found: Labelling) -> pd.DataFrame:
    """Rename probability columns to classes; those of one class are summed."""
    members: dict[str, list[str]] = {}
    for word in class_names_of(table):
        if word in found.refused:
            raise UnknownLabelError(f"{cells.source.path}: column p_{word}: {found.refused[word]}")
        members.setdefault(found.find(word), []).append(f"p_{word}")
    rest = table[[name for name in table if not str(name).startswith("p_")]]
    return rest.assign(**{f"p_{name}": _sum(cells, table, columns) for name, columns in members.items()})


def _sum(cells: Cells, table: pd.DataFrame, columns: list[str]) -> pd.Series:
    """Sum columns of numbers as text; empty where any is."""
    if len(columns) == 1:
        return table[columns[0]]
    numbers = pd.concat([read_numbers(cells, table, name) for name in columns], axis=1)
    sums = numbers.sum(axis=1, skipna=False)
    return sums.map(lambda value: "" if pd.isna(value) else repr(float(value)))
