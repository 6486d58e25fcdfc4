"""What the store keeps is given by session and time, and exported."""

from __future__ import annotations

import io
from pathlib import Path
from typing import NoReturn
from zipfile import ZipFile

import numpy as np
import pytest
from fastapi.testclient import TestClient
from stored_sessions import draw_ecg, draw_rows, draw_session

from ecg_facial.errors import MissingDataError
from ecg_facial.export.settings import FORMATS
from ecg_facial.live.store.database import Store
from ecg_facial.live.store.rows import EstimateRow, RatingRow
from ecg_facial.live.ward import Ward
from ecg_facial.service.app import make_app
from ecg_facial.service.tokens import TokenBook


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Two sessions of P7."""
    rng = np.random.default_rng(7)
    with Store(tmp_path / "monitor.sqlite") as store:
        for _ in range(2):
            session = draw_session(rng)
            rows = draw_rows(rng, session.class_names, n_estimates=12)
            store.add(
                store.begin(session),
                [*rows, *draw_ecg(rng), RatingRow(time_s=3.0, utc_s=1e9, scale="NRS", value=4.0, by="AB")],
            )
        return store.path


@pytest.fixture
def client(ward: Ward, book: TokenBook, path: Path) -> TestClient:
    headers = {"Authorization": f"Bearer {book.add('test')}"}
    return TestClient(make_app(ward, book=book, store=path), headers=headers, raise_server_exceptions=False)


def test_rows_are_those_of_the_store_by_session_and_time(client: TestClient, path: Path) -> None:
    sessions = client.get("/v1/patients/P7/sessions").json()
    assert [one["session"] for one in sessions] == [1, 2]
    with Store(path, read_only=True) as store:
        known = store.read(EstimateRow, 1)
        (_, newest) = store.sessions()[-1]
    told = client.get("/v1/patients/P7/estimates", params={"session": 1}).json()
    assert [row["time_s"] for row in told["rows"]] == [row.time_s for row in known]
    assert [row["estimate"] for row in told["rows"]] == [row.estimate for row in known]
    newest_told = client.get("/v1/patients/P7/ratings").json()
    assert (newest_told["session"], newest_told["simulated"]) == (2, newest.simulated)
    assert newest_told["rows"][-1]["by"]
    some = {"session": 1, "start_s": known[1].time_s, "end_s": known[-1].time_s, "limit": 2}
    rows = client.get("/v1/patients/P7/estimates", params=some).json()["rows"]
    assert [row["time_s"] for row in rows] == [row.time_s for row in known[1:3]]


@pytest.mark.parametrize("table", ["estimates", "events", "alarms", "ratings"])
def test_an_unknown_session_is_a_problem(client: TestClient, table: str) -> None:
    assert client.get(f"/v1/patients/P7/{table}", params={"session": 9}).status_code == 404
    assert client.get(f"/v1/patients/P8/{table}").status_code == 404
    assert client.get(f"/v1/patients/P7/{table}", params={"session": 10**30}).status_code == 422


@pytest.mark.parametrize("format", FORMATS)
def test_an_export_is_an_archive_without_the_patients_name(
    client: TestClient, format: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(place))
    answer = client.get("/v1/patients/P7/export", params={"format": format, "session": 1})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/zip"
    assert "P7" not in answer.headers["content-disposition"]
    with ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        assert archive.namelist()
    assert list(place.iterdir()) == []


@pytest.mark.parametrize(
    ("patient", "asked", "status"),
    [
        ("P7", {"format": "pdf"}, 422),
        ("P7", {}, 422),
        ("P9", {"format": "csv"}, 404),
        ("P7", {"format": "csv", "session": 9}, 404),
    ],
)
def test_an_export_that_cannot_be_is_a_problem_without_paths(
    client: TestClient, path: Path, patient: str, asked: dict[str, object], status: int
) -> None:
    answer = client.get(f"/v1/patients/{patient}/export", params=asked)
    assert answer.status_code == status
    assert str(path.parent) not in answer.text


def test_an_export_leaves_the_monitors_process_alone(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> NoReturn:
        raise AssertionError("written in the process of the monitor")

    monkeypatch.setattr("ecg_facial.export.writing.write_export", fail)
    assert client.get("/v1/patients/P7/export?format=csv").status_code == 200


def test_one_export_runs_at_a_time(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    statuses: list[int] = []

    def ask_again(*_: object, **__: object) -> None:
        statuses.append(client.get("/v1/patients/P7/export?format=csv").status_code)
        raise MissingDataError("nothing to export")

    monkeypatch.setattr("ecg_facial.service.exporting._export", ask_again)
    assert client.get("/v1/patients/P7/export?format=csv").status_code == 404
    monkeypatch.undo()
    assert client.get("/v1/patients/P7/export?format=csv").status_code == 200
    assert statuses == [429]


def test_a_store_that_cannot_be_read_is_a_problem_without_paths(client: TestClient, path: Path) -> None:
    path.write_bytes(b"no store" * 1000)
    answer = client.get("/v1/patients/P7/sessions")
    assert answer.status_code == 503
    assert str(path) not in answer.text
