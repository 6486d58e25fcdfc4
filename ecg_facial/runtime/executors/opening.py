"""Open an executor by its name.

Input: a name, the number of workers, an address. Output: an executor, closed at the end of the ``with`` block.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from ecg_facial.runtime.executors.contract import Executor
from ecg_facial.runtime.executors.serial import SERIAL
from ecg_facial.runtime.executors.settings import ExecutorName, ExecutorSettings
from ecg_facial.runtime.extras import missing_extras_named


@contextmanager
def open_executor(
    name: str = ExecutorSettings.executor,
    *,
    workers: int = ExecutorSettings.workers,
    address: str | None = None,
) -> Iterator[Executor]:
    """Open an executor for a ``with`` block.

    Parameters
    ----------
    name : {"serial", "processes", "ray"}
    workers : int
        Tasks at the same time.
    address : str, optional
        Ray cluster to join; see `ExecutorSettings`.

    Yields
    ------
    Executor

    Raises
    ------
    SettingsError
        For an unknown name, fewer than one worker, or an address where there is no cluster.
    MissingDependencyError
        For ``ray`` without its extra.

    Examples
    --------
    >>> import math
    >>> with open_executor("serial") as executor:
    ...     list(executor.map(math.sqrt, [4.0, 9.0]))
    [2.0, 3.0]
    """
    settings = ExecutorSettings(executor=cast(ExecutorName, name), workers=workers, address=address)
    if settings.executor == "serial":
        yield SERIAL
    elif settings.executor == "processes":
        from ecg_facial.runtime.executors.local import ProcessesExecutor

        yield ProcessesExecutor(settings.workers)
    else:
        with missing_extras_named():
            from ecg_facial.runtime.executors.ray import connect_ray

        with connect_ray(workers=settings.workers, address=settings.address) as executor:
            yield executor
