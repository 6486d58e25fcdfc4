"""Text tables: CSV, TSV, and the text exports of devices.

Input: the path of a table. Output: its columns, the samples of one, and the sampling rate: as given, from the time
column, or stated above the table. BioVid's files are such tables.

A file is opened in its encoding (`runtime.text_files`), its layout is found from rows in the middle (`text_layout`),
the lines above are read as keys and values (`text_header`) and names (`text_names`). A column is read by NumPy where
all of its cells are plain numbers, else cell by cell (`text_columns`), and placed by its times (`text_times`,
`text_rate`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ecg_facial.ecg.formats.clock_columns import MOST_UNNAMED, N_NAMED, find_roles
from ecg_facial.ecg.formats.contract import Channel, Lead
from ecg_facial.ecg.formats.ecg_rates import is_ecg_rate
from ecg_facial.ecg.formats.text_blocks import drop_repeated_heads, find_remarks
from ecg_facial.ecg.formats.text_checks import check_columns, counts_rows
from ecg_facial.ecg.formats.text_columns import (
    Column,
    Rows,
    has_times,
    join_time,
    read_cells,
    read_column,
    read_fast,
    wrap_plain,
)
from ecg_facial.ecg.formats.text_header import Header, StatedRate, find_rate_below, read_header
from ecg_facial.ecg.formats.text_layout import Layout, find_layout
from ecg_facial.ecg.formats.text_lines import COMMENTS, find_content, read_lines
from ecg_facial.ecg.formats.text_names import name_columns
from ecg_facial.ecg.formats.text_rate import find_even_rate, place_samples
from ecg_facial.ecg.formats.text_times import (
    COUNT_NAMES,
    TimeColumn,
    counts_samples,
    find_count,
    find_time_columns,
    scale_times,
    skips_samples,
)
from ecg_facial.ecg.formats.text_wide import unroll
from ecg_facial.ecg.formats.units import MILLIVOLT
from ecg_facial.errors import CorruptDataError, DataError
from ecg_facial.runtime.other_files import looks_like_json
from ecg_facial.runtime.text_files import find_text
from ecg_facial.runtime.time_cells import is_time_cell, parse_time_cells
from ecg_facial.runtime.time_units import find_seconds
from ecg_facial.runtime.typing import Float64Array

_EXPECTED = "a table of numbers (CSV or TSV): one row per sample and one column per signal"
_MAX_COLUMNS = 4096
# a table of which as many rows are damaged is read wrongly
_MOST_DAMAGED = 0.5
# a column of another rate than the table's has blank cells among so many
_N_FILLED = 40
# the time of the start and the rate in the first two rows (Empatica); times in seconds since 1970, from 2001 on
_START_S, _RATES_HZ = (1e9, 5e9), (0.1, 5000.0)
# "ECG (250 Hz)"
_RATE_IN_NAME = re.compile(r"(?<![\d.])(?P<value>\d{2,5}(?:\.\d{1,3})?)\s*(?P<unit>k?)hz\b", re.IGNORECASE)
_MAX_NAME = 200
_COUNT_UNITS = frozenset({"adu", "counts", "count", "raw", "lsb", "bits", "digits"})


@dataclass(frozen=True, kw_only=True)
class TextTable:
    """A table in memory, not yet converted to numbers; implements `contract.EcgFile`."""

    path: Path
    channels: tuple[Channel, ...]
    rows: Rows
    header: Header
    notes: tuple[str, ...] = ()
    kind: str = field(default="text table", init=False)
    hint: str = field(default=", and check that the file is separated by TAB, comma or semicolon", init=False)

    def measure(self, index: int, *, fs_hz: float | None = None) -> tuple[int, float]:
        """Return the number of samples of a column, and their rate in Hz."""
        found = self._measure_plain(index) if fs_hz is None else None
        if found is not None:
            return found
        lead = self.read(index, fs_hz=fs_hz)
        return len(lead.samples), lead.fs_hz

    def _measure_plain(self, index: int) -> tuple[int, float] | None:
        """Count the rows and find their rate where times are even and the column is filled, without reading it."""
        time = self._find_time(index) if self.rows.is_even and index < self.rows.n_columns else None
        first = [self.rows.split(line)[index] for line in self.rows.lines[:_N_FILLED]] if time else [""]
        if time is None or not all(map(str.strip, first)):
            return None
        times = read_fast(self.rows, [time.index])
        if times is None:
            return None
        times_s, _ = scale_times(self.path, time, times[:, 0], stated_hz=self._find_stated_rate(index))
        rate_hz = None if times_s is None else find_even_rate(times_s)
        return None if rate_hz is None or not is_ecg_rate(rate_hz) else (len(times), rate_hz)

    def read(self, index: int, *, fs_hz: float | None = None) -> Lead:
        """Read a column."""
        stated_hz = None if fs_hz is not None else self._find_stated_rate(index)
        time = None if fs_hz is not None else self._find_time(index)
        if time is None and fs_hz is None and stated_hz is None:
            self._refuse_rate()
        column, times_s, notes = self._read_columns(index, time, stated_hz)
        given_hz = fs_hz
        if time is None:
            times_s, counted = self._find_counted(index, fs_hz or stated_hz, len(column.values))
            notes = (*notes, *counted)
            # numbers of samples at a rate are times
            given_hz, stated_hz = (given_hz, stated_hz) if times_s is None else (None, fs_hz or stated_hz)
        placed = place_samples(
            self.path, column.values, column.is_blank, times_s=times_s, stated_hz=stated_hz, given_hz=given_hz
        )
        samples, unit, gain_notes = self._scale(index, placed.samples, column.unit)
        if column.style.decimal == ",":
            notes = ("a comma is the decimal sign", *notes)
        return Lead(
            samples=samples,
            fs_hz=placed.fs_hz,
            unit=unit,
            notes=(*self.notes, *notes, *placed.notes, *gain_notes),
        )

    def _read_columns(
        self, index: int, time: TimeColumn | None, stated_hz: float | None
    ) -> tuple[Column, Float64Array | None, tuple[str, ...]]:
        """Values of a column, the times of its rows in seconds, and notes."""
        is_text = time is not None and has_times(self.rows, time.index)
        wanted = [index] if time is None or is_text else [index, time.index]
        fast = read_fast(self.rows, wanted)
        if fast is None:
            return self._read_slowly(index, time, stated_hz, is_text=is_text)
        column = wrap_plain(fast[:, 0], self.rows.layout)
        if time is None:
            return column, None, ()
        if is_text:
            found = parse_time_cells(read_cells(self.rows, time.index))
            return column, found.seconds, found.notes
        times_s, notes = scale_times(self.path, time, fast[:, 1], stated_hz=stated_hz)
        return column, times_s, notes

    def _read_slowly(
        self, index: int, time: TimeColumn | None, stated_hz: float | None, *, is_text: bool
    ) -> tuple[Column, Float64Array | None, tuple[str, ...]]:
        """Read cell by cell; damaged rows are left out at the end, and NaN elsewhere."""
        rows = drop_repeated_heads(self.path, self.rows, self.header.rates)
        column = read_column(rows, index)
        is_damaged, first_damage = column.is_damaged, column.first_damage
        times_s: Float64Array | None = None
        notes: tuple[str, ...] = ()
        if time is not None and is_text:
            found = parse_time_cells(read_cells(rows, time.index))
            times_s, notes = found.seconds, found.notes
        elif time is not None:
            clock = read_column(rows, time.index)
            self._check_clock(time, clock)
            if time.seconds is None and find_seconds(clock.unit) is not None:
                # the unit stands behind each number
                time = replace(time, unit=clock.unit, seconds=find_seconds(clock.unit))
            times_s, notes = scale_times(self.path, time, clock.values, stated_hz=stated_hz)
            is_damaged = is_damaged | clock.is_damaged
            first_damage = first_damage or clock.first_damage
        if is_damaged.any() and times_s is not None and (is_remark := find_remarks(times_s, is_damaged)).any():
            column, times_s, is_damaged = column.take(~is_remark), times_s[~is_remark], is_damaged[~is_remark]
            rows = rows.take(~is_remark)
            notes = (*notes, f"{int(is_remark.sum())} lines between the rows are no samples: left out")
        n_rows = len(rows.lines)
        if is_damaged.sum() >= _MOST_DAMAGED * n_rows:
            place = int(np.argmax(is_damaged))
            name = self.channels[index].name
            raise CorruptDataError(
                f"{self.path}: row {rows.places[place] + 1} holds {first_damage} in column {name!r}, "
                f"and {int(is_damaged.sum())} of {n_rows} rows are like it: expected a number; fix them, or choose "
                "another column"
            )
        end = n_rows - int(np.argmin(is_damaged[::-1]))
        column = replace(
            column,
            values=np.where(is_damaged, np.nan, column.values)[:end],
            is_blank=(column.is_blank & ~is_damaged)[:end],
            is_damaged=is_damaged[:end],
        )
        if is_damaged.any():
            # the time of a damaged row is not believed either
            times_s = None if times_s is None else np.where(is_damaged, np.nan, times_s)
            place = int(np.argmax(is_damaged))
            n_damaged = int(is_damaged.sum())
            notes = (
                *notes,
                f"{n_damaged} of {n_rows} rows are damaged, the first one is row {rows.places[place] + 1}: left out",
            )
        return column, None if times_s is None else times_s[:end], notes

    def _find_counted(
        self, index: int, rate_hz: float | None, n_rows: int
    ) -> tuple[Float64Array | None, tuple[str, ...]]:
        """Find the times of the rows where their numbers show that samples were lost; None where none are missing."""
        place = find_count(self.channels, index)
        fast = None if place is None or rate_hz is None else read_fast(self.rows, [place])
        if fast is None or rate_hz is None or len(fast) != n_rows or not skips_samples(fast[:, 0]):
            return None, ()
        note = f"the numbers in column {self.channels[place or 0].name!r} show which samples were lost"
        return (fast[:, 0] - fast[0, 0]) / rate_hz, (note,)

    def _check_clock(self, time: TimeColumn, clock: Column) -> None:
        """Refuse a column of times of which most cells are neither numbers nor times."""
        if clock.is_damaged.mean() > _MOST_DAMAGED:
            raise DataError(
                f"{self.path}: the column {time.name!r} holds {clock.first_damage}, which is no time that is known; "
                "write seconds, or leave the column out and give the rate in Hz (fs_hz)"
            )

    def _find_time(self, index: int) -> TimeColumn | None:
        """Find the time column: by its name, else by its cells."""
        named = [one for one in find_time_columns(self.channels, of=index) if one.index < self.rows.n_columns]
        usable = [one for one in named if not one.counts]
        known = [one for one in usable if one.seconds is not None or not one.unit or has_times(self.rows, one.index)]
        if usable:
            return (known or usable)[0]
        cells = self.rows.split(self.rows.lines[0])
        for place, cell in enumerate(cells[: self.rows.n_columns]):
            if place != index and is_time_cell(cell):
                return TimeColumn(index=place, name=self.channels[place].name, unit="", seconds=None, counts=False)
        return None

    def _find_stated_rate(self, index: int) -> float | None:
        """Find the rate that the lines above state; of several, the one of this column or of the ECG."""
        channel = self.channels[index]
        in_name = _RATE_IN_NAME.search(f"{channel.name} {channel.unit or ''}"[:_MAX_NAME])
        if in_name:
            return float(in_name["value"]) * (1e3 if in_name["unit"] else 1.0)
        rates = self.header.rates
        if len({rate.rate_hz for rate in rates}) > 1:
            name = self.channels[index].name.lower()
            rates = _prefer(rates, name) or _prefer(rates, "ecg") or _prefer(rates, "ekg") or rates
        rates = rates or self._find_rate_column()
        different = sorted({rate.rate_hz for rate in rates})
        if len(different) > 1 and self._find_time(index) is None:
            said = ", ".join(f"{rate:g}" for rate in different)
            raise DataError(f"{self.path}: states several sampling rates ({said} Hz); give that of the ECG (fs_hz)")
        return different[0] if len(different) == 1 else None

    def _find_rate_column(self) -> tuple[StatedRate, ...]:
        """Find a rate that each row states: a column ``fs`` of one value."""
        first, last = (self.rows.split(line) for line in (self.rows.lines[0], self.rows.lines[-1]))
        for name, cell, other in zip((one.name for one in self.channels), first, last, strict=False):
            rate_hz = find_rate_below(name, cell) if cell == other else None
            if rate_hz is not None:
                return (StatedRate(rate_hz=rate_hz, text=name),)
        return ()

    def _scale(self, index: int, samples: Float64Array, unit: str) -> tuple[Float64Array, str | None, tuple[str, ...]]:
        """Find the unit of a column, and convert counts to millivolts where the file gives the gain."""
        own = self.channels[index].unit
        stated = (None if own and _RATE_IN_NAME.fullmatch(own) else own) or unit or self.header.unit
        factor = self.header.factor_mv
        if factor is None or (stated and stated.lower() not in _COUNT_UNITS):
            return samples, stated, ()
        note = f"counts are converted by the stated gain: {factor:.4g} mV each, 0 mV at {self.header.baseline:g}"
        return (samples - self.header.baseline) * factor, MILLIVOLT, (note,)

    def _refuse_rate(self) -> None:
        """Raise the error for a table that does not tell its rate."""
        counted = next((channel.name for channel in self.channels if channel.name.lower() in COUNT_NAMES), None)
        if counted is None and not self.channels[0].is_named and len(self.channels) > 1:
            counted = self.channels[0].name if counts_samples(read_column(self.rows, 0).values) else None
        known = "" if counted is None else f" (column {counted!r} counts samples, which tells no time)"
        raise DataError(f"{self.path}: no time column{known}, so the sampling rate is unknown; give it in Hz (fs_hz)")


def open_text(path: Path) -> TextTable:
    """Open a text table.

    Raises
    ------
    CorruptDataError, DataError
        When it is not a table of numbers.
    """
    source = find_text(path, expected=_EXPECTED, allow_damage=True)
    text, cut = read_lines(source)
    lines = text.split("\n")
    places = find_content(lines)
    kept = lines if len(places) == len(lines) else [lines[number] for number in places]
    if not kept:
        raise CorruptDataError(f"{path}: the file is empty; expected a header line and rows of numbers")
    layout = find_layout(kept)
    if layout.n_columns > _MAX_COLUMNS:
        raise CorruptDataError(f"{path}: {layout.n_columns} columns, limit {_MAX_COLUMNS}; expected {_EXPECTED}")
    if layout.first_row == len(kept):
        is_json = looks_like_json(kept[0].encode())
        said = "a JSON document, and no table; write its samples to a CSV file" if is_json else "a header but no rows"
        raise CorruptDataError(f"{path}: {said}; expected rows of numbers")
    above = [line for line in lines[: places[layout.first_row]] if line and not line.isspace()]
    header = read_header(above)
    channels = name_columns(layout, header, [line for line in above if line[0] in COMMENTS])
    is_even = len(kept) == len(lines) and _is_even(text, lines, layout)
    rows = Rows(lines=kept[layout.first_row :], layout=layout, places=places[layout.first_row :], is_even=is_even)
    if channels[0].is_named and len(channels) == layout.n_columns - 1 and counts_rows(rows):
        # R writes numbers of rows without a name above them
        channels = (Channel(name="row"), *channels)
    rows = check_columns(path, channels, rows)
    channels, rows, wide = unroll(channels, rows) or (channels, rows, ())
    table = TextTable(path=path, channels=channels, rows=rows, header=header, notes=(*source.notes, *cut, *wide))
    return _name_unnamed(_take_start(table))


def _is_even(text: str, lines: Sequence[str], layout: Layout) -> bool:
    """Tell whether the rows hold as many separators as whole rows of this layout, counted over the text."""
    if layout.delimiter is None:
        return False
    n_head = sum(line.count(layout.delimiter) for line in lines[: layout.first_row])
    n_rows = len(lines) - layout.first_row
    return text.count(layout.delimiter) - n_head == n_rows * lines[layout.first_row].count(layout.delimiter)


def _take_start(table: TextTable) -> TextTable:
    """Take the time of the start and the rate from the first two rows, where a device writes them there."""
    lines = table.rows.lines
    if table.channels[0].is_named or len(lines) < 3:
        return table
    start, rate = ([_to_number(cell) for cell in table.rows.split(line)] for line in lines[:2])
    if len({*start}) > 1 or len({*rate}) > 1 or not _START_S[0] < start[0] < _START_S[1]:
        return table
    if not _RATES_HZ[0] < rate[0] < _RATES_HZ[1]:
        return table
    rows = replace(table.rows, lines=lines[2:], places=table.rows.places[2:])
    stated = StatedRate(rate_hz=rate[0], text=lines[1])
    note = f"the first two rows are read as time of the start and rate ({rate[0]:g} Hz)"
    return replace(table, rows=rows, header=replace(table.header, rates=(stated,)), notes=(*table.notes, note))


def _name_unnamed(table: TextTable) -> TextTable:
    """Name the columns of a table without names where all but one are clocks or count samples."""
    rows = table.rows
    if table.channels[0].is_named or not 1 < rows.n_columns <= MOST_UNNAMED:
        return table
    first = rows.split(rows.lines[0])
    if rows.n_columns > 2 and has_times(rows, 1) and is_time_cell(join_time(first[0], first[1])):
        # a date and a clock in two cells
        rows = replace(rows, is_joined=True)
    sample = replace(rows, lines=rows.lines[:N_NAMED], places=rows.places[:N_NAMED])
    places = range(rows.n_columns)
    roles = find_roles([None if has_times(rows, place) else read_column(sample, place).values for place in places])
    if roles is None:
        return table
    names = roles.name_columns()
    units = [channel.unit for channel in table.channels[-len(places) :]]
    channels = tuple(Channel(name=names[place], unit=units[place]) for place in places)
    return replace(table, channels=channels, rows=rows, notes=(*table.notes, roles.describe()))


def _to_number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return float("nan")


def _prefer(rates: Sequence[StatedRate], word: str) -> tuple[StatedRate, ...]:
    return tuple(rate for rate in rates if word in rate.text.lower())
