"""Reading an ECG from a text table.

Enters: the path of a TAB, comma or semicolon separated table. Leaves: the samples of the ECG column, found by NAME, and
their rate. Does not filter, and does not guess which column is the ECG when none is named so.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecg_facial.ecg.filtering import check_rate
from ecg_facial.errors import CorruptDataError, DataError, MissingDataError
from ecg_facial.recording import EcgSignal

_TIME_NAMES = ("time", "timestamp", "timestamps", "t")
_MISSING_WORDS = frozenset({"", "nan", "na", "n/a", "null", "none"})
_MAX_BYTES = 1 << 30
_MAX_STEP_S = 0.02
# times rounded to their last digit step unevenly, by twice the median at most; more are lost samples
_MAX_JUMP = 2.5
_SHOWN_CHARACTERS = 60
# a step of the time column above this many units cannot be seconds (milliseconds: 1000 Hz to 50 Hz is 1..20)
_MILLISECOND_STEP, _MICROSECOND_STEP = 0.1, 100.0


@dataclass(frozen=True)
class EcgInfo:
    """What a file holds.

    Attributes
    ----------
    n_times : int
        Number of samples.
    fs_hz : float
        Sampling rate in Hz.
    duration_s : float
        Length in seconds.
    columns : tuple of str
        Names of the columns as the file spells them; ``"1"``, ``"2"``, ... in a file without a header.
    """

    n_times: int
    fs_hz: float
    duration_s: float
    columns: tuple[str, ...]


@dataclass(frozen=True)
class _Table:
    path: Path
    columns: tuple[str, ...]
    has_header: bool
    delimiter: str
    rows: list[str]
    first_row: int

    def find(self, name: str) -> int | None:
        wanted = name.strip().lower()
        lowered = [column.lower() for column in self.columns]
        return lowered.index(wanted) if wanted in lowered else None

    def read_column(self, index: int) -> NDArray[np.float64]:
        """Numbers of one column; NaN where a cell says that nothing was recorded."""
        decimal_comma = self.delimiter == ";"
        text = "\n".join(self.rows)
        if decimal_comma:
            text = text.replace(",", ".")
        try:
            values = np.loadtxt(StringIO(text), delimiter=self.delimiter, usecols=index, ndmin=1, comments=None)
            return np.asarray(values, dtype=np.float64)
        except (ValueError, IndexError):
            return self._read_slowly(index, text.split("\n"))

    def _read_slowly(self, index: int, rows: list[str]) -> NDArray[np.float64]:
        values = np.empty(len(rows))
        for number, row in enumerate(rows):
            cells = row.split(self.delimiter)
            where = f"{self.path}: row {self.first_row + number}"
            if index >= len(cells):
                raise CorruptDataError(f"{where} ends before column {self.columns[index]!r}; mend or remove that row")
            cell = cells[index].strip().strip('"')
            try:
                values[number] = math.nan if cell.lower() in _MISSING_WORDS else float(cell)
            except ValueError:
                raise CorruptDataError(
                    f"{where} holds {_shorten(cell)} in column {self.columns[index]!r}: expected a number; mend or "
                    "remove that row"
                ) from None
        return values


def _shorten(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}..."


def read_ecg(path: Path, *, fs_hz: float | None = None, column: str = "ecg") -> EcgSignal:
    """Read an ECG from a text table.

    Parameters
    ----------
    path : Path
        A table separated by TAB, comma or semicolon (then with decimal commas), with a header that names the columns,
        or a single column of numbers. Lines that start with ``#`` are skipped.
    fs_hz : float, optional
        Sampling rate in Hz; needed where the file has no time column (microseconds, milliseconds or seconds).
    column : str
        Name of the ECG column; letter case does not matter.

    Returns
    -------
    EcgSignal
        NaN where a cell is empty or says NaN.

    Raises
    ------
    MissingDataError, CorruptDataError, DataError, SettingsError
        In one line: the value, the limit and the remedy.

    Notes
    -----
    BioVid's files hold ``time gsr ecg ...``: the second column is the skin conductance, so the ECG is taken by name.
    """
    table = _read_table(path)
    index = _find_ecg_column(table, column)
    rate = check_rate(fs_hz) if fs_hz is not None else _rate_of(table)
    return EcgSignal(table.read_column(index), rate)


def probe_ecg(path: Path, *, fs_hz: float | None = None, column: str = "ecg") -> EcgInfo:
    """Say what a file holds without converting its ECG column.

    Raises
    ------
    MissingDataError, CorruptDataError, DataError, SettingsError
        As `read_ecg`.
    """
    table = _read_table(path)
    _find_ecg_column(table, column)
    rate = check_rate(fs_hz) if fs_hz is not None else _rate_of(table)
    return EcgInfo(len(table.rows), rate, len(table.rows) / rate, table.columns)


def _read_table(path: Path) -> _Table:
    if not path.is_file():
        raise MissingDataError(f"{path}: no such file; check the path of the ECG table")
    if path.stat().st_size > _MAX_BYTES:
        raise DataError(f"{path}: {path.stat().st_size} bytes, limit {_MAX_BYTES}; split the recording")
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise CorruptDataError(f"{path}: not a text file; expected a table of numbers (CSV or TSV)") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); check its permissions") from None
    kept = [(number, line) for number, line in enumerate(lines, start=1) if line.strip() and not line.startswith("#")]
    if not kept:
        raise CorruptDataError(f"{path}: the file is empty; expected a header line and rows of numbers")
    head = kept[0][1]
    delimiter = max("\t;,", key=head.count)
    cells = [cell.strip().strip('"') for cell in head.split(delimiter)]
    has_header = not all(_is_number(cell, delimiter) for cell in cells)
    columns = tuple(cells) if has_header else tuple(str(number + 1) for number in range(len(cells)))
    body = kept[1:] if has_header else kept
    if not body:
        raise CorruptDataError(f"{path}: a header but no rows; expected rows of numbers")
    return _Table(path, columns, has_header, delimiter, [line for _, line in body], body[0][0])


def _is_number(cell: str, delimiter: str) -> bool:
    try:
        float(cell.replace(",", ".") if delimiter == ";" else cell)
    except ValueError:
        return cell.lower() in _MISSING_WORDS
    return True


def _find_ecg_column(table: _Table, column: str) -> int:
    index = table.find(column)
    if index is not None:
        return index
    if not table.has_header and len(table.columns) == 1:
        return 0
    if not table.has_header:
        raise DataError(
            f"{table.path}: {len(table.columns)} columns without a header, so which is the ECG is unknown; "
            "add a header line, or name the column by its number"
        )
    named = ", ".join(table.columns)
    raise DataError(
        f"{table.path}: no column {column!r} (columns: {_shorten(named)}); name the ECG column, and check that the "
        "file is separated by TAB, comma or semicolon"
    )


def _rate_of(table: _Table) -> float:
    """Read the sampling rate off the time column, whose unit follows from its step."""
    index = next((found for name in _TIME_NAMES if (found := table.find(name)) is not None), None)
    if index is None:
        raise DataError(f"{table.path}: no time column, so the sampling rate is unknown; give it in Hz (fs_hz)")
    times = table.read_column(index)
    steps = np.diff(times)
    if not len(steps):
        raise DataError(f"{table.path}: a single row, so the sampling rate is unknown; give it in Hz (fs_hz)")
    if not np.all(steps > 0):
        row = table.first_row + 1 + int(np.argmin(steps > 0))
        raise CorruptDataError(f"{table.path}: the time column does not increase at row {row}; mend it, or give fs_hz")
    jump = int(np.argmax(steps))
    if steps[jump] > _MAX_JUMP * np.median(steps):
        raise CorruptDataError(
            f"{table.path}: the time column jumps by {steps[jump]:g} at row {table.first_row + 1 + jump} (its usual "
            f"step is {np.median(steps):g}): samples are missing; cut the file there, or give fs_hz to ignore the times"
        )
    step = float((times[-1] - times[0]) / len(steps))
    unit = 1e6 if step > _MICROSECOND_STEP else 1e3 if step > _MILLISECOND_STEP else 1.0
    if step / unit > _MAX_STEP_S:
        raise DataError(
            f"{table.path}: the time column steps by {step:g}, which is {unit / step:.3g} Hz: an ECG needs at least "
            f"{1 / _MAX_STEP_S:.0f} Hz; give fs_hz if the unit of time is another"
        )
    return check_rate(unit / step)
