"""Bodies of requests, and words that occur in several routes.

Input: JSON. Output: checked values. What goes into the log of a session, or onto a screen, is one printable line.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from ecg_facial.live.alarms.panel import MONITOR
from ecg_facial.live.store.rows import NRS_MAX

_MAX_SIGN, _MAX_NOTE, _MAX_TOKEN, _MAX_PATIENT = 40, 200, 200, 200


def _check_line(text: str) -> str:
    if not text.isprintable():
        raise ValueError("expected one line of printable characters")
    return text.strip()


def _check_sign(text: str) -> str:
    sign = _check_line(text)
    if not sign or sign == MONITOR:
        raise ValueError("expected the sign of the person who does it")
    return sign


Sign = Annotated[str, Field(max_length=_MAX_SIGN), AfterValidator(_check_sign)]
Note = Annotated[str, Field(max_length=_MAX_NOTE), AfterValidator(_check_line)]
Patient = Annotated[str, Field(max_length=_MAX_PATIENT)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Credentials(_Body):
    """A token to sign in with."""

    token: Annotated[str, Field(max_length=_MAX_TOKEN)]


class Signed(_Body):
    """Who does it."""

    by: Sign


class Sound(Signed):
    """Who switches the sound of the alarms, and how."""

    on: bool


class Rating(Signed):
    """A rating, or a note without one; `NRS-self` is what the person said, `NRS` does not say whose it is."""

    scale: Literal["NRS", "NRS-self"] = "NRS"
    value: Annotated[float, Field(ge=0, le=NRS_MAX, allow_inf_nan=False)] | None = None
    note: Note = ""
