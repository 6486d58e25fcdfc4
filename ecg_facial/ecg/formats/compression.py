"""Which files of an ECG are compressed, so that their size follows the signal as well as its length.

Input: the path of a recording. Output: the files that hold its samples, and whether one of them is compressed.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

from ecg_facial.ecg.formats.contract import read_head
from ecg_facial.ecg.formats.opening import list_files
from ecg_facial.ecg.formats.wfdb_header import find_header
from ecg_facial.errors import EcgFacialError

# gzip, bzip2, xz, zstd, FLAC, and HDF5, whose arrays MATLAB compresses
_MARKS = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd", b"fLaC", b"\x89HDF")
_ZIP, _HEAD_BYTES = b"PK", 520
# a MATLAB file has 128 bytes of text, and compressed elements of this type behind them; HDF5 may begin at 512
_MATLAB, _TYPE_AT, _HDF5_AT, _COMPRESSED = b"MATLAB", 128, 512, (b"\x0f\0\0\0", b"\0\0\0\x0f")


def list_sample_files(path: Path) -> tuple[Path, ...]:
    """List the files that hold the samples of a recording: of a WFDB record all but its headers, which are text.

    Parameters
    ----------
    path : Path
    """
    header = None if path.is_file() and path.suffix.lower() not in (".hea", ".dat") else find_header(path)
    if header is None:
        return (path,) if path.is_file() else ()
    return tuple(file for file in list_files(header) if file.suffix.lower() != ".hea")


def is_compressed(path: Path) -> bool:
    """Tell by its first bytes whether a file is compressed: a larger or noisier signal takes more of them.

    Parameters
    ----------
    path : Path
        One file.
    """
    try:
        head = read_head(path, _HEAD_BYTES)
        if head.startswith(_ZIP):
            with zipfile.ZipFile(path) as archive:
                return any(member.compress_type != zipfile.ZIP_STORED for member in archive.infolist())
    except (EcgFacialError, OSError, zipfile.BadZipFile):
        return False
    if head.startswith(_MATLAB):
        return head[_TYPE_AT : _TYPE_AT + 4] in _COMPRESSED or head[_HDF5_AT:].startswith(_MARKS[-1])
    return head.startswith(_MARKS)
