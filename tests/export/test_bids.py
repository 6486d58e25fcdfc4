"""BIDS: rows and raw ECG come back, names are those of the specification, and exports go into one data set."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from stored_sessions import draw_beats, draw_rows, draw_session, write_ecg_store, write_store

from ecg_facial.ecg.reading import read_ecg
from ecg_facial.errors import SettingsError
from ecg_facial.export.bids import STATES
from ecg_facial.export.content import SessionContent, read_sessions
from ecg_facial.export.marks import KINDS
from ecg_facial.export.series import NUMBERS
from ecg_facial.export.series import read_ecg as read_series
from ecg_facial.export.writing import write_export
from ecg_facial.live.store.database import Store
from ecg_facial.live.store.rows import EstimateRow, Row, columns

ENTITIES = r"sub-[A-Za-z0-9]+_ses-[A-Za-z0-9]+_task-monitoring"
ALLOWED = [
    r"dataset_description\.json", "README", r"participants\.(tsv|json)",
    r"(sub-[A-Za-z0-9]+)/\1_sessions\.(tsv|json)",
    r"(sub-[A-Za-z0-9]+)/(ses-[A-Za-z0-9]+)/beh/\1_\2_task-monitoring_events\.(tsv|json)",
    r"(sub-[A-Za-z0-9]+)/(ses-[A-Za-z0-9]+)/beh/\1_\2_task-monitoring_recording-(estimates|ecg\d*)_physio\.(tsv\.gz|json)",
]  # fmt: skip
_ESCAPES = {"t": "\t", "n": "\n", "r": "\r"}


def read_cell(cell: str) -> str | None:
    if cell == "n/a":
        return None
    return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), cell)


def read_table(path: Path) -> list[dict[str, str | None]]:
    header, *lines = path.read_text(encoding="utf-8").split("\n")[:-1]
    return [dict(zip(header.split("\t"), map(read_cell, line.split("\t")), strict=True)) for line in lines]


def read_physio(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    about = json.loads(path.with_name(path.name.replace(".tsv.gz", ".json")).read_text(encoding="utf-8"))
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    table = [[np.nan if cell == "n/a" else float(cell) for cell in line.split("\t")] for line in lines]
    values = np.array(table).reshape(-1, len(about["Columns"])).T
    return dict(zip(about["Columns"], values, strict=True)), about


def check_session(out: Path, one: SessionContent) -> None:
    folder = out / "sub-P7" / f"ses-{one.number}" / "beh"
    stem = f"sub-P7_ses-{one.number}_task-monitoring"
    events = read_table(folder / f"{stem}_events.tsv")
    for kind, name in KINDS.items():
        found = [make_row(kind, event) for event in events if event["trial_type"] == name]
        assert sorted(map(repr, found)) == sorted(map(repr, one.store.read(kind, one.number)))
    rows = one.store.read(EstimateRow, one.number)
    if rows:
        check_estimates(folder / f"{stem}_recording-estimates_physio.tsv.gz", rows, events)
    kept = read_series(one)
    for place, series in enumerate(kept, start=1):
        number = place if len(kept) > 1 else ""
        found, about = read_physio(folder / f"{stem}_recording-ecg{number}_physio.tsv.gz")
        assert np.array_equal(found["cardiac"].astype(np.float32), series.samples, equal_nan=True)
        assert (about["SamplingFrequency"], about["StartTime"]) == (series.rate_hz, series.start_s)
        assert about["cardiac"]["Units"] == (series.unit or "n/a")
    for path in folder.glob("*.json"):
        assert json.loads(path.read_text(encoding="utf-8"))["Simulated"] is one.session.simulated


def check_estimates(path: Path, rows: list[EstimateRow], events: list[dict[str, str | None]]) -> None:
    found, about = read_physio(path)
    times_s = about["StartTime"] + np.arange(len(found["estimate"])) / about["SamplingFrequency"]
    places = [int(np.abs(times_s - row.time_s).argmin()) for row in rows]
    assert times_s[places].tolist() == [row.time_s for row in rows]
    for name in NUMBERS:
        if name == "probabilities":
            continue
        expected = np.full(len(times_s), np.nan)
        expected[places] = [np.nan if (value := getattr(row, name)) is None else value for row in rows]
        assert np.array_equal(found[name], expected, equal_nan=True)
        assert {"Description", "Units"} <= set(about[name])
    for place, row in zip(places, rows, strict=True):
        names = [name for name in found if name.startswith("p_")]
        chances = [found[name][place] for name in names]
        assert row.probabilities == (None if not chances or np.isnan(chances[0]) else tuple(chances))
        for state in STATES:
            (lasting,) = [event for event in events if event["trial_type"] == state and covers(event, row.time_s)]
            assert (lasting["state"] or "") == getattr(row, state)


def covers(event: dict[str, str | None], time_s: float) -> bool:
    onset_s, duration_s = float(event["onset"] or "nan"), float(event["duration"] or "nan")
    return onset_s <= time_s < onset_s + duration_s


def make_row(kind: type[Row], event: dict[str, str | None]) -> Row:
    values: dict[str, Any] = {}
    for name, type_ in columns(kind).items():
        cell = event[{"time_s": "onset", "duration_s": "duration"}.get(name, name)]
        values[name] = ("" if type_ is str else None) if cell is None else type_(cell)
    return kind(**values)


def check_names(out: Path) -> None:
    """Names and content that the specification demands."""
    files = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    strange = [name for name in files if not any(re.fullmatch(allowed, name) for allowed in ALLOWED)]
    assert strange == []
    about = json.loads((out / "dataset_description.json").read_text(encoding="utf-8"))
    assert {"Name", "BIDSVersion", "DatasetType"} <= set(about)
    assert about["GeneratedBy"][0]["Name"] == "ecg_facial"
    people = [row["participant_id"] for row in read_table(out / "participants.tsv")]
    assert sorted(path.name for path in out.glob("sub-*")) == sorted(map(str, people))
    for subject in people:
        told = [row["session_id"] for row in read_table(out / str(subject) / f"{subject}_sessions.tsv")]
        assert sorted(map(str, told)) == sorted(path.name for path in (out / str(subject)).glob("ses-*"))
    for name in files:
        if name.endswith(("tsv", "tsv.gz")):
            assert re.sub(r"\.tsv(\.gz)?$", ".json", name) in files
        if name.endswith("physio.json"):
            sidecar = json.loads((out / name).read_text(encoding="utf-8"))
            assert {"SamplingFrequency", "StartTime", "Columns"} <= set(sidecar)


@pytest.mark.parametrize("first", range(0, 50, 10))
def test_every_row_of_a_store_comes_back_from_the_data_set(tmp_path: Path, first: int) -> None:
    # two sessions each: 100 round trips
    for seed in range(first, first + 10):
        out = tmp_path / f"out {seed}"
        path = write_store(tmp_path / f"{seed}.sqlite", seed, ecg=seed % 2 == 0, simulated=seed % 3 == 0)
        with Store(path, read_only=True) as store:
            write_export(store, "P7", out, format="bids")
            sessions = read_sessions(store, "P7")
            for one in sessions:
                check_session(out, one)
        check_names(out)
        about = json.loads((out / "dataset_description.json").read_text(encoding="utf-8"))
        assert ("SIMULATED" in about["Name"]) is sessions[0].session.simulated


def test_people_and_sessions_are_added_to_a_data_set(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with Store(write_store(tmp_path / "monitor.sqlite", 4, ecg=True, simulated=False), read_only=True) as store:
        for patient, session in (("P7", 3), ("other", None), ("P7", 2), ("P7", None)):
            write_export(store, patient, out, format="bids", session=session)
    check_names(out)
    people = {row["participant_id"]: row["pseudonym"] for row in read_table(out / "participants.tsv")}
    assert people == {"sub-P7": "P7", "sub-other": "other"}
    together = {path.relative_to(out): path.read_bytes() for path in out.rglob("*") if path.is_file()}
    # the same whatever came first
    with Store(tmp_path / "monitor.sqlite", read_only=True) as store:
        for patient in ("P7", "other"):
            write_export(store, patient, tmp_path / "again", format="bids")
    again = tmp_path / "again"
    assert together == {path.relative_to(again): path.read_bytes() for path in again.rglob("*") if path.is_file()}


@pytest.mark.parametrize("patient", ["../../etc", "M\u00fcller\t7", "n/a", "P 7", "sub-01", "CON"])
def test_any_pseudonym_has_a_label_and_is_told(tmp_path: Path, patient: str) -> None:
    rng = np.random.default_rng(0)
    with Store(tmp_path / "monitor.sqlite") as store:
        store.add(store.begin(draw_session(rng, patient=patient)), draw_rows(rng, ("BL1",), n_estimates=0))
        write_export(store, patient, tmp_path / "out", format="bids")
    check_names(tmp_path / "out")
    (row,) = read_table(tmp_path / "out" / "participants.tsv")
    assert row["pseudonym"] == patient


def test_what_does_not_belong_into_one_data_set_is_refused(tmp_path: Path) -> None:
    first, second = (write_store(tmp_path / f"{seed}.sqlite", seed, simulated=seed == 3) for seed in (3, 4))
    out = tmp_path / "out"
    with Store(first, read_only=True) as simulated, Store(second, read_only=True) as real:
        write_export(simulated, "P7", out, format="bids")
        with pytest.raises(SettingsError, match="a data set of SIMULATED people, and this one is real"):
            write_export(real, "P7", out, format="bids")
    with (
        Store(write_store(tmp_path / "6.sqlite", 6, simulated=True), read_only=True) as other,
        pytest.raises(SettingsError, match="another ses-2 is there already"),
    ):
        write_export(other, "P7", out, format="bids")
    strange = tmp_path / "strange"
    strange.mkdir()
    (strange / "mine.txt").write_text("mine")
    with Store(first, read_only=True) as store:
        with pytest.raises(SettingsError, match="holds other files, and no BIDS data set"):
            write_export(store, "P7", strange, format="bids")
        (strange / "dataset_description.json").write_text('{"Name": "mine"}')
        with pytest.raises(SettingsError, match="the data set of another program"):
            write_export(store, "P7", strange, format="bids")
    assert sorted(path.name for path in strange.iterdir()) == ["dataset_description.json", "mine.txt"]
    with Store(first) as store:
        store._connection.execute("UPDATE sessions SET simulated = (id = 2)")
        with pytest.raises(SettingsError, match="sessions 2 are SIMULATED and the others are not"):
            write_export(store, "P7", tmp_path / "new", format="bids")


def test_our_own_reader_reads_the_raw_ecg(tmp_path: Path) -> None:
    samples = draw_beats(2_000)
    samples[500:700] = np.nan
    with Store(write_ecg_store(tmp_path / "monitor.sqlite", samples), read_only=True) as store:
        written = write_export(store, "P7", tmp_path / "out", format="bids")
    (path,) = [path for path in written if path.name.endswith("recording-ecg_physio.tsv.gz")]
    # it asks for files that are unpacked
    unpacked = tmp_path / "ecg.tsv"
    unpacked.write_bytes(gzip.decompress(path.read_bytes()))
    found = read_ecg(unpacked, fs_hz=250.0)
    assert np.array_equal(found.samples.astype(np.float32), samples.astype(np.float32), equal_nan=True)
