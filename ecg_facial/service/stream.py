"""The WebSocket of the page: what it is told, and a browser as a camera.

Input: a connection that has passed the guard. Output: messages of the broadcast as they come; what the page asks for.
"""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import anyio
from starlette.websockets import WebSocket, WebSocketDisconnect

from ecg_facial.errors import CorruptDataError, EcgFacialError, SettingsError
from ecg_facial.service.access import Access
from ecg_facial.service.broadcast import Broadcast, Listener
from ecg_facial.service.browser_source import BrowserLink, Offer
from ecg_facial.service.guard import visitor_of
from ecg_facial.service.messages import make_hello, to_json
from ecg_facial.service.problems import log_error

_TOO_LARGE, _NOT_ALLOWED = 1009, 1008
_MAX_WATCHED = 1000


async def serve_stream(
    websocket: WebSocket,
    *,
    broadcast: Broadcast,
    links: Mapping[str, BrowserLink],
    access: Access,
    max_message_bytes: int,
) -> None:
    """Talk with one page until it leaves, or may not stay."""
    visitor = visitor_of(websocket.scope)
    await websocket.accept()
    await websocket.send_text(to_json(make_hello(time.time())))
    with broadcast.join() as listener:
        talk = _Talk(websocket, listener, links, max_message_bytes)

        async def tell() -> None:
            while access.is_valid(visitor):
                for text in await listener.take():
                    await websocket.send_text(text)

        try:
            is_there = await _run_until_one_ends(tell, talk.hear)
        finally:
            talk.stop()
    if is_there:
        await websocket.close(talk.close_code)


async def _run_until_one_ends(*talks: Callable[[], Awaitable[None]]) -> bool:
    """Run both directions; return whether the page is still there."""
    is_there = True
    async with anyio.create_task_group() as group:

        async def run(talk: Callable[[], Awaitable[None]]) -> None:
            nonlocal is_there
            try:
                await talk()
            except (WebSocketDisconnect, OSError, RuntimeError) as error:
                # a server that closes a connection itself lets what is sent then fail as a RuntimeError
                is_there = False
                if isinstance(error, RuntimeError):
                    log_error(error)
            group.cancel_scope.cancel()

        for talk in talks:
            group.start_soon(run, talk)
    return is_there


class _Talk:
    """What a page says."""

    def __init__(
        self, websocket: WebSocket, listener: Listener, links: Mapping[str, BrowserLink], max_message_bytes: int
    ) -> None:
        self._websocket, self._listener, self._links, self._limit = websocket, listener, links, max_message_bytes
        self._offer: Offer | None = None
        self.close_code = _NOT_ALLOWED

    async def hear(self) -> None:
        """Do what the page says, until it leaves or says too much at once."""
        while True:
            message = await self._websocket.receive()
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(message.get("code", 1000))
            text, content = message.get("text"), message.get("bytes")
            if len(text or content or "") > self._limit:
                self.close_code = _TOO_LARGE
                return
            try:
                if content is not None:
                    self._take(content)
                else:
                    self._do(_read_json(text or ""))
            except EcgFacialError as error:
                await self._websocket.send_text(to_json({"type": "problem", "detail": str(error)}))

    def stop(self) -> None:
        """End what the page gives."""
        if self._offer is not None:
            self._offer.stop()
            self._offer = None

    def _take(self, content: bytes) -> None:
        if self._offer is None:
            raise SettingsError("a picture came without an offer: send {'type': 'offer', 'patient': ...} first")
        self._offer.put(content)

    def _do(self, said: Mapping[str, Any]) -> None:
        kind = said.get("type")
        if kind == "watch":
            self._listener.watched = _read_watched(said.get("patients"))
        elif kind == "offer":
            self.stop()
            self._offer = self._accept(said.get("patient"), said.get("ecg_fs_hz"))
        elif kind == "stop":
            self.stop()
        else:
            raise SettingsError("a message of unknown type: expected watch, offer or stop")

    def _accept(self, patient: Any, fs_hz: Any) -> Offer:
        link = self._links.get(patient) if isinstance(patient, str) else None
        if link is None:
            raise SettingsError("this patient takes no browser as a camera: start with --browser PATIENT")
        if fs_hz is not None and (isinstance(fs_hz, bool) or not isinstance(fs_hz, int | float)):
            raise SettingsError("ecg_fs_hz is no number: give the rate in Hz, or null without an ECG")
        return link.accept(ecg_fs_hz=None if fs_hz is None else float(fs_hz))


def _read_json(text: str) -> Mapping[str, Any]:
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        raise CorruptDataError("a message that is no JSON: see docs/service.md") from None
    if not isinstance(said, dict):
        raise CorruptDataError("a message that is no JSON object: see docs/service.md")
    return said


def _read_watched(patients: Any) -> frozenset[str] | None:
    if patients is None:
        return None
    if not (isinstance(patients, list) and len(patients) <= _MAX_WATCHED and all(type(p) is str for p in patients)):
        raise SettingsError("patients is no list of names: expected the patients to watch")
    return frozenset(patients)
