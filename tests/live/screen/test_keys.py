"""Keys become actions, and what is typed can be corrected or dropped."""

from __future__ import annotations

import pytest

from ecg_facial.live.screen.keys import Action, Keys
from ecg_facial.live.store.rows import NRS, NRS_SELF


def press(text: str, *, n_patients: int = 2) -> tuple[Keys, list[Action]]:
    keys = Keys(sign="AB", n_patients=n_patients)
    return keys, [action for character in text if (action := keys.press(character)) is not None]


@pytest.mark.parametrize(("key", "kind"), [("a", "acknowledge"), ("p", "pause"), ("o", "switch"), ("q", "quit")])
def test_a_key_acts_on_the_selected_patient_with_the_sign_of_the_person(key: str, kind: str) -> None:
    _, actions = press(f"2{key}")
    assert [(action.kind, action.patient, action.by) for action in actions] == [(kind, 1, "AB")]


def test_a_patient_that_is_not_there_cannot_be_selected() -> None:
    keys, _ = press("2390")
    assert keys.selected == 1


@pytest.mark.parametrize(("typed", "value"), [("r7\n", 7.0), ("r10\r", 10.0), ("r2,5\n", 2.5), ("r9\x7f3\n", 3.0)])
def test_a_rating_is_typed_and_kept_with_enter(typed: str, value: float) -> None:
    _, actions = press(typed)
    assert [(action.kind, action.value) for action in actions] == [("rate", value)]


@pytest.mark.parametrize(("typed", "scale"), [("r7\n", NRS), ("r7s\n", NRS_SELF), ("r7,5 S\n", NRS_SELF)])
def test_a_rating_that_the_person_gave_is_kept_as_theirs(typed: str, scale: str) -> None:
    _, (action,) = press(typed)
    assert (action.scale, action.value is not None and 7 <= action.value <= 7.5) == (scale, True)


@pytest.mark.parametrize("typed", ["r11\n", "r-1\n", "rq\n", "r\n", "rnan\n", "rs\n", "r7ss\n"])
def test_what_is_no_rating_is_refused_and_said(typed: str) -> None:
    keys, actions = press(typed)
    assert actions == []
    assert "no rating from 0 to 10" in keys.foot


def test_a_note_may_hold_the_letters_of_keys_and_escape_drops_it() -> None:
    _, actions = press("nquiet, a pause\n")
    assert [(action.kind, action.note) for action in actions] == [("note", "quiet, a pause")]
    keys, actions = press("nquiet\x1b")
    assert actions == []
    assert "q quit" in keys.foot


def test_what_is_typed_is_shown() -> None:
    keys, _ = press("r7")
    assert "NRS, 0 to 10" in keys.foot
    assert ": 7_" in keys.foot


def test_the_sign_can_be_changed_and_is_shown() -> None:
    keys, actions = press("sCD\na")
    assert actions[0].by == "CD"
    assert "(CD)" in keys.foot
    keys, actions = press("s\na")
    assert actions[0].by == "AB"


def test_the_keys_fit_into_one_line_of_a_usual_terminal() -> None:
    assert len(Keys(sign="bedside", n_patients=4).foot) <= 80
