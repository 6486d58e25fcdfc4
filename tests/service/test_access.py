"""Nobody gets anything without a valid token, whatever the address."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from set_clock import SetClock
from starlette.routing import BaseRoute, WebSocketRoute
from starlette.testclient import WebSocketDenialResponse

from ecg_facial.errors import SettingsError
from ecg_facial.live.ward import Ward
from ecg_facial.service.access import COOKIE, Access, is_same_origin
from ecg_facial.service.app import make_app
from ecg_facial.service.settings import ServiceSettings
from ecg_facial.service.tokens import TokenBook

ORIGIN = {"Origin": "http://testserver"}


@pytest.fixture
def book(clock: SetClock) -> TokenBook:
    return TokenBook(utc=clock)


@pytest.fixture
def app(ward: Ward, book: TokenBook, tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    return make_app(ward, book=book, bundle=tmp_path_factory.mktemp("bundle"))


@pytest.fixture
def stranger(app: FastAPI) -> Iterator[TestClient]:
    """Client without a token; each of its requests comes from an address of its own."""
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def address(route: BaseRoute) -> str:
    return route.path.format(patient="P7", file="page.js")  # type: ignore[attr-defined]  # all of ours have one


def list_routes(app: FastAPI) -> list[tuple[str, str]]:
    return [(method, address(one)) for one in app.routes for method in getattr(one, "methods", None) or ()]


@pytest.mark.parametrize("shown", ["none", "wrong", "expired", "wrong cookie"])
def test_every_route_but_health_needs_a_valid_token(
    ward: Ward, book: TokenBook, clock: SetClock, tmp_path: object, shown: str
) -> None:
    token = book.add("short", days=1)
    clock.now_s += 2 * 86_400
    headers = {
        "none": {}, "wrong": {"Authorization": f"Bearer {token}x"}, "expired": {"Authorization": f"Bearer {token}"},
        "wrong cookie": {"Cookie": f"{COOKIE}=guessed"},
    }[shown]  # fmt: skip
    settings = ServiceSettings(wrong_tokens=1000)
    app = make_app(ward, book=book, settings=settings, bundle=tmp_path)  # type: ignore[arg-type]
    routes = list_routes(app)
    assert len(routes) > 15
    with TestClient(app, raise_server_exceptions=False) as client:
        for method, path in routes:
            answer = client.request(method, path, headers=headers)
            if path == "/health":
                assert answer.status_code == 200
            elif (method, path) == ("POST", "/v1/session"):
                # it takes the token itself
                assert answer.status_code == 422
            else:
                assert answer.status_code == 401, (method, path)
        for route in app.routes:
            if isinstance(route, WebSocketRoute) or not hasattr(route, "methods"):
                with (
                    pytest.raises(WebSocketDenialResponse) as denied,
                    client.websocket_connect(address(route), headers=headers),
                ):
                    pass
                assert denied.value.status_code == 401
    assert all(session.done == [] for session in ward._sessions)  # type: ignore[attr-defined]


def test_health_says_nothing_of_patients(stranger: TestClient) -> None:
    assert stranger.get("/health").json() == {"status": "ok"}


def test_a_browser_signs_in_with_a_cookie_that_pages_cannot_read_and_out_again(
    stranger: TestClient, book: TokenBook
) -> None:
    token = book.add("ward")
    assert stranger.post("/v1/session", json={"token": "wrong"}).status_code == 401
    answer = stranger.post("/v1/session", json={"token": token})
    assert answer.status_code == 204
    cookie = answer.headers["set-cookie"]
    assert all(part in cookie for part in (f"{COOKIE}=", "HttpOnly", "SameSite=strict", "Max-Age=43200", "Path=/"))
    assert "Secure" not in cookie
    assert token not in cookie
    assert stranger.get("/v1/patients").status_code == 200
    assert stranger.delete("/v1/session", headers=ORIGIN).status_code == 204
    assert stranger.get("/v1/patients", headers={"Cookie": cookie.partition(";")[0]}).status_code == 401


def test_the_cookie_is_secure_under_tls(app: FastAPI, book: TokenBook) -> None:
    with TestClient(app, base_url="https://testserver") as client:
        answer = client.post("/v1/session", json={"token": book.add("ward")})
    assert "Secure" in answer.headers["set-cookie"]


def test_a_cookie_ends_with_its_time_and_with_its_token(clock: SetClock, book: TokenBook) -> None:
    access = Access(book, ServiceSettings(), utc=clock, now=clock)
    found = access.sign_in(book.add("ward", days=0.25), "a")
    assert found is not None
    cookie, visitor = found
    assert access.find({"cookie": f"other=1; {COOKIE}={cookie}"}, "a") == visitor
    assert visitor.expires_utc_s == clock.now_s + 6 * 3600
    clock.now_s += 6 * 3600 + 1
    assert access.find({"cookie": f"{COOKIE}={cookie}"}, "a") is None


@pytest.mark.parametrize("origin", [None, "http://evil.example", "https://testserver", "http://testserver:81", "null"])
def test_a_page_of_another_site_changes_nothing_and_sees_no_stream(
    stranger: TestClient, book: TokenBook, ward: Ward, origin: str | None
) -> None:
    stranger.post("/v1/session", json={"token": book.add("ward")})
    headers = {} if origin is None else {"Origin": origin}
    answer = stranger.post("/v1/patients/P7/pause", json={"by": "AB"}, headers=headers)
    assert answer.status_code == 403
    assert ward.session("P7").done == []  # type: ignore[attr-defined]
    if origin is not None:
        with (
            pytest.raises(WebSocketDenialResponse) as denied,
            stranger.websocket_connect("/v1/stream", headers=headers),
        ):
            pass
        assert denied.value.status_code == 403
        assert stranger.post("/v1/session", json={"token": "x"}, headers=headers).status_code == 403
    assert stranger.post("/v1/patients/P7/pause", json={"by": "AB"}, headers=ORIGIN).status_code == 204
    with stranger.websocket_connect("/v1/stream", headers=ORIGIN) as socket:
        assert socket.receive_json()["type"] == "hello"


def test_ten_wrong_tokens_within_a_minute_have_to_wait_for_a_minute(
    ward: Ward, book: TokenBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SetClock()
    token = book.add("ward")
    access = Access(book, ServiceSettings(), now=clock)
    app = make_app(ward, book=book, access=access)
    with TestClient(app) as client:
        client.post("/v1/session", json={"token": token})
        for number in range(10):
            assert client.get("/v1/patients", headers={"Authorization": "Bearer no"}).status_code == 401
            clock.now_s += number % 2
        for answer in (
            client.get("/v1/patients", headers={"Authorization": f"Bearer {token}"}),
            client.post("/v1/session", json={"token": token}),
        ):
            assert answer.status_code == 429
            assert 0 < int(answer.headers["retry-after"]) <= 61
        # who has signed in before is not locked out by others behind the same address
        assert client.get("/v1/patients").status_code == 200
        clock.now_s += 61
        assert client.get("/v1/patients", headers={"Authorization": f"Bearer {token}"}).status_code == 200


def test_every_answer_tells_browsers_to_be_careful(client: TestClient) -> None:
    for path in ("/health", "/v1/patients", "/nowhere", "/"):
        headers = client.get(path).headers
        assert "default-src 'self'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert headers["permissions-policy"].startswith("camera=(self)")


@pytest.mark.parametrize(
    ("origin", "host", "scheme", "expected"),
    [
        ("http://[::1]:8765", "[::1]:8765", "http", True),
        ("http://Ward.example", "ward.example", "http", True),
        ("http://ward.example:80", "ward.example", "http", True),
        ("http://ward.example:99999", "ward.example", "http", False),
        ("http://user@ward.example", "ward.example", "https", False),
        ("", "ward.example", "http", False),
        ("http://", "", "http", False),
    ],
)
def test_origins_are_compared_by_scheme_name_and_port(origin: str, host: str, scheme: str, expected: bool) -> None:
    assert is_same_origin(origin, host=host, scheme=scheme) is expected


def test_behind_a_proxy_only_the_proxy_is_answered_and_its_word_counts(ward: Ward, book: TokenBook) -> None:
    app = make_app(ward, book=book, settings=ServiceSettings(host="0.0.0.0", behind_proxy="10.0.0.2", wrong_tokens=1))
    wrong = {"Authorization": "Bearer no"}
    with TestClient(app, client=("10.0.0.3", 1)) as client:
        assert client.get("/health").status_code == 403
    with TestClient(app, client=("10.0.0.2", 1)) as client:
        first, second = ({"X-Forwarded-For": f"1.2.3.4, 9.9.9.{number}"} for number in (1, 2))
        assert client.get("/v1/patients", headers={**wrong, **first}).status_code == 401
        assert client.get("/v1/patients", headers={**wrong, **first}).status_code == 429
        assert client.get("/v1/patients", headers={**wrong, **second}).status_code == 401
        https = {"X-Forwarded-Proto": "https", "Origin": "https://testserver", "X-Forwarded-For": "7.7.7.7"}
        answer = client.post("/v1/session", json={"token": book.add("ward")}, headers=https)
        assert "Secure" in answer.headers["set-cookie"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"host": "0.0.0.0"}, "would cross the network in the clear"),
        ({"port": 70_000}, "expected 0 to 65535"),
        ({"certificate": "a.pem"}, "belong together"),
        ({"header_s": float("nan")}, "header_s is nan"),
        ({"max_body_bytes": 0}, "max_body_bytes is 0"),
    ],
)
def test_settings_that_would_not_be_safe_are_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        ServiceSettings(**settings)  # type: ignore[arg-type]
