"""Tables of a BIDS data set: cells without tabs and line ends, and tables to which exports add rows.

Input: values, or a row. Output: text, or the table with the row in it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ecg_facial.errors import SettingsError
from ecg_facial.runtime.storage import write_text

UNKNOWN = "n/a"
_ESCAPES = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}


def say_cell(value: Any) -> str:
    r"""Write a value as a cell.

    Backslashes escape tabs, line ends and themselves; a text that is ``n/a`` itself is ``n\/a``.

    Examples
    --------
    >>> [say_cell(value) for value in (None, 1.5, True, "a\tb", "n/a", "")]
    ['n/a', '1.5', 'true', 'a\\tb', 'n\\/a', 'n/a']
    """
    if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
        return UNKNOWN
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str):
        return repr(value)
    return "n\\/a" if value == UNKNOWN else "".join(_ESCAPES.get(sign, sign) for sign in value)


def join_table(path: Path, row: Mapping[str, Any], *, columns: Sequence[str]) -> Path:
    """Add a row to a table unless it is there; the first column names it.

    Parameters
    ----------
    path : Path
        Made where there is none.
    row : mapping
    columns : sequence of str

    Raises
    ------
    SettingsError
        Where the table has other columns, or another row of this name; names that differ in letter case alone are one
        on some systems.
    """
    header, new = "\t".join(columns), "\t".join(say_cell(row[name]) for name in columns)
    lines = path.read_text(encoding="utf-8").split("\n")[:-1] if path.exists() else [header]
    if lines[0] != header:
        raise SettingsError(f"{path}: other columns than expected ({header!r}); name another folder")
    if new in lines[1:]:
        return path
    name = say_cell(row[columns[0]])
    if any(line.partition("\t")[0].casefold() == name.casefold() for line in lines[1:]):
        raise SettingsError(f"{path}: another {name} is there already; name another folder")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, "\n".join([header, *sorted([*lines[1:], new])]) + "\n")
    return path
