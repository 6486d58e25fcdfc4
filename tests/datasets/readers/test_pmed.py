"""PMED: stimuli out of the heater's temperature, their levels, and what is between them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from tiny_files import write_heat

from ecg_facial.datasets.indexing import index_dataset
from ecg_facial.datasets.readers.cutting import SETTLE_S
from ecg_facial.datasets.readers.pmed import grade_temperatures, read_stimuli
from ecg_facial.ecg.stretches import read_ecg_stretch
from ecg_facial.errors import CorruptDataError, DataError
from ecg_facial.labels import PainLevel

FIVE_C = (40.0, 42.5, 44.0, 46.0, 47.5)
NAME = "S_01-synchronised-data.csv"


def write_session(root: Path, temperatures_c: Sequence[float], *, pause_s: float = 25.0, heat_s: float = 10.0) -> Path:
    cycle_s = pause_s + heat_s
    heat = [(n * cycle_s + pause_s, (n + 1) * cycle_s, celsius) for n, celsius in enumerate(temperatures_c)]
    return write_heat(root / NAME, heat, duration_s=len(heat) * cycle_s + 1.0)


def test_stimuli_are_where_the_heater_is_warm_and_carry_the_persons_rating(tmp_path: Path) -> None:
    stimuli = read_stimuli(write_session(tmp_path, (44.0, 40.0)))
    assert [(item.start_s, item.end_s, item.temperature_c) for item in stimuli] == [(25, 35, 44), (60, 70, 40)]
    assert [item.mean_rating for item in stimuli] == [10.0, 0.0]


def test_plateaus_that_touch_are_two_stimuli(tmp_path: Path) -> None:
    path = write_heat(tmp_path / NAME, [(5.0, 15.0, 44.0), (15.0, 25.0, 46.0)], duration_s=30.0)
    assert [(item.start_s, item.temperature_c) for item in read_stimuli(path)] == [(5.0, 44.0), (15.0, 46.0)]


def test_the_samples_of_a_trial_are_those_of_its_stimulus(tmp_path: Path) -> None:
    write_session(tmp_path, FIVE_C)
    index = index_dataset(tmp_path)
    hottest = next(trial for trial in index.trials if trial.level is PainLevel.PA4)
    assert hottest.ecg is not None
    # the fifth stimulus, from second 165 on; the ECG is the row number
    np.testing.assert_array_equal(read_ecg_stretch(hottest.ecg).samples, np.arange(165 * 250, 175 * 250))


def test_the_four_hottest_temperatures_are_the_pain_levels() -> None:
    assert list(grade_temperatures(FIVE_C).items()) == list(zip(FIVE_C[1:], list(PainLevel)[1:], strict=True))
    assert list(grade_temperatures((*FIVE_C, 48.5))) == [44.0, 46.0, 47.5, 48.5]


@pytest.mark.parametrize("n", [0, 1, 4])
def test_fewer_than_five_temperatures_leave_the_levels_unknown(n: int, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="expected 5 or more"):
        grade_temperatures(FIVE_C[:n])
    write_session(tmp_path, FIVE_C[:n] or (32.0,))
    index = index_dataset(tmp_path)
    assert len(index) == 0
    assert [(problem.kind, problem.subject) for problem in index.problems] == [("unknown_label", "S_01")]


def test_no_heat_is_as_frequent_as_a_level_and_spread_over_the_session(tmp_path: Path) -> None:
    write_session(tmp_path, FIVE_C * 4)
    index = index_dataset(tmp_path)
    assert Counter(trial.code for trial in index.trials) == dict.fromkeys(("BL1", "PA1", "PA2", "PA3", "PA4"), 4)
    starts_s = [trial.ecg.start_s for trial in index.trials if trial.level is PainLevel.BL1 and trial.ecg]
    assert starts_s == [10.0 + 35.0 * place for place in (0, 6, 13, 19)]
    (warm,) = index.problems
    assert (warm.kind, warm.message.split(" below")[0]) == ("no_level", "4 stimuli")


def test_pauses_too_short_for_a_stretch_without_heat_give_none(tmp_path: Path) -> None:
    write_session(tmp_path, FIVE_C, pause_s=14.0)
    index = index_dataset(tmp_path)
    assert {trial.level for trial in index.trials} == set(PainLevel) - {PainLevel.BL1}
    assert index.rest != ()


def test_a_stimulus_that_was_broken_off_is_counted_and_not_a_trial(tmp_path: Path) -> None:
    heat = [(35.0 * n + 25.0, 35.0 * n + 35.0, celsius) for n, celsius in enumerate(FIVE_C)]
    write_heat(tmp_path / NAME, [*heat, (200.0, 206.0, 47.5)], duration_s=207.0)
    index = index_dataset(tmp_path)
    assert sorted(problem.kind for problem in index.problems) == ["no_level", "too_short"]
    assert Counter(trial.code for trial in index.trials)["PA4"] == 1


def test_rest_is_long_after_heat_and_over_before_it(tmp_path: Path) -> None:
    path = write_session(tmp_path, FIVE_C * 2)
    index = index_dataset(tmp_path, window_s=4.0)
    stimuli = read_stimuli(path)
    assert len(index.rest) >= 5
    for rest in index.rest:
        assert rest.ecg is not None
        assert rest.ecg.duration_s == 4.0
        for stimulus in stimuli:
            before, after = rest.ecg.start_s + 4.0 <= stimulus.start_s, rest.ecg.start_s >= stimulus.end_s + SETTLE_S
            assert before or after


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "the file is empty"),
        ("Seconds;Ecg;COVAS\n0;1;0\n", "no column Heater_cleaned"),
        ("Seconds;Ecg;Heater_cleaned;COVAS\n", "a header but no rows"),
        ("Seconds;Ecg;Heater_cleaned;COVAS\n0;1;warm;0\n", "not a table of numbers"),
        (
            "Seconds;Ecg;Heater_cleaned;COVAS\n0;1;32,0;0\n1;1;;0\n",
            "no temperature in .* at row 3",
        ),
    ],
)
def test_a_table_that_is_none_says_what_is_wrong(content: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.write_text(content)
    with pytest.raises(CorruptDataError, match=says):
        read_stimuli(path)
    (problem,) = index_dataset(tmp_path).problems
    assert problem.kind == "unreadable"
    assert re.search(says, problem.message)
