"""The export of a patient, in any format.

Input: an open store, a pseudonym, a folder, a format. Output: the files that were written. Which sessions there are is
decided in `content`; what a file holds, in the module of its format.
"""

from __future__ import annotations

from pathlib import Path

from ecg_facial.errors import SettingsError
from ecg_facial.export.content import read_sessions
from ecg_facial.export.settings import FHIR_VERSIONS, FORMATS
from ecg_facial.live.store.database import Store
from ecg_facial.runtime.outputs import check_output_folder, lock_folder
from ecg_facial.runtime.progress import announce_time


def write_export(
    store: Store,
    patient: str,
    out: Path,
    *,
    format: str,
    session: int | None = None,
    fhir_version: str = "R4B",
    show_progress: bool = False,
) -> list[Path]:
    """Write the sessions of a patient.

    Parameters
    ----------
    store : Store
        May be open for reading alone.
    patient : str
        Pseudonym.
    out : Path
        Folder; made where there is none. Several exports may go into one folder.
    format : {"fhir", "edf", "bids", "csv", "wfdb"}
    session : int, optional
        Number of one session; all of the patient without it.
    fhir_version : {"R4B", "R5"}
    show_progress : bool

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
    MissingDependencyError
        Where a format needs the extra `export`.
    StoreError
    """
    if format not in FORMATS:
        raise SettingsError(f"format is {format!r}: expected one of {', '.join(FORMATS)}")
    if fhir_version not in FHIR_VERSIONS:
        raise SettingsError(f"fhir_version is {fhir_version!r}: expected one of {', '.join(FHIR_VERSIONS)}")
    sessions = read_sessions(store, patient, session=session)
    check_output_folder(out)
    # FHIR shows how many rows are done
    with lock_folder(out), announce_time(format, show=show_progress and format != "fhir"):
        if format == "fhir":
            from ecg_facial.export.fhir.bundles import write_bundles

            return write_bundles(sessions, out, version=fhir_version, show_progress=show_progress)
        if format == "edf":
            from ecg_facial.export.edf import write_edf

            return write_edf(sessions, out)
        if format == "bids":
            from ecg_facial.export.bids import write_data_set

            return write_data_set(sessions, out)
        if format == "wfdb":
            from ecg_facial.export.wfdb import write_records

            return write_records(sessions, out)
        from ecg_facial.export.tables import write_tables

        return write_tables(sessions, out, is_all=session is None)
