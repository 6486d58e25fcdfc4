"""Calibration of probabilities: expected calibration error with its null band, Brier score, log loss, reliability bins.

Input: probabilities and class indices. Output: figures and bins.

The expected calibration error (ECE) sorts trials into bins by the confidence in the predicted class and averages the
distance between confidence and accuracy over the bins. On few trials it is far from 0 for a perfectly calibrated model
too, because the accuracy of a bin of 10 trials scatters. So it is always shown with a null band: labels are drawn 1,000
times as the confidences promise, and the band holds the middle 95 % of the ECE of those draws. Only an ECE above its
band shows miscalibration. With 15 bins the mean of the band is 6.2 % at 240 trials and 1.2 % at 6,960
(`benchmarks/conformal.py`). The draws are independent; real trials of one person are alike, which the band ignores.

The ECE has no bootstrap interval over subjects: it is a mean of absolute values, which resampling pushes upwards.
Overconfidence (mean confidence less accuracy) has a sign, and therefore an interval.
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
# a probability of 0 for the label would make the log loss infinite
_FLOOR = 1e-12
# random numbers per chunk of draws: 32 MB
_CHUNK = 4_000_000
# above, bins are drawn in place of trials: the band differs by less than 1 % of itself, in milliseconds
_DRAW_TRIALS_TO = 20_000


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
    """Compute the null band: the calibration error of a perfect model with these confidences.

    Whether a trial is right is drawn with the probability that its confidence promises, with a fixed seed.

    Returns
    -------
    mean, low, high : float
        Mean of the draws and the limits of their middle 95 %; NaN without trials.
    """
    top, _ = _top(probabilities, np.zeros(len(probabilities), np.int64))
    if not len(top):
        return math.nan, math.nan, math.nan
    bins = _bins_of(top, n_bins)
    errors = (_draw_by_bin if len(top) > _DRAW_TRIALS_TO else _draw_by_trial)(bins, top, n_bins, n_draws)
    low, high = np.quantile(errors, [0.5 - confidence / 2, 0.5 + confidence / 2])
    return float(errors.mean()), float(low), float(high)


def _draw_by_trial(bins: Int64Array, top: Float64Array, n_bins: int, n_draws: int) -> Float64Array:
    """Calibration errors of a perfect model, each trial drawn."""
    rng, n_chunk = np.random.default_rng(_SEED), max(1, _CHUNK // len(top))
    drawn = [
        _ece(bins, top, rng.random((min(n_chunk, n_draws - first), len(top))) < top, n_bins)
        for first in range(0, n_draws, n_chunk)
    ]
    return np.concatenate(drawn)


def _draw_by_bin(bins: Int64Array, top: Float64Array, n_bins: int, n_draws: int) -> Float64Array:
    """Draw the same by bins: the number right in a bin of many trials is normal, with the variance of its trials."""
    spread = np.sqrt(np.bincount(bins, top * (1 - top), n_bins))
    gaps = np.random.default_rng(_SEED).normal(size=(n_draws, n_bins)) * spread
    return np.asarray(np.abs(gaps).sum(axis=1) / len(top), dtype=np.float64)


def bin_confidences(probabilities: Float64Array, labels: Int64Array, *, n_bins: int = N_BINS) -> list[Bin]:
    """Bins of a reliability diagram, from low to high confidence; empty ones are left out."""
    confidence, right = _top(probabilities, labels)
    bins = _bins_of(confidence, n_bins)
    return [_describe_bin(confidence[bins == place], right[bins == place]) for place in np.unique(bins)]


def compute_overconfidence(probabilities: Float64Array, labels: Int64Array, subjects: Sequence[str]) -> SubjectMean:
    """Compute confidence minus accuracy, mean over subjects with an interval; above 0 is overconfident.

    Subjects are the unit, so that the interval allows for the likeness of one person's trials. Overconfident and
    underconfident trials may cancel; the calibration error shows those.

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


def score_trials(probabilities: Float64Array, labels: Int64Array) -> dict[str, Float64Array]:
    """Proper scores of each trial, shape (n,): ``brier`` and ``log_loss``."""
    of_label = probabilities[np.arange(len(labels)), labels]
    return {
        # the squared distance without a matrix of labels: sum of p^2, with (1 - p)^2 in place of p^2 for the label
        "brier": (probabilities**2).sum(axis=1) - 2 * of_label + 1,
        "log_loss": -np.log(np.maximum(of_label, _FLOOR)),
    }


def compute_brier(probabilities: Float64Array, labels: Int64Array) -> float:
    """Compute the Brier score: squared distance of probabilities and label, summed over classes (0 to 2).

    References
    ----------
    .. [1] Brier, "Verification of forecasts expressed in terms of probability", Monthly Weather Review 78, 1950.
    """
    return float(score_trials(probabilities, labels)["brier"].mean()) if len(labels) else math.nan


def compute_brier_skill(probabilities: Float64Array, labels: Int64Array) -> float:
    """Compute the Brier skill: 1 less the ratio to the Brier score of predicting the class shares.

    NaN where one class alone occurs.
    """
    if not len(labels):
        return math.nan
    shares = np.bincount(labels, minlength=probabilities.shape[1]) / len(labels)
    guess = float(1 - (shares**2).sum())
    return 1 - compute_brier(probabilities, labels) / guess if guess > 0 else math.nan


def compute_log_loss(probabilities: Float64Array, labels: Int64Array) -> float:
    """Compute the mean of minus the log probability of the label, in nats; probabilities below 1e-12 count as 1e-12."""
    return float(score_trials(probabilities, labels)["log_loss"].mean()) if len(labels) else math.nan


def _top(probabilities: Float64Array, labels: Int64Array) -> tuple[Float64Array, BoolArray]:
    """Confidence in the predicted class, and whether that class is right."""
    chosen = probabilities.argmax(axis=1)
    return probabilities[np.arange(len(chosen)), chosen], chosen == labels


def _bins_of(confidence: Float64Array, n_bins: int) -> Int64Array:
    """Bin of each confidence: (low, high] of equal width, as is usual; a confidence of 0 is in the first."""
    if n_bins < 1:
        raise SettingsError(f"{n_bins} bins: expected 1 or more")
    return np.clip(np.ceil(confidence * n_bins).astype(np.int64) - 1, 0, n_bins - 1)


def _ece(bins: Int64Array, confidence: Float64Array, right: BoolArray, n_bins: int) -> Float64Array:
    """Calibration error of each row of `right`, shape (n_draws, n), by one matrix product."""
    if len(right) == 1:
        gaps = np.bincount(bins, right[0] - confidence, n_bins).astype(np.float64)[None]
    else:
        member = np.zeros((len(bins), n_bins))
        member[np.arange(len(bins)), bins] = 1.0
        gaps = (right - confidence) @ member
    return np.asarray(np.abs(gaps).sum(axis=1) / len(bins), dtype=np.float64)


def _describe_bin(confidence: Float64Array, right: BoolArray) -> Bin:
    """Mean confidence and accuracy of one bin, with Wilson's interval, which holds at 0 and 1 too."""
    interval = scipy.stats.binomtest(int(right.sum()), len(right)).proportion_ci(method="wilson")
    return Bin(
        n=len(right),
        confidence=float(confidence.mean()),
        accuracy=float(right.mean()),
        low=float(interval.low),
        high=float(interval.high),
    )
