"""How far a model's probabilities can be trusted: calibration, abstention, conformal sets.

Enters: a model's rows of a predictions table. Leaves: JSON-able figures; None for a model without probabilities. Every
seed counts as predictions of its own, and the null band is that of as many trials.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ecg_facial.evaluation.judging.predictions_table import PredictionsTable
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


def judge_trust(part: pd.DataFrame, about: PredictionsTable) -> dict[str, Any]:
    """Judge the probabilities of one model; of several seeds those of the first, so that trials count once.

    Parameters
    ----------
    part : DataFrame
        The model's rows.
    about : PredictionsTable

    Returns
    -------
    dict
        ``calibration``, ``abstention`` and ``conformal``.
    """
    one = part[part["seed"] == part["seed"].min()].drop_duplicates(["subject", "trial"])
    probabilities = one[[f"p_{name}" for name in about.class_names]].to_numpy(np.float64)
    if not np.isfinite(probabilities).all():
        return dict.fromkeys(("calibration", "abstention", "conformal"))
    places = {name: place for place, name in enumerate(about.class_names)}
    labels = np.array([places[name] for name in one["label"]], dtype=np.int64)
    subjects = one["subject"].to_numpy(str)
    return {
        "calibration": _judge_calibration(probabilities, labels),
        "abstention": _judge_abstention(probabilities, labels),
        "conformal": _judge_sets(probabilities, labels, subjects),
    }


def _judge_calibration(probabilities: Floats, labels: Ints) -> dict[str, Any]:
    expected, low, high = ece_null_band(probabilities)
    return {
        "ece": compute_ece(probabilities, labels),
        "ece_null_mean": expected,
        "ece_null_low": low,
        "ece_null_high": high,
        "brier": compute_brier(probabilities, labels),
        "brier_skill": compute_brier_skill(probabilities, labels),
        "log_loss": compute_log_loss(probabilities, labels),
        "n_bins": N_BINS,
        "reliability": [vars(row) for row in bin_confidences(probabilities, labels)],
    }


def _judge_abstention(probabilities: Floats, labels: Ints) -> dict[str, Any] | None:
    found = compute_risk_coverage(probabilities.max(axis=1), probabilities.argmax(axis=1) == labels)
    if found is None:
        return None
    shown = np.unique(np.linspace(0, len(found.coverage) - 1, _CURVE_POINTS).round().astype(int))
    return {
        "aurc": found.aurc,
        "aurc_excess": found.excess,
        "points": [{"coverage": share, "accuracy": found.accuracy_at(share)} for share in SHARES],
        "curve": [[float(found.coverage[place]), float(found.accuracy[place])] for place in shown],
    }


def _judge_sets(probabilities: Floats, labels: Ints, subjects: np.ndarray[Any, Any]) -> dict[str, Any] | None:
    found = cross_conformal(probabilities, labels, list(subjects))
    if found is None:
        return None
    mean = mean_over_subjects(list(found.by_subject.values()))
    return {
        "target": found.target,
        "coverage": found.coverage,
        "ci95_low": mean.low,
        "ci95_high": mean.high,
        "mean_size": found.mean_size,
        "empty": found.empty,
        "coverage_sd_subjects": found.spread,
        "n_calibration_subjects": found.n_calibration_subjects,
        "promised": found.promised,
    }
