"""What keys mean.

Input: characters, one at a time. Output: actions, and the text of the bottom line. Ratings, notes and signs are typed
there and kept with Enter; Escape drops them. ``7`` is a rating by whoever types, ``7s`` what the person said. Knows no
terminal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ecg_facial.live.store.rows import NRS, NRS_MAX, NRS_SELF

ActionKind = Literal["acknowledge", "pause", "switch", "rate", "note", "quit"]
_HELP = "a seen  p pause  o off/on  r rate  n note  s sign{patients}  q quit"
_ENTER, _ESCAPE, _DELETE = ("\r", "\n"), "\x1b", ("\x7f", "\b")
_DIRECT: dict[str, ActionKind] = {"a": "acknowledge", "p": "pause", "o": "switch", "q": "quit"}
_MAX_TYPED = 200


@dataclass(frozen=True, kw_only=True)
class Action:
    """What a person wants.

    Attributes
    ----------
    kind : {"acknowledge", "pause", "switch", "rate", "note", "quit"}
        ``acknowledge`` means all active alarms of the patient; ``pause`` ends a pause that goes on; ``switch`` turns
        the alarms' sound off, or on again.
    patient : int
        Number of the selected patient, from 0.
    by : str
        The person's sign.
    value : float or None
        Rating, 0 to 10.
    note : str
    scale : str
        Of a rating: `NRS` or `NRS_SELF`.
    """

    kind: ActionKind
    patient: int
    by: str
    value: float | None = None
    note: str = ""
    scale: str = ""


class Keys:
    """The keyboard's state.

    Parameters
    ----------
    sign : str
        Who acts; it is written to the alarm log.
    n_patients : int
    """

    def __init__(self, *, sign: str, n_patients: int) -> None:
        self.sign, self.selected = sign, 0
        self._n_patients = n_patients
        self._typing = ""
        self._typed = ""
        self._refused = ""

    @property
    def foot(self) -> str:
        """Text of the bottom line: the keys, or what is being typed."""
        if self._typing:
            asked = {"r": f"{NRS}, 0 to 10, with s if the person said it", "n": "note", "s": "your sign"}[self._typing]
            return f"{asked}: {self._typed}_   Enter keeps, Esc drops"
        patients = f"  1-{min(9, self._n_patients)} patient" if self._n_patients > 1 else ""
        keys = _HELP.format(patients=patients)
        return f"{self._refused}   {keys}" if self._refused else f"{keys} ({self.sign})"

    def press(self, character: str) -> Action | None:
        """Take a character; return what is to be done, if anything."""
        self._refused = ""
        if self._typing:
            return self._type(character)
        if character in _DIRECT:
            return self._make(_DIRECT[character])
        if character in ("r", "n", "s"):
            self._typing, self._typed = character, ""
        elif character.isdecimal() and 1 <= int(character) <= self._n_patients:
            self.selected = int(character) - 1
        return None

    def _type(self, character: str) -> Action | None:
        if character == _ESCAPE:
            self._typing = ""
        elif character in _ENTER:
            return self._keep()
        elif character in _DELETE:
            self._typed = self._typed[:-1]
        elif character.isprintable() and len(self._typed) < _MAX_TYPED:
            self._typed += character
        return None

    def _keep(self) -> Action | None:
        """Make an action of what was typed."""
        kind, text = self._typing, self._typed.strip()
        self._typing = ""
        if kind == "s":
            self.sign = text or self.sign
            return None
        if kind == "n":
            return self._make("note", note=text) if text else None
        number = text.lower().removesuffix("s")
        try:
            value = float(number.replace(",", "."))
        except ValueError:
            value = -1.0
        if not 0.0 <= value <= NRS_MAX:
            self._refused = f"{text!r} is no rating from 0 to 10."
            return None
        return self._make("rate", value=value, scale=NRS if number == text.lower() else NRS_SELF)

    def _make(self, kind: ActionKind, *, value: float | None = None, note: str = "", scale: str = "") -> Action:
        return Action(kind=kind, patient=self.selected, by=self.sign, value=value, note=note, scale=scale)
