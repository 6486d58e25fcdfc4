"""What the command line shows: tables, paths, one-line errors.

Enters: results of the other modules. Leaves: text on standard output (results) and standard error (errors).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from ecg_facial.errors import EcgFacialError

EXIT_BAD_INPUT = 2


@contextmanager
def errors_as_one_line() -> Iterator[None]:
    """Turn the package's own errors into one line on standard error and exit code 2."""
    try:
        yield
    except EcgFacialError as error:
        sys.stderr.write(f"error: {' '.join(str(error).split())}\n")
        raise SystemExit(EXIT_BAD_INPUT) from None


def say(text: str = "") -> None:
    """Write a line to standard output."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
