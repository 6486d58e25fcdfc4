"""The export of a patient, in any format.

Input: an open store, a pseudonym, a folder, a format. Output: the files that were written. Which sessions there are is
decided in `content`; what a file holds, in the module of its format.
"""

from __future__ import annotations

from pathlib import Path

from ecg_facial.errors import SettingsError
from ecg_facial.export.content import SessionContent, read_sessions
from ecg_facial.live.store.database import Store
from ecg_facial.runtime.outputs import check_output_folder, lock_folder

FORMATS = ("csv",)
"""In the order of the help."""


def write_export(store: Store, patient: str, out: Path, *, format: str, session: int | None = None) -> list[Path]:
    """Write the sessions of a patient.

    Parameters
    ----------
    store : Store
        May be open for reading alone.
    patient : str
        Pseudonym.
    out : Path
        Folder; made where there is none. Several exports may go into one folder.
    format : {"csv"}
    session : int, optional
        Number of one session; all of the patient without it.

    Returns
    -------
    list of Path
        Files of this export, also those that were there already with the same content.

    Raises
    ------
    MissingDataError
        For an unknown patient or session, and where nothing was kept.
    SettingsError
        For an unknown format, and a folder that cannot be written or holds other content under the same names.
    StoreError
    """
    if format not in FORMATS:
        raise SettingsError(f"format is {format!r}: expected one of {', '.join(FORMATS)}")
    sessions = read_sessions(store, patient, session=session)
    check_output_folder(out)
    with lock_folder(out):
        return _write(sessions, out, format=format, is_all=session is None)


def _write(sessions: list[SessionContent], out: Path, *, format: str, is_all: bool) -> list[Path]:
    from ecg_facial.export.tables import write_tables

    return write_tables(sessions, out, is_all=is_all)
