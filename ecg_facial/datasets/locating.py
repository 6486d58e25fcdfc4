"""Where a data set is, and which reader fits it.

Input: a path as it was given. Output: the folder or manifest that is meant, its reader, and how it was found. A path of
another system is read, and a data set one level up or down is taken where one thing fits.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ecg_facial.datasets.readers.contract import Reader
from ecg_facial.datasets.readers.registry import READERS
from ecg_facial.datasets.settings import AUTO
from ecg_facial.errors import AmbiguousDataError, MissingDataError, SettingsError
from ecg_facial.runtime.listing import list_files, list_folders, show_name
from ecg_facial.runtime.paths import explain_absence, find_path

_SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class Located:
    """A data set that can be read.

    Attributes
    ----------
    root : Path
        Absolute.
    reader : Reader
    notes : tuple of str
        How it was found where it is not at the given path.
    """

    root: Path
    reader: Reader
    notes: tuple[str, ...] = ()


def locate(path: Path | str, wanted: str) -> Located:
    """Find a data set and its reader.

    Parameters
    ----------
    path : path
    wanted : str
        Name of a reader, or `AUTO`.

    Raises
    ------
    SettingsError
        For an unknown reader.
    MissingDataError
        When nothing is there, or nothing that a reader fits.
    AmbiguousDataError
        When two readers fit, or two folders near the path.
    """
    if wanted != AUTO and wanted not in READERS:
        raise SettingsError(f"unknown reader {wanted!r}: expected {AUTO}, {', '.join(READERS)}")
    given = find_path(path)
    root = given.path.resolve()
    if show_name(str(root)) != str(root):
        raise SettingsError(
            f"{show_name(str(root))}: the name is no UTF-8, which no table can hold; rename that folder"
        )
    if not root.exists():
        raise MissingDataError(f"{root}: no such folder{explain_absence(root)}; check the path of the data set")
    if root.is_dir() and not (list_files(root) or list_folders(root)):
        raise MissingDataError(f"{root}: the folder is empty; expected a data set")
    notes = (given.note,) if given.note else ()
    fitting = _list_fitting(root, wanted)
    if not fitting and root.is_dir():
        near = [folder for folder in (*list_folders(root), root.parent) if _list_fitting(folder, wanted)]
        if len(near) > 1:
            shown = ", ".join(str(folder) for folder in near[:_SHOWN])
            raise AmbiguousDataError(f"{root}: no data set itself, but near it are {len(near)} ({shown}); name one")
        if near:
            notes = (*notes, f"{root} is no data set: {near[0]} is read, which is")
            root, fitting = near[0], _list_fitting(near[0], wanted)
    return Located(root=root, reader=READERS[_choose(root, fitting, wanted)], notes=notes)


def _list_fitting(root: Path, wanted: str) -> list[str]:
    return [name for name, reader in READERS.items() if wanted in (AUTO, name) and reader.fits(root)]


def _choose(root: Path, fitting: list[str], wanted: str) -> str:
    if wanted != AUTO and (fitting or wanted == "manifest"):
        return wanted
    if not fitting:
        layouts = "; ".join(f"{name}: {READERS[name].card.layout}" for name in READERS if wanted in (AUTO, name))
        there = [path.name for path in (*list_folders(root), *list_files(root))] if root.is_dir() else []
        held = f" (it holds {', '.join(there[:_SHOWN])}{', ...' if len(there) > _SHOWN else ''})" if there else ""
        raise MissingDataError(f"{root}: no data set that can be read{held}; looked for {layouts}")
    if len(fitting) > 1:
        raise AmbiguousDataError(f"{root}: fits the readers {' and '.join(fitting)}; name the one that is meant")
    return fitting[0]
