"""Reliability diagrams and risk-coverage curves.

Input: `RunMetrics`. Output: matplotlib figures; None where no model gives probabilities.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ecg_facial.evaluation.judging.schema import CalibrationMetrics, RunMetrics
from ecg_facial.evaluation.report.figure_style import count_columns, make_figure
from ecg_facial.evaluation.report.looks import GREY, Look, looks_of
from ecg_facial.runtime.typing import Float64Array

_MARKER_SPACING = 0.1
# more curves than these cannot be followed in one panel
_MOST_CURVES = 5


def draw_reliability(metrics: RunMetrics, *, simulated: bool) -> Figure | None:
    """Accuracy by confidence for each model, with intervals, and how many trials each bin holds."""
    calibrated = {model: each.calibration for model, each in metrics.models.items() if each.calibration is not None}
    if not calibrated:
        return None
    looks, n_columns = _looks_in(metrics, calibrated), count_columns(len(calibrated))
    n_rows, width = -(-len(calibrated) // n_columns), min(7.2, 3.2 * n_columns)
    with make_figure(width, (width / n_columns + 0.5) * n_rows, simulated=simulated) as figure:
        grid = np.ravel(figure.subplots(n_rows, n_columns, sharey=True))
        for place, (model, calibration) in enumerate(calibrated.items()):
            _draw_diagram(grid[place], calibration, looks[model], small=n_columns > 3)
            if place % n_columns == 0:
                grid[place].set_ylabel("accuracy, %")
        _hide(grid[len(calibrated) :])
        return figure


def _looks_in(metrics: RunMetrics, some: Mapping[str, object]) -> dict[str, Look]:
    """Give some models the looks that they have where all are drawn."""
    return {model: look for model, look in looks_of(list(metrics.models)).items() if model in some}


def _hide(rest: Float64Array) -> None:
    for axes in rest:
        axes.set_axis_off()


def _draw_diagram(axes: Axes, calibration: CalibrationMetrics, look: Look, *, small: bool) -> None:
    """Accuracy against confidence with Wilson intervals, over grey bars for the share of trials in each bin."""
    bins = [each for each in calibration.reliability if each.n]
    confidence, accuracy = (
        100 * np.array([getattr(each, name) for each in bins]) for name in ("confidence", "accuracy")
    )
    low, high = (100 * np.array([getattr(each, name) for each in bins]) for name in ("low", "high"))
    n = np.array([each.n for each in bins])
    axes.bar(confidence, 100 * n / n.sum(), width=4, color="#d9d9d9", zorder=0)
    axes.plot([0, 100], [0, 100], color=GREY, ls="--", lw=1)
    axes.vlines(confidence, low, high, color=look.colour, lw=0.8 if small else 1.2)
    axes.plot(confidence, accuracy, ms=3.5 if small else 5, ls="-", lw=0.8, **look.style)
    axes.set_xlim(0, 100)
    axes.set_ylim(0, 100)
    axes.set_xlabel("confidence, %", fontsize=7 if small else 9)
    axes.tick_params(labelsize=6 if small else 9)
    null = f"{100 * calibration.ece_null_low:.1f} to {100 * calibration.ece_null_high:.1f}"
    name = f"{look.shorter}\n" if small else f"{look.short}: "
    axes.set_title(f"{name}ECE {100 * calibration.ece:.1f} %\n(perfect: {null} %)", fontsize=6.5 if small else 8.5)


def draw_risk_coverage(metrics: RunMetrics, *, simulated: bool) -> Figure | None:
    """Accuracy of the surest trials against their share; many models have a panel each, with the others in grey."""
    curves = {
        model: 100 * np.array(each.abstention.curve, dtype=np.float64)
        for model, each in metrics.models.items()
        if each.abstention is not None
    }
    if not curves:
        return None
    looks = _looks_in(metrics, curves)
    if len(curves) > _MOST_CURVES:
        return _draw_panels(curves, looks, metrics, simulated=simulated)
    with make_figure(7.2, 2.9, simulated=simulated) as figure:
        axes = figure.subplots()
        for number, (model, curve) in enumerate(curves.items()):
            # markers of the models are shifted against each other, so that they do not hide each other
            every = (number * _MARKER_SPACING / len(curves), _MARKER_SPACING)
            look = looks[model]
            axes.plot(curve[:, 0], curve[:, 1], ls="-", lw=1.2, ms=4, label=look.short, markevery=every, **look.style)
        axes.axhline(100 * metrics.chance, color=GREY, ls="--", lw=1)
        axes.text(1, 100 * metrics.chance, "chance", color=GREY, va="bottom", fontsize=8)
        axes.set_xlim(0, 100)
        axes.set_ylim(0, 103)
        axes.set_xlabel("share of trials that are judged, the surest first, %")
        axes.set_ylabel("accuracy, %")
        axes.grid(color="#e5e5e5", lw=0.6)
        axes.legend(frameon=False, loc="lower right", ncols=min(len(curves), 4))
        return figure


def _draw_panels(
    curves: Mapping[str, Float64Array], looks: Mapping[str, Look], metrics: RunMetrics, *, simulated: bool
) -> Figure:
    n_columns = count_columns(len(curves))
    n_rows = -(-len(curves) // n_columns)
    with make_figure(7.2, 1.35 * n_rows + 0.4, simulated=simulated) as figure:
        grid = figure.subplots(n_rows, n_columns, sharex=True, sharey=True, squeeze=False).ravel()
        for axes, (model, curve) in zip(grid, curves.items(), strict=False):
            for other in curves.values():
                # every fifth point is enough for the curves in the background, which are most of the file
                axes.plot(other[::5, 0], other[::5, 1], color="#d9d9d9", lw=0.6)
            # one point: a model that is equally sure of every trial
            every = _MARKER_SPACING if len(curve) > 1 else None
            axes.plot(
                curve[:, 0], curve[:, 1], ls="-", lw=1.3, ms=3.5, markevery=every, clip_on=False, **looks[model].style
            )
            axes.axhline(100 * metrics.chance, color=GREY, ls="--", lw=0.8)
            axes.set_title(looks[model].shorter, fontsize=7)
            axes.tick_params(labelsize=6)
            axes.set_xlim(0, 100)
            axes.set_ylim(0, 103)
        _hide(grid[len(curves) :])
        figure.supxlabel("share of trials that are judged, the surest first, %", fontsize=9)
        figure.supylabel("accuracy, %", fontsize=9)
        return figure
