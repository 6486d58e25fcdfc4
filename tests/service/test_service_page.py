"""What `docs/service.md` says is so: its commands work, its tables are those of the code."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from patient_states import make_alarm, make_state
from served import serve_here
from stored_sessions import draw_rows, draw_session
from watched import make_ward

from ecg_facial import load_example
from ecg_facial.live.state import Delay
from ecg_facial.live.store.database import Store
from ecg_facial.live.ward import Ward
from ecg_facial.service.app import make_app
from ecg_facial.service.metrics import make_metrics
from ecg_facial.service.settings import ServiceSettings
from ecg_facial.service.tokens import TokenBook

TEXT = (Path(__file__).resolve().parents[2] / "docs/service.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^\$ (curl .*)\n((?:[^$`].*\n)*)", TEXT, flags=re.MULTILINE)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_commands_of_the_page_work(ward: Ward, tmp_path: Path, small_bundle: Path) -> None:
    example, rng = load_example(), np.random.default_rng(1)
    shutil.copy(example.video, tmp_path / "face.mp4")
    (tmp_path / "ecg.csv").write_text("\n".join(["ecg", *(f"{value:.4f}" for value in example.ecg.samples)]))
    with Store(tmp_path / "p7.sqlite") as store:
        session = draw_session(rng)
        store.add(store.begin(session), draw_rows(rng, session.class_names, n_estimates=12))
    with serve_here(ward, store=tmp_path / "p7.sqlite", bundle=small_bundle) as served:
        variables = {"ADDRESS": served.address, "TOKEN": served.token, "PATH": "/usr/bin:/bin:/usr/local/bin"}
        for command, expected in COMMANDS:
            done = subprocess.run(
                ["sh", "-c", command.replace("curl -s", "curl -sS")],
                cwd=tmp_path, env=variables, capture_output=True, text=True, check=True, timeout=120,
            )  # fmt: skip
            if expected:
                assert done.stdout.strip() == expected.strip()
            elif "/metrics" not in command and done.stdout:
                assert "detail" not in json.loads(done.stdout), command
    assert len(COMMANDS) == 9
    assert ward.session("P7").done == [("rate", "NRS", 6.0, "AB", "")]  # type: ignore[attr-defined]
    assert (tmp_path / "p7.zip").read_bytes().startswith(b"PK")


def test_the_table_of_routes_names_all_of_them(ward: Ward, book: TokenBook, tmp_path: Path) -> None:
    app = make_app(ward, book=book, bundle=tmp_path)
    table = TEXT.partition("| route |")[2].partition("\n\n")[0]
    named = set()
    for cell in re.findall(r"^\| (`.*?`) \|", table, flags=re.MULTILINE):
        method, base = "", ""
        for text in re.findall(r"`(.*?)`", cell):
            method, path = text.split(" ") if " " in text else (method, text)
            base = base or path.rpartition("/")[0]
            named.add((method, path.replace("...", base)))
    known = {
        (method, route.path)  # type: ignore[attr-defined]  # all of ours have one
        for route in app.routes
        for method in (getattr(route, "methods", None) or {"WS"}) - {"HEAD"}
    }
    assert named == known


def test_the_table_of_limits_gives_the_settings() -> None:
    settings = ServiceSettings()
    table = TEXT.partition("## Limits")[2].partition("##")[0]
    for said in (
        f"{settings.max_header_bytes >> 10} KiB, within {settings.header_s:g} s",
        f"{settings.max_body_bytes >> 10} KiB; of recordings {settings.max_upload_bytes >> 20} MiB",
        f"{settings.body_bytes_per_s:,} bytes per second after the first {settings.body_grace_s:g} s",
        f"{settings.write_s:g} s",
        f"{settings.max_message_bytes >> 20} MiB",
        f"{settings.max_connections:,}",
        f"{settings.wrong_tokens} within {settings.wrong_within_s:g} s",
    ):
        assert f"| {said} |" in table


def test_the_table_of_metrics_names_all_of_them() -> None:
    state = make_state(alarm_delay=Delay(p50_ms=1, p99_ms=1, max_ms=1), alarms=(make_alarm("pain", "high"),))
    text = make_metrics(make_ward(state), n_listeners=lambda: 0)().decode()
    known = set(re.findall(r"^(ecg_facial_\w+)", text, flags=re.MULTILINE))
    table = TEXT.partition("## Metrics")[2]
    assert set(re.findall(r"`(ecg_facial_\w+)`", table)) == known


def test_the_document_for_programs_has_the_routes(client: TestClient) -> None:
    assert "/v1/patients/{patient}/export" in client.get("/openapi.json").json()["paths"]
