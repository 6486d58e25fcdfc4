"""What has a time and is no series: alarms, events, ratings, and the stretches in which a state lasted.

Input: a session. Output: marks, each with onset, length and content; the same for EDF+ and BIDS.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

from ecg_facial.export.content import SessionContent
from ecg_facial.export.series import STATES, EstimateGrid
from ecg_facial.live.store.rows import AlarmRow, BaselineRow, EventRow, RatingRow, Row

KINDS: dict[type[Row], str] = {AlarmRow: "alarm", EventRow: "event", RatingRow: "rating", BaselineRow: "rest"}
"""Rows that become marks, and the names of these."""
MISSING = "missing"
"""Mark of a stretch without estimates, also of those before the first."""
_LENGTH = "duration_s"


@dataclass(frozen=True, kw_only=True)
class Mark:
    """Something at a time.

    Attributes
    ----------
    onset_s : float
        Session time.
    duration_s : float or None
    kind : str
        A value of `KINDS`, a name of `series.STATES`, or `MISSING`.
    content : dict
        The row's other columns; of a state ``{"state": ...}``.
    """

    onset_s: float
    duration_s: float | None
    kind: str
    content: dict[str, Any]


def list_marks(one: SessionContent, grid: EstimateGrid) -> list[Mark]:
    """List the marks of a session, in the order of time."""
    marks = [_mark(row, name) for kind, name in KINDS.items() for row in one.read(kind)]
    for state in STATES:
        marks += _list_stretches(grid, state)
    return sorted([*marks, *_list_missing(grid)], key=lambda mark: mark.onset_s)


def _mark(row: Row, name: str) -> Mark:
    """Make the mark of a row; that of a source that is back covers the time in which it was lost."""
    duration_s: float | None = getattr(row, _LENGTH, None)
    is_over = isinstance(row, EventRow) and row.kind == "back"
    onset_s = row.time_s - (duration_s or 0.0 if is_over else 0.0)
    return Mark(onset_s=onset_s, duration_s=duration_s, kind=name, content=_describe(row))


def _describe(row: Row) -> dict[str, Any]:
    names = [field.name for field in fields(row) if field.name not in ("time_s", "utc_s", _LENGTH)]
    return {name: getattr(row, name) for name in (*names, "utc_s")}


def _list_stretches(grid: EstimateGrid, name: str) -> Iterator[Mark]:
    """Stretches of equal states: from the window that showed one first to the window that showed another one."""
    begun, state = 0, None
    for place, row in enumerate((*grid.rows, None)):
        found = None if row is None else getattr(row, name)
        if found != state:
            if state is not None:
                yield _cover(grid, begun, place, kind=name, content={"state": state})
            begun, state = place, found


def _list_missing(grid: EstimateGrid) -> Iterator[Mark]:
    begun = None
    for place, row in enumerate(grid.rows):
        if row is None:
            begun = place if begun is None else begun
        elif begun is not None:
            yield _cover(grid, begun, place, kind=MISSING, content={})
            begun = None


def _cover(grid: EstimateGrid, begun: int, end: int, *, kind: str, content: dict[str, Any]) -> Mark:
    onset_s = begun * grid.step_s + grid.offset_s
    return Mark(onset_s=onset_s, duration_s=(end - begun) * grid.step_s, kind=kind, content=content)
