"""A small strip of a recording, for a page of many.

Input: findings. Output: an SVG of ten seconds on ECG paper, 25 mm/s, made without matplotlib: a page of thousands is
made in a minute, and shown as it is scrolled.
"""

from __future__ import annotations

import numpy as np

from ecg_facial.inspection.findings import Findings
from ecg_facial.inspection.scale import Scale, choose_scale, thin
from ecg_facial.runtime.typing import Float64Array

STRIP_S = 10.0
_MM_PER_S, _PULSE_MM, _PULSE_S = 25.0, 9.0, 0.2
_MAX_POINTS = 2400
# confidence from which a beat's mark is filled
_SURE = 0.5
_STYLE = (
    "<style>.p{fill:#fffafa}.f{stroke:#f3cccc;stroke-width:.12}.c{stroke:#e2a0a0;stroke-width:.25}"
    ".t{fill:none;stroke:#111;stroke-width:.35;stroke-linejoin:round}.b{fill:#0072b2;stroke:#0072b2;stroke-width:.3}"
    ".u{fill:none}.g{fill:#999;opacity:.3}text{font:2.6px Helvetica,Arial,sans-serif;fill:#555}</style>"
    "<defs><pattern id='f' width='1' height='1' patternUnits='userSpaceOnUse'><path d='M1 0H0V1' fill='none' "
    "class='f'/></pattern><pattern id='c' width='5' height='5' patternUnits='userSpaceOnUse'><path d='M5 0H0V5' "
    "fill='none' class='c'/></pattern></defs>"
)


def choose_start_s(findings: Findings) -> float:
    """Start of the part to show: the stretch of middle quality, so that it is typical of the recording."""
    middle = int(np.argsort(findings.quality, kind="stable")[len(findings.quality) // 2])
    last_s = max(0.0, findings.signal.duration_s - STRIP_S)
    start_s = float(min(findings.edges_s[middle], last_s))
    return float(np.floor(start_s))


def draw_small_strip(findings: Findings) -> str:
    """Draw the strip.

    Parameters
    ----------
    findings : Findings

    Returns
    -------
    str
        An SVG with the trace as recorded, marks of the beats (hollow: uncertain), gaps in grey, and a pulse of 1 mV;
        the same text for the same findings.
    """
    signal = findings.signal
    start_s = choose_start_s(findings)
    first = round(start_s * signal.fs_hz)
    samples = signal.samples[first : first + round(STRIP_S * signal.fs_hz)]
    scale = choose_scale(samples, signal.unit)
    width, height = _PULSE_MM + STRIP_S * _MM_PER_S, scale.row_mm
    x = _PULSE_MM + np.arange(len(samples)) / signal.fs_hz * _MM_PER_S
    y = height - scale.to_mm(samples)
    title = f"{start_s:g} to {start_s + len(samples) / signal.fs_hz:g} s"
    foot = f"{title}, 25 mm/s, {_describe_gain(scale)}"
    parts = [
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width:g} {height:g}' width='{4 * width:g}' "
        f"height='{4 * height:g}' role='img'><title>{title}</title>{_STYLE}",
        *(f"<rect class='p' fill='{fill}' width='{width:g}' height='{height:g}'{style}/>" for fill, style in _PAPER),
        *_draw_gaps(x, samples, height),
        f"<path class='t' d='{_draw_trace(x, y)}'/>",
        f"<path class='t' d='{_draw_pulse(scale)}'/>" if scale.in_mv else "",
        *_mark_beats(findings, start_s),
        f"<text x='{width - 1:g}' y='{height - 1:g}' text-anchor='end'>{foot}</text>",
        "</svg>",
    ]
    return "".join(parts) + "\n"


_PAPER = (("#fffafa", ""), ("url(#f)", " style='fill:url(#f)'"), ("url(#c)", " style='fill:url(#c)'"))


def _describe_gain(scale: Scale) -> str:
    return f"{scale.mm_per_unit:g} mm/mV" if scale.in_mv else "the file's own numbers"


def _draw_trace(x: Float64Array, y: Float64Array) -> str:
    """Path of the trace; it is broken where nothing was recorded."""
    x, y = thin(x, y, limit=_MAX_POINTS)
    known = np.isfinite(y)
    starts = known & ~np.r_[False, known[:-1]]
    return "".join(
        f"{'M' if start else 'L'}{across:.2f} {down:.2f}"
        for start, across, down in zip(starts[known].tolist(), x[known].tolist(), y[known].tolist(), strict=True)
    )


def _draw_gaps(x: Float64Array, samples: Float64Array, height: float) -> list[str]:
    missing = ~np.isfinite(samples)
    edges = np.flatnonzero(np.diff(np.r_[False, missing, False].astype(np.int8)))
    return [
        f"<rect class='g' x='{x[begin]:.2f}' y='0' width='{max(x[end - 1] - x[begin], 0.2):.2f}' height='{height:g}'/>"
        for begin, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
    ]


def _draw_pulse(scale: Scale) -> str:
    """Calibration: 1 mV for 0.2 s."""
    base = scale.row_mm / 2 + scale.mm_per_unit / 2
    wide = _PULSE_S * _MM_PER_S
    return f"M1 {base:g}H2V{base - scale.mm_per_unit:g}H{2 + wide:g}V{base:g}H{3 + wide:g}"


def _mark_beats(findings: Findings, start_s: float) -> list[str]:
    beats = findings.beats
    shown = (beats.times_s >= start_s) & (beats.times_s < start_s + STRIP_S)
    return [
        f"<path class='b{'' if sure else ' u'}' d='M{x - 1:.2f} 1h2l-1 1.8z'/>"
        for x, sure in zip(
            (_PULSE_MM + (beats.times_s[shown] - start_s) * _MM_PER_S).tolist(),
            (beats.confidence[shown] >= _SURE).tolist(),
            strict=True,
        )
    ]
