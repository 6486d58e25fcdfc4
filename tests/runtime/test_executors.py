"""Where tasks run."""

from __future__ import annotations

import math
import os

import pytest

from ecg_facial.errors import SettingsError, WorkerDiedError
from ecg_facial.runtime.executors.local import run_tasks


def test_results_do_not_depend_on_the_executor() -> None:
    numbers = [9.0, 4.0, 1.0, 0.25]
    serial = dict(run_tasks(math.sqrt, numbers))
    assert serial == dict(run_tasks(math.sqrt, numbers, executor="processes", workers=2)) == {0: 3, 1: 2, 2: 1, 3: 0.5}


def test_processes_use_one_thread_each_and_leave_ours_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    found = dict(run_tasks(os.getenv, ["OMP_NUM_THREADS"], executor="processes", workers=1))
    assert found == {0: "1"}
    assert os.environ["OMP_NUM_THREADS"] == "7"


def test_an_error_in_a_task_reaches_the_caller() -> None:
    for executor in ("serial", "processes"):
        with pytest.raises(ValueError, match=r"math domain|expected a nonnegative"):
            list(run_tasks(math.sqrt, [1.0, -1.0], executor=executor, workers=1))


def test_a_worker_that_dies_is_a_clear_error() -> None:
    with pytest.raises(WorkerDiedError, match="died without a result"):
        list(run_tasks(os._exit, [1], executor="processes", workers=1))


def test_unknown_executors_and_no_workers_are_refused() -> None:
    with pytest.raises(SettingsError, match="unknown executor"):
        list(run_tasks(math.sqrt, [1.0], executor="cluster"))
    with pytest.raises(SettingsError, match="workers is 0"):
        list(run_tasks(math.sqrt, [1.0], workers=0))
