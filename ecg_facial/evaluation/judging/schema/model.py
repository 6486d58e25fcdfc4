"""What is known of one model: over trials, subjects, seeds and groups of people.

Input: figures of `evaluation.statistics`. Output: records, parts of `metrics.json`. None is what cannot be computed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ecg_facial.evaluation.judging.schema.probabilities import AbstentionMetrics, CalibrationMetrics, ConformalMetrics
from ecg_facial.evaluation.statistics.metrics import TrialMetrics
from ecg_facial.runtime.records import Record


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A two-sided 95 % confidence interval whose limits are both known."""

    low: float
    high: float

    @property
    def width(self) -> float:
        """Upper less lower limit."""
        return self.high - self.low


@dataclass(frozen=True, kw_only=True)
class OverSubjects(Record):
    """Accuracy over subjects: each subject counts once, however many trials they have.

    Attributes
    ----------
    n_subjects : int
        Subjects with a figure.
    accuracy_mean : float, 0 to 1
        Mean of the subjects' accuracies.
    accuracy_std : float or None, 0 to 1
        Standard deviation over subjects; None for one.
    ci95_low : float or None, 0 to 1
        Lower limit of the 95 % interval of the mean; None for one subject.
    ci95_high : float or None, 0 to 1
        Upper limit.
    interval : str
        How the interval was made: ``t``, ``bootstrap-t``, ``bca``, or ``none``.
    p_above_chance : float or None, 0 to 1
        One-sided t test of the subjects' accuracies against chance.
    p_sign_flip : float or None, 0 to 1
        The same question by a sign-flip test, which assumes no normal distribution.
    """

    n_subjects: int
    accuracy_mean: float
    accuracy_std: float | None
    ci95_low: float | None
    ci95_high: float | None
    interval: str
    p_above_chance: float | None
    p_sign_flip: float | None

    @property
    def ci95(self) -> Interval | None:
        """The interval; None where there is none."""
        return make_interval(self.ci95_low, self.ci95_high)


def make_interval(low: float | None, high: float | None) -> Interval | None:
    """Make an interval of two limits; None where one is not known."""
    return None if low is None or high is None else Interval(low=low, high=high)


@dataclass(frozen=True, kw_only=True)
class SeedMetrics(Record):
    """Figures of one seed.

    Attributes
    ----------
    seed : int
        The random seed.
    accuracy : float, 0 to 1
        Share of the trials that is right.
    balanced_accuracy : float, 0 to 1
        Mean recall over the classes that occur.
    macro_f1 : float, 0 to 1
        Mean F1 over the classes that occur or are predicted.
    """

    seed: int
    accuracy: float
    balanced_accuracy: float
    macro_f1: float


@dataclass(frozen=True, kw_only=True)
class OverSeeds(Record):
    """How far a result depends on the random seed.

    Attributes
    ----------
    by_seed : tuple of SeedMetrics
        Each seed is a whole run of all folds.
    accuracy_std : float or None, 0 to 1
        Standard deviation over seeds; None for one seed.
    balanced_accuracy_std : float or None, 0 to 1
        The same of the balanced accuracy.
    macro_f1_std : float or None, 0 to 1
        The same of macro-F1.
    """

    by_seed: tuple[SeedMetrics, ...]
    accuracy_std: float | None
    balanced_accuracy_std: float | None
    macro_f1_std: float | None


@dataclass(frozen=True, kw_only=True)
class GroupComparison(Record):
    """Two groups of people against each other.

    Attributes
    ----------
    first : str
        Name of the first group.
    second : str
        Name of the second group.
    accuracy_difference : float, -1 to 1
        Mean accuracy of the first group's subjects less that of the second's.
    ci95_low : float or None, -1 to 1
        Lower limit of its 95 % interval (Welch).
    ci95_high : float or None, -1 to 1
        Upper limit.
    p_welch : float or None, 0 to 1
        Two-sided p of Welch's t test.
    """

    first: str
    second: str
    accuracy_difference: float
    ci95_low: float | None
    ci95_high: float | None
    p_welch: float | None


@dataclass(frozen=True, kw_only=True)
class Stratum(Record):
    """Figures by group of people.

    Attributes
    ----------
    groups : mapping of str to OverSubjects
        By group, such as ``m`` and ``w``; ``unknown`` for subjects of whom it is not known.
    difference : GroupComparison or None
        Where there are two groups.
    """

    groups: Mapping[str, OverSubjects]
    difference: GroupComparison | None


@dataclass(frozen=True, kw_only=True)
class Agreement(Record):
    """Whether subjects get the same accuracy a second time.

    Attributes
    ----------
    n_sessions : int
        Seeds, or halves of the trials.
    icc_2_1 : float or None, up to 1
        Intraclass correlation ICC(2,1): two-way random effects, absolute agreement, single measurement.
    icc_2_1_low : float or None, up to 1
        Lower limit of its 95 % interval.
    icc_2_1_high : float or None, up to 1
        Upper limit.
    sem : float or None, 0 to 1
        Standard error of measurement.
    smallest_change : float or None, 0 to 1
        Smallest change of one subject's accuracy that is more than measurement error (95 %).
    """

    n_sessions: int
    icc_2_1: float | None
    icc_2_1_low: float | None
    icc_2_1_high: float | None
    sem: float | None
    smallest_change: float | None


@dataclass(frozen=True, kw_only=True)
class Retest(Record):
    """Test-retest reliability of the subjects' accuracies.

    Attributes
    ----------
    seeds : Agreement
        Between seeds.
    halves : Agreement
        Between two halves of a subject's trials.
    """

    seeds: Agreement
    halves: Agreement


@dataclass(frozen=True, kw_only=True)
class SubjectMetrics(TrialMetrics):
    """Figures over the trials of one subject.

    Attributes
    ----------
    subject : str
        Their id.
    fold : int or str
        The fold that tested them; of another program's file as it stands there.
    groups : mapping of str to str
        The subject's group in each stratum, such as ``sex: w``; empty where it is not known.
    """

    subject: str
    fold: int | str
    groups: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ModelMetrics(Record):
    """Everything that is known of one model. Of several seeds a figure is the mean over them.

    Attributes
    ----------
    overall : TrialMetrics
        Over all trials.
    over_subjects : OverSubjects
        Over subjects: the figure to publish.
    over_seeds : OverSeeds
        How far the figures depend on the random seed.
    strata : mapping of str to Stratum
        By stratum: ``sex``, ``age_band``, ``reaction``, or the columns that were asked for.
    retest : Retest
        Test-retest reliability.
    subjects : tuple of SubjectMetrics
        Every subject, by name.
    calibration : CalibrationMetrics or None
        None for a model that gives no probabilities.
    abstention : AbstentionMetrics or None
        None for a model that gives no probabilities.
    conformal : ConformalMetrics or None
        None for a model that gives no probabilities, and for one subject.
    """

    overall: TrialMetrics
    over_subjects: OverSubjects
    over_seeds: OverSeeds
    strata: Mapping[str, Stratum]
    retest: Retest
    subjects: tuple[SubjectMetrics, ...]
    calibration: CalibrationMetrics | None
    abstention: AbstentionMetrics | None
    conformal: ConformalMetrics | None
