"""The report of a run: one self-contained HTML file.

Enters: content of `run.json` and `metrics.json`, predictions, examples. Leaves: a file that opens offline and prints to
A4. Everything from simulated data says SIMULATED.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd

from ecg_facial.evaluation.examples import Example
from ecg_facial.evaluation.figures import TITLES, draw_confusions, draw_example, draw_subjects
from ecg_facial.storage import write_text

_TEMPLATE = "report.html.j2"
_MOST_PROBLEMS = 50


def write_report(
    path: Path,
    *,
    run: Mapping[str, Any],
    metrics: Mapping[str, Any],
    predictions: pd.DataFrame,
    examples: Sequence[Example] = (),
) -> None:
    """Write a run's report.

    Parameters
    ----------
    path : Path
    run : mapping
        Content of `run.json`.
    metrics : mapping
        Content of `metrics.json`.
    predictions : DataFrame
        As in `predictions.csv`.
    examples : sequence of Example
    """
    simulated = bool(run.get("simulated"))
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"percent": format_percent, "p": format_p, "points": format_points}
    template = environment.from_string(
        (resources.files("ecg_facial.evaluation") / _TEMPLATE).read_text(encoding="utf-8")
    )
    text = template.render(
        run=run,
        metrics=metrics,
        titles=TITLES,
        simulated=simulated,
        subjects_figure=draw_subjects(metrics, simulated=simulated),
        confusions_figure=draw_confusions(metrics, simulated=simulated),
        examples=[(example, draw_example(example)) for example in examples],
        counts=count_trials(predictions, metrics["class_names"]),
        quality=describe_quality(predictions),
        problems=list(run.get("problems", ()))[:_MOST_PROBLEMS],
        n_problems=len(run.get("problems", ())),
        settings=list(flatten({key: run[key] for key in ("window_settings", "model_settings") if key in run})),
    )
    write_text(path, text)


def format_percent(value: float | None) -> str:
    """Share as percent with one digit."""
    return "–" if value is None else f"{100 * value:.1f}"


def format_points(value: float | None) -> str:
    """Difference of shares in points, with its sign."""
    return "–" if value is None else f"{100 * value:+.1f}".replace("-", "−")


def format_p(value: float | None) -> str:
    """P value with two significant digits, small ones as a limit."""
    if value is None or math.isnan(value):
        return "–"
    return "< 0.0001" if value < 1e-4 else f"{value:.4f}" if value < 0.01 else f"{value:.2f}"


def count_trials(predictions: pd.DataFrame, class_names: Sequence[str]) -> list[tuple[str, int, list[int]]]:
    """Fold, and trials of each level, by subject."""
    one = predictions[predictions["model"] == predictions["model"].iloc[0]]
    return [
        (str(subject), int(part["fold"].iloc[0]), [int((part["label"] == name).sum()) for name in class_names])
        for subject, part in one.groupby("subject", sort=True)
    ]


def describe_quality(predictions: pd.DataFrame) -> dict[str, float]:
    """Trials without a face, without a usable ECG, and median qualities."""
    one = predictions[predictions["model"] == predictions["model"].iloc[0]]
    return {
        "no_face": int((one["face_quality"] == 0).sum()),
        "no_ecg": int((one["ecg_quality"] == 0).sum()),
        "median_face": float(one["face_quality"].median()),
        "median_ecg": float(one["ecg_quality"].median()),
    }


def flatten(content: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, Any]]:
    """Nested settings as dotted names and values."""
    for key, value in content.items():
        name = f"{prefix}.{key}" if prefix else str(key)
        if isinstance(value, Mapping):
            yield from flatten(value, name)
        else:
            yield name, value
