"""Lengths and filters of the beat detector at one sampling rate.

Enters: a sampling rate. Leaves: how samples are put together to a fine rate (where beats are timed) and a coarse one
(where they are looked for), the filters at these rates, and every duration of the detector in samples. All is derived
here, once for a rate; signals are not seen.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from ecg_facial.ecg.filtering import check_rate
from ecg_facial.errors import SettingsError

FloatArray = NDArray[np.float64]

MIN_FS_HZ = 50.0
SHORTEST_S = 0.5
# Beats are timed to a part of a sample, so that no more than this is needed; they are looked for at about 128 Hz.
_FINE_HZ, _COARSE_HZ = 500.0, 128.0
# Where the energy of a QRS complex stands out most: above P and T waves, below muscle noise (Pan & Tompkins 1985). An
# upper edge of 30 Hz let 27 % of windows with muscle noise at 12 dB be off by 5 bpm, 18 Hz lets 5 %.
_QRS_BAND_HZ = (5.0, 18.0)
_QRS_FILTER_S = 0.3
_ENVELOPE_SD_S, _ENVELOPE_REACH_S = 0.03, 0.075
# Wide enough to keep the shape of the peak, so that its place is that of the R wave.
_TIP_SD_S, _TIP_REACH_S = 0.0035, 0.0088
_REFRACTORY_S = 0.2
_LEVEL_HOP_S = 0.25
_AROUND_S = 0.5
_PEAK_REACH_S = 0.06
# How far an R-peak may be from the most energy where a slow S wave, as of a paced beat, has more of it.
_FAR_REACH_S = 0.13
_BASELINE_REACH_S = 0.25
_SHAPE_REACH_S = 0.04
# How far the signal swings at a beat: its mean over so much against that over so much more, at the most near the peak.
_SWING_TIP_S, _SWING_AROUND_S, _SWING_REACH_S = 0.016, 0.1, 0.0625
# A peak is sharp if it stands out of what lies so far on either side.
_SIDE_S = 0.04
# What is looked at for the beats of one step, and how far a step goes.
_BACK_S, _STEP_S, _AHEAD_S = 5.0, 1.0, 2.0


class Lengths(NamedTuple):
    """What the decision on beats needs, in samples (`per_s`: coarse samples a second).

    A tuple of numbers, so that compiled and plain code take the same.
    """

    per_s: float
    second: int
    refractory: int
    hop: int
    baseline: int
    around: int
    reach: int
    far: int
    shape: int
    swing_tip: int
    swing_around: int
    swing_reach: int
    side: int


class Scales(NamedTuple):
    """The detector at one rate.

    Attributes
    ----------
    fs_hz, fine_hz : float
        Sampling rate, and the rate at which beats are timed.
    first, second : int
        Samples that make a fine one, and fine ones that make a coarse one.
    slope : ndarray, shape (2 * slope_reach + 1,)
        Slope in the band of the QRS complex, without delay.
    envelope : ndarray, shape (2 * envelope_reach + 1,)
        Weights over the width of a QRS complex.
    tip : ndarray, shape (tip_reach + 1,)
        One side of the symmetric smoothing before a peak is looked for, the middle first.
    back, step, ahead : int
        Coarse samples before, of and after a step.
    lengths : Lengths
    """

    fs_hz: float
    fine_hz: float
    first: int
    second: int
    slope: FloatArray
    envelope: FloatArray
    tip: FloatArray
    back: int
    step: int
    ahead: int
    lengths: Lengths

    @property
    def slope_reach(self) -> int:
        """Coarse samples on either side that the slope needs."""
        return len(self.slope) // 2

    @property
    def envelope_reach(self) -> int:
        """Coarse samples on either side that the envelope needs."""
        return len(self.envelope) // 2

    @property
    def latency_s(self) -> float:
        """From an R-peak to the sample after which it is known at the latest, in seconds."""
        samples = self.step + self.ahead + self.slope_reach + self.envelope_reach
        return (samples + 1) * self.first * self.second / self.fs_hz

    @property
    def warm_up_s(self) -> float:
        """Signal that is wanted before the first step, in seconds."""
        samples = self.back + self.step + self.ahead + self.slope_reach + self.envelope_reach
        return samples * self.first * self.second / self.fs_hz


@lru_cache(maxsize=64)
def get_scales(fs_hz: float) -> Scales:
    """Compute the lengths and filters for a sampling rate in Hz.

    Raises
    ------
    SettingsError
        When the rate is not a finite number of at least `MIN_FS_HZ`.
    """
    fs_hz = check_rate(fs_hz)
    if fs_hz < MIN_FS_HZ:
        raise SettingsError(
            f"ECG sampling rate is {fs_hz:g} Hz: expected {MIN_FS_HZ:g} Hz or more (100 for good timing)"
        )
    first = max(1, int(fs_hz / _FINE_HZ))
    fine_hz = fs_hz / first
    second = max(1, round(fine_hz / _COARSE_HZ))
    coarse_hz = fine_hz / second

    def coarse(seconds: float) -> int:
        return max(1, round(seconds * coarse_hz))

    lengths = Lengths(
        per_s=coarse_hz,
        second=second,
        refractory=coarse(_REFRACTORY_S),
        hop=coarse(_LEVEL_HOP_S),
        baseline=coarse(_BASELINE_REACH_S),
        around=coarse(_AROUND_S),
        reach=max(2, round(_PEAK_REACH_S * fine_hz)),
        far=max(2, round(_FAR_REACH_S * fine_hz)),
        shape=max(2, round(_SHAPE_REACH_S * fine_hz)),
        swing_tip=coarse(_SWING_TIP_S),
        swing_around=coarse(_SWING_AROUND_S),
        swing_reach=coarse(_SWING_REACH_S),
        side=coarse(_SIDE_S),
    )
    return Scales(
        fs_hz,
        fine_hz,
        first,
        second,
        _design_slope(coarse_hz),
        _bell(_ENVELOPE_SD_S * coarse_hz, coarse(_ENVELOPE_REACH_S)),
        _half_bell(_TIP_SD_S * fine_hz, int(_TIP_REACH_S * fine_hz)),
        coarse(_BACK_S),
        coarse(_STEP_S),
        coarse(_AHEAD_S),
        lengths,
    )


def put_together(samples: FloatArray, n: int) -> FloatArray:
    """Compute the means of `n` neighbours each, along the last axis, whose length is a multiple of `n`."""
    if n == 1:
        return samples
    total = samples[..., ::n].copy()
    for k in range(1, n):
        total += samples[..., k::n]
    total *= 1.0 / n
    return total


def _design_slope(rate_hz: float) -> FloatArray:
    """Impulse response of a Butterworth band-pass run forwards and backwards, then of the slope."""
    reach = round(_QRS_FILTER_S * rate_hz)
    impulse = np.zeros(4 * reach + 1)
    impulse[2 * reach] = 1.0
    sos = signal.butter(2, _QRS_BAND_HZ, btype="bandpass", fs=rate_hz, output="sos")
    response = np.gradient(signal.sosfiltfilt(sos, impulse, padlen=0))[reach:-reach]
    # the response is odd; what rounding and the cut leave of a mean would let a drift through
    return np.asarray(response - response[::-1]) / 2


def _bell(sd: float, reach: int) -> FloatArray:
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sd) ** 2)
    return np.asarray(weights / weights.sum())


def _half_bell(sd: float, reach: int) -> FloatArray:
    return _bell(sd, reach)[reach:].copy()
