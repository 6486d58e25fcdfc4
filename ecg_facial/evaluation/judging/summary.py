"""From predictions to the content of `metrics.json`.

Input: a predictions table. Output: `RunMetrics`, with figures per model, comparisons of models, and their ranks.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from ecg_facial.evaluation.judging.ceiling import compare_with_ceiling
from ecg_facial.evaluation.judging.models import count_trials, judge_model
from ecg_facial.evaluation.judging.predictions_file import MODEL_ORDER
from ecg_facial.evaluation.judging.predictions_table import PredictionsTable
from ecg_facial.evaluation.judging.schema import (
    LeakageGap,
    ModelMetrics,
    ModelPair,
    ModelRanks,
    ProtocolComparison,
    RunMetrics,
)
from ecg_facial.evaluation.statistics.model_pairs import compare_models
from ecg_facial.evaluation.statistics.ranking import rank_models

_Value = TypeVar("_Value")
_DIGITS = 6
# classes count as balanced where the largest is at most a tenth too large: some trials of an experiment are always lost
_BALANCED_TO = 1.1


def summarise_predictions(
    about: PredictionsTable, *, task: str, simulated: bool = False, ceiling: pd.DataFrame | None = None
) -> RunMetrics:
    """Judge every model of a predictions table.

    Parameters
    ----------
    about : PredictionsTable
    task : str
        What to call it.
    simulated : bool
        Whether the data are SIMULATED.
    ceiling : DataFrame, optional
        The ideal observer's predictions, where the data are simulated: each model is compared with them.

    Returns
    -------
    RunMetrics
        Rounded to 6 digits, so that bytes of the file are stable; None for what cannot be computed.
    """
    table = about.table
    models = order_models(table["model"])
    trials = table.drop_duplicates(["subject", "trial"])
    chance, rule = find_chance(trials["label"], len(about.class_names))
    judged = {model: judge_model(table[table["model"] == model], about, chance=chance) for model in models}
    figures = tabulate_subjects(judged)
    return clean(
        RunMetrics(
            simulated=simulated,
            task=task,
            class_names=about.class_names,
            ordered=about.ordered,
            chance=chance,
            chance_rule=rule,
            n_subjects=int(trials["subject"].nunique()),
            n_trials=count_trials(table),
            seeds=tuple(sorted({int(seed) for seed in table["seed"]})),
            notes=about.notes,
            models=judged,
            comparisons=_compare(figures),
            ranks=_rank(figures),
            ceiling=None if ceiling is None else compare_with_ceiling(table, ceiling),
        )
    )


def order_models(models: pd.Series) -> list[str]:
    """Facial, ECG, fusion, then all others by name."""
    known = [model for model in MODEL_ORDER if (models == model).any()]
    return known + sorted(set(models.astype(str)) - set(known))


def find_chance(labels: pd.Series, n_classes: int) -> tuple[float, str]:
    """Accuracy of guessing, and by which rule.

    One over the number of classes where they are balanced, else the share of the largest class: whoever always names
    that class reaches it.
    """
    largest = float(labels.value_counts(normalize=True).max())
    if largest * n_classes <= _BALANCED_TO:
        return 1.0 / n_classes, "one over the number of classes"
    return largest, "share of the largest class: the classes are not balanced"


def tabulate_subjects(judged: Mapping[str, ModelMetrics]) -> pd.DataFrame:
    """Accuracy of subjects by models, NaN where a model has no trial of a subject."""
    return pd.DataFrame(
        {
            model: pd.Series({subject.subject: subject.accuracy for subject in figures.subjects})
            for model, figures in judged.items()
        }
    ).sort_index()


def _compare(figures: pd.DataFrame) -> tuple[ModelPair, ...]:
    """All pairs of models over the subjects that both judged; fusion comes first."""
    names = list(figures.columns)
    first = [name for name in names if name.split(":")[0] == "fusion"]
    table = compare_models(figures[first + [name for name in names if name not in first]])
    renamed = table.rename(columns={"difference": "accuracy_difference", "low": "ci95_low", "high": "ci95_high"})
    return tuple(ModelPair(**{str(name): value for name, value in row.items()}) for row in renamed.to_dict("records"))


def _rank(figures: pd.DataFrame) -> ModelRanks | None:
    """Mean ranks with the critical difference; None for one model."""
    if figures.shape[1] < 2:
        return None
    found = rank_models(figures)
    return ModelRanks(
        mean_ranks={str(name): float(rank) for name, rank in found.mean_ranks.items()},
        critical_difference=found.critical_difference,
        groups=found.groups,
        friedman_chi2=found.chi2,
        p_friedman=found.p,
        alpha=found.alpha,
        n_subjects=found.n_subjects,
    )


def compare_protocols(honest: RunMetrics, leaking: RunMetrics) -> ProtocolComparison:
    """Compare a leaking protocol with an honest one on the same data: how much of a headline figure is leakage."""
    gaps = {model: _measure_gap(honest.models[model], judged) for model, judged in leaking.models.items()}
    return clean(ProtocolComparison(protocol=leaking.protocol or "", stamps=leaking.stamps, models=gaps))


def _measure_gap(honest: ModelMetrics, leaking: ModelMetrics) -> LeakageGap:
    """Accuracy of one model under both protocols."""
    accuracy, honest_accuracy = leaking.overall.accuracy, honest.overall.accuracy
    return LeakageGap(accuracy=accuracy, honest_accuracy=honest_accuracy, leakage=accuracy - honest_accuracy)


def clean(value: _Value) -> _Value:
    """Round figures so that bytes are stable, turn NaN and infinity into None, numpy's numbers into Python's."""
    cleaned: _Value = _clean(value)
    return cleaned


def _clean(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in dataclasses.fields(value)]
        return dataclasses.replace(value, **{name: _clean(getattr(value, name)) for name in names})
    if isinstance(value, Mapping):
        return {str(key): _clean(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return tuple(_clean(item) for item in value)
    if isinstance(value, np.generic):
        return _clean(value.item())
    if isinstance(value, float):
        return round(value, _DIGITS) if math.isfinite(value) else None
    return value
