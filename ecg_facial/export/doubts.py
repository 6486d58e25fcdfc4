"""How far an estimate can be trusted, in the terms of devices: sound, doubtful, invalid, not available.

Input: a row of an estimate. Output: reasons for doubt, or why there is no value; the same for FHIR and SDC.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from ecg_facial.live.store.rows import EstimateRow

POOR_QUALITY = 0.5
"""A used signal whose quality is below makes an estimate doubtful; the monitor's windows need so much usable signal."""
Absence = Literal["not available", "invalid", "unknown"]
_OK, _NO_SIGNAL, _UNSYNCHRONISED = "ok", "no signal", "unsynchronised"


def list_states(row: EstimateRow) -> list[str]:
    """States of the signals that were asked for, the face first."""
    return [state for state in (row.face_state, row.ecg_state) if state]


def describe_face_and_ecg(row: EstimateRow) -> list[str]:
    """Say what is wrong with each signal; nothing for sound ones, and for those that were not asked for."""
    return [text for text in (describe_state("face", row.face_state), describe_state("ECG", row.ecg_state)) if text]


def describe_state(name: str, state: str) -> str:
    """Name a state that is not ok; empty for one that is."""
    return f"{name}: {state}" if state not in ("", _OK) else ""


def describe_quality(name: str, quality: float | None) -> str:
    """Name a quality that is poor; empty for a good one, and for none."""
    return f"{name}: quality {quality:.2f}" if quality is not None and quality < POOR_QUALITY else ""


def find_doubts(row: EstimateRow) -> list[str]:
    """Find reasons to doubt an estimate that was made; none for a sound one."""
    used = row.used.split("+")
    doubts = describe_face_and_ecg(row)
    for name, signal, quality in (("face", "facial", row.face_quality), ("ECG", "ecg", row.ecg_quality)):
        if signal in used and (poor := describe_quality(name, quality)):
            doubts.append(poor)
    return [*doubts, "clocks are not synchronised"] if row.clock_state == _UNSYNCHRONISED else doubts


def explain_absence(states: Sequence[str]) -> Absence:
    """Tell why there is no value, from the states of the signals that were asked for.

    Examples
    --------
    >>> explain_absence(["no signal"]), explain_absence(["no face", "lead off"]), explain_absence(["ok"])
    ('not available', 'invalid', 'unknown')
    """
    if states and all(state == _NO_SIGNAL for state in states):
        return "not available"
    return "invalid" if states and _OK not in states else "unknown"
