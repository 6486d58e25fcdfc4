"""Figures of one model over trials, subjects, seeds and groups of people.

Input: one model's rows of a `PredictionsTable`. Output: the parts of `ModelMetrics`. Of several seeds every figure is
the mean over them, confusions are summed, and a trial counts once.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import fields, replace

import numpy as np
import pandas as pd

from ecg_facial.evaluation.judging.predictions_table import PredictionsTable
from ecg_facial.evaluation.judging.probabilities import judge_probabilities
from ecg_facial.evaluation.judging.schema import (
    Agreement,
    GroupComparison,
    ModelMetrics,
    OverSeeds,
    OverSubjects,
    Retest,
    SeedMetrics,
    Stratum,
    SubjectMetrics,
)
from ecg_facial.evaluation.statistics.confidence_intervals import difference_of_groups, mean_over_subjects
from ecg_facial.evaluation.statistics.metrics import TrialMetrics, compute_metrics
from ecg_facial.evaluation.statistics.reliability import assess_reliability
from ecg_facial.evaluation.statistics.significance import p_above_chance, p_sign_flip_above_chance

# the figures of `TrialMetrics` that are averaged over seeds; the others are counts
_AVERAGED = tuple(field.name for field in fields(TrialMetrics) if field.name not in ("n_trials", "auroc", "confusion"))
_UNKNOWN = "unknown"


def judge_model(part: pd.DataFrame, about: PredictionsTable, *, chance: float) -> ModelMetrics:
    """Compute every figure of one model.

    Parameters
    ----------
    part : DataFrame
        The model's rows of `about.table`.
    about : PredictionsTable
        Class names, whether they are a scale, and strata.
    chance : float
        Accuracy that the subjects' mean is tested against.
    """
    overall, by_seed = judge_seeds(part, about)
    subjects = [_judge_subject(str(subject), rows, about) for subject, rows in part.groupby("subject", sort=True)]
    probabilities = judge_probabilities(part, about)
    return ModelMetrics(
        overall=overall,
        over_subjects=judge_over_subjects([subject.accuracy for subject in subjects], chance),
        over_seeds=_judge_over_seeds(by_seed),
        strata={name: _judge_stratum(subjects, name, chance) for name in about.strata},
        retest=_judge_retest(part),
        subjects=tuple(subjects),
        calibration=probabilities.calibration,
        abstention=probabilities.abstention,
        conformal=probabilities.conformal,
    )


def judge_seeds(part: pd.DataFrame, about: PredictionsTable) -> tuple[TrialMetrics, list[tuple[int, TrialMetrics]]]:
    """Figures over all seeds, and of each."""
    by_seed = [(int(seed), _compute(rows, about)) for seed, rows in part.groupby("seed", sort=True)]
    judged = [each for _, each in by_seed]
    confusion = np.sum([each.confusion for each in judged], axis=0).tolist()
    overall = replace(
        judged[0],
        **{name: _mean(getattr(each, name) for each in judged) for name in _AVERAGED},
        n_trials=count_trials(part),
        auroc={name: _mean(each.auroc[name] for each in judged) for name in judged[0].auroc},
        confusion=tuple(tuple(row) for row in confusion),
    )
    return overall, by_seed


def _compute(rows: pd.DataFrame, about: PredictionsTable) -> TrialMetrics:
    """Figures of one seed; those that need probabilities are NaN for a model that gives none."""
    probabilities = rows[[f"p_{name}" for name in about.class_names]].to_numpy(np.float64)
    return compute_metrics(
        rows["label"].to_numpy(str),
        rows["predicted"].to_numpy(str),
        class_names=about.class_names,
        probabilities=probabilities if np.isfinite(probabilities).all() else None,
        ordered=about.ordered,
    )


def _judge_over_seeds(by_seed: Sequence[tuple[int, TrialMetrics]]) -> OverSeeds:
    """Figures of each seed, and their standard deviation."""
    each = tuple(
        SeedMetrics(
            seed=seed,
            accuracy=judged.accuracy,
            balanced_accuracy=judged.balanced_accuracy,
            macro_f1=judged.macro_f1,
        )
        for seed, judged in by_seed
    )
    return OverSeeds(
        by_seed=each,
        accuracy_std=_spread([seed.accuracy for seed in each]),
        balanced_accuracy_std=_spread([seed.balanced_accuracy for seed in each]),
        macro_f1_std=_spread([seed.macro_f1 for seed in each]),
    )


def _judge_subject(subject: str, rows: pd.DataFrame, about: PredictionsTable) -> SubjectMetrics:
    """Figures over one subject's trials."""
    judged, _ = judge_seeds(rows, about)
    return SubjectMetrics(
        **vars(judged),
        subject=subject,
        fold=_read_fold(rows["fold"].iloc[0]),
        groups={name: str(rows[name].iloc[0]) for name in about.strata},
    )


def judge_over_subjects(accuracy: Sequence[float], chance: float) -> OverSubjects:
    """Mean, interval and tests over subjects.

    Parameters
    ----------
    accuracy : sequence of float, (n_subjects,)
    chance : float
        Accuracy to test the mean against.
    """
    mean = mean_over_subjects(accuracy)
    return OverSubjects(
        n_subjects=mean.n_subjects,
        accuracy_mean=mean.mean,
        accuracy_std=mean.std,
        ci95_low=mean.low,
        ci95_high=mean.high,
        interval=mean.method,
        p_above_chance=p_above_chance(accuracy, chance),
        p_sign_flip=p_sign_flip_above_chance(accuracy, chance),
    )


def _judge_stratum(subjects: Sequence[SubjectMetrics], name: str, chance: float) -> Stratum:
    """Figures of each group, and the difference where there are two groups."""
    groups: dict[str, list[float]] = {}
    for subject in subjects:
        groups.setdefault(subject.groups[name] or _UNKNOWN, []).append(subject.accuracy)
    judged = {group: judge_over_subjects(groups[group], chance) for group in sorted(groups)}
    if len(judged) != 2:
        return Stratum(groups=judged, difference=None)
    first, second = judged
    difference = difference_of_groups(groups[first], groups[second])
    return Stratum(
        groups=judged,
        difference=GroupComparison(
            first=first,
            second=second,
            accuracy_difference=difference.difference,
            ci95_low=difference.low,
            ci95_high=difference.high,
            p_welch=difference.p,
        ),
    )


def _judge_retest(part: pd.DataFrame) -> Retest:
    """Compare the subjects' accuracies between seeds, and between two halves of their trials.

    Trials are dealt to the halves in turn within each subject and class, so that both halves hold all classes.
    """
    right = part.assign(right=(part["label"] == part["predicted"]).astype(float))
    seeds = right.pivot_table(index="subject", columns="seed", values="right", aggfunc="mean", observed=True)
    order = right.sort_values(["subject", "label", "trial"], kind="stable").drop_duplicates(["subject", "trial"])
    half = order.groupby(["subject", "label"]).cumcount() % 2
    halves = right.merge(order.assign(half=half)[["subject", "trial", "half"]], on=["subject", "trial"])
    by_half = halves.pivot_table(index="subject", columns="half", values="right", aggfunc="mean")
    return Retest(seeds=_judge_agreement(seeds), halves=_judge_agreement(by_half))


def _judge_agreement(sessions: pd.DataFrame) -> Agreement:
    """Agreement of a table of accuracies, subjects by sessions."""
    found = assess_reliability(sessions.to_numpy(np.float64))
    return Agreement(
        n_sessions=found.n_sessions,
        icc_2_1=found.icc_2_1.value,
        icc_2_1_low=found.icc_2_1.low,
        icc_2_1_high=found.icc_2_1.high,
        sem=found.sem,
        smallest_change=found.smallest_change,
    )


def count_trials(part: pd.DataFrame) -> int:
    """Count trials, each once however many models and seeds judged it."""
    return len(part[["subject", "trial"]].drop_duplicates())


def _mean(values: Iterable[float | None]) -> float:
    """Mean of the known values; NaN where none is known."""
    known = [value for value in values if value is not None and not math.isnan(value)]
    return float(np.mean(known)) if known else math.nan


def _spread(values: list[float]) -> float:
    """Sample standard deviation; NaN for one value."""
    return float(np.std(values, ddof=1)) if len(values) > 1 else math.nan


def _read_fold(value: object) -> int | str:
    """Fold as a number where it is one: other programs name folds as they like."""
    text = str(value)
    return int(text) if text.isdigit() else text
