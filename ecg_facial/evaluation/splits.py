"""Folds: who is tested, and who of the others trains, stops, calibrates.

Enters: subject ids and settings of the inner split. Leaves: folds in which nobody is on two sides. Which subjects a
protocol tests is `protocols`' business.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from ecg_facial.errors import SettingsError

MIN_SUBJECTS = 3
INNER_RULES = ("parts", "crossfit")
_CALIBRATION_SHARE, _FEWEST_TO_CALIBRATE = 0.1, 4
PART_NAMES = ("test", "train", "stopping", "calibration", "conformal")


@dataclass(frozen=True)
class Part:
    """Trials of a fold: all those of some subjects, and some single ones.

    A trial that any part of a fold lists by name belongs to that part alone, whatever lists its subject.

    Attributes
    ----------
    subjects, trials : tuple of str
        Sorted.
    """

    subjects: tuple[str, ...] = ()
    trials: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.subjects or self.trials)


@dataclass(frozen=True)
class InnerFold:
    """One fold of the cross-fitting inside a fold."""

    train: Part
    stopping: Part
    held_out: Part


@dataclass(frozen=True)
class Fold:
    """One split.

    Attributes
    ----------
    index : int
        From 0.
    test : Part
    train : Part
    stopping : Part
        Chooses the epoch.
    calibration : Part
        Fits fusion weight and temperatures.
    conformal : Part
        Gives the scores of conformal sets.
    crossfit : tuple of InnerFold
        Instead of `calibration`: their held-out parts hold every inner subject once. `conformal` then lists all inner
        subjects or nobody; their out-of-fold predictions are meant.
    fusion_test : Part or None
        What the fused model is tested on, where it is not `test`: the original's protocol scores it on everything.
    """

    index: int
    test: Part
    train: Part
    stopping: Part
    calibration: Part = Part()
    conformal: Part = Part()
    crossfit: tuple[InnerFold, ...] = ()
    fusion_test: Part | None = None

    @property
    def test_subjects(self) -> tuple[str, ...]:
        """Subjects who are tested as a whole."""
        return self.test.subjects

    @property
    def train_subjects(self) -> tuple[str, ...]:
        """Subjects who train as a whole."""
        return self.train.subjects

    @property
    def validation_subjects(self) -> tuple[str, ...]:
        """Subjects who choose the epoch."""
        return self.stopping.subjects


@dataclass(frozen=True)
class InnerSettings:
    """How the inner subjects of a fold are used.

    Attributes
    ----------
    stopping_share : float
        Share of the inner subjects that choose the epoch, at least one of them.
    calibration_share : float or None
        Share that fits fusion weight and temperatures, rounded. None takes a tenth of the inner subjects, and nobody
        where that is fewer than four: the temperature of one or two people is worse than none.
    conformal_share : float
        Share that gives conformal scores, rounded.
    rule : {"parts", "crossfit"}
        Disjoint parts; or cross-fitting: calibration takes out-of-fold predictions of all inner subjects, and so do
        conformal scores where their share is above 0; how large the two shares are does not matter.
    n_inner_folds : int
        Of the cross-fitting.

    Raises
    ------
    SettingsError
        For a value outside its limits.
    """

    stopping_share: float = 0.15
    calibration_share: float | None = None
    conformal_share: float = 0.0
    rule: str = "parts"
    n_inner_folds: int = 5

    def __post_init__(self) -> None:
        calibration = _CALIBRATION_SHARE if self.calibration_share is None else self.calibration_share
        shares = (self.stopping_share, calibration, self.conformal_share)
        if not (0 < shares[0] < 1 and all(share >= 0 for share in shares) and sum(shares) < 1):
            raise SettingsError(
                f"inner shares {shares[0]} (stopping), {shares[1]} (calibration), {shares[2]} (conformal): expected "
                "0 or more, the first above 0, their sum below 1"
            )
        if self.rule not in INNER_RULES:
            raise SettingsError(f"inner rule {self.rule!r}: expected {' or '.join(INNER_RULES)}")
        if self.n_inner_folds < MIN_SUBJECTS:
            raise SettingsError(
                f"n_inner_folds is {self.n_inner_folds}: expected {MIN_SUBJECTS} or more, to train, stop and judge"
            )

    def count_apart(self, n_subjects: int) -> tuple[int, int]:
        """Count the subjects set apart for calibration and for conformal scores, of so many inner ones."""
        conformal = round(self.conformal_share * n_subjects)
        if self.calibration_share is not None:
            return round(self.calibration_share * n_subjects), conformal
        tenth = round(_CALIBRATION_SHARE * n_subjects)
        return tenth if tenth >= _FEWEST_TO_CALIBRATE else 0, conformal


@dataclass(frozen=True)
class Inner:
    """The inner subjects of a fold, divided."""

    train: tuple[str, ...]
    stopping: tuple[str, ...]
    calibration: tuple[str, ...] = ()
    conformal: tuple[str, ...] = ()
    crossfit: tuple[InnerFold, ...] = field(default=())

    def make_fold(self, index: int, test: Part) -> Fold:
        """Make a fold that tests `test`."""
        return Fold(
            index,
            test,
            train=Part(self.train),
            stopping=Part(self.stopping),
            calibration=Part(self.calibration),
            conformal=Part(self.conformal),
            crossfit=self.crossfit,
        )


def divide_inner(subjects: Sequence[str], settings: InnerSettings, *, seed: int, tag: str) -> Inner:
    """Divide the inner subjects of a fold, by `seed` and `tag`; in what order they come does not matter.

    Raises
    ------
    SettingsError
        When nobody is left to train on.
    """
    people = check_subjects(subjects, at_least=2)
    n_stopping = max(1, round(settings.stopping_share * len(people)))
    _check_rest(people, n_stopping, settings)
    if settings.rule == "crossfit":
        return _divide_crossfit(people, settings, seed=seed, tag=tag)
    stopping = choose_subjects(people, n=n_stopping, seed=seed, tag=tag)
    n_calibration, n_conformal = settings.count_apart(len(people))
    left = without(people, stopping)
    calibration = choose_subjects(left, n=n_calibration, seed=seed, tag=f"calibration {tag}")
    left = without(left, calibration)
    conformal = choose_subjects(left, n=n_conformal, seed=seed, tag=f"conformal {tag}")
    return Inner(tuple(without(left, conformal)), stopping, calibration, conformal)


def _check_rest(people: Sequence[str], n_stopping: int, settings: InnerSettings) -> None:
    n_apart = n_stopping + (0 if settings.rule == "crossfit" else sum(settings.count_apart(len(people))))
    if n_apart >= len(people):
        raise SettingsError(
            f"{len(people)} inner subjects, {n_apart} of them set apart: nobody is left to train; take smaller shares"
        )


def _divide_crossfit(people: list[str], settings: InnerSettings, *, seed: int, tag: str) -> Inner:
    """Deal the subjects to groups: each is held out once, the next one stops; the first one stops the refit."""
    n_groups = min(settings.n_inner_folds, len(people))
    if n_groups < MIN_SUBJECTS:
        raise SettingsError(f"{len(people)} inner subjects: cross-fitting takes {MIN_SUBJECTS} or more")
    groups = deal_subjects(people, n_groups, seed=seed, tag=f"crossfit {tag}")
    folds = []
    for number, held_out in enumerate(groups):
        stopping = groups[(number + 1) % n_groups]
        train = without(people, [*held_out, *stopping])
        folds.append(InnerFold(Part(tuple(train)), Part(stopping), Part(held_out)))
    conformal = tuple(people) if settings.conformal_share > 0 else ()
    return Inner(tuple(without(people, groups[0])), groups[0], conformal=conformal, crossfit=tuple(folds))


def leave_one_subject_out(subjects: Iterable[str], *, seed: int, inner: InnerSettings | None = None) -> Iterator[Fold]:
    """Yield one fold a subject, in the order of their ids.

    Parameters
    ----------
    subjects : iterable of str
        Unique ids; their order does not matter.
    seed : int
        With the test subject's id it draws the inner parts.
    inner : InnerSettings, optional

    Raises
    ------
    SettingsError
        For duplicates, fewer than 3 subjects, or shares that leave nobody to train on.
    """
    people = check_subjects(subjects)
    for index, test in enumerate(people):
        divided = divide_inner(without(people, [test]), inner or InnerSettings(), seed=seed, tag=test)
        yield divided.make_fold(index, Part((test,)))


def choose_subjects(subjects: Sequence[str], *, n: int, seed: int, tag: str = "") -> tuple[str, ...]:
    """Draw `n` subjects by `seed` and `tag`; sorted."""
    rng = np.random.default_rng([seed, *tag.encode("utf-8")])
    chosen = rng.choice(len(subjects), size=n, replace=False)
    people = sorted(subjects)
    return tuple(sorted(people[number] for number in chosen))


def deal_subjects(subjects: Sequence[str], n_groups: int, *, seed: int, tag: str = "") -> list[tuple[str, ...]]:
    """Deal subjects to groups whose sizes differ by one at most."""
    people = sorted(subjects)
    order = np.random.default_rng([seed, *tag.encode("utf-8")]).permutation(len(people))
    return [tuple(sorted(people[number] for number in order[start::n_groups])) for start in range(n_groups)]


def without(subjects: Iterable[str], others: Collection[str]) -> list[str]:
    """Subjects who are not among the others."""
    return [subject for subject in subjects if subject not in set(others)]


def check_subjects(subjects: Iterable[str], *, at_least: int = MIN_SUBJECTS) -> list[str]:
    """Sort subjects.

    Raises
    ------
    SettingsError
        For duplicates and too few.
    """
    people = sorted(subjects)
    twice = sorted({subject for subject in people if people.count(subject) > 1})
    if twice:
        raise SettingsError(f"subjects {', '.join(twice)} are listed twice: expected unique ids")
    if len(people) < at_least:
        needs = "to test, to train and to choose the epoch" if at_least == MIN_SUBJECTS else "to train and to stop"
        raise SettingsError(f"{len(people)} subjects: expected {at_least} or more, {needs}")
    return people
