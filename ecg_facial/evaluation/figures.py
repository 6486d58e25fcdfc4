"""Figures of a report, as SVG text.

Enters: metrics and examples. Leaves: SVG without dates, the same bytes for the same content; SIMULATED stands on each
figure of simulated data. Colours are Okabe and Ito's, which colour-blind readers can tell apart.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from ecg_facial.evaluation.examples import Example

COLOURS = {"facial": "#0072B2", "ecg": "#D55E00", "fusion": "#009E73"}
MARKERS = {"facial": "o", "ecg": "s", "fusion": "D"}
TITLES = {"facial": "Face", "ecg": "ECG", "fusion": "Fusion"}
_GREY, _RED = "#666666", "#B00020"
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
def _figure(width: float, height: float) -> Iterator[Figure]:
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasSVG(figure)
        yield figure


def _to_svg(figure: Figure, *, simulated: bool) -> str:
    if simulated:
        figure.suptitle("SIMULATED", x=0.995, ha="right", color=_RED, fontsize=8, weight="bold")
    with mpl.rc_context(_STYLE):
        stream = io.StringIO()
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": "ecg_facial"})
    text = stream.getvalue()
    return text[text.index("<svg") :]


def draw_subjects(metrics: Mapping[str, Any], *, simulated: bool) -> str:
    """One dot a subject and model, the mean over subjects with its 95 % interval, and chance."""
    models = list(metrics["models"])
    subjects = [row["subject"] for row in metrics["models"][models[0]]["subjects"]]
    with _figure(7.2, max(2.6, 0.22 * len(subjects) + 1.5)) as figure:
        axes = figure.subplots()
        for shift, model in zip(np.linspace(-0.22, 0.22, len(models)), models, strict=True):
            judged = metrics["models"][model]
            accuracy = [100 * row["accuracy"] for row in judged["subjects"]]
            places = np.arange(len(subjects)) + 1.6 + shift
            axes.plot(accuracy, places, MARKERS[model], color=COLOURS[model], ms=4, alpha=0.85, label=TITLES[model])
            _draw_mean(axes, judged["over_subjects"], 0.25 + 1.2 * shift, model)
        axes.axvline(100 * metrics["chance"], color=_GREY, ls="--", lw=1)
        axes.text(100 * metrics["chance"], len(subjects) + 1.1, " chance", color=_GREY, va="center", fontsize=8)
        axes.axhline(0.95, color=_GREY, lw=0.5)
        axes.set_yticks([0.25, *(np.arange(len(subjects)) + 1.6)], ["mean, 95 % CI", *subjects])
        axes.set_ylim(len(subjects) + 1.4, -0.3)
        axes.set_xlim(-3, 103)
        axes.set_xlabel("Accuracy of the held-out subject, %")
        axes.grid(axis="x", color="#e5e5e5", lw=0.6)
        figure.legend(loc="outside upper left", ncols=len(models), frameon=False)
        return _to_svg(figure, simulated=simulated)


def _draw_mean(axes: Axes, over: Mapping[str, Any], place: float, model: str) -> None:
    mean = 100 * over["accuracy_mean"]
    if over["ci95_low"] is not None:
        axes.plot([100 * over["ci95_low"], 100 * over["ci95_high"]], [place, place], color=COLOURS[model], lw=2)
    axes.plot([mean], [place], MARKERS[model], color=COLOURS[model], ms=6)


def draw_confusions(metrics: Mapping[str, Any], *, simulated: bool) -> str:
    """Confusion matrix of each model: share of each level's trials, and their number."""
    models, names = list(metrics["models"]), metrics["class_names"]
    with _figure(7.2, 2.9) as figure:
        for axes, model in zip(np.atleast_1d(figure.subplots(1, len(models))), models, strict=True):
            counts = np.array(metrics["models"][model]["overall"]["confusion"])
            share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
            axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
            for (row, column), value in np.ndenumerate(share):
                colour = "white" if value > 0.55 else "black"
                text = f"{100 * value:.0f} %\n{counts[row, column]}"
                axes.text(column, row, text, ha="center", va="center", fontsize=7.5, color=colour)
            axes.set_xticks(range(len(names)), names)
            axes.set_yticks(range(len(names)), names)
            axes.set_title(TITLES[model], fontsize=10)
            axes.set_xlabel("predicted")
            axes.spines[:].set_visible(False)
        figure.axes[0].set_ylabel("stimulus level")
        return _to_svg(figure, simulated=simulated)


def draw_example(example: Example) -> str:
    """Frames, ECG with R-peaks, heart rate and probabilities of one clip."""
    heights = [1.3, 1.1, 1.35] if len(example.crops) else [1.1, 1.35]
    with _figure(7.2, 1.3 * sum(heights)) as figure:
        rows = figure.add_gridspec(len(heights), 1, height_ratios=heights)
        if len(example.crops):
            _draw_crops(figure, rows[0], example)
        axes = figure.add_subplot(rows[-2])
        _draw_ecg(axes, example)
        lower = rows[-1].subgridspec(1, 2, width_ratios=[1.3, 1], wspace=0.12)
        _draw_heart_rate(figure.add_subplot(lower[0]), example)
        _draw_probabilities(figure.add_subplot(lower[1]), example)
        return _to_svg(figure, simulated=example.simulated)


def _draw_crops(figure: Figure, place: Any, example: Example) -> None:
    grid = place.subgridspec(1, len(example.crops), wspace=0.04)
    for number, (crop, time_s) in enumerate(zip(example.crops, example.crop_times_s, strict=True)):
        axes = figure.add_subplot(grid[number])
        axes.imshow(crop)
        axes.set_axis_off()
        axes.set_title(f"{time_s:.1f} s", fontsize=8, color=_GREY)


def _draw_ecg(axes: Axes, example: Example) -> None:
    times_s = np.arange(len(example.ecg)) / example.fs_hz
    axes.plot(times_s, example.ecg, color="black", lw=0.7)
    inside = example.r_peak_times_s[example.r_peak_times_s < times_s[-1]] if len(times_s) else np.zeros(0)
    if len(inside):
        axes.plot(inside, np.interp(inside, times_s, example.ecg), "v", color=COLOURS["ecg"], ms=5)
    axes.set_xlim(0, times_s[-1] if len(times_s) else 1)
    axes.set_ylabel("ECG (a.u.)")
    axes.set_xlabel("seconds")


def _draw_heart_rate(axes: Axes, example: Example) -> None:
    axes.plot(example.heart_rate_times_s, example.heart_rate_bpm, "o-", color=COLOURS["ecg"], ms=4, lw=1)
    axes.set_xlim(0, max(5.5, float(np.max(example.heart_rate_times_s, initial=0))))
    if len(example.heart_rate_bpm):
        middle = float(np.median(example.heart_rate_bpm))
        reach = max(8.0, 1.2 * float(np.abs(example.heart_rate_bpm - middle).max()))
        axes.set_ylim(middle - reach, middle + reach)
    axes.set_ylabel("heart rate, bpm")
    axes.set_xlabel("seconds")
    axes.grid(color="#e5e5e5", lw=0.6)


def _draw_probabilities(axes: Axes, example: Example) -> None:
    places = np.arange(len(example.class_names))
    models = [model for model in TITLES if model in example.probabilities]
    for shift, model in zip(np.linspace(-0.27, 0.27, len(models)), models, strict=True):
        axes.bar(places + shift, example.probabilities[model], 0.25, color=COLOURS[model], label=TITLES[model])
    labels = [f"{name}\n(true)" if name == example.label else name for name in example.class_names]
    axes.set_xticks(places, labels)
    axes.set_ylim(0, 1)
    axes.set_ylabel("probability")
    axes.legend(frameon=False, fontsize=7, ncols=len(models), loc="lower center", bbox_to_anchor=(0.5, 1.0))
