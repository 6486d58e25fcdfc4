"""Splits by subject."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecg_facial.errors import SettingsError
from ecg_facial.evaluation.protocols.folds import Fold, leave_one_subject_out
from ecg_facial.evaluation.protocols.settings import InnerSettings

PEOPLE = [f"s{number:02d}" for number in range(12)]


def sides_of(fold: Fold) -> list[str]:
    parts = (fold.test, fold.train, fold.stopping, fold.calibration, fold.conformal)
    return [subject for part in parts for subject in part.subjects]


@given(st.permutations(PEOPLE), st.floats(0.01, 0.3), st.floats(0, 0.3), st.floats(0, 0.3), st.integers(0, 5))
def test_nobody_is_on_two_sides_and_everybody_is_tested_once(
    people: list[str], stopping: float, calibration: float, conformal: float, seed: int
) -> None:
    inner = InnerSettings(stopping_share=stopping, calibration_share=calibration, conformal_share=conformal)
    folds = list(leave_one_subject_out(people, seed=seed, inner=inner))
    assert [fold.test_subjects for fold in folds] == [(subject,) for subject in PEOPLE]
    for fold in folds:
        assert sorted(sides_of(fold)) == PEOPLE
        assert fold.train_subjects
        assert len(fold.validation_subjects) == max(1, round(11 * stopping))
        assert len(fold.calibration.subjects) == round(11 * calibration)
        assert len(fold.conformal.subjects) == round(11 * conformal)


def test_folds_do_not_depend_on_the_order_but_on_the_seed() -> None:
    first = list(leave_one_subject_out(PEOPLE, seed=0))
    assert first == list(leave_one_subject_out(PEOPLE[::-1], seed=0))
    assert first != list(leave_one_subject_out(PEOPLE, seed=1))
    assert len({fold.validation_subjects for fold in first}) > 6


def test_who_stops_does_not_depend_on_who_calibrates() -> None:
    few, many = (
        list(leave_one_subject_out(PEOPLE, seed=3, inner=InnerSettings(calibration_share=share))) for share in (0, 0.4)
    )
    assert [fold.stopping for fold in few] == [fold.stopping for fold in many]
    assert all(set(b.train_subjects) < set(a.train_subjects) for a, b in zip(few, many, strict=True))


@pytest.mark.parametrize(("n_subjects", "n_calibrating"), [(12, 0), (35, 0), (37, 4), (87, 9)])
def test_nobody_calibrates_by_default_where_that_were_fewer_than_four(n_subjects: int, n_calibrating: int) -> None:
    fold = next(leave_one_subject_out([f"s{number}" for number in range(n_subjects)], seed=0))
    assert len(fold.calibration.subjects) == n_calibrating


def test_cross_fitting_holds_everybody_out_once_and_never_stops_or_trains_on_them() -> None:
    inner = InnerSettings(rule="crossfit", n_inner_folds=4, conformal_share=0.5)
    for fold in leave_one_subject_out(PEOPLE, seed=0, inner=inner):
        others = sorted(set(PEOPLE) - set(fold.test_subjects))
        assert sorted(subject for each in fold.crossfit for subject in each.held_out.subjects) == others
        for each in fold.crossfit:
            sides = [*each.train.subjects, *each.stopping.subjects, *each.held_out.subjects]
            assert sorted(sides) == others
        assert sorted((*fold.train_subjects, *fold.validation_subjects)) == others
        assert not fold.calibration
        assert list(fold.conformal.subjects) == others


@pytest.mark.parametrize(
    ("people", "shares", "message"),
    [
        (["a", "b"], (0.15, 0.1), "2 subjects"),
        (["a", "b", "b", "c"], (0.15, 0.1), "b are listed twice"),
        (["a", "b", "c"], (0.3, 0.6), "2 inner subjects, 2 of them set apart"),
        (["a", "b", "c"], (0.8, 0.1), "2 inner subjects, 2 of them set apart"),
    ],
)
def test_splits_that_cannot_be_are_refused(people: list[str], shares: tuple[float, float], message: str) -> None:
    inner = InnerSettings(stopping_share=shares[0], calibration_share=shares[1])
    with pytest.raises(SettingsError, match=message):
        list(leave_one_subject_out(people, seed=0, inner=inner))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"stopping_share": 0.0}, "stopping"),
        ({"calibration_share": 0.5, "conformal_share": 0.4}, "sum below 1"),
        ({"rule": "nested"}, "parts or crossfit"),
        ({"n_inner_folds": 2}, "3 or more"),
    ],
)
def test_inner_settings_outside_their_limits_are_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        InnerSettings(**settings)
