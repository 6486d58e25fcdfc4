"""Routes of the patients who are watched now: their states, and what persons do.

Input: requests. Output: JSON; what is done is noted by the patient's session, with the sign of the person.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum
from typing import Any

from fastapi import FastAPI

from ecg_facial.errors import MissingDataError, SettingsError
from ecg_facial.live.state import PatientState
from ecg_facial.live.ward import PatientSession
from ecg_facial.service.bodies import Patient, Rating, Signed, Sound
from ecg_facial.service.broadcast import Watched
from ecg_facial.service.messages import describe_state

_ALL, _ONE = "/v1/patients", "/v1/patients/{patient}"
_TAGS: list[str | Enum] = ["patients"]


def add_patient_routes(app: FastAPI, ward: Watched, *, browsers: Collection[str]) -> None:
    """Add the routes of a ward."""

    def describe(state: PatientState) -> dict[str, Any]:
        return describe_state(state, accepts_browser=state.patient in browsers)

    @app.get(_ALL, tags=_TAGS)
    async def list_patients() -> list[dict[str, Any]]:
        """Present state of every patient."""
        return [describe(state) for state in ward.states()]

    @app.get(_ONE, tags=_TAGS)
    async def show_patient(patient: Patient) -> dict[str, Any]:
        """Present state of a patient."""
        return describe(find_state(ward, patient))

    @app.post(f"{_ONE}/acknowledge", status_code=204, tags=_TAGS)
    async def acknowledge(patient: Patient, body: Signed) -> None:
        """Take note that a person has seen all alarms."""
        _find_session(ward, patient).acknowledge(by=body.by)

    @app.post(f"{_ONE}/pause", status_code=204, tags=_TAGS)
    async def pause(patient: Patient, body: Signed) -> None:
        """Silence all alarms for a time."""
        _find_session(ward, patient).pause(by=body.by)

    @app.post(f"{_ONE}/resume", status_code=204, tags=_TAGS)
    async def resume(patient: Patient, body: Signed) -> None:
        """End a pause."""
        _find_session(ward, patient).resume(by=body.by)

    @app.post(f"{_ONE}/sound", status_code=204, tags=_TAGS)
    async def sound(patient: Patient, body: Sound) -> None:
        """Switch the sound of all alarms on or off."""
        _find_session(ward, patient).switch(on=body.on, by=body.by)

    @app.post(f"{_ONE}/ratings", status_code=204, tags=_TAGS)
    async def rate(patient: Patient, body: Rating) -> None:
        """Keep a rating of a person, or a note."""
        if body.value is None and not body.note:
            raise SettingsError("value and note are empty: give a rating from 0 to 10, a note, or both")
        scale = "" if body.value is None else body.scale
        _find_session(ward, patient).rate(scale=scale, value=body.value, by=body.by, note=body.note)


def find_state(ward: Watched, patient: str) -> PatientState:
    """Find the state of a patient who is watched.

    Raises
    ------
    MissingDataError
    """
    found = next((state for state in ward.states() if state.patient == patient), None)
    if found is None:
        raise MissingDataError("this patient is not watched here: /v1/patients lists those who are")
    return found


def _find_session(ward: Watched, patient: str) -> PatientSession:
    find_state(ward, patient)
    return ward.session(patient)
