"""The report of a run, or of anybody's predictions: one self-contained HTML file.

Enters: content of `run.json` and `metrics.json`, predictions, examples. Leaves: a file that opens offline and prints to
A4. Everything from simulated data says SIMULATED.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd

from ecg_facial.evaluation.report.checklist import fill_checklist
from ecg_facial.evaluation.report.examples import Example
from ecg_facial.evaluation.report.figure_style import looks_of
from ecg_facial.evaluation.report.figures import draw_confusions, draw_example, draw_subjects
from ecg_facial.evaluation.report.figures_models import draw_critical_difference, draw_leakage, draw_published
from ecg_facial.evaluation.report.figures_trust import draw_reliability, draw_risk_coverage
from ecg_facial.runtime.storage import write_text

_TEMPLATE = "report.html.j2"
_MOST_ROWS = 50
_PEOPLE = ("sex", "age_years")


def write_report(
    path: Path,
    *,
    run: Mapping[str, Any],
    metrics: Mapping[str, Any],
    predictions: pd.DataFrame,
    examples: Sequence[Example] = (),
    published: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Write a report.

    Parameters
    ----------
    path : Path
    run : mapping
        Content of `run.json`; of foreign predictions what is known.
    metrics : mapping
        Content of `metrics.json`.
    predictions : DataFrame
        As in `PredictionsTable.table`.
    examples : sequence of Example
    published : sequence of mapping
        Results of others on the same task: ``name, modality, accuracy`` (percent), ``protocol, source``.
    """
    simulated = bool(run.get("simulated"))
    template = _environment().get_template(_TEMPLATE)
    text = template.render(
        run=run,
        metrics=metrics,
        simulated=simulated,
        looks=looks_of(list(metrics["models"])),
        title="Stimulus level from face video and ECG" if "protocol" in run else "Judgement of predictions",
        protocol=run.get("protocol", "predictions of another program"),
        most_rows=_MOST_ROWS,
        examples=[(example, draw_example(example)) for example in examples],
        published=published,
        **_draw(metrics, published, simulated=simulated),
        **_describe_trust(metrics),
        strata=gather_strata(metrics),
        intervals=sorted({judged["over_subjects"]["interval"] for judged in metrics["models"].values()}),
        people_columns=[name.split("_")[0] for name in _PEOPLE if name in predictions],
        counts=count_trials(predictions, metrics["class_names"]),
        quality=describe_quality(predictions),
        problems=list(run.get("problems", ()))[:_MOST_ROWS],
        n_problems=len(run.get("problems", ())),
        settings=list(flatten({key: run[key] for key in ("window_settings", "model_settings") if key in run})),
        **_check_list(run, metrics),
    )
    write_text(path, text)


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("ecg_facial.evaluation.report"),
        autoescape=lambda name: name is not None and name.endswith(".html.j2"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"percent": format_percent, "p": format_p, "points": format_points, "number": format_number}
    return environment


def _draw(
    metrics: Mapping[str, Any], published: Sequence[Mapping[str, Any]], *, simulated: bool
) -> dict[str, str | None]:
    return {
        "subjects_figure": draw_subjects(metrics, simulated=simulated),
        "confusions_figure": draw_confusions(metrics, simulated=simulated),
        "rank_figure": draw_critical_difference(metrics, simulated=simulated),
        "leakage_figure": draw_leakage(metrics, simulated=simulated),
        "published_figure": draw_published(metrics, published, simulated=simulated),
        "reliability_figure": draw_reliability(metrics, simulated=simulated),
        "risk_figure": draw_risk_coverage(metrics, simulated=simulated),
    }


def _describe_trust(metrics: Mapping[str, Any]) -> dict[str, Any]:
    judged = list(metrics["models"].items())
    trusted = [figures for _, figures in judged if figures.get("calibration")]
    return {
        "n_bins": trusted[0]["calibration"]["n_bins"] if trusted else None,
        "abstention_points": [point["coverage"] for point in trusted[0]["abstention"]["points"]] if trusted else [],
        "conformal": [(model, figures["conformal"]) for model, figures in judged if figures.get("conformal")],
    }


def _check_list(run: Mapping[str, Any], metrics: Mapping[str, Any]) -> dict[str, Any]:
    items = fill_checklist(run, metrics)
    return {"checklist": items, "n_missing": sum(not item.said for item in items)}


def gather_strata(metrics: Mapping[str, Any]) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """Figures of every group, a model after the other, by stratum and group."""
    models = list(metrics["models"].values())
    unknown = {"n_subjects": 0, "accuracy_mean": None, "ci95_low": None, "ci95_high": None}
    return {
        name: {
            group: [judged["strata"][name]["groups"].get(group, unknown) for judged in models]
            for group in sorted({group for judged in models for group in judged["strata"][name]["groups"]})
        }
        for name in models[0]["strata"]
    }


def format_percent(value: float | None) -> str:
    """Share as percent with one digit."""
    return "–" if value is None else f"{100 * value:.1f}"


def format_points(value: float | None) -> str:
    """Difference of shares in points, with its sign."""
    return "–" if value is None else f"{100 * value:+.1f}".replace("-", "−")


def format_number(value: float | None) -> str:
    """Any other figure, with three digits."""
    return "–" if value is None else f"{value:.3g}".replace("-", "−")


def format_p(value: float | None) -> str:
    """P value with two significant digits, small ones as a limit."""
    if value is None or math.isnan(value):
        return "–"
    return "< 0.0001" if value < 1e-4 else f"{value:.4f}" if value < 0.01 else f"{value:.2f}"


def count_trials(predictions: pd.DataFrame, class_names: Sequence[str]) -> list[dict[str, Any]]:
    """Subjects with what is known of them, their fold, and their trials of each class."""
    one = predictions.drop_duplicates(["subject", "trial"])
    people = [name for name in _PEOPLE if name in one]
    return [
        {
            "subject": str(subject),
            "people": ["" if pd.isna(value) else value for value in part[people].iloc[0]],
            "fold": part["fold"].iloc[0],
            "numbers": [int((part["label"] == name).sum()) for name in class_names],
        }
        for subject, part in one.groupby("subject", sort=True)
    ]


def describe_quality(predictions: pd.DataFrame) -> dict[str, float] | None:
    """Trials without a face, without a usable ECG, and median qualities; None where the file does not say."""
    one = predictions.drop_duplicates(["subject", "trial"])
    if "face_quality" not in one or "ecg_quality" not in one:
        return None
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
