"""Nothing leaves the machine."""

from __future__ import annotations

import socket

import pytest


def test_tests_cannot_reach_another_machine() -> None:
    with socket.socket() as one, pytest.raises(PermissionError, match="stay on this machine"):
        one.connect(("198.51.100.1", 80))
    with socket.socket(type=socket.SOCK_DGRAM) as one, pytest.raises(PermissionError, match="stay on this machine"):
        one.sendto(b"", ("198.51.100.1", 80))
    with pytest.raises(PermissionError, match="stay on this machine"):
        socket.getaddrinfo("example.invalid", 80)


def test_tests_may_talk_to_their_own_machine() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert client.getpeername() == server.getsockname()
