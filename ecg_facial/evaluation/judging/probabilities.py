"""Calibration, abstention and conformal sets of one model's probabilities.

Input: one model's rows of a predictions table. Output: the parts of `ModelMetrics` that judge probabilities; None for a
model that gives none. Of several seeds the first is taken, so that each trial counts once: bins, null bands and
conformal sets are about a number of independent trials.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

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
from ecg_facial.evaluation.statistics.conformal import cross_conformal

Floats = np.ndarray[Any, np.dtype[np.float64]]
Ints = np.ndarray[Any, np.dtype[np.int64]]
_CURVE_POINTS = 100


@dataclass(frozen=True, kw_only=True)
class ProbabilityMetrics:
    """Calibration, abstention and conformal sets; all None for a model that gives no probabilities."""

    calibration: CalibrationMetrics | None = None
    abstention: AbstentionMetrics | None = None
    conformal: ConformalMetrics | None = None


def judge_probabilities(part: pd.DataFrame, about: PredictionsTable) -> ProbabilityMetrics:
    """Judge the probabilities of one model; of several seeds those of the first.

    Parameters
    ----------
    part : DataFrame
        The model's rows.
    about : PredictionsTable
    """
    one = part[part["seed"] == part["seed"].min()].drop_duplicates(["subject", "trial"])
    probabilities = one[[f"p_{name}" for name in about.class_names]].to_numpy(np.float64)
    if not np.isfinite(probabilities).all():
        return ProbabilityMetrics()
    places = {name: place for place, name in enumerate(about.class_names)}
    labels = np.array([places[name] for name in one["label"]], dtype=np.int64)
    subjects = one["subject"].to_numpy(str)
    return ProbabilityMetrics(
        calibration=_judge_calibration(probabilities, labels),
        abstention=_judge_abstention(probabilities, labels),
        conformal=_judge_sets(probabilities, labels, subjects),
    )


def _judge_calibration(probabilities: Floats, labels: Ints) -> CalibrationMetrics:
    """Calibration error with its null band, proper scores, and the bins of a reliability diagram."""
    expected, low, high = ece_null_band(probabilities)
    return CalibrationMetrics(
        ece=compute_ece(probabilities, labels),
        ece_null_mean=expected,
        ece_null_low=low,
        ece_null_high=high,
        brier=compute_brier(probabilities, labels),
        brier_skill=compute_brier_skill(probabilities, labels),
        log_loss=compute_log_loss(probabilities, labels),
        n_bins=N_BINS,
        reliability=tuple(bin_confidences(probabilities, labels)),
    )


def _judge_abstention(probabilities: Floats, labels: Ints) -> AbstentionMetrics | None:
    """Risk-coverage curve by the confidence in the predicted class, thinned for the file."""
    found = compute_risk_coverage(probabilities.max(axis=1), probabilities.argmax(axis=1) == labels)
    if found is None:
        return None
    shown = np.unique(np.linspace(0, len(found.coverage) - 1, _CURVE_POINTS).round().astype(int))
    return AbstentionMetrics(
        aurc=found.aurc,
        aurc_excess=found.excess,
        points=tuple(CoveragePoint(coverage=share, accuracy=found.accuracy_at(share)) for share in SHARES),
        curve=tuple((float(found.coverage[place]), float(found.accuracy[place])) for place in shown),
    )


def _judge_sets(probabilities: Floats, labels: Ints, subjects: np.ndarray[Any, Any]) -> ConformalMetrics | None:
    """Coverage and size of conformal sets, each subject's calibrated on all others; None for one subject."""
    found = cross_conformal(probabilities, labels, list(subjects))
    if found is None:
        return None
    mean = mean_over_subjects(list(found.by_subject.values()))
    return ConformalMetrics(
        target=found.target,
        coverage=found.coverage,
        ci95_low=mean.low,
        ci95_high=mean.high,
        mean_size=found.mean_size,
        empty=found.empty,
        coverage_sd_subjects=found.spread,
        n_calibration_subjects=found.n_calibration_subjects,
        promised=found.promised,
    )
