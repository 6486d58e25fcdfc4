"""Routes of what the store keeps: sessions and their rows.

Input: requests. Output: JSON of the rows, read from the file beside the monitor that writes it.
"""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, Query

from ecg_facial.errors import MissingDataError
from ecg_facial.live.store.database import Store
from ecg_facial.live.store.rows import AlarmRow, EstimateRow, EventRow, RatingRow, Row, Session
from ecg_facial.service.bodies import Patient
from ecg_facial.service.messages import describe_row, describe_session

PATIENT = "/v1/patients/{patient}"
TAGS: list[str | Enum] = ["store"]
MAX_ROWS = 10_000
# SQLite's largest integer
MAX_SESSION = 2**63 - 1
_TABLES: tuple[type[Row], ...] = (EstimateRow, EventRow, AlarmRow, RatingRow)
_Seconds = Annotated[float, Query(allow_inf_nan=False, ge=0)]
SessionNumber = Annotated[int | None, Query(ge=1, le=MAX_SESSION, description="By default the newest one.")]


def add_store_routes(app: FastAPI, path: Path | None) -> None:
    """Add the routes of a store; without one each of them says how to keep one."""

    @app.get(f"{PATIENT}/sessions", tags=TAGS)
    def list_sessions(patient: Patient) -> list[dict[str, Any]]:
        """List all sessions of a patient, the oldest first."""
        with open_store(path) as store:
            return [describe_session(number, session) for number, session in _find_sessions(store, patient)]

    for kind in _TABLES:
        _add_rows(app, kind, path)


def _add_rows(app: FastAPI, kind: type[Row], path: Path | None) -> None:
    @app.get(f"{PATIENT}/{kind.table}", name=f"list_{kind.table}", tags=TAGS)
    def list_rows(
        patient: Patient,
        session: SessionNumber = None,
        start_s: _Seconds = 0.0,
        end_s: _Seconds = 1e18,
        limit: Annotated[int, Query(ge=1, le=MAX_ROWS)] = 1000,
    ) -> dict[str, Any]:
        """List rows of a session by time: from `start_s` on, before `end_s`, the first `limit` of them."""
        with open_store(path) as store:
            number, about = _find_session(store, patient, session)
            rows = store.read(kind, number, start_s=start_s, end_s=end_s, limit=limit)
        return {"session": number, "simulated": about.simulated, "rows": [describe_row(row) for row in rows]}


def open_store(path: Path | None) -> Store:
    """Open the store for reading.

    Raises
    ------
    MissingDataError
        Without one.
    StoreError
    """
    if path is None or not path.is_file():
        raise MissingDataError("nothing is kept: start with --store FILE")
    return Store(path, read_only=True)


def _find_session(store: Store, patient: str, session: int | None) -> tuple[int, Session]:
    """Find a session of a patient, the newest where none is named."""
    found = _find_sessions(store, patient)
    if session is None:
        return found[-1]
    for number, about in found:
        if number == session:
            return number, about
    raise MissingDataError("this patient has no session of this number: see the list of sessions")


def _find_sessions(store: Store, patient: str) -> list[tuple[int, Session]]:
    found = store.sessions(patient)
    if not found:
        raise MissingDataError("the store holds no session of this patient")
    return found
