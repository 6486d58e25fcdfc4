"""The newest signals of a patient, for those who want to see them.

Input: what a session has at hand. Output: the newest picture with the person's face, and the last seconds of the ECG
with its beats. Nothing is kept beyond that, and nothing is copied while nobody asks. Pictures are not encoded here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ecg_facial.ecg.rpeaks import RPeakStream
from ecg_facial.face.frames import VideoFrame
from ecg_facial.recording import EcgSignal
from ecg_facial.runtime.typing import Float64Array

ECG_S = 10.0
"""Seconds of ECG that are given at once."""
# a session goes on giving signals for so long after somebody asked, and makes new ones at most so often
_ASKED_S, _EVERY_S = 2.0, 0.1
# beats are not looked for in a slower ECG
_MIN_FS_HZ = 50.0


@dataclass(frozen=True, eq=False, kw_only=True)
class LivePicture:
    """The newest picture.

    Attributes
    ----------
    frame : VideoFrame
        Its `time_s` is session time.
    box : tuple of float or None
        Face of the person: left, top, width and height in pixels of the frame; None where it is not seen.
    """

    frame: VideoFrame
    box: tuple[float, float, float, float] | None


@dataclass(frozen=True, eq=False, kw_only=True)
class LiveSignals:
    """The newest picture, and the last `ECG_S` seconds of ECG up to the newest sample.

    Attributes
    ----------
    picture : LivePicture or None
        None before the first frame, and without a camera.
    ecg : EcgSignal or None
        In session time, NaN where samples were lost; None before the first sample, and without an amplifier.
    """

    picture: LivePicture | None = None
    ecg: EcgSignal | None = None


class SignalsTap:
    """Where a session's thread leaves its signals for other threads.

    Parameters
    ----------
    now : callable
        The monitor's clock.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._asked_s = self._made_s = -math.inf
        self._signals = LiveSignals()

    def ask(self) -> LiveSignals:
        """Give what there is, and ask for newer signals; to be called again and again while somebody looks."""
        if self._now() - self._asked_s > _ASKED_S:
            # of the last time that somebody looked: old by now
            self._signals = LiveSignals()
        self._asked_s = self._now()
        return self._signals

    def offer(self, make: Callable[[], LiveSignals]) -> None:
        """Make signals if somebody looks and the last ones are old enough; called by the session's thread."""
        now_s = self._now()
        if now_s - self._asked_s <= _ASKED_S and now_s - self._made_s >= _EVERY_S:
            self._signals, self._made_s = make(), now_s


@dataclass(frozen=True, eq=False, kw_only=True)
class NewEcg:
    """Samples that were not given before.

    Attributes
    ----------
    start_s : float
        Session time of the first one.
    fs_hz : float
    unit : str or None
    samples : ndarray of float64, shape (n_times,)
        NaN where nothing was recorded.
    beats_s : tuple of float
        Session times of the beats that were decided since the last time; they lie up to some seconds back.
    """

    start_s: float
    fs_hz: float
    unit: str | None
    samples: Float64Array
    beats_s: tuple[float, ...]


class EcgTail:
    """What is new of an ECG that is looked at again and again.

    Parameters
    ----------
    max_fs_hz : float
        Of what is given: neighbouring samples of a faster ECG are averaged. Beats are found in all samples.
    """

    def __init__(self, *, max_fs_hz: float) -> None:
        self._max_fs_hz = max_fs_hz
        self._next_s, self._fs_hz = math.inf, 0.0
        self._beats: RPeakStream | None = None
        self._n_pushed = 0

    def update(self, signal: EcgSignal | None) -> NewEcg | None:
        """Take the last seconds; give what is new since the last call, None where nothing is."""
        if signal is None or not len(signal.samples):
            return None
        fs_hz, n_times = signal.fs_hz, len(signal.samples)
        end_s = signal.start_s + n_times / fs_hz
        period_s, stride = 1 / fs_hz, math.ceil(fs_hz / self._max_fs_hz)
        first = round((self._next_s - signal.start_s) * fs_hz) if math.isfinite(self._next_s) else -1
        if fs_hz != self._fs_hz or first < 0 or self._next_s > end_s + period_s:
            # the first time, another stream, or nobody has looked for longer than the signal is long
            first, self._fs_hz = 0, fs_hz
            self._beats, self._n_pushed = (RPeakStream(fs_hz) if fs_hz >= _MIN_FS_HZ else None), 0
        count = (n_times - first) // stride * stride
        if count <= 0:
            return None
        samples = signal.samples[first : first + count]
        start_s = signal.start_s + first / fs_hz
        self._next_s = start_s + count / fs_hz
        self._n_pushed += count
        # counted back from the newest sample: the stream's clock may have been corrected since the first one
        back_s = self._next_s - self._n_pushed / fs_hz
        found_s = () if self._beats is None else self._beats.push(samples).times_s
        return NewEcg(
            start_s=start_s,
            fs_hz=fs_hz / stride,
            unit=signal.unit,
            samples=np.asarray(samples.reshape(-1, stride).mean(axis=1)),
            beats_s=tuple(float(back_s + time_s) for time_s in found_s),
        )
