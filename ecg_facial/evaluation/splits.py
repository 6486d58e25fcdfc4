"""Splits by subject.

Enters: subject ids. Leaves: folds in which nobody is on two sides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ecg_facial.errors import SettingsError

MIN_SUBJECTS = 3


@dataclass(frozen=True)
class Fold:
    """One split: who is tested, who trains, who chooses the epoch. The three are disjoint and sorted."""

    index: int
    test_subjects: tuple[str, ...]
    train_subjects: tuple[str, ...]
    validation_subjects: tuple[str, ...]


def leave_one_subject_out(subjects: Iterable[str], *, n_validation: int, seed: int) -> Iterator[Fold]:
    """Yield one fold a subject, in the order of their ids.

    Parameters
    ----------
    subjects : iterable of str
        Unique ids; their order does not matter.
    n_validation : int
        Subjects of each fold that choose the epoch instead of training, drawn by `seed` and the test subject's id.
    seed : int

    Raises
    ------
    SettingsError
        For duplicates, fewer than 3 subjects, or an `n_validation` that leaves nobody to train on.
    """
    people = _check_subjects(subjects)
    if not 1 <= n_validation <= len(people) - 2:
        raise SettingsError(
            f"n_validation is {n_validation}: expected 1 to {len(people) - 2} of {len(people)} subjects"
        )
    for index, test in enumerate(people):
        others = [subject for subject in people if subject != test]
        validation = choose_validation(others, n_validation=n_validation, seed=seed, tag=test)
        train = tuple(subject for subject in others if subject not in validation)
        yield Fold(index, (test,), train, validation)


def choose_validation(subjects: Sequence[str], *, n_validation: int, seed: int, tag: str = "") -> tuple[str, ...]:
    """Draw the subjects that choose the epoch, by `seed` and `tag`; sorted."""
    rng = np.random.default_rng([seed, *tag.encode("utf-8")])
    chosen = rng.choice(len(subjects), size=n_validation, replace=False)
    people = sorted(subjects)
    return tuple(sorted(people[number] for number in chosen))


def _check_subjects(subjects: Iterable[str]) -> list[str]:
    people = sorted(subjects)
    twice = sorted({subject for subject in people if people.count(subject) > 1})
    if twice:
        raise SettingsError(f"subjects {', '.join(twice)} are listed twice: expected unique ids")
    if len(people) < MIN_SUBJECTS:
        raise SettingsError(
            f"{len(people)} subjects: expected {MIN_SUBJECTS} or more, to test, to train and to choose the epoch"
        )
    return people
