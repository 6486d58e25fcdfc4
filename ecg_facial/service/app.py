"""The application: all routes behind their guard.

Input: a ward, tokens, settings; a store and a bundle where there are any. Output: an ASGI application, for a server or
for tests. What the routes do is in their own modules.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastapi import Depends, FastAPI, Request, Response
from fastapi.security import HTTPBearer
from starlette.websockets import WebSocket

from ecg_facial.errors import SettingsError
from ecg_facial.runtime.text import RESEARCH_NOTE
from ecg_facial.service.access import COOKIE, Access, TooManyWrongError
from ecg_facial.service.bodies import Credentials
from ecg_facial.service.broadcast import Broadcast, Watched
from ecg_facial.service.browser_source import BrowserLink
from ecg_facial.service.exporting import add_export_routes
from ecg_facial.service.guard import Guard, make_waiting, visitor_of
from ecg_facial.service.metrics import MEDIA_TYPE, make_metrics
from ecg_facial.service.page import Page, load_page
from ecg_facial.service.patients import add_patient_routes
from ecg_facial.service.predicting import Predictions, add_prediction_routes
from ecg_facial.service.problems import add_handlers, make_problem
from ecg_facial.service.settings import ServiceSettings
from ecg_facial.service.stored import add_store_routes
from ecg_facial.service.stream import serve_stream
from ecg_facial.service.tokens import TokenBook
from ecg_facial.version import __version__

_WRONG_TOKEN = "the token is wrong or has expired: take the one that the monitor printed, or make a new one"


def make_app(
    ward: Watched,
    *,
    book: TokenBook,
    settings: ServiceSettings | None = None,
    store: Path | None = None,
    bundle: Path | None = None,
    detector_path: Path | None = None,
    links: Mapping[str, BrowserLink] | None = None,
    access: Access | None = None,
    page: Page | None = None,
) -> FastAPI:
    """Make the application.

    Parameters
    ----------
    ward : Watched
        Patients who are watched.
    book : TokenBook
        Who may use it.
    settings : ServiceSettings, optional
    store : Path, optional
        File that the monitor writes.
    bundle : Path, optional
        Folder of the bundle that predicts from uploads; without one there is no such route.
    detector_path : Path, optional
        Model file of the face detector, where the bundle's needs one.
    links : mapping of str to BrowserLink, optional
        For patients who may be watched by a browser's camera.
    access : Access, optional
        By default one that uses this machine's clocks.
    page : Page, optional
        Files of the page; by default those of the package.

    Raises
    ------
    SettingsError
        For a pseudonym that cannot be part of an address.
    """
    _check_names(ward)
    settings, links, page = settings or ServiceSettings(), links or {}, page or load_page()
    access, broadcast = access or Access(book, settings), Broadcast(ward, browsers=links)
    app = FastAPI(
        title="ecg_facial", version=__version__, description=RESEARCH_NOTE, docs_url=None, redoc_url=None,
        redirect_slashes=False, dependencies=[Depends(HTTPBearer(auto_error=False))],
    )  # fmt: skip
    add_handlers(app)
    _add_access(app, access)
    _add_page(app, page)
    add_patient_routes(app, ward, browsers=links)
    add_store_routes(app, store)
    add_export_routes(app, store)
    if bundle is not None:
        add_prediction_routes(app, Predictions(bundle, detector_path=detector_path))
    write_metrics = make_metrics(ward, n_listeners=lambda: broadcast.n_listeners)

    @app.get("/health")
    async def health() -> dict[str, str]:
        """Tell that the service answers; nothing else."""
        return {"status": "ok"}

    @app.get("/metrics", response_class=Response)
    async def metrics() -> Response:
        """Give figures for Prometheus."""
        return Response(write_metrics(), headers={"content-type": MEDIA_TYPE})

    async def stream(websocket: WebSocket) -> None:
        await serve_stream(
            websocket, broadcast=broadcast, links=links, access=access, max_message_bytes=settings.max_message_bytes
        )

    app.add_api_websocket_route("/v1/stream", stream)
    app.add_middleware(
        Guard,
        access=access,
        settings=settings,
        make_sign_in=page.answer_sign_in,
        policy=page.policy,
    )
    return app


def _check_names(ward: Watched) -> None:
    for state in ward.states():
        if "/" in state.patient:
            raise SettingsError(f"patient is {state.patient!r}: addresses hold it, so leave the stroke out")


def _add_access(app: FastAPI, access: Access) -> None:
    @app.post("/v1/session", status_code=204)
    async def sign_in(body: Credentials, request: Request) -> Response:
        """Sign a browser in: the answer sets a cookie."""
        try:
            found = access.sign_in(body.token, request.state.address)
        except TooManyWrongError as error:
            return make_waiting(error)
        if found is None:
            return make_problem(401, _WRONG_TOKEN)
        cookie, _ = found
        answer = Response(status_code=204)
        answer.set_cookie(
            COOKIE, cookie, max_age=int(access.signed_in_s), httponly=True, samesite="strict",
            secure=request.state.scheme == "https",
        )  # fmt: skip
        return answer

    @app.delete("/v1/session", status_code=204)
    async def sign_out(request: Request) -> Response:
        """Sign a browser out."""
        access.sign_out(visitor_of(request.scope))
        answer = Response(status_code=204)
        answer.delete_cookie(COOKIE, httponly=True, samesite="strict", secure=request.state.scheme == "https")
        return answer


def _add_page(app: FastAPI, page: Page) -> None:
    @app.get("/", include_in_schema=False)
    async def show_page() -> Response:
        return page.answer_page()

    @app.get("/static/{file}", include_in_schema=False)
    async def show_file(file: str) -> Any:
        return page.answer(file) or make_problem(404)
