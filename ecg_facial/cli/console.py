"""Output of the command line: text on standard output, errors in one line on standard error.

Input: text, or an error. Output: what is written, and exit codes. `wording` makes the text.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from ecg_facial.errors import EcgFacialError
from ecg_facial.runtime.extras import missing_extras_named

EXIT_BAD_INPUT = 2


@contextmanager
def errors_as_one_line() -> Iterator[None]:
    """Turn the package's own errors, and optional packages that are missing, into one line and exit code 2."""
    try:
        with missing_extras_named():
            yield
    except EcgFacialError as error:
        _exit_with(" ".join(str(error).split()))


def _exit_with(message: str) -> NoReturn:
    sys.stderr.write(f"error: {message}\n")
    raise SystemExit(EXIT_BAD_INPUT) from None


def say(text: str = "") -> None:
    """Write a line to standard output."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
