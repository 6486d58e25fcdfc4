"""Tasks one after another in this process.

Input: see `contract`. Output: results in the order of the items. Threads and settings of libraries stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ecg_facial.runtime.executors.contract import Executor, Job


class SerialExecutor(Executor):
    """Runs everything here, as results are asked for."""

    workers = 1

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"  # it stands as a default in signatures of the API's documentation

    def _run(self, job: Job, items: Sequence[Any], *, ordered: bool, ahead: int) -> Iterator[Any]:
        if items:
            yield from map(job.open(), items)


SERIAL = SerialExecutor()
