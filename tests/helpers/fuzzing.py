"""What every fuzzer checks: a reader gives a value or an error of this package, in bounded memory.

Input: a call of a reader. Output: its value, or the error. `tests/fuzz/conftest.py` gives each variant its generator.
"""

from __future__ import annotations

import os
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import numpy as np

from ecg_facial.errors import EcgFacialError

N_VARIANTS = int(os.environ.get("ECG_FACIAL_VARIANTS", "50"))
MOST_BYTES = 100 << 20
"""A small file, however damaged, must not take more; a declared limit of a reader may be given in its place."""
_MOST_CHARACTERS = 600
_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")
_Value = TypeVar("_Value")


def make_generator(test: str, variant: int) -> np.random.Generator:
    """Generator of a variant: it depends on the test's name and the variant's number alone."""
    return np.random.default_rng([zlib.crc32(test.encode()), variant])


def attempt(read: Callable[[], _Value], *, most_bytes: int = MOST_BYTES) -> _Value | EcgFacialError:
    """Call a reader.

    Parameters
    ----------
    read : callable
        A reader of one file, without arguments.
    most_bytes : int
        Limit of the memory that it may take at once, of Python and NumPy as well as of libraries below them.

    Returns
    -------
    object or EcgFacialError
        What was read, or why it was refused: one line, not longer than a few.

    Raises
    ------
    AssertionError
        For any other exception, a message of several lines, or too much memory.
    """
    with bounded_memory(most_bytes):
        try:
            return read()
        except EcgFacialError as error:
            _check_line(str(error))
            return error
        except Exception as error:
            raise AssertionError(f"not an error of this package: {type(error).__name__}: {error}") from error


def _check_line(said: str) -> None:
    assert said, "an error without a message"
    assert "\n" not in said, f"a message of several lines: {said!r}"
    assert len(said) < _MOST_CHARACTERS, f"a message of {len(said)} characters: {said!r}"


def attempt_and_read(read: Callable[[], _Value], *, most_bytes: int = MOST_BYTES) -> _Value:
    """Call a reader of a file that must not be refused, as `attempt` does."""
    found = attempt(read, most_bytes=most_bytes)
    assert not isinstance(found, EcgFacialError), f"refused: {found}"
    return found


@contextmanager
def bounded_memory(most_bytes: int) -> Iterator[None]:
    """Fail where the block takes more memory: as allocated by Python and NumPy, and as resident by all libraries."""
    before = _reset_peak()
    tracemalloc.start()
    try:
        yield
        allocated = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    peak = _read_bytes("VmHWM")
    resident = 0 if before is None or peak is None else peak - before
    assert allocated <= most_bytes, f"{allocated} bytes were allocated, limit {most_bytes}"
    assert resident <= most_bytes, f"{resident} bytes became resident, limit {most_bytes}"


def _reset_peak() -> int | None:
    """Begin to measure the peak of resident memory anew; None where the system cannot."""
    try:
        _RESET.write_text("5")
    except OSError:
        return None
    return _read_bytes("VmRSS")


def _read_bytes(name: str) -> int | None:
    lines = _STATUS.read_text().splitlines() if _STATUS.is_file() else []
    found = next((line.split() for line in lines if line.startswith(f"{name}:")), None)
    return None if found is None else int(found[1]) << 10
