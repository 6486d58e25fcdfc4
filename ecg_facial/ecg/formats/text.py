"""Text tables: CSV, TSV and similar.

Input: the path of a table. Output: its columns, the samples of one, and the sampling rate: as given, from the time
column, or stated above the table. BioVid's files are such tables.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ecg_facial.ecg.formats.contract import MAX_BYTES, Channel, Lead, readable, shorten
from ecg_facial.ecg.formats.text_layout import MISSING_WORDS, Layout, find_labels, find_layout, find_rate_hz
from ecg_facial.ecg.formats.units import split_unit
from ecg_facial.errors import CorruptDataError, DataError
from ecg_facial.runtime.typing import Float64Array

_TIME_NAMES = ("time", "timestamp", "timestamps", "t", "times")
_TIME_UNITS = {
    "s": 1.0, "sec": 1.0, "second": 1.0, "seconds": 1.0, "ms": 1e3, "msec": 1e3, "milliseconds": 1e3,
    "us": 1e6, "usec": 1e6, "\u00b5s": 1e6, "\u03bcs": 1e6, "microseconds": 1e6,
}  # fmt: skip
_COUNT_NAMES = frozenset(
    {"sample", "samples", "index", "sample_index", "n", "nseq", "frame", "counter", "row", "id", ""}
)
_MAX_LINE, _MAX_COLUMNS = 1 << 20, 4096
# 50 Hz, the lowest rate of the beat detector
_MAX_STEP_S = 0.02
# Rounded times have uneven steps, of twice the median at most; a larger step means lost samples.
_MAX_JUMP = 2.5
# A step above 0.1 cannot be in seconds, one above 100 not in milliseconds (at 1000 to 50 Hz a step is 1 to 20 ms).
_MILLISECOND_STEP, _MICROSECOND_STEP = 0.1, 100.0


@dataclass(frozen=True, kw_only=True)
class TextTable:
    """A table in memory, not yet converted to numbers; implements `contract.EcgFile`."""

    path: Path
    channels: tuple[Channel, ...]
    rows: Sequence[str]
    first_line: int
    layout: Layout
    stated_hz: float | None
    kind: str = field(default="text table", init=False)
    hint: str = field(default=", and check that the file is separated by TAB, comma or semicolon", init=False)

    def measure(self, index: int, *, fs_hz: float | None = None) -> tuple[int, float]:
        """Return the number of rows, and their rate in Hz."""
        return len(self.rows), self._find_rate_hz() if fs_hz is None else fs_hz

    def read(self, index: int, *, fs_hz: float | None = None) -> Lead:
        """Read a column."""
        rate_hz = self._find_rate_hz() if fs_hz is None else fs_hz
        return Lead(samples=self.read_column(index), fs_hz=rate_hz, unit=self.channels[index].unit)

    def read_column(self, index: int) -> Float64Array:
        """Numbers of one column; NaN for empty cells and words such as "NA"."""
        try:
            values = np.loadtxt(self._iterate(), delimiter=self.layout.delimiter, usecols=index, ndmin=1, comments=None)
            return np.asarray(values, dtype=np.float64)
        except (ValueError, IndexError):
            return self._read_slowly(index)

    def _iterate(self) -> Iterator[str]:
        return (row.replace(",", ".") for row in self.rows) if self.layout.decimal_comma else iter(self.rows)

    def _read_slowly(self, index: int) -> Float64Array:
        """Convert cell by cell, for missing values and for an error that names the row."""
        values = np.empty(len(self.rows))
        name = self.channels[index].name
        for number, row in enumerate(self._iterate()):
            cells = row.split(self.layout.delimiter)
            where = f"{self.path}: row {self.first_line + number}"
            if index >= len(cells):
                raise CorruptDataError(f"{where} ends before column {name!r}; fix or remove that row")
            cell = cells[index].strip().strip('"')
            try:
                values[number] = math.nan if cell.lower() in MISSING_WORDS else float(cell)
            except ValueError:
                raise CorruptDataError(
                    f"{where} holds {shorten(cell)} in column {name!r}: expected a number; fix or remove that row"
                ) from None
        return values

    def _find_rate_hz(self) -> float:
        """Find the sampling rate: from the time column, else from the lines above the table."""
        found = _find_time_column(self.channels)
        if found is not None:
            return _rate_of_times(self, *found)
        if self.stated_hz is not None:
            return self.stated_hz
        counted = next((channel.name for channel in self.channels if channel.name.lower() in _COUNT_NAMES), None)
        if counted is None and not self.channels[0].is_named and len(self.channels) > 1:
            counted = self.channels[0].name if _counts(self.read_column(0)) else None
        known = "" if counted is None else f" (column {counted!r} counts samples, which tells no time)"
        raise DataError(f"{self.path}: no time column{known}, so the sampling rate is unknown; give it in Hz (fs_hz)")


def open_text(path: Path) -> TextTable:
    """Open a text table.

    Raises
    ------
    CorruptDataError, DataError
        When it is not a table of numbers.
    """
    lines = _read_lines(path)
    _check_width(path, max(map(len, lines), default=0), "characters in a line", _MAX_LINE)
    places = [number for number, line in enumerate(lines) if line.strip() and line[0] != "#"]
    kept = lines if len(places) == len(lines) else [lines[number] for number in places]
    if not kept:
        raise CorruptDataError(f"{path}: the file is empty; expected a header line and rows of numbers")
    layout = find_layout(kept)
    _check_width(path, layout.n_columns, "columns", _MAX_COLUMNS)
    rows = kept[layout.first_row :]
    if not rows:
        raise CorruptDataError(f"{path}: a header but no rows; expected rows of numbers")
    first = places[layout.first_row]
    remarks = [line for line in lines[:first] if line.strip()]
    labels = layout.columns or find_labels(remarks, layout.n_columns)
    _check_columns(path, labels, rows[0], layout)
    return TextTable(
        path=path,
        channels=_name(labels, layout),
        rows=rows,
        first_line=first + 1,
        layout=layout,
        stated_hz=find_rate_hz(remarks),
    )


def _check_width(path: Path, found: int, what: str, limit: int) -> None:
    if found > limit:
        raise CorruptDataError(
            f"{path}: {found} {what}, limit {limit}; expected one row per sample and one column per signal"
        )


def _name(labels: Sequence[str], layout: Layout) -> tuple[Channel, ...]:
    if labels:
        return tuple(Channel(name=name, unit=unit) for name, unit in map(split_unit, labels))
    return tuple(Channel(name=str(number + 1), is_named=False) for number in range(layout.n_columns))


def _check_columns(path: Path, labels: Sequence[str], row: str, layout: Layout) -> None:
    """Refuse a table with fewer names than columns, and a transposed one, with names in front of its rows."""
    if labels and layout.n_columns > len(labels):
        raise CorruptDataError(
            f"{path}: rows of {layout.n_columns} cells under a header of {len(labels)}, so which name is whose is "
            "unknown; name every column"
        )
    # a transposed table has words in its first column
    first = row.split(layout.delimiter)[0].strip().strip('"')
    if not labels and layout.n_columns > 1 and re.match(r"^[A-Za-z_]", first) and first.lower() not in MISSING_WORDS:
        raise DataError(
            f"{path}: no column 'ecg': its rows begin with names ({shorten(first)}), so no column holds the samples of "
            "a recording; give a table with one row per sample"
        )


def _read_lines(path: Path) -> list[str]:
    """Read all lines, in UTF-8 or else Latin-1; refuse binary files."""
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise DataError(f"{path}: {size} bytes, limit {MAX_BYTES}; split the recording")
    with readable(path):
        content = path.read_bytes()
    try:
        return content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        # a header with a micro sign, written on Windows
        if b"\0" in content or sum(byte < 32 and byte not in b"\t\r\n\f\v" for byte in content[:4096]):
            raise CorruptDataError(f"{path}: not a text file; expected a table of numbers (CSV or TSV)") from None
        return content.decode("latin-1").splitlines()


def _find_time_column(channels: Sequence[Channel]) -> tuple[int, float | None] | None:
    """Index of the time column, and its units per second if its name tells them."""
    spelt = [re.sub(r"[\s_]+", "_", channel.name.strip().lower()) for channel in channels]
    for name in _TIME_NAMES:
        for place, words in enumerate(spelt):
            if words == name:
                return place, _TIME_UNITS.get((channels[place].unit or "").lower())
            if words.startswith(f"{name}_") and words.removeprefix(f"{name}_") in _TIME_UNITS:
                return place, _TIME_UNITS[words.removeprefix(f"{name}_")]
    return None


def _counts(values: Float64Array) -> bool:
    """Tell whether values count up by 1."""
    return len(values) > 2 and bool(np.all(values == np.round(values)) and np.all(np.diff(values) == 1))


def _rate_of_times(table: TextTable, index: int, unit: float | None) -> float:
    """Compute the sampling rate from the time column, whose unit follows from its name or its step."""
    times = table.read_column(index)
    steps = np.diff(times)
    if not len(steps):
        raise DataError(f"{table.path}: a single row, so the sampling rate is unknown; give it in Hz (fs_hz)")
    _check_steps(table, steps)
    if unit is None and _counts(times):
        raise DataError(
            f"{table.path}: column {table.channels[index].name!r} steps by exactly 1: numbers of samples, or "
            "milliseconds at 1000 Hz? give the rate in Hz (fs_hz), or name the column time_ms"
        )
    step = float((times[-1] - times[0]) / len(steps))
    unit = unit or (1e6 if step > _MICROSECOND_STEP else 1e3 if step > _MILLISECOND_STEP else 1.0)
    if step / unit > _MAX_STEP_S:
        raise DataError(
            f"{table.path}: the time column steps by {step:g}, which is {unit / step:.3g} Hz: an ECG needs at least "
            f"{1 / _MAX_STEP_S:.0f} Hz; give fs_hz if the unit of time is another"
        )
    return unit / step


def _check_steps(table: TextTable, steps: Float64Array) -> None:
    """Refuse times that run back or jump."""
    if not np.all(steps > 0):
        row = table.first_line + 1 + int(np.argmin(steps > 0))
        raise CorruptDataError(f"{table.path}: the time column does not increase at row {row}; fix it, or give fs_hz")
    jump = int(np.argmax(steps))
    usual = np.median(steps)
    if steps[jump] > _MAX_JUMP * usual:
        raise CorruptDataError(
            f"{table.path}: the time column jumps by {steps[jump]:g} at row {table.first_line + 1 + jump} (its usual "
            f"step is {usual:g}): samples are missing; cut the file there, or give fs_hz to ignore the times"
        )
