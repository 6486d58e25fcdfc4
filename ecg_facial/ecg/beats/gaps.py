"""Bridging gaps of a signal that comes in pieces.

Enters: samples in pieces of any size, not finite where nothing was recorded. Leaves: as many samples without gaps, and
marks of what was bridged. The size of the pieces changes nothing but when a sample leaves.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
Filled = tuple[FloatArray, BoolArray | None]
"""Samples, and where a gap was; None stands for nowhere."""


class GapFiller:
    """Bridges short gaps by a line; joins the level after a longer one to the level before, so that no step is left.

    Parameters
    ----------
    short : int
        Samples that a line may bridge, and that may have to be waited for.
    """

    def __init__(self, short: int) -> None:
        self._short = short
        self._offset: float | None = None
        self._last = 0.0
        self._waiting = 0
        self._is_long = False

    def fill(self, samples: FloatArray) -> Filled:
        """Take the next samples and give those that are decided, the first known one of all at 0."""
        if not self._waiting and not self._is_long and np.isfinite(samples).all():
            return self._take_off_level(samples), None
        known = np.isfinite(samples)
        edges = [0, *(np.flatnonzero(np.diff(known)) + 1).tolist(), len(samples)]
        values: list[FloatArray] = []
        marks: list[BoolArray] = []
        for first, end in pairwise(edges):
            if first < end:
                run = samples[first:end]
                bridge = self._resume(float(run[0])) if known[first] else self._wait(end - first)
                now = [bridge, self._take_off_level(run)] if known[first] else [bridge]
                values += now
                marks += [np.full(len(part), number == 0) for number, part in enumerate(now)]
        return (np.concatenate(values), np.concatenate(marks)) if values else (np.zeros(0), None)

    def flush(self) -> Filled:
        """Give what is still waited for, at the last known level."""
        held, self._waiting = self._hold(self._waiting), 0
        return held, np.ones(len(held), np.bool_)

    def _take_off_level(self, samples: FloatArray) -> FloatArray:
        if not len(samples):
            return samples
        if self._offset is None:
            self._offset = float(samples[0])
        filled = samples - self._offset
        self._last = float(filled[-1])
        return filled

    def _hold(self, n: int) -> FloatArray:
        return np.full(n, self._last)

    def _wait(self, n: int) -> FloatArray:
        self._waiting += n
        ready = max(self._waiting - self._short, 0)
        if ready:
            self._is_long, self._waiting = True, self._short
        return self._hold(ready)

    def _resume(self, first: float) -> FloatArray:
        n, self._waiting = self._waiting, 0
        is_long, self._is_long = self._is_long, False
        if self._offset is None or is_long:
            self._offset = first - self._last
            return self._hold(n)
        step = (first - self._offset - self._last) / (n + 1)
        return np.asarray(self._last + step * np.arange(1, n + 1))
