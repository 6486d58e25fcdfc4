"""Content of `metrics.json`: every model of a run or of a predictions file, and models against each other.

Input: figures of `evaluation.judging`. Output: `RunMetrics`. None is what cannot be computed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from ecg_facial.evaluation.judging.schema.audit import AuditResult
from ecg_facial.evaluation.judging.schema.model import Interval, ModelMetrics, make_interval
from ecg_facial.runtime.records import Record


@dataclass(frozen=True, kw_only=True)
class ModelPair(Record):
    """Two models over the trials that both answered.

    Attributes
    ----------
    first : str
        Name of the first model.
    second : str
        Name of the second model.
    n_subjects : int
        Subjects of whom both answered a trial.
    n_trials : int
        Trials that both answered.
    n_left_out : int
        Trials of the run or file that one of them did not answer.
    accuracy_difference : float or None, -1 to 1
        First less second, mean over subjects.
    ci95_low : float or None, -1 to 1
        Lower limit of its 95 % interval.
    ci95_high : float or None, -1 to 1
        Upper limit.
    interval : str
        How the interval was made: ``t``, ``bootstrap-t``, ``bca``, or ``none``.
    family : {"primary", "exploratory"}
        Primary are the pairs with the main model, which a run may claim; all others are exploratory.
    p_holm : float or None, 0 to 1
        The primary test: two-sided sign-flip test over subjects, corrected for the pairs of the family (Holm).
    p_sign_flip : float or None, 0 to 1
        The same without the correction.
    p_paired : float or None, 0 to 1
        Two-sided paired t test, not corrected; None where all differences are the same.
    p_wilcoxon : float or None, 0 to 1
        Two-sided Wilcoxon signed-rank test, not corrected.
    dz : float or None, standard deviations
        Effect size: Cohen's dz.
    gz : float or None, standard deviations
        Effect size without its small-sample bias: Hedges' gz.
    rank_biserial : float or None, -1 to 1
        Effect size: matched-pairs rank-biserial correlation.
    margin : float, 0 to 1
        Largest difference of no importance, for the equivalence test.
    p_equivalent : float or None, 0 to 1
        Two one-sided tests (TOST) of a difference within the margin.
    equivalent : bool
        Whether that was shown.
    difference_as_wrong : float or None, -1 to 1
        The difference over all trials, those without a prediction counted as wrong.
    """

    first: str
    second: str
    n_subjects: int
    n_trials: int
    n_left_out: int
    accuracy_difference: float | None
    ci95_low: float | None
    ci95_high: float | None
    interval: str
    family: Literal["primary", "exploratory"]
    p_holm: float | None
    p_sign_flip: float | None
    p_paired: float | None
    p_wilcoxon: float | None
    dz: float | None
    gz: float | None
    rank_biserial: float | None
    margin: float
    p_equivalent: float | None
    equivalent: bool
    difference_as_wrong: float | None

    @property
    def ci95(self) -> Interval | None:
        """The interval of the difference; None where there is none."""
        return make_interval(self.ci95_low, self.ci95_high)


@dataclass(frozen=True, kw_only=True)
class ModelRanks(Record):
    """Models by rank over the trials that all of them answered.

    Attributes
    ----------
    mean_ranks : mapping of str to float
        By model, the best first; 1 is the best possible. None where no trial was answered by all.
    groups : tuple of tuple of str
        Largest runs of neighbours in which no two models differ by the primary test (``p_holm`` above `alpha`).
    friedman_chi2 : float or None
        Friedman's statistic.
    p_friedman : float or None, 0 to 1
        Its p value.
    alpha : float, 0 to 1
        Level of the primary test.
    n_subjects : int
        Subjects of whom all models answered a trial.
    n_trials : int
        Trials that all models answered.
    """

    mean_ranks: Mapping[str, float | None]
    groups: tuple[tuple[str, ...], ...]
    friedman_chi2: float | None
    p_friedman: float | None
    alpha: float
    n_subjects: int
    n_trials: int


@dataclass(frozen=True, kw_only=True)
class Independence(Record):
    """Whether the people who were judged took part in training.

    Attributes
    ----------
    shown : {"yes", "no", "unknown"}
        ``yes``: this program made the folds, by subject. ``no``: the folds show that subjects were on both sides.
        ``unknown``: a file does not say whom its models had seen.
    sentence : str
        What is known, in words.
    subjects_in_several_folds : int
        Subjects who were tested in several folds of one seed by one model.
    """

    shown: Literal["yes", "no", "unknown"]
    sentence: str
    subjects_in_several_folds: int


@dataclass(frozen=True, kw_only=True)
class CeilingComparison(Record):
    """A model beside the ideal observer of the simulator, on the same trials.

    Attributes
    ----------
    accuracy : float, 0 to 1
        Of the ideal observer: the ceiling.
    n_trials : int
        Trials that both judged.
    difference : float, -1 to 1
        Accuracy of the model less that of the observer, mean over subjects.
    lower99 : float or None, -1 to 1
        Lower bound of the difference (one-sided, 99 %).
    leakage : bool
        Whether that bound is above 0, which leakage alone explains.
    """

    accuracy: float
    n_trials: int
    difference: float
    lower99: float | None
    leakage: bool


@dataclass(frozen=True, kw_only=True)
class LeakageGap(Record):
    """One model under a leaking and under an honest protocol.

    Attributes
    ----------
    accuracy : float, 0 to 1
        Under the leaking protocol.
    honest_accuracy : float, 0 to 1
        Under leave-one-subject-out.
    leakage : float, -1 to 1
        Their difference.
    """

    accuracy: float
    honest_accuracy: float
    leakage: float


@dataclass(frozen=True, kw_only=True)
class ProtocolComparison(Record):
    """The original's leaking protocol on the same data.

    Attributes
    ----------
    protocol : str
        The leaking protocol.
    stamps : tuple of str
        Its warnings.
    models : mapping of str to LeakageGap
        By model.
    audit : AuditResult or None
        The audit of its folds; absent before the audit.
    """

    optional: ClassVar[tuple[str, ...]] = ("audit",)

    protocol: str
    stamps: tuple[str, ...]
    models: Mapping[str, LeakageGap]
    audit: AuditResult | None = None


@dataclass(frozen=True, kw_only=True)
class RunMetrics(Record):
    """Content of `metrics.json`.

    Attributes
    ----------
    protocol : str or None
        As it is typed, such as ``loso``; absent for another program's predictions.
    folds_sha256 : str or None
        SHA-256 of `folds.json`; absent for another program's predictions.
    normalisation : str or None
        Mode of the normalisation; absent for another program's predictions.
    stamps : tuple of str
        Warnings that belong to every figure.
    simulated : bool
        Whether the data are SIMULATED.
    task : str
        Name of the task, or of the predictions file.
    class_names : tuple of str
        The classes in their order, which is that of every confusion matrix.
    ordered : bool
        Whether the classes are steps of one scale.
    chance : float, 0 to 1
        Accuracy over subjects that is reached without looking.
    chance_rule : str
        How it was found. No test is made against it: see `test_against_chance`.
    chance_balanced : float, 0 to 1
        Balanced accuracy over subjects that is expected of guessing.
    test_against_chance : str
        Name of the primary test against chance.
    main_model : str
        The model that the run or file is about: ``fusion``, else the first method of the run or the first model of the
        file that is no built-in baseline; never chosen by its figures.
    test_of_differences : str
        Name of the primary test of differences between models.
    independence : Independence
        Whether the people who were judged took part in training.
    decisions : {"predicted", "probabilities"}
        What was judged as a model's decision: the column ``predicted`` where a row has one, or the most probable class.
    n_disagreeing : int
        Rows whose column ``predicted`` is not the most probable class.
    n_subjects : int
        Subjects that any model has a row of.
    n_trials : int
        Trials that any model has a row of, each counted once.
    seeds : tuple of int
        The random seeds; each is a whole run of all folds.
    notes : tuple of str
        What was assumed on reading another program's predictions.
    models : mapping of str to ModelMetrics
        By model: ``facial``, ``ecg``, ``fusion``, then others.
    comparisons : tuple of ModelPair
        All pairs of models, those with the main model first.
    ranks : ModelRanks or None
        None for one model.
    ceiling : mapping of str to CeilingComparison or None
        By model, where the data are simulated; else absent.
    original : ProtocolComparison or None
        Where the protocol ``original`` was asked for; else absent.
    audit : AuditResult or None
        The leakage audit; absent where none was made.
    """

    format_version: ClassVar[int] = 3
    optional: ClassVar[tuple[str, ...]] = ("protocol", "folds_sha256", "normalisation", "ceiling", "original", "audit")

    protocol: str | None = None
    folds_sha256: str | None = None
    normalisation: str | None = None
    stamps: tuple[str, ...] = ()
    simulated: bool
    task: str
    class_names: tuple[str, ...]
    ordered: bool
    chance: float
    chance_rule: str
    chance_balanced: float
    test_against_chance: str
    main_model: str
    test_of_differences: str
    independence: Independence
    decisions: Literal["predicted", "probabilities"]
    n_disagreeing: int
    n_subjects: int
    n_trials: int
    seeds: tuple[int, ...]
    notes: tuple[str, ...]
    models: Mapping[str, ModelMetrics]
    comparisons: tuple[ModelPair, ...]
    ranks: ModelRanks | None
    ceiling: Mapping[str, CeilingComparison] | None = None
    original: ProtocolComparison | None = None
    audit: AuditResult | None = None
