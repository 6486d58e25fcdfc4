"""Functions that worker processes call in tests of the executors."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from ecg_facial.errors import MissingDataError


@dataclass(frozen=True, kw_only=True)
class Opened:
    """What a worker has prepared: where, and by which process."""

    folder: Path
    process: int


def open_in(folder: Path) -> Opened:
    """Prepare a worker and leave a file for it."""
    (folder / f"opened-{time.monotonic_ns()}-{os.getpid()}").touch()
    return Opened(folder=folder, process=os.getpid())


def describe(opened: Opened, number: int) -> tuple[int, bool]:
    return number * number, opened.process == os.getpid()


def fail_to_open() -> Opened:
    raise MissingDataError("no such detector; get one")


def refuse(number: int) -> int:
    if number == 3:
        raise MissingDataError(f"item {number} is not there; bring it")
    return number


def kill_worker_once(folder: Path, number: int) -> int:
    """Count the call; the first one of item 2 takes its whole worker along."""
    (folder / f"called-{number}-{time.monotonic_ns()}").touch()
    mark = folder / "killed"
    if number == 2 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def kill_worker(number: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return number


def count_threads(number: int) -> dict[str, int]:
    """Threads of each numerical library of this process, after it was loaded and used."""
    import cv2
    import numpy as np
    import torch
    from threadpoolctl import threadpool_info

    matrix = np.ones((300, 300)) @ np.ones((300, 300))
    torch.from_numpy(matrix) @ torch.from_numpy(matrix)
    pools = {f"{pool['user_api']}-{place}": pool["num_threads"] for place, pool in enumerate(threadpool_info())}
    return {**pools, "cv2": cv2.getNumThreads(), "torch": torch.get_num_threads()}


def meet(folder: Path, number: int) -> int:
    """Wait until the other item is in work too, which shows that both are at the same time."""
    (folder / str(number)).touch()
    deadline = time.monotonic() + 120
    while not all((folder / str(each)).exists() for each in (0, 1)) and time.monotonic() < deadline:
        time.sleep(0.01)
    return sum((folder / str(each)).exists() for each in (0, 1))


def environment_of(number: int) -> str | None:
    return os.environ.get("OMP_NUM_THREADS")
