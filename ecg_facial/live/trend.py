"""The trend: estimates smoothed over time, with an interval.

Input: estimates of single windows with their variance, at times that do not run back. Output: the level and its
interval. Between estimates the interval grows; nothing is carried over a break that is longer than `MAX_BREAK_S`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

# The level wanders by this share of the squared scale per second: by a third of the scale in 10 s (standard deviation).
_WANDER_PER_S = 0.011
# Windows overlap, so that neighbouring estimates share most of their errors: each counts as this share of a new one.
_NEW_SHARE = 0.2
# No estimate is known better than this share of the squared scale, whatever its probabilities say.
_MIN_VARIANCE = 0.0055
# 90 % of a normal distribution
_Z = 1.645
MAX_BREAK_S = 30.0


@dataclass(frozen=True, kw_only=True)
class Level:
    """The trend at one time, in classes: 0 is the first.

    Attributes
    ----------
    value, low, high : float
        Level and the ends of its 90 % interval, within the scale.
    """

    value: float
    low: float
    high: float


def expected_class(probabilities: Sequence[float]) -> tuple[float, float]:
    """Give mean and variance of the class number under probabilities.

    Examples
    --------
    >>> expected_class([0.5, 0.0, 0.5])
    (1.0, 1.0)
    """
    mean = math.fsum(number * share for number, share in enumerate(probabilities))
    return mean, math.fsum((number - mean) ** 2 * share for number, share in enumerate(probabilities))


class Trend:
    """Local-level filter (a Kalman filter whose state is one number); used by one thread.

    Parameters
    ----------
    n_classes : int
        The scale is 0 to `n_classes` - 1.

    References
    ----------
    Durbin, Koopman: Time Series Analysis by State Space Methods, 2nd ed., 2012, chapter 2.
    """

    def __init__(self, n_classes: int) -> None:
        self._top = float(n_classes - 1)
        self._wander, self._least = _WANDER_PER_S * self._top**2, _MIN_VARIANCE * self._top**2
        self._value, self._variance = math.nan, math.inf
        # of the level, and of the last estimate in it
        self._time_s, self._seen_s = -math.inf, -math.inf

    def update(self, time_s: float, estimate: float, variance: float) -> Level:
        """Take the estimate of a window that ends at a time."""
        self._move(time_s)
        error = max(variance, self._least) / _NEW_SHARE
        if math.isinf(self._variance):
            # nothing is known yet: a window tells what its probabilities say
            self._value, self._variance = estimate, max(variance, self._least)
        else:
            gain = self._variance / (self._variance + error)
            self._value += gain * (estimate - self._value)
            self._variance *= 1 - gain
        self._time_s = self._seen_s = time_s
        return self._level()

    def at(self, time_s: float) -> Level | None:
        """Level at a time without a new estimate; None before the first one, and after a long break."""
        self._move(time_s)
        return None if math.isinf(self._variance) else self._level()

    def _move(self, time_s: float) -> None:
        """Let the variance grow up to a time."""
        if math.isinf(self._variance):
            return
        if time_s - self._seen_s > MAX_BREAK_S:
            self._value, self._variance = math.nan, math.inf
            return
        self._variance += self._wander * max(0.0, time_s - self._time_s)
        self._time_s = max(time_s, self._time_s)

    def _level(self) -> Level:
        reach = _Z * math.sqrt(self._variance)
        low, high = max(0.0, self._value - reach), min(self._top, self._value + reach)
        return Level(value=self._value, low=low, high=high)
