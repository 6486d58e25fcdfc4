"""The report of a run, or of anybody's predictions: one self-contained HTML file.

Input: `RunRecord` (or `ScoredFile`) and `RunMetrics`, predictions, examples. Output: a file that opens offline and
prints to A4. Everything from simulated data says SIMULATED.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
import pandas as pd

from ecg_facial.evaluation.benchmark.run_record import RunRecord, ScoredFile
from ecg_facial.evaluation.judging.published import Published
from ecg_facial.evaluation.judging.schema import ConformalMetrics, OverSubjects, RunMetrics
from ecg_facial.evaluation.report.checklist import fill_checklist, name_signals
from ecg_facial.evaluation.report.looks import looks_of
from ecg_facial.runtime.settings import to_dict
from ecg_facial.runtime.storage import write_text

if TYPE_CHECKING:
    from ecg_facial.evaluation.report.examples import Example

_TEMPLATE = "report.html.j2"
_MOST_ROWS = 50
_PEOPLE = ("sex", "age_years")


def write_report(
    path: Path,
    *,
    run: RunRecord | ScoredFile,
    metrics: RunMetrics,
    predictions: pd.DataFrame,
    examples: Sequence[Example] = (),
    published: Sequence[Published] = (),
) -> None:
    """Write a report.

    Parameters
    ----------
    path : Path
    run : RunRecord or ScoredFile
        Where the predictions come from.
    metrics : RunMetrics
    predictions : DataFrame
        As in `PredictionsTable.table`.
    examples : sequence of Example
    published : sequence of Published
        Results of others on the same task.
    """
    simulated, benchmark = run.simulated, run if isinstance(run, RunRecord) else None
    problems = benchmark.problems if benchmark else ()
    template = _environment().get_template(_TEMPLATE)
    text = template.render(
        run=run,
        metrics=metrics,
        simulated=simulated,
        looks=looks_of(list(metrics.models)),
        title=f"Stimulus level from {name_signals(metrics)}" if benchmark else "Judgement of predictions",
        protocol=benchmark.protocol if benchmark else "predictions of another program",
        most_rows=_MOST_ROWS,
        published=published,
        **_draw(metrics, examples, published, simulated=simulated),
        **_describe_probabilities(metrics),
        strata=gather_strata(metrics),
        intervals=sorted({judged.over_subjects.interval for judged in metrics.models.values()}),
        people_columns=[name.split("_")[0] for name in _PEOPLE if name in predictions],
        counts=count_trials(predictions, metrics.class_names),
        quality=describe_quality(predictions),
        problems=problems[:_MOST_ROWS],
        n_problems=len(problems),
        settings=_list_settings(benchmark),
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


def _list_settings(run: RunRecord | None) -> list[tuple[str, Any]]:
    """List settings of windows and models as dotted names and values."""
    if run is None:
        return []
    parts = {"table": run.table and run.table.columns, "windows": run.window_settings, "models": run.model_settings}
    return list(flatten({name: to_dict(part) for name, part in parts.items() if part is not None}))


def _draw(
    metrics: RunMetrics, examples: Sequence[Example], published: Sequence[Published], *, simulated: bool
) -> dict[str, Any]:
    """All figures by their name in the template; None for those with nothing to show."""
    # matplotlib takes half a second to import: only a report that is written needs it
    from ecg_facial.evaluation.report import figures, figures_calibration, figures_comparison

    return {
        "subjects_figure": figures.draw_subjects(metrics, simulated=simulated),
        "confusions_figure": figures.draw_confusions(metrics, simulated=simulated),
        "rank_figure": figures_comparison.draw_ranks(metrics, simulated=simulated),
        "leakage_figure": figures_comparison.draw_leakage(metrics, simulated=simulated),
        "published_figure": figures_comparison.draw_published(metrics, published, simulated=simulated),
        "reliability_figure": figures_calibration.draw_reliability(metrics, simulated=simulated),
        "risk_figure": figures_calibration.draw_risk_coverage(metrics, simulated=simulated),
        "examples": [(example, figures.draw_example(example)) for example in examples],
    }


def _describe_probabilities(metrics: RunMetrics) -> dict[str, Any]:
    """Give what the tables of calibration, abstention and conformal sets share for all models."""
    calibrated = [judged.calibration for judged in metrics.models.values() if judged.calibration]
    abstaining = [judged.abstention for judged in metrics.models.values() if judged.abstention]
    conformal: list[tuple[str, ConformalMetrics]] = [
        (model, judged.conformal) for model, judged in metrics.models.items() if judged.conformal
    ]
    several = bool(calibrated) and len(calibrated[0].seeds) > 1
    return {
        "drawn_seed": f", of seed {calibrated[0].reliability_seed}" if several else "",
        "of_seeds": f" (mean over {len(calibrated[0].seeds)} seeds)" if several else "",
        "n_bins": calibrated[0].n_bins if calibrated else None,
        "abstention_points": [point.coverage for point in abstaining[0].points] if abstaining else [],
        "conformal": conformal,
    }


def _check_list(run: RunRecord | ScoredFile, metrics: RunMetrics) -> dict[str, Any]:
    items = fill_checklist(run, metrics)
    return {"checklist": items, "n_missing": sum(not item.text for item in items)}


def gather_strata(metrics: RunMetrics) -> dict[str, dict[str, list[OverSubjects | None]]]:
    """Figures of every group by stratum and group, one per model; None where a model has nobody of the group."""
    models = list(metrics.models.values())
    return {
        name: {
            group: [judged.strata[name].groups.get(group) for judged in models]
            for group in sorted({group for judged in models for group in judged.strata[name].groups})
        }
        for name in models[0].strata
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
    if (
        "face_quality" not in one
        or "ecg_quality" not in one
        or one[["face_quality", "ecg_quality"]].isna().to_numpy().all()
    ):
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
