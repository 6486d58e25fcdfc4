"""From predictions to the content of `metrics.json`.

Input: a predictions table. Output: `RunMetrics`, with figures per model, comparisons of models, and their ranks.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from ecg_facial.evaluation.judging.ceiling import compare_with_ceiling
from ecg_facial.evaluation.judging.coded import CodedRows, TrialList, code_rows, collect_answers
from ecg_facial.evaluation.judging.model_names import choose_main_model, order_models
from ecg_facial.evaluation.judging.models import SubjectTable, judge_model
from ecg_facial.evaluation.judging.predictions_table import PredictionsTable
from ecg_facial.evaluation.judging.schema import (
    Independence,
    LeakageGap,
    ModelMetrics,
    ModelPair,
    ModelRanks,
    ProtocolComparison,
    RunMetrics,
)
from ecg_facial.evaluation.statistics.model_pairs import PRIMARY, compare_models
from ecg_facial.evaluation.statistics.ranking import group_models, rank_models
from ecg_facial.evaluation.statistics.significance import correct_holm
from ecg_facial.evaluation.statistics.subject_values import average_by_subject

_Value = TypeVar("_Value")
_DIGITS = 6
# level of the primary test of differences, for the diagram of ranks
_ALPHA = 0.05
AGAINST_CHANCE = (
    "sign-flip test over subjects of balanced accuracy less one over the subject's number of classes, and labels "
    "permuted within subjects (the larger p)"
)
"""Name of the primary test against chance."""


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
    rows = code_rows(about)
    model_of = about.table["model"].to_numpy(str)
    models = order_models(about.table["model"])
    parts = {model: rows.select(model_of == model) for model in models}
    people = _describe_subjects(rows, about)
    judged = _correct_models({model: judge_model(part, about, people) for model, part in parts.items()})
    right = pd.DataFrame({model: collect_answers(part).right for model, part in parts.items()})
    chance, chance_balanced, rule = find_chance(rows.trials, len(about.class_names))
    main = choose_main_model(pd.unique(about.table["model"]))
    pairs, ranks = _compare(right, rows.trials, main)
    independence = judge_independence(about)
    return clean(
        RunMetrics(
            stamps=(*_stamp_independence(independence), *_stamp_decisions(about)),
            simulated=simulated,
            task=task,
            class_names=about.class_names,
            ordered=about.ordered,
            chance=chance,
            chance_rule=rule,
            chance_balanced=chance_balanced,
            test_against_chance=AGAINST_CHANCE,
            main_model=main,
            test_of_differences=PRIMARY.format(main=main),
            independence=independence,
            decisions=about.decisions,
            n_disagreeing=about.n_disagreeing,
            n_subjects=len(rows.trials.subjects),
            n_trials=len(rows.trials),
            seeds=tuple(np.unique(rows.seed).tolist()),
            notes=about.notes,
            models=judged,
            comparisons=pairs,
            ranks=ranks,
            ceiling=None if ceiling is None else compare_with_ceiling(about.table, ceiling),
        )
    )


def _describe_subjects(rows: CodedRows, about: PredictionsTable) -> SubjectTable:
    """Take groups and fold of each subject from their first row."""
    first = np.unique(rows.subject, return_index=True)[1]
    one = about.table.iloc[first]
    return SubjectTable(
        groups={name: one[name].astype(str).tolist() for name in about.strata}, folds=one["fold"].astype(str).tolist()
    )


def _correct_models(judged: Mapping[str, ModelMetrics]) -> dict[str, ModelMetrics]:
    """Correct the tests against chance for the number of models."""
    p_values = [math.nan if (p := each.over_subjects.p_above_chance) is None else p for each in judged.values()]
    corrected = correct_holm(p_values).tolist()
    return {
        model: replace(each, p_above_chance_holm=p) for (model, each), p in zip(judged.items(), corrected, strict=True)
    }


def judge_independence(about: PredictionsTable) -> Independence:
    """Say what a table proves about whom its models had seen."""
    one = about.table[["subject", "model", "seed", "fold"]].drop_duplicates()
    folds = one.groupby(["model", "seed", "subject"], observed=True).size()
    several = len(set(folds[folds > 1].index.get_level_values("subject")))
    n_subjects = about.table["subject"].nunique()
    if several:
        said = f"NOT SUBJECT-INDEPENDENT: {several} of {n_subjects} subjects are in several folds of one seed"
        return Independence(shown="no", sentence=said, subjects_in_several_folds=several)
    if about.table["fold"].astype(str).nunique() > 1:
        said = "each subject is in one fold of a seed; the file does not say whom the models of a fold had seen"
    else:
        said = "the file does not say whom the models had seen"
    return Independence(shown="unknown", sentence=said, subjects_in_several_folds=0)


def _stamp_independence(found: Independence) -> tuple[str, ...]:
    return (found.sentence,) if found.shown == "no" else ()


def _stamp_decisions(about: PredictionsTable) -> tuple[str, ...]:
    """Warn where decisions contradict probabilities."""
    if not about.n_disagreeing:
        return ()
    chosen = "the column predicted" if about.decisions == "predicted" else "the most probable class"
    return (
        f"DECISIONS CONTRADICT PROBABILITIES: in {about.n_disagreeing} of {len(about.table)} rows the column predicted "
        f"is not the most probable class; {chosen} counts (--decisions)",
    )


def find_chance(trials: TrialList, n_classes: int) -> tuple[float, float, str]:
    """Accuracy over subjects that is reached without looking, balanced accuracy of guessing, and the rule.

    The accuracy is that of the best answer that is the same for all trials of a subject: the subject's own most
    frequent class. Of balanced classes it is one over their number; some lost trials raise it. So it is shown beside
    accuracies, but no test is made against it.
    """
    counts = np.bincount(trials.subject * n_classes + trials.true, minlength=len(trials.subjects) * n_classes)
    counts = counts.reshape(-1, n_classes)
    accuracy = float((counts.max(axis=1) / counts.sum(axis=1)).mean())
    balanced = float((1 / (counts > 0).sum(axis=1)).mean())
    if math.isclose(accuracy, 1 / n_classes):
        return accuracy, balanced, "one over the number of classes: each subject has as many trials of each"
    return accuracy, balanced, "always each subject's most frequent class: the classes are not balanced"


def _compare(right: pd.DataFrame, trials: TrialList, main: str) -> tuple[tuple[ModelPair, ...], ModelRanks | None]:
    """All pairs of models over the trials that both answered, the main model's first; ranks over those of all."""
    names = [main, *(name for name in right.columns if name != main)]
    table = compare_models(right[names], trials.subject.tolist(), main=main)
    renamed = table.rename(columns={"difference": "accuracy_difference", "low": "ci95_low", "high": "ci95_high"})
    pairs = tuple(ModelPair(**{str(name): value for name, value in row.items()}) for row in renamed.to_dict("records"))
    return pairs, _rank(right, trials, table) if len(names) > 1 else None


def _rank(right: pd.DataFrame, trials: TrialList, pairs: pd.DataFrame) -> ModelRanks:
    """Mean ranks over subjects, on the trials that all models answered, with groups by the primary test."""
    common = right.notna().all(axis=1).to_numpy()
    by_subject = average_by_subject(right.to_numpy(np.float64)[common], trials.subject[common])
    found = rank_models(pd.DataFrame(by_subject, columns=right.columns))
    names = [str(name) for name in found.mean_ranks.index]
    return ModelRanks(
        mean_ranks={str(name): float(rank) for name, rank in found.mean_ranks.items()},
        groups=group_models(names, pairs, alpha=_ALPHA) if found.n_subjects else (),
        friedman_chi2=found.chi2,
        p_friedman=found.p,
        alpha=_ALPHA,
        n_subjects=found.n_subjects,
        n_trials=int(common.sum()),
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


def _clean(value: Any, *, name: str = "") -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in dataclasses.fields(value)]
        return dataclasses.replace(value, **{each: _clean(getattr(value, each), name=each) for each in names})
    if isinstance(value, Mapping):
        return {str(key): _clean(item, name=name) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return tuple(_clean(item, name=name) for item in value)
    if isinstance(value, np.generic):
        return _clean(value.item(), name=name)
    if isinstance(value, float):
        return _round(value, name) if math.isfinite(value) else None
    return value


def _round(value: float, name: str) -> float:
    """Round a share or the like to decimals, and a p value to significant digits: none of these is 0."""
    return float(f"{value:.{_DIGITS}g}") if name.startswith("p_") else round(value, _DIGITS)
