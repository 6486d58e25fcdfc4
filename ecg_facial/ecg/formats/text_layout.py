"""Layout of a text table: separator, decimal sign, header, and the remarks above it.

Input: the lines of a file. Output: a `Layout`. Does not convert numbers: `text` does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

MISSING_WORDS = frozenset({"", "nan", "na", "n/a", "null", "none"})
_N_SAMPLED_ROWS = 20
# a longer remark states no rate; the search would take time in proportion to the square of its length
_MAX_REMARK = 400
_MAX_PREAMBLE = 200
_RATE = re.compile(
    r"(?:sampl\w*[ _-]*(?:rate|freq\w*)|\bsfreq|\bfs(?:_hz)?)\W*(?:\(?\s*(?P<unit>k?hz)\s*\)?)?[^\w.+-]*"
    r"(?P<value>\d+(?:[.,]\d+)?)\s*(?P<after>k?hz)?",
    re.IGNORECASE,
)
_TWO_NUMBERS = re.compile(r"\d\s+[-+.\d]")
_LABELS = re.compile(r"^#+\s*(?:labels?|columns?|channels?)\s*:?=?\s*(?P<names>\S.*)$", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Layout of a table.

    Attributes
    ----------
    delimiter : str or None
        None for any white space.
    decimal_comma : bool
    columns : tuple of str
        As the header spells them; empty where there is none.
    first_row : int
        Index of the first row of numbers among the lines.
    n_columns : int
        Number of cells in a typical row.
    """

    delimiter: str | None
    decimal_comma: bool
    columns: tuple[str, ...]
    first_row: int
    n_columns: int


def split_cells(line: str, delimiter: str | None) -> list[str]:
    """Split a line into cells without blanks and quotes; a separator at the end of the line does not add a cell."""
    cells = [cell.strip().strip('"') for cell in line.split(delimiter)]
    return cells[:-1] if len(cells) > 1 and not cells[-1] else cells


def is_number(cell: str, *, decimal_comma: bool) -> bool:
    """Tell whether a cell holds a number or a word for a missing value."""
    try:
        float(cell.replace(",", ".") if decimal_comma else cell)
    except ValueError:
        return cell.lower() in MISSING_WORDS
    return True


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
    middle = max(len(lines) // 2, min(1, len(lines) - 1))
    sample = lines[middle : middle + _N_SAMPLED_ROWS]
    delimiter = _find_delimiter(sample, lines)
    decimal_comma = delimiter != "," and any("," in line for line in sample)
    numeric = [[is_number(cell, decimal_comma=decimal_comma) for cell in split_cells(row, delimiter)] for row in sample]
    # the most frequent pattern of numbers and words
    typical = max(numeric, key=lambda row: sum(other == row for other in numeric))
    columns: tuple[str, ...] = ()
    first_row = 0
    # from the top: remarks, one header, perhaps units, then numbers
    for place, line in enumerate(lines[:_MAX_PREAMBLE]):
        cells = split_cells(line, delimiter)
        flags = [is_number(cell, decimal_comma=decimal_comma) for cell in cells]
        if _is_row(cells, flags, typical):
            break
        if not columns and _is_header(cells, flags, typical, is_first=place == 0):
            columns, first_row = tuple(cells), place + 1
        elif columns and re.search(r"\d", line):
            # a row with a word in it: its conversion will raise the error; a line without digits holds units
            break
        else:
            first_row = place + 1
    return Layout(
        delimiter=delimiter, decimal_comma=decimal_comma, columns=columns, first_row=first_row, n_columns=len(typical)
    )


def _find_delimiter(sample: Sequence[str], lines: Sequence[str]) -> str | None:
    """Find the separator that splits most rows: TAB, semicolon, comma or white space (None)."""
    most = (len(sample) + 1) // 2
    for delimiter in ("\t", ";"):
        if sum(delimiter in line for line in sample) >= most:
            return delimiter
    split = [split_cells(line, ",") for line in sample]
    fit = sum(map(_fits_comma, split)) >= most
    if fit and not _is_decimal_comma(split, lines):
        return ","
    if sum(len(line.split()) > 1 for line in sample) >= most and not any("," in line for line in lines[:1]):
        return None
    # one column, or rows that no separator splits: take the header's separator
    return max("\t;,", key=lines[0].count)


def _fits_comma(cells: Sequence[str]) -> bool:
    """Tell whether commas separate cells; in ``0,004 1,5`` they do not: the middle cell has parts of two numbers."""
    numbers = [cell for cell in cells if is_number(cell, decimal_comma=False)]
    return len(cells) > 1 and bool(numbers) and not any(_TWO_NUMBERS.search(cell) for cell in cells)


def _is_decimal_comma(split: Sequence[Sequence[str]], lines: Sequence[str]) -> bool:
    """Tell whether rows like ``1,5`` are one column with decimal commas: the header above has no comma."""
    if any(len(cells) > 2 for cells in split):
        return False
    rows = (place for place, line in enumerate(lines[:_MAX_PREAMBLE]) if is_number(line, decimal_comma=True))
    first = next(rows, 0)
    return first > 0 and "," not in lines[first - 1]


def _is_row(cells: Sequence[str], flags: Sequence[bool], typical: Sequence[bool]) -> bool:
    """Tell whether a line has numbers in the same columns as most rows."""
    if len(cells) != len(typical) or not any(flag and cell for flag, cell in zip(flags, cells, strict=True)):
        return False
    return all(flag or not usual for flag, usual in zip(flags, typical, strict=True))


def _is_header(cells: Sequence[str], flags: Sequence[bool], typical: Sequence[bool], *, is_first: bool) -> bool:
    """Tell whether a line names the columns: it has words where most rows have numbers."""
    words = [cell for cell, flag in zip(cells, flags, strict=True) if not flag]
    if 2 * len(words) < sum(map(bool, cells)) or (len(cells) != len(typical) and not is_first):
        return False
    return len(cells) == len(typical) or len(cells) > 1 or len(typical) == 1


def find_rate_hz(remarks: Sequence[str]) -> float | None:
    """Find the sampling rate in Hz in the remarks above the table; None if there is none.

    Examples
    --------
    >>> find_rate_hz(["# Simple Text Format", "# Sampling Rate (Hz):= 1000.00"])
    1000.0
    >>> find_rate_hz(["sampling frequency: 0.5 kHz"])
    500.0
    """
    for line in remarks:
        found = _RATE.search(line[:_MAX_REMARK])
        if found:
            value = float(found["value"].replace(",", "."))
            return value * (1e3 if "khz" in (found["unit"] or found["after"] or "").lower() else 1.0)
    return None


def find_labels(remarks: Sequence[str], n_columns: int) -> tuple[str, ...]:
    """Find the names of the columns in a remark (``# Labels:= ECG``); empty if none has as many names as columns."""
    for line in remarks:
        found = _LABELS.match(line[:_MAX_REMARK])
        if found:
            names = tuple(word.strip() for word in re.split(r"[\t;,]|\s{2,}", found["names"].strip()) if word.strip())
            names = names if len(names) == n_columns else tuple(found["names"].split())
            if len(names) == n_columns:
                return names
    return ()
