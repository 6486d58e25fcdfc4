"""Numbers of the columns of a text table.

Input: rows as text, their layout, and the columns that are wanted. Output: arrays of numbers, or cells where they are
times; rows that are damaged are NaN, and counted.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ecg_facial.ecg.formats.contract import shorten
from ecg_facial.ecg.formats.text_layout import Layout, split_cells
from ecg_facial.runtime.numbers import MISSING_WORDS, NumberStyle, StyleFinder, parse_quantity
from ecg_facial.runtime.time_cells import is_time_cell
from ecg_facial.runtime.typing import BoolArray, Float64Array

# whole numbers below this, beside ones with three decimals only, may be grouped thousands
_GROUP = 1000.0
_SHARE_WHOLE = 0.1
# rows that tell whether a column holds dates or clocks, and grouped thousands
_N_LOOKED_AT, _N_FIRST = 5, 64


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Rows of a table.

    Attributes
    ----------
    lines : sequence of str
    layout : Layout
    places : sequence of int
        Index of each line in the file, from 0.
    is_joined : bool
        Whether the first two cells are one time: a date and a clock, or seconds and a fraction behind a comma.
    is_even : bool
        Whether they are known to hold as many separators each: no row is cut.
    """

    lines: Sequence[str]
    layout: Layout
    places: Sequence[int]
    is_joined: bool = False
    is_even: bool = False

    def split(self, line: str) -> list[str]:
        """Cells of a line."""
        cells = split_cells(line, self.layout.delimiter)
        if self.is_joined and len(cells) > 1:
            cells[:2] = [join_time(cells[0], cells[1])]
        return cells

    @property
    def n_columns(self) -> int:
        """Cells of a typical row."""
        return self.layout.n_columns - self.is_joined

    def take(self, keep: BoolArray) -> Rows:
        """Leave out other rows."""
        at = np.flatnonzero(keep).tolist()
        return replace(self, lines=[self.lines[one] for one in at], places=[self.places[one] for one in at])


@dataclass(frozen=True, eq=False, kw_only=True)
class Column:
    """Values of one column.

    Attributes
    ----------
    values : ndarray of float64, shape (n_rows,)
        NaN where missing or damaged.
    is_blank : ndarray of bool, shape (n_rows,)
        Where a cell says that there is no value.
    is_damaged : ndarray of bool, shape (n_rows,)
        Where a cell is no number, or the row is cut.
    unit : str
        That stands behind most of the numbers; empty if there is none.
    style : NumberStyle
        How the numbers are written.
    first_damage : str
        Cell of the first damaged row.
    """

    values: Float64Array
    is_blank: BoolArray
    is_damaged: BoolArray
    unit: str = ""
    style: NumberStyle = field(default_factory=NumberStyle)
    first_damage: str = ""

    def take(self, keep: BoolArray) -> Column:
        """Leave out other rows."""
        return replace(self, values=self.values[keep], is_blank=self.is_blank[keep], is_damaged=self.is_damaged[keep])


def join_time(first: str, second: str) -> str:
    """Join two cells that are one time."""
    return f"{first}.{second}" if second.isdecimal() else f"{first} {second}"


def read_fast(rows: Rows, indices: Sequence[int]) -> Float64Array | None:
    """Read columns of plain numbers; None where a cell is anything else, or a row may be cut.

    Parameters
    ----------
    rows : Rows
    indices : sequence of int

    Returns
    -------
    ndarray of float64, shape (n_rows, n_indices), or None
    """
    layout = rows.layout
    decimal_comma = layout.style.decimal == ","
    if rows.is_joined or (decimal_comma and layout.delimiter == ","):
        return None
    if layout.delimiter is not None and not rows.is_even and not _is_even(rows):
        return None
    lines = (line.replace(",", ".") for line in rows.lines) if decimal_comma else iter(rows.lines)
    try:
        values = np.loadtxt(
            lines, delimiter=layout.delimiter, usecols=list(indices), ndmin=2, comments=None, quotechar='"'
        )
    except (ValueError, IndexError):
        return None
    if len(values) != len(rows.lines) or (layout.delimiter != "," and any(map(_may_be_grouped, values.T))):
        return None
    return np.asarray(values, dtype=np.float64)


def wrap_plain(values: Float64Array, layout: Layout) -> Column:
    """Make a column of plain numbers."""
    return Column(
        values=values,
        is_blank=np.isnan(values),
        is_damaged=np.zeros(len(values), dtype=bool),
        style=layout.style,
    )


def _is_even(rows: Rows) -> bool:
    """Tell whether all rows have as many separators as the first and the last: none is cut."""
    mark = rows.layout.delimiter or " "
    counts = set(map(str.count, rows.lines, [mark] * len(rows.lines)))
    return len(counts) == 1


def _may_be_grouped(values: Float64Array) -> bool:
    """Tell whether numbers may be grouped thousands (``1.024``) among whole numbers."""
    # the first rows decide for nearly all columns
    return all(_looks_grouped(part) for part in (values[:_N_FIRST], values))


def _looks_grouped(values: Float64Array) -> bool:
    whole = values == np.round(values)
    if not whole.mean() > _SHARE_WHOLE or np.abs(values[np.isfinite(values)]).max(initial=0) >= _GROUP:
        return False
    parts = values[~whole] * _GROUP
    return len(values) == _N_FIRST or bool(not whole.all() and np.all(np.abs(parts - np.round(parts)) < 1e-6))


def has_times(rows: Rows, index: int) -> bool:
    """Tell whether a column holds dates or hours and minutes, by its first rows."""
    cells = [cells[index] for cells in map(rows.split, rows.lines[:_N_LOOKED_AT]) if index < len(cells)]
    return 2 * sum(map(is_time_cell, cells)) > len(cells)


def read_cells(rows: Rows, index: int) -> list[str]:
    """Read the cells of a column as text; empty where a row ends before it."""
    return [cells[index] if index < len(cells) else "" for cells in map(rows.split, rows.lines)]


def read_column(rows: Rows, index: int) -> Column:
    """Read a column cell by cell, in the style that all of its cells show."""
    n_rows = len(rows.lines)
    cells = list(_iterate(rows, index))
    style = _find_style(cells, rows.layout)
    values = np.full(n_rows, np.nan)
    is_blank, is_damaged = np.zeros(n_rows, dtype=bool), np.zeros(n_rows, dtype=bool)
    units: dict[int, str] = {}
    first_damage = ""
    for place, cell in enumerate(cells):
        found = None if cell is None else parse_quantity(cell, style)
        if found is None:
            first_damage = first_damage or shorten(rows.lines[place] if cell is None else cell)
            is_damaged[place] = True
        elif math.isnan(found.value):
            is_blank[place] = True
        else:
            values[place] = found.value
            if found.unit:
                units[place] = found.unit
    unit = _find_unit(units, n_rows - int(is_blank.sum()))
    for place, other in units.items():
        # "0.x" is no quantity in x where other cells have another unit, or none
        if other != unit:
            first_damage = first_damage or shorten(rows.lines[place])
            is_damaged[place], values[place] = True, np.nan
    return Column(
        values=values, is_blank=is_blank, is_damaged=is_damaged, unit=unit, style=style, first_damage=first_damage
    )


def _find_unit(units: Mapping[int, str], n_values: int) -> str:
    """Find the unit behind most of the numbers; empty where most have none."""
    found = Counter(units.values()).most_common(1)
    return found[0][0] if found and 2 * found[0][1] > n_values else ""


def _iterate(rows: Rows, index: int) -> Iterator[str | None]:
    """Yield the cells of a column; None where the row is cut, or has numbers too many."""
    width = rows.n_columns
    for line in rows.lines:
        cells = rows.split(line)
        n_cells = len(cells)
        if index >= n_cells:
            yield None
        elif n_cells < width and index == n_cells - 1 and index < width - 1:
            # the last cell of a row that is cut may be cut itself
            yield None
        elif n_cells > width and any(_is_number(cell, rows.layout.style) for cell in cells[width:]):
            yield None
        else:
            yield cells[index]


def _is_number(cell: str, style: NumberStyle) -> bool:
    found = None if cell.lower() in MISSING_WORDS else parse_quantity(cell, style)
    return found is not None and not found.unit


def _find_style(cells: Sequence[str | None], layout: Layout) -> NumberStyle:
    finder = StyleFinder(layout.delimiter)
    for cell in cells:
        if cell:
            finder.add(cell)
    return finder.decide()
