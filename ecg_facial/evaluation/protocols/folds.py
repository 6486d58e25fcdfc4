"""Folds: who is tested, and who of the others trains, chooses the epoch, calibrates.

Input: subject ids and settings of the inner split. Output: folds in which nobody is on two sides. Which subjects are
tested is decided by `protocols`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from ecg_facial.errors import SettingsError
from ecg_facial.evaluation.protocols.settings import (
    MIN_SUBJECTS,
    InnerSettings,
)
from ecg_facial.runtime.records import Record

PART_NAMES = ("test", "train", "stopping", "calibration", "conformal")


@dataclass(frozen=True)
class Part(Record):
    """Trials of a fold: all those of some subjects, and some single ones.

    A trial that any part of a fold lists by name belongs to that part alone, whatever lists its subject.

    Attributes
    ----------
    subjects : tuple of str
        Subjects whose trials all belong to the part; sorted.
    trials : tuple of str
        Single trials that belong to the part; sorted.
    """

    optional: ClassVar[tuple[str, ...]] = ("subjects", "trials")

    subjects: tuple[str, ...] = ()
    trials: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.subjects or self.trials)


@dataclass(frozen=True, kw_only=True)
class InnerFold(Record):
    """One fold of the cross-fitting inside a fold.

    Attributes
    ----------
    train : Part
        Fits the models.
    stopping : Part
        Chooses the epoch.
    held_out : Part
        Gets out-of-fold predictions.
    """

    train: Part
    stopping: Part
    held_out: Part


@dataclass(frozen=True, kw_only=True)
class Fold(Record):
    """One split.

    Attributes
    ----------
    index : int
        From 0.
    test : Part
        Is predicted, and nothing else.
    train : Part
        Fits the models.
    stopping : Part
        Chooses the epoch.
    calibration : Part
        Fits fusion weight and temperatures.
    conformal : Part
        Gives the scores of conformal sets.
    crossfit : tuple of InnerFold
        Instead of `calibration`: their held-out parts hold every inner subject once. `conformal` then lists all inner
        subjects or nobody; their out-of-fold predictions are meant.
    refit : bool or None
        Whether the models that predict are fitted once more on all of `train`, `stopping` and `calibration`.
    fusion_test : Part or None
        What the fused model is tested on, where it is not `test`: the original's protocol scores it on everything.
    """

    optional: ClassVar[tuple[str, ...]] = ("crossfit", "refit", "fusion_test")

    index: int
    test: Part
    train: Part
    stopping: Part
    calibration: Part = Part()
    conformal: Part = Part()
    crossfit: tuple[InnerFold, ...] = ()
    refit: bool | None = None
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


@dataclass(frozen=True, kw_only=True)
class Inner:
    """The inner subjects of a fold (all who are not tested), divided into parts."""

    train: tuple[str, ...]
    stopping: tuple[str, ...]
    calibration: tuple[str, ...] = ()
    conformal: tuple[str, ...] = ()
    crossfit: tuple[InnerFold, ...] = field(default=())
    refit: bool | None = None

    def make_fold(self, index: int, test: Part) -> Fold:
        """Make a fold that tests `test`."""
        return Fold(
            index=index,
            test=test,
            train=Part(self.train),
            stopping=Part(self.stopping),
            calibration=Part(self.calibration),
            conformal=Part(self.conformal),
            crossfit=self.crossfit,
            refit=self.refit,
        )


def divide_inner(subjects: Sequence[str], settings: InnerSettings, *, seed: int, tag: str) -> Inner:
    """Divide the inner subjects of a fold, by `seed` and `tag`; their order does not matter.

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
    refit = settings.refit == "all" or None
    left = without(people, stopping)
    calibration = choose_subjects(left, n=n_calibration, seed=seed, tag=f"calibration {tag}")
    left = without(left, calibration)
    conformal = choose_subjects(left, n=n_conformal, seed=seed, tag=f"conformal {tag}")
    return Inner(
        train=tuple(without(left, conformal)),
        stopping=stopping,
        calibration=calibration,
        conformal=conformal,
        refit=refit,
    )


def _check_rest(people: Sequence[str], n_stopping: int, settings: InnerSettings) -> None:
    n_apart = n_stopping + (0 if settings.rule == "crossfit" else sum(settings.count_apart(len(people))))
    if n_apart >= len(people):
        raise SettingsError(
            f"{len(people)} inner subjects, {n_apart} of them set apart: nobody is left to train; take smaller shares"
        )


def _divide_crossfit(people: list[str], settings: InnerSettings, *, seed: int, tag: str) -> Inner:
    """Deal the subjects to groups: each is held out once while the next one chooses the epoch.

    For the refit on everybody the first group chooses the epoch.
    """
    n_groups = min(settings.n_inner_folds, len(people))
    if n_groups < MIN_SUBJECTS:
        raise SettingsError(f"{len(people)} inner subjects: cross-fitting takes {MIN_SUBJECTS} or more")
    groups = deal_subjects(people, n_groups, seed=seed, tag=f"crossfit {tag}")
    folds = []
    for number, held_out in enumerate(groups):
        stopping = groups[(number + 1) % n_groups]
        train = without(people, [*held_out, *stopping])
        folds.append(InnerFold(train=Part(tuple(train)), stopping=Part(stopping), held_out=Part(held_out)))
    conformal = tuple(people) if settings.conformal_share > 0 else ()
    return Inner(
        train=tuple(without(people, groups[0])),
        stopping=groups[0],
        conformal=conformal,
        crossfit=tuple(folds),
        refit=settings.refit == "all" or None,
    )


def leave_one_subject_out(subjects: Iterable[str], *, seed: int, inner: InnerSettings | None = None) -> Iterator[Fold]:
    """Yield one fold per subject, in the order of their ids.

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
