"""What an audit changes in the data before a fold is fitted again: one view of the trials, or several.

Input: prepared data, the test trials of a fold, and which views are altered. Output: altered data. A method can read
labels, heart-rate tokens and beats, face crops, every column of the table, time stamps, the order of rows, and, past
what it is handed, names of trials. Each can be altered alone, so that the cause of a difference can be named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields

import numpy as np
import pandas as pd

from ecg_facial.labels import Task
from ecg_facial.prepared.altering import AlteredData, RenamedData, ReorderedData
from ecg_facial.prepared.contract import PreparedData
from ecg_facial.prepared.normalising import TIME_COLUMN, order_rows
from ecg_facial.runtime.typing import Int64Array

_KEYS = ("subject", "trial", "level")
VIEWS = {"ecg": "the heart", "video": "the video", "columns": "columns of the table", "times": "time stamps"}
"""Views of a trial that can be exchanged, in words."""


@dataclass(frozen=True, kw_only=True)
class Alteration:
    """Which views are altered.

    Attributes
    ----------
    labels, pain_labels : bool
        Labels of the test trials; `pain_labels` exchanges those above the lowest level alone.
    ecg, video, columns, times : bool
        Views of the later half of each test person's trials, which show those of trials outside the test part.
    everything : bool
        Exchange these views in all test trials, not in the later half alone.
    order : bool
        Order of the test trials among their rows.
    names : bool
        Names of the test trials, exchanged between levels within each person: names may spell the level.
    shown_labels, shown_signals : bool
        Labels, and all other views, of everybody, in what factories are shown before the fold.
    """

    labels: bool = False
    pain_labels: bool = False
    ecg: bool = False
    video: bool = False
    columns: bool = False
    times: bool = False
    everything: bool = False
    order: bool = False
    names: bool = False
    shown_labels: bool = False
    shown_signals: bool = False

    @property
    def views(self) -> tuple[str, ...]:
        """Names of the exchanged views."""
        return tuple(name for name in VIEWS if getattr(self, name))

    @property
    def shown(self) -> bool:
        """Whether factories are shown other data than the fold's."""
        return self.shown_labels or self.shown_signals

    def __or__(self, other: Alteration) -> Alteration:
        return Alteration(**{each.name: getattr(self, each.name) or getattr(other, each.name) for each in fields(self)})


NOTHING = Alteration()
LABELS, PAIN_LABELS = Alteration(labels=True), Alteration(pain_labels=True)
ORDER, NAMES = Alteration(order=True), Alteration(names=True)
SIGNALS = Alteration(ecg=True, video=True, columns=True, times=True)
SHOWN_LABELS, SHOWN_SIGNALS = Alteration(shown_labels=True), Alteration(shown_signals=True)


@dataclass(frozen=True, eq=False, kw_only=True)
class Altered:
    """Altered data.

    Attributes
    ----------
    fold : PreparedData
        What the fold is fitted on and predicts.
    shown : PreparedData
        What factories are shown.
    rows : list of int
        Where each test trial stands now, in the order of the test rows of the unaltered data.
    names : mapping of int to str
        Other names of the fold's trials, by row: `rename` gives them, after any normalisation that may go by names.
    """

    fold: PreparedData
    shown: PreparedData
    rows: list[int]
    names: Mapping[int, str] = field(default_factory=dict)

    def rename(self, fold: PreparedData, shown: PreparedData, rows: Sequence[int]) -> tuple[PreparedData, PreparedData]:
        """Give test trials, that stood in `rows`, their other names in the fold and in what factories are shown."""
        if not self.names:
            return fold, shown
        renamed = RenamedData(fold, self.names)
        if self.shown is self.fold:
            return renamed, renamed
        old = {row: self.names[place] for row, place in zip(rows, self.rows, strict=True)}
        return renamed, RenamedData(shown, old)


def alter(prepared: PreparedData, rows: Sequence[int], *, task: Task, alteration: Alteration, seed: int) -> Altered:
    """Alter prepared data, before any normalisation.

    Parameters
    ----------
    prepared : PreparedData
    rows : sequence of int
        The test trials.
    task : Task
    alteration : Alteration
    seed : int
        Of what is drawn.
    """
    rng, made = np.random.default_rng([seed, 11]), prepared
    if alteration.views:
        made = _exchange(made, rows, alteration, task=task, rng=rng)
    if alteration.labels:
        made = _with_levels(made, rows, _draw_levels(made, rows, task, rng))
    if alteration.pain_labels:
        made = _with_levels(made, rows, _turn_pain(made, rows, task))
    places = list(rows)
    if alteration.order:
        made, places = _reorder(made, rows, rng)
    shown = _show(prepared, alteration, task, rng) if alteration.shown else made
    turned = _turn_names(prepared, rows, task) if alteration.names else {}
    names = {place: turned[row] for row, place in zip(rows, places, strict=True) if turned}
    return Altered(fold=made, shown=shown, rows=places, names=names)


def early_places(prepared: PreparedData, rows: Sequence[int]) -> list[int]:
    """Places among the test rows of those whose views are not exchanged: the earlier half of each person's trials."""
    late = set(_late_rows(prepared, rows))
    return [place for place, row in enumerate(rows) if row not in late]


def _late_rows(prepared: PreparedData, rows: Sequence[int]) -> list[int]:
    subjects = prepared.table["subject"].astype(str).to_numpy()
    late: list[int] = []
    for subject in sorted({subjects[row] for row in rows}):
        own = order_rows(prepared.table, [row for row in rows if subjects[row] == subject])
        late += own[(len(own) + 1) // 2 :]
    return late


def _exchange(
    prepared: PreparedData, rows: Sequence[int], alteration: Alteration, *, task: Task, rng: np.random.Generator
) -> PreparedData:
    """Let test trials show the views of trials outside the test part."""
    changed = list(rows) if alteration.everything else _late_rows(prepared, rows)
    others = np.array(sorted(set(_task_rows(prepared, task)) - set(rows)))
    donors = dict(zip(changed, rng.choice(others, len(changed)).tolist(), strict=True))
    made: PreparedData = prepared
    if alteration.ecg or alteration.video:
        made = AlteredData(made, ecg=donors if alteration.ecg else {}, video=donors if alteration.video else {})
    table = prepared.table
    if alteration.columns:
        table = _exchange_columns(table, donors)
    if alteration.times and TIME_COLUMN in table:
        table = _delay(table, changed, rng)
    return made if table is prepared.table else made.with_table(table)


def _task_rows(prepared: PreparedData, task: Task) -> list[int]:
    return [row for row, level in enumerate(prepared.table["level"]) if task.includes_code(level)]


def _exchange_columns(table: pd.DataFrame, donors: dict[int, int]) -> pd.DataFrame:
    """Take every column of some rows, but for names, levels and times, from other rows."""
    taken = np.array([donors.get(row, row) for row in range(len(table))])
    kept = (*_KEYS, TIME_COLUMN)
    return table.assign(**{name: table[name].array.take(taken) for name in table if name not in kept})


def _delay(table: pd.DataFrame, rows: Sequence[int], rng: np.random.Generator) -> pd.DataFrame:
    """Put trials later by a drawn time, so that they stay after all that were before them."""
    times_s = table[TIME_COLUMN].to_numpy(np.float64, copy=True)
    times_s[list(rows)] += np.nan_to_num(np.nanmax(times_s, initial=0.0)) + rng.uniform(1.0, 100.0, len(rows))
    return table.assign(**{TIME_COLUMN: times_s})


def _draw_levels(prepared: PreparedData, rows: Sequence[int], task: Task, rng: np.random.Generator) -> dict[int, str]:
    """Draw another level for each row, and the lowest one for a third, so that the counts of classes change too."""
    names, levels = list(task.class_names), prepared.table["level"].to_numpy()
    drawn = {row: str(rng.choice([name for name in names if name != levels[row]])) for row in rows}
    return drawn | dict.fromkeys(rng.permutation(list(rows))[: -(-len(rows) // 3)].tolist(), names[0])


def _turn_pain(prepared: PreparedData, rows: Sequence[int], task: Task) -> dict[int, str]:
    """Give each trial above the lowest level the next level, and leave the lowest as it is."""
    pain, levels = list(task.class_names)[1:], prepared.table["level"].to_numpy()
    following = dict(zip(pain, pain[1:] + pain[:1], strict=True))
    return {row: following.get(levels[row], levels[row]) for row in rows}


def _turn_names(prepared: PreparedData, rows: Sequence[int], task: Task) -> dict[int, str]:
    """Give each test trial the name of one of the same person and, where there is any, of another level."""
    subjects, names, levels = (prepared.table[name].astype(str).to_numpy() for name in ("subject", "trial", "level"))
    turned: dict[int, str] = {}
    for subject in sorted({subjects[row] for row in rows}):
        own = sorted((row for row in rows if subjects[row] == subject), key=lambda row: task.encode(levels[row]))
        most = int(np.unique(levels[own], return_counts=True)[1].max())
        turned |= {row: names[own[(place + most) % len(own)]] for place, row in enumerate(own)}
    return turned


def _with_levels(prepared: PreparedData, rows: Sequence[int], levels: dict[int, str]) -> PreparedData:
    column = prepared.table["level"].to_numpy(object, copy=True)
    for row in rows:
        column[row] = levels[row]
    return prepared.with_table(prepared.table.assign(level=column))


def _reorder(prepared: PreparedData, rows: Sequence[int], rng: np.random.Generator) -> tuple[PreparedData, list[int]]:
    """Shuffle the test trials among their rows; all others stay where they are."""
    shuffled = rng.permutation(list(rows)).tolist()
    order: Int64Array = np.arange(len(prepared))
    order[list(rows)] = shuffled
    places = dict(zip(shuffled, rows, strict=True))
    return ReorderedData(prepared, order.tolist()), [places[row] for row in rows]


def _show(prepared: PreparedData, alteration: Alteration, task: Task, rng: np.random.Generator) -> PreparedData:
    """Alter everybody's labels, or all their other views, as strongly as data of the same shape permit.

    Signals are drawn anew from all trials of the same level, with replacement: a mere exchange would leave every mean
    and every projection over everybody as it is. Labels are reversed in three people of four, which turns every
    difference between classes round, and shuffled in the others: a selection by F values is the same if all are
    reversed.
    """
    everybody, made = _task_rows(prepared, task), prepared
    levels = prepared.table["level"].to_numpy(object)
    if alteration.shown_signals:
        alike = {level: [row for row in everybody if levels[row] == level] for level in set(levels[everybody])}
        donors = {row: int(rng.choice(alike[levels[row]])) for row in everybody}
        made = AlteredData(made, ecg=donors, video=donors).with_table(_exchange_columns(made.table, donors))
    if alteration.shown_labels:
        made = _with_levels(made, everybody, _reverse_levels(prepared, everybody, task, rng))
    return made


def _reverse_levels(
    prepared: PreparedData, rows: Sequence[int], task: Task, rng: np.random.Generator
) -> dict[int, str]:
    """Reverse the order of levels in three people of four, and shuffle them in the others."""
    other = dict(zip(task.class_names, reversed(task.class_names), strict=True))
    subjects, levels = (prepared.table[name].astype(str).to_numpy() for name in ("subject", "level"))
    people = rng.permutation(sorted(set(subjects[list(rows)])))
    made = {row: other[levels[row]] for row in rows}
    for subject in people[: -(-len(people) // 4)]:
        own = [row for row in rows if subjects[row] == subject]
        made |= dict(zip(own, rng.permutation(levels[own]).tolist(), strict=True))
    return made
