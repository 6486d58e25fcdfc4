"""How figures of a report look.

Enters: models. Leaves: canvases, and a colour and a marker for each model. Colours are Okabe and Ito's, which
colour-blind readers can tell apart; no figure tells models apart by colour alone.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

GREY, RED = "#666666", "#B00020"
TITLES = {"facial": "Face", "ecg": "ECG", "fusion": "Fusion"}
_OWN = {"facial": ("#0072B2", "o"), "ecg": ("#D55E00", "s"), "fusion": ("#009E73", "D")}
_OTHERS = (
    ("#CC79A7", "^"), ("#56B4E9", "v"), ("#E69F00", "P"), ("#000000", "X"), ("#999933", "<"), ("#882255", ">"),
    ("#0072B2", "h"), ("#D55E00", "p"), ("#009E73", "*"),
)  # fmt: skip
_STYLE: Any = {
    "svg.hashsalt": "ecg_facial",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.sans-serif": ["Helvetica", "Arial", "DejaVu Sans"],
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


@dataclass(frozen=True, kw_only=True)
class Look:
    """How a model is drawn, and what it is called."""

    colour: str
    marker: str
    title: str


def looks_of(models: Sequence[str]) -> dict[str, Look]:
    """Colour, marker and name of each model; ours keep theirs, others take the next free ones."""
    others = [model for model in models if model not in _OWN]
    styles = _OWN | {model: _OTHERS[number % len(_OTHERS)] for number, model in enumerate(others)}
    return {
        model: Look(colour=styles[model][0], marker=styles[model][1], title=TITLES.get(model, model))
        for model in models
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
