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
        Lower limit of the 95 % interval of the mean; None for one subject, and where all figures are the same.
    ci95_high : float or None, 0 to 1
        Upper limit.
    interval : str
        How the interval was made: ``t``, ``bootstrap-t``, ``bca``, or ``none``.
    excess_over_chance : float or None, -1 to 1
        Mean over subjects of balanced accuracy less one over the number of classes that the subject has: 0 is expected
        of whoever answers without looking, whatever the shares of the classes.
    p_above_chance : float or None, 0 to 1
        The primary test against chance: one-sided sign-flip test of that excess over subjects, or of labels permuted
        within subjects, whichever p is larger. Of groups of people it is not corrected for their number.
    """

    n_subjects: int
    accuracy_mean: float
    accuracy_std: float | None
    ci95_low: float | None
    ci95_high: float | None
    interval: str
    excess_over_chance: float | None
    p_above_chance: float | None

    @property
    def ci95(self) -> Interval | None:
        """The interval; None where there is none."""
        return make_interval(self.ci95_low, self.ci95_high)


def make_interval(low: float | None, high: float | None) -> Interval | None:
    """Make an interval of two limits; None where one is not known."""
    return None if low is None or high is None else Interval(low=low, high=high)


@dataclass(frozen=True, kw_only=True)
class SubjectFigure(Record):
    """One figure of merit over subjects: each subject's own figure counts once.

    Attributes
    ----------
    n_subjects : int
        Subjects for whom it is defined.
    mean : float or None
        Mean of the subjects' figures.
    std : float or None
        Standard deviation over subjects.
    ci95_low : float or None
        Lower limit of the 95 % interval of the mean; None for one subject, and where all figures are the same.
    ci95_high : float or None
        Upper limit.
    interval : str
        How the interval was made: ``t``, ``bootstrap-t``, ``bca``, or ``none``.
    """

    n_subjects: int
    mean: float | None
    std: float | None
    ci95_low: float | None
    ci95_high: float | None
    interval: str

    @property
    def ci95(self) -> Interval | None:
        """The interval; None where there is none."""
        return make_interval(self.ci95_low, self.ci95_high)


@dataclass(frozen=True, kw_only=True)
class Answers(Record):
    """Which trials a model answered, and its figures if the others are counted as wrong.

    A trial is without a prediction where the model has no row for it, or a row with empty probabilities and no
    decision, in any of its seeds. All other figures of the model leave these trials out.

    Attributes
    ----------
    n_trials : int
        Trials of the run or file, whichever model answered them.
    n_by_class : mapping of str to int
        The same by label.
    n_answered : int
        Trials with a prediction.
    n_unanswered : int
        Trials without one.
    coverage : float, 0 to 1
        Share of the trials with a prediction, mean over seeds.
    unanswered_by_class : mapping of str to int
        Trials without a prediction, by their label.
    subjects_unanswered : tuple of str
        Subjects without any prediction: they are in no figure over subjects.
    accuracy_as_wrong : float, 0 to 1
        Accuracy over all trials, those without a prediction counted as wrong.
    balanced_accuracy_as_wrong : float, 0 to 1
        Balanced accuracy, in the same way.
    recall_as_wrong : mapping of str to float or None, 0 to 1
        Recall by class, in the same way: of two classes specificity and sensitivity.
    over_subjects_as_wrong : SubjectFigure
        Accuracy over all subjects, in the same way.
    """

    n_trials: int
    n_by_class: Mapping[str, int]
    n_answered: int
    n_unanswered: int
    coverage: float
    unanswered_by_class: Mapping[str, int]
    subjects_unanswered: tuple[str, ...]
    accuracy_as_wrong: float
    balanced_accuracy_as_wrong: float
    recall_as_wrong: Mapping[str, float | None]
    over_subjects_as_wrong: SubjectFigure


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
        The fold that tested them, of several the first; of another program's file as it stands there.
    n_unanswered : int
        Trials without a prediction.
    groups : mapping of str to str
        The subject's group in each stratum, such as ``sex: w``; empty where it is not known.
    """

    subject: str
    fold: int | str
    n_unanswered: int = 0
    groups: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ModelMetrics(Record):
    """Everything that is known of one model. Of several seeds a figure is the mean over them.

    Attributes
    ----------
    overall : TrialMetrics
        Over all trials with a prediction.
    answers : Answers
        How many those are, and the figures with the others counted as wrong.
    over_subjects : OverSubjects
        Over subjects: the figure to publish.
    p_above_chance_holm : float or None, 0 to 1
        ``p_above_chance`` corrected for the number of models (Holm).
    figures : mapping of str to SubjectFigure
        Every figure of merit over subjects, by the names of ``overall``, and ``brier`` and ``log_loss``.
        ``auroc_macro`` is within subjects here, and pooled over subjects in ``overall``.
    over_seeds : OverSeeds
        How far the figures depend on the random seed.
    strata : mapping of str to Stratum
        By stratum: ``sex``, ``age_band``, ``reaction``, or the columns that were asked for.
    retest : Retest
        Test-retest reliability.
    subjects : tuple of SubjectMetrics
        Every subject with a prediction, by name.
    calibration : CalibrationMetrics or None
        None for a model that gives no probabilities.
    abstention : AbstentionMetrics or None
        None for a model that gives no probabilities.
    conformal : ConformalMetrics or None
        None for a model that gives no probabilities, and for one subject.
    """

    overall: TrialMetrics
    answers: Answers
    over_subjects: OverSubjects
    p_above_chance_holm: float | None = None
    figures: Mapping[str, SubjectFigure]
    over_seeds: OverSeeds
    strata: Mapping[str, Stratum]
    retest: Retest
    subjects: tuple[SubjectMetrics, ...]
    calibration: CalibrationMetrics | None
    abstention: AbstentionMetrics | None
    conformal: ConformalMetrics | None
