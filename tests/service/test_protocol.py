"""How slowly a client may speak, on a clock of the test."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from ecg_facial.service.protocol import make_protocol
from ecg_facial.service.settings import ServiceSettings

HEAD = b"POST /v1/session HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n"


class Loop:
    """Timers that run when the test lets time pass."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self._timers: list[tuple[float, Callable[[], None], dict[str, bool]]] = []

    def time(self) -> float:
        return self.now_s

    def call_later(self, delay_s: float, call: Callable[[], None]) -> Any:
        state = {"on": True}
        self._timers.append((self.now_s + delay_s, call, state))
        return type("Timer", (), {"cancel": lambda _: state.update(on=False)})()

    def create_task(self, task: Any) -> Any:
        task.close()
        return type("Task", (), {"add_done_callback": lambda *_: None})()

    def wait(self, seconds: float) -> None:
        end_s = self.now_s + seconds
        while due := sorted((one for one in self._timers if one[2]["on"] and one[0] <= end_s), key=lambda one: one[0]):
            self.now_s, call, state = due[0]
            state["on"] = False
            call()
        self.now_s = end_s


class Transport(asyncio.Transport):
    """A connection that notes whether it was cut off."""

    def __init__(self) -> None:
        super().__init__()
        self.is_cut = False

    def abort(self) -> None:
        self.is_cut = True

    def is_closing(self) -> bool:
        return self.is_cut

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


@pytest.fixture
def connection() -> tuple[Loop, Transport, Any]:
    async def app(scope: object, receive: object, send: object) -> None:
        pass

    kind = make_protocol(ServiceSettings())
    config = uvicorn.Config(app, http=kind, log_config=None)
    config.load()
    loop, transport = Loop(), Transport()
    made = kind(config, ServerState(), {}, loop)  # type: ignore[call-arg]
    made.connection_made(transport)
    return loop, transport, made


def test_headers_have_ten_seconds(connection: tuple[Loop, Transport, Any]) -> None:
    loop, transport, made = connection
    for byte in HEAD[:9]:
        made.data_received(bytes([byte]))
        loop.wait(1.0)
    assert not transport.is_cut
    loop.wait(1.0)
    assert transport.is_cut


def test_a_body_may_take_as_long_as_it_goes_on_at_its_least_rate(connection: tuple[Loop, Transport, Any]) -> None:
    loop, transport, made = connection
    made.data_received(HEAD)
    for _ in range(60):
        made.data_received(bytes(1100))
        made.cycle.body.clear()
        loop.wait(1.0)
    assert not transport.is_cut
    loop.wait(16.0)
    assert transport.is_cut


@pytest.mark.parametrize("is_silent", [False, True])
def test_a_slow_body_is_cut_off_after_its_grace(connection: tuple[Loop, Transport, Any], is_silent: bool) -> None:
    loop, transport, made = connection
    made.data_received(HEAD)
    while not transport.is_cut:
        if not is_silent:
            made.data_received(b"x")
        loop.wait(1.0)
    assert 10.0 <= loop.now_s <= 15.0


def test_a_client_that_takes_nothing_of_an_answer_is_cut_off(connection: tuple[Loop, Transport, Any]) -> None:
    loop, transport, made = connection
    made.data_received(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    made.pause_writing()
    loop.wait(29.0)
    made.resume_writing()
    made.pause_writing()
    loop.wait(29.0)
    assert not transport.is_cut
    loop.wait(1.0)
    assert transport.is_cut
