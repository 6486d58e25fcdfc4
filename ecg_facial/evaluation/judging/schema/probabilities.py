"""What is known of one model's probabilities: calibration, abstention, conformal sets.

Input: figures of `evaluation.statistics`. Output: records, parts of `metrics.json`. None is what cannot be computed.
Of several seeds every number is the mean over them; bins and curves are drawn from one seed, which is named.
"""

from __future__ import annotations

from dataclasses import dataclass

from ecg_facial.evaluation.statistics.calibration_error import Bin
from ecg_facial.runtime.records import Record


@dataclass(frozen=True, kw_only=True)
class CalibrationMetrics(Record):
    """Whether a confidence of 70 % is right in 70 % of the trials.

    Attributes
    ----------
    ece : float, 0 to 1
        Expected calibration error of the predicted class. Never read it without its null band: on few trials it is far
        from 0 for a perfectly calibrated model too.
    ece_null_mean : float, 0 to 1
        Mean calibration error of a perfectly calibrated model with the same confidences, on as many trials.
    ece_null_low : float, 0 to 1
        Lower limit of the null band: 2.5 % point of such a model's calibration error.
    ece_null_high : float, 0 to 1
        Upper limit of the null band: its 97.5 % point.
    brier : float, 0 to 2
        Brier score, the squared distance of probabilities and label, summed over classes; lower is better.
    brier_skill : float or None, up to 1
        Share of the Brier score of guessing by class shares that is gone; None where one class alone occurs.
    log_loss : float, nats
        Mean of minus the log probability of the label; lower is better.
    n_bins : int
        Bins of `ece`, of equal width.
    seeds : tuple of int
        The seeds that the figures are the mean of.
    reliability_seed : int
        The seed of the reliability diagram.
    reliability : tuple of Bin
        Bins of the reliability diagram, from low to high confidence; empty ones are left out.
    """

    ece: float
    ece_null_mean: float
    ece_null_low: float
    ece_null_high: float
    brier: float
    brier_skill: float | None
    log_loss: float
    n_bins: int
    seeds: tuple[int, ...]
    reliability_seed: int
    reliability: tuple[Bin, ...]


@dataclass(frozen=True, kw_only=True)
class CoveragePoint(Record):
    """Accuracy when the model may decline the trials that it is least sure of.

    Attributes
    ----------
    coverage : float, 0 to 1
        Share of all trials that are judged, the surest first.
    accuracy : float or None, 0 to 1
        Of the judged trials; None where fewer have a prediction.
    """

    coverage: float
    accuracy: float | None


@dataclass(frozen=True, kw_only=True)
class AbstentionMetrics(Record):
    """Risk-coverage: what declining the least sure trials would gain.

    Trials without a prediction are declined already: a curve ends at the model's own coverage.

    Attributes
    ----------
    aurc : float, 0 to 1
        Area under the curve of error against coverage of the trials with a prediction; lower is better.
    aurc_excess : float, 0 to 1
        Part of `aurc` above that of the same errors in the best order (all errors least sure).
    points : tuple of CoveragePoint
        The curve at round coverages.
    seeds : tuple of int
        The seeds that the figures are the mean of.
    curve_seed : int
        The seed of the curve.
    curve : list of [coverage, accuracy], 0 to 1
        The whole curve, at most 100 points.
    """

    aurc: float
    aurc_excess: float
    points: tuple[CoveragePoint, ...]
    seeds: tuple[int, ...]
    curve_seed: int
    curve: tuple[tuple[float, float], ...]


@dataclass(frozen=True, kw_only=True)
class ConformalMetrics(Record):
    """Conformal prediction sets; those of a subject are calibrated on all other subjects.

    Attributes
    ----------
    target : float, 0 to 1
        Coverage that is aimed at.
    coverage : float, 0 to 1
        How often a set held the label, mean over subjects.
    ci95_low : float or None, 0 to 1
        Lower limit of the 95 % interval of `coverage`.
    ci95_high : float or None, 0 to 1
        Upper limit.
    mean_size : float, classes
        Mean number of classes in a set; smaller says more.
    empty : float, 0 to 1
        Share of empty sets.
    coverage_sd_subjects : float or None, 0 to 1
        Standard deviation of the coverage over subjects.
    n_calibration_subjects : int
        Subjects who calibrate the sets of one subject.
    promised : bool
        Whether there are subjects enough for the coverage to be promised.
    seeds : tuple of int
        The seeds that the figures are the mean of; sets are calibrated within a seed.
    """

    target: float
    coverage: float
    ci95_low: float | None
    ci95_high: float | None
    mean_size: float
    empty: float
    coverage_sd_subjects: float | None
    n_calibration_subjects: int
    promised: bool
    seeds: tuple[int, ...]
