"""Folders and files of a data set, as all readers find them.

Input: a folder and fixed names. Output: paths, and problems: copies, and one name in two spellings.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from ecg_facial.datasets.records import Problem
from ecg_facial.errors import AmbiguousDataError
from ecg_facial.runtime.listing import find_child, list_copies, list_odd_names, list_spellings

# as people store them who shorten or convert the clips
VIDEO_SUFFIXES = frozenset(
    {".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".wmv", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts", ".flv", ".3gp"}
)


def find_folder(folder: Path, name: str) -> Path:
    """Find a subfolder of a fixed name in any letter case; the name as it is where there is none.

    Raises
    ------
    AmbiguousDataError
        For two of them, of which one would be forgotten.
    """
    found = [path.name for path in list_spellings(folder, name) if path.is_dir()]
    if len(found) > 1:
        raise AmbiguousDataError(f"{folder}: holds {' and '.join(map(repr, found))}, one name; put them together")
    return find_child(folder, name)


def name_left_out(folder: Path, endings: Collection[str] = ()) -> Iterator[Problem]:
    """List the copies in a folder that are left out, and names that no table can hold, as problems."""
    for copy, original in list_copies(folder, endings):
        message = f"a copy of {original.name}, which stands beside it: left out"
        yield Problem(kind="duplicate", subject="", trial="", path=copy, message=message)
    for name in list_odd_names(folder):
        message = "its name is no UTF-8, as in an archive of another system: left out; rename it"
        yield Problem(kind="unreadable", subject="", trial="", path=folder / name, message=message)
