"""What the command line shows: tables, paths, one-line errors.

Enters: results of the other modules. Leaves: text on standard output (results) and standard error (errors).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ecg_facial.errors import EcgFacialError

EXIT_BAD_INPUT = 2
SIMULATED_NOTE = "SIMULATED data: these figures say nothing about patients."


@contextmanager
def errors_as_one_line() -> Iterator[None]:
    """Turn the package's own errors into one line on standard error and exit code 2."""
    try:
        yield
    except EcgFacialError as error:
        sys.stderr.write(f"error: {' '.join(str(error).split())}\n")
        raise SystemExit(EXIT_BAD_INPUT) from None


def format_table(rows: Sequence[Sequence[Any]], *, header: Sequence[str], n_left: int = 1) -> str:
    """Lay out rows in aligned columns, the first `n_left` of them left, the others right.

    Examples
    --------
    >>> print(format_table([["facial", 0.5], ["ecg", 12]], header=["model", "n"]))
    model     n
    facial  0.5
    ecg      12
    """
    cells = [[str(cell) for cell in row] for row in [header, *rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    pads: Sequence[Callable[[str, int], str]] = [str.ljust] * n_left + [str.rjust] * (len(header) - n_left)
    lines = ("  ".join(pad(cell, width) for pad, cell, width in zip(pads, row, widths, strict=True)) for row in cells)
    return "\n".join(line.rstrip() for line in lines)


def say(text: str = "") -> None:
    """Write a line to standard output."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
