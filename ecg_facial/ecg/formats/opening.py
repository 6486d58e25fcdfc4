"""Which format a file has.

Enters: a path. Leaves: an open `Recording`. The first bytes decide where a format has a mark of its own, else the suffix.
"""

from __future__ import annotations

from pathlib import Path

from ecg_facial.ecg.formats.contract import Recording, read_head
from ecg_facial.ecg.formats.text import open_text
from ecg_facial.ecg.formats.wfdb import open_wfdb
from ecg_facial.ecg.formats.wfdb_header import find_header
from ecg_facial.errors import DataError, MissingDataError

_N_MARK = 8


def open_recording(path: Path) -> Recording:
    """Open a recording.

    Raises
    ------
    MissingDataError, CorruptDataError, DataError
        When it is not there, or not what it seems.
    """
    suffix = path.suffix.lower()
    if suffix in (".hea", ".dat") or (not path.is_file() and find_header(path)):
        return open_wfdb(path)
    if not path.is_file():
        raise MissingDataError(f"{path}: no such file; check the path of the ECG")
    return open_text(path)
