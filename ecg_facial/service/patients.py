"""Routes of the patients who are watched now: their states, and what persons do.

Input: requests. Output: JSON; what is done is noted by the patient's session, with the sign of the person.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from fastapi import APIRouter

from ecg_facial.errors import MissingDataError, SettingsError
from ecg_facial.live.state import PatientState
from ecg_facial.live.ward import PatientSession
from ecg_facial.service.bodies import Patient, Rating, Signed, Sound
from ecg_facial.service.broadcast import Watched
from ecg_facial.service.messages import describe_state


def make_patient_routes(ward: Watched, *, browsers: Collection[str]) -> APIRouter:
    """Make the routes of a ward."""
    router = APIRouter(prefix="/v1/patients", tags=["patients"])

    def describe(state: PatientState) -> dict[str, Any]:
        return describe_state(state, accepts_browser=state.patient in browsers)

    @router.get("")
    async def list_patients() -> list[dict[str, Any]]:
        """Present state of every patient."""
        return [describe(state) for state in ward.states()]

    @router.get("/{patient}")
    async def show_patient(patient: Patient) -> dict[str, Any]:
        """Present state of a patient."""
        return describe(find_state(ward, patient))

    @router.post("/{patient}/acknowledge", status_code=204)
    async def acknowledge(patient: Patient, body: Signed) -> None:
        """Take note that a person has seen all alarms."""
        _find_session(ward, patient).acknowledge(by=body.by)

    @router.post("/{patient}/pause", status_code=204)
    async def pause(patient: Patient, body: Signed) -> None:
        """Silence all alarms for a time."""
        _find_session(ward, patient).pause(by=body.by)

    @router.post("/{patient}/resume", status_code=204)
    async def resume(patient: Patient, body: Signed) -> None:
        """End a pause."""
        _find_session(ward, patient).resume(by=body.by)

    @router.post("/{patient}/sound", status_code=204)
    async def sound(patient: Patient, body: Sound) -> None:
        """Switch the sound of all alarms on or off."""
        _find_session(ward, patient).switch(on=body.on, by=body.by)

    @router.post("/{patient}/ratings", status_code=204)
    async def rate(patient: Patient, body: Rating) -> None:
        """Keep a rating of a person, or a note."""
        if body.value is None and not body.note:
            raise SettingsError("value and note are empty: give a rating from 0 to 10, a note, or both")
        scale = "" if body.value is None else body.scale
        _find_session(ward, patient).rate(scale=scale, value=body.value, by=body.by, note=body.note)

    return router


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
