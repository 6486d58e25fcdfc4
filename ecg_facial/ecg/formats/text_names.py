"""Names and units of the columns of a text table.

Input: the layout, what the lines above say, and the comments among them. Output: one `Channel` per column.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ecg_facial.ecg.formats.contract import Channel
from ecg_facial.ecg.formats.text_header import Header, states_a_rate, strip_comment
from ecg_facial.ecg.formats.text_layout import Layout, is_value, split_cells
from ecg_facial.ecg.formats.units import find_factor, is_another_quantity, split_unit
from ecg_facial.runtime.time_units import find_seconds

_GENERIC = re.compile(r"(?:ch|chan|channel|col|column|sensor|signal|exg)?\W?\d{0,3}", re.IGNORECASE)
_NO_UNITS = frozenset({
    "", "-", "counts", "count", "adu", "raw", "lsb", "bits", "a.u.", "au", "arb", "arb.", "no units", "nounits", "n/a",
    "none", "unitless", "nu", "cal", "local", "yyyy/mm/dd hh:mm:ss.000",
})  # fmt: skip
_CLOCK_FORMAT = re.compile(r"[ymdhs:./\- t,0fz]*(?:h{1,2}|m{1,2}):(?:m{1,2}|s{1,2})[ymdhs:./\- t,0fz]*", re.IGNORECASE)
# Shimmer's row that tells calibrated from raw signals
_KINDS = frozenset({"cal", "raw", "uncal"})


def is_clock_format(word: str) -> bool:
    """Tell whether a word is a pattern of times: ``hh:mm:ss.mmm``."""
    return len(word) <= 40 and bool(_CLOCK_FORMAT.fullmatch(word))


def name_columns(layout: Layout, header: Header, comments: Sequence[str]) -> tuple[Channel, ...]:
    """Name the columns.

    Parameters
    ----------
    layout : Layout
    header : Header
        What the lines above the rows say.
    comments : sequence of str
        Comments above the rows, one of which may hold the names.

    Returns
    -------
    tuple of Channel
        One per column; more where a line above the rows has more names than the rows have cells, or fewer.
    """
    rows = [row for row in layout.head if not states_a_rate(" ".join(row)) and not set(map(str.lower, row)) <= _KINDS]
    units = next((row for row in reversed(rows) if _is_units(row)), ())
    named = [row for row in rows if row is not units]
    # of the lines that may be names, the one with the most different words; the last of equals
    names = max(reversed(named), key=lambda row: len(set(row)), default=())
    if units and not names and not all(_is_unit(cell) for cell in units):
        names, units = units, ()
    names, units = _take_stated(layout, header, names, units)
    names = names or _find_commented(layout, comments) or layout.above
    if not names:
        return tuple(
            Channel(name=str(number + 1), unit=_unit_at(units, number), is_named=False)
            for number in range(layout.n_columns)
        )
    # by place where the names are those of the header: two devices may both have a "CH1"
    sensors = header.sensors if tuple(names) == header.names else ()
    of_name = dict(zip(header.names, header.sensors, strict=False))
    channels = []
    for place, label in enumerate(names):
        name, unit = split_unit(label)
        sensor = sensors[place] if place < len(sensors) else of_name.get(label, "")
        channels.append(Channel(name=name, unit=unit or _unit_at(units, place), sensor=sensor))
    return tuple(channels)


def _take_stated(
    layout: Layout, header: Header, names: Sequence[str], units: Sequence[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Take names and units from the lines above, where the table itself has none but numbers of channels."""
    stated, n_columns = header.names, layout.n_columns
    is_generic = all(_GENERIC.fullmatch(name) for name in names[1:])
    n_times = n_columns - len(stated)
    if not stated or not is_generic or n_times not in (0, 1, 2):
        return tuple(names), tuple(units)
    stated_units = header.units if len(header.units) == len(stated) else ("",) * len(stated)
    if n_times == 0:
        return stated, tuple(units) or stated_units
    if n_times == 2:
        return ("time", "date", *stated), ("", "", *stated_units)
    # the first column is time; a header such as "min" is its unit
    first = names[0] if names else "time"
    time_unit = units[0] if units else ("" if names else "s")
    return (first, *stated), (time_unit, *stated_units)


def _unit_at(units: Sequence[str], place: int) -> str | None:
    word = units[place] if place < len(units) else ""
    return word if word and word.lower() not in _NO_UNITS else None


def _is_unit(word: str) -> bool:
    known = find_factor(word) is not None or find_seconds(word) is not None or is_another_quantity(word)
    return known or is_clock_format(word)


def _is_units(row: Sequence[str]) -> bool:
    """Tell whether a line holds units: most of its words are known ones, and none is surely something else."""
    filled = [cell for cell in row if cell]
    known = sum(map(_is_unit, filled))
    return known > 0 and 2 * (known + sum(cell.lower() in _NO_UNITS for cell in filled)) >= len(filled) + 1


def _find_commented(layout: Layout, comments: Sequence[str]) -> tuple[str, ...]:
    """Find names in the last comment that is as wide as the table and holds words only."""
    if layout.n_columns < 2:
        return ()
    for comment in reversed(comments):
        text = strip_comment(comment)
        for delimiter in (layout.delimiter, None):
            cells = split_cells(text, delimiter)
            holds_words = not any(is_value(cell, layout.style) for cell in cells) and not states_a_rate(comment)
            if holds_words and len(cells) == layout.n_columns == len(set(cells)):
                return tuple(cells)
    return ()
