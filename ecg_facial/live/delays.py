"""Delays: median, 99th percentile and maximum of any number of them, in bounded memory.

Input: delays in milliseconds. Output: a `Delay`. Counts are kept in bins that are 5 % wide, so that a percentile
is exact to 2.5 %; the maximum is exact.
"""

from __future__ import annotations

import math

from ecg_facial.live.state import Delay

_RATIO, _FIRST_MS, _N_BINS = 1.05, 0.1, 300


class Delays:
    """Histogram of delays."""

    def __init__(self) -> None:
        self._counts = [0] * _N_BINS
        self._n, self._max_ms = 0, 0.0

    def add(self, delay_ms: float) -> None:
        """Count a delay; one below 0 counts as 0."""
        place = math.floor(math.log(max(delay_ms, _FIRST_MS) / _FIRST_MS, _RATIO))
        self._counts[min(place, _N_BINS - 1)] += 1
        self._n += 1
        self._max_ms = max(self._max_ms, delay_ms)

    def summarise(self) -> Delay | None:
        """Give median, 99th percentile and maximum; None without a delay."""
        if not self._n:
            return None
        return Delay(p50_ms=self._quantile(0.5), p99_ms=self._quantile(0.99), max_ms=self._max_ms)

    def _quantile(self, share: float) -> float:
        """Middle of the bin that holds a quantile, never above the maximum."""
        below, wanted = 0, share * self._n
        for place, count in enumerate(self._counts):
            below += count
            if below >= wanted:
                return min(float(_FIRST_MS * _RATIO ** (place + 0.5)), self._max_ms)
        return self._max_ms
