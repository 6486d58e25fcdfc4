"""Vertical scale of an ECG strip, and the points of its trace.

Input: samples and their unit. Output: a `Scale` in millimetres on paper; fewer points where more cannot be seen. Draws
nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ecg_facial.runtime.typing import Float64Array

# mm/mV: the usual gain, and lower ones for a trace that does not fit
_GAINS = (10.0, 5.0, 2.5)
# an ECG smaller than this is hardly visible at the usual gain
_SMALL_MV, _GAINS_SMALL = 0.3, (20.0,)
_TRACE_MM, _MARGIN_MM = (25.0, 60.0), 6.0
_UNSCALED_MM = 30.0
_INNER_PERCENT = (0.5, 99.5)
MARKS_MM, TIMES_MM = 7.0, 5.0


@dataclass(frozen=True, kw_only=True)
class Scale:
    """Vertical scale and height of a row.

    Attributes
    ----------
    mm_per_unit : float
        Millimetres on paper per unit of the signal.
    middle : float
        Value in the middle of the row.
    height_mm : float
        Height of the part for the trace.
    in_mv : bool
        Whether the unit is the millivolt.
    cut : bool
        Whether the trace leaves the paper in places.
    """

    mm_per_unit: float
    middle: float
    height_mm: float
    in_mv: bool
    cut: bool

    @property
    def row_mm(self) -> float:
        """Height of the row, a multiple of 5 mm."""
        return self.height_mm + MARKS_MM + TIMES_MM + (-(self.height_mm + MARKS_MM + TIMES_MM)) % 5

    def to_mm(self, values: Float64Array) -> Float64Array:
        """Convert values to heights on the paper, limited to far outside of it."""
        low = TIMES_MM + (self.row_mm - MARKS_MM - TIMES_MM) / 2
        heights = low + (values - self.middle) * self.mm_per_unit
        return np.clip(heights, -self.row_mm, 2 * self.row_mm)


def choose_scale(samples: Float64Array, unit: str | None) -> Scale:
    """Choose the gain: 10 mm/mV, unless the trace does not fit or is too small to see."""
    known = samples[np.isfinite(samples)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 0.0)
    # percentiles, so that a spike of an electrode does not set the gain; the sheet says if parts are cut
    inner_low, inner_high = np.percentile(known, _INNER_PERCENT).tolist() if len(known) else (0.0, 0.0)
    if unit is None:
        inner = inner_high - inner_low
        gains: tuple[float, ...] = (_UNSCALED_MM / inner if inner > 0 else 1.0,)
    else:
        gains = _GAINS if high - low > _SMALL_MV else _GAINS_SMALL
    fitting = (gain for gain in gains if (high - low) * gain <= _TRACE_MM[1])
    gain = next(fitting, None)
    if gain is None:
        low, high = inner_low, inner_high
        gain = next((gain for gain in gains if (high - low) * gain <= _TRACE_MM[1]), gains[-1])
    height = float(np.clip((high - low) * gain + _MARGIN_MM, *_TRACE_MM))
    cut = len(known) > 0 and bool(np.ptp(known) * gain > height)
    return Scale(mm_per_unit=gain, middle=(low + high) / 2, height_mm=height, in_mv=unit is not None, cut=cut)


def thin(x: Float64Array, y: Float64Array, *, limit: int) -> tuple[Float64Array, Float64Array]:
    """Keep only minimum and maximum of each group of samples, in order, if there are more than `limit`."""
    # two points per group: minimum and maximum keep the R waves
    size = -(-2 * len(x) // limit)
    if size < 3:
        return x, y
    n_groups = len(x) // size
    groups = y[: n_groups * size].reshape(n_groups, size)
    known = np.where(np.isfinite(groups), groups, 0.0)
    places = np.sort(np.stack([known.argmin(axis=1), known.argmax(axis=1)], axis=1), axis=1)
    kept = (places + np.arange(n_groups)[:, None] * size).ravel()
    return x[kept], y[kept]
