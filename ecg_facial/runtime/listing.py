"""What a folder holds of data: the one way in which all readers list files.

Input: a folder. Output: its files or subfolders in natural order, without what operating systems and programs leave
behind, and without copies that stand beside their original. Opens a file only to compare it with another.
"""

from __future__ import annotations

import filecmp
import os
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from functools import partial
from pathlib import Path

# Windows, macOS, Synology and other network drives, Picasa; compared without letter case
_LEFTOVERS = frozenset(
    {
        *("thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "picasa.ini", "icon\r", "__macosx"),
        *("@eadir", "#recycle", "#snapshot", "$recycle.bin", "recycler", "system volume information", "lost+found"),
        *("network trash folder", "temporary items", "__pycache__"),
    }
)
# half-written downloads, editors' copies, and the mark that Windows keeps beside a download
_LEFTOVER_ENDINGS = (
    *("~", ".tmp", ".temp", ".part", ".partial", ".filepart", ".crdownload", ".download", ".swp", ".bak"),
    *(":zone.identifier", ":encryptable", ".zone.identifier"),
)
# hidden files, AppleDouble (._x), lock files of Office
_LEFTOVER_STARTS = (".", "~$", "~wrl")
_COPY = r"(?:conflicted copy|copy|kopie|copie|copia|cópia|kopia|kopi|kopio|копия|副本|コピー)"
# what file managers and synchronised folders add to a name that is taken; the group is the original's name
_COPY_FORMS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"{_COPY}(?: \(\d+\))? (?:of|von|de|di|av|из) (?P<name>.+)",
        rf"(?P<name>.+?)(?: - | |-|_){_COPY}(?: ?\(?\d+\)?)?",
        r"(?P<name>.+?) ?\([^()]*(?:conflict|konflikt|conflit|conflicto)[^()]*\)",
        r"(?P<name>.+?)[.~]sync-conflict-[\w-]+",
        r"(?P<name>.+?)_conflict-\d{8}-\d{6}",
    )
)
# as browsers name a second download; as Windows numbers pictures, too, so that only equal content makes it a copy
_NUMBERED = re.compile(r"(?P<name>.+?) ?\(\d+\)")
_NUMBERS = re.compile(r"(\d+)")
# most names are no copies, and four expressions for each of 8,700 files take a fifth of a second
_MAY_BE_COPY = re.compile(r"cop[yi]|cóp|kop|копи|副本|コピー|conflict|\)", re.IGNORECASE)


def is_leftover(name: str) -> bool:
    """Tell whether a file or folder of this name is never data.

    Examples
    --------
    >>> [is_leftover(name) for name in ("._clip.mp4", "Thumbs.db", "~$table.csv", "table.csv~", "table.csv")]
    [True, True, True, True, False]
    """
    folded = name.casefold()
    return folded.startswith(_LEFTOVER_STARTS) or folded in _LEFTOVERS or folded.endswith(_LEFTOVER_ENDINGS)


def is_of_a_file_manager(name: str) -> bool:
    """Tell whether a file manager leaves a file of this name in folders that it shows.

    Examples
    --------
    >>> [is_of_a_file_manager(name) for name in (".DS_Store", "._x", "Thumbs.db", ".hidden")]
    [True, True, True, False]
    """
    return name.startswith("._") or name == ".DS_Store" or name.casefold() in _LEFTOVERS


def fold_name(name: str) -> str:
    """Form in which two spellings of one file name are equal: letter case and Unicode form do not matter.

    Examples
    --------
    >>> fold_name("PartA") == fold_name("parta"), fold_name("ue") == fold_name("ü")
    (True, False)
    """
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def natural_key(name: str) -> tuple[list[tuple[int, str]], str]:
    """Sorting key by which numbers in a name count by value, the same for every Unicode form.

    Examples
    --------
    >>> sorted(["f10", "f9", "f1"], key=natural_key)
    ['f1', 'f9', 'f10']
    """
    name = unicodedata.normalize("NFC", name)
    parts = _NUMBERS.split(name)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts], name


def list_files(folder: Path, endings: Collection[str] = ()) -> list[Path]:
    """List the files of a folder, numbers in names by value.

    Parameters
    ----------
    folder : Path
        An absent folder holds nothing.
    endings : collection of str
        Such as ``.csv``, in lower case; letter case of the files does not matter. All files without it.
    """
    return _list(folder, endings, folders=False)


def list_folders(folder: Path) -> list[Path]:
    """List the subfolders of a folder, numbers in names by value; an absent folder holds nothing."""
    return _list(folder, (), folders=True)


def list_copies(folder: Path, endings: Collection[str] = ()) -> list[tuple[Path, Path]]:
    """List the copies that `list_files` and `list_folders` leave out, each with its original.

    Parameters
    ----------
    folder : Path
    endings : collection of str
        Of the files; subfolders are always looked at.
    """
    names = dict(_scan(folder))
    kept = [name for name, is_folder in names.items() if is_folder or _has_ending(name, endings)]
    found = _find_copies(folder, names, kept)
    return [(folder / name, folder / found[name]) for name in sorted(found, key=natural_key)]


def find_child(folder: Path, name: str) -> Path:
    """Find a file or folder of a fixed name, in any letter case; the name as it is where nothing fits.

    Of several spellings the given one is taken, else the first; `list_spellings` gives all.
    """
    path = folder / name
    if path.exists():
        return path
    return next(iter(list_spellings(folder, name)), path)


def list_spellings(folder: Path, name: str) -> list[Path]:
    """List all files and folders of a name, in any letter case and Unicode form."""
    wanted = fold_name(name)
    return sorted(folder / name for name, _ in _scan(folder) if fold_name(name) == wanted)


def list_odd_names(folder: Path) -> list[str]:
    """List the names that are no UTF-8, as they are shown; they are left out, since no table can hold them."""
    if not folder.is_dir():
        return []
    return sorted(show_name(name) for name in os.listdir(folder) if not _is_text(name) and not is_leftover(name))


def show_name(name: str) -> str:
    r"""Show a name whose bytes may be no UTF-8.

    Examples
    --------
    >>> show_name("M\udcfcller")
    'M\\xfcller'
    """
    return os.fsencode(name).decode(errors="backslashreplace")


def _is_text(name: str) -> bool:
    """Whether a name is text; Python keeps other bytes as halves of characters."""
    return not any("\udc80" <= sign <= "\udcff" for sign in name)


def _scan(folder: Path) -> Iterator[tuple[str, bool]]:
    """Yield the names in a folder that may be data, and whether each is a folder."""
    if folder.is_dir():
        with os.scandir(folder) as entries:
            for entry in entries:
                if not is_leftover(entry.name) and _is_text(entry.name):
                    yield entry.name, _is_folder(entry)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        # a link to itself
        return False


def _list(folder: Path, endings: Collection[str], *, folders: bool) -> list[Path]:
    there = dict(_scan(folder))
    wanted = [name for name, is_folder in there.items() if is_folder == folders and _has_ending(name, endings)]
    copies = _find_copies(folder, there, wanted)
    return [folder / name for name in sorted(wanted, key=natural_key) if name not in copies]


def _has_ending(name: str, endings: Collection[str]) -> bool:
    return not endings or name.lower().endswith(tuple(endings))


def _find_copies(folder: Path, there: Collection[str], names: Iterable[str]) -> dict[str, str]:
    """Names of copies whose original is there too, with that original's name."""
    suspects = {name: originals for name in names if (originals := list(_guess_originals(name)))}
    if not suspects:
        return {}
    spelt = {fold_name(name): name for name in there}
    found = {}
    for name, originals in suspects.items():
        for original, must_be_equal in originals:
            known = spelt.get(fold_name(original))
            if known is not None and known != name and (not must_be_equal or _same(folder / name, folder / known)):
                found[name] = known
                break
    return found


def _guess_originals(name: str) -> Iterator[tuple[str, bool]]:
    """Names of which this may be a copy, and whether only the content can tell."""
    if not _MAY_BE_COPY.search(name):
        return
    stem, dot, ending = name.rpartition(".")
    if not dot:
        stem, ending = name, ""
    for form in _COPY_FORMS:
        if match := form.fullmatch(stem):
            yield match["name"] + dot + ending, False
    if match := _NUMBERED.fullmatch(stem):
        yield match["name"] + dot + ending, True


def _same(one: Path, other: Path) -> bool:
    """Whether two files hold the same bytes, or two folders the same names."""
    if one.is_dir() or other.is_dir():
        names = partial(map, fold_name)
        return one.is_dir() and other.is_dir() and sorted(names(os.listdir(one))) == sorted(names(os.listdir(other)))
    return filecmp.cmp(one, other, shallow=False)
