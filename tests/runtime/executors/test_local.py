"""Tasks in worker processes: threads, the environment, deaths."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path

import pytest
from tasks import count_threads, environment_of, kill_worker, meet

from ecg_facial.errors import SettingsError, WorkerDiedError
from ecg_facial.runtime.executors.local import ProcessesExecutor

WITH_EARLY_IMPORTS = """
import numpy, cv2, torch
from tasks import count_threads
from ecg_facial.runtime.executors.local import ProcessesExecutor
if __name__ == "__main__":
    print(sorted({count for found in ProcessesExecutor(2).map(count_threads, [1, 2]) for count in found.values()}))
"""


def test_tasks_run_at_the_same_time(tmp_path: Path) -> None:
    assert list(ProcessesExecutor(2).map(partial(meet, tmp_path), [0, 1])) == [2, 2]


def test_every_library_of_a_worker_has_one_thread() -> None:
    for found in ProcessesExecutor(2).map(count_threads, [1, 2]):
        assert len(found) > 3
        assert set(found.values()) == {1}, found


def test_libraries_that_a_script_loads_before_the_worker_begins_have_one_thread_too(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(WITH_EARLY_IMPORTS)
    places = os.pathsep.join([str(Path(__file__).parents[2] / "helpers"), *filter(None, sys.path)])
    environment = {**os.environ, "OMP_NUM_THREADS": "3", "OPENBLAS_NUM_THREADS": "3", "PYTHONPATH": places}
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, env=environment, check=False)
    assert done.stdout == "[1]\n", done.stderr


def test_the_environment_of_this_process_never_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    before, seen, done = dict(os.environ), [], threading.Event()

    def watch() -> None:
        while not done.is_set():
            now = dict(os.environ)
            if now != before:
                seen.append(now)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        found = list(ProcessesExecutor(2).map(environment_of, range(4)))
    finally:
        done.set()
        watcher.join()
    assert found == ["1"] * 4
    assert not seen


def test_a_single_worker_works_in_this_process() -> None:
    assert list(ProcessesExecutor(1).map(_process, range(3))) == [os.getpid()] * 3
    assert list(ProcessesExecutor(2).map(_process, range(1))) == [os.getpid()]


def _process(number: int) -> int:
    return os.getpid()


def test_a_worker_that_dies_is_one_clear_line() -> None:
    with pytest.raises(WorkerDiedError, match="run again with fewer workers; what is done is kept"):
        list(ProcessesExecutor(2).map(kill_worker, [1, 2]))


def test_work_that_cannot_be_sent_is_refused_in_one_line() -> None:
    executor = ProcessesExecutor(2)
    with pytest.raises(SettingsError, match="name its functions at the top of a module"):
        list(executor.map(lambda number: number, [1, 2]))
    with pytest.raises(SettingsError, match="name its functions at the top of a module"):
        list(executor.map(math.sqrt, [1.0, threading.Lock()]))  # type: ignore[list-item]  # on purpose
