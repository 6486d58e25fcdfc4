"""The route of predictions: recordings that are sent, with the bundle of the monitor.

Input: a form with a video, an ECG, or both. Output: the prediction, as ``ecg-facial predict --json`` prints it. A file
is kept for as long as it is read, under a name of ours. Only formats that lie in one file and point to no other are
taken.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile

from ecg_facial.ecg.formats.opening import ECG_SUFFIXES
from ecg_facial.errors import DataError, EcgFacialError, SettingsError
from ecg_facial.face.video import probe_video
from ecg_facial.inference.bundle import load_bundle
from ecg_facial.inference.predictor import Prediction, Predictor, open_predictor, predict_files
from ecg_facial.recording import EcgRef
from ecg_facial.service.guard import UPLOAD
from ecg_facial.service.messages import to_plain
from ecg_facial.service.problems import make_problem, without_path

# each may fill the limit of uploads on the disk
_MAX_AT_ONCE = 2
_MAX_FIELDS, _MAX_FIELD_BYTES = 4, 1000
# formats of several files, and those whose content is packed
_NOT_ALONE = {".hea", ".mat", ".npz", ".xdfz"}
# first bytes of MP4 and MOV (behind a length), Matroska and WebM, AVI: FFmpeg also reads lists that name other files
_MP4 = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")
_MARKS = {b"\x1a\x45\xdf\xa3": 0, b"RIFF": 0, **dict.fromkeys(_MP4, 4)}
_MAX_VIDEO_PIXELS = 4096 * 2304
_FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "video": {"type": "string", "format": "binary"},
                        "ecg": {"type": "string", "format": "binary"},
                        "fs_hz": {"type": "number", "description": "Where the ECG's file does not say it."},
                        "column": {"type": "string", "description": "Of the ECG."},
                        "start_s": {"type": "number", "description": "Start of the window."},
                    },
                }
            }
        },
    }
}


class Predictions:
    """Predictor of uploads; its networks are opened at the first one.

    Parameters
    ----------
    bundle : Path
        Folder of the bundle.
    detector_path : Path, optional
        Model file of the face detector, where the bundle's needs one.
    """

    def __init__(self, bundle: Path, *, detector_path: Path | None = None) -> None:
        self._bundle, self._detector_path = bundle, detector_path
        self._predictor: Predictor | None = None
        # its face detector belongs to one thread at a time
        self._lock = threading.Lock()

    def predict(self, folder: Path, *, video: Path | None, ecg: Path | None, form: FormData) -> Prediction:
        """Predict from files in a folder.

        Raises
        ------
        EcgFacialError
            Without the path of the folder.
        """
        try:
            if video is not None:
                _check_video(video)
            with self._lock:
                if self._predictor is None:
                    bundle = load_bundle(self._bundle)
                    self._predictor = open_predictor(bundle, threads=1, detector_path=self._detector_path)
                return predict_files(
                    self._predictor,
                    video=video,
                    ecg=ecg,
                    fs_hz=_read_number(form, "fs_hz"),
                    ecg_column=_read_text(form, "column") or EcgRef.column,
                    start_s=_read_number(form, "start_s") or 0.0,
                )
        except EcgFacialError as error:
            raise without_path(error, folder, "") from None


def add_prediction_routes(app: FastAPI, predictions: Predictions) -> None:
    """Add the route of predictions."""
    n_running = 0

    @app.post(UPLOAD, openapi_extra=_FORM, tags=["predictions"])
    async def predict(request: Request) -> Response:
        """Predict the pain level of one window from a video, an ECG or both."""
        nonlocal n_running
        if n_running >= _MAX_AT_ONCE:
            return make_problem(429, "other predictions are running: try again", headers={"Retry-After": "5"})
        n_running += 1
        try:
            async with request.form(max_files=2, max_fields=_MAX_FIELDS, max_part_size=_MAX_FIELD_BYTES) as form:
                found = await run_in_threadpool(_predict, predictions, form)
        finally:
            n_running -= 1
        return JSONResponse(to_plain(found.to_dict()))


def _predict(predictions: Predictions, form: FormData) -> Prediction:
    with tempfile.TemporaryDirectory(prefix="ecg-facial-") as name:
        folder = Path(name)
        video = _keep(form, "video", folder, _name_video)
        ecg = _keep(form, "ecg", folder, _name_ecg)
        if video is None and ecg is None:
            raise SettingsError("neither video nor ECG was given: send one of them as a file of the form, or both")
        return predictions.predict(folder, video=video, ecg=ecg, form=form)


def _keep(form: FormData, field: str, folder: Path, name: Callable[[IO[bytes], str], str]) -> Path | None:
    """Keep an upload under a name of ours; None without one."""
    upload = form.get(field)
    if upload is None:
        return None
    if not isinstance(upload, UploadFile):
        raise SettingsError(f"{field} is no file: send it as a file of the form")
    path = folder / name(upload.file, Path(upload.filename or "").suffix.lower())
    upload.file.seek(0)
    with path.open("wb") as stream:
        shutil.copyfileobj(upload.file, stream)
    return path


def _name_video(stream: IO[bytes], suffix: str) -> str:
    head = stream.read(8)
    if not any(head[start:].startswith(mark) for mark, start in _MARKS.items()):
        raise DataError("video is no MP4, MOV, Matroska, WebM or AVI: send one of them")
    return "video.avi" if head.startswith(b"RIFF") else "video.mp4" if head[4:8] in _MP4 else "video.mkv"


def _name_ecg(stream: IO[bytes], suffix: str) -> str:
    if suffix in _NOT_ALONE:
        raise DataError(f"ecg is a {suffix} file: send EDF, BDF, XDF, NPY or text, which lie in one plain file")
    return f"ecg{suffix if suffix in ECG_SUFFIXES else ''}"


def _check_video(path: Path) -> None:
    about = probe_video(path)
    if about.width * about.height > _MAX_VIDEO_PIXELS:
        raise DataError(f"video has {about.width} x {about.height} pixels: send at most 4096 x 2304")


def _read_text(form: FormData, field: str) -> str:
    value = form.get(field, "")
    if not isinstance(value, str):
        raise SettingsError(f"{field} is a file: send a value")
    return value.strip()


def _read_number(form: FormData, field: str) -> float | None:
    text = _read_text(form, field)
    try:
        return float(text) if text else None
    except ValueError:
        raise SettingsError(f"{field} is no number: send one, or leave it out") from None
