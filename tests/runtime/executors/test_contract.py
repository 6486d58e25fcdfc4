"""What every executor does alike."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from tasks import describe, fail_to_open, open_in, refuse

from ecg_facial.errors import MissingDataError, SettingsError
from ecg_facial.runtime.executors.contract import Executor, stream
from ecg_facial.runtime.executors.opening import open_executor
from ecg_facial.runtime.executors.settings import EXECUTORS


@pytest.fixture(scope="module", params=EXECUTORS)
def executor(request: pytest.FixtureRequest) -> Iterator[Executor]:
    if request.param == "ray":
        pytest.importorskip("ray", reason="the extra [ray] is not installed")
    with open_executor(request.param, workers=2) as opened:
        yield opened


def test_results_come_in_the_order_of_the_items(executor: Executor) -> None:
    numbers = [float(number) for number in range(20)]
    assert list(executor.map(math.sqrt, numbers)) == [math.sqrt(number) for number in numbers]


def test_results_come_as_they_end_once_each(executor: Executor) -> None:
    numbers = [float(number) for number in range(20)]
    found = list(executor.map(math.sqrt, numbers, ordered=False, ahead=3))
    assert sorted(found) == [math.sqrt(number) for number in numbers]


def test_no_items_give_no_results(executor: Executor) -> None:
    assert list(executor.map(math.sqrt, [], label="Nothing")) == []


def test_every_worker_starts_once_and_keeps_what_it_opened(executor: Executor, tmp_path: Path) -> None:
    found = list(executor.map(describe, range(30), start=partial(open_in, tmp_path)))
    assert found == [(number * number, True) for number in range(30)]
    opened = list(tmp_path.iterdir())
    assert 1 <= len(opened) <= executor.workers
    assert len({path.name.split("-")[2] for path in opened}) == len(opened)


def test_maps_do_not_see_what_another_map_opened(executor: Executor, tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        list(executor.map(describe, range(4), start=partial(open_in, tmp_path / name)))
        assert any((tmp_path / name).iterdir())


def test_an_error_of_a_task_arrives_as_it_was_raised(executor: Executor) -> None:
    with pytest.raises(MissingDataError) as caught:
        list(executor.map(refuse, range(6)))
    assert str(caught.value) == "item 3 is not there; bring it"
    assert type(caught.value) is MissingDataError
    assert list(executor.map(refuse, range(3))) == [0, 1, 2]


def test_an_error_of_the_start_arrives_as_it_was_raised(executor: Executor) -> None:
    with pytest.raises(MissingDataError, match=r"^no such detector; get one"):
        list(executor.map(describe, range(4), start=fail_to_open))


def test_a_map_that_is_left_early_ends(executor: Executor) -> None:
    results = executor.map(math.sqrt, [1.0] * 50)
    assert next(results) == 1.0
    results.close()  # type: ignore[attr-defined]  # a generator
    assert list(results) == []
    assert list(executor.map(math.sqrt, [4.0, 9.0])) == [2.0, 3.0]


def test_the_bar_counts_results(executor: Executor, capsys: pytest.CaptureFixture[str]) -> None:
    list(executor.map(math.sqrt, [1.0, 4.0, 9.0], label="Taking roots"))
    assert capsys.readouterr().err.splitlines() == [f"Taking roots: {done}/3" for done in (1, 2, 3)]


def test_no_item_ahead_is_refused(executor: Executor) -> None:
    with pytest.raises(SettingsError, match="ahead is 0: expected 1 or more"):
        executor.map(math.sqrt, [1.0], ahead=0)


class _CountingPool:
    """Counts what was handed out before it was asked for; ends tasks last first."""

    def __init__(self) -> None:
        self.submitted = 0

    def submit(self, item: int) -> int:
        self.submitted += 1
        return item

    def first(self, running: list[int]) -> int:
        return running[-1]

    def result(self, handle: int) -> int:
        return handle


@pytest.mark.parametrize("ordered", [True, False])
def test_only_a_few_items_are_ahead_of_the_results(ordered: bool) -> None:
    pool, taken = _CountingPool(), []
    for result in stream(pool, range(50), ordered=ordered, ahead=4):
        taken.append(result)
        assert pool.submitted <= len(taken) + 4
    assert sorted(taken) == list(range(50))
    assert (taken == list(range(50))) == ordered
