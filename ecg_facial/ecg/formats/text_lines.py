"""The lines of a text table: read, without what belongs to no line, and which of them are neither blank nor comments.

Input: a text file. Output: its text, in which each row is one line. Does not look for columns.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ecg_facial.ecg.formats.contract import readable
from ecg_facial.runtime.numbers import MISSING_WORDS
from ecg_facial.runtime.text_files import TextFile

COMMENTS = "#%"
# "#N/A" at the start of a row is a missing value and no comment
_MISSING_FIRST = re.compile(
    rf"(?:{'|'.join(re.escape(word) for word in sorted(MISSING_WORDS) if word[:1] == '#')})\s*(?:[\t,;|]|$)",
    re.IGNORECASE,
)
_MAY_BE_NO_ROW = frozenset({"", " ", "\t", *COMMENTS})
# lines in which names with line breaks are looked for, and the most lines of a name
_N_HEAD, _MAX_BROKEN = 50, 8
# rows whose last cells all have as many decimals tell that the last row of a file was cut
_N_ALIKE = 20
_DECIMALS = re.compile(r"[.,](\d+)$")


def read_lines(source: TextFile) -> tuple[str, tuple[str, ...]]:
    """Read the text; a last row that was not finished is left out, and names over several lines are put in one.

    Returns
    -------
    text : str
    notes : tuple of str
    """
    with readable(source.path), source.open() as stream:
        text = stream.read().rstrip("\x1a")
    if "\ufeff" in text:
        # files that were put together each begin with a mark
        text = text.replace("\ufeff", "")
    if source.n_bytes_cut and not text.endswith("\n"):
        text = text[: text.rfind("\n") + 1]
    notes: tuple[str, ...] = ()
    if not text.endswith("\n") and _is_cut(text):
        text, notes = text[: text.rfind("\n")], ("the last row was cut off within its last number: left out",)
    return _join_broken_names(text.removesuffix("\n")), notes


def find_content(lines: Sequence[str]) -> Sequence[int]:
    """List the lines that are neither blank nor comments."""
    # the set of first characters is found four times as fast as looking at each line
    if not {line[:1] for line in lines} & _MAY_BE_NO_ROW:
        return range(len(lines))
    return [
        number
        for number, line in enumerate(lines)
        if line and not line.isspace() and (line[0] not in COMMENTS or _MISSING_FIRST.match(line))
    ]


def _is_cut(text: str) -> bool:
    """Tell whether the last line, which has no end, has fewer decimals than all rows ahead of it have."""
    start = len(text)
    for _ in range(_N_ALIKE + 1):
        start = max(0, text.rfind("\n", 0, start))
    *rows, last = (line.rstrip() for line in text[start:].strip("\n").split("\n"))
    found = [_DECIMALS.search(row) for row in rows]
    counts = {len(one[1]) if one else 0 for one in found}
    if len(rows) < _N_ALIKE or len(counts) > 1 or counts <= {0, 1}:
        return False
    own = _DECIMALS.search(last)
    return (len(own[1]) if own else 0) < counts.pop()


def _join_broken_names(text: str) -> str:
    """Put quoted names with line breaks in one line each; the other lines keep their numbers."""
    head = text[: _find_end_of_head(text)]
    if '"' not in head:
        return text
    lines = head.split("\n")
    for place in range(len(lines)):
        if lines[place].count('"') % 2 == 0:
            continue
        for end in range(place + 1, min(len(lines), place + _MAX_BROKEN)):
            if lines[end].count('"') % 2:
                lines[place] = " ".join(lines[place : end + 1])
                lines[place + 1 : end + 1] = [""] * (end - place)
                break
    return "\n".join(lines) + text[len(head) :]


def _find_end_of_head(text: str) -> int:
    end = -1
    for _ in range(_N_HEAD):
        following = text.find("\n", end + 1)
        if following < 0:
            return len(text)
        end = following
    return end
