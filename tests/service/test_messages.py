"""What is sent as a number is true now."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from patient_states import GATED, make_alarm, make_state

from ecg_facial.live.alarms.alarm import AlarmState
from ecg_facial.live.signals import NewEcg
from ecg_facial.live.state import Delay
from ecg_facial.service.messages import describe_state, make_ecg, to_json

_ANY = st.none() | st.floats(allow_nan=True, allow_infinity=True)
_OF_ESTIMATE = ("estimate", "low", "high", "trend", "probabilities")


@given(
    values=st.fixed_dictionaries(
        dict.fromkeys(("estimate", "low", "high", "trend", "heart_rate_bpm", "face_quality", "clock_offset_ms"), _ANY)
    ),
    ecg_state=st.sampled_from(["ok", "lead off", "no signal"]),
    is_stale=st.booleans(),
    trend=st.lists(_ANY, max_size=5),
)
def test_a_stale_or_gated_value_is_never_a_number(
    values: dict[str, Any], ecg_state: str, is_stale: bool, trend: list[float | None]
) -> None:
    state = make_state(row={**values, "ecg_state": ecg_state}, is_stale=is_stale, trend=tuple(trend))
    told = json.loads(to_json(describe_state(state)))
    assert (told["last"] is None) is is_stale
    assert told["is_stale"] is is_stale
    assert [value is None for value in told["trend"]] == [one is None or not math.isfinite(one) for one in trend]
    if told["last"] is None:
        return
    estimate = values["estimate"]
    if estimate is None or not math.isfinite(estimate):
        assert {name: told["last"][name] for name in _OF_ESTIMATE} == dict.fromkeys(_OF_ESTIMATE)
    if ecg_state != "ok":
        assert told["last"]["heart_rate_bpm"] is None


def test_a_gated_estimate_keeps_what_is_known_of_the_signals() -> None:
    told = describe_state(make_state(row={**GATED, "face_state": "no face"}))["last"]
    assert told["estimate"] is None
    assert told["used"] == ""
    assert told["face_state"] == "no face"
    assert told["heart_rate_bpm"] == 72.3


def test_all_that_is_shown_is_told() -> None:
    state = make_state(
        alarms=(make_alarm("face", "covered", AlarmState.ACKNOWLEDGED, by="AB"),), sounds=True, pause_left_s=12.3456,
        alarm_delay=Delay(p50_ms=1.0, p99_ms=2.0, max_ms=3.0), simulated=True,
    )  # fmt: skip
    told = describe_state(state, accepts_browser=True)
    assert told["alarms"] == [
        {"name": "face", "priority": "low", "state": "acknowledged", "message": "covered", "by": "AB"}
    ]
    assert (told["sounds"], told["simulated"], told["accepts_browser"], told["phase"]) == (True, True, True, "running")
    assert told["pause_left_s"] == 12.346
    assert told["alarm_delay"] == {"p50_ms": 1.0, "p99_ms": 2.0, "max_ms": 3.0}
    assert told["last"]["probabilities"] == [0.08, 0.3, 0.52, 0.1]


def test_lost_samples_are_null_and_unknown_units_keep_their_digits() -> None:
    samples = np.array([0.12345, np.nan, 1_000_001.25])
    new = {"start_s": 1.0, "fs_hz": 250.0, "samples": samples, "beats_s": (1.23456,)}
    assert make_ecg("P7", NewEcg(unit="mV", **new))["samples"] == [0.123, None, 1_000_001.25]
    told = make_ecg("P7", NewEcg(unit=None, **new))
    assert told["samples"] == [0.12345, None, 1_000_001.0]
    assert told["beats_s"] == [1.235]
