"""No name of a request becomes a path."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path
from urllib.parse import quote, unquote

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from ecg_facial.live.store.database import Store
from ecg_facial.live.ward import Ward
from ecg_facial.service.app import make_app
from ecg_facial.service.page import load_page
from ecg_facial.service.tokens import TokenBook

SECRET = "the secret of this machine"
_UPS = [
    "../",
    "..\\",
    "%2e%2e/",
    "..%2f",
    "%2e%2e%2f",
    "..%5c",
    "....//",
    "..;/",
    "%252e%252e%252f",
    "..%c0%af",
    "/",
    "\\",
]
_TARGETS = ["secret.txt", "etc/passwd", "secret.txt%00.js", "page.html/../../secret.txt", "windows\\win.ini"]
PAYLOADS = [up * depth + target for up, depth, target in itertools.product(_UPS, (1, 2, 4, 9), _TARGETS)][:200]


def ask(app: FastAPI, path: str, headers: list[tuple[bytes, bytes]]) -> tuple[int, bytes]:
    """Ask as a server does that has undone the encoding once; clients tidy paths up before they send them."""
    sent: list[dict[str, object]] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": unquote(path), "raw_path": path.encode(), "query_string": b"format=csv", "root_path": "",
        "headers": headers, "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
    }  # fmt: skip
    asyncio.run(app(scope, receive, send))  # type: ignore[arg-type]
    body = b"".join(message.get("body", b"") for message in sent)  # type: ignore[misc]
    return int(sent[0]["status"]), body  # type: ignore[call-overload]


@pytest.fixture
def app(ward: Ward, book: TokenBook, tmp_path: Path) -> FastAPI:
    """Service whose page lies beside a secret."""
    folder = tmp_path / "page"
    folder.mkdir()
    (tmp_path / "secret.txt").write_text(SECRET)
    (folder / "secret.txt").write_text(SECRET)
    for name in ("page.html", "sign_in.html", "page.js"):
        (folder / name).write_text(name)
    Store(tmp_path / "monitor.sqlite").close()
    return make_app(ward, book=book, page=load_page(folder), store=tmp_path / "monitor.sqlite")


def test_two_hundred_payloads_escape_from_no_route(app: FastAPI, book: TokenBook) -> None:
    headers = [(b"authorization", f"Bearer {book.add('test')}".encode())]
    assert ask(app, "/static/page.js", headers) == (200, b"page.js")
    assert len(set(PAYLOADS)) == 200
    patterns = ("/static/{}", "/{}", "/v1/patients/{}", "/v1/patients/{}/export", "/v1/patients/{}/sessions")
    for payload, pattern in itertools.product(PAYLOADS, patterns):
        status, body = ask(app, pattern.format(payload), headers)
        assert status in (404, 405), (pattern, payload)
        assert SECRET.encode() not in body


def test_names_of_uploads_are_never_paths(
    ward: Ward, book: TokenBook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "a" / "b" / "c"
    place.mkdir(parents=True)
    monkeypatch.setattr("tempfile.tempdir", str(place))
    monkeypatch.chdir(place)
    app = make_app(ward, book=book, bundle=tmp_path / "no bundle")
    before = sorted(tmp_path.rglob("*"))
    with TestClient(app, headers={"Authorization": f"Bearer {book.add('test')}"}) as client:
        for payload in PAYLOADS[::4]:
            for name in (payload, unquote(payload), quote(payload)):
                answer = client.post(
                    "/v1/predict", files={"ecg": (name, b"time,ecg\n0,1\n"), "video": (name, b"x" * 20)}
                )
                assert answer.status_code in (400, 422)
                assert str(tmp_path) not in answer.text
    assert sorted(tmp_path.rglob("*")) == before
