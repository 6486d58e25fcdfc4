"""Rows of a store as FHIR Observations.

Input: a row. Output: one or two Observations as plain dictionaries. What is known stands in them with all its digits,
what is not known is absent; times have microseconds.

- A value that is doubtful carries UNCERTREL and the interpretation ``questionable``: one of two signals is gone, the
  quality of a used signal is poor, or the clocks are not synchronised.
- A value that is absent carries a dataAbsentReason: ``not-performed`` where no signal arrived, ``error`` with
  UNRELIABLE where the signals could not be used, ``unknown`` where nothing is known to be wrong.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

from ecg_facial.export.content import SessionContent
from ecg_facial.export.doubts import (
    describe_face_and_ecg,
    describe_quality,
    describe_state,
    explain_absence,
    find_doubts,
    list_states,
)
from ecg_facial.export.fhir import codes
from ecg_facial.export.fhir.devices import Names, describe_method
from ecg_facial.live.store.rows import NRS_MAX, NRS_SELF, AlarmRow, BaselineRow, EstimateRow, EventRow, RatingRow, Row

_REASONS = {"not available": codes.NOT_PERFORMED, "invalid": codes.ERROR, "unknown": codes.UNKNOWN}
_CHANGES = ("raised", "acknowledged", "cleared", "paused", "resumed", "switched off", "switched on")


def make_observations(row: Row, one: SessionContent, names: Names) -> list[dict[str, Any]]:
    """Make the observations of a row.

    Parameters
    ----------
    row : Row
        Any but raw ECG.
    one : SessionContent
    names : Names
    """
    if isinstance(row, EstimateRow):
        return [_estimate(row, one, names), *_heart_rate(row, one, names)]
    if isinstance(row, AlarmRow):
        return [_alarm(row, one, names)]
    if isinstance(row, EventRow):
        return [_event(row, one, names)]
    if isinstance(row, RatingRow):
        return [_rating(row, one, names)]
    assert isinstance(row, BaselineRow)
    return [_rest(row, one, names)]


def make_session_observation(one: SessionContent, names: Names) -> dict[str, Any]:
    """Make the observation of the session itself: when it was, with what, and how it ended."""
    about = one.session
    period = {"start": say_utc(about.started_utc_s)}
    if about.ended_utc_s is not None:
        period["end"] = say_utc(about.ended_utc_s)
    parts = [_text("sources", about.sources), _text("session-end", about.end)]
    parts += [_text(codes.name_code(place), name) for place, name in enumerate(about.class_names)]
    return {
        "resourceType": "Observation",
        "status": "preliminary" if about.ended_utc_s is None else "final",
        "code": codes.own("session"),
        "subject": names.refer("patient"),
        "effectivePeriod": period,
        "method": {"text": describe_method(about)},
        "device": names.refer("mds"),
        "component": [part for part in parts if part],
    }


def say_utc(utc_s: float) -> str:
    """Time as FHIR writes it, in UTC with its offset.

    Examples
    --------
    >>> say_utc(1_800_000_000.25)
    '2027-01-15T08:00:00.250000+00:00'
    """
    return datetime.fromtimestamp(utc_s, tz=UTC).isoformat(timespec="microseconds")


def clean(text: str) -> str:
    r"""Replace what FHIR allows in no text, control characters.

    Examples
    --------
    >>> clean("a\tb\x00")
    'a\tb\ufffd'
    """
    return "".join(sign if sign >= " " or sign in "\t\r\n" else "\ufffd" for sign in text)


def is_self_report(row: RatingRow) -> bool:
    """Whether a rating is surely the person's own, from 0 to 10."""
    return row.scale.strip().casefold() == NRS_SELF.casefold() and (
        row.value is not None and 0.0 <= row.value <= NRS_MAX
    )


def _estimate(row: EstimateRow, one: SessionContent, names: Names) -> dict[str, Any]:
    value = _finite(row.estimate)
    found = _start("pain-estimate", row, one, names, status="preliminary", device="estimate")
    if value is None:
        found |= _absent(list_states(row), "; ".join(describe_face_and_ecg(row)))
    else:
        found |= {"valueQuantity": codes.quantity(value, "1", text="expected class"), **_judge(find_doubts(row))}
    parts = [
        _number("trend", row.trend, "1"),
        _interval("trend-interval", row.low, row.high),
        *(
            {
                "code": codes.own(codes.probability_code(place), text=clean(name)),
                "valueQuantity": codes.quantity(p, "1"),
            }
            for place, (name, p) in enumerate(zip(one.session.class_names, row.probabilities or (), strict=False))
        ),
        _text("signals-used", row.used),
        _text("face-state", row.face_state),
        _text("ecg-state", row.ecg_state),
        _number("face-quality", row.face_quality, "1"),
        _number("ecg-quality", row.ecg_quality, "1"),
        _text("clock-state", row.clock_state),
        _number("clock-offset", row.clock_offset_ms, "ms"),
        _number("clock-drift", row.clock_drift_ppm, "[ppm]"),
        _number("clock-uncertainty", row.clock_uncertainty_ms, "ms"),
        _number("latency", row.latency_ms, "ms"),
        _number("frames-shed", row.frames_shed, "1"),
    ]
    return _finish(found, parts)


def _heart_rate(row: EstimateRow, one: SessionContent, names: Names) -> list[dict[str, Any]]:
    """Heart rate of a window; nothing where no ECG was asked for."""
    value = _finite(row.heart_rate_bpm)
    if value is None and not row.ecg_state:
        return []
    found = _start("heart-rate", row, one, names, status="preliminary", device="heart rate")
    found["category"] = [{"coding": [codes.VITAL_SIGNS]}]
    found["code"] = {
        "coding": [{"system": codes.LOINC, "code": codes.HEART_RATE, "display": "Heart rate"}, codes.MDC_HEART_RATE]
    }
    state = describe_state("ECG", row.ecg_state)
    if value is None:
        found |= _absent([row.ecg_state], state)
    else:
        doubts = [state, describe_quality("ECG", row.ecg_quality)]
        found |= {"valueQuantity": codes.quantity(value, "/min"), **_judge([doubt for doubt in doubts if doubt])}
    return [found]


def _alarm(row: AlarmRow, one: SessionContent, names: Names) -> dict[str, Any]:
    found = _start("alarm", row, one, names, device="mds")
    change = row.change.replace(" ", "-")
    found["valueCodeableConcept"] = codes.own(change) if row.change in _CHANGES else {"text": clean(row.change) or "-"}
    parts = [
        _text("alarm-name", row.alarm),
        _text("alarm-priority", row.priority),
        _text("by", row.by),
        _text("message", row.message),
    ]
    return _finish(found, parts)


def _event(row: EventRow, one: SessionContent, names: Names) -> dict[str, Any]:
    found = _start("event", row, one, names, device="mds")
    found["valueString"] = clean(row.kind) or "-"
    parts = [
        _text("event-source", row.source),
        _text("message", row.message),
        _number("duration", row.duration_s, "s"),
    ]
    return _finish(found, parts)


def _rating(row: RatingRow, one: SessionContent, names: Names) -> dict[str, Any]:
    """Rating or note; a rating that is surely the person's own has the LOINC code of self-report."""
    found = _start("rating" if row.scale or row.value is not None else "note", row, one, names)
    value = _finite(row.value)
    if is_self_report(row):
        display = "Pain severity - 0-10 verbal numeric rating [Score] - Reported"
        found["code"] = {"coding": [{"system": codes.LOINC, "code": codes.SELF_REPORT, "display": display}]}
        found["performer"] = [names.refer("patient")]
    if value is not None:
        found["valueQuantity"] = codes.quantity(value, "{score}")
    elif row.note.strip():
        found["valueString"] = clean(row.note)
    else:
        found["dataAbsentReason"] = {"coding": [codes.UNKNOWN]}
    if value is not None and row.note.strip():
        author = {"authorString": clean(row.by)} if row.by.strip() else {}
        found["note"] = [{**author, "text": clean(row.note)}]
    return _finish(found, [_text("rating-scale", row.scale), _text("by", row.by)])


def _rest(row: BaselineRow, one: SessionContent, names: Names) -> dict[str, Any]:
    parts = [
        _number("rest-estimate", row.estimate, "1"),
        _number("rest-heart-rate", row.heart_rate_bpm, "/min"),
        _number("rest-count", row.n_estimates, "1"),
    ]
    return _finish(_start("rest", row, one, names, status="preliminary", device="estimate"), parts)


def _start(
    code: str, row: Row, one: SessionContent, names: Names, *, status: str = "final", device: str = ""
) -> dict[str, Any]:
    """Begin an observation with what all of them have; of a window, the period that it covers."""
    end = say_utc(one.utc_s(row.time_s))
    when: dict[str, Any] = {"effectiveDateTime": end}
    if isinstance(row, EstimateRow):
        when = {"effectivePeriod": {"start": say_utc(one.utc_s(row.time_s - row.window_s)), "end": end}}
    found = {
        "resourceType": "Observation",
        "status": status,
        "code": codes.own(code),
        "subject": names.refer("patient"),
        **when,
        "issued": say_utc(row.utc_s),
    }
    if device:
        found |= {"method": {"text": describe_method(one.session)}, "device": names.refer(device)}
    return found


def _judge(doubts: list[str]) -> dict[str, Any]:
    """Mark a value that is doubtful."""
    if not doubts:
        return {}
    return {
        "meta": {"security": [codes.UNCERTAIN]},
        "interpretation": [{"coding": [codes.QUESTIONABLE], "text": clean("; ".join(doubts))}],
    }


def _absent(states: list[str], text: str) -> dict[str, Any]:
    """Say why there is no value, from the states of the signals that were asked for."""
    reason = _REASONS[explain_absence(states)]
    found: dict[str, Any] = {"dataAbsentReason": {"coding": [reason], **({"text": clean(text)} if text else {})}}
    return {**found, "meta": {"security": [codes.UNRELIABLE]}} if reason is codes.ERROR else found


def _finish(found: dict[str, Any], parts: list[dict[str, Any] | None]) -> dict[str, Any]:
    known = [part for part in parts if part]
    return {**found, "component": known} if known else found


def _number(code: str, value: float | None, unit: str) -> dict[str, Any] | None:
    known = _finite(value)
    return None if known is None else {"code": codes.own(code), "valueQuantity": codes.quantity(known, unit)}


def _interval(code: str, low: float | None, high: float | None) -> dict[str, Any] | None:
    ends = {name: _finite(value) for name, value in (("low", low), ("high", high))}
    known = {name: codes.quantity(value, "1") for name, value in ends.items() if value is not None}
    return {"code": codes.own(code), "valueRange": known} if known else None


def _text(code: str, text: str) -> dict[str, Any] | None:
    return {"code": codes.own(code), "valueString": clean(text)} if text.strip() else None


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
