"""A disk that refuses the n-th thing that is asked of it: a new file, a write, a flush, a new name."""

from __future__ import annotations

import builtins
import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

# what every file of the package goes through, see `runtime.storage`; PyAV and pyarrow write below Python
CALLS = (
    *((os, "open"), (os, "fsync"), (Path, "write_bytes"), (Path, "replace"), (Path, "mkdir")),
    # NumPy's and Matplotlib's files
    (builtins, "open"),
)


class FailingDisk:
    """Counts what is asked of the disk under a folder, and refuses one of it.

    Parameters
    ----------
    folder : Path
        What lies elsewhere is not counted.
    fails_at : int or None
        Number of the call that fails, from 1; None counts alone.
    number : int
        Error number of the system.
    lasts : bool
        Whether all later calls fail, too, as on a disk that stays full.
    """

    def __init__(self, folder: Path, fails_at: int | None, number: int = errno.ENOSPC, *, lasts: bool = False) -> None:
        self.folder, self.fails_at, self.number, self.lasts = folder, fails_at, number, lasts
        self.n_calls = 0

    def install(self, patch: pytest.MonkeyPatch) -> FailingDisk:
        """Stand between the package and the disk, in this process."""
        for owner, name in CALLS:
            patch.setattr(owner, name, self._guard(getattr(owner, name), name))
        return self

    def _guard(self, call: Callable[..., Any], name: str) -> Callable[..., Any]:
        def guarded(*arguments: Any, **options: Any) -> Any:
            if self._counts(name, arguments):
                self.n_calls += 1
                if self.n_calls == self.fails_at or (self.lasts and self.n_calls > (self.fails_at or self.n_calls)):
                    raise OSError(self.number, os.strerror(self.number))
            return call(*arguments, **options)

        return guarded

    def _counts(self, name: str, arguments: tuple[Any, ...]) -> bool:
        place = arguments[0]
        if name == "fsync":
            return True
        writes = name != "open" or (len(arguments) > 1 and _makes(arguments[1]))
        return writes and isinstance(place, (str, Path)) and Path(place).is_relative_to(self.folder)


def _makes(how: Any) -> bool:
    """Whether a file is opened to be written, by the flags of `os.open` or the mode of `open`."""
    return bool(how & os.O_CREAT) if isinstance(how, int) else not set(how).isdisjoint("wax")
