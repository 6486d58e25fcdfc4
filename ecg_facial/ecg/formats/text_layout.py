"""Layout of a text table: separator, style of numbers, and where the rows begin.

Input: the lines of a file. Output: a `Layout`. Does not convert numbers, and does not say what the lines above mean.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ecg_facial.ecg.formats.text_header import find_rate_below
from ecg_facial.ecg.formats.units import find_factor
from ecg_facial.runtime.numbers import MISSING_WORDS, NumberStyle, find_style, parse_quantity
from ecg_facial.runtime.time_cells import is_time_cell
from ecg_facial.runtime.time_units import find_seconds

_N_SAMPLED_ROWS = 20
# first lines, which have the names
_N_FIRST = 50
# lines above a table, at most
MAX_PREAMBLE = 5000
_TWO_NUMBERS = re.compile(r"[-+.\deE]*\d\s+[-+.\d][-+.\deE]*")
_SEPARATOR_LINE = re.compile(r'"?sep(?:arator)?=(?P<mark>\\t|.)"?', re.IGNORECASE | re.DOTALL)
_POINT, _COMMA = NumberStyle(), NumberStyle(decimal=",")


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Layout of a table.

    Attributes
    ----------
    delimiter : str or None
        None for any white space.
    style : NumberStyle
        How its numbers are written.
    first_row : int
        Index of the first row of numbers among the lines.
    n_columns : int
        Number of cells in a typical row.
    head : tuple of tuple of str
        Cells of the lines above that are as wide as the table, and hold words: names, units.
    above : tuple of str
        Cells of the line directly above the rows, if it holds words.
    """

    delimiter: str | None
    style: NumberStyle
    first_row: int
    n_columns: int
    head: tuple[tuple[str, ...], ...] = ()
    above: tuple[str, ...] = ()


def split_cells(line: str, delimiter: str | None) -> list[str]:
    """Split a line into cells without blanks and quotes; a separator between quotes does not count."""
    cells = _split_quoted(line, delimiter) if '"' in line else line.split(delimiter)
    return [cell.strip().strip("'") for cell in cells] or [""]


def _split_quoted(line: str, delimiter: str | None) -> list[str]:
    try:
        cells = next(csv.reader([line], delimiter=delimiter or " ", skipinitialspace=True), [])
    except csv.Error:
        cells = line.split(delimiter)
    return [cell.strip('"') for cell in cells if cell or delimiter]


def _split_head(line: str, delimiter: str | None, n_columns: int) -> list[str]:
    """Split a line above the rows; separators at its end do not add cells, but in a table of one column."""
    cells = split_cells(line, delimiter)
    while len(cells) > n_columns > 1 and not cells[-1]:
        cells.pop()
    return cells


def is_value(cell: str, style: NumberStyle) -> bool:
    """Tell whether a cell holds a number, a time, or a word for a missing value."""
    try:
        float(cell)
    except ValueError:
        return cell.lower() in MISSING_WORDS or parse_quantity(cell, style) is not None or is_time_cell(cell)
    return "_" not in cell


def find_layout(lines: Sequence[str]) -> Layout:
    """Find the layout of a table.

    Parameters
    ----------
    lines : sequence of str
        Lines that are neither blank nor comments.

    Returns
    -------
    Layout
        Found from rows in the middle of the file, where no remarks are.
    """
    sample = _take_sample(lines)
    delimiter = _find_stated_delimiter(lines) or _find_delimiter(sample, lines)
    split = [split_cells(row, delimiter) for row in sample]
    if all(len(cells) > 1 and not cells[-1] for cells in split) and not _has_last(lines, delimiter, len(split[0])):
        # a separator at the end of each row
        split = [cells[:-1] for cells in split]
    style = _find_style(sample, split, delimiter)
    values = [[is_value(cell, style) for cell in cells] for cells in split]
    # the most frequent pattern of numbers and words
    typical = max(values, key=lambda row: sum(other == row for other in values))
    first_row, head = _find_first_row(lines, delimiter, style, typical)
    above = _split_head(lines[first_row - 1], delimiter, len(typical)) if 0 < first_row < len(lines) else []
    is_named = above and len(typical) > 1 and not _is_key(above) and not any(is_value(cell, style) for cell in above)
    return Layout(
        delimiter=delimiter,
        style=style,
        first_row=first_row,
        n_columns=len(typical),
        head=head,
        above=tuple(above) if is_named else (),
    )


def _take_sample(lines: Sequence[str]) -> list[str]:
    """Take rows of the middle, of the third quarter and near the end: no remarks are there, nor one gap in all."""
    middle = max(len(lines) // 2, min(1, len(lines) - 1))
    if len(lines) - middle <= 2 * _N_SAMPLED_ROWS:
        return list(lines[middle : middle + _N_SAMPLED_ROWS])
    half, late = _N_SAMPLED_ROWS // 2, (middle + len(lines)) // 2
    end = len(lines) - _N_SAMPLED_ROWS
    return [*lines[middle : middle + half], *lines[late : late + half // 2], *lines[end : end + half // 2]]


def _has_last(lines: Sequence[str], delimiter: str | None, width: int) -> bool:
    """Tell whether the last cell, which is blank in the sample, has a name or a value in the first lines."""
    first = (split_cells(line, delimiter) for line in lines[:_N_FIRST])
    return any(len(cells) == width and cells[-1] for cells in first)


def _find_style(sample: Sequence[str], split: Sequence[Sequence[str]], delimiter: str | None) -> NumberStyle:
    """Find the style of numbers from rows; without any comma, a point is the decimal sign."""
    quoted = delimiter == "," and any('"' in line for line in sample)
    if (delimiter == "," and not quoted) or not any("," in line for line in sample):
        return _POINT
    return find_style(split, delimiter)


def _find_first_row(
    lines: Sequence[str], delimiter: str | None, style: NumberStyle, typical: Sequence[bool]
) -> tuple[int, tuple[tuple[str, ...], ...]]:
    """Walk from the top to the first row; lines of names and units on the way are kept."""
    head: list[tuple[str, ...]] = []
    for place, line in enumerate(lines[:MAX_PREAMBLE]):
        cells = _split_head(line, delimiter, len(typical))
        values = [is_value(cell, style) for cell in cells]
        if _is_row(cells, values, typical):
            if _counts_samples(cells, lines, place, delimiter):
                continue
            if _is_below_a_key(lines, place, delimiter, typical):
                # what stands above it names this number, no column
                head = head[:-1]
                continue
            return place, tuple(head)
        if _is_head(cells, values, typical):
            head.append(tuple(cells))
        elif head and _is_broken_row(cells, values, typical):
            return place, tuple(head)
    return len(lines), tuple(head)


def _is_row(cells: Sequence[str], values: Sequence[bool], typical: Sequence[bool]) -> bool:
    """Tell whether a line has numbers in the same columns as most rows."""
    if len(cells) != len(typical) or not any(value and cell for value, cell in zip(values, cells, strict=True)):
        return False
    return all(value or not usual for value, usual in zip(values, typical, strict=True))


def _is_broken_row(cells: Sequence[str], values: Sequence[bool], typical: Sequence[bool]) -> bool:
    """Tell whether a line below the names is a row with a word in it, which its conversion will judge."""
    if len(cells) != len(typical) or _is_key(cells) or (typical[0] and not cells[0]):
        return False
    return any(value and cell for value, cell in zip(values, cells, strict=True))


def _counts_samples(cells: Sequence[str], lines: Sequence[str], place: int, delimiter: str | None) -> bool:
    """Tell whether a line above the rows tells how many samples each channel has."""
    after = lines[place + 1 : place + 2]
    if place == 0 or not after:
        return False
    filled = [cell for cell in cells if cell]
    if not all(cell.isdecimal() for cell in filled) or max(map(len, filled)) > 12:
        return False
    below = _split_head(after[0], delimiter, len(cells))
    if not cells[0] and len(below) == len(cells) and below[0]:
        return True
    n_rows = len(lines) - place - 1
    return n_rows > 2 and all(int(cell) == n_rows for cell in filled) and len(filled) == len(cells)


def _is_below_a_key(lines: Sequence[str], place: int, delimiter: str | None, typical: Sequence[bool]) -> bool:
    """Tell whether a line holds the number that the line above names: "Sampling Rate", and below it 1000."""
    if not 0 < place < len(lines) - 1 or find_rate_below(lines[place - 1], lines[place]) is None:
        return False
    below = _split_head(lines[place + 1], delimiter, len(typical))
    # between names and a single column of samples, the first of them
    return len(typical) == 1 or any(not _is_plain(cell) for cell in below if cell)


def _is_plain(cell: str) -> bool:
    return cell[:1] in "+-.,0123456789"


def _is_key(cells: Sequence[str]) -> bool:
    """Tell whether a line begins with a key: ``Interval=``, ``Device:``."""
    return cells[0].endswith(("=", ":"))


def _is_head(cells: Sequence[str], values: Sequence[bool], typical: Sequence[bool]) -> bool:
    """Tell whether a line may name the columns: it has words where most rows have numbers."""
    words = [cell for cell, value in zip(cells, values, strict=True) if not value]
    if len(cells) != len(typical) or _is_key(cells):
        return False
    if len(typical) == 1 and re.search(r"[,;:=]", cells[0]):
        # above a single column, a key with its value
        return False
    # channels may be named by numbers: "time,1,2"
    are_numbers = typical[0] and not values[0] and cells[1:] == [str(number + 1) for number in range(len(cells) - 1)]
    return bool(words) and (2 * len(words) >= sum(map(bool, cells)) or are_numbers)


def _find_stated_delimiter(lines: Sequence[str]) -> str | None:
    """Find the separator that the first line states, as spreadsheets do: ``sep=;``."""
    found = _SEPARATOR_LINE.fullmatch(lines[0].strip(" ") if lines else "")
    if found is None:
        return None
    return "\t" if found["mark"] == "\\t" else found["mark"]


def _find_delimiter(sample: Sequence[str], lines: Sequence[str]) -> str | None:
    """Find the separator that splits most rows: TAB, semicolon, bar, comma or white space (None)."""
    most = (len(sample) + 1) // 2
    for delimiter in ("\t", ";", "|"):
        if sum(delimiter in line for line in sample) >= most:
            return delimiter
    split = [split_cells(line, ",") for line in sample]
    fit = sum(map(_fits_comma, split)) >= most
    if fit:
        # a single column has no separator at all, and TAB is in none of its lines
        return "\t" if _is_decimal_comma(split, lines) else ","
    if sum(len(line.split()) > 1 for line in sample) >= most and not any("," in line for line in lines[:1]):
        return None
    # one column, or rows that no separator splits: take the header's separator
    return max("\t;,", key=lines[0].count)


def _fits_comma(cells: Sequence[str]) -> bool:
    """Tell whether commas separate cells; in ``0,004 1,5`` they do not: the middle cell has parts of two numbers."""
    # a comma within a cell stood between quotes
    holds_value = any(is_value(cell, style) for cell in cells for style in (_POINT, _COMMA))
    return len(cells) > 1 and holds_value and not any(map(_TWO_NUMBERS.fullmatch, cells))


def _is_decimal_comma(split: Sequence[Sequence[str]], lines: Sequence[str]) -> bool:
    """Tell whether rows like ``1,5`` are one column with decimal commas: the header above has no comma."""
    if any(len(cells) > 2 for cells in split):
        return False
    rows = (place for place, line in enumerate(lines[:MAX_PREAMBLE]) if "," in line and is_value(line.strip(), _COMMA))
    first = next(rows, 0)
    if not first:
        return False
    above = split_cells(lines[first - 1], ",")
    # "Unit,mV" is a key with its value, "ms,mV" are the units of two columns
    is_key = len(above) == 2 and find_factor(above[1]) is not None and find_seconds(above[0]) is None
    return len(above) < 2 or is_key
