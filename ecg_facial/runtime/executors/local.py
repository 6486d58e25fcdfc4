"""Where independent tasks run: one after another, or in processes.

Enters: a function and its arguments. Leaves: results as they end, with the number of the task. Results do not depend on
where a task runs, because every task seeds itself.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from typing import TypeVar

from ecg_facial.errors import SettingsError, WorkerDiedError

_Argument = TypeVar("_Argument")
_Result = TypeVar("_Result")
EXECUTORS = ("serial", "processes")
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def run_tasks(
    function: Callable[[_Argument], _Result],
    arguments: Sequence[_Argument],
    *,
    executor: str = "serial",
    workers: int = 1,
) -> Iterator[tuple[int, _Result]]:
    """Call a function for every argument.

    Parameters
    ----------
    function : callable
        Of one argument; for processes it and its arguments must be importable and picklable.
    arguments : sequence
    executor : {"serial", "processes"}
    workers : int
        Processes, each with one thread for its numerical libraries.

    Yields
    ------
    index : int
        Place in `arguments`.
    result
        As they end, in any order.

    Raises
    ------
    SettingsError
        For an unknown executor or no worker.
    WorkerDiedError
        When a process ends without a result.
    """
    if executor not in EXECUTORS:
        raise SettingsError(f"unknown executor {executor!r}: expected {', '.join(EXECUTORS)}")
    if workers < 1:
        raise SettingsError(f"workers is {workers}: expected 1 or more")
    if executor == "serial":
        for index, argument in enumerate(arguments):
            yield index, function(argument)
        return
    with open_pool(workers) as pool:
        waiting = {pool.submit(function, argument): index for index, argument in enumerate(arguments)}
        for future in as_completed(waiting):
            yield waiting[future], future.result()


@contextmanager
def open_pool(
    workers: int, *, start: Callable[..., object] | None = None, arguments: tuple[object, ...] = ()
) -> Iterator[ProcessPoolExecutor]:
    """Open worker processes that use one thread each and end with this process, however it ends.

    Parameters
    ----------
    workers : int
    start : callable, optional
        Called in each process first, with `arguments`.
    arguments : tuple

    Raises
    ------
    WorkerDiedError
        When a process ends without a result.
    """
    context = get_context("spawn")
    with _one_thread_each(), ProcessPoolExecutor(workers, context, _start_worker, (start, arguments)) as pool:
        try:
            yield pool
        except BrokenProcessPool:
            raise WorkerDiedError(
                f"one of {workers} worker processes died without a result, perhaps for want of memory: run again with "
                "fewer workers; what is done is kept"
            ) from None
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _start_worker(start: Callable[..., object] | None, arguments: tuple[object, ...]) -> None:
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    if start is not None:
        start(*arguments)


def _leave_with_parent() -> None:
    """End this process when the one that started it is killed; it would wait for work for ever."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Let processes that start meanwhile use one thread, so that they do not crowd each other out."""
    before = {name: os.environ.get(name) for name in _THREAD_VARIABLES}
    os.environ.update(dict.fromkeys(_THREAD_VARIABLES, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
