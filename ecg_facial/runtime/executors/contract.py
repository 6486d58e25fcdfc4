"""The contract of every executor: one function over many items, with progress.

Input: a function, its items, and what each worker prepares once. Output: results, in the order of the items or as they
end. How tasks reach a worker is left to `serial`, `local` and `ray`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, Generic, Protocol, TypeVar, overload

from ecg_facial.errors import SettingsError
from ecg_facial.runtime.progress import track

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
_State = TypeVar("_State")
_Handle = TypeVar("_Handle")
# per worker: one item in work and one waiting, so that no worker idles while results are taken
_AHEAD_PER_WORKER = 2


@dataclass(frozen=True, kw_only=True)
class Job:
    """What a worker calls, and what it prepares before the first call."""

    function: Callable[..., Any]
    start: Callable[[], Any] | None

    def open(self) -> Callable[[Any], Any]:
        """Call `start` and return a function of the item alone."""
        return self.function if self.start is None else partial(self.function, self.start())


class Executor(Protocol):
    """Runs a function over many items.

    Attributes
    ----------
    workers : int
        Most tasks at the same time.
    """

    workers: int

    @overload
    def map(
        self,
        function: Callable[[_Item], _Result],
        items: Sequence[_Item],
        *,
        start: None = None,
        ordered: bool = True,
        ahead: int | None = None,
        label: str | None = None,
    ) -> Iterator[_Result]: ...

    @overload
    def map(
        self,
        function: Callable[[_State, _Item], _Result],
        items: Sequence[_Item],
        *,
        start: Callable[[], _State],
        ordered: bool = True,
        ahead: int | None = None,
        label: str | None = None,
    ) -> Iterator[_Result]: ...

    def map(
        self,
        function: Callable[..., Any],
        items: Sequence[Any],
        *,
        start: Callable[[], Any] | None = None,
        ordered: bool = True,
        ahead: int | None = None,
        label: str | None = None,
    ) -> Iterator[Any]:
        """Call a function for every item.

        Parameters
        ----------
        function : callable
            Of the item; with `start`, of what `start` returned and the item. It must be importable and picklable for
            workers in other processes, and give the same result when it is called again: a task is repeated where its
            worker died.
        items : sequence
            Picklable.
        start : callable, optional
            Called once per worker, before its first item: opens a detector or loads a network.
        ordered : bool
            Results in the order of the items; otherwise as they end.
        ahead : int, optional
            Most items that are handed out beyond the results already taken, which bounds the memory. Twice the number
            of workers by default.
        label : str, optional
            Shows a progress bar with this text on standard error.

        Returns
        -------
        iterator
            Results. Work begins with the first one that is asked for, and ends when the iterator is closed.

        Raises
        ------
        SettingsError
            When `ahead` is below 1, or a function or item cannot be sent to another process.
        WorkerDiedError
            When a worker dies and its task cannot be repeated.

        Notes
        -----
        An exception of the function or of `start` reaches the caller as it was raised.
        """
        if ahead is not None and ahead < 1:
            raise SettingsError(f"ahead is {ahead}: expected 1 or more items")
        job = Job(function=function, start=start)
        results = self._run(job, items, ordered=ordered, ahead=ahead or _AHEAD_PER_WORKER * self.workers)
        return track(results, label=label or "", total=len(items), show=label is not None and len(items) > 0)

    @abstractmethod
    def _run(self, job: Job, items: Sequence[Any], *, ordered: bool, ahead: int) -> Iterator[Any]:
        """Yield the results of a job."""


class Pool(Protocol, Generic[_Handle]):
    """Workers that take items one by one."""

    def submit(self, item: Any) -> _Handle:
        """Hand an item to a worker."""

    def first(self, running: list[_Handle]) -> _Handle:
        """Wait for any of some tasks to end."""

    def result(self, handle: _Handle) -> Any:
        """Wait for a task and return its result."""


def stream(pool: Pool[_Handle], items: Iterable[Any], *, ordered: bool, ahead: int) -> Iterator[Any]:
    """Yield results while at most `ahead` items are with the workers."""
    waiting = iter(items)
    running = [pool.submit(item) for item in islice(waiting, ahead)]
    while running:
        handle = running[0] if ordered else pool.first(running)
        running.remove(handle)
        result = pool.result(handle)
        # before the result is used, so that workers go on meanwhile
        running += [pool.submit(item) for item in islice(waiting, 1)]
        yield result
