"""Progress on the terminal; silent in library use.

Input: an iterable, or a piece of work. Output: the same, with a progress bar on standard error. rich is imported only
when a bar is shown.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

_Item = TypeVar("_Item")
_LOG_EVERY = 10


def track(items: Iterable[_Item], *, label: str, total: int, show: bool) -> Iterator[_Item]:
    """Yield `items` while a progress bar shows how many of `total` are done.

    Parameters
    ----------
    items : iterable
        Items, or results as they arrive.
    label : str
        What is being done, such as ``"Preparing windows"``.
    total : int
        Number of items.
    show : bool
        False for library use: only the items pass. Where standard error is not a terminal, every tenth part is a line
        instead of a moving bar.
    """
    if not show:
        yield from items
        return
    if sys.stderr.isatty():
        yield from _track_on_terminal(items, label=label, total=total)
        return
    step = max(1, total // _LOG_EVERY)
    for done, item in enumerate(items, start=1):
        yield item
        if done % step == 0 or done == total:
            announce(f"{label}: {done}/{total}")


def announce(text: str) -> None:
    """Write a line to standard error, where the bars are; standard output holds results alone.

    A log that cannot be written, as on a full disk, stops no work.
    """
    with suppress(OSError):
        sys.stderr.write(text + "\n")
        sys.stderr.flush()


@contextmanager
def announce_time(label: str, *, show: bool) -> Iterator[None]:
    """Say what begins, with a spinner on a terminal, and how long it took: for work without parts to count."""
    begin = time.monotonic()
    if show and sys.stderr.isatty():
        from rich.console import Console

        with Console(stderr=True).status(label):
            yield
    else:
        yield
    if show:
        announce(f"{label}: {time.monotonic() - begin:.1f} s")


def _track_on_terminal(items: Iterable[_Item], *, label: str, total: int) -> Iterator[_Item]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(label, total=total)
        for item in items:
            yield item
            bar.advance(task)
