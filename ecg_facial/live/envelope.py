"""The line of least delay of a stream.

Input: arrivals on the monitor's clock, and how late each was: arrival less stamp. Output: a line under all of them,
which carries offset and drift of the stream's clock, and how uncertain it is. Does not decide what a step is.

A delay by buffering is never negative, so the least delayed arrivals tell the clocks' offset. Of every second the least
delay is kept; the line runs under all of these points and as close to them as it can: it is the side of their lower
convex hull over the middle of the seconds.

References
----------
.. [1] L. Zhang, Z. Liu, C. H. Xia, Clock synchronization algorithms for network measurements, INFOCOM 2002.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

# one point per second, over the last minute: temperature moves a clock's rate slowly
_BIN_S, _MAX_POINTS = 1.0, 60
# crystals are within 100 ppm, sound cards and radio boards within 1,000 of each other
MAX_DRIFT = 2e-3
# Error of the line at its last point: of the stamps of arrival, and in mean heights of the points above the line and in
# mean delays of all blocks, each by the number of points. Fitted to simulated delays of five shapes, 4 to 60 blocks per
# second, drift up to 1,000 ppm: 99.87 % of 24,000 lines are within.
_ARRIVAL_ERROR_S, _PER_HEIGHT, _PER_HEIGHT_OF_FEW, _PER_DELAY = 1e-3, 1.0, 12.0, 2.0
# a level that so many points in a row have left may be another one
_RECENT = 3


@dataclass(frozen=True, kw_only=True)
class Line:
    """Least delay as a function of time: ``late_s + drift * (arrived_s - at_s)``.

    Attributes
    ----------
    at_s : float
        Arrival of the last point.
    late_s : float
        Least delay there, in seconds: the offset of the clocks.
    drift : float
        Its change per second.
    error_s : float
        How far it may be off at `at_s`.
    jitter_s : float
        Mean delay of the blocks above the line.
    span_s : float
        Time from the first point to the last.
    """

    at_s: float
    late_s: float
    drift: float
    error_s: float
    jitter_s: float
    span_s: float = 0.0

    def late_at(self, arrived_s: float) -> float:
        """Least delay of a block that arrives then."""
        return self.late_s + self.drift * (arrived_s - self.at_s)

    def arrival_of(self, stamp_s: float) -> float:
        """When a block of that stamp would have arrived without any delay above the least."""
        return self.at_s + (stamp_s + self.late_s - self.at_s) / (1.0 - self.drift)

    def stamp_of(self, arrived_s: float) -> float:
        """Stamp of a block that arrives then with the least delay."""
        return arrived_s - self.late_at(arrived_s)

    def error_at(self, arrived_s: float) -> float:
        """How far the line may be off then: more and more behind its last point."""
        return self.error_s * (1.0 + 2.0 * max(arrived_s - self.at_s, 0.0) / max(self.span_s, 1.0))


class Envelope:
    """Points of least delay, and the line under them; constant time per block, constant memory."""

    def __init__(self) -> None:
        self._points: list[tuple[float, float]] = []
        self._bin_ends_s = math.nan
        self._least: tuple[float, float] | None = None
        self._sum_s, self._n_blocks, self._delay_s = 0.0, 0, 0.0
        self.line: Line | None = None

    @property
    def n_points(self) -> int:
        """Number of seconds that the line rests on."""
        return len(self._points)

    def add(self, arrived_s: float, late_s: float) -> None:
        """Take a block."""
        if not arrived_s < self._bin_ends_s:
            self._close_bin()
            self._bin_ends_s = arrived_s + _BIN_S
        if self._least is None or late_s < self._least[1]:
            self._least = (arrived_s, late_s)
        self._sum_s += late_s
        self._n_blocks += 1
        # until there are two points, the least delay so far counts
        if self.line is None or (len(self._points) < 2 and late_s < self.line.late_s):
            self.line = Line(at_s=arrived_s, late_s=late_s, drift=0.0, error_s=math.inf, jitter_s=0.0)

    def _close_bin(self) -> None:
        """Keep the least delay of the second that ended, and fit the line anew."""
        if self._least is None:
            return
        self._points.append(self._least)
        del self._points[:-_MAX_POINTS]
        mean_late_s = self._sum_s / self._n_blocks
        self._least, self._sum_s, self._n_blocks = None, 0.0, 0
        number = len(self._points)
        if number < 2:
            return
        (first_s, _), (last_s, _) = self._points[0], self._points[-1]
        late_s, drift = fit_under(self._points)
        delay_s = max(mean_late_s - late_s, 0.0)
        # the mean of all seconds at first, then of about ten
        share = max(1 / (number - 1), 0.1)
        self._delay_s += share * (delay_s - self._delay_s)
        heights = [y - late_s - drift * (x - last_s) for x, y in self._points]
        mean_s = sum(heights) / number
        error_s = _ARRIVAL_ERROR_S + mean_s * (_PER_HEIGHT + _PER_HEIGHT_OF_FEW / number)
        error_s += _PER_DELAY / number * self._delay_s + min(heights[-_RECENT:])
        self.line = Line(
            at_s=last_s, late_s=late_s, drift=drift, error_s=error_s, jitter_s=self._delay_s, span_s=last_s - first_s
        )


def fit_under(points: list[tuple[float, float]]) -> tuple[float, float]:
    """Fit the closest line under points in order of time; its slope is at most `MAX_DRIFT` either way.

    Parameters
    ----------
    points : list of (time, value)
        Two or more.

    Returns
    -------
    value, slope : float
        Value at the last point's time.

    Examples
    --------
    >>> value, slope = fit_under([(0.0, 0.5), (1.0, 0.9), (2.0, 0.502), (3.0, 0.7)])
    >>> round(value, 4), round(slope, 4)
    (0.503, 0.001)
    """
    hull: list[tuple[float, float]] = []
    for x, y in points:
        while len(hull) > 1 and _turns_down(hull[-2], hull[-1], (x, y)):
            hull.pop()
        hull.append((x, y))
    middle_s = sum(x for x, _ in points) / len(points)
    side = next(place for place in range(1, len(hull)) if hull[place][0] >= middle_s)
    (x0, y0), (x1, y1) = hull[side - 1], hull[side]
    slope = min(max((y1 - y0) / (x1 - x0), -MAX_DRIFT), MAX_DRIFT)
    last_s = points[-1][0]
    return min(y + slope * (last_s - x) for x, y in points), slope


def _turns_down(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> bool:
    """Whether b is on or above the line from a to c."""
    return (b[1] - a[1]) * (c[0] - a[0]) >= (c[1] - a[1]) * (b[0] - a[0])
