"""States and signals as JSON.

Input: a `PatientState`, new ECG, a picture. Output: dictionaries of plain values, and their text. A number that is
stale or gated is null: what is sent as a number is true now. Knows no web framework.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection
from dataclasses import asdict
from typing import Any

import numpy as np

from ecg_facial.live.signals import NewEcg
from ecg_facial.live.state import PatientState
from ecg_facial.live.store.rows import EstimateRow, Row, Session
from ecg_facial.version import __version__

# of an estimate that could not be made, whatever the row says
_OF_ESTIMATE = ("low", "high", "trend", "probabilities")
_TREND_DIGITS, _TIME_DIGITS = 3, 3
# 1 uV; of an unknown unit so many digits are kept
_MV_DIGITS, _DIGITS = 3, 7


def describe_state(state: PatientState, *, accepts_browser: bool = False) -> dict[str, Any]:
    """Describe a patient's state, as in `docs/service.md`."""
    shown = state.shown
    return {
        "patient": state.patient,
        "time_s": _number(state.time_s, _TIME_DIGITS),
        "class_names": list(state.class_names),
        "simulated": state.simulated,
        "phase": state.phase.value,
        "rest_left_s": _number(state.rest_left_s, _TIME_DIGITS),
        "last": None if shown is None else describe_estimate(shown),
        "is_stale": state.is_stale,
        **{
            name: [_number(value, _TREND_DIGITS) for value in getattr(state, name)]
            for name in ("trend", "trend_low", "trend_high")
        },
        "trend_step_s": state.trend_step_s,
        "trend_end_s": _number(state.trend_end_s, _TIME_DIGITS),
        "alarms": [
            {
                "name": alarm.name, "priority": alarm.priority, "state": alarm.state.value, "message": alarm.message,
                "by": alarm.by,
            }
            for alarm in state.alarms
        ],
        "pause_left_s": _number(state.pause_left_s, _TIME_DIGITS),
        "alarms_off": state.alarms_off,
        "sounds": state.sounds,
        "estimate_delay": None if state.estimate_delay is None else to_plain(asdict(state.estimate_delay)),
        "alarm_delay": None if state.alarm_delay is None else to_plain(asdict(state.alarm_delay)),
        "frames_shed": state.frames_shed,
        "store_bytes": state.store_bytes,
        "store_problem": state.store_problem,
        "sources": list(state.sources),
        "message": state.message,
        "accepts_browser": accepts_browser,
    }  # fmt: skip


def describe_estimate(row: EstimateRow) -> dict[str, Any]:
    """Describe an estimate: without one its interval is null too, and without a usable ECG the heart rate."""
    found = describe_row(row)
    if found["estimate"] is None:
        found.update(dict.fromkeys(_OF_ESTIMATE))
    if row.ecg_state != "ok":
        found["heart_rate_bpm"] = None
    return found


def describe_row(row: Row) -> dict[str, Any]:
    """Describe a row of the store."""
    content: dict[str, Any] = to_plain(asdict(row))
    return content


def describe_session(number: int, session: Session) -> dict[str, Any]:
    """Describe a session of the store."""
    content: dict[str, Any] = {"session": number, **to_plain(asdict(session))}
    return content


def make_hello(utc_s: float) -> dict[str, Any]:
    """Make the first message to a page."""
    return {"type": "hello", "version": __version__, "research_only": True, "utc_s": utc_s}


def make_states(states: Collection[PatientState], *, utc_s: float, browsers: Collection[str]) -> dict[str, Any]:
    """Make the message with the states of all patients; `browsers` are those who may be watched by a browser."""
    patients = [describe_state(state, accepts_browser=state.patient in browsers) for state in states]
    return {"type": "states", "utc_s": utc_s, "patients": patients}


def make_ecg(patient: str, new: NewEcg) -> dict[str, Any]:
    """Make the message with new samples; NaN is null."""
    if new.unit == "mV":
        samples = [_number(value, _MV_DIGITS) for value in new.samples.tolist()]
    else:
        samples = [float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else None for value in new.samples.tolist()]
    return {
        "type": "ecg",
        "patient": patient,
        "start_s": round(new.start_s, 4),
        "fs_hz": new.fs_hz,
        "unit": new.unit,
        "samples": samples,
        "beats_s": [round(time_s, _TIME_DIGITS) for time_s in new.beats_s],
    }


def to_json(content: Any) -> str:
    """Write JSON without blanks.

    Raises
    ------
    ValueError
        For a number that is not finite: none gets this far.
    """
    return json.dumps(content, allow_nan=False, separators=(",", ":"))


def to_plain(value: Any) -> Any:
    """Make values that JSON knows: tuples become lists, numbers that are not finite are None."""
    if isinstance(value, dict):
        return {key: to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    return value


def _number(value: float | None, digits: int) -> float | None:
    return None if value is None or not math.isfinite(value) else round(float(value), digits)
