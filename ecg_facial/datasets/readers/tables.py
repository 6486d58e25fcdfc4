"""Text tables that describe a data set: columns by name, errors in one line.

Input: a path. Output: rows as dictionaries with their line numbers, or columns of numbers. `ecg.formats` reads ECGs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from ecg_facial.errors import CorruptDataError
from ecg_facial.runtime.names import name_key
from ecg_facial.runtime.numbers import MISSING_WORDS, find_style
from ecg_facial.runtime.text_tables import TextTable, find_table, iterate_rows

if TYPE_CHECKING:
    from ecg_facial.runtime.typing import Float64Array

_ROWS_FOR_STYLE = 200


def open_rows(path: Path, *, needed: Sequence[str], remedy: str = "") -> TextTable:
    """Find a table of names; its separator and its encoding do not matter.

    Parameters
    ----------
    path : Path
    needed : sequence of str
        Required columns, in lower case; letter case of the table does not matter.
    remedy : str
        Added to the message if the table cannot be used.

    Raises
    ------
    CorruptDataError
        If it is not text, or lacks a column.
    """
    table = find_table(path, expected=f"the columns {', '.join(needed)}", columns=needed, remedy=remedy)
    _check_columns(table, needed, f", {remedy}" if remedy else "")
    return table


def read_rows(table: TextTable) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield line numbers and rows by column, names in lower case; blank lines are skipped, cells are stripped.

    Raises
    ------
    CorruptDataError
        If a row has another number of cells than the header.
    """
    header = [name_key(name) for name in table.names]
    for number, cells in iterate_rows(table):
        yield number, dict(zip(header, cells, strict=True))


def read_columns(path: Path, names: Sequence[str]) -> dict[str, Float64Array]:
    """Read some columns of a long table of numbers, whatever its separator and its decimal sign.

    Parameters
    ----------
    path : Path
    names : sequence of str
        Letter case does not matter.

    Returns
    -------
    dict of str to ndarray, shape (n_rows,)
        By the names that are given; NaN for an empty cell.

    Raises
    ------
    CorruptDataError
        If it is not text, lacks a column, has no rows, or a cell is not a number.
    """
    # they take a tenth of a second, and few data sets need them
    import numpy as np
    import pandas as pd

    found = find_table(path, expected=f"the columns {', '.join(names)}", columns=names)
    _check_columns(found, names, "")
    own = {name: found.find_column(name) for name in names}
    style = find_style((cells for _, cells in islice(iterate_rows(found), _ROWS_FOR_STYLE)), found.separator)
    try:
        table = pd.read_csv(
            path,
            sep=found.separator,
            decimal=style.decimal,
            names=list(found.names),
            usecols=list(own.values()),
            skiprows=found.header_line,
            encoding=found.text.encoding,
            na_values=sorted(MISSING_WORDS),
            index_col=False,
            header=None,
        )
        columns = {name: table[spelt].to_numpy(np.float64) for name, spelt in own.items()}
    except (ValueError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise CorruptDataError(f"{path}: not a table of numbers ({reason}); copy the file again") from None
    if not len(table):
        raise CorruptDataError(f"{path}: a header but no rows; copy the file again")
    return columns


def _check_columns(table: TextTable, needed: Sequence[str], ending: str) -> None:
    missing = [column for column in needed if table.find_column(column) is None]
    if missing:
        raise CorruptDataError(
            f"{table.path}: no column {', '.join(missing)} (found {', '.join(table.names)}); add it{ending}"
        )
