"""Marks of events: where they lie in time, in every format."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import edfio
import numpy as np
import pytest
from stored_sessions import START_UTC_S, draw_session

from ecg_facial.export.writing import write_export
from ecg_facial.live.store.database import Store
from ecg_facial.live.store.rows import EventRow


def event(kind: str, time_s: float, duration_s: float | None) -> EventRow:
    return EventRow(
        time_s=time_s, utc_s=START_UTC_S + time_s, source="monitor", kind=kind, message="", duration_s=duration_s
    )


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A session that began 12.5 s after the one before was interrupted, with a gap and a source that was lost."""
    path = tmp_path / "monitor.sqlite"
    rows = [event("back", 0.0, 12.5), event("gap", 20.0, 3.0), event("lost", 30.0, None), event("back", 34.0, 4.0)]
    with Store(path) as opened:
        opened.add(opened.begin(draw_session(np.random.default_rng(0))), rows)
    return path


EXPECTED = [(-12.5, 12.5, "back"), (20.0, 3.0, "gap"), (30.0, None, "lost"), (30.0, 4.0, "back")]


def test_what_is_back_is_marked_over_the_time_in_which_it_was_lost_in_edf(store: Path, tmp_path: Path) -> None:
    with Store(store, read_only=True) as opened:
        (path,) = write_export(opened, "P7", tmp_path / "out", format="edf")
    found = [(one.onset, one.duration, json.loads(one.text[6:])["kind"]) for one in edfio.read_edf(path).annotations
             if one.text.startswith("event {")]  # fmt: skip
    assert found == EXPECTED


def test_what_is_back_is_marked_over_the_time_in_which_it_was_lost_in_bids(store: Path, tmp_path: Path) -> None:
    with Store(store, read_only=True) as opened:
        write_export(opened, "P7", tmp_path / "out", format="bids")
    (path,) = (tmp_path / "out").rglob("*events.tsv")
    with path.open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream, delimiter="\t") if row["trial_type"] == "event"]
    found = [(float(row["onset"]), None if row["duration"] == "n/a" else float(row["duration"]), row["kind"])
             for row in rows]  # fmt: skip
    assert found == EXPECTED


def test_fhir_keeps_the_length_of_a_gap(store: Path, tmp_path: Path) -> None:
    with Store(store, read_only=True) as opened:
        (path,) = write_export(opened, "P7", tmp_path / "out", format="fhir")
    resources = [entry["resource"] for entry in json.loads(path.read_text(encoding="utf-8"))["entry"]]
    found = []
    for one in resources:
        parts = [part for part in one.get("component", []) if part["code"]["coding"][0]["code"] == "duration"]
        found += [(one["valueString"], part["valueQuantity"]["value"], part["valueQuantity"]["code"]) for part in parts]
    assert found == [("back", 12.5, "s"), ("gap", 3.0, "s"), ("back", 4.0, "s")]
