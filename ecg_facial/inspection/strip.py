"""Rows of an ECG strip.

Input: findings, the part to show, and axes of ECG paper. Output: on them the trace, marks of the beats, a calibration
pulse and scales. If the unit is unknown there are no millivolts: a bar shows what 10 mm are in the file's own numbers.
"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from ecg_facial.inspection.findings import LOW_QUALITY, Findings
from ecg_facial.inspection.paper import FAINT, MARK, MM_PER_S, TRACE
from ecg_facial.inspection.scale import TIMES_MM, Scale, thin
from ecg_facial.runtime.typing import Float64Array

ROW_S = 10.0
PULSE_MM = 15.0
_PULSE_S = 0.2
# points of one row; more cannot be seen, and make the SVG large
_MAX_POINTS = 10_000
# confidence from which a beat's mark is filled
_SURE = 0.5
# width of these words on paper: shorter stretches have no label
_LOW_QUALITY_MM, _NOT_RECORDED_MM = 22.0, 20.0


def draw_row(axes: Axes, findings: Findings, scale: Scale, *, start_s: float, row_s: float) -> None:
    """Draw one row of a strip: `row_s` seconds from `start_s` on."""
    signal = findings.signal
    first = max(0, round(start_s * signal.fs_hz))
    stop = min(len(signal.samples), round((start_s + row_s) * signal.fs_hz))
    samples = signal.samples[first:stop]
    times_s = np.arange(first, stop) / signal.fs_hz - start_s
    _shade(axes, findings, scale, start_s, row_s)
    _hatch_gaps(axes, times_s, samples, scale, signal.fs_hz)
    axes.plot(
        *thin(_to_x(times_s), scale.to_mm(samples), limit=_MAX_POINTS),
        color=TRACE,
        linewidth=0.7,
        solid_joinstyle="round",
    )
    _mark_beats(axes, findings, scale, start_s, row_s)
    _draw_pulse(axes, scale)
    _label_times(axes, start_s, row_s)
    _label_values(axes, scale, findings.signal.unit)


def _to_x(times_s: Float64Array) -> Float64Array:
    return PULSE_MM + times_s * MM_PER_S


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
    base = TIMES_MM + 3.0
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
