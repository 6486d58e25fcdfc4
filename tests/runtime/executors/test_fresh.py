"""Every task of the fresh executor runs in a process that knows nothing of what was done here."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest

from ecg_facial.errors import WorkerDiedError
from ecg_facial.runtime.executors.fresh import FreshExecutor

STATE: list[int] = []


@pytest.fixture(autouse=True)
def few_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    """Import nothing ahead of the tasks: by now a test run has loaded everything, which takes seconds each time."""
    monkeypatch.setattr("ecg_facial.runtime.executors.fresh._PACKAGES", ())


SCRIPT = """
from ecg_facial.runtime.executors.fresh import FreshExecutor
STATE = {}
def look(key):
    return STATE.get(key, 'fresh'), key
def run():
    STATE['a'] = 'left behind'
    with FreshExecutor(2) as fresh:
        print(list(fresh.map(look, ['a', 'b'])))
"""


def remember(number: int) -> tuple[int, int]:
    STATE.append(number)
    return len(STATE), os.getpid()


def fail(number: int) -> None:
    raise KeyError(f"number {number}")


def die_once(folder: Path, number: int) -> int:
    """Be killed at the first call of each even number."""
    try:
        (folder / str(number)).touch(exist_ok=False)
    except FileExistsError:
        return number
    if number % 2 == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def die(number: int) -> None:
    os._exit(3)


def test_each_task_starts_with_the_modules_as_they_are_imported() -> None:
    STATE.append(0)
    with FreshExecutor(2) as fresh:
        first = list(fresh.map(remember, [1, 2, 3]))
        second = list(fresh.map(remember, [4]))
    assert [count for count, _ in first + second] == [1, 1, 1, 1]
    assert len({place for _, place in first + second} | {os.getpid()}) == 5


def test_a_local_function_brings_its_cells_and_not_the_globals_of_its_module() -> None:
    STATE.append(0)
    factor = 3

    def look(number: int) -> tuple[int, int]:
        return factor * number, len(STATE)

    with FreshExecutor() as fresh:
        assert list(fresh.map(look, [5])) == [(15, 0)]


def test_errors_arrive_as_they_were_raised_and_a_death_is_named() -> None:
    with FreshExecutor() as fresh:
        with pytest.raises(KeyError, match="number 7"):
            list(fresh.map(fail, [7]))
        with pytest.raises(WorkerDiedError, match=r"died twice without a result \(exit code 3"):
            list(fresh.map(die, [7]))


def test_a_task_whose_process_is_killed_is_repeated_alone(tmp_path: Path) -> None:
    with FreshExecutor(2) as fresh:
        assert list(fresh.map(partial(die_once, tmp_path), [1, 2, 3])) == [1, 2, 3]


def test_an_interpreter_that_died_is_replaced_and_nothing_of_the_tasks_is_kept() -> None:
    with FreshExecutor() as fresh:
        assert list(fresh.map(abs, [-1])) == [1]
        assert fresh._server is not None
        assert fresh._folder is not None
        fresh._server.kill()
        assert list(fresh.map(abs, [-2, -3])) == [2, 3]
        assert {path.name for path in Path(fresh._folder.name).iterdir()} == {"start.json", "messages"}


def test_an_answer_that_nobody_waited_for_is_not_taken_for_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with FreshExecutor() as fresh:
        assert list(fresh.map(abs, [-1])) == [1]
        with monkeypatch.context() as patched:
            assert fresh._server is not None
            patched.setattr(
                fresh._server, "stdout", SimpleNamespace(readline=interrupt, close=fresh._server.stdout.close)
            )
            with pytest.raises(KeyboardInterrupt):
                list(fresh.map(abs, [-2]))
        assert list(fresh.map(abs, [-3])) == [3]


@pytest.mark.parametrize(
    ("ending", "state"), [("if __name__ == '__main__':\n    run()\n", "fresh"), ("run()\n", "left behind")]
)
def test_a_script_is_imported_anew_only_where_it_has_a_guard(tmp_path: Path, ending: str, state: str) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT + ending, encoding="utf-8")
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert done.stdout == f"[('{state}', 'a'), ('fresh', 'b')]\n", done.stderr
