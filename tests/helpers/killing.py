"""Killing a program in its work, its processes, and comparing what two runs left."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import IO


def kill_when(command: list[str], ready: Callable[[], bool]) -> None:
    process = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 600
    try:
        while not ready() and time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.002)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def copy_process(work: Callable[[IO[str]], object]) -> tuple[int, IO[str]]:
    """Copy this process, which must have one thread: the copy works, and what it writes is read here.

    Returns
    -------
    process : int
    out : text stream
    """
    read, write = os.pipe()
    child = os.fork()
    if child:
        os.close(write)
        return child, os.fdopen(read)
    code = 1
    try:
        os.close(read)
        with os.fdopen(write, "w") as out:
            work(out)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def end_copy(process: int, how: int = 0) -> int:
    """Send a signal to a copy (0: none), wait for its end, and give its exit code: -9 if it was killed."""
    os.kill(process, how)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def is_running(process: int) -> bool:
    """Whether a process is there and no zombie, by /proc."""
    return _read_state(process) not in (None, "Z")


def list_descendants(process: int) -> set[int]:
    """Processes that a process started, and those that these started, by /proc."""
    parents = {int(path.name): _read_parent(int(path.name)) for path in Path("/proc").glob("[0-9]*")}
    found = {process}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {process}


def wait_until(done: Callable[[], bool], *, seconds: float = 120.0) -> bool:
    """Wait until something is so; the deadline only keeps a test that fails from waiting for ever."""
    deadline = time.monotonic() + seconds
    while not done() and time.monotonic() < deadline:
        time.sleep(0.02)
    return done()


def _read_state(process: int) -> str | None:
    fields = _read_fields(process)
    return fields[0] if fields else None


def _read_parent(process: int) -> int | None:
    fields = _read_fields(process)
    return int(fields[1]) if fields else None


def _read_fields(process: int) -> list[str]:
    """State, parent and more of a process; none where it is gone."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def assert_same_results(first: Path, second: Path) -> None:
    """Compare the predictions and figures of two runs, audited or not."""
    predictions, figures = [], []
    for folder in (first, second):
        predictions.append((folder / "predictions.csv").read_bytes())
        figures.append(json.loads((folder / "metrics.json").read_text()) | {"audit": None})
    assert predictions[0] == predictions[1]
    assert figures[0] == figures[1]
