"""Times as people write them: dates, hours and minutes.

Input: cells of a text table. Output: seconds, counted from the first midnight or from zero. Numbers are not read here;
their unit stands in a header.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from ecg_facial.runtime.typing import BoolArray, Float64Array

DAY_S, HALF_DAY_S, HOUR_S = 86400.0, 43200.0, 3600.0
# a clock that was put forward or back does so at once: within two seconds, since some clocks show whole seconds only
_AT_ONCE_S = 2.0
_MAX_TURNS = 100
_MAX_CELL = 64
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january januar janvier ene enero", "feb february februar fev fevrier febrero",
            "mar march mrz mars marzo maerz m\u00e4r m\u00e4rz", "apr april avr avril abr abril",
            "may mai mayo", "jun june juni juin junio", "jul july juli juillet julio",
            "aug august aout ao\u00fbt ago agosto", "sep sept september septembre septiembre",
            "oct october okt oktober octobre octubre", "nov november novembre noviembre",
            "dec december dez dezember decembre d\u00e9cembre dic diciembre",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_FRACTION = r"(?:[.,:](?P<fraction>\d{1,9}))?"
_CLOCK = r"(?:(?P<a>\d{1,4}):)?(?P<b>\d{1,2}):(?P<c>\d{1,2})" + _FRACTION + r"(?:\s*(?P<half>[AaPp])\.?\s?[Mm]\.?)?"
_ZONE = r"(?:\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)(?:\s*\[[^\]]*\])?|\s+[A-Z]{3,5})?"
_DAY = (
    r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})\.?",
    r"(?P<first>\d{1,2})(?P<mark>[-/.])(?P<second>\d{1,2})(?P=mark)(?P<year>\d{4}|\d{2})",
    r"(?P<day>\d{1,2})\.?[-/. ](?P<name>[^\W\d_]{3,9})\.?[-/., ]\s?(?P<year>\d{4}|\d{2})",
    r"(?P<name>[^\W\d_]{3,9})\.?[- ](?P<day>\d{1,2}),?[- ](?P<year>\d{4})",
)
_COMPACT = r"(?P<year>(?:19|20)\d{2})(?P<month>\d{2})(?P<day>\d{2})[T_ -]?(?P<a>\d{2})(?P<b>\d{2})(?P<c>\d{2})"
_BETWEEN = r"(?:[T_]|[,;]?\s+|[,;-])"
_PATTERNS = (
    re.compile(rf"T?{_CLOCK}{_ZONE}"),
    *(re.compile(rf"(?:[^\W\d_]{{2,9}}\.?,?\s+)?{day}{_BETWEEN}{_CLOCK}{_ZONE}") for day in _DAY),
    re.compile(_COMPACT + r"(?:[.,]?(?P<fraction>\d{1,9}))?(?P<half>)" + _ZONE),
    re.compile(rf"{_CLOCK}{_BETWEEN}{_DAY[0]}"),
    re.compile(rf"{_CLOCK}{_BETWEEN}{_DAY[1]}"),
    # "Tue Mar 05 09:30:00.004 2024", with a zone in front of the year or not
    re.compile(
        rf"[^\W\d_]{{2,9}}\.?,?\s+(?P<name>[^\W\d_]{{3,9}})\.?\s+(?P<day>\d{{1,2}})\s+{_CLOCK}"
        r"(?:\s+[A-Z]{2,5})?\s+(?P<year>\d{4})"
    ),
    # "0 days 00:00:01.004" of pandas
    re.compile(rf"(?P<days>\d{{1,4}})\s+days?,?\s+{_CLOCK}"),
)
_ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?P<utc>Z?)")


@dataclass(frozen=True, eq=False, kw_only=True)
class CellTimes:
    """Times of cells.

    Attributes
    ----------
    seconds : ndarray of float64, shape (n_cells,)
        From the midnight of the first date, or from zero; NaN for cells that are no times.
    notes : tuple of str
        What was assumed, one sentence each.
    """

    seconds: Float64Array
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Cell:
    day: tuple[int, int, int] | None
    # of a date such as 3/5/2024
    is_open_order: bool
    seconds: float
    has_zone: bool
    has_half: bool


def is_time_cell(cell: str) -> bool:
    """Tell whether a cell holds a date with a time, or hours and minutes.

    Examples
    --------
    >>> [is_time_cell(cell) for cell in ("09:30:00.004", "5.3.2024 9:30:00", "2024-03-05T09:30:00Z", "1.5", "12")]
    [True, True, True, False, False]
    """
    # a colon, or a letter between compact date and time
    has_mark = ":" in cell or cell.strip()[8:9] in ("T", "_")
    return has_mark and len(cell) <= _MAX_CELL and _match(cell, None) is not None


def parse_time_cells(cells: Sequence[str]) -> CellTimes:
    """Read cells as times on one clock, which runs on over midnight and when summer time begins or ends.

    Parameters
    ----------
    cells : sequence of str
        Dates with times in any usual order, with zones; h:m:s or m:s, with fractions behind a point, comma or colon;
        AM and PM; compact dates (20240305T093000).

    Returns
    -------
    CellTimes
        All NaN where no cell is a time.

    Examples
    --------
    >>> parse_time_cells(["23:59:59.996", "00:00:00.000"]).seconds.tolist()
    [86399.996, 86400.0]
    >>> parse_time_cells(["0:00.500", "1:01,5"]).seconds.tolist()
    [0.5, 61.5]
    """
    fast = _parse_iso(cells)
    if fast is not None:
        seconds, has_zone = fast
        return _turn(seconds, np.zeros(len(seconds), dtype=bool), is_date=True, has_zone=has_zone)
    found: list[_Cell | None] = []
    hint: re.Pattern[str] | None = None
    for cell in cells:
        match = _match(cell, hint)
        hint = hint if match is None else match.re
        found.append(None if match is None else _read(match))
    times = [one for one in found if one is not None]
    if not times:
        return CellTimes(seconds=np.full(len(cells), np.nan))
    month_first = _is_month_first(times)
    days = [None if one is None else _count_days(one, month_first=month_first) for one in found]
    first = next((day for day in days if day is not None), 0)
    seconds = np.array(
        [
            np.nan if one is None else one.seconds + DAY_S * ((first if day is None else day) - first)
            for one, day in zip(found, days, strict=True)
        ]
    )
    is_date = times[0].day is not None
    half = np.array([one is not None and one.has_half for one in found])
    return _turn(seconds, half, is_date=is_date, has_zone=times[0].has_zone)


def _match(cell: str, hint: re.Pattern[str] | None) -> re.Match[str] | None:
    """Match a cell, first with the pattern of the cell before."""
    cell = cell.strip().strip("\"'[]").strip()
    if len(cell) > _MAX_CELL:
        return None
    found = hint.fullmatch(cell) if hint is not None else None
    return found or next((match for pattern in _PATTERNS if (match := pattern.fullmatch(cell))), None)


def _parse_iso(cells: Sequence[str]) -> tuple[Float64Array, bool] | None:
    """Seconds of dates such as 2024-03-05T09:30:00.004, at the speed of NumPy; None where a cell is another."""
    found = _ISO.fullmatch(cells[0].strip()) if len(cells) else None
    if found is None:
        return None
    if found["utc"]:
        cells = [cell.strip().removesuffix("Z") for cell in cells]
    try:
        with warnings.catch_warnings():
            # of a zone, which the first cell does not have
            warnings.simplefilter("error", UserWarning)
            stamps = np.array(cells, dtype="datetime64[ns]")
    except (ValueError, UserWarning):
        return None
    if np.isnat(stamps).any():
        return None
    midnight = stamps[0].astype("datetime64[D]")
    return (stamps - midnight).astype(np.int64) / 1e9, bool(found["utc"])


def _read(match: re.Match[str]) -> _Cell:
    parts = match.groupdict()
    hours, minutes, whole = (int(parts[name] or 0) for name in "abc")
    if parts["a"] is None and (parts.get("year") is not None or parts["half"]):
        # 09:30 behind a date is hours and minutes
        hours, minutes, whole = minutes, whole, 0
    half = (parts["half"] or "").lower()
    if half:
        # 12 AM is midnight
        hours = hours % 12 + (12 if half == "p" else 0)
    seconds = DAY_S * int(parts.get("days") or 0) + HOUR_S * hours + 60.0 * minutes + whole
    if parts["fraction"]:
        seconds += int(parts["fraction"]) / 10 ** len(parts["fraction"])
    zone = parts.get("zone")
    if zone and zone[0] in "+-":
        digits = zone[1:].replace(":", "")
        offset = HOUR_S * int(digits[:2]) + 60.0 * int(digits[2:] or 0)
        seconds -= offset if zone[0] == "+" else -offset
    year = parts.get("year")
    day = None
    if year is not None:
        number = int(year) + (2000 if len(year) == 2 else 0)
        if parts.get("first"):
            day = (number, int(parts["first"]), int(parts["second"]))
        elif parts.get("name"):
            day = (number, _MONTHS.get(parts["name"].lower(), 0), int(parts["day"]))
        else:
            day = (number, int(parts["month"]), int(parts["day"]))
    return _Cell(
        day=day,
        is_open_order=parts.get("first") is not None,
        seconds=seconds,
        has_zone=zone is not None,
        has_half=bool(half),
    )


def _is_month_first(times: Sequence[_Cell]) -> bool:
    """Tell whether the month stands before the day in dates such as 3/5/2024, decided once for all."""
    dates = {one.day for one in times if one.is_open_order and one.day is not None}
    if any(day[1] > 12 for day in dates):
        return False
    if any(day[2] > 12 for day in dates):
        return True
    # of two neighbouring dates, the part that changes is the day
    return len({day[2] for day in dates}) > len({day[1] for day in dates})


def _count_days(cell: _Cell, *, month_first: bool) -> int | None:
    if cell.day is None:
        return None
    year, month, day = cell.day
    if cell.is_open_order and not month_first:
        month, day = day, month
    try:
        return date(year, month, day).toordinal()
    except ValueError:
        return None


def _turn(seconds: Float64Array, half: BoolArray, *, is_date: bool, has_zone: bool) -> CellTimes:
    """Let a clock run on where it turns: at midnight, noon (without AM and PM), a full hour, or in summer time."""
    known = np.flatnonzero(np.isfinite(seconds))
    steps = np.diff(seconds[known])
    turns: list[tuple[float, str]] = []
    if not is_date:
        turns.append((DAY_S, "the clock passes midnight"))
        if not half.any():
            turns.append((HALF_DAY_S, "the clock shows twelve hours"))
    if not has_zone:
        turns.append((HOUR_S, "summer time ends" if is_date else "the clock turns by an hour"))
    notes: list[str] = []
    seconds = seconds.copy()
    for place in np.flatnonzero(steps < -_AT_ONCE_S)[:_MAX_TURNS].tolist():
        for size, said in turns:
            if -_AT_ONCE_S < steps[place] + size < _AT_ONCE_S:
                seconds[known[place + 1] :] += size
                notes.append(f"{said} at row {known[place + 1] + 1} of the table: times run on")
                break
    if is_date and not has_zone:
        for place in np.flatnonzero(np.abs(steps - HOUR_S) < _AT_ONCE_S)[:_MAX_TURNS].tolist():
            if seconds[known[place + 1]] % HOUR_S < _AT_ONCE_S:
                seconds[known[place + 1] :] -= HOUR_S
                notes.append(f"summer time begins at row {known[place + 1] + 1} of the table: times run on")
    return CellTimes(seconds=seconds, notes=tuple(notes))
