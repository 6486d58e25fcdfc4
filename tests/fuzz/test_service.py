"""The service never fails inside, whatever is asked of it: calls made from its own OpenAPI document."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import schemathesis
from fastapi.testclient import TestClient
from fuzzing import N_VARIANTS
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from patient_states import make_state
from stored_sessions import draw_rows, draw_session
from watched import make_ward

from ecg_facial.live.store.database import Store
from ecg_facial.service.app import make_app
from ecg_facial.service.browser_source import BrowserLink
from ecg_facial.service.settings import ServiceSettings
from ecg_facial.service.tokens import TokenBook

OPERATIONS = (
    "DELETE /v1/session", "GET /health", "GET /metrics", "GET /v1/patients", "GET /v1/patients/{patient}",
    "GET /v1/patients/{patient}/alarms", "GET /v1/patients/{patient}/estimates", "GET /v1/patients/{patient}/events",
    "GET /v1/patients/{patient}/export", "GET /v1/patients/{patient}/ratings", "GET /v1/patients/{patient}/sessions",
    "POST /v1/patients/{patient}/acknowledge", "POST /v1/patients/{patient}/pause",
    "POST /v1/patients/{patient}/ratings", "POST /v1/patients/{patient}/resume",
    "POST /v1/patients/{patient}/sound", "POST /v1/predict", "POST /v1/session",
)  # fmt: skip
_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
_SAID = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["watch", "offer", "stop"]) | _JSON,
        "patient": st.just("P7") | _JSON,
        "patients": st.lists(st.text()) | _JSON,
        "ecg_fs_hz": st.floats() | _JSON,
    },
)
_HOW = settings(
    max_examples=N_VARIANTS, phases=[Phase.generate], database=None, derandomize=True,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, small_bundle: Path) -> Iterator[TestClient]:
    """Client of a service with all its routes, signed in."""
    folder, rng, book = tmp_path_factory.mktemp("service"), np.random.default_rng(1), TokenBook()
    path = folder / "monitor.sqlite"
    with Store(path) as store:
        session = draw_session(rng)
        store.add(store.begin(session), draw_rows(rng, session.class_names))
    app = make_app(
        make_ward(make_state()), book=book, settings=ServiceSettings(wrong_tokens=10**9), store=path,
        bundle=small_bundle, links={"P7": BrowserLink("P7", takes_ecg=True)},
    )  # fmt: skip
    with TestClient(app, headers={"Authorization": f"Bearer {book.add('test')}"}, raise_server_exceptions=False) as one:
        yield one


@pytest.fixture(scope="module")
def operations(client: TestClient) -> dict[str, Any]:
    schema = schemathesis.openapi.from_dict(client.get("/openapi.json").json())
    found = [result.ok() for result in schema.get_all_operations()]
    return {f"{one.method.upper()} {one.path}": one for one in found}


def test_every_operation_is_fuzzed(operations: dict[str, Any]) -> None:
    assert sorted(operations) == sorted(OPERATIONS)


@pytest.mark.parametrize("name", OPERATIONS)
def test_no_call_fails_inside(client: TestClient, operations: dict[str, Any], name: str) -> None:
    operation = operations[name]

    @_HOW
    @given(case=operation.as_strategy(), is_known=st.booleans())
    def call(case: Any, is_known: bool) -> None:
        if is_known and "patient" in (case.path_parameters or {}):
            case.path_parameters["patient"] = "P7"
        answer = client.request(**_as_request(case))
        assert answer.status_code < 500, answer.text
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["status"] == answer.status_code

    call()


def _as_request(case: Any) -> dict[str, Any]:
    """Name the arguments as the client does: `data` is a form there."""
    made = case.as_transport_kwargs(base_url="http://testserver")
    if isinstance(made.get("data"), bytes | str):
        made["content"] = made.pop("data")
    return {name: value for name, value in made.items() if value is not None and name != "cookies"}


@_HOW
@given(said=st.lists(_SAID | _JSON | st.binary(max_size=40), max_size=8))
def _talk(client: TestClient, said: list[Any]) -> None:
    with client.websocket_connect("/v1/stream") as socket:
        for one in said:
            if isinstance(one, bytes):
                socket.send_bytes(one)
            else:
                socket.send_text(json.dumps(one))
        socket.send_text("end")
        while "no JSON" not in (told := socket.receive_json()).get("detail", "") or told["type"] != "problem":
            assert told["type"] in ("hello", "states", "problem")


def test_no_talk_on_the_stream_fails_inside(client: TestClient) -> None:
    _talk(client)
