"""Text tables of names and numbers: manifests, predictions, features, lists of people.

Input: a path. Output: its columns by name and its rows as text, with the number of the line that each stands on. The
encoding, the separator (comma, semicolon, TAB, bar), Excel's ``sep=`` line and lines of remarks are found here, once
for all; names of columns are compared without letter case. What the cells mean is not known here.
"""

from __future__ import annotations

import csv
import warnings
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from ecg_facial.errors import CorruptDataError, DataError
from ecg_facial.runtime.names import name_key, tidy_name
from ecg_facial.runtime.text_files import MAX_TEXT_BYTES, TextFile, find_text

if TYPE_CHECKING:
    import pandas as pd

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "TAB", "|": "bar"}
_MAX_REMARKS = 100
_BLOCK = 1 << 20
_ROWS_TRIED = 50
# cells that are no number in any style, so that a column with them may still be read as numbers at once
_NO_NUMBER = ("", "nan", "NaN", "-nan", "NA", "N/A", "n/a", "<NA>", "#N/A", "null", "NULL", "None", "none")


@dataclass(frozen=True, kw_only=True)
class TextTable:
    """A table whose rows can be read.

    Attributes
    ----------
    text : TextFile
    names : tuple of str
        Columns as the header spells them, without blanks around.
    separator : str
    header_line : int
        Line of the header; the first is 1.
    n_repeated : int
        How often the header stands there again: tables were joined.
    has_row_names : bool
        Whether the header is one cell shorter than the rows, as R writes it; the first column has an empty name then.
    notes : tuple of str
        What was assumed, one line each.
    """

    text: TextFile
    names: tuple[str, ...]
    separator: str
    header_line: int
    n_repeated: int = 0
    has_row_names: bool = False

    @property
    def path(self) -> Path:
        """The file."""
        return self.text.path

    @property
    def notes(self) -> tuple[str, ...]:
        """What was assumed of encoding and header, one line each."""
        notes = list(self.text.notes)
        if self.n_repeated:
            notes.append(f"the header stands there {self.n_repeated + 1} times, as in joined tables: read once")
        if self.has_row_names:
            notes.append("rows have a cell more than the header: the first is a row number, as R writes it")
        return tuple(notes)

    def find_column(self, name: str) -> str | None:
        """Find a column in any letter case; None without one."""
        return next((own for own in self.names if name_key(own) == name_key(name)), None)


def find_table(
    path: Path, *, expected: str, columns: Sequence[str] = (), most_bytes: int = MAX_TEXT_BYTES, remedy: str = ""
) -> TextTable:
    """Find the header of a table.

    Parameters
    ----------
    path : Path
    expected : str
        For the messages: "a table of predictions".
    columns : sequence of str
        Columns that such a table has, by which its separator is known.
    most_bytes : int
        Limit of the file's size.
    remedy : str
        Added to the message where it is no table.

    Raises
    ------
    MissingDataError
        When there is no such file.
    CorruptDataError
        When it is no text or has no header, or a column stands there twice.
    DataError
        When it cannot be read, or is larger than `most_bytes`.
    """
    ending = f", {remedy}" if remedy else ""
    if path.is_file() and path.stat().st_size > most_bytes:
        raise DataError(f"{path}: {path.stat().st_size} bytes, limit {most_bytes}; split it")
    text = find_text(path, expected=expected)
    separator = None
    for number, line in enumerate(text.lines(), start=1):
        if number == 1 and line.strip().lower().startswith("sep=") and len(line.strip()) <= len("sep=") + 1:
            # Excel's own line; a TAB behind it is stripped with the blanks
            separator = line.strip()[len("sep=") :] or "\t"
        elif line.strip() and not (line.startswith("#") and number <= _MAX_REMARKS):
            chosen = separator or _find_separator(line, columns)
            names = _read_names(path, line, chosen, ending)
            table = TextTable(text=text, names=names, separator=chosen, header_line=number)
            table = replace(table, n_repeated=_count_headers(table))
            return replace(table, names=("", *names), has_row_names=True) if _has_row_names(table) else table
    raise CorruptDataError(f"{path}: the file is empty; expected {expected}{ending}")


def _find_separator(line: str, columns: Sequence[str]) -> str:
    """Find the separator by which most of the expected columns are there, of equals the one with most cells."""
    wanted = {name_key(name) for name in columns}

    def count(mark: str) -> tuple[int, int]:
        cells = _split(line, mark)
        return len(wanted & {name_key(cell) for cell in cells}), len(cells)

    return max(SEPARATORS, key=count)


def _read_names(path: Path, line: str, separator: str, ending: str) -> tuple[str, ...]:
    names = [tidy_name(cell) for cell in _split(line, separator)]
    while names and not names[-1]:
        # a separator at the end of every line
        names.pop()
    keys = [name_key(name) for name in names]
    twice = next((name for name, key in zip(names, keys, strict=True) if name and keys.count(key) > 1), None)
    if twice is not None:
        raise CorruptDataError(f"{path}: column {twice!r} stands there twice; expected each once{ending}")
    return tuple(names)


def _count_headers(table: TextTable) -> int:
    """Count how often the header stands there again.

    Raises
    ------
    CorruptDataError
        For a header with the columns in another order: its rows are of another table.
    """
    # words of which few rows hold the first, so that few are split
    words = sorted((name.lower() for name in table.names), key=len, reverse=True)
    keys = [name_key(name) for name in table.names]
    n_repeated = 0
    if len(keys) < 2 or not _occurs_again(table, words[0]):
        return 0
    for number, line in enumerate(table.text.lines(), start=1):
        if number <= table.header_line or not all(word in line.lower() for word in words):
            continue
        found = [name_key(cell) for cell in _split(line, table.separator)][: len(keys)]
        if found == keys:
            n_repeated += 1
        elif sorted(found) == sorted(keys):
            raise CorruptDataError(
                f"{table.path}: row {number} is the header of another table, with the columns in another order; "
                "write one table with one header"
            )
    return n_repeated


def _occurs_again(table: TextTable, word: str) -> bool:
    """Whether a word stands in the text below the header, looked for in large blocks."""
    with table.text.open(newline="") as stream:
        _skip_head(table, stream)
        end = ""
        while block := stream.read(_BLOCK).lower():
            if word in end + block:
                return True
            end = block[-len(word) :]
    return False


def _has_row_names(table: TextTable) -> bool:
    """Whether the first rows have one cell more than the header, and begin with their numbers."""
    with table.text.open(newline="") as stream:
        _skip_head(table, stream)
        reader = csv.reader(stream, delimiter=table.separator, skipinitialspace=True)
        try:
            rows = [cells for cells in islice(reader, _ROWS_TRIED) if any(cells)]
        except csv.Error:
            return False
    first = rows[0][0] if rows and rows[0] else ""
    if len(rows) < 2 or first not in ("0", "1"):
        return False
    n_columns = len(table.names)
    are_numbered = all(
        len(cells) > n_columns and not any(cells[n_columns + 1 :]) and cells[0] == str(number)
        for number, cells in enumerate(rows, start=int(first))
    )
    # empty cells alone are separators at the ends of lines
    return are_numbered and any(cells[n_columns].strip() for cells in rows)


def _split(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])
    except csv.Error:
        return [line]


def iterate_rows(table: TextTable) -> Iterator[tuple[int, list[str]]]:
    """Yield the line number and the cells of each row, without blanks around; blank rows are skipped.

    Raises
    ------
    CorruptDataError
        For a row with another number of cells than the header.
    """
    with table.text.open(newline="") as stream:
        _skip_head(table, stream)
        reader = csv.reader(stream, delimiter=table.separator, skipinitialspace=True)
        try:
            header = [name_key(name) for name in table.names]
            for cells in reader:
                tidy = [cell.strip() for cell in cells]
                if any(tidy) and not (table.n_repeated and [name_key(cell) for cell in tidy][: len(header)] == header):
                    number = table.header_line + reader.line_num
                    yield number, _fit(table, tidy, number)
        except csv.Error as error:
            number = table.header_line + reader.line_num
            raise CorruptDataError(
                f"{table.path}: row {number} is no row of a table ({error}); mend that row"
            ) from None


def _fit(table: TextTable, cells: list[str], number: int) -> list[str]:
    """Drop empty cells behind the last column; refuse a row of another length."""
    n_columns = len(table.names)
    if len(cells) > n_columns and not any(cells[n_columns:]):
        return cells[:n_columns]
    if len(cells) != n_columns:
        raise CorruptDataError(
            f"{table.path}: row {number} has {len(cells)} cells, the header {n_columns}; mend that row"
        )
    return cells


def read_cells(table: TextTable) -> pd.DataFrame:
    """Read all rows as text; blanks around a cell stay, since taking them off a million cells takes seconds.

    Raises
    ------
    CorruptDataError
        For a row with another number of cells than the header, and a table without rows.
    """
    # it takes a third of a second to import, and manifests do without
    import pandas as pd

    names = list(table.names)
    try:
        with table.text.open(newline="") as stream, warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            _skip_head(table, stream)
            frame = pd.read_csv(
                stream,
                sep=table.separator,
                # a column for cells behind the last one, which pandas forgets
                names=[*range(len(names) + 1)],
                dtype=str,
                header=None,
                index_col=False,
                keep_default_na=False,
                na_values=[],
                skipinitialspace=True,
            )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, pd.errors.ParserWarning, UnicodeDecodeError):
        frame = None
    if frame is None or table.n_repeated or _may_be_ragged(frame, table):
        # this one names the row
        frame = pd.DataFrame([cells for _, cells in iterate_rows(table)], columns=range(len(names)), dtype=object)
    frame = frame[list(range(len(names)))]
    frame.columns = names
    if not len(frame):
        raise CorruptDataError(f"{table.path}: a header and no rows; expected one row per trial")
    return frame


def read_typed(
    table: TextTable, *, words: Collection[str] = (), numbers: Collection[str] = (), decimal: str = "."
) -> pd.DataFrame:
    """Read some columns, in less time and memory than all as text; rows without any of them are left out.

    Parameters
    ----------
    table : TextTable
    words : collection of str
        Columns that are read as text, empty where a cell is.
    numbers : collection of str
        Columns of numbers; one with a cell that is none, or is written in another style, is text.
    decimal : str
        Decimal sign of the numbers.

    Raises
    ------
    CorruptDataError
        As `read_cells`.
    """
    import pandas as pd

    last = len(table.names) - 1
    # the last column and what is behind it show rows of another length
    wanted = {f"{place}": name for place, name in enumerate(table.names) if name in words or name in numbers}
    every = [f"{place}" for place in range(last + 2)]
    places = [place for place in every if place in {*wanted, *every[-2:]}]
    try:
        with table.text.open(newline="") as stream, warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            _skip_head(table, stream)
            frame = pd.read_csv(
                stream,
                sep=table.separator,
                names=every,
                usecols=places,
                dtype={place: str for place in places if wanted.get(place) not in numbers},
                header=None,
                index_col=False,
                keep_default_na=False,
                na_values={place: _NO_NUMBER for place in places if wanted.get(place) in numbers},
                skipinitialspace=True,
                decimal=decimal,
                low_memory=False,
            )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, pd.errors.ParserWarning, UnicodeDecodeError, ValueError):
        frame = None
    if frame is None or table.n_repeated or _has_odd_rows(frame, table):
        # this one names the row
        cells = [cells for _, cells in iterate_rows(table)]
        frame = pd.DataFrame(cells, columns=every[:-1], dtype=object)
    frame = frame[list(wanted)].rename(columns=wanted)
    blank = (frame.isna() | (frame == "")).all(axis=1)
    frame = frame[~blank].reset_index(drop=True) if blank.any() else frame
    if not len(frame):
        raise CorruptDataError(f"{table.path}: a header and no rows; expected one row per trial")
    return frame


def _has_odd_rows(frame: pd.DataFrame, table: TextTable) -> bool:
    """Whether a row may have too many cells or too few; pandas fills short rows with empty cells."""
    last, behind = (frame[frame.columns[place]] for place in (-2, -1))
    if not (behind.isna() | (behind == "")).all():
        return True
    is_empty = (last.isna() | (last == "")).any()
    return bool(is_empty) and _count_separators(table) != len(frame) * (len(table.names) - 1)


def _skip_head(table: TextTable, stream: TextIO) -> None:
    for _ in range(table.header_line):
        stream.readline()


def _may_be_ragged(frame: pd.DataFrame, table: TextTable) -> bool:
    """Whether a row may have too many cells or too few, or be blank; pandas fills short rows with empty cells."""
    last, behind = (frame[frame.columns[place]] for place in (-2, -1))
    if (behind != "").any() or (frame[frame.columns[0]] == "").any():
        return True
    return bool((last == "").any()) and _count_separators(table) != len(frame) * (len(table.names) - 1)


def _count_separators(table: TextTable) -> int:
    """Separators below the header; -1 where quoted cells may hold some, too."""
    n = 0
    with table.text.open(newline="") as stream:
        _skip_head(table, stream)
        while block := stream.read(_BLOCK):
            if '"' in block:
                return -1
            n += block.count(table.separator)
    return n


def line_of(table: TextTable, place: int) -> int:
    """Line number of a row of `read_cells`, for messages: quoted cells have several lines, and lines may be blank."""
    return next((number for at, (number, _) in enumerate(iterate_rows(table)) if at == place), 0)
