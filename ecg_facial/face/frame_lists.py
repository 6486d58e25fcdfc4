"""Rows and columns of a text file that lists frames.

Input: its lines. Output: which cell of each is the time, which names the frame, and the unit that the file states. The
separator, and which column is which, are decided once for all lines.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from ecg_facial.runtime.time_cells import is_time_cell
from ecg_facial.runtime.time_units import find_unit_of_column

_NUMBER = re.compile(r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d+)?\s*s?")
_WHOLE = re.compile(r"\d+")
# a number or a clock with a decimal comma
_DECIMAL_COMMA = re.compile(r"[-+\dT:]*\d,\d+[sZ]?")
# MKVToolNix and others: "# timestamp format v2", milliseconds below it
_MILLISECONDS = re.compile(r"#\s*time(?:code|stamp)s?\s+format\s+v2", re.IGNORECASE)
_TIME_WORDS = re.compile(r"time|stamp|\bpts\b|zeit|temps|tiempo|clock|seconds|\bsec|msec|\bms\b|\bt\b", re.IGNORECASE)
_KEY_WORDS = re.compile(r"frame|index|number|name|file|image|\bimg|\bid\b|\bn\b|^#$|bild", re.IGNORECASE)
# None stands for blanks
_MARKS = ("\t", ";", ",", None)
# a column is one of times if so many of its cells are
_LEAST_SHARE = 0.9


@dataclass(frozen=True, kw_only=True)
class FrameList:
    """Cells of a list of frames.

    Attributes
    ----------
    times : tuple of str
    keys : tuple of str
        Number or name of each frame; empty where there is none.
    unit : (str, float) or None
        Unit of the times, and its length in seconds, where the file states it.
    """

    times: tuple[str, ...]
    keys: tuple[str, ...]
    unit: tuple[str, float] | None = None


def split_list(lines: Sequence[str]) -> FrameList:
    """Find the columns of a list of frames.

    Parameters
    ----------
    lines : sequence of str
        Without blank lines. Lines that begin with # are remarks; the last one above the rows may be their header.

    Examples
    --------
    >>> split_list(["#timestamp [ns],filename", "1403636579763555584,a.png", "1403636579813555456,b.png"]).unit
    ('ns', 1e-09)
    """
    is_ms = any(_MILLISECONDS.match(line) for line in lines)
    remarks = [line.lstrip("# ") for line in lines if line.startswith("#")]
    plain = [line for line in lines if not line.startswith("#")]
    rows = _split(plain)
    above = remarks[-1:]
    if rows and not any(map(is_time, rows[0])):
        above, rows = plain[:1], rows[1:]
    n_columns = max(map(len, rows), default=0)
    # a header may have another separator than its rows
    headers = [cells for line in above for mark in _MARKS if len(cells := _split_line(line, mark)) == n_columns]
    header = headers[0] if headers else []
    columns = [[row[place] if place < len(row) else "" for row in rows] for place in range(n_columns)]
    time = _find_times(columns, header)
    key = _find_keys(columns, header, time)
    unit = find_unit_of_column(header[time]) if time < len(header) else None
    return FrameList(
        times=tuple(columns[time]) if columns else (),
        keys=("",) * len(rows) if key is None else tuple(columns[key]),
        unit=("ms", 1e-3) if is_ms else unit,
    )


def is_time(cell: str) -> bool:
    """Tell whether a cell is a number, or a time with hours and minutes."""
    return _NUMBER.fullmatch(cell) is not None or is_time_cell(cell)


def is_number(cell: str) -> bool:
    """Tell whether a cell is a number, with decimal point or comma."""
    return _NUMBER.fullmatch(cell) is not None


def _split(lines: Sequence[str]) -> list[list[str]]:
    """Split lines at the separator that most of them have."""
    mark = next(mark for mark in _MARKS if mark is None or _separates(mark, lines))
    return [_split_line(line, mark) for line in lines]


def _separates(mark: str, lines: Sequence[str]) -> bool:
    # the first may be a header in words
    rows = lines[1:] or lines
    if sum(mark in line for line in rows) < max(1, _LEAST_SHARE * len(rows)):
        return False
    if mark != "," or not all(_DECIMAL_COMMA.fullmatch(word) for row in rows for word in row.split() if mark in word):
        return True
    # 0,40 and 1,80 and 2,120: a counter before the comma
    counts = [row.partition(",")[0] for row in rows]
    is_counter = all(map(_WHOLE.fullmatch, counts)) and not any(" " in row for row in rows)
    return is_counter and len(counts) > 1 and all(int(one) < int(other) for one, other in pairwise(counts))


def _split_line(line: str, mark: str | None) -> list[str]:
    if mark is not None:
        return [cell.strip() for cell in line.split(mark)]
    cells: list[str] = []
    for cell in line.split():
        # a date and its time, or AM and PM behind one, are one cell
        if cells and is_time_cell(f"{cells[-1]} {cell}") and not (is_time_cell(cells[-1]) and is_time_cell(cell)):
            cells[-1] += f" {cell}"
        else:
            cells.append(cell)
    return cells


def _find_times(columns: Sequence[Sequence[str]], header: Sequence[str]) -> int:
    """Find the column of times: by its name, else the second one, unless that is a counter or no time."""
    fitting = [place for place, cells in enumerate(columns) if _are_times(cells)]
    named = [place for place in fitting if place < len(header) and _TIME_WORDS.search(header[place])]
    if named:
        return named[0]
    likely = [place for place in fitting if not _is_counter(columns[place])] or fitting
    return next((place for place in likely if place == 1), likely[0] if likely else min(1, max(len(columns) - 1, 0)))


def _find_keys(columns: Sequence[Sequence[str]], header: Sequence[str], time: int) -> int | None:
    """Find the column that names frames: by its name, else the first of the others."""
    others = [place for place in range(len(columns)) if place != time]
    named = [place for place in others if place < len(header) and _KEY_WORDS.search(header[place])]
    return next(iter(named or others), None)


def _are_times(cells: Sequence[str]) -> bool:
    return sum(map(is_time, cells)) >= _LEAST_SHARE * len(cells)


def _is_counter(cells: Sequence[str]) -> bool:
    """Whether cells are whole numbers that go up by one."""
    if len(cells) < 2 or not all(_WHOLE.fullmatch(cell) for cell in cells):
        return False
    return all(int(other) == int(one) + 1 for one, other in pairwise(cells))
