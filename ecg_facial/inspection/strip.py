"""Rows of an ECG strip.

Input: findings, the part to show, and axes of ECG paper. Output: on them the trace, marks of the beats, a calibration
pulse and scales. If the unit is unknown there are no millivolts: a bar shows what 10 mm are in the file's own numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from ecg_facial.inspection.findings import LOW_QUALITY, Findings
from ecg_facial.inspection.paper import FAINT, MARK, MM_PER_S, TRACE
from ecg_facial.runtime.typing import Float64Array

ROW_S = 10.0
PULSE_MM = 15.0
# mm/mV: the usual gain, and lower ones for a trace that does not fit
_GAINS = (10.0, 5.0, 2.5)
# an ECG smaller than this is hardly visible at the usual gain
_SMALL_MV, _GAINS_SMALL = 0.3, (20.0,)
_TRACE_MM, _MARGIN_MM = (25.0, 60.0), 6.0
_UNSCALED_MM = 30.0
_INNER_PERCENT = (0.5, 99.5)
_MARKS_MM, _TIMES_MM = 7.0, 5.0
_PULSE_S = 0.2
# points of one row; more cannot be seen, and make the SVG large
_MAX_POINTS = 10_000
# confidence from which a beat's mark is filled
_SURE = 0.5
# width of these words on paper: shorter stretches have no label
_LOW_QUALITY_MM, _NOT_RECORDED_MM = 22.0, 20.0


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
        return self.height_mm + _MARKS_MM + _TIMES_MM + (-(self.height_mm + _MARKS_MM + _TIMES_MM)) % 5

    def to_mm(self, values: Float64Array) -> Float64Array:
        """Convert values to heights on the paper, limited to far outside of it."""
        low = _TIMES_MM + (self.row_mm - _MARKS_MM - _TIMES_MM) / 2
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


def draw_row(axes: Axes, findings: Findings, scale: Scale, *, start_s: float, row_s: float) -> None:
    """Draw one row of a strip: `row_s` seconds from `start_s` on."""
    signal = findings.signal
    first = max(0, round(start_s * signal.fs_hz))
    stop = min(len(signal.samples), round((start_s + row_s) * signal.fs_hz))
    samples = signal.samples[first:stop]
    times_s = np.arange(first, stop) / signal.fs_hz - start_s
    _shade(axes, findings, scale, start_s, row_s)
    _hatch_gaps(axes, times_s, samples, scale, signal.fs_hz)
    axes.plot(*_thin(_to_x(times_s), scale.to_mm(samples)), color=TRACE, linewidth=0.7, solid_joinstyle="round")
    _mark_beats(axes, findings, scale, start_s, row_s)
    _draw_pulse(axes, scale)
    _label_times(axes, start_s, row_s)
    _label_values(axes, scale, findings.signal.unit)


def _to_x(times_s: Float64Array) -> Float64Array:
    return PULSE_MM + times_s * MM_PER_S


def _thin(x: Float64Array, y: Float64Array) -> tuple[Float64Array, Float64Array]:
    """Keep only minimum and maximum of each group of samples, in order, if there are more than can be seen."""
    # two points per group: minimum and maximum keep the R waves
    size = -(-2 * len(x) // _MAX_POINTS)
    if size < 3:
        return x, y
    n_groups = len(x) // size
    groups = y[: n_groups * size].reshape(n_groups, size)
    known = np.where(np.isfinite(groups), groups, 0.0)
    places = np.sort(np.stack([known.argmin(axis=1), known.argmax(axis=1)], axis=1), axis=1)
    kept = (places + np.arange(n_groups)[:, None] * size).ravel()
    return x[kept], y[kept]


def _shade(axes: Axes, findings: Findings, scale: Scale, start_s: float, row_s: float) -> None:
    """Shade the parts with low quality in grey."""
    for begin, end, quality in zip(findings.edges_s[:-1], findings.edges_s[1:], findings.quality, strict=True):
        left, right = max(begin, start_s) - start_s, min(end, start_s + row_s) - start_s
        if quality < LOW_QUALITY and right > left:
            x = PULSE_MM + left * MM_PER_S
            axes.axvspan(x, PULSE_MM + right * MM_PER_S, color="#808080", alpha=0.18, linewidth=0, zorder=0.7)
            if (right - left) * MM_PER_S > _LOW_QUALITY_MM:
                axes.text(x + 1, scale.row_mm - 1, f"low quality ({quality:.2f})", va="top", fontsize=6.5, color=FAINT)


def _hatch_gaps(axes: Axes, times_s: Float64Array, samples: Float64Array, scale: Scale, fs_hz: float) -> None:
    """Hatch the parts that were not recorded."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], np.isnan(samples).astype(np.int8), [0]])))
    for begin, end in edges.reshape(-1, 2):
        left, right = _to_x(np.array([times_s[begin], times_s[end - 1] + 1 / fs_hz]))
        axes.axvspan(left, right, facecolor="#FFFFFF", edgecolor="#999999", hatch="////", linewidth=0, zorder=0.8)
        if right - left > _NOT_RECORDED_MM:
            box = {"facecolor": "#FFFFFF", "edgecolor": "none", "pad": 1.5}
            middle = (left + right) / 2
            axes.text(middle, scale.row_mm / 2, "not recorded", ha="center", va="center", color=FAINT, bbox=box)


def _mark_beats(axes: Axes, findings: Findings, scale: Scale, start_s: float, row_s: float) -> None:
    """Draw a triangle above each beat, filled if its confidence is high."""
    beats = findings.beats
    shown = (beats.times_s >= start_s) & (beats.times_s < start_s + row_s)
    x = _to_x(beats.times_s[shown] - start_s)
    colours = np.where(beats.confidence[shown] >= _SURE, MARK, "#FFFFFF")
    y = np.full(len(x), scale.row_mm - 5.0)
    axes.scatter(x, y, marker="v", s=14, c=colours.tolist(), edgecolors=MARK, linewidths=0.7, zorder=3)


def _draw_pulse(axes: Axes, scale: Scale) -> None:
    """Draw the calibration pulse of 1 mV and 0.2 s; without millivolts a bar of 10 mm."""
    width = _PULSE_S * MM_PER_S
    base = _TIMES_MM + 3.0
    height = scale.mm_per_unit if scale.in_mv else 10.0
    if scale.in_mv:
        x, y = [1.5, 4, 4, 4 + width, 4 + width, 11.5], [base, base, base + height, base + height, base, base]
    else:
        x, y = [3.0, 3.0], [base, base + height]
    axes.plot(x, y, color=TRACE, linewidth=0.9, solid_joinstyle="miter")
    label = "1 mV" if scale.in_mv else f"10 mm\n= {10.0 / scale.mm_per_unit:.3g}"
    axes.text(4.0 if scale.in_mv else 4.5, base + height + 0.8, label, fontsize=6.5, va="bottom", color=TRACE)


def _label_times(axes: Axes, start_s: float, shown_s: float) -> None:
    for second in range(int(np.ceil(start_s - 1e-9)), int(start_s + shown_s + 1e-9) + 1):
        x = PULSE_MM + (second - start_s) * MM_PER_S
        axes.plot([x, x], [0, 1.5], color=FAINT, linewidth=0.8)
        last = x > PULSE_MM + shown_s * MM_PER_S - 3
        axes.text(
            x - 0.8 if last else x + 0.8, 0.6, f"{second} s", fontsize=6.5, color=FAINT, ha="right" if last else "left"
        )


def _label_values(axes: Axes, scale: Scale, unit: str | None) -> None:
    """Write millivolts at the left edge, at least 5 mm apart."""
    if not scale.in_mv:
        return
    step = next(step for step in (0.5, 1.0, 2.0, 5.0) if step * scale.mm_per_unit >= 5)
    reach = scale.height_mm / 2 / scale.mm_per_unit
    for number in range(int(np.ceil((scale.middle - reach) / step)), int((scale.middle + reach) // step) + 1):
        y = float(scale.to_mm(np.array([number * step]))[0])
        axes.text(-1.0, y, f"{number * step:g}", ha="right", va="center", fontsize=6.5, color=FAINT, clip_on=False)
        axes.plot([-0.7, 0.7], [y, y], color=FAINT, linewidth=0.8, clip_on=False)
    axes.text(-7.5, scale.row_mm / 2, unit or "", rotation=90, ha="center", va="center", color=FAINT, clip_on=False)
