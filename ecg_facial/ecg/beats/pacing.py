"""Pacing spikes in a signal that comes in pieces.

Input: samples without gaps. Output: as many samples, without the spikes of a pacemaker. A signal without spikes leaves
as it came, to the last bit.

A pacemaker's spike lasts 0.4 to 2 ms, stands alone on a smooth signal, and leaves it where it was: there is no slope
behind it. A QRS complex, the narrowest wave of a heart, takes ten times as long. Where both chambers are paced, each
beat has two spikes, and the first one, ahead of the P wave, would be taken for a beat.
"""

from __future__ import annotations

import numpy as np

from ecg_facial.ecg.beats.scales import LOWEST_PACED_HZ, SPIKE_HOP_S
from ecg_facial.runtime.typing import BoolArray, Float64Array

# widest spike
_WIDTH_S = 0.004
# A spike is judged against the second before it and the hop behind it, in hops at fixed places: so the size of the
# pieces changes nothing.
_PAST_HOPS = 20
# Height against the range of the signal without spikes. Lower ones do not disturb the detector, and a ringing electrode
# of MIT-BIH 203 reaches 0.71.
_LEAST_HEIGHT, _SUSPECT_HEIGHT = 0.75, 0.3
# Height, and range of the signal, against its roughness: sharp noise is no pacing.
_LEAST_CONTRAST, _LEAST_SMOOTHNESS = 12.0, 10.0
_ROUGH_PERCENTILE = 90.0
# samples beside the top of a spike belong to it down to this share of its height
_FOOT_SHARE = 0.1


class SpikeRemover:
    """Replaces pacing spikes by the median of their surroundings.

    Parameters
    ----------
    fs_hz : float
        Sampling rate in Hz.
    """

    def __init__(self, fs_hz: float) -> None:
        self._width = max(1, int(_WIDTH_S * fs_hz))
        self._hop = max(self._width + 1, int(SPIKE_HOP_S * fs_hz))
        self._is_active = fs_hz >= LOWEST_PACED_HZ
        self._past = np.zeros(0)
        self._waiting = np.zeros(0)
        self._marks: BoolArray | None = None

    def push(
        self, samples: Float64Array, marks: BoolArray | None = None, *, is_end: bool = False
    ) -> tuple[Float64Array, BoolArray | None]:
        """Take the next samples, with marks of gaps, and return those that are decided: all at the end."""
        if not self._is_active:
            return samples, marks
        self._wait(samples, marks)
        if is_end:
            return self.flush()
        if not len(self._past) and len(self._waiting) < (_PAST_HOPS + 2) * self._hop:
            # the first second has nothing before it: it is judged against itself
            return np.zeros(0), None
        return self._give_out((len(self._waiting) // self._hop - 1) * self._hop)

    def flush(self) -> tuple[Float64Array, BoolArray | None]:
        """End the signal and return the samples that are held back."""
        return self._give_out(len(self._waiting))

    def _wait(self, samples: Float64Array, marks: BoolArray | None) -> None:
        if marks is not None or self._marks is not None:
            before = np.zeros(len(self._waiting), np.bool_) if self._marks is None else self._marks
            now = np.zeros(len(samples), np.bool_) if marks is None else marks
            self._marks = np.concatenate([before, now])
        self._waiting = samples if not len(self._waiting) else np.concatenate([self._waiting, samples])

    def _give_out(self, n: int) -> tuple[Float64Array, BoolArray | None]:
        if n <= 0:
            return np.zeros(0), None
        known = np.concatenate([self._past, self._waiting])
        # the hop behind what is given out is looked at, and no more of what happens to be there
        end = len(self._past) + n
        cleaned = _clean(known[: end + self._hop], len(self._past), end, hop=self._hop, width=self._width)
        marks = None if self._marks is None else self._marks[:n]
        # a pulse is measured against samples before it, those of the first hop too
        self._past = known[max(0, end - _PAST_HOPS * self._hop - self._width) : end].copy()
        self._waiting = self._waiting[n:].copy()
        if self._marks is not None:
            self._marks = self._marks[n:] if self._marks[n:].any() else None
        return cleaned, marks if marks is not None and marks.any() else None


def remove_spikes(samples: Float64Array, fs_hz: float) -> Float64Array:
    """Remove the pacing spikes of a whole signal.

    Parameters
    ----------
    samples : ndarray, shape (n_times,)
        Without gaps.
    fs_hz : float
        Sampling rate in Hz.

    Returns
    -------
    ndarray, shape (n_times,)

    Notes
    -----
    The height of a sample over both samples 4 ms beside it is that of a pulse. A pulse is a spike if it is 0.75 times
    as high as the range of the second before without spikes, 12 times as high as the roughness there, and if that range
    is ten times the roughness: a smooth wave has to be there, which is the heart. So single samples that are all there
    is of a beat stay, and so does noise.
    """
    remover = SpikeRemover(fs_hz)
    return remover.push(samples, is_end=True)[0]


def _clean(known: Float64Array, start: int, end: int, *, hop: int, width: int) -> Float64Array:
    """Replace the spikes from `start` to `end`; hops begin at `start`."""
    from scipy import ndimage  # here, as in `ecg.filtering`: importing it takes long

    cleaned = known[start:end].copy()
    for place in _find_suspects(known, start, end, hop=hop, width=width):
        low = max(0, place - _PAST_HOPS * hop)
        high = min(len(known), max(place + 2 * hop, low + (_PAST_HOPS + 1) * hop))
        around = known[low:high]
        smooth = ndimage.median_filter(around, size=4 * width + 1, mode="nearest")
        rest = around - smooth
        rough = _measure_roughness(np.abs(rest))
        span = float(smooth.max() - smooth.min())
        least = max(_LEAST_HEIGHT * span, _LEAST_CONTRAST * rough)
        if not span > _LEAST_SMOOTHNESS * rough:
            continue
        # only pulses that were suspected: the tip of a wave sticks out of a median, too
        pulses = np.flatnonzero(_measure_pulses(around, width) > least)
        first, last = place - low, min(place + hop, end) - low
        for at in pulses[(pulses >= first) & (pulses < last)].tolist():
            # each hop changes its own samples alone, so that the order of hops does not matter
            near = np.arange(max(first, at - width), min(last, at + width + 1))
            near = near[np.abs(rest[near]) > _FOOT_SHARE * abs(rest[at])]
            cleaned[near + low - start] = smooth[near]
    return cleaned


def _measure_roughness(rest: Float64Array) -> float:
    """Usual size of what a median takes away, from where it takes anything: flat lines do not make noise smooth."""
    some = rest[rest > 0]
    return max(float(np.percentile(rest, _ROUGH_PERCENTILE)), 2.0 * float(np.median(some)) if len(some) else 0.0)


def _find_suspects(known: Float64Array, start: int, end: int, *, hop: int, width: int) -> list[int]:
    """First samples of the hops with a pulse that is high against the range and the pulses of the second before."""
    # hops lie on one grid in all pieces
    n_before = start // hop
    first = start - n_before * hop
    n_hops = n_before - (start - end) // hop
    last = first + n_hops * hop
    known = known[: min(len(known), end + width)]
    pulses, samples = _measure_pulses(known, width), known
    if last > len(known):
        # the last hop of a signal may be short
        missing = last - len(known)
        pulses = np.concatenate([pulses, np.zeros(missing)])
        samples = np.concatenate([known, np.full(missing, known[-1])])
    highest = pulses[first:last].reshape(-1, hop).max(axis=1)
    hops = samples[first:last].reshape(-1, hop)
    span = _run(hops.max(axis=1)) + _run(-hops.min(axis=1))
    high = np.flatnonzero(highest[n_before:] > _SUSPECT_HEIGHT * span[n_before:]) + n_before
    if not len(high):
        return []
    usual = pulses[first:last].reshape(-1, hop).mean(axis=1)
    return [
        first + number * hop
        for number in high.tolist()
        if highest[number] > _LEAST_CONTRAST * np.median(usual[max(0, number - _PAST_HOPS) :][: _PAST_HOPS + 1])
    ]


def _run(values: Float64Array) -> Float64Array:
    """Largest value of each hop and the second before it; of the first second in all of it."""
    largest, reach = values.copy(), 1
    # windows of 2, 4, 8, ... hops, and the rest of 21
    while reach <= _PAST_HOPS:
        step = min(reach, _PAST_HOPS + 1 - reach)
        np.maximum(largest[step:], largest[:-step].copy(), out=largest[step:])
        reach += step
    largest[:_PAST_HOPS] = values[: _PAST_HOPS + 1].max()
    return largest


def _measure_pulses(samples: Float64Array, width: int) -> Float64Array:
    """Height of each sample over both samples `width` beside it; 0 where it is between them, and at the ends."""
    pulses = np.zeros(len(samples))
    middle = samples[width:-width]
    before, behind = middle - samples[: -2 * width], middle - samples[2 * width :]
    # above both, or below both
    heights = np.maximum(np.minimum(before, behind), -np.maximum(before, behind))
    np.maximum(heights, 0.0, out=pulses[width:-width])
    return pulses
