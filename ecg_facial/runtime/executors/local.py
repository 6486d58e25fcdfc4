"""Tasks in worker processes on this machine.

Input: see `contract`. Output: results. Workers live as long as one `map`, use one thread each, and end with this
process, however it ends. This process and its environment stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import active_children, get_context
from typing import Any

from ecg_facial.errors import WorkerDiedError
from ecg_facial.runtime.executors.contract import Executor, Job, stream
from ecg_facial.runtime.executors.serial import SERIAL
from ecg_facial.runtime.executors.worker import pack, start_worker, work


class ProcessesExecutor(Executor):
    """Runs tasks in spawned processes; a single worker or item is not worth one and runs here.

    Scripts need the guard ``if __name__ == "__main__":``, because spawned processes import them.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers

    def _run(self, job: Job, items: Sequence[Any], *, ordered: bool, ahead: int) -> Iterator[Any]:
        workers = min(self.workers, len(items))
        if workers < 2:
            yield from SERIAL._run(job, items, ordered=ordered, ahead=ahead)
            return
        pool = ProcessPoolExecutor(workers, get_context("spawn"), start_worker, (pack(job),))
        try:
            yield from stream(_Processes(pool), items, ordered=ordered, ahead=ahead)
        except BrokenProcessPool:
            raise WorkerDiedError(
                f"one of {workers} worker processes died without a result, perhaps for want of memory: run again with "
                "fewer workers; what is done is kept"
            ) from None
        except (KeyboardInterrupt, SystemExit):
            # a fold may take minutes: nobody waits for that after Ctrl-C
            for worker in active_children():
                worker.terminate()
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


@dataclass(frozen=True)
class _Processes:
    """A pool of processes as `stream` wants it."""

    pool: ProcessPoolExecutor

    def submit(self, item: Any) -> Future[Any]:
        return self.pool.submit(work, pack(item))

    def first(self, running: list[Future[Any]]) -> Future[Any]:
        return next(iter(wait(running, return_when=FIRST_COMPLETED).done))

    def result(self, handle: Future[Any]) -> Any:
        return handle.result()
