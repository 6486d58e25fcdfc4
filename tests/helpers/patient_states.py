"""States of monitored patients."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ecg_facial.live.alarms.alarm import AlarmState
from ecg_facial.live.alarms.panel import ShownAlarm
from ecg_facial.live.alarms.settings import PRIORITIES
from ecg_facial.live.state import Delay, PatientState
from ecg_facial.live.store.rows import EstimateRow

ROW = EstimateRow(
    time_s=83.0,
    utc_s=1.8e9,
    window_s=5.5,
    estimate=1.74,
    low=1.2,
    high=2.1,
    trend=1.62,
    probabilities=(0.08, 0.3, 0.52, 0.1),
    used="facial+ecg",
    face_state="ok",
    ecg_state="ok",
    face_quality=0.97,
    ecg_quality=1.0,
    heart_rate_bpm=72.3,
    clock_state="synchronised",
    clock_offset_ms=12.0,
    clock_drift_ppm=20.0,
    clock_uncertainty_ms=3.0,
    latency_ms=120.0,
    frames_shed=0,
)
GATED = {"estimate": None, "low": None, "high": None, "trend": None, "probabilities": None, "used": ""}


def make_state(row: dict[str, Any] | None = None, **fields: Any) -> PatientState:
    """Make a state of a patient for whom all is well, with changes of its row and of its own fields."""
    known = {
        "patient": "P7",
        "time_s": 83.4,
        "class_names": ("BL1", "PA1", "PA2", "PA3"),
        "last": replace(ROW, **(row or {})),
        "trend": tuple(0.02 * number for number in range(83)),
        "estimate_delay": Delay(p50_ms=112.0, p99_ms=230.0, max_ms=300.0),
        "sources": ("camera 0", "LSL stream Amplifier"),
    }
    return PatientState(**{**known, **fields})


def make_alarm(name: str, message: str, state: AlarmState = AlarmState.ACTIVE, *, by: str = "") -> ShownAlarm:
    """Make an alarm of a known name."""
    return ShownAlarm(name=name, priority=PRIORITIES[name], state=state, message=message, by=by)
