"""Names against rows of a text table: as many as there are columns, and none in front of the rows.

Input: channels and rows. Output: the rows, with what their cells are, or the error that says what is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ecg_facial.ecg.formats.contract import Channel, shorten
from ecg_facial.ecg.formats.text_columns import Rows, join_time
from ecg_facial.errors import CorruptDataError, DataError
from ecg_facial.runtime.numbers import MISSING_WORDS
from ecg_facial.runtime.time_cells import is_time_cell

_N_COUNTED = 20


def check_columns(path: Path, channels: Sequence[Channel], rows: Rows) -> Rows:
    """Refuse a table with fewer names than columns, and a transposed one, with names in front of its rows.

    A time may be two cells: a date and a clock, or seconds and a fraction behind a comma.
    """
    n_columns, first = rows.layout.n_columns, rows.split(rows.lines[0])
    is_named = channels[0].is_named
    if is_named and len(channels) == n_columns - 1 and is_time_cell(join_time(first[0], first[1])):
        return replace(rows, is_joined=True)
    if is_named and rows.layout.delimiter == "," and n_columns == 2 * len(channels):
        raise CorruptDataError(
            f"{path}: commas separate the cells and stand within the numbers too, so which is which is unknown; "
            "separate the cells by semicolons, or write decimal points"
        )
    if is_named and len(channels) < n_columns:
        raise CorruptDataError(
            f"{path}: rows of {n_columns} cells under a header of {len(channels)}, so which name is whose is unknown; "
            "name every column"
        )
    # a transposed table has words in its first column
    word = first[0]
    if not is_named and n_columns > 1 and re.match(r"^[A-Za-z_]", word) and word.lower() not in MISSING_WORDS:
        raise DataError(
            f"{path}: no column 'ecg': its rows begin with names ({shorten(word)}), so no column holds the samples of "
            "a recording; give a table with one row per sample"
        )
    return rows


def counts_rows(rows: Rows) -> bool:
    """Tell whether the first cells of the first rows are 1, 2, 3, ..."""
    cells = [rows.split(line)[0] for line in rows.lines[:_N_COUNTED]]
    return len(cells) > 2 and cells == [str(number + 1) for number in range(len(cells))]
