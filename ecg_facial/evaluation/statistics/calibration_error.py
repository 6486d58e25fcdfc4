"""How honest probabilities are: expected calibration error with its null band, Brier score, log loss, reliability.

Enters: probabilities and class indices. Leaves: figures and bins. The calibration error of a PERFECT model is far from
0 on few trials, so that it is never shown without its null band. It has no interval over subjects: resampled, an
absolute value only grows. How much too sure a model is has a sign, and so an interval.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy

from ecg_facial.errors import SettingsError
from ecg_facial.evaluation.statistics.confidence_intervals import SubjectMean, mean_over_subjects
from ecg_facial.runtime.records import Record
from ecg_facial.runtime.typing import BoolArray, Float64Array, Int64Array

N_BINS = 15
_N_DRAWS, _SEED = 1000, 0
_FLOOR = 1e-12
_CHUNK = 4_000_000


@dataclass(frozen=True, kw_only=True)
class Bin(Record):
    """Trials of like confidence, one point of a reliability diagram.

    Attributes
    ----------
    n : int
        Trials in the bin.
    confidence : float, 0 to 1
        Their mean confidence.
    accuracy : float, 0 to 1
        Share of them that is right.
    low : float, 0 to 1
        Lower limit of the 95 % Wilson interval of `accuracy`.
    high : float, 0 to 1
        Upper limit.
    """

    n: int
    confidence: float
    accuracy: float
    low: float
    high: float


def compute_ece(probabilities: Float64Array, labels: Int64Array, *, n_bins: int = N_BINS) -> float:
    """Compute the expected calibration error of the top label, in bins of equal width; NaN without trials.

    Parameters
    ----------
    probabilities : ndarray, shape (n, n_classes)
    labels : ndarray of int, shape (n,)
    n_bins : int

    Raises
    ------
    SettingsError
        For fewer than one bin.

    References
    ----------
    .. [1] Naeini, Cooper & Hauskrecht, "Obtaining well calibrated probabilities using Bayesian binning", AAAI 2015.
    """
    confidence, right = _top(probabilities, labels)
    return float(_ece(_bins_of(confidence, n_bins), confidence, right[None], n_bins)[0]) if len(right) else math.nan


def ece_null_band(
    probabilities: Float64Array, *, n_bins: int = N_BINS, confidence: float = 0.95, n_draws: int = _N_DRAWS
) -> tuple[float, float, float]:
    """Calibration error of a perfect model with these confidences: mean, and the limits of its middle 95 %.

    Labels are drawn as the confidences promise, with a fixed seed. NaN without trials.
    """
    top, _ = _top(probabilities, np.zeros(len(probabilities), np.int64))
    if not len(top):
        return math.nan, math.nan, math.nan
    bins, rng = _bins_of(top, n_bins), np.random.default_rng(_SEED)
    n_chunk = max(1, _CHUNK // len(top))
    drawn = [
        _ece(bins, top, rng.random((min(n_chunk, n_draws - first), len(top))) < top, n_bins)
        for first in range(0, n_draws, n_chunk)
    ]
    errors = np.concatenate(drawn)
    low, high = np.quantile(errors, [0.5 - confidence / 2, 0.5 + confidence / 2])
    return float(errors.mean()), float(low), float(high)


def bin_confidences(probabilities: Float64Array, labels: Int64Array, *, n_bins: int = N_BINS) -> list[Bin]:
    """Bins of a reliability diagram, from low to high confidence; empty ones are left out."""
    confidence, right = _top(probabilities, labels)
    bins = _bins_of(confidence, n_bins)
    return [_describe_bin(confidence[bins == place], right[bins == place]) for place in np.unique(bins)]


def compute_overconfidence(probabilities: Float64Array, labels: Int64Array, subjects: Sequence[str]) -> SubjectMean:
    """Mean confidence minus accuracy, of each subject, with an interval over subjects; above 0 is too sure.

    Trials of a person are alike, and the interval knows it. Too sure here and too unsure there may cancel, which the
    calibration error shows.

    Parameters
    ----------
    probabilities : ndarray, shape (n, n_classes)
    labels : ndarray of int, shape (n,)
    subjects : sequence of str, length n
    """
    confidence, right = _top(probabilities, labels)
    people, member = np.unique(np.asarray(subjects, dtype=str), return_inverse=True)
    gaps = np.bincount(member, confidence - right, len(people)) / np.bincount(member, minlength=len(people))
    return mean_over_subjects(gaps)


def compute_brier(probabilities: Float64Array, labels: Int64Array) -> float:
    """Mean squared distance of probabilities and label, summed over classes (0 to 2).

    References
    ----------
    .. [1] Brier, "Verification of forecasts expressed in terms of probability", Monthly Weather Review 78, 1950.
    """
    if not len(labels):
        return math.nan
    return float(((probabilities - np.eye(probabilities.shape[1])[labels]) ** 2).sum(axis=1).mean())


def compute_brier_skill(probabilities: Float64Array, labels: Int64Array) -> float:
    """Share of the Brier score of guessing by class shares that is gone; NaN where one class alone occurs."""
    if not len(labels):
        return math.nan
    shares = np.bincount(labels, minlength=probabilities.shape[1]) / len(labels)
    guess = float(1 - (shares**2).sum())
    return 1 - compute_brier(probabilities, labels) / guess if guess > 0 else math.nan


def compute_log_loss(probabilities: Float64Array, labels: Int64Array) -> float:
    """Mean of minus the log probability of the label, in nats; probabilities below 1e-12 count as that."""
    if not len(labels):
        return math.nan
    return float(-np.log(np.maximum(probabilities[np.arange(len(labels)), labels], _FLOOR)).mean())


def _top(probabilities: Float64Array, labels: Int64Array) -> tuple[Float64Array, BoolArray]:
    chosen = probabilities.argmax(axis=1)
    return probabilities[np.arange(len(chosen)), chosen], chosen == labels


def _bins_of(confidence: Float64Array, n_bins: int) -> Int64Array:
    """Bins (low, high] of equal width, as the field has them; a confidence of 0 is in the first."""
    if n_bins < 1:
        raise SettingsError(f"{n_bins} bins: expected 1 or more")
    return np.clip(np.ceil(confidence * n_bins).astype(np.int64) - 1, 0, n_bins - 1)


def _ece(bins: Int64Array, confidence: Float64Array, right: BoolArray, n_bins: int) -> Float64Array:
    """Error of each row of `right`, shape (n_draws, n)."""
    member = np.zeros((len(bins), n_bins))
    member[np.arange(len(bins)), bins] = 1.0
    return np.asarray(np.abs((right - confidence) @ member).sum(axis=1) / len(bins), dtype=np.float64)


def _describe_bin(confidence: Float64Array, right: BoolArray) -> Bin:
    interval = scipy.stats.binomtest(int(right.sum()), len(right)).proportion_ci(method="wilson")
    return Bin(
        n=len(right),
        confidence=float(confidence.mean()),
        accuracy=float(right.mean()),
        low=float(interval.low),
        high=float(interval.high),
    )
