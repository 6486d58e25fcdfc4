"""The page's files are those of its folder, and browsers run nothing else."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from ecg_facial.errors import MissingDataError
from ecg_facial.live.ward import Ward
from ecg_facial.service.app import make_app
from ecg_facial.service.page import load_page
from ecg_facial.service.tokens import TokenBook


def test_a_stranger_gets_the_sign_in_page_and_may_run_its_script_alone(ward: Ward, book: TokenBook) -> None:
    with TestClient(make_app(ward, book=book)) as client:
        answer = client.get("/")
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    (script,) = re.findall(r"<script>(.*?)</script>", answer.text, flags=re.DOTALL)
    assert f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" in policy
    assert "unsafe" not in policy
    # nothing of other sites, and nothing that the page itself would need a token for
    assert not re.search(r"(src|href)=", answer.text.replace('href="data:', ""))


def test_the_page_and_each_of_its_files_are_given_with_their_types(client: TestClient) -> None:
    assert client.get("/").text.startswith("<!doctype html>")
    known = load_page().files
    assert len(known) > 10
    for name, content in known.items():
        answer = client.get(f"/static/{name}")
        assert answer.content == content
        suffix = name.rpartition(".")[2]
        assert {"html": "html", "css": "css", "js": "javascript"}.get(suffix, suffix) in answer.headers["content-type"]


def test_a_folder_without_the_page_is_said(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("<!doctype html>")
    with pytest.raises(MissingDataError, match=r"no sign_in\.html; install ecg-facial again"):
        load_page(tmp_path)
