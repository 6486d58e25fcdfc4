"""The service in a thread of its own.

Input: an application and settings. Output: a `RunningService` that answers until it is stopped. The monitor's threads
never wait for it.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from ecg_facial.errors import SettingsError
from ecg_facial.service.protocol import make_protocol
from ecg_facial.service.settings import ServiceSettings

# connections that may wait to be taken, and seconds that those which are open have to end
_BACKLOG, _ENDS_S = 1024, 2


class _ImpatientLoop(asyncio.SelectorEventLoop):
    """Event loop whose servers wait for the greeting of TLS no longer than for headers; asyncio's own limit is 60 s."""

    greeting_s = 0.0

    async def create_server(self, *args: Any, **options: Any) -> asyncio.Server:
        if options.get("ssl") is not None:
            options["ssl_handshake_timeout"] = self.greeting_s
        return await super().create_server(*args, **options)


class RunningService:
    """A server that answers.

    Attributes
    ----------
    address : str
        Such as ``http://127.0.0.1:8765``.
    """

    def __init__(self, server: uvicorn.Server, listener: socket.socket, address: str, *, greeting_s: float) -> None:
        self.address, self._server = address, server
        self._listener, self._greeting_s = listener, greeting_s
        self._thread = threading.Thread(target=self._run, name="service", daemon=True)
        self._thread.start()

    @property
    def is_running(self) -> bool:
        """Whether it answers."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """Close all connections; returns when that is done."""
        self._server.should_exit = True
        self._thread.join()

    def _run(self) -> None:
        loop = _ImpatientLoop()
        loop.greeting_s = self._greeting_s
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(self._server.serve(sockets=[self._listener]))


@contextmanager
def run_service(app: ASGIApp, settings: ServiceSettings, *, logs: bool = False) -> Iterator[RunningService]:
    """Serve an application for as long as the block runs.

    Parameters
    ----------
    app : ASGIApp
    settings : ServiceSettings
    logs : bool
        Whether what goes wrong is written to standard error; not where a screen is drawn.

    Raises
    ------
    SettingsError
        When the port is taken, or the certificate cannot be used.
    """
    _set_up_logs(logs)
    listener = _listen(settings)
    try:
        address = f"{settings.scheme}://{_name_place(listener)}"
        service = RunningService(_make_server(app, settings), listener, address, greeting_s=settings.header_s)
        try:
            yield service
        finally:
            service.stop()
    finally:
        listener.close()


def _name_place(listener: socket.socket) -> str:
    """Name host and port as a browser is told: the machine's name where it listens on all of its addresses."""
    host, port = listener.getsockname()[:2]
    if ipaddress.ip_address(host).is_unspecified:
        host = socket.gethostname()
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def check_address(settings: ServiceSettings) -> None:
    """Try whether a service can listen there with its certificate, before sessions are begun.

    Raises
    ------
    SettingsError
        As for `run_service`.
    """
    if settings.certificate is not None:
        _open_certificate(settings)
    _listen(settings).close()


def _make_server(app: ASGIApp, settings: ServiceSettings) -> uvicorn.Server:
    config = uvicorn.Config(
        app, http=make_protocol(settings), ws="websockets-sansio", loop="asyncio", lifespan="off", log_config=None,
        access_log=False, proxy_headers=False, server_header=False, backlog=_BACKLOG,
        ws_max_size=settings.max_message_bytes, ws_per_message_deflate=False,
        h11_max_incomplete_event_size=settings.max_header_bytes, timeout_graceful_shutdown=_ENDS_S,
    )  # fmt: skip
    config.load()
    if settings.certificate is not None and settings.key is not None:
        config.ssl = _open_certificate(settings)
    return uvicorn.Server(config)


def _open_certificate(settings: ServiceSettings) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(str(settings.certificate), str(settings.key))
    except (ssl.SSLError, OSError) as error:
        raise SettingsError(
            f"{settings.certificate}, {settings.key}: no certificate with its key ({error}); give two PEM files"
        ) from None
    return context


def _listen(settings: ServiceSettings) -> socket.socket:
    try:
        found = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, place = found[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise SettingsError(f"host {settings.host!r} is no address of this machine ({error}); give another") from None
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(place)
        # from now on clients are kept waiting, not refused
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise SettingsError(
            f"port {settings.port} of {settings.host} cannot be used ({error.strerror}); give another with --port, "
            "0 for any that is free"
        ) from None
    return listener


class _Plain(logging.Formatter):
    """Lines without the words of exceptions, which may hold names and paths."""

    def formatException(self, exc_info: object) -> str:  # a method of logging's
        """Leave the exception out."""
        return ""


def _is_fault(record: logging.LogRecord) -> bool:
    """Whether something went wrong: uvicorn takes a WebSocket that was refused with an HTTP answer for an error."""
    return "without completing handshake" not in record.getMessage()


def _set_up_logs(is_shown: bool) -> None:
    """Write what goes wrong to standard error, or nowhere."""
    handler: logging.Handler = logging.StreamHandler() if is_shown else logging.NullHandler()
    handler.addFilter(_is_fault)
    handler.setFormatter(_Plain("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    for name in ("uvicorn", "ecg_facial.service", "python_multipart"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(logging.WARNING)
