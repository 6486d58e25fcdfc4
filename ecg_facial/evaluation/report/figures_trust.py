"""Figures of how far probabilities can be trusted: reliability diagrams and risk-coverage curves, as SVG text.

Enters: content of `metrics.json`. Leaves: SVG; None where no model gives probabilities.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from ecg_facial.evaluation.report.figure_style import GREY, Look, looks_of, make_figure, to_svg

_A_ROW = 3
_MARKS_EVERY = 0.1


def draw_reliability(metrics: Mapping[str, Any], *, simulated: bool) -> str | None:
    """Accuracy by confidence for each model, with intervals, and how many trials each bin holds."""
    models = [model for model, judged in metrics["models"].items() if judged.get("calibration")]
    if not models:
        return None
    looks, n_rows = looks_of(models), -(-len(models) // _A_ROW)
    with make_figure(7.2, 2.9 * n_rows) as figure:
        for place, axes in enumerate(np.ravel(figure.subplots(n_rows, min(len(models), _A_ROW), sharey=True))):
            if place >= len(models):
                axes.set_axis_off()
                continue
            _draw_diagram(axes, metrics["models"][models[place]]["calibration"], looks[models[place]])
            if place % _A_ROW == 0:
                axes.set_ylabel("accuracy, %")
        return to_svg(figure, simulated=simulated)


def _draw_diagram(axes: Axes, calibration: Mapping[str, Any], look: Look) -> None:
    bins = [row for row in calibration["reliability"] if row["n"]]
    confidence, accuracy = (100 * np.array([row[name] for row in bins]) for name in ("confidence", "accuracy"))
    low, high = (100 * np.array([row[name] for row in bins]) for name in ("low", "high"))
    n = np.array([row["n"] for row in bins])
    axes.bar(confidence, 100 * n / n.sum(), width=4, color="#d9d9d9", zorder=0)
    axes.plot([0, 100], [0, 100], color=GREY, ls="--", lw=1)
    axes.vlines(confidence, low, high, color=look.colour, lw=1.2)
    axes.plot(confidence, accuracy, look.marker, color=look.colour, ms=5, ls="-", lw=0.8)
    axes.set_xlim(0, 100)
    axes.set_ylim(0, 100)
    axes.set_xlabel("confidence, %")
    null = f"{100 * calibration['ece_null_low']:.1f} to {100 * calibration['ece_null_high']:.1f}"
    axes.set_title(f"{look.title}: ECE {100 * calibration['ece']:.1f} %\n(perfect: {null} %)", fontsize=8.5)


def draw_risk_coverage(metrics: Mapping[str, Any], *, simulated: bool) -> str | None:
    """Accuracy of the surest trials against their share."""
    models = [model for model, judged in metrics["models"].items() if judged.get("abstention")]
    if not models:
        return None
    looks = looks_of(models)
    with make_figure(7.2, 2.9) as figure:
        axes = figure.subplots()
        for number, model in enumerate(models):
            curve = np.array(metrics["models"][model]["abstention"]["curve"], dtype=np.float64)
            look = looks[model]
            every = (number * _MARKS_EVERY / len(models), _MARKS_EVERY)
            axes.plot(
                100 * curve[:, 0], 100 * curve[:, 1], look.marker, ls="-", lw=1.2, ms=4, color=look.colour,
                label=look.title, markevery=every,
            )  # fmt: skip
        axes.axhline(100 * metrics["chance"], color=GREY, ls="--", lw=1)
        axes.text(1, 100 * metrics["chance"], "chance", color=GREY, va="bottom", fontsize=8)
        axes.set_xlim(0, 100)
        axes.set_ylim(0, 103)
        axes.set_xlabel("share of trials that are judged, the surest first, %")
        axes.set_ylabel("accuracy, %")
        axes.grid(color="#e5e5e5", lw=0.6)
        axes.legend(frameon=False, loc="lower right", ncols=min(len(models), 4))
        return to_svg(figure, simulated=simulated)
