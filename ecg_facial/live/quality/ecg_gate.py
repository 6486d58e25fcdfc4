"""Whether the ECG may be used now.

Input: the last seconds of the signal. Output: ``ok``, or what is wrong: ``no signal``, ``lead off``, ``flat``,
``saturated``, ``noisy``. Each is found within `MonitorSettings.flag_s` and one check. Looks at the past alone.
"""

from __future__ import annotations

from collections import deque
from typing import Literal

import numpy as np

from ecg_facial.ecg.quality import clipped_share, compute_sqi
from ecg_facial.ecg.rpeaks import detect_r_peaks
from ecg_facial.recording import EcgSignal
from ecg_facial.runtime.typing import Float64Array

EcgState = Literal["ok", "no signal", "lead off", "flat", "saturated", "noisy"]

LOOK_S = 4.0
"""Length of signal that the gate is given: four seconds hold three beats from 45 bpm on."""
# Between T and P wave a clean ECG of 40 bpm is quiet for 1.2 s: only a longer stretch is flat.
_FLAT_S = 1.5
# a flat signal has less than this share of the usual range (two units of the last place of a 10 mV, 12-bit recorder)
_FLAT_SHARE = 0.01
# share of samples that hold the highest or the lowest value
_RAIL_SHARE = 0.2
_LOST_SHARE = 0.5
# Path length or range of one second over their median in good seconds. Premature beats reach 2; a heart rate that
# doubles doubles the path. Beyond it the signal is noisy, until its beats are trusted again.
_PATH_JUMP, _RANGE_JUMP, _TRUSTED = 3.5, 4.0, 0.8
# Four seconds of noise alone have an SQI below 0.23 (95 % of them); two clean beats in them have 0.3.
_NOISE_SQI = 0.25
_HISTORY = 30
# The SQI takes 2 ms: it is measured anew after this time, and at once where the signal has jumped.
_SQI_EVERY_S = 0.5
# A closed gate opens when nothing was wrong for so long: motion has pauses.
_HOLD_S = 1.0
_OK: EcgState = "ok"


class EcgGate:
    """Gate of one ECG; used by one thread.

    Parameters
    ----------
    flag_s : float
        What is wrong for so long is flagged.

    Attributes
    ----------
    sqi : float
        As it was measured last, 0..1.
    is_bad : bool
        Whether something is wrong now; the state stays for a second more.
    """

    def __init__(self, flag_s: float) -> None:
        self._flag_s = flag_s
        self._paths: deque[float] = deque(maxlen=_HISTORY)
        self._ranges: deque[float] = deque(maxlen=_HISTORY)
        self._learned_s, self._judged_s = -np.inf, -np.inf
        self._bad_s, self._state, self._is_sqi_bad = -np.inf, _OK, False
        self._jumped_s: float | None = None
        self.sqi = 0.0
        self.is_bad = True

    def update(self, signal: EcgSignal | None, now_s: float) -> EcgState:
        """Judge the signal.

        Parameters
        ----------
        signal : EcgSignal or None
            The last `LOOK_S` seconds, or less at the start; None where nothing came yet.
        now_s : float
            Now, on the clock of `signal`.
        """
        if signal is None or not len(signal.samples) or now_s - (signal.start_s + signal.duration_s) > self._flag_s:
            self.sqi, self._judged_s, self.is_bad = 0.0, -np.inf, True
            return "no signal"
        state = self._judge(signal, now_s)
        self.is_bad = state != _OK
        if self.is_bad:
            self._bad_s, self._state = now_s, state
            return state
        if now_s - self._bad_s < _HOLD_S:
            return self._state
        self._learn(signal, now_s)
        return _OK

    def _judge(self, signal: EcgSignal, now_s: float) -> EcgState:
        samples, fs_hz = signal.samples, signal.fs_hz
        last = samples[-max(1, round(self._flag_s * fs_hz)) :]
        known = last[~np.isnan(last)]
        state: EcgState = _OK
        if len(known) < _LOST_SHARE * len(last):
            state = "lead off"
        elif self._is_flat(samples[-max(2, round(_FLAT_S * fs_hz)) :], last):
            state = "flat"
        elif clipped_share(known, fs_hz) > _RAIL_SHARE:
            state = "saturated"
        if state != _OK:
            self.sqi, self._judged_s = 0.0, -np.inf
            self._is_sqi_bad, self._jumped_s = False, None
            return state
        if not self._has_jumped(known):
            self._jumped_s = None
            self._is_sqi_bad = self._is_noise(signal, now_s)
            return "noisy" if self._is_sqi_bad else _OK
        if self._jumped_s is None:
            self._jumped_s = now_s
        # a moved electrode is another signal: it is believed once all that is looked at is of it
        if now_s - self._jumped_s < LOOK_S:
            return "noisy"
        self._measure_sqi(samples, fs_hz, now_s)
        return "noisy" if self.sqi < _TRUSTED else _OK

    def _is_noise(self, signal: EcgSignal, now_s: float) -> bool:
        """Judge by the SQI: of all that is looked at, or of what came after another fault."""
        samples, fs_hz = signal.samples, signal.fs_hz
        if not self._is_sqi_bad:
            n_new = round((now_s - self._bad_s) * fs_hz) if np.isfinite(self._bad_s) else len(samples)
            samples = samples[-max(1, min(n_new, len(samples))) :]
        if len(samples) < (LOOK_S - 0.5) * fs_hz:
            return False
        if now_s - self._judged_s >= _SQI_EVERY_S:
            self._measure_sqi(samples, fs_hz, now_s)
        return self.sqi < _NOISE_SQI

    def _measure_sqi(self, samples: Float64Array, fs_hz: float, now_s: float) -> None:
        self.sqi = compute_sqi(samples, fs_hz, r_peaks=detect_r_peaks(samples, fs_hz))
        self._judged_s = now_s

    def _is_flat(self, longer: Float64Array, last: Float64Array) -> bool:
        known = last[~np.isnan(last)]
        if np.ptp(known) == 0:
            return True
        if not self._ranges or np.isnan(longer).any():
            return False
        return float(np.ptp(longer)) < _FLAT_SHARE * float(np.median(self._ranges))

    def _has_jumped(self, known: Float64Array) -> bool:
        if not self._paths:
            return False
        path, extent = _measure(known)
        return path > _PATH_JUMP * float(np.median(self._paths)) or extent > _RANGE_JUMP * float(
            np.median(self._ranges)
        )

    def _learn(self, signal: EcgSignal, now_s: float) -> None:
        """Remember what a good second looks like, once a second."""
        second = signal.samples[-round(signal.fs_hz) :]
        if now_s - self._learned_s < 1.0 or self.sqi < _TRUSTED or np.isnan(second).any():
            return
        path, extent = _measure(second)
        self._paths.append(path)
        self._ranges.append(extent)
        self._learned_s = now_s


def _measure(samples: Float64Array) -> tuple[float, float]:
    """Path length per sample, and range."""
    return float(np.abs(np.diff(samples)).mean()) if len(samples) > 1 else 0.0, float(np.ptp(samples))
