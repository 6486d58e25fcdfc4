"""Exports of a monitor's store.

Input: the file that `monitor` writes, a patient, a format. Output: files; their names on standard output.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ecg_facial.cli.arguments import open_folder
from ecg_facial.cli.console import say
from ecg_facial.errors import MissingDataError
from ecg_facial.export.settings import FHIR_VERSIONS, FORMATS


def export(
    store: Annotated[Path, typer.Argument(help="File that the monitor writes.")],
    patient: Annotated[str, typer.Option(help="Pseudonym of the patient.")],
    format: Annotated[str, typer.Option(help="What to write.", metavar="|".join(FORMATS))],
    out: Annotated[Path, typer.Option(help="Folder to write to; several exports may share it.", callback=open_folder)],
    session: Annotated[int | None, typer.Option(help="Number of one session [default: all of the patient].")] = None,
    fhir_version: Annotated[
        str, typer.Option(help="Version of FHIR.", metavar="|".join(FHIR_VERSIONS))
    ] = FHIR_VERSIONS[0],
) -> None:
    """Write a patient's sessions for other programs: estimates, events, alarms and ratings."""
    from ecg_facial.export.writing import write_export
    from ecg_facial.live.store.database import Store

    if not store.is_file():
        raise MissingDataError(f"{store} is not there: name the file that `monitor --store` wrote")
    with Store(store, read_only=True) as opened:
        written = write_export(
            opened, patient, out, format=format, session=session, fhir_version=fhir_version, show_progress=True
        )
    say("\n".join(str(path) for path in written))
