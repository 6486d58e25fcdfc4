"""The page's WebSocket: what it is told, and what it may say."""

from __future__ import annotations

import base64
import itertools
import json

import cv2
import numpy as np
import pytest
from fastapi.testclient import TestClient
from patient_states import make_state
from watched import make_signals, make_ward

from ecg_facial.live.signals import LiveSignals
from ecg_facial.live.ward import Ward
from ecg_facial.service.app import make_app
from ecg_facial.service.tokens import TokenBook


@pytest.fixture
def ward() -> Ward:
    """Two patients, whose signals go on by a quarter of a second at each look."""
    times_s = itertools.count(20.0, 0.25)

    def signals() -> LiveSignals:
        return make_signals(next(times_s))

    return make_ward(make_state(), make_state(patient="P8"), signals=signals)


def read(socket: object, count: int) -> list[dict[str, object]]:
    return [json.loads(socket.receive_text()) for _ in range(count)]  # type: ignore[attr-defined]


def test_a_page_is_greeted_and_told_states_ecg_and_pictures(client: TestClient) -> None:
    with client.websocket_connect("/v1/stream") as socket:
        (hello,) = read(socket, 1)
        assert (hello["type"], hello["research_only"]) == ("hello", True)
        told = read(socket, 5)
    assert [(one["type"], one.get("patient")) for one in told] == [
        ("states", None), ("ecg", "P7"), ("picture", "P7"), ("ecg", "P8"), ("picture", "P8")
    ]  # fmt: skip
    assert [one["patient"] for one in told[0]["patients"]] == ["P7", "P8"]
    ecg, picture = told[1:3]
    assert (ecg["fs_hz"], ecg["unit"], ecg["start_s"]) == (250.0, "mV", 10.0)
    assert len(ecg["samples"]) == 2500
    assert np.abs(np.array(ecg["beats_s"]) - np.round(ecg["beats_s"])).max() < 0.01
    image = cv2.imdecode(np.frombuffer(base64.b64decode(picture["jpeg"]), np.uint8), cv2.IMREAD_COLOR)
    assert image.shape == (picture["height"], picture["width"], 3) == (120, 320, 3)
    assert picture["box"] == [100.0, 20.0, 50.0, 60.0]


def test_only_new_samples_and_those_of_watched_patients_are_told(client: TestClient) -> None:
    with client.websocket_connect("/v1/stream") as socket:
        first = read(socket, 6)[2]
        socket.send_json({"type": "watch", "patients": ["P8"]})
        told = read(socket, 12)
        kinds = {(one["type"], one.get("patient")) for one in told[-3:]}
    assert kinds <= {("states", None), ("ecg", "P8"), ("picture", "P8")}
    ecg = [one for one in (first, *told) if one["type"] == "ecg"]
    for patient in ("P7", "P8"):
        stretches = [one for one in ecg if one["patient"] == patient]
        ends = [one["start_s"] + len(one["samples"]) / one["fs_hz"] for one in stretches]
        assert [one["start_s"] for one in stretches][1:] == pytest.approx(ends[:-1], abs=0.003)


@pytest.mark.parametrize(
    "said", ["no json", "[]", '{"type": "leave"}', '{"type": "watch", "patients": [1]}', "[" * 100_000]
)
def test_what_a_page_may_not_say_is_answered_and_the_stream_goes_on(client: TestClient, said: str) -> None:
    with client.websocket_connect("/v1/stream") as socket:
        socket.send_text(said)
        told = read(socket, 8)
    assert [one["type"] for one in told].count("problem") == 1
    assert told[-1]["type"] in ("states", "ecg", "picture")


def test_a_page_is_not_told_anything_without_a_token(ward: Ward, book: TokenBook) -> None:
    from starlette.testclient import WebSocketDenialResponse

    with TestClient(make_app(ward, book=book)) as client:
        with pytest.raises(WebSocketDenialResponse) as denied, client.websocket_connect("/v1/stream"):
            pass
        assert denied.value.status_code == 401
