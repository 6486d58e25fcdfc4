"""What every request passes first: who sends it, from which page, and how large it is.

Input: ASGI calls. Output: the same for those who may, with headers that tell browsers to be careful; a problem for the
others. Nothing of a body is read before its sender is known.
"""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from typing import Any

from fastapi import Request, Response
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from ecg_facial.service.access import Access, TooManyWrongError, Visitor, is_same_origin
from ecg_facial.service.problems import log_error, make_problem
from ecg_facial.service.settings import ServiceSettings

HEALTH, SIGN_IN, UPLOAD, PAGE = "/health", "/v1/session", "/v1/predict", "/"
_SAFE = ("GET", "HEAD", "OPTIONS")
_NO_TOKEN = "a token is needed: send it as `Authorization: Bearer TOKEN`, or sign in at the page's address"
_OTHER_SITE = "the request comes from a page of another site: open the page of this service itself"
_NOT_THE_PROXY = "this service is reached through its reverse proxy alone"


class Guard:
    """Middleware around all routes.

    Parameters
    ----------
    app : ASGIApp
    access : Access
    settings : ServiceSettings
    make_sign_in : callable
        Makes the answer to somebody unknown who asks for the page.
    policy : str
        Content security policy of all answers.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        access: Access,
        settings: ServiceSettings,
        make_sign_in: Callable[[], Response],
        policy: str,
    ) -> None:
        self._app, self._access, self._settings, self._make_sign_in = app, access, settings, make_sign_in
        self._headers = [(name.encode(), value.encode()) for name, value in _list_headers(policy).items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a call on, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        is_begun = False

        async def send_carefully(message: Message) -> None:
            nonlocal is_begun
            is_begun = True
            if message["type"] in ("http.response.start", "websocket.accept", "websocket.http.response.start"):
                message["headers"] = [*message.get("headers", []), *self._headers]
            await send(message)

        try:
            refusal = self._admit(scope)
            if refusal is not None:
                await _refuse(refusal, scope, receive, send_carefully)
                return
            await self._app(scope, self._count(scope, receive), send_carefully)
        except (ClientDisconnect, WebSocketDisconnect):
            return
        except Exception as error:  # nobody else is told but the log
            log_error(error)
            if not is_begun:
                await _refuse(make_problem(500), scope, receive, send_carefully)

    def _admit(self, scope: Scope) -> Response | None:
        """Find out who it is; return the answer to those who may not pass."""
        request = Request(scope) if scope["type"] == "http" else WebSocket(scope, _never, _never)
        headers, path = request.headers, scope["path"]
        method = scope["method"] if scope["type"] == "http" else ""
        address, scheme = _find_client(scope)
        proxy = self._settings.behind_proxy
        if proxy:
            if address != proxy:
                return make_problem(403, _NOT_THE_PROXY)
            address, scheme = _read_forwarded(headers, address, scheme)
        scope.setdefault("state", {}).update(address=address, scheme=scheme)
        if path == HEALTH and method in _SAFE:
            return None
        origin, host = headers.get("origin"), headers.get("host", "")
        is_own = origin is not None and is_same_origin(origin, host=host, scheme=scheme)
        if path == SIGN_IN and method == "POST":
            return self._weigh(headers, path) if origin is None or is_own else make_problem(403, _OTHER_SITE)
        try:
            visitor = self._access.find(headers, address)
        except TooManyWrongError as error:
            return make_waiting(error)
        if visitor is None:
            if path == PAGE and method in _SAFE:
                return self._make_sign_in()
            return make_unknown()
        if not _may_come_from(origin, is_own=is_own, method=method, by_cookie=bool(visitor.key)):
            return make_problem(403, _OTHER_SITE)
        scope["state"]["visitor"] = visitor
        return self._weigh(headers, path)

    def _limit(self, path: str) -> int:
        """Give the largest body that an address takes."""
        return self._settings.max_upload_bytes if path == UPLOAD else self._settings.max_body_bytes

    def _weigh(self, headers: Headers, path: str) -> Response | None:
        """Refuse a body that says that it is too large."""
        said, limit = headers.get("content-length", ""), self._limit(path)
        return make_problem(413, _describe_limit(limit)) if said.isdecimal() and int(said[:20]) > limit else None

    def _count(self, scope: Scope, receive: Receive) -> Receive:
        """Count the bytes of a body; refuse one that is too large, whatever it says."""
        if scope["type"] != "http":
            return receive
        limit, n_bytes = self._limit(scope["path"]), 0

        async def count() -> Message:
            nonlocal n_bytes
            message = await receive()
            n_bytes += len(message.get("body", b""))
            if n_bytes > limit:
                raise HTTPException(413, _describe_limit(limit))
            return message

        return count


def _describe_limit(limit: int) -> str:
    return f"the body is larger than {limit} bytes: send less"


def make_unknown() -> Response:
    """Make the answer to somebody without a valid token."""
    return make_problem(401, _NO_TOKEN, headers={"WWW-Authenticate": "Bearer"})


def make_waiting(error: TooManyWrongError) -> Response:
    """Make the answer to an address that has shown too many wrong tokens."""
    return make_problem(429, str(error), headers={"Retry-After": f"{error.wait_s + 1:.0f}"})


def visitor_of(scope: MutableMapping[str, Any]) -> Visitor:
    """Give the visitor of a request that has passed the guard."""
    visitor: Visitor = scope["state"]["visitor"]
    return visitor


def _list_headers(policy: str) -> dict[str, str]:
    return {
        "content-security-policy": policy,
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "permissions-policy": "camera=(self), microphone=(), geolocation=(), display-capture=()",
        "cache-control": "no-store",
    }


def _may_come_from(origin: str | None, *, is_own: bool, method: str, by_cookie: bool) -> bool:
    """Whether a request may come from where its browser says: cookies are sent by pages of other sites too."""
    if not method:
        return origin is None or is_own
    return not by_cookie or method in _SAFE or is_own


def _find_client(scope: Scope) -> tuple[str, str]:
    """Address of the client, and the scheme without regard to WebSocket."""
    client, scheme = scope.get("client"), str(scope["scheme"])
    return str(client[0]) if client else "", {"ws": "http", "wss": "https"}.get(scheme, scheme)


def _read_forwarded(headers: Headers, address: str, scheme: str) -> tuple[str, str]:
    """Client and scheme as the proxy says: its own words are the last ones."""
    client = headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
    said = headers.get("x-forwarded-proto", "").rpartition(",")[2].strip()
    return str(client or address), said if said in ("http", "https") else scheme


async def _refuse(answer: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """Send an answer; to a WebSocket before it is opened."""
    if scope["type"] == "http" or "websocket.http.response" in scope.get("extensions", {}):
        await answer(scope, receive, send)
    else:
        await send({"type": "websocket.close", "code": 1008})


async def _never(*_: Any) -> Any:
    raise RuntimeError("only headers are read here")
