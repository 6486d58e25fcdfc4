"""The service on a real port: slow clients, large messages, TLS, logs, and where it connects to."""

from __future__ import annotations

import json
import socket
import ssl
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from fuzzing import bounded_memory
from patient_states import make_state
from served import Served, serve_here
from watched import make_signals, make_ward
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from ecg_facial.errors import SettingsError
from ecg_facial.live.ward import Ward

MOST_BYTES = 100 << 20
_WAIT_S = 60.0
_SECRETS = ("P7", "secret", "Bearer")
_CONNECTED: list[tuple[str, object]] | None = None


def _note_connections(event: str, arguments: tuple[object, ...]) -> None:
    if _CONNECTED is not None and event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        _CONNECTED.append((threading.current_thread().name, arguments[-1]))


# a hook cannot be taken away again: it notes while a test asks for it
sys.addaudithook(_note_connections)


def open_raw(served: Served, said: bytes) -> socket.socket:
    client = socket.create_connection(served.place, timeout=_WAIT_S)
    client.sendall(said)
    return client


def wait_for_end(client: socket.socket) -> bytes:
    """Read until the service closes the connection."""
    said = b""
    with client:
        try:
            while part := client.recv(65536):
                said += part
        except ConnectionError:
            pass
    return said


def test_clients_that_never_end_their_headers_or_bodies_are_closed(ward: Ward) -> None:
    limits = {"header_s": 0.5, "body_grace_s": 0.5, "body_bytes_per_s": 1 << 20}
    with serve_here(ward, settings=limits) as served:
        begun = b"GET /v1/patients HTTP/1.1\r\nHost: a\r\nX-Slow: "
        body = (
            b"POST /v1/session HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n{"
        )
        clients = [open_raw(served, begun) for _ in range(50)] + [open_raw(served, body) for _ in range(50)]
        assert httpx2.get(f"{served.address}/health").status_code == 200
        assert {wait_for_end(client) for client in clients} == {b""}
        assert httpx2.get(f"{served.address}/health").status_code == 200


def test_too_many_connections_are_closed_at_once(ward: Ward) -> None:
    with serve_here(ward, settings={"max_connections": 3}) as served:
        held = [open_raw(served, b"GET ") for _ in range(3)]
        assert wait_for_end(open_raw(served, b"")) == b""
        for client in held:
            client.close()


@pytest.mark.parametrize("head", [b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 70_000, b"\x16\x03\x01\r\n\r\n"])
def test_headers_that_are_too_long_or_none_are_refused(ward: Ward, head: bytes) -> None:
    with serve_here(ward) as served:
        assert wait_for_end(open_raw(served, head)).startswith(b"HTTP/1.1 400")


def send_gibibyte(address: str, headers: dict[str, str]) -> tuple[int, int]:
    """Send a body of 1 GiB in chunks; give the answer, and how much was taken."""
    n_sent = 0

    def chunks() -> Iterator[bytes]:
        nonlocal n_sent
        for _ in range(1 << 14):
            n_sent += 1 << 16
            yield bytes(1 << 16)

    headers = {**headers, "Content-Type": "multipart/form-data; boundary=b"}
    with httpx2.Client(timeout=_WAIT_S) as client:
        try:
            return client.post(address, content=chunks(), headers=headers).status_code, n_sent
        except httpx2.TransportError:
            # it was closed before the answer could be read
            return 413, n_sent


def test_a_body_of_a_gibibyte_is_refused_in_little_memory(ward: Ward, tmp_path: Path) -> None:
    limits = {"max_upload_bytes": 8 << 20}
    with serve_here(ward, settings=limits, bundle=tmp_path) as served, bounded_memory(MOST_BYTES):
        for path in ("/v1/predict", "/v1/patients/P7/pause"):
            status, n_sent = send_gibibyte(f"{served.address}{path}", served.headers)
            assert status in (400, 413)
            assert n_sent < 128 << 20
        said = f"POST /v1/predict HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {served.token}\r\nContent-Length: {1 << 30}\r\n\r\n"  # noqa: E501
        assert wait_for_end(open_raw(served, said.encode())).startswith(b"HTTP/1.1 413")


def test_a_message_of_100_megabytes_closes_the_stream_before_it_is_sent(ward: Ward) -> None:
    with serve_here(ward) as served, bounded_memory(MOST_BYTES):
        with connect(served.stream, additional_headers=served.headers) as stream:
            # header of a binary message of that length, masked as clients have to
            stream.socket.sendall(struct.pack(">BBQ4s", 0x82, 0xFF, 100 << 20, b"mask"))
            with pytest.raises(ConnectionClosed) as closed:
                list(iter(lambda: stream.recv(timeout=_WAIT_S), None))
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009
        assert httpx2.get(f"{served.address}/health").status_code == 200


def test_a_stream_needs_a_token_and_no_page_of_another_site(ward: Ward) -> None:
    with serve_here(ward) as served:
        for headers, status in (({}, 401), ({**served.headers, "Origin": "http://evil.example"}, 403)):
            with pytest.raises(InvalidStatus) as refused, connect(served.stream, additional_headers=headers):
                pass
            assert refused.value.response.status_code == status
            assert refused.value.response.headers["content-type"] == "application/problem+json"


def test_a_page_that_reads_nothing_delays_no_other() -> None:
    ward = make_ward(make_state(), signals=lambda: make_signals(20.0))
    with serve_here(ward) as served, connect(served.stream, additional_headers=served.headers) as stream:
        key = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: eA==\r\n"
        said = f"GET /v1/stream HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {served.token}\r\n{key}\r\n"
        with open_raw(served, said.encode()):
            told = [stream.recv(timeout=_WAIT_S) for _ in range(6)]
    assert sum('"states"' in str(text) for text in told) >= 2


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Certificate for this machine, signed by itself."""
    folder = tmp_path_factory.mktemp("tls")
    made, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", made],
        check=True, capture_output=True,
    )  # fmt: skip
    return made, key


def test_with_a_certificate_it_speaks_https_alone(ward: Ward, certificate: tuple[Path, Path]) -> None:
    made, key = certificate
    with serve_here(ward, settings={"certificate": made, "key": key, "host": "127.0.0.1"}) as served:
        assert served.address.startswith("https://")
        context = ssl.create_default_context(cafile=str(made))
        with httpx2.Client(verify=context) as client:
            assert client.get(f"{served.address}/v1/patients", headers=served.headers).status_code == 200
            answer = client.post(f"{served.address}/v1/session", json={"token": served.token})
            assert "Secure" in answer.headers["set-cookie"]
        with connect(served.stream, additional_headers=served.headers, ssl=context) as stream:
            assert '"hello"' in stream.recv(timeout=_WAIT_S)
        with pytest.raises(httpx2.TransportError):
            httpx2.get(f"http://127.0.0.1:{served.place[1]}/health")


def test_the_address_names_the_machine_where_it_listens_everywhere(
    ward: Ward, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    made, key = certificate
    monkeypatch.setattr(socket, "gethostname", lambda: "ward7")
    for host, shown in (("0.0.0.0", "ward7"), ("127.0.0.1", "127.0.0.1")):
        with serve_here(ward, settings={"certificate": made, "key": key, "host": host}) as served:
            assert served.address.rpartition(":")[0] == f"https://{shown}"


def test_a_client_that_does_not_greet_over_tls_is_closed(ward: Ward, certificate: tuple[Path, Path]) -> None:
    made, key = certificate
    with serve_here(ward, settings={"certificate": made, "key": key, "header_s": 0.3}) as served:
        assert wait_for_end(open_raw(served, b"\x16\x03")) == b""


def test_a_certificate_that_cannot_be_used_is_said_in_one_line(
    ward: Ward, certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    (tmp_path / "no.pem").write_text("no certificate")
    limits = {"certificate": certificate[0], "key": tmp_path / "no.pem"}
    with pytest.raises(SettingsError, match="two PEM files"), serve_here(ward, settings=limits):
        pass


def test_a_port_that_is_taken_is_said_in_one_line(ward: Ward) -> None:
    with serve_here(ward) as served, pytest.raises(SettingsError, match="give another with --port"):
        serve_here(ward, settings={"port": served.place[1]}).__enter__()


def test_logs_hold_no_token_no_patient_and_no_path(
    ward: Ward, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise RuntimeError("P7 in /srv/secret")

    with serve_here(ward, logs=True) as served:
        httpx2.get(f"{served.address}/v1/patients/P7?token=secret", headers=served.headers)
        httpx2.get(f"{served.address}/v1/patients/P7", headers={"Authorization": "Bearer secret"})
        wait_for_end(open_raw(served, b"GET /secret P7\r\n\r\n"))
        monkeypatch.setattr(ward, "states", fail)
        assert httpx2.get(f"{served.address}/v1/patients/P7", headers=served.headers).status_code == 500
        with connect(served.stream, additional_headers=served.headers):
            pass
        with pytest.raises(InvalidStatus):
            connect(served.stream)
        token = served.token
    said = capfd.readouterr()
    assert "RuntimeError in fail, line" in said.err
    # who is refused has met no fault
    assert "handshake" not in said.err
    for secret in (*_SECRETS, token, "/v1/"):
        assert secret not in said.err
    assert said.out == ""


def test_a_tick_that_fails_in_any_way_ends_no_stream(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    states, faults = ward.states, iter([StopIteration("nothing next"), RuntimeError("bad")])

    def fail_twice() -> object:
        for fault in faults:
            raise fault
        return states()

    with serve_here(ward) as served:
        monkeypatch.setattr(ward, "states", fail_twice)
        with connect(served.stream, additional_headers=served.headers) as stream:
            kinds = {json.loads(stream.recv(timeout=30))["type"] for _ in range(2)}
    assert kinds == {"hello", "states"}
    assert next(faults, None) is None


def test_the_service_connects_to_nobody() -> None:
    global _CONNECTED
    ward = make_ward(make_state(), signals=lambda: make_signals(20.0))
    with serve_here(ward) as served:
        _CONNECTED = []
        try:
            for path in ("/", "/health", "/v1/patients", "/metrics", "/openapi.json", "/static/page.js"):
                httpx2.get(f"{served.address}{path}", headers=served.headers)
            with connect(served.stream, additional_headers=served.headers) as stream:
                assert [stream.recv(timeout=_WAIT_S) for _ in range(4)]
            found = [one for one in _CONNECTED if one[0] != threading.main_thread().name]
        finally:
            _CONNECTED = None
    assert found == []
