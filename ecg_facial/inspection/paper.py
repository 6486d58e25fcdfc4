"""ECG paper: 25 mm per second and 10 mm per millivolt.

Input: figures of matplotlib. Output: axes in millimetres on paper, with the usual pale red grid of 1 and 5 mm. Printed
at full size, the squares measure 1 mm.
"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

MM_PER_S = 25.0
MM_PER_INCH = 25.4
TRACE, MARK, FAINT, RED = "#000000", "#0072B2", "#555555", "#B00020"
_FINE, _COARSE = "#F6D5D5", "#E5A3A3"
_FINE_MM, _COARSE_MM = 1.0, 5.0
STYLE = {
    "svg.hashsalt": "ecg_facial",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.sans-serif": ["Helvetica", "Arial", "DejaVu Sans"],
    "font.size": 7.5,
}


def make_sheet(width_mm: float, height_mm: float) -> Figure:
    """Make an empty sheet of a size in millimetres."""
    return Figure(figsize=(width_mm / MM_PER_INCH, height_mm / MM_PER_INCH))


def place_axes(figure: Figure, left_mm: float, top_mm: float, width_mm: float, height_mm: float) -> Axes:
    """Place axes on a sheet, by their distance from its left and upper edge."""
    sheet_width, sheet_height = figure.get_size_inches() * MM_PER_INCH
    bottom_mm = sheet_height - top_mm - height_mm
    return figure.add_axes(
        (left_mm / sheet_width, bottom_mm / sheet_height, width_mm / sheet_width, height_mm / sheet_height)
    )


def place_paper(figure: Figure, left_mm: float, top_mm: float, width_mm: float, height_mm: float) -> Axes:
    """Place a piece of ECG paper; its axes count millimetres from its lower left corner."""
    axes = place_axes(figure, left_mm, top_mm, width_mm, height_mm)
    axes.set(xlim=(0, width_mm), ylim=(0, height_mm), xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set(color=_COARSE, linewidth=0.6)
    for step, colour, line_width in ((_FINE_MM, _FINE, 0.3), (_COARSE_MM, _COARSE, 0.5)):
        across = [[(0.0, y), (width_mm, y)] for y in np.arange(0.0, height_mm + 1e-6, step)]
        down = [[(x, 0.0), (x, height_mm)] for x in np.arange(0.0, width_mm + 1e-6, step)]
        axes.add_collection(LineCollection(across + down, colors=colour, linewidths=line_width, zorder=0.5))
    return axes


def write_text(figure: Figure, left_mm: float, top_mm: float, text: str, **look: object) -> None:
    """Write text on a sheet, by the distance of its upper left corner from the sheet's."""
    width, height = figure.get_size_inches() * MM_PER_INCH
    kind = {"ha": "left", "va": "top"} | look
    figure.text(left_mm / width, 1 - top_mm / height, text, **kind)  # type: ignore[arg-type]  # text takes any look
