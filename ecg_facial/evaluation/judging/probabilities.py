"""Calibration, abstention and conformal sets of one model's probabilities.

Input: one model's rows, coded. Output: the parts of `ModelMetrics` that judge probabilities; None for a model that
gives none. Each seed is judged by itself, so that a trial counts once, and numbers are the mean over seeds; bins and
curves are those of the first seed, which is named.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ecg_facial.evaluation.judging.coded import CodedRows
from ecg_facial.evaluation.judging.predictions_table import PredictionsTable
from ecg_facial.evaluation.judging.schema import (
    AbstentionMetrics,
    CalibrationMetrics,
    ConformalMetrics,
    CoveragePoint,
)
from ecg_facial.evaluation.statistics.abstention import SHARES, compute_risk_coverage
from ecg_facial.evaluation.statistics.calibration_error import (
    N_BINS,
    bin_confidences,
    compute_brier,
    compute_brier_skill,
    compute_ece,
    compute_log_loss,
    ece_null_band,
)
from ecg_facial.evaluation.statistics.confidence_intervals import mean_over_subjects
from ecg_facial.evaluation.statistics.conformal import SetCoverage, cross_conformal
from ecg_facial.runtime.typing import Float64Array, Int64Array

_CURVE_POINTS = 100


@dataclass(frozen=True, kw_only=True)
class ProbabilityMetrics:
    """Calibration, abstention and conformal sets; all None for a model that gives no probabilities."""

    calibration: CalibrationMetrics | None = None
    abstention: AbstentionMetrics | None = None
    conformal: ConformalMetrics | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class _Seed:
    """Probabilities of one seed, each trial once."""

    seed: int
    probabilities: Float64Array
    labels: Int64Array
    subjects: list[str]
    n_declined: int


def judge_probabilities(rows: CodedRows, about: PredictionsTable) -> ProbabilityMetrics:
    """Judge the probabilities of one model.

    Parameters
    ----------
    rows : CodedRows
        The model's rows.
    about : PredictionsTable
    """
    if rows.answered.known_probabilities() is None:
        return ProbabilityMetrics()
    seeds = [_take_seed(rows.answered, int(seed)) for seed in np.unique(rows.answered.seed)]
    return ProbabilityMetrics(
        calibration=_judge_calibration(seeds), abstention=_judge_abstention(seeds), conformal=_judge_sets(seeds)
    )


def _take_seed(answered: CodedRows, seed: int) -> _Seed:
    """Rows of a seed; of a trial that several folds tested, the first."""
    own = answered.select(answered.seed == seed)
    one = own.select(np.isin(np.arange(len(own.trial)), np.unique(own.trial, return_index=True)[1]))
    return _Seed(
        seed=seed,
        probabilities=one.probabilities,
        labels=one.true,
        subjects=one.trials.subjects[one.subject].tolist(),
        n_declined=len(one.trials) - len(one.trial),
    )


def _judge_calibration(seeds: Sequence[_Seed]) -> CalibrationMetrics:
    """Calibration error with its null band, proper scores, and the bins of a reliability diagram."""
    band = np.mean([ece_null_band(each.probabilities) for each in seeds], axis=0)
    first = seeds[0]
    error, brier, skill, loss = np.mean(
        [
            [
                judge(each.probabilities, each.labels)
                for judge in (compute_ece, compute_brier, compute_brier_skill, compute_log_loss)
            ]
            for each in seeds
        ],
        axis=0,
    ).tolist()
    return CalibrationMetrics(
        ece=error,
        ece_null_mean=float(band[0]),
        ece_null_low=float(band[1]),
        ece_null_high=float(band[2]),
        brier=brier,
        brier_skill=skill,
        log_loss=loss,
        n_bins=N_BINS,
        seeds=tuple(each.seed for each in seeds),
        reliability_seed=first.seed,
        reliability=tuple(bin_confidences(first.probabilities, first.labels)),
    )


def _judge_abstention(seeds: Sequence[_Seed]) -> AbstentionMetrics | None:
    """Risk-coverage curve by the confidence in the predicted class, thinned for the file."""
    found = [
        curve
        for each in seeds
        if (
            curve := compute_risk_coverage(
                each.probabilities.max(axis=1),
                each.probabilities.argmax(axis=1) == each.labels,
                n_declined=each.n_declined,
            )
        )
    ]
    if not found:
        return None
    first = found[0]
    shown = np.unique(np.linspace(0, len(first.coverage) - 1, _CURVE_POINTS).round().astype(int))
    return AbstentionMetrics(
        aurc=float(np.mean([curve.aurc for curve in found])),
        aurc_excess=float(np.mean([curve.excess for curve in found])),
        points=tuple(
            CoveragePoint(coverage=share, accuracy=float(np.mean([curve.accuracy_at(share) for curve in found])))
            for share in SHARES
        ),
        seeds=tuple(each.seed for each in seeds),
        curve_seed=seeds[0].seed,
        curve=tuple((float(first.coverage[place]), float(first.accuracy[place])) for place in shown),
    )


def _judge_sets(seeds: Sequence[_Seed]) -> ConformalMetrics | None:
    """Coverage and size of conformal sets, each subject's calibrated on all others; None for one subject."""
    found = [
        sets for each in seeds if (sets := cross_conformal(each.probabilities, each.labels, each.subjects)) is not None
    ]
    if not found:
        return None
    by_subject = _average_subjects(found)
    mean = mean_over_subjects(list(by_subject.values()), bounds=(0.0, 1.0))
    spread = replace(found[0], by_subject=by_subject).spread
    return ConformalMetrics(
        target=found[0].target,
        coverage=mean.mean,
        ci95_low=mean.low,
        ci95_high=mean.high,
        mean_size=float(np.mean([sets.mean_size for sets in found])),
        empty=float(np.mean([sets.empty for sets in found])),
        coverage_sd_subjects=spread,
        n_calibration_subjects=min(sets.n_calibration_subjects for sets in found),
        promised=all(sets.promised for sets in found),
        seeds=tuple(each.seed for each in seeds),
    )


def _average_subjects(found: Sequence[SetCoverage]) -> dict[str, float]:
    """Coverage of each subject, mean over the seeds that have them."""
    values: dict[str, list[float]] = {}
    for sets in found:
        for name, covered in sets.by_subject.items():
            values.setdefault(name, []).append(covered)
    return {name: float(np.mean(each)) for name, each in values.items()}
