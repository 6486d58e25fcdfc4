"""Splits by subject."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecg_facial.errors import SettingsError
from ecg_facial.evaluation.splits import leave_one_subject_out

PEOPLE = [f"s{number:02d}" for number in range(12)]


@given(st.permutations(PEOPLE), st.integers(1, 10), st.integers(0, 5))
def test_nobody_is_on_two_sides_and_everybody_is_tested_once(people: list[str], n_validation: int, seed: int) -> None:
    folds = list(leave_one_subject_out(people, n_validation=n_validation, seed=seed))
    assert [fold.test_subjects for fold in folds] == [(subject,) for subject in PEOPLE]
    for fold in folds:
        sides = [*fold.test_subjects, *fold.train_subjects, *fold.validation_subjects]
        assert sorted(sides) == PEOPLE
        assert len(fold.validation_subjects) == n_validation


def test_folds_do_not_depend_on_the_order_but_on_the_seed() -> None:
    first = list(leave_one_subject_out(PEOPLE, n_validation=3, seed=0))
    assert first == list(leave_one_subject_out(PEOPLE[::-1], n_validation=3, seed=0))
    assert first != list(leave_one_subject_out(PEOPLE, n_validation=3, seed=1))
    assert len({fold.validation_subjects for fold in first}) > 6


@pytest.mark.parametrize(
    ("people", "n_validation", "message"),
    [
        (["a", "b"], 1, "2 subjects"),
        (["a", "b", "b", "c"], 1, "b are listed twice"),
        (["a", "b", "c"], 2, "n_validation is 2"),
        (["a", "b", "c"], 0, "n_validation is 0"),
    ],
)
def test_splits_that_cannot_be_are_refused(people: list[str], n_validation: int, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        list(leave_one_subject_out(people, n_validation=n_validation, seed=0))
