"""Killing a program in its work, and comparing what two runs left."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path


def kill_when(command: list[str], ready: Callable[[], bool]) -> None:
    process = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    try:
        while not ready() and time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.002)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def assert_same_bytes(first: Path, second: Path) -> None:
    for name in ("predictions.csv", "metrics.json"):
        assert (first / name).read_bytes() == (second / name).read_bytes()
