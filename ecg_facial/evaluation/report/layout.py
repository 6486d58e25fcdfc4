"""What the tables of a report show, laid out for its templates.

Input: `RunMetrics`, predictions. Output: rows as mappings and records. Nothing is computed that `metrics.json` does not
hold, but for counts of trials.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from ecg_facial.evaluation.benchmark.run_record import TemperatureRecord
from ecg_facial.evaluation.judging.schema import ModelPair, OverSubjects, RunMetrics
from ecg_facial.evaluation.report.formats import NONE, format_points

# figures of merit over subjects, in the order of the report; percent, but for those of `_PLAIN`
FIGURES = {
    "balanced_accuracy": "balanced accuracy", "macro_f1": "macro-F1", "auroc_macro": "AUROC within subjects",
    "sensitivity": "sensitivity", "specificity": "specificity", "kappa_quadratic": "kappa", "mae_level": "MAE",
    "mae_mean_level": "MAE of the mean level", "mae_points": "MAE, points of the scale",
    "mae_mean_points": "MAE of the mean rating, points", "brier": "Brier score", "log_loss": "log loss",
}  # fmt: skip
_PLAIN = ("kappa_quadratic", "mae_level", "mae_mean_level", "mae_points", "mae_mean_points", "brier", "log_loss")
# figures with their intervals that fit side by side
_FIGURES_PER_TABLE = 4
PEOPLE = ("sex", "age_years")
ALPHA = 0.05
# columns of a matrix that fit A4 in letters that can be read
_WIDEST = 20


@dataclass(frozen=True, kw_only=True)
class PairCell:
    """One pair of models in the matrix of all pairs.

    Attributes
    ----------
    text : str
        Difference of accuracy in points, row less column; with a star where it is significant.
    kind : {"better", "worse", "same", "self"}
        Of the row's model; ``same`` where no difference was shown.
    """

    text: str
    kind: str


@dataclass(frozen=True, kw_only=True)
class PairMatrix:
    """All models against some of them.

    Attributes
    ----------
    numbers : tuple of int
        Places of the models in the columns, from 1.
    rows : tuple of (int, str, tuple of PairCell)
        Place and name of each row's model, and its cells.
    """

    numbers: tuple[int, ...]
    rows: tuple[tuple[int, str, tuple[PairCell, ...]], ...]


def lay_out_pairs(metrics: RunMetrics) -> list[PairMatrix]:
    """Lay all pairs of models out as a matrix, in several where they are too many for the width of a page."""
    models = list(metrics.models)
    pairs = {(pair.first, pair.second): pair for pair in metrics.comparisons}
    return [
        PairMatrix(
            numbers=tuple(number + 1 for number in columns),
            rows=tuple(
                (place + 1, model, tuple(_make_cell(model, models[number], pairs) for number in columns))
                for place, model in enumerate(models)
            ),
        )
        for columns in (range(len(models))[start : start + _WIDEST] for start in range(0, len(models), _WIDEST))
    ]


def _make_cell(row: str, column: str, pairs: Mapping[tuple[str, str], ModelPair]) -> PairCell:
    if row == column:
        return PairCell(text="", kind="self")
    turned = (row, column) not in pairs
    pair = pairs.get((column, row) if turned else (row, column))
    if pair is None or pair.accuracy_difference is None:
        return PairCell(text=NONE, kind="same")
    difference = -pair.accuracy_difference if turned else pair.accuracy_difference
    shown = pair.p_holm is not None and pair.p_holm < ALPHA
    kind = ("better" if difference > 0 else "worse") if shown else "same"
    return PairCell(text=f"{format_points(difference)}{'*' if shown else ''}", kind=kind)


def choose_figures(metrics: RunMetrics) -> list[list[tuple[str, str, bool]]]:
    """Choose the figures that any model has over subjects: name, title, whether a share; a list for each table."""
    known = [
        (name, title, name not in _PLAIN)
        for name, title in FIGURES.items()
        if any(name in judged.figures and judged.figures[name].mean is not None for judged in metrics.models.values())
    ]
    return [known[start : start + _FIGURES_PER_TABLE] for start in range(0, len(known), _FIGURES_PER_TABLE)]


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


def count_trials(predictions: pd.DataFrame, class_names: Sequence[str]) -> list[dict[str, Any]]:
    """Subjects with what is known of them, their fold, and their trials of each class."""
    one = predictions.drop_duplicates(["subject", "trial"])
    people = [name for name in PEOPLE if name in one]
    numbers = pd.crosstab(one["subject"], one["label"]).reindex(columns=list(class_names), fill_value=0)
    known = one.drop_duplicates("subject").set_index("subject").loc[numbers.index]
    rows = zip(
        numbers.index, known[people].to_numpy().tolist(), known["fold"], numbers.to_numpy().tolist(), strict=True
    )
    return [
        {
            "subject": str(subject),
            "people": ["" if pd.isna(value) else value for value in of_person],
            "fold": fold,
            "numbers": counts,
        }
        for subject, of_person, fold, counts in rows
    ]


def describe_quality(predictions: pd.DataFrame) -> dict[str, float] | None:
    """Trials without a face, without a usable ECG, and median qualities; None where the file does not say."""
    one = predictions.drop_duplicates(["subject", "trial"])
    names = ["face_quality", "ecg_quality"]
    if not set(names) <= set(one) or one[names].isna().to_numpy().all():
        return None
    return {
        "no_face": int((one["face_quality"] == 0).sum()),
        "no_ecg": int((one["ecg_quality"] == 0).sum()),
        "median_face": float(one["face_quality"].median()),
        "median_ecg": float(one["ecg_quality"].median()),
    }


def group_temperatures(records: Iterable[TemperatureRecord]) -> list[tuple[list[str], TemperatureRecord]]:
    """Models of which the same is to be said, with what that is, in the order of their first."""
    groups: list[tuple[list[str], TemperatureRecord]] = []
    for record in records:
        same = next((models for models, first in groups if replace(record, model=first.model) == first), None)
        if same is None:
            groups.append(([record.model], record))
        else:
            same.append(record.model)
    return groups


def flatten(content: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, Any]]:
    """Nested settings as dotted names and values."""
    for key, value in content.items():
        name = f"{prefix}.{key}" if prefix else str(key)
        if isinstance(value, Mapping):
            yield from flatten(value, name)
        else:
            yield name, value
