"""Listing and deleting what a monitor has stored."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import Said

from ecg_facial.live.store.database import Store
from ecg_facial.live.store.rows import Session


def make_session(patient: str, *, started_utc_s: float, simulated: bool = False) -> Session:
    return Session(
        patient=patient,
        started_utc_s=started_utc_s,
        class_names=("BL1", "PA4"),
        bundle_version="1",
        bundle_sha256="0" * 64,
        simulated=simulated,
        sources="camera 0, LSL stream Amplifier",
        software="0.1.0",
    )


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "monitor.sqlite"
    now = time.time()
    with Store(path) as opened:
        for patient, days, simulated in (("P1", 40.0, False), ("P2", 10.0, True), ("P1", 1.0, False)):
            started = now - 86_400 * days
            opened.end(
                opened.begin(make_session(patient, started_utc_s=started, simulated=simulated)), utc_s=started + 75
            )
        opened.begin(make_session("P3", started_utc_s=now))
    return path


def test_sessions_are_listed_with_length_end_and_sources(run: Callable[..., Said], store: Path) -> None:
    said = run("sessions", store)
    header, *rows = said.out.splitlines()
    assert header.split()[:2] == ["session", "patient"]
    assert len(rows) == 4
    assert "1:15" in rows[0]
    assert "closed" in rows[0]
    assert "camera 0, LSL stream Amplifier" in rows[0]
    assert "P2 (SIMULATED)" in rows[1]
    assert "goes on" in rows[3]


def test_a_patient_is_deleted_for_good_and_alone(run: Callable[..., Said], store: Path) -> None:
    said = run("sessions", store, "--delete-patient", "P1")
    assert "deleted: 2 sessions of P1" in said.out
    with Store(store, read_only=True) as opened:
        assert [session.patient for _, session in opened.sessions()] == ["P2", "P3"]
    assert "P1" not in run("sessions", store).out


def test_what_is_older_than_the_retention_is_deleted_but_never_what_goes_on(
    run: Callable[..., Said], store: Path
) -> None:
    assert "deleted: 1 session older than 30 days" in run("sessions", store, "--keep-days", "30").out
    assert "deleted: 2 sessions older than 0 days" in run("sessions", store, "--keep-days", "0").out
    with Store(store, read_only=True) as opened:
        assert [session.patient for _, session in opened.sessions()] == ["P3"]


def test_looking_makes_no_store_and_changes_none(run: Callable[..., Said], store: Path, tmp_path: Path) -> None:
    said = run("sessions", tmp_path / "missing.sqlite")
    assert said.code == 2
    assert "is not there" in said.err
    assert not (tmp_path / "missing.sqlite").exists()
    before = store.read_bytes()
    run("sessions", store)
    assert store.read_bytes() == before


def test_a_store_without_sessions_says_so(run: Callable[..., Said], tmp_path: Path) -> None:
    Store(tmp_path / "empty.sqlite").close()
    assert run("sessions", tmp_path / "empty.sqlite").out.strip() == "no sessions"
