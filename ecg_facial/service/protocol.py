"""HTTP connections that may not be held open by saying little.

Input: settings. Output: a protocol class for uvicorn, which itself waits for headers and bodies for ever. Headers have
a deadline, bodies a least rate, and a client that takes nothing of an answer is cut off.
"""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from ecg_facial.service.settings import ServiceSettings

_CHECK_S = 1.0
# of a body that is not wanted any more, so that the answer arrives before the connection is closed
_LINGER_S, _LINGER_BYTES = 1.0, 16 << 20


def make_protocol(settings: ServiceSettings) -> type[asyncio.Protocol]:
    """Make the class of connections with the limits of some settings."""

    class LimitedProtocol(_PatientProtocol):
        limits = settings

    return LimitedProtocol


class _PatientProtocol(H11Protocol):
    """A connection whose client must go on.

    Attributes
    ----------
    limits : ServiceSettings
    """

    limits: ServiceSettings

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._header_timer: asyncio.TimerHandle | None = None
        self._body_timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None
        self._begun_s, self._n_bytes, self._n_bytes_before = 0.0, 0, 0
        self._is_http, self._is_over = True, False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]  # as uvicorn declares it
        if len(self.connections) > self.limits.max_connections:
            self.transport.abort()
            return
        self._wait_for_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timers()
        super().connection_lost(exc)

    def _stop_timers(self) -> None:
        for timer in (self._header_timer, self._body_timer, self._write_timer):
            if timer is not None:
                timer.cancel()
        self._header_timer = self._body_timer = self._write_timer = None

    def data_received(self, data: bytes) -> None:
        self._n_bytes += len(data)
        if self._is_over:
            if self._n_bytes > _LINGER_BYTES:
                self._cut()
            return
        super().data_received(data)
        self._look()

    def _look(self) -> None:
        """Set the deadlines of what is awaited now."""
        if not self._is_http:
            return
        state = self.conn.their_state
        if state is not h11.IDLE and self._header_timer is not None:
            self._header_timer.cancel()
            self._header_timer = None
        if state is h11.SEND_BODY and self._body_timer is None:
            self._begun_s, self._n_bytes_before = self.loop.time(), self._n_bytes
            self._body_timer = self.loop.call_later(self._check_s, self._check_body)
        elif state is h11.IDLE and self._header_timer is None:
            # the first bytes of a next request on this connection
            self._wait_for_headers()

    def _wait_for_headers(self) -> None:
        self._header_timer = self.loop.call_later(self.limits.header_s, self._cut)

    @property
    def _check_s(self) -> float:
        return min(_CHECK_S, self.limits.body_grace_s)

    def _check_body(self) -> None:
        """Cut a body off that comes too slowly; time in which the application does not read does not count."""
        self._body_timer = None
        if self.conn.their_state is not h11.SEND_BODY or self.transport.is_closing():
            return
        if self.flow.read_paused:
            self._begun_s += self._check_s
        took_s = self.loop.time() - self._begun_s
        wanted = self.limits.body_bytes_per_s * (took_s - self.limits.body_grace_s)
        if took_s >= self.limits.body_grace_s and self._n_bytes - self._n_bytes_before <= wanted:
            self._cut()
            return
        self._body_timer = self.loop.call_later(self._check_s, self._check_body)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.conn.their_state is h11.SEND_BODY and not self.transport.is_closing():
            # the answer did not need the body: what still comes of it is dropped for a moment
            self._is_over, self._n_bytes = True, 0
            self.loop.call_later(_LINGER_S, self.transport.close)

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._write_timer is None:
            self._write_timer = self.loop.call_later(self.limits.write_s, self._cut)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None

    def _cut(self) -> None:
        self.transport.abort()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        self._stop_timers()
        self._is_http = False
        super().handle_websocket_upgrade(event)
