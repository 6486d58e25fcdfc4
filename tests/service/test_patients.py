"""What persons do reaches the patient's session with their sign; what is not so is refused before it gets there."""

from __future__ import annotations

import json

import pytest
from fastapi.testclient import TestClient

from ecg_facial.live.ward import Ward


def test_states_of_all_and_of_one_patient_are_given(client: TestClient) -> None:
    assert [one["patient"] for one in client.get("/v1/patients").json()] == ["P7", "P8"]
    one = client.get("/v1/patients/P8").json()
    assert (one["patient"], one["last"]["estimate"]) == ("P8", 1.74)


@pytest.mark.parametrize(
    ("action", "body", "noted"),
    [
        ("acknowledge", {"by": "AB"}, ("acknowledge", "AB")),
        ("pause", {"by": " AB "}, ("pause", "AB")),
        ("resume", {"by": "AB"}, ("resume", "AB")),
        ("sound", {"by": "AB", "on": False}, ("switch", False, "AB")),
        ("ratings", {"by": "AB", "value": 7}, ("rate", "NRS", 7.0, "AB", "")),
        ("ratings", {"by": "AB", "scale": "NRS", "value": 0, "note": "turned"}, ("rate", "NRS", 0.0, "AB", "turned")),
        ("ratings", {"by": "AB", "value": None, "note": "turned"}, ("rate", "", None, "AB", "turned")),
    ],
)
def test_what_a_person_does_reaches_the_session(
    client: TestClient, ward: Ward, action: str, body: dict[str, object], noted: tuple[object, ...]
) -> None:
    assert client.post(f"/v1/patients/P8/{action}", json=body).status_code == 204
    assert ward.session("P8").done == [noted]  # type: ignore[attr-defined]
    assert ward.session("P7").done == []  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("action", "body"),
    [
        ("pause", {}),
        ("pause", {"by": ""}),
        ("pause", {"by": " "}),
        ("pause", {"by": "monitor"}),
        ("pause", {"by": "A\nB"}),
        ("pause", {"by": "\ud800"}),
        ("pause", {"by": "x" * 41}),
        ("pause", {"by": "AB", "more": 1}),
        ("sound", {"by": "AB"}),
        ("ratings", {"by": "AB"}),
        ("ratings", {"by": "AB", "value": 11}),
        ("ratings", {"by": "AB", "value": -1}),
        ("ratings", {"by": "AB", "value": 5, "scale": "VAS"}),
        ("ratings", {"by": "AB", "note": "\x1b[2J"}),
    ],
)
def test_what_a_session_could_not_keep_is_refused(
    client: TestClient, ward: Ward, action: str, body: dict[str, object]
) -> None:
    # escaped, so that half a character can be sent
    content, headers = json.dumps(body), {"Content-Type": "application/json"}
    answer = client.post(f"/v1/patients/P8/{action}", content=content, headers=headers)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert ward.session("P8").done == []  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/patients/P9", 404),
        ("POST", "/v1/patients/P9/pause", 404),
        ("GET", "/nowhere", 404),
        ("PUT", "/v1/patients", 405),
        ("GET", "/v1/patients/P7/pause", 405),
        ("GET", "/v1/patients/P7/sessions", 404),
        ("GET", "/v1/patients/P7/estimates?limit=10001", 422),
        ("GET", "/v1/patients/P7/estimates?start_s=nan", 422),
        ("GET", "/docs", 404),
    ],
)
def test_every_error_is_a_problem_with_a_remedy(client: TestClient, method: str, path: str, status: int) -> None:
    answer = client.request(method, path, json={"by": "AB"})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert (told["type"], told["status"]) == ("about:blank", status)
    assert told["detail"]
    assert ("allow" in answer.headers) is (status == 405)


def test_an_error_inside_is_a_problem_without_its_words(
    client: TestClient, ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise RuntimeError("the secret of /srv/patient.sqlite")

    monkeypatch.setattr(ward, "states", fail)
    answer = client.get("/v1/patients")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "content-security-policy" in answer.headers
    assert "secret" not in answer.text
