"""Filling gaps of a signal that comes in pieces.

Input: samples in pieces of any size, not finite where nothing was recorded. Output: as many samples without gaps, and
marks of what was filled. The size of the pieces only changes when a sample is given out.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from ecg_facial.runtime.typing import BoolArray, Float64Array

Filled = tuple[Float64Array, BoolArray | None]
"""Samples, and True where a gap was; None if there was none."""


class GapFiller:
    """Fills short gaps by a line; after a longer one, shifts the signal to the level before, so that no step is left.

    Parameters
    ----------
    short : int
        Longest gap that a line fills, in samples; a gap is held back until it is longer, or over.
    bridged : int
        Longest gap that is not marked, in samples: it is as good as known, and a beat may lie in it.
    """

    def __init__(self, short: int, *, bridged: int) -> None:
        self._short, self._bridged = short, bridged
        self._offset: float | None = None
        self._last = 0.0
        self._waiting = 0
        self._is_long = False

    def fill(self, samples: Float64Array) -> Filled:
        """Take the next samples and return those that are decided; the first sample of the signal is at 0."""
        if not self._waiting and not self._is_long and np.isfinite(samples).all():
            return self._remove_offset(samples), None
        known = np.isfinite(samples)
        edges = [0, *(np.flatnonzero(np.diff(known)) + 1).tolist(), len(samples)]
        values: list[Float64Array] = []
        marks: list[BoolArray] = []
        for first, end in pairwise(edges):
            if first < end:
                run = samples[first:end]
                is_marked = self._is_long or self._waiting > self._bridged or not known[first]
                bridge = self._resume(float(run[0])) if known[first] else self._wait(end - first)
                now = [bridge, self._remove_offset(run)] if known[first] else [bridge]
                values += now
                marks += [np.full(len(part), is_marked and number == 0) for number, part in enumerate(now)]
        return (np.concatenate(values), np.concatenate(marks)) if values else (np.zeros(0), None)

    def flush(self) -> Filled:
        """End the signal and return the gap that is held back, at the last known level."""
        held, self._waiting = self._hold(self._waiting), 0
        return held, np.ones(len(held), np.bool_)

    def _remove_offset(self, samples: Float64Array) -> Float64Array:
        """Subtract the current offset, and remember the last value."""
        if not len(samples):
            return samples
        if self._offset is None:
            self._offset = float(samples[0])
        filled = samples - self._offset
        self._last = float(filled[-1])
        return filled

    def _hold(self, n: int) -> Float64Array:
        return np.full(n, self._last)

    def _wait(self, n: int) -> Float64Array:
        """Hold back `n` samples of a gap; return those that exceed a short gap."""
        self._waiting += n
        ready = max(self._waiting - self._short, 0)
        if ready:
            self._is_long, self._waiting = True, self._short
        return self._hold(ready)

    def _resume(self, first: float) -> Float64Array:
        """Return the samples of a gap that ends with the value `first`."""
        n, self._waiting = self._waiting, 0
        is_long, self._is_long = self._is_long, False
        if self._offset is None or is_long:
            self._offset = first - self._last
            return self._hold(n)
        step = (first - self._offset - self._last) / (n + 1)
        return np.asarray(self._last + step * np.arange(1, n + 1))
