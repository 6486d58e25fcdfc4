"""A ward for the dashboard: states made by hand, a SIMULATED ECG and a picture, and what persons did."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
from patient_states import GATED, make_alarm, make_state
from watched import Noted

from ecg_facial.example import load_example
from ecg_facial.face.frames import RgbFrame
from ecg_facial.live.alarms.alarm import AlarmState
from ecg_facial.live.signals import ECG_S, LivePicture, LiveSignals
from ecg_facial.live.state import PatientState, Phase
from ecg_facial.recording import EcgSignal
from ecg_facial.service.app import make_app
from ecg_facial.service.browser_source import BrowserLink
from ecg_facial.service.running import run_service
from ecg_facial.service.settings import ServiceSettings
from ecg_facial.service.tokens import TokenBook

_TREND = tuple(float(value) for value in 0.5 + 0.45 * np.sin(np.arange(300) / 37.0) + np.arange(300) / 280.0)
_LOW = {"estimate": 0.42, "trend": 0.51, "low": 0.1, "high": 0.9, "probabilities": (0.66, 0.24, 0.08, 0.02)}
_HIGH = {"estimate": 2.61, "trend": 2.38, "low": 2.0, "high": 2.8, "probabilities": (0.01, 0.06, 0.24, 0.69)}
_BLIND = {"used": "ecg", "face_state": "covered", "face_quality": 0.0}
_LEADLESS = {"used": "facial", "ecg_state": "lead off", "ecg_quality": 0.0, "heart_rate_bpm": None}
_EXAMPLE = load_example().ecg
_PAIN = make_alarm("pain", "trend at 79 % of the scale")

Picture = Callable[[PatientState, float], LivePicture]
"""Gives the picture of a patient at a time."""


def draw_picture(state: PatientState, time_s: float) -> LivePicture:
    """Draw a bright square for the face, and box it where a face is seen."""
    image = np.full((240, 320, 3), 40, dtype=np.uint8)
    image[60:180, 110:210] = (222, 184, 150)
    has_face = state.last is not None and state.last.face_state == "ok"
    return LivePicture(frame=RgbFrame(image, time_s), box=(110.0, 60.0, 100.0, 120.0) if has_face else None)


class ShownSession(Noted):
    """A session in which time goes on, and whose alarms follow what persons do."""

    def __init__(self, state: PatientState, *, picture: Picture) -> None:
        super().__init__(state)
        self._picture, self._begun_s = picture, time.monotonic()
        self._is_waiting = state.phase is Phase.WAITING
        self._has_ecg = not self._is_waiting and (state.last is None or state.last.ecg_state != "lead off")

    @property
    def now_s(self) -> float:
        """Time of the session."""
        return self.shown.time_s + time.monotonic() - self._begun_s

    def state(self) -> PatientState:
        return replace(self.shown, time_s=self.now_s)

    def signals(self) -> LiveSignals:
        now_s = self.now_s
        picture = None if self._is_waiting else self._picture(self.shown, now_s)
        return LiveSignals(picture=picture, ecg=_give_ecg(now_s) if self._has_ecg else None)

    def acknowledge(self, *, by: str) -> None:
        super().acknowledge(by=by)
        seen = tuple(replace(alarm, state=AlarmState.ACKNOWLEDGED, by=by) for alarm in self.shown.alarms)
        self.shown = replace(self.shown, alarms=seen, sounds=False)

    def pause(self, *, by: str) -> None:
        super().pause(by=by)
        self.shown = replace(self.shown, pause_left_s=120.0, sounds=False)

    def resume(self, *, by: str) -> None:
        super().resume(by=by)
        self.shown = replace(self.shown, pause_left_s=0.0)

    def switch(self, *, on: bool, by: str) -> None:
        super().switch(on=on, by=by)
        self.shown = replace(self.shown, alarms_off=not on, sounds=on and self.shown.sounds)


def _give_ecg(now_s: float) -> EcgSignal:
    """The package's SIMULATED ECG over and over, its last seconds."""
    example = _EXAMPLE
    end = round(now_s * example.fs_hz)
    first = max(0, end - round(ECG_S * example.fs_hz))
    places = np.arange(first, end) % len(example.samples)
    return EcgSignal(samples=example.samples[places], fs_hz=example.fs_hz, unit="mV", start_s=first / example.fs_hz)


def _shift(trend: Sequence[float | None], by: float) -> tuple[float | None, ...]:
    return tuple(None if value is None else min(3.0, max(0.0, value + by)) for value in trend)


def make_states(patient: str = "P7") -> dict[str, PatientState]:
    """Make nine states of a patient, by name."""

    def state(row: dict[str, Any] | None = None, **fields: Any) -> PatientState:
        known: dict[str, Any] = {
            "patient": patient, "simulated": True, "time_s": 754.0, "trend": _TREND, "store_bytes": 1_234_567,
            "message": "rest",
        }  # fmt: skip
        known.update(fields)
        trend, late_s = known["trend"], 7.0 if known.get("is_stale") else 0.0
        ends = {
            "trend_low": _shift(trend, -0.4),
            "trend_high": _shift(trend, 0.4),
            "trend_end_s": known["time_s"] - late_s,
        }
        return make_state({"time_s": known["time_s"], **(row or {})}, **known, **ends)

    return {
        "waiting": state(last=None, trend=(), phase=Phase.WAITING, time_s=2.0, estimate_delay=None,
                         message="waiting for camera and amplifier", store_bytes=0),
        "calibration at rest": state(_LOW, phase=Phase.REST, rest_left_s=18.0, time_s=17.0, trend=_TREND[:12]),
        "running": state(message="four stimuli of level PA2"),
        "pain alarm": state(_HIGH, alarms=(_PAIN,), sounds=True, message="six stimuli of level PA3"),
        "face covered": state({**_LOW, **_BLIND}, alarms=(make_alarm("face", "covered"),), sounds=True,
                              message="a cloth covers the face"),
        "lead off": state({**_LOW, **_LEADLESS}, message="an electrode is off",
                          alarms=(make_alarm("ecg", "lead off", AlarmState.ACKNOWLEDGED, by="AB"),)),
        "no camera": state({**_LOW, **_BLIND, "face_state": ""}, sources=("LSL stream Amplifier",), message=""),
        "stale": state(is_stale=True, alarms=(make_alarm("estimate", "no estimate for 7 s"),), sounds=True, message=""),
        "paused and off": state({**GATED, "face_state": "no face", "ecg_state": "noisy", "face_quality": 0.0,
                                 "ecg_quality": 0.1, "heart_rate_bpm": None},
                                alarms=(make_alarm("pain", "trend at 79 % of the scale", AlarmState.PAST),
                                        make_alarm("face", "no face"), make_alarm("ecg", "noisy")),
                                pause_left_s=83.0, alarms_off=True, trend=(*_TREND[:-20], *[None] * 20),
                                store_problem="store: no space left on the disk, 41 rows wait in memory"),
    }  # fmt: skip


class PageWard:
    """A ward whose patients are exchanged while it is shown."""

    def __init__(self, picture: Picture = draw_picture) -> None:
        self._picture = picture
        # also those that are gone: the service may be in the middle of looking at them
        self._known: dict[str, ShownSession] = {}
        self.sessions = self.show(make_states()["running"])

    def show(self, *states: PatientState) -> list[ShownSession]:
        """Show other patients from now on."""
        self.sessions = [ShownSession(state, picture=self._picture) for state in states]
        self._known.update({session.shown.patient: session for session in self.sessions})
        return self.sessions

    def states(self) -> tuple[PatientState, ...]:
        """Give the present state of every patient."""
        return tuple(session.state() for session in self.sessions)

    def session(self, patient: str) -> ShownSession:
        """Find a patient's session."""
        return self._known[patient]


@contextmanager
def serve_page(ward: PageWard, *browsers: str) -> Iterator[tuple[str, str, dict[str, BrowserLink]]]:
    """Serve the page of a ward on a free port; give its address, a token, and links of patients with a browser."""
    settings, book = ServiceSettings(port=0), TokenBook()
    links = {patient: BrowserLink(patient) for patient in browsers}
    with run_service(make_app(ward, book=book, settings=settings, links=links), settings) as service:
        yield service.address, book.add("test"), links
