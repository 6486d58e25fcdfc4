"""What persons do reaches the right patient, and every session is closed."""

from __future__ import annotations

import pytest
from patient_states import make_state
from watched import Noted

from ecg_facial.live.screen.keys import Action, ActionKind
from ecg_facial.live.state import PatientState, Phase
from ecg_facial.live.ward import Ward


def act(
    kind: ActionKind, state: PatientState, *, value: float | None = None, note: str = "", scale: str = ""
) -> list[object]:
    others, session = Noted(make_state()), Noted(state)
    Ward([others, session]).act(Action(kind=kind, patient=1, by="AB", value=value, note=note, scale=scale))
    assert others.done == []
    return list(session.done)


def test_what_a_person_does_reaches_the_selected_patient_with_the_persons_sign() -> None:
    assert act("acknowledge", make_state()) == [("acknowledge", "AB")]
    assert act("rate", make_state(), value=4.0, scale="NRS") == [("rate", "NRS", 4.0, "AB", "")]
    assert act("note", make_state(), note="turned") == [("rate", "", None, "AB", "turned")]


def test_one_key_pauses_and_ends_a_pause_and_one_switches_off_and_on() -> None:
    assert act("pause", make_state()) == [("pause", "AB")]
    assert act("pause", make_state(pause_left_s=12.0)) == [("resume", "AB")]
    assert act("switch", make_state()) == [("switch", False, "AB")]
    assert act("switch", make_state(alarms_off=True)) == [("switch", True, "AB")]


def test_what_happens_to_a_simulated_patient_is_said_for_its_own_time() -> None:
    sessions = [Noted(make_state(time_s=10.0)), Noted(make_state(time_s=20.0))]
    ward = Ward(sessions, describe=[lambda time_s: f"first at {time_s:g}", lambda time_s: f"second at {time_s:g}"])
    assert [state.message for state in ward.states()] == ["first at 10", "second at 20"]
    assert [state.message for state in Ward(sessions).states()] == ["", ""]
    (state,) = Ward([Noted(make_state(message="stopped"))], describe=[lambda time_s: "at rest"]).states()
    assert state.message == "stopped"


def test_a_ward_has_failed_once_no_session_goes_on_and_one_has_failed() -> None:
    first, second = Noted(make_state(phase=Phase.ENDED)), Noted(make_state(phase=Phase.ENDED))
    ward = Ward([first, second])
    assert ward.failure == ""
    first.failure = "a broken network"
    assert ward.failure == "a broken network"
    second.shown = make_state(phase=Phase.RUNNING)
    assert ward.failure == ""


def test_all_sessions_are_closed_where_one_fails_and_the_failure_is_told() -> None:
    sessions = [Noted(make_state(), fails=True), Noted(make_state())]
    with pytest.raises(OSError, match="the disk is gone"):
        Ward(sessions).close()
    assert [session.done for session in sessions] == [[("close",)], [("close",)]]
