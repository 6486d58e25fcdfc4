"""A run's figures as tables, for papers: CSV with full digits, LaTeX with rounded percent.

Enters: content of `metrics.json`. Leaves: DataFrames, and files ``<name>.csv`` and ``<name>.tex``. Tables of simulated
data say so in a column and in the caption.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from ecg_facial.runtime.storage import write_text

Metrics = Mapping[str, Any]
# Shares, shown as percent in LaTeX; other numbers keep three digits.
_SHARES = (
    "accuracy", "balanced_accuracy", "macro_f1", "accuracy_mean", "accuracy_std", "ci95_low", "ci95_high", "ceiling",
    "sensitivity", "specificity", "accuracy_difference", "coverage", "ece", "ece_null_low", "ece_null_high", "target",
)  # fmt: skip
_OVERALL = (
    "n_trials", "accuracy", "balanced_accuracy", "macro_f1", "kappa_quadratic", "mae_level", "auroc_macro",
    "sensitivity", "specificity",
)  # fmt: skip
_CAPTIONS = {
    "models": "Models over all trials, and over subjects with 95 % intervals.",
    "subjects": "Every subject.",
    "comparisons": "Paired comparisons over subjects.",
    "strata": "Groups of people.",
    "calibration": "Calibration; the null band is that of a perfectly calibrated model with the same confidences.",
    "abstention": "Accuracy where the least sure trials are left out.",
    "conformal": "Conformal sets, calibrated on other subjects.",
}


def make_tables(metrics: Metrics, *, simulated: bool) -> dict[str, pd.DataFrame]:
    """Lay metrics out as tables, by name; empty ones are left out."""
    models = metrics["models"]
    tables = {
        "models": _stack(models, lambda _, judged: [_model_row(judged)]),
        "subjects": _stack(models, lambda _, judged: [_scalars(row) for row in judged["subjects"]]),
        "comparisons": pd.DataFrame(metrics["comparisons"]),
        "strata": _stack(models, lambda _, judged: _stratum_rows(judged["strata"])),
        "calibration": _stack(models, lambda _, judged: _part(judged, "calibration")),
        "abstention": _stack(models, lambda _, judged: (judged.get("abstention") or {}).get("points", [])),
        "conformal": _stack(models, lambda _, judged: _part(judged, "conformal")),
    }
    if "ceiling" in metrics:
        reached = {model: beside["accuracy"] for model, beside in metrics["ceiling"].items()}
        tables["models"]["ceiling"] = tables["models"]["model"].map(reached)
    filled = {name: table.dropna(axis=1, how="all") for name, table in tables.items() if len(table)}
    return {name: table.assign(simulated=simulated) for name, table in filled.items()}


def write_tables(folder: Path, metrics: Metrics, *, simulated: bool) -> None:
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


def _stack(models: Metrics, rows_of: Any) -> pd.DataFrame:
    return pd.DataFrame([{"model": model, **row} for model, judged in models.items() for row in rows_of(model, judged)])


def _model_row(judged: Metrics) -> dict[str, Any]:
    overall = {name: judged["overall"].get(name) for name in _OVERALL}
    return {**overall, **judged["over_subjects"]}


def _scalars(row: Metrics) -> dict[str, Any]:
    return {name: value for name, value in row.items() if not isinstance(value, (list, dict))}


def _part(judged: Metrics, name: str) -> list[dict[str, Any]]:
    return [_scalars(judged[name])] if judged.get(name) else []


def _stratum_rows(strata: Metrics) -> list[dict[str, Any]]:
    return [
        {"stratum": stratum, "group": group, **figures}
        for stratum, found in strata.items()
        for group, figures in found["groups"].items()
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
