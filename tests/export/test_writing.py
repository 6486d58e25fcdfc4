"""What is exported, where it goes, and what is said where it cannot be."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from failing_disk import FailingDisk
from stored_sessions import START_UTC_S, draw_ecg, draw_rows, draw_session, write_store

from ecg_facial.errors import MissingDataError, SettingsError
from ecg_facial.export.content import make_label
from ecg_facial.export.hiding import hide_files, hide_sources
from ecg_facial.export.settings import FORMATS
from ecg_facial.export.writing import write_export
from ecg_facial.live.store.database import Store
from ecg_facial.live.store.rows import AlarmRow, EventRow


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return write_store(tmp_path / "monitor.sqlite", 3, n_estimates=8, ecg=True, simulated=True)


def test_an_unknown_patient_is_told_who_there_is(store: Path, tmp_path: Path) -> None:
    with (
        Store(store, read_only=True) as opened,
        pytest.raises(MissingDataError, match="no patient 'P8'; there are other, P7"),
    ):
        write_export(opened, "P8", tmp_path / "out", format="csv")
    assert not (tmp_path / "out").exists()


def test_an_unknown_session_is_told_which_there_are(store: Path, tmp_path: Path) -> None:
    with Store(store, read_only=True) as opened, pytest.raises(MissingDataError, match="no session 1; there are 2, 3"):
        write_export(opened, "P7", tmp_path / "out", format="csv", session=1)


def test_a_session_that_kept_nothing_is_not_exported(tmp_path: Path) -> None:
    with Store(tmp_path / "monitor.sqlite") as opened:
        number = opened.begin(draw_session(np.random.default_rng(0)))
        with pytest.raises(MissingDataError, match=f"session {number} of patient 'P7' kept nothing"):
            write_export(opened, "P7", tmp_path / "out", format="csv", session=number)


def test_an_unknown_format_is_told_which_there_are(store: Path, tmp_path: Path) -> None:
    with Store(store, read_only=True) as opened, pytest.raises(SettingsError, match="format is 'hl7': expected one of"):
        write_export(opened, "P7", tmp_path / "out", format="hl7")


@pytest.mark.parametrize("format", FORMATS)
def test_an_export_is_repeated_to_the_byte_and_replaces_nothing(store: Path, tmp_path: Path, format: str) -> None:
    out = tmp_path / "out"
    with Store(store, read_only=True) as opened:
        first = write_export(opened, "P7", out, format=format)
        content = {path: path.read_bytes() for path in first}
        first[-1].unlink()
        assert write_export(opened, "P7", out, format=format) == first
        assert {path: path.read_bytes() for path in first} == content
        assert {path for path in out.rglob("*") if path.is_file()} >= set(first)
        assert not list(out.rglob(".*"))
        first[-1].write_bytes(b"another")
        with pytest.raises(SettingsError, match="is there, with other content"):
            write_export(opened, "P7", out, format=format)
        assert first[-1].read_bytes() == b"another"


@pytest.mark.parametrize("format", FORMATS)
def test_no_name_and_no_path_leaves_the_store(tmp_path: Path, format: str) -> None:
    folder = tmp_path / "anna smith"
    folder.mkdir()
    rng = np.random.default_rng(0)
    session = replace(draw_session(rng), sources="video anna s.mp4, ECG anna, smith.csv")
    when = {"utc_s": START_UTC_S, "time_s": 1.0}
    with Store(folder / "anna.sqlite") as opened:
        rows = [
            EventRow(**when, source="monitor", kind="started", message=session.sources),
            EventRow(**when, source="ecg", kind="failed", message=f"{folder}/anna, smith.csv: cannot be read"),
            AlarmRow(
                **when, alarm="store", priority="medium", change="raised", by="monitor",
                message=f"{opened.path}: cannot be written (disk full); check space",
            ),
            AlarmRow(**when, alarm="store", priority="medium", change="raised", by="k", message="Anna/x.mp4 is gone"),
        ]  # fmt: skip
        opened.add(opened.begin(session), [*rows, *draw_rows(rng, session.class_names), *draw_ecg(rng)])
        written = write_export(opened, "P7", tmp_path / "out", format=format)
    for path in written:
        content = path.read_bytes()
        content = gzip.decompress(content) if path.suffix == ".gz" else content
        for secret in (b"anna", b"smith", str(tmp_path).encode()):
            assert secret not in content.lower(), path


def test_labels_are_letters_and_digits_and_differ_where_pseudonyms_do() -> None:
    pseudonyms = ["P7", "P-7", "P 7", "../P7", "", "\u00c4", "\u6f22", "P/7", "P" * 300]
    labels = [make_label(one) for one in pseudonyms]
    assert all(label.isascii() and label.isalnum() and len(label) < 64 for label in labels)
    assert len(set(labels)) == len(labels)


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("/srv/anna b/p.sqlite: cannot be written; make room", "(path): cannot be written; make room"),
        (r"C:\Users\Anna\p.sqlite: locked", "(path): locked"),
        ("data/anna/a.mp4 cannot be read", "(path) cannot be read"),
        ("video anna k.mp4, ECG anna.csv", "video recording, ECG recording"),
        ("anna k.mp4: gone", "(path): gone"),
        ("0.4 s of ECG were lost, 60 beats/min", "0.4 s of ECG were lost, 60 beats/min"),
        ("clocks of video and ECG are not synchronised", "clocks of video and ECG are not synchronised"),
    ],
)
def test_no_path_and_no_name_of_a_file_leaves_the_store(text: str, hidden: str) -> None:
    assert hide_files(text, sources="video anna k.mp4, ECG anna.csv") == hidden


def test_a_short_name_of_a_store_is_not_found_inside_words() -> None:
    assert hide_files("a: cannot be opened", sources="", known=["a"]) == "(path): cannot be opened"


@pytest.mark.parametrize("fails_at", [2, 5, 9, 20])
def test_a_disk_that_fills_leaves_whole_files_and_the_export_is_run_again(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails_at: int
) -> None:
    with Store(store, read_only=True) as opened:
        whole = write_export(opened, "P7", tmp_path / "whole", format="bids")
        with monkeypatch.context() as patch:
            FailingDisk(tmp_path / "out", fails_at).install(patch)
            with pytest.raises((OSError, SettingsError), match="No space left"):
                write_export(opened, "P7", tmp_path / "out", format="bids")
        left = [path for path in (tmp_path / "out").rglob("*") if path.is_file() and path.suffix != ".lock"]
        for path in left:
            other = tmp_path / "whole" / path.relative_to(tmp_path / "out")
            assert path.name == "participants.tsv" or path.read_bytes() == other.read_bytes()
        again = write_export(opened, "P7", tmp_path / "out", format="bids")
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in whole]


def test_devices_keep_their_names() -> None:
    sources = "camera 0, LSL stream Amplifier, ECG (not connected)"
    assert hide_sources(sources) == sources
