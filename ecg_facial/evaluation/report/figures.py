"""Figures of a report: subjects, confusions, example clips.

Input: `RunMetrics` and examples. Output: matplotlib figures; SIMULATED stands on each figure of simulated data.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ecg_facial.evaluation.judging.schema import OverSubjects, RunMetrics
from ecg_facial.evaluation.report.figure_style import count_columns, make_figure
from ecg_facial.evaluation.report.looks import GREY, TITLES, Look, looks_of
from ecg_facial.runtime.typing import Float64Array

if TYPE_CHECKING:
    from ecg_facial.evaluation.report.examples import Example

# more names than these cannot be read on one page
_MOST_NAMES = 40
# more models than these hide each other where they share the rows of the subjects
_MOST_SHARING = 5
# of other methods the first ones: more bars per class are too thin
_MOST_BARS = 3
_ECG = looks_of(["ecg"])["ecg"]


def draw_subjects(metrics: RunMetrics, *, simulated: bool) -> Figure | None:
    """One dot per subject and model, the mean over subjects with its 95 % interval, and chance.

    More than five models would hide each other in the rows of the subjects: then the face's, the ECG's and the fused
    one are shown, and nothing where there is none of them; `draw_models` shows all. Many subjects are sorted by the
    mean of the models and stand without names.
    """
    models = choose_rows(metrics)
    if not models:
        return None
    looks = {model: look for model, look in looks_of(list(metrics.models)).items() if model in models}
    names = sort_subjects(metrics, models)
    named = len(names) <= _MOST_NAMES
    heights = [0.3 + 0.2 * len(models), 0.22 * len(names) + 0.5 if named else 4.6]
    with make_figure(7.2, sum(heights) + 0.8, simulated=simulated) as figure:
        means, dots = figure.subplots(2, 1, sharex=True, height_ratios=heights)
        for place, model in enumerate(models):
            _draw_mean(means, metrics.models[model].over_subjects, place, looks[model])
        means.set_yticks(range(len(models)), [f"mean, {looks[model].short}" for model in models])
        means.set_ylim(len(models) - 0.4, -0.6)
        _draw_dots(dots, metrics, names, looks, named=named)
        for axes in (means, dots):
            _draw_chance(axes, metrics)
        dots.text(100 * metrics.chance, len(names) - 0.1, " chance", color=GREY, va="center", fontsize=8)
        dots.set_xlim(-3, 103)
        dots.set_xlabel("Accuracy of the subject, %")
        figure.legend(loc="outside upper left", ncols=2 if _are_long(looks) else 5, frameon=False)
        return figure


def choose_rows(metrics: RunMetrics) -> list[str]:
    """Choose the models that share the rows of the subjects."""
    models = list(metrics.models)
    return models if len(models) <= _MOST_SHARING else [model for model in TITLES if model in metrics.models]


def _are_long(looks: Mapping[str, Look]) -> bool:
    return max(len(look.short) for look in looks.values()) > 12


def draw_models(metrics: RunMetrics, *, simulated: bool) -> Figure | None:
    """One row per model: its subjects, and above them their mean with its interval; None for few models."""
    if len(metrics.models) <= _MOST_SHARING:
        return None
    looks = looks_of(list(metrics.models))
    with make_figure(7.2, 0.36 * len(looks) + 0.8, simulated=simulated) as figure:
        axes = figure.subplots()
        for place, (model, look) in enumerate(looks.items()):
            figures = np.sort([100 * row.accuracy for row in metrics.models[model].subjects])
            heights = place + 0.12 + 0.26 * _spread_out(figures)
            axes.plot(figures, heights, ls="", marker="o", color=look.colour, ms=2.6, mew=0, alpha=0.6)
            _draw_mean(axes, metrics.models[model].over_subjects, place - 0.18, look)
        _draw_chance(axes, metrics)
        axes.text(100 * metrics.chance, -0.75, "chance", color=GREY, ha="center", va="bottom", fontsize=8)
        axes.set_yticks(range(len(looks)), [look.short for look in looks.values()])
        axes.set_ylim(len(looks) - 0.4, -0.7)
        axes.set_xlim(-3, 103)
        axes.set_xlabel("Accuracy of the subjects (dots), and their mean with its 95 % interval, %")
        return figure


def _spread_out(figures: Float64Array) -> Float64Array:
    """Heights from 0 to 1 that keep equal figures, which stand next to each other, apart."""
    _, first, counts = np.unique(figures, return_index=True, return_counts=True)
    place = np.arange(len(figures)) - np.repeat(first, counts)
    return np.asarray(place / max(1, counts.max(initial=1) - 1), dtype=np.float64)


def _draw_chance(axes: Axes, metrics: RunMetrics) -> None:
    axes.axvline(100 * metrics.chance, color=GREY, ls="--", lw=1)
    axes.grid(axis="x", color="#e5e5e5", lw=0.6)


def _draw_dots(axes: Axes, metrics: RunMetrics, names: list[str], looks: Mapping[str, Look], *, named: bool) -> None:
    shifts = np.linspace(-0.22, 0.22, len(looks)) if named else np.zeros(len(looks))
    for shift, (model, look) in zip(shifts, looks.items(), strict=True):
        accuracy = {row.subject: 100 * row.accuracy for row in metrics.models[model].subjects}
        figures = [accuracy.get(name, math.nan) for name in names]
        size = 4 if named else 3
        axes.plot(figures, np.arange(len(names)) + shift, ls="", ms=size, label=look.short, **look.style)
    axes.set_yticks(range(len(names)) if named else [], names if named else [])
    axes.set_ylabel("" if named else f"{len(names)} subjects, from best to worst")
    axes.set_ylim(len(names) + 0.4, -0.8)


def sort_subjects(metrics: RunMetrics, models: Sequence[str]) -> list[str]:
    """Subjects by name, or from best to worst where there are too many for names."""
    accuracy: dict[str, list[float]] = {}
    for model in models:
        for row in metrics.models[model].subjects:
            accuracy.setdefault(row.subject, []).append(row.accuracy)
    if len(accuracy) <= _MOST_NAMES:
        return sorted(accuracy)
    return sorted(accuracy, key=lambda name: (-float(np.mean(accuracy[name])), name))


def _draw_mean(axes: Axes, over: OverSubjects, place: float, look: Look) -> None:
    """Mean over subjects with its interval, one line per model."""
    if over.ci95 is not None:
        axes.plot([100 * over.ci95.low, 100 * over.ci95.high], [place, place], color=look.colour, lw=1.8)
    axes.plot([100 * over.accuracy_mean], [place], ms=6, **look.style)


def draw_confusions(metrics: RunMetrics, *, simulated: bool) -> Figure:
    """Confusion matrix of each model: share of each class's trials, and their number."""
    models, names = list(metrics.models), metrics.class_names
    looks, n_columns = looks_of(models), count_columns(len(models))
    n_rows = -(-len(models) // n_columns)
    # one matrix alone is not drawn over the whole page, where its letters would be tiny
    width = min(7.2, 3.2 * n_columns)
    height = width / n_columns + (0.55 if n_columns < 4 else 0.3)
    with make_figure(width, height * n_rows, simulated=simulated) as figure:
        for place, axes in enumerate(np.ravel(figure.subplots(n_rows, n_columns))):
            if place >= len(models):
                axes.set_axis_off()
                continue
            _draw_confusion(axes, metrics.models[models[place]].overall.confusion, names, n_columns=n_columns)
            _name_panel(axes, looks[models[place]], small=n_columns > 3)
            if place % n_columns == 0:
                axes.set_ylabel("stimulus level" if metrics.protocol else "label")
        return figure


def _name_panel(axes: Axes, look: Look, *, small: bool) -> None:
    axes.set_title(look.shorter if small else look.short, fontsize=7 if small else 10)


def _draw_confusion(axes: Axes, confusion: Sequence[Sequence[int]], names: Sequence[str], *, n_columns: int) -> None:
    counts = np.array(confusion)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    # letters as large as a cell has room for, points
    size = min(7.5, 96 / (n_columns * len(names)))
    both = size >= 4.5
    for (row, column), value in np.ndenumerate(share):
        colour = "white" if value > 0.55 else "black"
        text = f"{100 * value:.0f} %\n{counts[row, column]}" if both else f"{100 * value:.0f}"
        axes.text(column, row, text, ha="center", va="center", fontsize=size if both else 1.2 * size, color=colour)
    axes.set_xticks(range(len(names)), names, rotation=0 if len(names) * n_columns <= 12 else 90)
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(labelsize=9 if n_columns < 4 else 6)
    axes.set_xlabel("predicted", fontsize=9 if n_columns < 4 else 7)
    axes.spines[:].set_visible(False)


def draw_example(example: Example) -> Figure:
    """Frames, ECG with R-peaks, heart rate and probabilities of one clip; a signal that is not there is left out."""
    heights = [1.3] * bool(len(example.crops)) + [1.1] * bool(len(example.ecg)) + [1.35]
    with make_figure(7.2, 1.3 * sum(heights), simulated=example.simulated) as figure:
        rows = figure.add_gridspec(len(heights), 1, height_ratios=heights)
        if len(example.crops):
            _draw_crops(figure, rows[0], example)
        if not len(example.ecg):
            _draw_probabilities(figure.add_subplot(rows[-1]), example)
            return figure
        _draw_ecg(figure.add_subplot(rows[-2]), example)
        lower = rows[-1].subgridspec(1, 2, width_ratios=[1.3, 1], wspace=0.12)
        _draw_heart_rate(figure.add_subplot(lower[0]), example)
        _draw_probabilities(figure.add_subplot(lower[1]), example)
        return figure


def _draw_crops(figure: Figure, place: Any, example: Example) -> None:
    grid = place.subgridspec(1, len(example.crops), wspace=0.04)
    for number, (crop, time_s) in enumerate(zip(example.crops, example.crop_times_s, strict=True)):
        axes = figure.add_subplot(grid[number])
        axes.imshow(crop)
        axes.set_axis_off()
        axes.set_title(f"{time_s:.1f} s", fontsize=8, color=GREY)


def _draw_ecg(axes: Axes, example: Example) -> None:
    times_s = np.arange(len(example.ecg)) / example.fs_hz
    axes.plot(times_s, example.ecg, color="black", lw=0.7)
    inside = example.r_peak_times_s[example.r_peak_times_s < times_s[-1]]
    if len(inside):
        axes.plot(inside, np.interp(inside, times_s, example.ecg), "v", color=_ECG.colour, ms=5)
    axes.set_xlim(0, times_s[-1])
    axes.set_ylabel("ECG (a.u.)")
    axes.set_xlabel("seconds")


def _draw_heart_rate(axes: Axes, example: Example) -> None:
    axes.plot(example.heart_rate_times_s, example.heart_rate_bpm, "o-", color=_ECG.colour, ms=4, lw=1)
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
    models = [model for model in TITLES if model in example.probabilities] or list(example.probabilities)[:_MOST_BARS]
    looks = looks_of(models)
    for shift, model in zip(np.linspace(-0.27, 0.27, len(models)), models, strict=True):
        axes.bar(
            places + shift, example.probabilities[model], 0.25, color=looks[model].colour, label=looks[model].short
        )
    labels = [f"{name}\n(true)" if name == example.label else name for name in example.class_names]
    axes.set_xticks(places, labels)
    axes.set_ylim(0, 1)
    axes.set_ylabel("probability")
    axes.legend(frameon=False, fontsize=7, ncols=len(models), loc="lower center", bbox_to_anchor=(0.5, 1.0))
