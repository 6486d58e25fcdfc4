"""Figures of one model over trials, subjects, seeds and groups of people.

Input: one model's rows of a predictions table, coded. Output: the parts of `ModelMetrics`. Of several seeds every
figure is the mean over them, confusions are summed, and a trial counts once. Trials without a prediction are left out,
counted, and counted as wrong beside the figures (`Answers`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import pandas as pd

from ecg_facial.evaluation.judging.coded import CodedRows, TrialAnswers, collect_answers
from ecg_facial.evaluation.judging.predictions_table import PredictionsTable
from ecg_facial.evaluation.judging.probabilities import judge_probabilities
from ecg_facial.evaluation.judging.schema import (
    Agreement,
    Answers,
    GroupComparison,
    ModelMetrics,
    OverSeeds,
    OverSubjects,
    Retest,
    SeedMetrics,
    Stratum,
    SubjectFigure,
    SubjectMetrics,
)
from ecg_facial.evaluation.statistics.calibration_error import score_trials
from ecg_facial.evaluation.statistics.confidence_intervals import difference_of_groups, mean_over_subjects
from ecg_facial.evaluation.statistics.metrics import GroupMetrics, TrialMetrics, compute_group_metrics, find_points
from ecg_facial.evaluation.statistics.reliability import assess_reliability
from ecg_facial.evaluation.statistics.significance import Excess, measure_excess, p_above_guessing
from ecg_facial.runtime.typing import BoolArray, Float64Array, Int64Array

# the figures of `TrialMetrics` that are averaged over seeds; the others are counts
_AVERAGED = tuple(field.name for field in fields(TrialMetrics) if field.name not in ("n_trials", "auroc", "confusion"))
# what a mean of each figure can be; None where there is no limit
_BOUNDS = {
    "kappa_quadratic": (-1.0, 1.0), "mae_level": (0.0, math.inf), "mae_mean_level": (0.0, math.inf),
    "mae_points": (0.0, math.inf), "mae_mean_points": (0.0, math.inf),
    "brier": (0.0, 2.0), "log_loss": (0.0, math.inf),
}  # fmt: skip
_SHARE = (0.0, 1.0)
_UNKNOWN = "unknown"


@dataclass(frozen=True, eq=False, kw_only=True)
class SubjectTable:
    """What is known of the subjects of a file, by their place.

    Attributes
    ----------
    groups : mapping of str to sequence of str
        Group of each subject, by stratum.
    folds : sequence of str
        The fold that tested each subject.
    """

    groups: Mapping[str, Sequence[str]]
    folds: Sequence[str]


def judge_model(rows: CodedRows, about: PredictionsTable, people: SubjectTable) -> ModelMetrics:
    """Compute every figure of one model.

    Parameters
    ----------
    rows : CodedRows
        The model's rows; one or more of them with an answer.
    about : PredictionsTable
        Class names, whether they are a scale, and strata.
    people : SubjectTable
    """
    answered, answers = rows.answered, collect_answers(rows)
    overall, by_seed = judge_seeds(answered, about)
    by_subject = [_judge_groups(part, about) for _, part in split_by_seed(answered)]
    figures = {name: _mean_known([each.figures[name] for each in by_subject]) for name in _AVERAGED}
    excess = measure_excess([each.confusion for each in by_subject])
    judged = np.isfinite(figures["accuracy"])
    probabilities = judge_probabilities(rows, about)
    return ModelMetrics(
        overall=overall,
        answers=_judge_answers(rows, answers, about),
        over_subjects=_judge_over_subjects(figures["accuracy"], excess),
        figures=_judge_figures(figures, answered, about),
        over_seeds=_judge_over_seeds(by_seed),
        strata={
            name: _judge_stratum(figures["accuracy"], excess, people.groups[name], judged) for name in about.strata
        },
        retest=_judge_retest(rows, answers),
        subjects=_list_subjects(by_subject, figures, rows, answers, about=about, people=people),
        calibration=probabilities.calibration,
        abstention=probabilities.abstention,
        conformal=probabilities.conformal,
    )


def split_by_seed(rows: CodedRows) -> list[tuple[int, CodedRows]]:
    """Rows of each seed, in the order of the seeds."""
    return [(int(seed), rows.select(rows.seed == seed)) for seed in np.unique(rows.seed)]


def judge_seeds(answered: CodedRows, about: PredictionsTable) -> tuple[TrialMetrics, list[tuple[int, TrialMetrics]]]:
    """Figures over all seeds, and of each."""
    by_seed = [(seed, _judge_all(part, about)) for seed, part in split_by_seed(answered)]
    judged = [each for _, each in by_seed]
    confusion = np.sum([each.confusion for each in judged], axis=0).tolist()
    overall = replace(
        judged[0],
        **{name: _mean(getattr(each, name) for each in judged) for name in _AVERAGED},
        n_trials=len(np.unique(answered.trial)),
        auroc={name: _mean(each.auroc[name] for each in judged) for name in judged[0].auroc},
        confusion=tuple(tuple(row) for row in confusion),
    )
    return overall, by_seed


def _judge_all(rows: CodedRows, about: PredictionsTable) -> TrialMetrics:
    """Figures over all trials of one seed; those that need probabilities are NaN for a model that gives none."""
    nobody_apart = np.zeros(len(rows.trial), np.int64)
    return _judge_groups(rows, about, group=nobody_apart, n_groups=1).to_metrics(0, about.class_names)


def _judge_groups(
    rows: CodedRows, about: PredictionsTable, *, group: Int64Array | None = None, n_groups: int | None = None
) -> GroupMetrics:
    """Figures of each group of rows: of each subject, where no other groups are given."""
    return compute_group_metrics(
        rows.true,
        rows.guess,
        rows.subject if group is None else group,
        n_groups=len(rows.trials.subjects) if n_groups is None else n_groups,
        n_classes=len(about.class_names),
        probabilities=rows.known_probabilities(),
        ordered=about.ordered,
        points=find_points(about.class_names),
    )


def _judge_answers(rows: CodedRows, answers: TrialAnswers, about: PredictionsTable) -> Answers:
    """Count what is without a prediction, and count it as wrong."""
    trials, n_classes = rows.trials, len(about.class_names)
    lacking = answers.answered < 1
    recall = _average(answers.as_wrong, trials.true, n_classes)
    by_subject = _average(answers.as_wrong, trials.subject, len(trials.subjects))
    none_at_all = np.bincount(trials.subject, answers.answered, len(trials.subjects)) == 0
    return Answers(
        n_trials=len(trials),
        n_by_class=_count_classes(trials.true, about.class_names),
        n_answered=int((~lacking).sum()),
        n_unanswered=int(lacking.sum()),
        coverage=float(answers.answered.mean()),
        unanswered_by_class=_count_classes(trials.true[lacking], about.class_names),
        subjects_unanswered=tuple(str(name) for name in trials.subjects[none_at_all]),
        accuracy_as_wrong=float(answers.as_wrong.mean()),
        balanced_accuracy_as_wrong=float(np.nanmean(recall)),
        recall_as_wrong=dict(zip(about.class_names, recall.tolist(), strict=True)),
        over_subjects_as_wrong=_judge_figure(by_subject, _SHARE),
    )


def _count_classes(true: Int64Array, class_names: Sequence[str]) -> dict[str, int]:
    return dict(zip(class_names, np.bincount(true, minlength=len(class_names)).tolist(), strict=True))


def _average(values: Float64Array, group: Int64Array, n_groups: int) -> Float64Array:
    """Mean of each group; NaN for an empty one."""
    n = np.bincount(group, minlength=n_groups)
    mean = np.full(n_groups, np.nan)
    np.divide(np.bincount(group, values, n_groups), n, out=mean, where=n > 0)
    return mean


def _judge_figures(
    figures: Mapping[str, Float64Array], answered: CodedRows, about: PredictionsTable
) -> dict[str, SubjectFigure]:
    """Every figure of merit over subjects, with its interval."""
    of_probabilities = {}
    known = answered.known_probabilities()
    if known is not None:
        n_subjects = len(answered.trials.subjects)
        scores = score_trials(known, answered.true)
        of_probabilities = {name: _average(each, answered.subject, n_subjects) for name, each in scores.items()}
    return {
        name: _judge_figure(values, _BOUNDS.get(name, _SHARE))
        for name, values in {**figures, **of_probabilities}.items()
    }


def _judge_figure(values: Float64Array, bounds: tuple[float, float]) -> SubjectFigure:
    mean = mean_over_subjects(values, bounds=bounds)
    return SubjectFigure(
        n_subjects=mean.n_subjects,
        mean=mean.mean,
        std=mean.std,
        ci95_low=mean.low,
        ci95_high=mean.high,
        interval=mean.method,
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


def _list_subjects(
    by_seed: Sequence[GroupMetrics],
    figures: Mapping[str, Float64Array],
    rows: CodedRows,
    answers: TrialAnswers,
    *,
    about: PredictionsTable,
    people: SubjectTable,
) -> tuple[SubjectMetrics, ...]:
    """Figures of every subject with an answer."""
    trials, names = rows.trials, about.class_names
    n = np.bincount(trials.subject[answers.answered > 0], minlength=len(trials.subjects))
    lacking = np.bincount(trials.subject[answers.answered < 1], minlength=len(trials.subjects))
    auroc, confusion = _mean_known([each.auroc for each in by_seed]), np.sum([each.confusion for each in by_seed], 0)
    return tuple(
        SubjectMetrics(
            n_trials=int(n[place]),
            **{name: float(values[place]) for name, values in figures.items()},
            auroc=dict(zip(names, auroc[place].tolist(), strict=True)),
            confusion=tuple(tuple(row) for row in confusion[place].tolist()),
            subject=str(trials.subjects[place]),
            fold=_read_fold(people.folds[place]),
            n_unanswered=int(lacking[place]),
            groups={name: str(people.groups[name][place]) for name in about.strata},
        )
        for place in np.flatnonzero(n).tolist()
    )


def _judge_over_subjects(accuracy: Float64Array, excess: Excess) -> OverSubjects:
    """Mean and interval of the accuracy over subjects, and the primary test against chance.

    Parameters
    ----------
    accuracy : ndarray, shape (n_subjects,)
        NaN where a subject has none.
    excess : Excess
        Of the same subjects.
    """
    mean = _judge_figure(accuracy, _SHARE)
    return OverSubjects(
        n_subjects=mean.n_subjects,
        accuracy_mean=_mean(accuracy.tolist()),
        accuracy_std=mean.std,
        ci95_low=mean.ci95_low,
        ci95_high=mean.ci95_high,
        interval=mean.interval,
        excess_over_chance=_mean(excess.value.tolist()),
        p_above_chance=p_above_guessing(excess),
    )


def _judge_stratum(accuracy: Float64Array, excess: Excess, groups: Sequence[str], judged: BoolArray) -> Stratum:
    """Figures of each group, and the difference where there are two groups."""
    of_group = np.array([group or _UNKNOWN for group in groups], dtype=np.str_)
    names = sorted(set(of_group[judged].tolist()))
    found = {name: _judge_over_subjects(accuracy[of_group == name], excess.select(of_group == name)) for name in names}
    if len(names) != 2:
        return Stratum(groups=found, difference=None)
    difference = difference_of_groups(*(accuracy[of_group == name] for name in names), bounds=(-1.0, 1.0))
    return Stratum(
        groups=found,
        difference=GroupComparison(
            first=names[0],
            second=names[1],
            accuracy_difference=difference.difference,
            ci95_low=difference.low,
            ci95_high=difference.high,
            p_welch=difference.p,
        ),
    )


def _judge_retest(rows: CodedRows, answers: TrialAnswers) -> Retest:
    """Compare the subjects' accuracies between seeds, and between two halves of their trials.

    Trials are dealt to the halves in turn within each subject and class, so that both halves hold all classes.
    """
    trials, n_subjects = rows.trials, len(rows.trials.subjects)
    by_seed = [
        _average(part.right.astype(np.float64), part.subject, n_subjects) for _, part in split_by_seed(rows.answered)
    ]
    known = np.isfinite(answers.right)
    subject, right = trials.subject[known], answers.right[known]
    # trials are sorted by subject and name, so that the count within a class follows the names
    place = subject * (trials.true.max(initial=0) + 1) + trials.true[known]
    half = pd.Series(place).groupby(place).cumcount().to_numpy() % 2
    by_half = [_average(right[half == side], subject[half == side], n_subjects) for side in (0, 1)]
    return Retest(seeds=_judge_agreement(by_seed), halves=_judge_agreement(by_half))


def _judge_agreement(sessions: Sequence[Float64Array]) -> Agreement:
    """Agreement of the subjects' accuracies in several sessions; subjects without any are left out."""
    table = np.stack(sessions, axis=1)
    found = assess_reliability(table[np.isfinite(table).any(axis=1)])
    return Agreement(
        n_sessions=found.n_sessions,
        icc_2_1=found.icc_2_1.value,
        icc_2_1_low=found.icc_2_1.low,
        icc_2_1_high=found.icc_2_1.high,
        sem=found.sem,
        smallest_change=found.smallest_change,
    )


def _mean(values: Iterable[float | None]) -> float:
    """Mean of the known values; NaN where none is known."""
    known = [value for value in values if value is not None and not math.isnan(value)]
    return float(np.mean(known)) if known else math.nan


def _mean_known(arrays: Sequence[Float64Array]) -> Float64Array:
    """Mean over arrays of what is known at each place; NaN where nothing is."""
    values = np.stack(arrays)
    n = np.isfinite(values).sum(axis=0)
    mean = np.full(n.shape, np.nan)
    np.divide(np.nansum(values, axis=0), n, out=mean, where=n > 0)
    return mean


def _spread(values: list[float]) -> float:
    """Sample standard deviation; NaN for one value."""
    return float(np.std(values, ddof=1)) if len(values) > 1 else math.nan


def _read_fold(value: object) -> int | str:
    """Fold as a number where it is one: other programs name folds as they like."""
    text = str(value)
    return int(text) if text.isdigit() else text
