"""The report of a run, or of anybody's predictions: one self-contained HTML file, and its figures as files.

Input: `RunRecord` (or `ScoredFile`) and `RunMetrics`, predictions, examples. Output: a file that opens offline and
prints to A4, and beside it a folder of SVG and PDF figures for papers. Everything from simulated data says SIMULATED.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
import pandas as pd

from ecg_facial.evaluation.benchmark.run_record import RunRecord, ScoredFile
from ecg_facial.evaluation.judging.published import Published
from ecg_facial.evaluation.judging.schema import ConformalMetrics, RunMetrics
from ecg_facial.evaluation.report.checklist import fill_checklist, name_signals
from ecg_facial.evaluation.report.formats import FILTERS
from ecg_facial.evaluation.report.layout import (
    PEOPLE,
    choose_figures,
    count_trials,
    describe_quality,
    flatten,
    gather_strata,
    group_temperatures,
    lay_out_pairs,
)
from ecg_facial.evaluation.report.looks import looks_of
from ecg_facial.evaluation.report.reforms import fill_reforms
from ecg_facial.runtime.settings import to_dict
from ecg_facial.runtime.storage import write_bytes, write_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ecg_facial.evaluation.report.examples import Example

_TEMPLATE = "report.html.j2"
FIGURES_FOLDER = "figures"
_FIGURES = (
    "models",
    "subjects",
    "confusions",
    "ranks",
    "leakage",
    "published",
    "reliability",
    "risk_coverage",
    "example_*",
)
_XML = '<?xml version="1.0" encoding="utf-8"?>\n'
# a figure is 7.2 inches wide on paper, 9 on screen
_SCREEN_SCALE = 1.25
_OUTCOMES = {"stimulus": "Stimulus level", "observer": "Observed level"}
_MOST_ROWS = 50
# as many rows as 45 models have pairs
_MOST_PAIRS = 1000


def write_report(
    path: Path,
    *,
    run: RunRecord | ScoredFile,
    metrics: RunMetrics,
    predictions: pd.DataFrame,
    examples: Sequence[Example] = (),
    published: Sequence[Published] = (),
) -> None:
    """Write a report, and its figures into the folder ``figures`` beside it.

    Parameters
    ----------
    path : Path
        The HTML file.
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
        title=_title(benchmark, metrics),
        protocol=benchmark.protocol if benchmark else "predictions of another program",
        most_pairs=_MOST_PAIRS,
        matrices=lay_out_pairs(metrics) if len(metrics.models) > 2 else [],
        published=published,
        figures=_write_figures(path.parent / FIGURES_FOLDER, _draw(metrics, examples, published, simulated=simulated)),
        examples=list(enumerate(examples, start=1)),
        **_describe_probabilities(metrics),
        strata=gather_strata(metrics),
        figure_tables=choose_figures(metrics),
        n_unanswered=sum(judged.answers.n_unanswered for judged in metrics.models.values()),
        intervals=sorted(
            {over.interval for over in (judged.over_subjects for judged in metrics.models.values()) if over.ci95}
        ),
        people_columns=[name.split("_")[0] for name in PEOPLE if name in predictions],
        counts=count_trials(predictions, metrics.class_names),
        quality=describe_quality(predictions),
        problems=problems[:_MOST_ROWS],
        n_problems=len(problems),
        temperatures=group_temperatures(benchmark.temperatures if benchmark else ()),
        settings=_list_settings(benchmark),
        **_check_list(run, metrics),
    )
    write_text(path, text)


def _title(run: RunRecord | None, metrics: RunMetrics) -> str:
    """Say what was evaluated, as far as it is known."""
    if run is None:
        return "Judgement of predictions"
    if run.table is not None:
        return "Evaluation of a table of features"
    if run.model_settings is None:
        return "Evaluation of own methods"
    outcome = _OUTCOMES.get(run.levels_by, "Own classes")
    return f"{outcome} from {name_signals(metrics)}"


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("ecg_facial.evaluation.report"),
        autoescape=lambda name: name is not None and name.endswith(".html.j2"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= FILTERS
    return environment


def _list_settings(run: RunRecord | None) -> list[tuple[str, Any]]:
    """List settings of windows and models as dotted names and values."""
    if run is None:
        return []
    parts = {"table": run.table and run.table.columns, "windows": run.window_settings, "models": run.model_settings}
    return list(flatten({name: to_dict(part) for name, part in parts.items() if part is not None}))


def _draw(
    metrics: RunMetrics, examples: Sequence[Example], published: Sequence[Published], *, simulated: bool
) -> dict[str, Figure]:
    """All figures by name; those with nothing to show are left out."""
    # matplotlib takes half a second to import: only a report that is written needs it
    from ecg_facial.evaluation.report import figures, figures_calibration, figures_comparison

    drawn = {
        "models": figures.draw_models(metrics, simulated=simulated),
        "subjects": figures.draw_subjects(metrics, simulated=simulated),
        "confusions": figures.draw_confusions(metrics, simulated=simulated),
        "ranks": figures_comparison.draw_ranks(metrics, simulated=simulated),
        "leakage": figures_comparison.draw_leakage(metrics, simulated=simulated),
        "published": figures_comparison.draw_published(metrics, published, simulated=simulated),
        "reliability": figures_calibration.draw_reliability(metrics, simulated=simulated),
        "risk_coverage": figures_calibration.draw_risk_coverage(metrics, simulated=simulated),
        **{f"example_{number}": figures.draw_example(example) for number, example in enumerate(examples, start=1)},
    }
    return {name: figure for name, figure in drawn.items() if figure is not None}


def _write_figures(folder: Path, drawn: Mapping[str, Figure]) -> dict[str, str]:
    """Write each figure as SVG and PDF, remove those of an earlier report, and give the SVG texts by name."""
    from ecg_facial.evaluation.report.figure_style import to_pdf, to_svg

    for path in (path for name in _FIGURES for path in folder.glob(f"{name}.*")):
        if path.stem not in drawn and path.suffix in (".svg", ".pdf"):
            path.unlink()
    shown = {name: to_svg(figure) for name, figure in drawn.items()}
    for name, text in shown.items():
        write_text(folder / f"{name}.svg", f"{_XML}{text}")
        write_bytes(folder / f"{name}.pdf", to_pdf(drawn[name]))
    return {name: _enlarge(text) for name, text in shown.items()}


def _enlarge(svg: str) -> str:
    """Show a figure larger on screen than on paper; its height follows from its view box."""
    return re.sub(r'<svg ([^>]*?)width="([\d.]+)pt" height="[\d.]+pt"', _set_width, svg, count=1)


def _set_width(found: re.Match[str]) -> str:
    return f'<svg {found[1]}width="{_SCREEN_SCALE * float(found[2]):.0f}pt"'


def _describe_probabilities(metrics: RunMetrics) -> dict[str, Any]:
    """Give what the tables of calibration, abstention and conformal sets share for all models."""
    calibrated = [judged.calibration for judged in metrics.models.values() if judged.calibration]
    abstaining = [judged.abstention for judged in metrics.models.values() if judged.abstention]
    conformal: list[tuple[str, ConformalMetrics]] = [
        (model, judged.conformal) for model, judged in metrics.models.items() if judged.conformal
    ]
    return {
        "n_bins": calibrated[0].n_bins if calibrated else None,
        "abstention_points": [point.coverage for point in abstaining[0].points] if abstaining else [],
        "conformal": conformal,
    }


def _check_list(run: RunRecord | ScoredFile, metrics: RunMetrics) -> dict[str, Any]:
    """Both checklists, with how many of their items are left to the authors."""
    lists = {
        "TRIPOD+AI": ("Collins et al., BMJ 2024;385:e078378", fill_checklist(run, metrics)),
        "REFORMS": ("Kapoor et al., Science Advances 2024;10:eadk3452", fill_reforms(run, metrics)),
    }
    return {
        "checklists": [
            (name, source, items, sum(not item.text for item in items)) for name, (source, items) in lists.items()
        ]
    }
