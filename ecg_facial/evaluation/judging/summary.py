"""From predictions to the content of `metrics.json`.

Enters: a predictions table. Leaves: JSON-able figures per model, comparisons of models, and their ranks.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from ecg_facial.evaluation.judging.ceiling import compare_with_ceiling
from ecg_facial.evaluation.judging.models import count_trials, judge_model
from ecg_facial.evaluation.judging.predictions import MODEL_ORDER
from ecg_facial.evaluation.judging.predictions_table import PredictionsTable
from ecg_facial.evaluation.judging.probabilities import judge_trust
from ecg_facial.evaluation.statistics.model_pairs import compare_models
from ecg_facial.evaluation.statistics.ranking import rank_models

_DIGITS = 6
# Classes are taken for balanced up to a tenth: some trials of a balanced experiment are always lost.
_BALANCED_TO = 1.1


def summarise_predictions(about: PredictionsTable, *, task: str, ceiling: pd.DataFrame | None = None) -> dict[str, Any]:
    """Judge every model of a predictions table.

    Parameters
    ----------
    about : PredictionsTable
    task : str
        What to call it.
    ceiling : DataFrame, optional
        The ideal observer's predictions, where the data are simulated: the key ``ceiling`` sets each model beside them.

    Returns
    -------
    dict
        Content of `metrics.json`; None for what cannot be computed. ``chance`` is the accuracy of guessing: one over
        the number of classes where they are balanced, else the share of the largest.
    """
    table = about.table
    models = order_models(table["model"])
    trials = table.drop_duplicates(["subject", "trial"])
    chance, rule = find_chance(trials["label"], len(about.class_names))
    judged = {model: _judge(table[table["model"] == model], about, chance) for model in models}
    figures = tabulate_subjects(judged)
    summary: dict[str, Any] = clean(
        {
            "task": task,
            "class_names": list(about.class_names),
            "ordered": about.ordered,
            "chance": chance,
            "chance_rule": rule,
            "n_subjects": int(trials["subject"].nunique()),
            "n_trials": count_trials(table),
            "seeds": sorted({int(seed) for seed in table["seed"]}),
            "notes": list(about.notes),
            "models": judged,
            "comparisons": _compare(figures),
            "ranks": _rank(figures),
            **({} if ceiling is None else {"ceiling": compare_with_ceiling(table, ceiling)}),
        }
    )
    return summary


def order_models(models: pd.Series) -> list[str]:
    """Facial, ECG, fusion, then all others by name."""
    known = [model for model in MODEL_ORDER if (models == model).any()]
    return known + sorted(set(models.astype(str)) - set(known))


def find_chance(labels: pd.Series, n_classes: int) -> tuple[float, str]:
    """Accuracy of guessing, and by which rule."""
    largest = float(labels.value_counts(normalize=True).max())
    if largest * n_classes <= _BALANCED_TO:
        return 1.0 / n_classes, "one over the number of classes"
    return largest, "share of the largest class: the classes are not balanced"


def tabulate_subjects(judged: dict[str, dict[str, Any]], figure: str = "accuracy") -> pd.DataFrame:
    """Subjects by models, NaN where a model has no trial of a subject."""
    return pd.DataFrame(
        {
            model: pd.Series({subject["subject"]: subject[figure] for subject in figures["subjects"]})
            for model, figures in judged.items()
        }
    ).sort_index()


def _judge(part: pd.DataFrame, about: PredictionsTable, chance: float) -> dict[str, Any]:
    return {**judge_model(part, about, chance=chance), **judge_trust(part, about)}


def _compare(figures: pd.DataFrame) -> list[dict[str, Any]]:
    """All pairs of models over the subjects that both judged; fusion comes first."""
    names = list(figures.columns)
    first = [name for name in names if name.split(":")[0] == "fusion"]
    table = compare_models(figures[first + [name for name in names if name not in first]])
    renamed = table.rename(columns={"difference": "accuracy_difference", "low": "ci95_low", "high": "ci95_high"})
    return [{str(name): value for name, value in row.items()} for row in renamed.to_dict("records")]


def _rank(figures: pd.DataFrame) -> dict[str, Any] | None:
    """Mean ranks with the critical difference; None for one model."""
    if figures.shape[1] < 2:
        return None
    found = rank_models(figures)
    return {
        "mean_ranks": {str(name): float(rank) for name, rank in found.mean_ranks.items()},
        "critical_difference": found.critical_difference,
        "groups": [list(group) for group in found.groups],
        "friedman_chi2": found.chi2,
        "p_friedman": found.p,
        "alpha": found.alpha,
        "n_subjects": found.n_subjects,
    }


def compare_protocols(honest: dict[str, Any], leaking: dict[str, Any]) -> dict[str, Any]:
    """Set a leaking protocol beside an honest one on the same data: what share of a headline figure is leakage.

    Returns
    -------
    dict
        ``protocol`` and ``stamps`` of the leaking one; by model its accuracy, the honest accuracy, and ``leakage``,
        their difference.
    """
    models = {}
    for model, judged in leaking["models"].items():
        pair = judged["overall"]["accuracy"], honest["models"][model]["overall"]["accuracy"]
        models[model] = {"accuracy": pair[0], "honest_accuracy": pair[1], "leakage": pair[0] - pair[1]}
    cleaned: dict[str, Any] = clean({"protocol": leaking["protocol"], "stamps": leaking["stamps"], "models": models})
    return cleaned


def clean(value: Any) -> Any:
    """Round figures so that bytes are stable, turn NaN and infinity into None, numpy's numbers into Python's."""
    if isinstance(value, dict):
        return {str(key): clean(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [clean(item) for item in value]
    if isinstance(value, np.generic):
        return clean(value.item())
    if isinstance(value, float):
        return round(value, _DIGITS) if math.isfinite(value) else None
    return value
