"""What is made once in a test run, though several workers of xdist ask for it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock


def make_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """Let `make` fill a new folder, in the worker that is first; all others wait for it, and find it as it is.

    Parameters
    ----------
    factory : TempPathFactory
        Its folders are those of this test run alone.
    name : str
        Of the folder.
    make : callable
        Fills the folder; what it raises reaches everybody who asks, each of whom tries anew.
    """
    base = factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, done = base / name, base / f"{name}.done"
    with FileLock(base / f"{name}.lock"):
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            done.touch()
    return folder
