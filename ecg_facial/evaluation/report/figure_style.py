"""Canvases of figures, and figures as SVG and PDF.

Input: a size. Output: a matplotlib figure, then SVG text or PDF bytes: the same bytes for the same content.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from fontTools.subset import Options
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from ecg_facial.evaluation.report.looks import RED

_STYLE: Any = {
    "svg.hashsalt": "ecg_facial",
    "svg.fonttype": "none",
    "pdf.fonttype": 42,
    "font.family": "sans-serif",
    "font.sans-serif": ["Helvetica", "Arial", "Liberation Sans", "DejaVu Sans"],
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
_MARK_HEIGHT = 0.22
_DROPPED = "_drop_tables_default"
_LAYOUT_TABLES = ("GSUB", "GPOS", "GDEF", "BASE", "MATH", "kern")


@contextmanager
def make_figure(width: float, height: float, *, simulated: bool) -> Iterator[Figure]:
    """Open a figure of a size in inches; SIMULATED stands above everything else on it."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(width, height + _MARK_HEIGHT * simulated), layout="constrained")
        FigureCanvasSVG(figure)
        if simulated:
            figure.suptitle("SIMULATED", x=0.995, ha="right", color=RED, fontsize=8, weight="bold")
        yield figure


def to_svg(figure: Figure) -> str:
    """SVG text without a date, the same bytes for the same content."""
    text = _save(figure, "svg", {"Date": None, "Creator": "ecg_facial"}).decode("utf-8")
    return text[text.index("<svg") :]


def to_pdf(figure: Figure) -> bytes:
    """PDF without a date, the same bytes for the same content; its text can be searched and edited."""
    return _save(figure, "pdf", {"CreationDate": None, "Creator": "ecg_facial", "Producer": None})


def count_columns(n_panels: int) -> int:
    """Panels side by side on one page: few are large, many are small."""
    return min(n_panels, 3 if n_panels <= 6 else 4 if n_panels <= 12 else 5)


@contextmanager
def _glyphs_alone() -> Iterator[None]:
    """Leave tables for the layout of text out of embedded fonts: a PDF places each glyph itself.

    To shorten them takes most of the time that a figure takes. Where another version of fontTools lists them under
    another name, fonts keep them.
    """
    before: list[str] = getattr(Options, _DROPPED, [])
    setattr(Options, _DROPPED, [*before, *_LAYOUT_TABLES])
    try:
        yield
    finally:
        setattr(Options, _DROPPED, before)


def _save(figure: Figure, kind: str, metadata: dict[str, str | None]) -> bytes:
    with mpl.rc_context(_STYLE), _glyphs_alone():
        stream = io.BytesIO()
        figure.savefig(stream, format=kind, metadata=metadata)
        # the next file of the same figure keeps the places: finding them anew takes a fifth of its time
        figure.set_layout_engine("none")
    return stream.getvalue()
