"""Reliability diagrams and risk-coverage curves, as SVG text.

Input: `RunMetrics`. Output: SVG; None where no model gives probabilities.
"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from ecg_facial.evaluation.judging.schema import CalibrationMetrics, RunMetrics
from ecg_facial.evaluation.report.figure_style import make_figure, to_svg
from ecg_facial.evaluation.report.looks import GREY, Look, looks_of

_DIAGRAMS_PER_ROW = 3
_MARKER_SPACING = 0.1


def draw_reliability(metrics: RunMetrics, *, simulated: bool) -> str | None:
    """Accuracy by confidence for each model, with intervals, and how many trials each bin holds."""
    calibrated = {model: each.calibration for model, each in metrics.models.items() if each.calibration is not None}
    if not calibrated:
        return None
    models = list(calibrated)
    looks, n_rows = looks_of(models), -(-len(models) // _DIAGRAMS_PER_ROW)
    with make_figure(7.2, 2.9 * n_rows) as figure:
        for place, axes in enumerate(
            np.ravel(figure.subplots(n_rows, min(len(models), _DIAGRAMS_PER_ROW), sharey=True))
        ):
            if place >= len(models):
                axes.set_axis_off()
                continue
            _draw_diagram(axes, calibrated[models[place]], looks[models[place]])
            if place % _DIAGRAMS_PER_ROW == 0:
                axes.set_ylabel("accuracy, %")
        return to_svg(figure, simulated=simulated)


def _draw_diagram(axes: Axes, calibration: CalibrationMetrics, look: Look) -> None:
    """Accuracy against confidence with Wilson intervals, over grey bars for the share of trials in each bin."""
    bins = [each for each in calibration.reliability if each.n]
    confidence, accuracy = (
        100 * np.array([getattr(each, name) for each in bins]) for name in ("confidence", "accuracy")
    )
    low, high = (100 * np.array([getattr(each, name) for each in bins]) for name in ("low", "high"))
    n = np.array([each.n for each in bins])
    axes.bar(confidence, 100 * n / n.sum(), width=4, color="#d9d9d9", zorder=0)
    axes.plot([0, 100], [0, 100], color=GREY, ls="--", lw=1)
    axes.vlines(confidence, low, high, color=look.colour, lw=1.2)
    axes.plot(confidence, accuracy, look.marker, color=look.colour, ms=5, ls="-", lw=0.8)
    axes.set_xlim(0, 100)
    axes.set_ylim(0, 100)
    axes.set_xlabel("confidence, %")
    null = f"{100 * calibration.ece_null_low:.1f} to {100 * calibration.ece_null_high:.1f}"
    axes.set_title(f"{look.title}: ECE {100 * calibration.ece:.1f} %\n(perfect: {null} %)", fontsize=8.5)


def draw_risk_coverage(metrics: RunMetrics, *, simulated: bool) -> str | None:
    """Accuracy of the surest trials against their share."""
    curves = {model: each.abstention.curve for model, each in metrics.models.items() if each.abstention is not None}
    if not curves:
        return None
    looks = looks_of(list(curves))
    with make_figure(7.2, 2.9) as figure:
        axes = figure.subplots()
        for number, (model, points) in enumerate(curves.items()):
            curve, look = np.array(points, dtype=np.float64), looks[model]
            # markers of the models are shifted against each other, so that they do not hide each other
            every = (number * _MARKER_SPACING / len(curves), _MARKER_SPACING)
            axes.plot(
                100 * curve[:, 0], 100 * curve[:, 1], look.marker, ls="-", lw=1.2, ms=4, color=look.colour,
                label=look.title, markevery=every,
            )  # fmt: skip
        axes.axhline(100 * metrics.chance, color=GREY, ls="--", lw=1)
        axes.text(1, 100 * metrics.chance, "chance", color=GREY, va="bottom", fontsize=8)
        axes.set_xlim(0, 100)
        axes.set_ylim(0, 103)
        axes.set_xlabel("share of trials that are judged, the surest first, %")
        axes.set_ylabel("accuracy, %")
        axes.grid(color="#e5e5e5", lw=0.6)
        axes.legend(frameon=False, loc="lower right", ncols=min(len(curves), 4))
        return to_svg(figure, simulated=simulated)
