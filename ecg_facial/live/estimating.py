"""One window at the bedside: from what is kept of the signals to an estimate.

Input: the rings of a patient, and what the gates say. Output: a `WindowEstimate`. Window and prediction are those of
`windows.making` and `inference.predictor`: the same stretch of a file gives the same numbers. A signal that a gate
stops, or of which too little can be used, is left out, as if it had not been connected; stretches of the ECG in which
a gate was closed are unknown (NaN).
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, replace

import numpy as np

from ecg_facial.inference.predictor import Predictor
from ecg_facial.live.rings.ecg import EcgRing
from ecg_facial.live.rings.faces import FaceRing
from ecg_facial.live.trend import expected_class
from ecg_facial.recording import EcgSignal
from ecg_facial.windows.making import make_window_from
from ecg_facial.windows.window import Window


@dataclass(frozen=True, kw_only=True)
class WindowEstimate:
    """The estimate of one window.

    Attributes
    ----------
    estimate, variance : float or None
        Mean and variance of the class number; None where no signal could be used.
    probabilities : tuple of float or None
    used : str
        ``facial+ecg``, ``facial``, ``ecg``, or empty.
    face_quality, ecg_quality, heart_rate_bpm : float or None
    """

    estimate: float | None = None
    variance: float | None = None
    probabilities: tuple[float, ...] | None = None
    used: str = ""
    face_quality: float | None = None
    ecg_quality: float | None = None
    heart_rate_bpm: float | None = None


class ClosedStretches:
    """When the ECG's gate was closed; used by one thread."""

    def __init__(self) -> None:
        self._stretches: deque[tuple[float, float]] = deque(maxlen=1000)

    def add(self, start_s: float, end_s: float) -> None:
        """Take note of a stretch; one that goes on from the last is joined to it."""
        if self._stretches and start_s <= self._stretches[-1][1]:
            start_s = min(start_s, self._stretches[-1][0])
            end_s = max(end_s, self._stretches.pop()[1])
        self._stretches.append((start_s, end_s))

    def blank(self, signal: EcgSignal) -> EcgSignal:
        """Set the samples of the stretches to NaN; a signal without any stays as it is."""
        end_s = signal.start_s + signal.duration_s
        inside = [one for one in self._stretches if one[1] > signal.start_s and one[0] < end_s]
        if not inside:
            return signal
        samples = signal.samples.copy()
        for low_s, high_s in inside:
            low, high = (math.floor((one - signal.start_s) * signal.fs_hz) for one in (low_s, high_s))
            samples[max(low, 0) : max(high, 0)] = np.nan
        return replace(signal, samples=samples)


def estimate_window(
    predictor: Predictor,
    *,
    start_s: float,
    faces: FaceRing | None,
    ecg: EcgRing | None,
    closed: ClosedStretches,
    is_aligned: bool,
    min_usable: float,
) -> WindowEstimate:
    """Estimate one window.

    Parameters
    ----------
    predictor : Predictor
    start_s : float
        On the session's clock.
    faces, ecg : ring or None
        None where there is no such source, or its gate is closed.
    closed : ClosedStretches
        Of the ECG.
    is_aligned : bool
        Whether face and ECG are on one clock; if not, the face alone is used, and the ECG gives the heart rate.
    min_usable : float
        Least share of the window with usable signal.
    """
    settings = predictor.info.windows
    seen = None if faces is None else faces.window_faces(start_s)
    if seen is not None and seen.frame_mask.mean() < min_usable:
        seen = None
    signal = None if ecg is None else ecg.signal(start_s, start_s + settings.window_s)
    if signal is not None:
        signal = closed.blank(signal)
        known = np.isfinite(signal.samples[: round(settings.window_s * signal.fs_hz)]).sum()
        if known < min_usable * settings.window_s * signal.fs_hz:
            signal = None
    if seen is None and signal is None:
        return WindowEstimate()
    together = signal if is_aligned or seen is None else None
    window = make_window_from(seen, together, settings=settings, start_s=start_s)
    alone = window if together is signal else make_window_from(None, signal, settings=settings, start_s=start_s)
    return _predict(predictor, window, heart=alone)


def _predict(predictor: Predictor, window: Window, *, heart: Window) -> WindowEstimate:
    """Predict a window; heart rate and quality of the ECG come from `heart`."""
    found = predictor.predict(window)
    mean, variance = (None, None) if found.probabilities is None else expected_class(found.probabilities)
    used = [name for name, one in (("facial", found.facial), ("ecg", found.ecg)) if one is not None]
    return WindowEstimate(
        estimate=mean,
        variance=variance,
        probabilities=found.probabilities,
        used="+".join(used),
        face_quality=window.face_quality if window.has_video else None,
        ecg_quality=heart.ecg_quality if heart.has_ecg else None,
        heart_rate_bpm=None if math.isnan(heart.heart_rate_bpm) else heart.heart_rate_bpm,
    )
