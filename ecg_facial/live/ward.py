"""Several patients that are watched together.

Input: the patients' sessions. Output: their states, and what persons do, given to the right one. Knows neither threads
nor terminals: the screen and later views use it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

from ecg_facial.errors import SettingsError
from ecg_facial.live.screen.keys import Action
from ecg_facial.live.signals import LiveSignals
from ecg_facial.live.state import PatientState, Phase


class PatientSession(Protocol):
    """What is needed of the running session of one patient. Each method may be called while it estimates."""

    def state(self) -> PatientState:
        """Give all that is shown now."""

    def signals(self) -> LiveSignals:
        """Give the newest picture and the last seconds of ECG."""

    def acknowledge(self, *, by: str) -> None:
        """Take note that a person has seen all alarms."""

    def pause(self, *, by: str) -> None:
        """Silence all alarms for a time."""

    def resume(self, *, by: str) -> None:
        """End a pause."""

    def switch(self, *, on: bool, by: str) -> None:
        """Switch the sound of all alarms on or off."""

    def rate(self, *, scale: str, value: float | None, by: str, note: str) -> None:
        """Keep a rating or a note."""

    @property
    def failure(self) -> str:
        """Why the session has stopped by itself; empty while it has not."""

    def close(self) -> None:
        """End the session, and everything that belongs to it."""


class Ward:
    """Patients that are watched together.

    Parameters
    ----------
    sessions : sequence of PatientSession
        In the order of the screen.
    describe : sequence of callable, optional
        For each patient what happens at a time of the session, for simulated ones.
    release : callable, optional
        Called when all sessions have ended.
    """

    def __init__(
        self,
        sessions: Sequence[PatientSession],
        *,
        describe: Sequence[Callable[[float], str]] | None = None,
        release: Callable[[], None] = lambda: None,
    ) -> None:
        self._sessions, self._describe, self._release = sessions, describe, release

    def states(self) -> tuple[PatientState, ...]:
        """Give the present state of every patient."""
        states = tuple(session.state() for session in self._sessions)
        if self._describe is None:
            return states
        told = zip(states, self._describe, strict=True)
        # what the session itself has to say comes first
        return tuple(replace(state, message=state.message or describe(state.time_s)) for state, describe in told)

    @property
    def failure(self) -> str:
        """Why sessions have stopped, once none of them goes on; empty before, and where all are at their end."""
        if any(session.state().phase is not Phase.ENDED for session in self._sessions):
            return ""
        return "; ".join(session.failure for session in self._sessions if session.failure)

    def session(self, patient: str) -> PatientSession:
        """Find a patient's session.

        Raises
        ------
        SettingsError
            For a patient who is not watched.
        """
        for session in self._sessions:
            if session.state().patient == patient:
                return session
        raise SettingsError(f"patient {patient!r} is not watched here: see the list of patients")

    def act(self, action: Action) -> None:
        """Do what a person wants with one patient."""
        session, by = self._sessions[action.patient], action.by
        if action.kind == "acknowledge":
            session.acknowledge(by=by)
        elif action.kind == "pause":
            if session.state().pause_left_s > 0:
                session.resume(by=by)
            else:
                session.pause(by=by)
        elif action.kind == "switch":
            session.switch(on=session.state().alarms_off, by=by)
        elif action.kind in ("rate", "note"):
            session.rate(scale=action.scale, value=action.value, by=by, note=action.note)

    def close(self) -> None:
        """End all sessions, also where one of them fails to end."""
        errors = []
        for session in self._sessions:
            try:
                session.close()
            except Exception as error:  # the others must be closed too
                errors.append(error)
        self._release()
        if errors:
            raise errors[0]
