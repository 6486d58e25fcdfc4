"""What is exported, where it goes, and what is said where it cannot be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from stored_sessions import draw_session, write_store

from ecg_facial.errors import MissingDataError, SettingsError
from ecg_facial.export.content import make_label
from ecg_facial.export.hiding import hide_files, hide_sources
from ecg_facial.export.settings import FORMATS
from ecg_facial.export.writing import write_export
from ecg_facial.live.store.database import Store


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


def test_labels_are_letters_and_digits_and_differ_where_pseudonyms_do() -> None:
    pseudonyms = ["P7", "P-7", "P 7", "../P7", "", "\u00c4", "\u6f22", "P/7", "P" * 300]
    labels = [make_label(one) for one in pseudonyms]
    assert all(label.isascii() and label.isalnum() and len(label) < 64 for label in labels)
    assert len(set(labels)) == len(labels)


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("/home/anna b/p.sqlite: cannot be written; make room", "(path): cannot be written; make room"),
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


def test_devices_keep_their_names() -> None:
    sources = "camera 0, LSL stream Amplifier, ECG (not connected)"
    assert hide_sources(sources) == sources
