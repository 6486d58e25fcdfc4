"""Opening a file in the format that it has.

Input: a path. Output: an open `EcgFile`. The suffix decides the format; the first bytes if the suffix is unknown.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ecg_facial.ecg.formats.contract import EcgFile, read_head
from ecg_facial.ecg.formats.text import open_text
from ecg_facial.ecg.formats.wfdb_header import find_header
from ecg_facial.ecg.formats.wfdb_segments import is_of_record, list_wfdb_files
from ecg_facial.errors import DataError, MissingDataError
from ecg_facial.runtime.paths import FoundPath, explain_absence, find_path

_TEXT_SUFFIXES = (".csv", ".tsv", ".txt", ".tab", ".asc", "")
_SUFFIXES = {
    ".hea": "wfdb", ".edf": "edf", ".rec": "edf", ".bdf": "edf", ".xdf": "xdf", ".xdfz": "xdf", ".npy": "npy",
    ".npz": "npy", ".mat": "matlab",
}  # fmt: skip
ECG_SUFFIXES = frozenset({*_SUFFIXES, *_TEXT_SUFFIXES[:-1]})
"""Endings of files that may be ECGs; `open_ecg_file` opens others by their first bytes."""
_MARKS = {b"0       ": "edf", b"\xffBIOSEMI": "edf", b"XDF:": "xdf", b"\x93NUMPY": "npy", b"MATLAB ": "matlab"}
_TEXT_BYTES = 4096
# quotes and blanks around a path
_AROUND = " \"'\u00a0"
_REFUSED = {
    ".zip": "an archive; unpack it first",
    ".gz": "a compressed file; unpack it first (gunzip)",
    ".atr": "annotations, which hold no samples; give the record's .hea",
    ".rar": "an archive; unpack it first",
    ".7z": "an archive; unpack it first",
    ".acq": "a recording of AcqKnowledge (BIOPAC); save it there as text or MATLAB file, or convert it with bioread",
    ".adicht": "a recording of LabChart; export it there as text or MATLAB file",
    ".json": "a JSON document; write its samples to a CSV file with a column 'ecg'",
    ".scp": "an SCP-ECG file; convert it to WFDB or EDF, or export it as CSV",
    ".dcm": "a DICOM file; convert its waveform to WFDB or EDF, or export it as CSV",
    ".fif": "a recording of MNE; export it as EDF (mne.export.export_raw)",
    ".cnt": "a recording of an EEG program; convert it to EDF",
    ".eeg": "samples of BrainVision; convert the recording to EDF",
    ".smrx": "a recording of Spike2; export it there as text or MATLAB file",
}


# endings that text exports have too
_MAYBE_TEXT = frozenset({".acq", ".cnt", ".eeg"})


def open_ecg_file(path: Path) -> EcgFile:
    """Open a recording.

    Parameters
    ----------
    path : Path
        A file, or the name of a WFDB record without suffix.

    Raises
    ------
    MissingDataError, CorruptDataError, DataError
        When there is no such file, it is damaged, or its format is not supported.
    """
    suffix = path.suffix.lower()
    is_record = suffix in (".hea", ".dat") or not path.is_file() or (suffix == ".mat" and is_of_record(path))
    if is_record and find_header(path) is not None and (suffix != ".hea" or path.is_file()):
        return _open("wfdb")(path)
    if not path.is_file():
        raise MissingDataError(f"{path}: no such file{explain_absence(path)}; check the path of the ECG")
    if suffix == ".dat" and not _is_text(path):
        raise DataError(f"{path}: samples without a header; a WFDB record needs its .hea beside it, with the same name")
    if suffix in _REFUSED and not (suffix in _MAYBE_TEXT and _is_text(path)):
        raise DataError(f"{path}: {_REFUSED[suffix]}")
    return _open(_SUFFIXES.get(suffix) or _recognise(path, suffix))(path)


def find_ecg_file(path: Path | str) -> FoundPath:
    """Find what the path of an ECG means, as `runtime.paths.find_path`; a WFDB record may be named without an ending.

    Parameters
    ----------
    path : path
        Relative to the working folder.
    """
    plain = Path(path)
    if find_header(plain) is not None:
        return FoundPath(path=plain)
    found = find_path(path)
    if found.path.exists():
        return found
    header = find_path(f"{str(path).strip(_AROUND)}.hea")
    return header if header.path.is_file() else found


def list_files(path: Path) -> tuple[Path, ...]:
    """List the existing files of a recording: header and signal files of a WFDB record, else one."""
    if path.suffix.lower() == ".hea":
        return list_wfdb_files(path)
    return (path,) if path.is_file() else ()


def _is_text(path: Path) -> bool:
    head = read_head(path, _TEXT_BYTES)
    # UTF-16 has a mark; other texts no NUL
    return b"\0" not in head or head[:2] in (b"\xff\xfe", b"\xfe\xff")


def _recognise(path: Path, suffix: str) -> str:
    """Find the format of a file with an unknown suffix by its first bytes; text by default."""
    if suffix in _TEXT_SUFFIXES[:-1]:
        return "text"
    head = read_head(path, max(map(len, _MARKS)))
    return next((name for mark, name in _MARKS.items() if head.startswith(mark)), "text")


def _open(name: str) -> Callable[[Path], EcgFile]:
    """Find the function that opens a format; formats that need a library are imported when first used."""
    if name == "wfdb":
        from ecg_facial.ecg.formats.wfdb_segments import open_wfdb

        return open_wfdb
    if name == "edf":
        from ecg_facial.ecg.formats.edf import open_edf

        return open_edf
    if name == "xdf":
        from ecg_facial.ecg.formats.xdf import open_xdf

        return open_xdf
    if name == "matlab":
        from ecg_facial.ecg.formats.matlab import open_matlab

        return open_matlab
    if name == "npy":
        from ecg_facial.ecg.formats.npy import open_npy

        return open_npy
    return open_text
