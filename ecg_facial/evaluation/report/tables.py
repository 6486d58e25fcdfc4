"""A run's figures as tables, for papers: CSV with full digits, LaTeX with rounded percent.

Input: `RunMetrics`. Output: DataFrames, and files ``<name>.csv`` and ``<name>.tex``. Tables of simulated data say so in
a column and in the caption. In LaTeX both limits of an interval share a column, and a wide table becomes several.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from ecg_facial.evaluation.judging.schema import ModelMetrics, RunMetrics, Stratum, SubjectMetrics
from ecg_facial.evaluation.report.formats import round_figure
from ecg_facial.evaluation.report.latex import join_interval, to_latex
from ecg_facial.runtime.records import Record
from ecg_facial.runtime.storage import write_text

_Row = dict[str, Any]
# shares, shown as percent in LaTeX; other numbers keep three digits
_SHARES = (
    "accuracy", "balanced_accuracy", "macro_f1", "accuracy_mean", "accuracy_std", "ceiling", "auroc_macro",
    "sensitivity", "specificity", "accuracy_difference", "coverage", "ece", "target", "excess_over_chance",
    "accuracy_as_wrong", "balanced_accuracy_as_wrong", "difference_as_wrong", "coverage_sd_subjects", "empty",
)  # fmt: skip
_OVERALL = (
    "n_trials", "accuracy", "balanced_accuracy", "macro_f1", "kappa_quadratic", "mae_level", "auroc_macro",
    "sensitivity", "specificity",
)  # fmt: skip
_ANSWERS = ("n_unanswered", "coverage", "accuracy_as_wrong", "balanced_accuracy_as_wrong")
_CAPTIONS = {
    "models": "Models over all trials, and over subjects with 95 % intervals.",
    "figures": "Every figure of merit over subjects; the AUROC is within subjects.",
    "answers": "Trials without a prediction, left out and counted as wrong.",
    "subjects": "Every subject.",
    "comparisons": "Paired comparisons over subjects, on the trials that both models answered.",
    "strata": "Groups of people.",
    "calibration": "Calibration; the null band is that of a perfectly calibrated model with the same confidences.",
    "abstention": "Accuracy where the least sure trials are left out.",
    "conformal": "Conformal sets, calibrated on other subjects.",
}
# columns that name a row; those of the other tables are the model
_NAMES = {"figures": 2, "subjects": 2, "comparisons": 2, "strata": 3}
# what papers do not print: the CSV holds it
_CSV_ONLY = ("interval", "n_bins", "seeds", "reliability_seed", "curve_seed", "margin", "ece_null_mean")
# columns in the unit of the row's figure
_OF_FIGURE = ("mean", "std", "ci95_low", "ci95_high")
_LOW, _HIGH = "_low", "_high"
_NONE = "--"


def make_tables(metrics: RunMetrics, *, simulated: bool) -> dict[str, pd.DataFrame]:
    """Lay metrics out as tables, by name; empty ones are left out."""
    tables = {
        "models": _stack(metrics, lambda judged: [_model_row(judged)]),
        "figures": _stack(metrics, _figure_rows),
        "answers": _stack(metrics, lambda judged: _scalar_rows(judged.answers)),
        "subjects": _stack(metrics, lambda judged: map(_subject_row, judged.subjects)),
        "comparisons": pd.DataFrame([pair.to_dict() for pair in metrics.comparisons]),
        "strata": _stack(metrics, lambda judged: _stratum_rows(judged.strata)),
        "calibration": _stack(metrics, lambda judged: _scalar_rows(judged.calibration)),
        "abstention": _stack(
            metrics, lambda judged: _scalar_rows(*(judged.abstention.points if judged.abstention else ()))
        ),
        "conformal": _stack(metrics, lambda judged: _scalar_rows(judged.conformal)),
    }
    if metrics.ceiling is not None:
        reached = {model: compared.accuracy for model, compared in metrics.ceiling.items()}
        tables["models"]["ceiling"] = tables["models"]["model"].map(reached)
    filled = {name: table.dropna(axis=1, how="all") for name, table in tables.items() if len(table)}
    return {name: table.assign(simulated=simulated) for name, table in filled.items()}


def write_tables(folder: Path, metrics: RunMetrics, *, simulated: bool) -> None:
    """Write every table as CSV and LaTeX (booktabs, array, longtable) into a folder."""
    for name, table in make_tables(metrics, simulated=simulated).items():
        write_text(folder / f"{name}.csv", table.to_csv(index=False, lineterminator="\n"))
        write_text(folder / f"{name}.tex", _write_latex(name, table, simulated=simulated))


def _write_latex(name: str, table: pd.DataFrame, *, simulated: bool) -> str:
    caption = ("SIMULATED data. " if simulated else "") + _CAPTIONS[name]
    shown = table.drop(columns=[column for column in ("simulated", *_CSV_ONLY) if column in table])
    return to_latex(show_table(shown), n_names=_NAMES.get(name, 1), caption=caption, label=f"tab:{name}")


def show_table(table: pd.DataFrame) -> pd.DataFrame:
    """Text of every cell under the titles of LaTeX, with both limits of an interval in one column."""
    columns: dict[str, list[str]] = {}
    for column in map(str, table.columns):
        high = f"{column.removesuffix(_LOW)}{_HIGH}"
        if column.endswith(_LOW) and high in table:
            pair = (_show_column(table, column), _show_column(table, high))
            columns[_title_interval(column)] = join_interval(*pair, none=_NONE)
        elif not (column.endswith(_HIGH) and f"{column.removesuffix(_HIGH)}{_LOW}" in table):
            columns[_title(column)] = _show_column(table, column)
    return pd.DataFrame(columns)


def _show_column(table: pd.DataFrame, column: str) -> list[str]:
    """Text of a column's cells; in a table with a figure per row the figure says whether it is a share."""
    if "figure" in table and column in _OF_FIGURE:
        return [
            _show(column, value, percent=figure in _SHARES)
            for figure, value in zip(table["figure"], table[column], strict=True)
        ]
    return [_show(column, value, percent=_is_share(column)) for value in table[column]]


def _stack(metrics: RunMetrics, rows_of: Callable[[ModelMetrics], Iterable[_Row]]) -> pd.DataFrame:
    """Rows of all models under each other, with the model's name first."""
    return pd.DataFrame(
        [{"model": model, **row} for model, judged in metrics.models.items() for row in rows_of(judged)]
    )


def _model_row(judged: ModelMetrics) -> _Row:
    return {
        **{name: getattr(judged.overall, name) for name in _OVERALL},
        **judged.over_subjects.to_dict(),
        "p_above_chance_holm": judged.p_above_chance_holm,
        **{name: getattr(judged.answers, name) for name in _ANSWERS},
    }


def _figure_rows(judged: ModelMetrics) -> list[_Row]:
    """Every figure that is defined."""
    known = {name: figure for name, figure in judged.figures.items() if figure.mean is not None}
    return [{"figure": name, **_scalars(figure)} for name, figure in known.items()]


def _subject_row(subject: SubjectMetrics) -> _Row:
    """One subject, with the groups that they belong to as columns."""
    return {"subject": subject.subject, "fold": subject.fold, **subject.groups, **_scalars(subject)}


def _scalars(record: Record) -> _Row:
    return {name: value for name, value in record.to_dict().items() if not isinstance(value, (list, dict))}


def _scalar_rows(*records: Record | None) -> list[_Row]:
    return [_scalars(record) for record in records if record is not None]


def _stratum_rows(strata: Mapping[str, Stratum]) -> list[_Row]:
    return [
        {"stratum": stratum, "group": group, **figures.to_dict()}
        for stratum, found in strata.items()
        for group, figures in found.groups.items()
    ]


def _is_share(column: str) -> bool:
    return column in _SHARES or column.endswith(("ci95_low", "ci95_high", "null_low", "null_high"))


def _title(column: str) -> str:
    text = column.replace("_", " ")
    return f"{text} (%)" if _is_share(column) else text


def _title_interval(column: str) -> str:
    """Both limits under one title."""
    return {"ci95_low": "95 % CI", "ece_null_low": "perfect (%)"}.get(column, column.removesuffix(_LOW) + " limits")


def _show(column: str, value: Any, *, percent: bool) -> str:
    if value is None or value != value:
        return _NONE
    if percent:
        return f"{100 * value:.1f}"
    if column.startswith("p_"):
        return "< 0.0001" if value < 1e-4 else f"{value:.4f}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return round_figure(value) if isinstance(value, float) else str(value)
