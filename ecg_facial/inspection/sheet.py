"""The sheet: results in words, the strip, and the heart rate of the whole recording.

Input: findings, and the part to show. Output: a picture as PNG and SVG.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from ecg_facial.inspection.findings import LOW_QUALITY, Findings
from ecg_facial.inspection.paper import (
    FAINT,
    MARK,
    MM_PER_S,
    RED,
    STYLE,
    make_sheet,
    place_axes,
    place_paper,
    write_text,
)
from ecg_facial.inspection.scale import choose_scale
from ecg_facial.inspection.strip import PULSE_MM, ROW_S, draw_row
from ecg_facial.inspection.wording import describe_head, describe_scale
from ecg_facial.runtime.typing import Float64Array

DOTS_PER_INCH = 200
# margins and heights on paper
_LEFT_MM, _RIGHT_MM, _GAP_MM = 14.0, 8.0, 4.0
_LINE_MM, _RATE_MM, _RATE_GAP_MM, _FOOT_MM = 4.2, 32.0, 9.0, 15.0
_MIN_ROW_S = 6.0
# of the font at 7.5 points, with some reserve
_CHARACTERS_PER_MM = 0.62
# above this many beats the heart rate is drawn as median and percentiles
_MAX_DOTS = 1500
# axis of the heart rate: margin, and smallest range, so that a steady heart looks steady
_MARGIN_BPM, _MIN_SPAN_BPM = 5.0, 30.0
# up to this length the time axis is in seconds
_MIN_RATE_S = 180.0


@dataclass(frozen=True)
class StripPart:
    """Part of the recording that the strip shows, in seconds."""

    start_s: float
    duration_s: float


def draw_sheet(findings: Findings, shown: StripPart) -> tuple[bytes, bytes]:
    """Draw a sheet.

    Parameters
    ----------
    findings : Findings
    shown : StripPart
        Part of the strip, in rows of 10 s.

    Returns
    -------
    tuple of bytes
        PNG and SVG; the same bytes for the same findings.
    """
    with mpl.rc_context(STYLE):  # type: ignore[arg-type]  # every key is one of matplotlib's
        figure = _compose(findings, shown)
        png, svg = io.BytesIO(), io.BytesIO()
        FigureCanvasAgg(figure)
        figure.savefig(png, format="png", dpi=DOTS_PER_INCH, metadata={"Software": "ecg_facial"})
        FigureCanvasSVG(figure)
        figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": "ecg_facial"})
    return png.getvalue(), svg.getvalue()


def _compose(findings: Findings, shown: StripPart) -> Figure:
    """Lay out the sheet from top to bottom: text, rows of the strip, heart rate."""
    signal = findings.signal
    row_s = max(_MIN_ROW_S, min(ROW_S, shown.duration_s))
    n_rows = max(1, math.ceil(shown.duration_s / ROW_S - 1e-9))
    first, stop = (round(second * signal.fs_hz) for second in (shown.start_s, shown.start_s + shown.duration_s))
    scale = choose_scale(signal.samples[first:stop], signal.unit)
    width = _LEFT_MM + PULSE_MM + row_s * MM_PER_S + _RIGHT_MM
    lines = describe_head(findings, n_characters=int((width - _LEFT_MM - _RIGHT_MM) * _CHARACTERS_PER_MM))
    head = 5.0 + _LINE_MM * len(lines) + 3.0
    rows = n_rows * (scale.row_mm + _GAP_MM)
    figure = make_sheet(width, head + rows + _RATE_GAP_MM + _RATE_MM + _FOOT_MM)
    _write_head(figure, lines, findings)
    for number in range(n_rows):
        top = head + number * (scale.row_mm + _GAP_MM)
        paper = place_paper(figure, _LEFT_MM, top, PULSE_MM + row_s * MM_PER_S, scale.row_mm)
        left_s = shown.duration_s - number * ROW_S
        draw_row(paper, findings, scale, start_s=shown.start_s + number * ROW_S, row_s=min(ROW_S, left_s))
    text = describe_scale(scale.mm_per_unit, in_mv=scale.in_mv, cut=scale.cut)
    write_text(figure, _LEFT_MM, head + rows - _GAP_MM + 1.2, text, fontsize=6.5, color=FAINT)
    axes = place_axes(figure, _LEFT_MM, head + rows + _RATE_GAP_MM, width - _LEFT_MM - _RIGHT_MM, _RATE_MM)
    _draw_rates(axes, findings, shown)
    return figure


def _write_head(figure: Figure, lines: list[str], findings: Findings) -> None:
    for number, line in enumerate(lines):
        write_text(
            figure, _LEFT_MM, 5.0 + number * _LINE_MM, line, fontsize=9 if number == 0 else 7.5,
            weight="bold" if number == 0 else "normal",
        )  # fmt: skip
    if findings.simulated:
        width = figure.get_size_inches()[0] * 25.4
        write_text(figure, width - _RIGHT_MM, 5.0, "SIMULATED", ha="right", color=RED, weight="bold", fontsize=9)


def _draw_rates(axes: Axes, findings: Findings, shown: StripPart) -> None:
    """Draw the rate of every trusted interval of the recording; the strip's seconds in blue, low quality in grey."""
    duration_s = findings.signal.duration_s
    unit_s, unit = (
        (1.0, "s") if duration_s <= _MIN_RATE_S else (60.0, "min") if duration_s <= 4 * 3600 else (3600.0, "h")
    )
    trusted = np.isfinite(findings.nn_s)
    times = findings.beats.times_s[1:][trusted] / unit_s
    rates = 60.0 / findings.nn_s[trusted]
    for begin, end, quality in zip(findings.edges_s[:-1], findings.edges_s[1:], findings.quality, strict=True):
        if quality < LOW_QUALITY:
            axes.axvspan(begin / unit_s, end / unit_s, color="#808080", alpha=0.22, linewidth=0)
    if len(rates) <= _MAX_DOTS:
        axes.plot(times, rates, ".", color=MARK, markersize=2.5 if len(rates) > 200 else 4.0)
    else:
        _draw_spread(axes, times, rates)
    axes.set(xlim=(0, duration_s / unit_s), ylim=_limit(rates), xlabel=f"time ({unit})", ylabel="heart rate (bpm)")
    if shown.duration_s < duration_s - 0.5:
        ends = (shown.start_s / unit_s, (shown.start_s + shown.duration_s) / unit_s)
        axes.axvspan(*ends, facecolor=MARK, edgecolor="none", alpha=0.13)
        axes.plot(ends, [axes.get_ylim()[0]] * 2, color=MARK, linewidth=3, solid_capstyle="butt", clip_on=False)
    axes.grid(axis="y", color="#DDDDDD", linewidth=0.5)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    if not len(rates):
        axes.text(
            0.5, 0.5, "no heart rate: fewer than two beats that fit each other", transform=axes.transAxes, ha="center"
        )
    axes.set_title(_caption(findings, shown), loc="left", fontsize=7.5, color=FAINT)


def _draw_spread(axes: Axes, times: Float64Array, rates: Float64Array) -> None:
    """Draw median and 5th to 95th percentile in bins of time, where single dots would merge."""
    n_bins = 300
    bins = np.minimum((times / times[-1] * n_bins).astype(np.int64), n_bins - 1)
    used = np.unique(bins)
    spread = np.array([np.percentile(rates[bins == number], [5, 50, 95]) for number in used])
    low, middle, high = np.full((3, n_bins), np.nan)
    low[used], middle[used], high[used] = spread.T
    centre = (np.arange(n_bins) + 0.5) * times[-1] / n_bins
    axes.fill_between(centre, low, high, color=MARK, alpha=0.25, linewidth=0)
    axes.plot(centre, middle, color=MARK, linewidth=0.8)


def _limit(rates: Float64Array) -> tuple[float, float]:
    low, high = (float(rates.min()), float(rates.max())) if len(rates) else (40.0, 120.0)
    middle, half = (low + high) / 2, max((high - low) / 2 + _MARGIN_BPM, _MIN_SPAN_BPM / 2)
    return max(0.0, middle - half), middle + half


def _caption(findings: Findings, shown: StripPart) -> str:
    parts = ["Heart rate of the whole recording"]
    if np.isfinite(findings.nn_s).sum() > _MAX_DOTS:
        parts.append("line: median, band: nine of ten beats")
    if shown.duration_s < findings.signal.duration_s - 0.5:
        parts.append("blue: the strip above")
    if np.any(findings.quality < LOW_QUALITY):
        parts.append(f"grey: signal quality below {LOW_QUALITY:g}")
    return "; ".join(parts)
