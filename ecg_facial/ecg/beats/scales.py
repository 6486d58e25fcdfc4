"""Lengths and filters of the beat detector at one sampling rate.

Input: a sampling rate. Output: how many samples are averaged to a fine rate (at which beats are timed) and to a coarse
one (at which they are looked for), the filters at these rates, and every duration of the detector in samples. Computed
once per rate; no signal is seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ecg_facial.ecg.filtering import check_rate
from ecg_facial.errors import SettingsError
from ecg_facial.runtime.typing import Float64Array

MIN_FS_HZ = 50.0
SHORTEST_S = 0.5
# Pacing spikes last up to 4 ms: below 200 Hz a sample is as wide, and nothing tells a spike from a wave. They are
# looked for in hops, each with the one behind it.
LOWEST_PACED_HZ, SPIKE_HOP_S = 200.0, 0.05
# Beats are timed between samples, so a fine rate above 500 Hz adds nothing. The QRS band ends at 18 Hz, so candidates
# are looked for at about 128 Hz.
_FINE_HZ, _COARSE_HZ = 500.0, 128.0
# The energy of QRS complexes, above P and T waves and below muscle noise (Pan & Tompkins 1985 take 5 to 15 Hz). With an
# upper edge of 30 Hz the heart rate was off by 5 bpm in 27 % of windows with muscle noise at 12 dB, with 18 Hz in 5 %.
_QRS_BAND_HZ = (5.0, 18.0)
# the impulse response of the band-pass has died away after this
_QRS_FILTER_S = 0.3
# Gaussian over the width of a QRS complex; Pan & Tompkins average over 0.15 s
_ENVELOPE_SD_S, _ENVELOPE_REACH_S = 0.03, 0.075
# Smoothing before the search for the tip: a Gaussian, narrow against the R wave, so that the tip does not move.
_TIP_SD_S, _TIP_REACH_S = 0.0035, 0.0088
# no heart beats twice within this (Pan & Tompkins 1985)
_REFRACTORY_S = 0.2
# maxima of the energy are taken over hops of this; the mean for the contrast reaches so far on either side
_LEVEL_HOP_S, _AROUND_S = 0.25, 0.5
# distance of the R-peak from the most energy; further where a slow S wave, as of a paced beat, has more energy
_PEAK_REACH_S, _FAR_REACH_S = 0.06, 0.13
_BASELINE_REACH_S = 0.25
# stretch around the tip that is matched with the average beat: the QRS complex without the T wave
_SHAPE_REACH_S = 0.04
# Swing: a short mean (half width 16 ms) against a long one (0.1 s), its maximum within 62.5 ms of the candidate.
_SWING_TIP_S, _SWING_AROUND_S, _SWING_REACH_S = 0.016, 0.1, 0.0625
# prominence compares a peak with the samples so far on either side
_SIDE_S = 0.04
# Each step decides 1 s of signal, with the 5 s before (for the typical beat) and the 2 s after (for the next beats).
_BACK_S, _STEP_S, _AHEAD_S = 5.0, 1.0, 2.0


@dataclass(frozen=True, kw_only=True)
class Lengths:
    """Durations in samples.

    Attributes
    ----------
    per_s : float
        Coarse samples per second.
    second : int
        Fine samples per coarse one.
    refractory, hop, baseline, around, side : int
        Coarse samples: shortest interval, hop of the level, reach of the baseline and of the contrast, and distance to
        the samples beside a peak.
    reach, far, shape : int
        Fine samples: reach of the search for the tip, of the wider one, and of the match.
    swing_tip, swing_around, swing_reach : int
        Coarse samples: half widths of the short and long mean, and reach of their largest difference.
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


@dataclass(frozen=True, eq=False, kw_only=True)
class Scales:
    """Lengths and filters of the detector at one sampling rate.

    Attributes
    ----------
    fs_hz, fine_hz : float
        Sampling rate, and the rate at which beats are timed.
    first, second : int
        Samples per fine one, and fine ones per coarse one.
    slope : ndarray, shape (2 * slope_reach + 1,)
        Kernel of the slope in the QRS band, without delay.
    envelope : ndarray, shape (2 * envelope_reach + 1,)
        Kernel over the width of a QRS complex.
    tip : ndarray, shape (tip_reach + 1,)
        One side of the symmetric smoothing kernel before a tip is looked for, the middle first.
    back, step, ahead : int
        Coarse samples before, of and after a step.
    lengths : Lengths
    """

    fs_hz: float
    fine_hz: float
    first: int
    second: int
    slope: Float64Array
    envelope: Float64Array
    tip: Float64Array
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
    def spike_delay_s(self) -> float:
        """Time for which samples are held back to find pacing spikes, in seconds."""
        return 2 * SPIKE_HOP_S if self.fs_hz >= LOWEST_PACED_HZ else 0.0

    @property
    def latency_s(self) -> float:
        """Longest time from an R-peak to the sample after which it is known, in seconds."""
        samples = self.step + self.ahead + self.slope_reach + self.envelope_reach
        return (samples + 1) * self.first * self.second / self.fs_hz + self.spike_delay_s

    @property
    def warm_up_s(self) -> float:
        """Length of signal that the first step needs, in seconds."""
        samples = self.back + self.step + self.ahead + self.slope_reach + self.envelope_reach
        return samples * self.first * self.second / self.fs_hz + self.spike_delay_s


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
        fs_hz=fs_hz,
        fine_hz=fine_hz,
        first=first,
        second=second,
        slope=_design_slope(coarse_hz),
        envelope=_gaussian(_ENVELOPE_SD_S * coarse_hz, coarse(_ENVELOPE_REACH_S)),
        tip=_half_gaussian(_TIP_SD_S * fine_hz, int(_TIP_REACH_S * fine_hz)),
        back=coarse(_BACK_S),
        step=coarse(_STEP_S),
        ahead=coarse(_AHEAD_S),
        lengths=lengths,
    )


def average_neighbours(samples: Float64Array, n: int) -> Float64Array:
    """Compute the mean of every `n` samples, shape (n_times / n,); the length is a multiple of `n`."""
    if n == 1:
        return samples
    total = samples[::n].copy()
    for k in range(1, n):
        total += samples[k::n]
    total *= 1.0 / n
    return total


def _design_slope(rate_hz: float) -> Float64Array:
    """Kernel of the slope: impulse response of a zero-phase Butterworth band-pass, differentiated."""
    from scipy import signal  # here, as in `ecg.filtering`: importing it takes long

    reach = round(_QRS_FILTER_S * rate_hz)
    impulse = np.zeros(4 * reach + 1)
    impulse[2 * reach] = 1.0
    sos = signal.butter(2, _QRS_BAND_HZ, btype="bandpass", fs=rate_hz, output="sos")
    response = np.gradient(signal.sosfiltfilt(sos, impulse, padlen=0))[reach:-reach]
    # The response is odd. Made exactly so, it has no mean, and a drift of the baseline gives no energy.
    return np.asarray(response - response[::-1]) / 2


def _gaussian(sd: float, reach: int) -> Float64Array:
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sd) ** 2)
    return np.asarray(weights / weights.sum())


def _half_gaussian(sd: float, reach: int) -> Float64Array:
    return _gaussian(sd, reach)[reach:].copy()
