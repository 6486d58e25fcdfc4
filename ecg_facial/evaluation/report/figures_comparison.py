"""Figures that compare models with each other, with a leaking protocol, and with published results.

Input: `RunMetrics`. Output: matplotlib figures; None where there is nothing to compare.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ecg_facial.evaluation.judging.published import Published
from ecg_facial.evaluation.judging.schema import RunMetrics
from ecg_facial.evaluation.report.figure_style import make_figure
from ecg_facial.evaluation.report.looks import GREY, RED, looks_of

_NAME_HEIGHT = 0.42
# more models have short names and fewer numbers on the scale of ranks
_MOST_FULL_NAMES, _MOST_NUMBERS = 10, 12


def draw_ranks(metrics: RunMetrics, *, simulated: bool) -> Figure | None:
    """Mean ranks of the models over subjects; a bar joins neighbours among whom no difference was shown."""
    ranks = metrics.ranks
    if ranks is None or not ranks.n_subjects:
        return None
    mean_ranks = {name: rank for name, rank in ranks.mean_ranks.items() if rank is not None}
    if len(mean_ranks) < 3:
        return None
    names = list(mean_ranks)
    looks, half = looks_of(list(metrics.models)), -(-len(names) // 2)
    many = len(names) > _MOST_FULL_NAMES
    with make_figure(7.2, 0.9 + 0.34 * half + 0.2 * len(ranks.groups), simulated=simulated) as figure:
        axes = figure.subplots()
        axes.set_axis_off()
        bars = 0.35 * (len(ranks.groups) + 1)
        _draw_scale(axes, len(names))
        for place, name in enumerate(names):
            left = place < half
            row = place if left else len(names) - 1 - place
            depth = -bars - _NAME_HEIGHT * (row + 1)
            edge, rank = (0.8 if left else len(names) + 0.2), mean_ranks[name]
            axes.plot([rank, rank, edge], [0, depth, depth], color=looks[name].colour, lw=1)
            axes.plot(edge, depth, ms=5, **looks[name].style)
            title = looks[name].shorter if many else looks[name].short
            axes.annotate(
                f"{title} ({rank:.2f})", (edge, depth), (-7 if left else 7, 0), va="center",
                textcoords="offset points", ha="right" if left else "left", fontsize=8 if many else 9,
            )  # fmt: skip
        for number, group in enumerate(ranks.groups):
            ends = [mean_ranks[name] for name in (group[0], group[-1])]
            axes.plot([ends[0] - 0.04, ends[1] + 0.04], [-0.35 * (number + 1)] * 2, color="black", lw=3.5)
        axes.set_xlim(-0.6, len(names) + 1.6)
        axes.set_ylim(-bars - _NAME_HEIGHT * (half + 0.6), 1.2)
        return figure


def _draw_scale(axes: Axes, n_models: int) -> None:
    axes.plot([1, n_models], [0, 0], color="black", lw=1)
    for rank in range(1, n_models + 1):
        axes.plot([rank, rank], [0, 0.12], color="black", lw=1)
        if (rank - 1) % -(-n_models // _MOST_NUMBERS) == 0:
            axes.text(rank, 0.2, str(rank), ha="center", va="bottom")
    axes.text(1, 0.75, "mean rank, 1 is best", ha="left", va="bottom", color=GREY, fontsize=8)


def draw_leakage(metrics: RunMetrics, *, simulated: bool) -> Figure | None:
    """Accuracy of the original's protocol beside leave-one-subject-out on the same data."""
    original = metrics.original
    if original is None:
        return None
    models = list(original.models)
    looks = looks_of(models)
    with make_figure(7.2, 0.9 + 0.5 * len(models), simulated=simulated) as figure:
        axes = figure.subplots()
        for place, model in enumerate(models):
            honest, leaking = 100 * original.models[model].honest_accuracy, 100 * original.models[model].accuracy
            axes.barh(place - 0.18, honest, 0.34, color=looks[model].colour)
            axes.barh(place + 0.18, leaking, 0.34, color="white", edgecolor=RED, hatch="////")
            axes.text(honest + 0.8, place - 0.18, f"{honest:.1f}", va="center", fontsize=8)
            axes.text(leaking + 0.8, place + 0.18, f"{leaking:.1f}", va="center", fontsize=8, color=RED)
        axes.axvline(100 * metrics.chance, color=GREY, ls="--", lw=1)
        axes.set_yticks(range(len(models)), [looks[model].short for model in models])
        axes.set_ylim(len(models) - 0.4, -0.6)
        axes.set_xlim(0, 108)
        axes.set_xlabel("accuracy, %; full: every subject held out; hatched: trials of one person on both sides")
        return figure


def draw_published(metrics: RunMetrics, published: Sequence[Published], *, simulated: bool) -> Figure | None:
    """Models of the run with their intervals beside published results of the same task, on one scale."""
    if not published:
        return None
    models = list(metrics.models)
    looks = looks_of(models)
    with make_figure(7.2, 0.8 + 0.24 * (len(models) + len(published)), simulated=simulated) as figure:
        axes = figure.subplots()
        for place, model in enumerate(models):
            over, look = metrics.models[model].over_subjects, looks[model]
            if over.ci95 is not None:
                axes.plot([100 * over.ci95.low, 100 * over.ci95.high], [place] * 2, color=look.colour, lw=2)
            axes.plot(100 * over.accuracy_mean, place, ms=6, **look.style)
        rows = len(models) + np.arange(len(published))
        axes.plot([row.accuracy for row in published], rows, "|", color="black", ms=10, mew=2)
        axes.axvline(100 * metrics.chance, color=GREY, ls="--", lw=1)
        axes.axhline(len(models) - 0.5, color=GREY, lw=0.5)
        ours = [f"{looks[model].short}{' (SIMULATED)' if simulated else ''}" for model in models]
        axes.set_yticks(range(len(models) + len(published)), [*ours, *(row.name for row in published)])
        axes.set_ylim(len(models) + len(published) - 0.5, -0.7)
        axes.set_xlim(0, 100)
        axes.set_xlabel("accuracy, %")
        axes.grid(axis="x", color="#e5e5e5", lw=0.6)
        return figure
