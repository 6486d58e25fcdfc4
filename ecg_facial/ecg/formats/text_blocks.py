"""Lines between the rows of a text table that are no samples: heads of blocks and pages, and remarks.

Input: rows, and what is known of their times. Output: rows without heads, and which damaged rows are remarks. A device
that writes blocks at several rates is refused, since no signal has two.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ecg_facial.ecg.formats.text_columns import Rows
from ecg_facial.ecg.formats.text_header import StatedRate, find_rate, strip_comment
from ecg_facial.ecg.formats.text_layout import is_value, split_cells
from ecg_facial.errors import DataError
from ecg_facial.runtime.typing import BoolArray, Float64Array

# the step between the rows around a remark differs from the usual one by less than this share
_SAME_STEP = 0.5


def drop_repeated_heads(path: Path, rows: Rows, rates: Sequence[StatedRate]) -> Rows:
    """Leave out lines that stand above the table and again between its rows, as at the start of each block or page.

    Parameters
    ----------
    path : Path
        For the messages.
    rows : Rows
    rates : sequence of StatedRate
        What the lines above the table state.

    Raises
    ------
    DataError
        When a block states another sampling rate than the first one.
    """
    heads = {*rows.layout.head, rows.layout.above}
    dropped = set()
    for place, line in enumerate(rows.lines):
        is_key = _is_key(line)
        if is_key:
            _check_rate(path, line, rates)
        if is_key or tuple(split_cells(line, rows.layout.delimiter)) in heads:
            dropped.add(place)
            # "Page 2" above the names
            before = place - 1
            while before >= 0 and before not in dropped and _holds_words(rows, before):
                dropped.add(before)
                before -= 1
    if not dropped:
        return rows
    return rows.take(np.array([place not in dropped for place in range(len(rows.lines))]))


def find_remarks(times_s: Float64Array, is_damaged: BoolArray) -> BoolArray:
    """Tell which damaged rows are no samples: the times around them follow each other by one step.

    Parameters
    ----------
    times_s : ndarray, shape (n_rows,)
        NaN where a row has none.
    is_damaged : ndarray of bool, shape (n_rows,)
    """
    is_remark = np.zeros(len(is_damaged), dtype=bool)
    whole = np.flatnonzero(~is_damaged)
    steps = np.diff(times_s[whole])
    usual = float(np.nanmedian(steps)) if np.isfinite(steps).any() else 0.0
    if not usual > 0:
        return is_remark
    for number in np.flatnonzero(np.diff(whole) > 1).tolist():
        if abs(steps[number] / usual - 1) < _SAME_STEP:
            is_remark[whole[number] + 1 : whole[number + 1]] = True
    return is_remark


def _is_key(line: str) -> bool:
    """Tell whether a line begins with a key and no number: ``Interval=``."""
    return "=" in line[:40] and line[:1].isalpha()


def _check_rate(path: Path, line: str, rates: Sequence[StatedRate]) -> None:
    rate_hz = find_rate(strip_comment(line))
    if rate_hz is None or not rates or any(abs(rate_hz / one.rate_hz - 1) < 1e-6 for one in rates):
        return
    raise DataError(
        f"{path}: has blocks at {rates[0].rate_hz:g} and at {rate_hz:g} Hz, and an ECG has one rate; export each block "
        "to a file of its own"
    )


def _holds_words(rows: Rows, place: int) -> bool:
    """Tell whether a line holds no value at all."""
    cells = split_cells(rows.lines[place], rows.layout.delimiter)
    return not any(cell and is_value(cell, rows.layout.style) for cell in cells)
