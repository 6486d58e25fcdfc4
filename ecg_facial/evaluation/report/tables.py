"""A run's figures as tables, for papers: CSV with full digits, LaTeX with rounded percent.

Input: `RunMetrics`. Output: DataFrames, and files ``<name>.csv`` and ``<name>.tex``. Tables of simulated data say so in
a column and in the caption.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from ecg_facial.evaluation.judging.schema import ModelMetrics, RunMetrics, Stratum, SubjectFigure, SubjectMetrics
from ecg_facial.runtime.records import Record
from ecg_facial.runtime.storage import write_text

_Row = dict[str, Any]
# shares, shown as percent in LaTeX; other numbers keep three digits
_SHARES = (
    "accuracy", "balanced_accuracy", "macro_f1", "accuracy_mean", "accuracy_std", "ci95_low", "ci95_high", "ceiling",
    "sensitivity", "specificity", "accuracy_difference", "coverage", "ece", "ece_null_low", "ece_null_high", "target",
    "accuracy_as_wrong", "balanced_accuracy_as_wrong", "excess_over_chance", "difference_as_wrong",
)  # fmt: skip
_OVERALL = (
    "n_trials", "accuracy", "balanced_accuracy", "macro_f1", "kappa_quadratic", "mae_level", "auroc_macro",
    "sensitivity", "specificity",
)  # fmt: skip
_ANSWERS = ("n_unanswered", "coverage", "accuracy_as_wrong", "balanced_accuracy_as_wrong")
_CAPTIONS = {
    "models": "Models over all trials, and over subjects with 95 % intervals.",
    "figures": "Every figure of merit over subjects, with 95 % intervals; AUROC is within subjects.",
    "subjects": "Every subject.",
    "comparisons": "Paired comparisons over subjects, on the trials that both models answered.",
    "strata": "Groups of people.",
    "calibration": "Calibration; the null band is that of a perfectly calibrated model with the same confidences.",
    "abstention": "Accuracy where the least sure trials are left out.",
    "conformal": "Conformal sets, calibrated on other subjects.",
}


def make_tables(metrics: RunMetrics, *, simulated: bool) -> dict[str, pd.DataFrame]:
    """Lay metrics out as tables, by name; empty ones are left out."""
    tables = {
        "models": _stack(metrics, lambda judged: [_model_row(judged)]),
        "figures": _stack(metrics, lambda judged: _figure_rows(judged.figures)),
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
    """Write every table as CSV and LaTeX (booktabs) into a folder."""
    for name, table in make_tables(metrics, simulated=simulated).items():
        write_text(folder / f"{name}.csv", table.to_csv(index=False, lineterminator="\n"))
        write_text(folder / f"{name}.tex", to_latex(name, table.drop(columns="simulated"), simulated=simulated))


def to_latex(name: str, table: pd.DataFrame, *, simulated: bool) -> str:
    """One table in LaTeX, for documents that use the package booktabs."""
    caption = ("SIMULATED data. " if simulated else "") + _CAPTIONS[name].replace("%", "\\%")
    shown = pd.DataFrame({_title(column): [_show(column, value) for value in table[column]] for column in table})
    return str(
        shown.to_latex(index=False, escape=True, caption=caption, label=f"tab:{name}", position="htbp", na_rep="--")
    )


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


def _figure_rows(figures: Mapping[str, SubjectFigure]) -> list[_Row]:
    # under names of their own: not all are shares, which LaTeX shows as percent
    renamed = {"ci95_low": "low", "ci95_high": "high"}
    return [
        {"figure": name, **{renamed.get(key, key): value for key, value in figure.to_dict().items()}}
        for name, figure in figures.items()
    ]


def _title(column: Any) -> str:
    text = str(column).replace("_", " ")
    return f"{text} (%)" if column in _SHARES else text


def _show(column: Any, value: Any) -> str:
    if value is None or value != value:
        return "--"
    if column in _SHARES:
        return f"{100 * value:.1f}"
    if str(column).startswith("p_"):
        return "< 0.0001" if value < 1e-4 else f"{value:.4f}"
    return f"{value:.3g}" if isinstance(value, float) else str(value)
