"""Levels are read from every code in use, tasks know their classes, and what is unknown is never class 0."""

from __future__ import annotations

import pytest

from ecg_facial.errors import EcgFacialError, SettingsError, UnknownLabelError
from ecg_facial.evaluation.benchmark.settings import BenchmarkSettings
from ecg_facial.labels import DEFAULT_TASK, TASKS, PainLevel, Task, get_task, parse_pain_level


@pytest.mark.parametrize("level", PainLevel)
def test_every_spelling_of_a_level_is_read(level: PainLevel) -> None:
    for code in (
        level.name,
        level.name.lower(),
        f" {level.name} ",
        f"{level.name[:2]}-{level.name[2:]}",
        f"{level.name[:2]} {level.name[2:]}",
        f"P{int(level)}",
        str(int(level)),
        int(level),
        level,
    ):
        assert parse_pain_level(code) is level


@pytest.mark.parametrize("code", ["PA5", "P5", "BL", "BL2", "5", -1, 5, "", " ", "pain", "PA", "1.0", True, None])
def test_an_unknown_level_is_an_error_and_never_class_0(code: object) -> None:
    with pytest.raises(
        UnknownLabelError, match=r"unknown pain level .*: expected one of BL1, PA1, PA2, PA3, PA4"
    ) as caught:
        parse_pain_level(code)  # type: ignore[arg-type]  # on purpose
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, EcgFacialError)


def test_tasks_hold_the_levels_that_their_names_say() -> None:
    assert {name: task.class_names for name, task in TASKS.items()} == {
        "biovid4": ("BL1", "PA1", "PA2", "PA3"),
        "binary": ("BL1", "PA4"),
        "biovid5": ("BL1", "PA1", "PA2", "PA3", "PA4"),
    }
    assert get_task(DEFAULT_TASK).n_classes == 4
    assert [get_task(name).chance for name in TASKS] == [0.25, 0.5, 0.2]


@pytest.mark.parametrize("name", TASKS)
def test_class_indices_count_the_levels_in_order(name: str) -> None:
    task = get_task(name)
    assert [task.encode(level) for level in task.levels] == list(range(task.n_classes))
    assert [task.class_names[task.encode(level)] for level in task.levels] == [level.name for level in task.levels]


def test_a_level_outside_the_task_is_an_error() -> None:
    assert get_task("binary").encode(PainLevel.PA4) == 1
    assert not get_task("biovid4").includes(PainLevel.PA4)
    with pytest.raises(UnknownLabelError, match=r"level PA4 is not a class of task 'biovid4' \(BL1, PA1, PA2, PA3\)"):
        get_task("biovid4").encode(PainLevel.PA4)


def test_an_unknown_task_is_an_error() -> None:
    with pytest.raises(SettingsError, match="unknown task 'pain': expected one of biovid4, binary, biovid5"):
        get_task("pain")


def test_classes_of_ones_own_have_any_names_and_one_spelling_each() -> None:
    task = Task(name="own", class_names=("no pain", "2", "REST"))
    assert [task.encode(label) for label in task.class_names] == [0, 1, 2]
    assert task.includes_code("REST"), "a class of that name is no rest recording"
    for label in ("No pain", "PA1", "", "0"):
        with pytest.raises(
            UnknownLabelError, match="the classes are no pain, 2, REST; name all of them with --classes"
        ):
            task.encode(label)
        with pytest.raises(UnknownLabelError, match="unknown label"):
            task.includes_code(label)
    with pytest.raises(SettingsError, match="are no stimulus levels"):
        _ = task.levels


@pytest.mark.parametrize("names", [(), ("a",), ("a", "a"), ("a", "")])
def test_fewer_than_two_classes_with_names_of_their_own_are_refused(names: tuple[str, ...]) -> None:
    with pytest.raises(SettingsError, match="two or more, each with its own name"):
        Task(name="own", class_names=names)


def test_classes_of_ones_own_do_not_take_the_name_of_another_task() -> None:
    found = BenchmarkSettings(task="own", classes=("mild", "severe"), ordered=False).find_task()
    assert (found.class_names, found.ordered) == (("mild", "severe"), False)
    assert BenchmarkSettings(task="binary").find_task() is TASKS["binary"]
    with pytest.raises(SettingsError, match="task binary has classes of its own"):
        BenchmarkSettings(task="binary", classes=("mild", "severe"))
