"""Paths that were written on another system, or in another spelling than the file's.

Input: a path as a person, a table or a command line gives it. Output: the file or folder that is meant, with a note of
how it was found, or one line that says what was found instead. Backslashes, drive letters, ``~``, ``file://``, ``%20``,
quotes, letter case, Unicode form, and a data set that was moved are looked at; what fits is taken only where nothing
else fits.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from ecg_facial.runtime.listing import fold_name, is_leftover, list_folders, list_odd_names
from ecg_facial.runtime.names import tidy_name

_DRIVE = re.compile(r"^[A-Za-z]:(?=[/\\]|$)|^[/\\]{2}(?=[^/\\])")
_QUOTES = "\"'\u201c\u201d\u2018\u2019\u00ab\u00bb`"
_SHOWN = 3
_SPELT = "are found in another spelling"
# as Python shows a path
_SHOWN_PATH = re.compile(r"(?:Pure)?(?:Posix|Windows)?Path\((?P<path>.+)\)")
# what a shell puts a backslash before
_ESCAPED = re.compile(r"\\([ ()\[\]{}&'\"!$;,#*?|<>~`])")


@dataclass(frozen=True, kw_only=True)
class FoundPath:
    """What a path was taken for.

    Attributes
    ----------
    path : Path
        As it was given, joined to its base, where nothing fits.
    note : str
        How it was found; empty for a path that is there, and for one that is not.
    """

    path: Path
    note: str = ""


@dataclass(kw_only=True)
class PathFinder:
    """Finds the files of one table, beside which it lies.

    Attributes
    ----------
    base : Path
        Folder that paths are relative to.
    """

    base: Path
    _reasons: Counter[str] = field(default_factory=Counter)
    _examples: dict[str, str] = field(default_factory=dict)
    # folders as they were listed: a table has thousands of paths into one folder
    _listed: dict[Path, dict[str, list[str]]] = field(default_factory=dict)

    @property
    def notes(self) -> tuple[str, ...]:
        """How paths were found that were not there as given, one line for each kind."""
        return tuple(
            f"{n} paths {reason}, such as {self._examples[reason]}" for reason, n in sorted(self._reasons.items())
        )

    def find(self, text: str) -> FoundPath:
        """Find what a path means.

        Parameters
        ----------
        text : str
        """
        plain = self.base / text
        if _exists(plain):
            return FoundPath(path=plain)
        for spelling, reason in _respell(text, self.base.resolve().name):
            found = self._look_up(spelling, text)
            if found is not None:
                note = f"{text!r} is read as {_relative(found, self.base)}"
                self._reasons[reason] += 1
                self._examples.setdefault(reason, note)
                return FoundPath(path=found, note=note)
        return FoundPath(path=plain)

    def _look_up(self, spelling: PurePosixPath, text: str) -> Path | None:
        """Find a path under the base, in any letter case, also one level up or down where one thing fits."""
        exact = self._walk(self.base, spelling.parts)
        if exact is not None or spelling.is_absolute() or spelling.name == str(spelling) != text:
            # a bare name that is left of a longer path may be in the folder of somebody else
            return exact
        near = [self._walk(self.base.parent, spelling.parts)]
        near += [self._walk(folder, spelling.parts) for folder in list_folders(self.base)]
        there = [path for path in near if path is not None]
        return there[0] if len(there) == 1 else None

    def _walk(self, folder: Path, names: tuple[str, ...]) -> Path | None:
        """Follow names from a folder, each as it is or in the only other spelling that is there."""
        for name in names:
            if name in (".", "..") or name == os.sep or _exists(folder / name):
                folder = folder / name
                continue
            fitting = self._list(folder).get(fold_name(tidy_name(name)), [])
            if len(fitting) != 1:
                return None
            folder = folder / fitting[0]
        return folder if names and _exists(folder) else None

    def _list(self, folder: Path) -> dict[str, list[str]]:
        if folder not in self._listed:
            names: dict[str, list[str]] = {}
            for name in _list_names(folder):
                names.setdefault(fold_name(tidy_name(name)), []).append(name)
            self._listed[folder] = names
        return self._listed[folder]


def find_path(path: Path | str) -> FoundPath:
    """Find what a path on a command line means.

    Parameters
    ----------
    path : path
        Relative to the working folder.
    """
    return PathFinder(base=Path()).find(str(path))


def explain_absence(path: Path) -> str:
    """Say what is there instead of a file, as the end of a message; empty where there is nothing to say.

    Parameters
    ----------
    path : Path
    """
    text = str(path)
    hints = []
    if _exists(path):
        return ""
    if path.is_symlink():
        return f" (it is a link to {os.readlink(path)}, which is not there)"
    if "\\" in path.name or _DRIVE.match(path.name):
        hints.append("the path has backslashes or a drive letter of Windows, and nothing fits it here")
    elif text.endswith(tuple(_QUOTES)) or "%20" in text or "://" in text:
        hints.append("the path has quotes or signs of a web address, and nothing fits it here")
    parent = next((folder for folder in path.parents if folder.is_dir()), None)
    if parent is not None and parent != path.parent:
        missing = path.relative_to(parent).parts[0]
        hints.append(f"{parent} holds no folder {missing!r}")
    elif parent is not None:
        hints += _describe_neighbours(parent, path.name)
    return f" ({'; '.join(hints)})" if hints else ""


def _describe_neighbours(folder: Path, name: str) -> Iterator[str]:
    """Say which files of a folder a name may mean."""
    there = list(_list_names(folder, hidden=True))
    if f".{name}.icloud" in there:
        yield "it is in iCloud and not on this disk: download it"
        return
    stem = fold_name(PurePosixPath(name).stem)
    near = [other for other in there if fold_name(PurePosixPath(other).stem) == stem and not is_leftover(other)]
    same = [other for other in near if fold_name(other) == fold_name(name)]
    if len(same) > 1:
        yield f"{' and '.join(map(repr, sorted(same)))} fit it: rename one"
    elif near:
        yield f"{', '.join(map(repr, sorted(near)[:_SHOWN]))} is there"
    elif odd := list_odd_names(folder):
        yield f"'{odd[0]}' is there, and no UTF-8: rename it"


def _respell(text: str, base: str) -> Iterator[tuple[PurePosixPath, str]]:
    """Spellings that a path may stand for, with the reason, from the most likely one; `base` is the folder's name."""
    tidy, reason = tidy_name(text), _SPELT
    if "&" in tidy and (plain := unescape(tidy)) != tidy:
        tidy, reason = plain, "have signs of a web page"
    if shown := _SHOWN_PATH.fullmatch(tidy):
        tidy = shown["path"]
    bare = tidy.strip(_QUOTES).strip()
    if reason == _SPELT and bare != text:
        reason = "have quotes or blanks around them"
    tidy = bare
    if tidy.lower().startswith("file:") and "://" not in tidy:
        tidy, reason = unquote(tidy[len("file:") :]), "are web addresses of files"
    if "://" in tidy:
        tidy, reason = unquote(urlsplit(tidy).path), "are web addresses of files"
    if tidy.startswith("~"):
        tidy, reason = os.path.expanduser(tidy), "begin with ~"
    if "\\" in tidy:
        typed = _ESCAPED.sub(r"\1", tidy)
        if "\\" not in typed:
            yield from _place(typed, "have signs that a terminal put in", base)
        tidy, reason = tidy.replace("\\", "/"), "have backslashes"
    for spelling in dict.fromkeys((tidy, unquote(tidy))):
        yield from _place(spelling, reason if spelling == tidy else "have signs of a web address", base)


def _place(spelling: str, reason: str, base: str) -> Iterator[tuple[PurePosixPath, str]]:
    """Yield a path as it is, then ever fewer of the folders that it lay in: of a data set that was moved."""
    path = PurePosixPath(spelling)
    if not _DRIVE.match(spelling):
        yield path, reason
    else:
        reason = "begin with a drive of Windows"
    parts = [part for part in path.parts if part not in ("/", "//") and not _DRIVE.match(part)]
    is_absolute = len(parts) < len(path.parts)
    for start in range(not is_absolute, len(parts)):
        if is_absolute or fold_name(parts[start - 1]) == fold_name(base):
            yield PurePosixPath(*parts[start:]), "lie in another folder than they say" if reason == _SPELT else reason


def _exists(path: Path) -> bool:
    """Whether something is there; a name that no system allows is not."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _list_names(folder: Path, *, hidden: bool = False) -> list[str]:
    try:
        return sorted(name for name in os.listdir(folder or ".") if hidden or not is_leftover(name))
    except OSError:
        return []


def _relative(path: Path, base: Path) -> str:
    return Path(os.path.relpath(path, base)).as_posix()
