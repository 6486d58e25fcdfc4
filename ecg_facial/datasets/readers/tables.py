"""Text tables that describe a data set: columns by name, errors in one line.

Input: a path. Output: rows as dictionaries with their line numbers, or columns of numbers. `ecg.formats` reads ECGs.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ecg_facial.errors import CorruptDataError

if TYPE_CHECKING:
    from ecg_facial.runtime.typing import Float64Array

_DELIMITER_NAMES = {"\t": "TAB", ",": "comma", ";": "semicolon"}


def read_rows(
    path: Path, *, delimiter: str, needed: Sequence[str], remedy: str = ""
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield line numbers and rows; blank lines are skipped, cells are stripped.

    Parameters
    ----------
    path : Path
    delimiter : str
    needed : sequence of str
        Required columns; case does not matter, names are given in lower case.
    remedy : str
        Added to the message if the table cannot be used.

    Raises
    ------
    CorruptDataError
        If it is not text, lacks a column, or a row has another number of cells than the header.
    """
    ending = f", {remedy}" if remedy else ""
    with open(path, encoding="utf-8-sig", newline="") as stream:
        reader = csv.reader(stream, delimiter=delimiter)
        try:
            header = [cell.strip().lower() for cell in next(reader, [])]
            _check_header(path, header, delimiter, needed, ending)
            for cells in reader:
                if not any(cell.strip() for cell in cells):
                    continue
                if len(cells) != len(header):
                    raise CorruptDataError(
                        f"{path}: row {reader.line_num} has {len(cells)} cells, the header {len(header)}; mend that row"
                    )
                yield reader.line_num, dict(zip(header, (cell.strip() for cell in cells), strict=True))
        except (UnicodeDecodeError, csv.Error):
            raise CorruptDataError(f"{path}: not a text table; expected UTF-8 text{ending}") from None


def read_columns(path: Path, names: Sequence[str], *, delimiter: str, decimal: str = ".") -> dict[str, Float64Array]:
    """Read some columns of a long table of numbers.

    Parameters
    ----------
    path : Path
    names : sequence of str
        As the file spells them.
    delimiter, decimal : str
        Separator of the cells, and the decimal sign.

    Returns
    -------
    dict of str to ndarray, shape (n_rows,)
        NaN for an empty cell.

    Raises
    ------
    CorruptDataError
        If it is not text, lacks a column, has no rows, or a cell is not a number.
    """
    # they take a tenth of a second, and few data sets need them
    import numpy as np
    import pandas as pd

    with open(path, encoding="utf-8-sig", errors="replace") as stream:
        header = [cell.strip().strip('"') for cell in stream.readline().split(delimiter)]
    _check_header(path, [cell for cell in header if cell], delimiter, names, "")
    try:
        table = pd.read_csv(path, sep=delimiter, decimal=decimal, usecols=list(names), encoding="utf-8-sig")
        columns = {name: table[name].to_numpy(np.float64) for name in names}
    except (ValueError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise CorruptDataError(f"{path}: not a table of numbers ({reason}); copy the file again") from None
    if not len(table):
        raise CorruptDataError(f"{path}: a header but no rows; copy the file again")
    return columns


def _check_header(path: Path, header: list[str], delimiter: str, needed: Sequence[str], ending: str) -> None:
    if not header:
        raise CorruptDataError(f"{path}: the file is empty; expected the columns {', '.join(needed)}{ending}")
    name = _DELIMITER_NAMES[delimiter]
    other = next((mark for mark in _DELIMITER_NAMES if mark != delimiter and mark in header[0]), None)
    if len(header) == 1 and other is not None:
        raise CorruptDataError(
            f"{path}: columns are separated by {_DELIMITER_NAMES[other]}, expected {name}; save it with {name}{ending}"
        )
    missing = [column for column in needed if column not in header]
    if missing:
        raise CorruptDataError(f"{path}: no column {', '.join(missing)} (found {', '.join(header)}); add it{ending}")
