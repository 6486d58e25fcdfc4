"""A ward without monitors: sessions that give what they are told to give, and note what is asked of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ecg_facial.face.frames import RgbFrame
from ecg_facial.live.signals import LivePicture, LiveSignals
from ecg_facial.live.state import PatientState
from ecg_facial.live.ward import Ward
from ecg_facial.recording import EcgSignal


class Noted:
    """A session that notes what is asked of it."""

    def __init__(
        self, state: PatientState, *, signals: Callable[[], LiveSignals] = LiveSignals, fails: bool = False
    ) -> None:
        self.shown, self._signals, self._fails = state, signals, fails
        self.done: list[tuple[object, ...]] = []
        self.failure = ""

    def state(self) -> PatientState:
        return self.shown

    def signals(self) -> LiveSignals:
        return self._signals()

    def acknowledge(self, *, by: str) -> None:
        self.done.append(("acknowledge", by))

    def pause(self, *, by: str) -> None:
        self.done.append(("pause", by))

    def resume(self, *, by: str) -> None:
        self.done.append(("resume", by))

    def switch(self, *, on: bool, by: str) -> None:
        self.done.append(("switch", on, by))

    def rate(self, *, scale: str, value: float | None, by: str, note: str) -> None:
        self.done.append(("rate", scale, value, by, note))

    def close(self) -> None:
        self.done.append(("close",))
        if self._fails:
            raise OSError("the disk is gone")


def make_ward(*states: PatientState, signals: Callable[[], LiveSignals] = LiveSignals) -> Ward:
    """Make a ward of patients who stay as they are."""
    return Ward([Noted(state, signals=signals) for state in states])


def make_signals(time_s: float, *, fs_hz: float = 500.0) -> LiveSignals:
    """Make a picture with a face, and ten seconds of ECG that end at a time, with a beat each second."""
    times_s = time_s - 10.0 + np.arange(round(10 * fs_hz)) / fs_hz
    samples = np.exp(-0.5 * (((times_s + 0.5) % 1.0 - 0.5) / 0.012) ** 2)
    image = np.full((240, 640, 3), 90, np.uint8)
    return LiveSignals(
        picture=LivePicture(frame=RgbFrame(image, time_s), box=(200.0, 40.0, 100.0, 120.0)),
        ecg=EcgSignal(samples=samples, fs_hz=fs_hz, unit="mV", start_s=float(times_s[0])),
    )
