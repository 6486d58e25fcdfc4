"""Which format a file has.

Enters: a path. Leaves: an open `Recording`. The suffix decides; for one that is not known, the first bytes do.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ecg_facial.ecg.formats.contract import Recording, read_head
from ecg_facial.ecg.formats.text import open_text
from ecg_facial.ecg.formats.wfdb_header import find_header, read_header
from ecg_facial.errors import DataError, EcgFacialError, MissingDataError

_TEXT_SUFFIXES = (".csv", ".tsv", ".txt", ".tab", ".asc", "")
_SUFFIXES = {
    ".hea": "wfdb", ".edf": "edf", ".rec": "edf", ".bdf": "edf", ".xdf": "xdf", ".xdfz": "xdf", ".npy": "npy",
    ".npz": "npy",
}  # fmt: skip
_MARKS = {b"0       ": "edf", b"\xffBIOSEMI": "edf", b"XDF:": "xdf", b"\x93NUMPY": "npy"}
_REFUSED = {
    ".mat": "a MATLAB file; give the .hea beside it where it is a WFDB record, else save it as CSV or .npz",
    ".zip": "an archive; unpack it first",
    ".gz": "a compressed file; unpack it first (gunzip)",
    ".atr": "annotations, which hold no samples; give the record's .hea",
}


def open_recording(path: Path) -> Recording:
    """Open a recording.

    Parameters
    ----------
    path : Path
        A file; of a WFDB record also its name, without a suffix.

    Raises
    ------
    MissingDataError, CorruptDataError, DataError
        When it is not there, or not what it seems.
    """
    suffix = path.suffix.lower()
    is_record = suffix in (".hea", ".dat") or not path.is_file()
    if is_record and find_header(path) is not None and (suffix != ".hea" or path.is_file()):
        return _open("wfdb")(path)
    if not path.is_file():
        raise MissingDataError(f"{path}: no such file; check the path of the ECG")
    if suffix in _REFUSED:
        raise DataError(f"{path}: {_REFUSED[suffix]}")
    return _open(_SUFFIXES.get(suffix) or _recognise(path, suffix))(path)


def list_files(path: Path) -> tuple[Path, ...]:
    """List the files of a recording that are there: a WFDB record's header and signal files, else one."""
    if path.suffix.lower() != ".hea":
        return (path,) if path.is_file() else ()
    try:
        names = dict.fromkeys(signal.file for signal in read_header(path).signals)
    except EcgFacialError:
        names = {}
    return tuple(one for one in (path, *map(path.with_name, names)) if one.is_file())


def _recognise(path: Path, suffix: str) -> str:
    if suffix in _TEXT_SUFFIXES[:-1]:
        return "text"
    head = read_head(path, max(map(len, _MARKS)))
    return next((name for mark, name in _MARKS.items() if head.startswith(mark)), "text")


def _open(name: str) -> Callable[[Path], Recording]:
    """Find the function that opens a format; those that need a library are imported when one is met."""
    if name == "wfdb":
        from ecg_facial.ecg.formats.wfdb import open_wfdb

        return open_wfdb
    if name == "edf":
        from ecg_facial.ecg.formats.edf import open_edf

        return open_edf
    if name == "xdf":
        from ecg_facial.ecg.formats.xdf import open_xdf

        return open_xdf
    if name == "npy":
        from ecg_facial.ecg.formats.npy import open_npy

        return open_npy
    return open_text
