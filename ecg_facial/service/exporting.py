"""The route of exports: a patient's sessions as files of other programs, in one archive.

Input: a request. Output: a ZIP file. What the files hold is decided in `ecg_facial.export`; nothing stays on the disk.
A process of its own with a low priority writes them, as hours of a session take minutes, in which the monitor must not
wait.
"""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Annotated
from zipfile import ZIP_DEFLATED, ZipFile

from fastapi import FastAPI, Query, Response
from fastapi.responses import StreamingResponse

from ecg_facial.errors import EcgFacialError
from ecg_facial.export.settings import FORMATS
from ecg_facial.live.store.database import Store
from ecg_facial.runtime.executors.fresh import FreshExecutor
from ecg_facial.service.bodies import Patient
from ecg_facial.service.problems import make_problem, without_path
from ecg_facial.service.stored import PATIENT, TAGS, SessionNumber, open_store

_CHUNK_BYTES = 1 << 16
_NICE = 10


@dataclass(frozen=True, kw_only=True)
class _Asked:
    store: Path
    patient: str
    folder: Path
    format: str
    session: int | None


def add_export_routes(app: FastAPI, path: Path | None) -> None:
    """Add the route that exports from a store."""
    # one at a time: it takes processor time beside the monitor
    running = threading.Lock()

    @app.get(f"{PATIENT}/export", response_class=StreamingResponse, tags=TAGS)
    def export(
        patient: Patient,
        format: Annotated[str, Query(description="What to write.", json_schema_extra={"enum": list(FORMATS)})],
        session: SessionNumber = None,
    ) -> Response:
        """Write the sessions of a patient, or one of them, into a ZIP file."""
        if not running.acquire(blocking=False):
            return make_problem(429, "another export is running: try again", headers={"Retry-After": "5"})
        try:
            archive = _export(path, patient, format=format, session=session)
        finally:
            running.release()
        # without the patient's name, which would be kept in lists of downloads
        headers = {"content-disposition": f'attachment; filename="export_{format}.zip"'}
        return StreamingResponse(_read(archive), media_type="application/zip", headers=headers)


def _export(path: Path | None, patient: str, *, format: str, session: int | None) -> IO[bytes]:
    """Write the files into a folder that goes away again, and pack them into a file without a name."""
    with open_store(path) as opened:
        store = opened.path
    with tempfile.TemporaryDirectory(prefix="ecg-facial-") as folder, FreshExecutor() as executor:
        asked = _Asked(store=store, patient=patient, folder=Path(folder), format=format, session=session)
        try:
            (written,) = executor.map(_write, [asked])
        except EcgFacialError as error:
            raise without_path(without_path(error, store, "the store"), folder, "the export") from None
        archive = tempfile.TemporaryFile()  # noqa: SIM115  # closed by whoever reads it
        with ZipFile(archive, "w", ZIP_DEFLATED) as packed:
            for one in written:
                packed.write(one, one.relative_to(folder))
    archive.seek(0)
    return archive


def _write(asked: _Asked) -> list[Path]:
    """Write the files, in a process of their own."""
    from ecg_facial.export.writing import write_export

    if hasattr(os, "nice"):
        os.nice(_NICE)
    with Store(asked.store, read_only=True) as store:
        return list(write_export(store, asked.patient, asked.folder, format=asked.format, session=asked.session))


def _read(archive: IO[bytes]) -> Iterator[bytes]:
    with archive:
        while chunk := archive.read(_CHUNK_BYTES):
            yield chunk
