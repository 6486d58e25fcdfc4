"""Canvases of figures, and figures as SVG.

Input: a size. Output: a matplotlib figure, then SVG text: the same bytes for the same content.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from ecg_facial.evaluation.report.looks import RED

_STYLE: Any = {
    "svg.hashsalt": "ecg_facial",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.sans-serif": ["Helvetica", "Arial", "DejaVu Sans"],
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


@contextmanager
def make_figure(width: float, height: float) -> Iterator[Figure]:
    """Open a figure of a size in inches."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasSVG(figure)
        yield figure


def to_svg(figure: Figure, *, simulated: bool) -> str:
    """SVG text without a date, the same bytes for the same content."""
    if simulated:
        figure.suptitle("SIMULATED", x=0.995, ha="right", color=RED, fontsize=8, weight="bold")
    with mpl.rc_context(_STYLE):
        stream = io.StringIO()
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": "ecg_facial"})
    text = stream.getvalue()
    return text[text.index("<svg") :]
