"""Aligned text tables, lists of words, and the note on simulated data.

Input: rows of values, or words. Output: text for the terminal.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

SIMULATED_NOTE = "SIMULATED data: these figures say nothing about patients."
SIMULATED_BUNDLE_NOTE = "Trained on SIMULATED people: means nothing on real ones."
RESEARCH_NOTE = "For research only; not a medical device."


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


def join_words(words: Sequence[str]) -> str:
    """Join words as a sentence does.

    Examples
    --------
    >>> join_words(["facial", "ecg", "fusion"])
    'facial, ecg and fusion'
    """
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
