"""Errors as ``application/problem+json`` (RFC 9457).

Input: an error. Output: an answer whose `detail` says what to do. Paths of this machine, and anything of an error that
was not foreseen, stay here.
"""

from __future__ import annotations

import json
import logging
import os
import traceback
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import TypeVar

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from ecg_facial.errors import (
    DataError,
    EcgFacialError,
    MissingDataError,
    MissingDependencyError,
    SettingsError,
    StoreError,
)

LOGGER = logging.getLogger("ecg_facial.service")
MEDIA_TYPE = "application/problem+json"
_DETAILS = {
    400: "the request cannot be read: see /openapi.json for what is expected",
    404: "there is no such address: /openapi.json lists all of them",
    405: "this address takes another method: see the header Allow",
    500: "an error inside the service: its log names the place",
}
_STORE = "the store cannot be read or written now: look at the machine on which the monitor runs"


def make_problem(status: int, detail: str = "", *, headers: Mapping[str, str] | None = None) -> Response:
    """Make the answer to a request that failed."""
    content = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail or _DETAILS.get(status, HTTPStatus(status).description),
    }
    return Response(json.dumps(content), status_code=status, media_type=MEDIA_TYPE, headers=dict(headers or {}))


def add_handlers(app: FastAPI) -> None:
    """Let an application answer all errors with problems."""
    app.add_exception_handler(HTTPException, _answer_http)
    app.add_exception_handler(RequestValidationError, _answer_validation)
    app.add_exception_handler(EcgFacialError, _answer_own)


async def _answer_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    said = "" if error.detail == HTTPStatus(error.status_code).phrase else str(error.detail)
    return make_problem(error.status_code, said, headers=error.headers)


async def _answer_validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    found = [f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in error.errors()[:5]]
    return make_problem(422, "; ".join(found))


async def _answer_own(request: Request, error: Exception) -> Response:
    if isinstance(error, StoreError):
        return make_problem(503, _STORE)
    if isinstance(error, MissingDataError):
        return make_problem(404, str(error))
    if isinstance(error, MissingDependencyError):
        return make_problem(501, str(error))
    if isinstance(error, SettingsError | DataError):
        return make_problem(422, str(error))
    log_error(error)
    return make_problem(500)


_Error = TypeVar("_Error", bound=EcgFacialError)


def without_path(error: _Error, folder: Path | str, name: str) -> _Error:
    """Make the same error without a path of this machine: a name stands in its place, or nothing."""
    text = str(error) if name else str(error).replace(f"{folder}{os.sep}", "")
    return type(error)(text.replace(str(folder), name or "the upload"))


def log_error(error: BaseException) -> None:
    """Log the kind of an error and its place, without its words: they may hold names and paths."""
    place = traceback.extract_tb(error.__traceback__)[-1:]
    where = f"{place[0].name}, line {place[0].lineno}" if place else "an unknown place"
    LOGGER.error("%s in %s", type(error).__name__, where)
