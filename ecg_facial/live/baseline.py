"""Calibration of a new person at rest.

Input: the first estimates of a person who rests. Output: a `BaselineRow`: the person's own estimate and heart rate at
rest, from which the pain alarm measures. A face that looks strained at rest would raise it all the time.
"""

from __future__ import annotations

import statistics

from ecg_facial.live.store.rows import BaselineRow

# Rest must be told from pain: an estimate above this share of the scale is none of a person at rest.
MAX_REST_SHARE = 0.5


class Calibration:
    """Collects estimates until they cover the time of rest; used by one thread.

    Parameters
    ----------
    rest_s : float
        Seconds of estimates that are needed; 0 for no calibration.
    step_s : float
        Each estimate stands for this time.
    """

    def __init__(self, *, rest_s: float, step_s: float) -> None:
        self._needed = round(rest_s / step_s)
        self._step_s = step_s
        self._estimates: list[float] = []
        self._rates: list[float] = []
        self.is_open = self._needed > 0

    @property
    def left_s(self) -> float:
        """Seconds of estimates that are still needed."""
        return (self._needed - len(self._estimates)) * self._step_s if self.is_open else 0.0

    def close(self) -> None:
        """Take no more estimates: a baseline is known from before."""
        self.is_open = False

    def update(self, time_s: float, utc_s: float, estimate: float, rate_bpm: float | None) -> BaselineRow | None:
        """Take an estimate; give the baseline with the last one that is needed."""
        if not self.is_open:
            return None
        self._estimates.append(estimate)
        if rate_bpm is not None:
            self._rates.append(rate_bpm)
        if len(self._estimates) < self._needed:
            return None
        self.is_open = False
        return BaselineRow(
            time_s=time_s,
            utc_s=utc_s,
            estimate=statistics.median(self._estimates),
            heart_rate_bpm=statistics.median(self._rates) if self._rates else None,
            n_estimates=len(self._estimates),
        )


def share_of_scale(trend: float, baseline: BaselineRow | None, *, n_classes: int) -> float:
    """Trend as a share of the way from rest to the last class, 0..1.

    Parameters
    ----------
    trend : float
        In classes.
    baseline : BaselineRow or None
        Without one, and where it is above `MAX_REST_SHARE` of the scale, the first class is rest.
    n_classes : int

    Examples
    --------
    >>> share_of_scale(1.5, None, n_classes=4)
    0.5
    """
    top = n_classes - 1
    rest = baseline.estimate if baseline is not None and baseline.estimate <= MAX_REST_SHARE * top else 0.0
    return min(1.0, max(0.0, (trend - rest) / (top - rest)))
