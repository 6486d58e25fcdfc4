"""The number that counts frames is found among others in a name."""

from __future__ import annotations

import pytest

from ecg_facial.face.frame_names import choose_frames, find_unit, read_numbers, read_stamps


def test_a_number_that_stands_twice_counts_nothing() -> None:
    assert read_numbers(["a1", "a01", "a2"]) is None
    assert read_numbers(["a1"]) is None
    assert read_numbers(["a1", "a2"]) == [1, 2]


def test_of_several_numbers_that_go_up_the_slowest_counts() -> None:
    assert read_numbers(["s1_20_f1", "s1_60_f2", "s2_80_f4"]) == [1, 2, 4]
    assert read_numbers(["cam1_1", "cam1_2", "cam2_1"]) is None


def test_nothing_is_chosen_of_nothing() -> None:
    assert choose_frames([]).names == ()


@pytest.mark.parametrize(
    ("numbers", "fps"),
    [
        ([1, 2, 3, 4], None),
        ([0, 12, 24, 36], None),
        ([0, 24, 49, 73], 25.0),
        ([0, 100, 300, 700], 25.0),
        ([10**11 + number for number in range(5)], 25.0),
    ],
)
def test_numbers_that_count_have_no_unit(numbers: list[int], fps: float | None) -> None:
    assert find_unit(numbers, fps) is None


@pytest.mark.parametrize(
    "stems",
    [
        ["20200131_101112_001", "20200131_101112_002", "20200131_101113_003"],
        ["20201331_101112_640", "20201331_101112_680"],
        ["1.001", "1.002", "2.001"],
        [f"shot1.{number:03d}" for number in range(1, 700)],
        [f"take{1 + number // 60}.{1 + number % 60:02d}" for number in range(120)],
        ["v1.900", "v1.900"],
        ["2020-01-31 10.11.12", "b"],
        ["1580465472.640", "1580469472.740"],
    ],
)
def test_what_cannot_be_times_of_frames_is_none(stems: list[str]) -> None:
    assert read_stamps(stems) is None


def test_seconds_with_two_decimals_are_times() -> None:
    found = read_stamps([f"t{number / 25:.2f}" for number in range(30)])
    assert found is not None
    assert [round(value, 2) for value in found] == [round(number / 25, 2) for number in range(30)]
