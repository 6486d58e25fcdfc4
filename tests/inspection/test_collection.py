"""A folder of ECGs gives a table and a page; what was done is kept; what cannot be read is a line of its own."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from ecg_files import FS_HZ, make_ecg, write_edf

from ecg_facial.errors import DataError, MissingDataError
from ecg_facial.inspection import collection
from ecg_facial.inspection.collection import PAGE_FILE, TABLE_FILE, inspect_collection, list_recordings
from ecg_facial.inspection.overview import Overview, describe_collection
from ecg_facial.inspection.running import MARKER_NAME
from ecg_facial.inspection.settings import InspectionSettings
from ecg_facial.runtime.executors.local import ProcessesExecutor


def write(path: Path, *, n_times: int = 3000, noise: float = 0.01, gap: slice | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    ecg = make_ecg(n_times) + np.random.default_rng(0).normal(0, noise, n_times)
    if gap is not None:
        np.savez(path, ecg=np.where(np.isin(np.arange(n_times), np.arange(n_times)[gap]), np.nan, ecg), fs_hz=FS_HZ)
        return path
    return write_edf(path, [("ECG", "mV", ecg, FS_HZ)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three good recordings in two folders, one with a gap, a table without a rate, and what systems leave behind."""
    data = tmp_path / "data"
    write(data / "a.edf")
    write(data / "b" / "A.EDF".lower())
    write(data / "b" / "c10.edf")
    write(data / "b" / "gap.npz", gap=slice(0, 1500))
    (data / "d.csv").write_text("ecg\n" + "0.5\n" * 50)
    (data / "._a.edf").write_bytes(b"junk")
    (data / "README.txt").write_text("about these data\n")
    (data / "clip.mp4").write_bytes(b"no ECG")
    return data


def read_table(out: Path) -> list[dict[str, str]]:
    with open(out / TABLE_FILE, newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_each_recording_is_a_row(folder: Path, tmp_path: Path) -> None:
    rows = inspect_collection(folder, tmp_path / "out")
    table = read_table(tmp_path / "out")
    assert [row["file"] for row in table] == ["a.edf", "d.csv", "b/a.edf", "b/c10.edf", "b/gap.npz"]
    assert [row["state"] for row in table] == ["good", "unreadable", "good", "good", "look"]
    first = table[0]
    assert (first["n_beats"], first["unit"], first["fs_hz"], first["duration_s"]) == ("19", "mV", "200", "15")
    assert float(first["heart_rate_bpm"]) == pytest.approx(75, abs=0.5)
    assert "no time column" in table[1]["what_is_wrong"]
    assert table[1]["n_beats"] == ""
    assert "50 % were not recorded" in table[4]["what_is_wrong"]
    text = describe_collection(rows)
    assert "files            5: 3 good, 1 to look at, 1 unreadable" in text
    assert re.search(r"d\.csv +unreadable +no time column", text)


def test_strips_are_pictures_with_trace_and_beats(folder: Path, tmp_path: Path) -> None:
    rows = inspect_collection(folder, tmp_path / "out")
    for row in rows:
        if row.strip is None:
            assert row.state == "unreadable"
            continue
        root = ElementTree.parse(tmp_path / "out" / "files" / row.strip).getroot()
        paths = [one for one in root.iter("{http://www.w3.org/2000/svg}path") if one.get("class") == "t"]
        assert len(paths[0].get("d", "")) > 1000
        assert sum((one.get("class") or "").startswith("b") for one in root.iter()) > 5
        assert bool(row.share_not_recorded) == any(one.get("class") == "g" for one in root.iter())


def count_reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    seen: list[str] = []
    read = collection.read_ecg_fully
    monkeypatch.setattr(
        collection, "read_ecg_fully", lambda path, **rest: (seen.append(path.name), read(path, **rest))[1]
    )
    return seen


def test_what_was_done_is_kept_until_it_changes(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    seen = count_reads(monkeypatch)
    rows = inspect_collection(folder, out)
    assert len(seen) == 5
    assert inspect_collection(folder, out) == rows
    assert len(seen) == 5
    write(folder / "a.edf", n_times=4000)
    (out / "files" / str(rows[3].strip)).unlink()
    kept = next(one for one in (out / "files").glob("gap-*.json"))
    kept.write_text(kept.read_text()[:-20])
    seen.clear()
    again = inspect_collection(folder, out)
    assert seen == ["a.edf", "c10.edf", "gap.npz"]
    assert again[0].duration_s == 20.0
    assert again[1:] == rows[1:]


def test_other_settings_are_another_look(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inspect_collection(folder, tmp_path / "out")
    seen = count_reads(monkeypatch)
    rows = inspect_collection(folder, tmp_path / "out", InspectionSettings(fs_hz=100.0))
    assert len(seen) == 5
    assert rows[0].fs_hz == 100.0


def test_workers_give_the_same_rows(folder: Path, tmp_path: Path) -> None:
    one = inspect_collection(folder, tmp_path / "one")
    assert inspect_collection(folder, tmp_path / "two", executor=ProcessesExecutor(2)) == one
    assert (tmp_path / "one" / PAGE_FILE).read_bytes() == (tmp_path / "two" / PAGE_FILE).read_bytes()


def test_results_within_the_collection_are_not_part_of_it(folder: Path) -> None:
    inspect_collection(folder, folder / "looked")
    assert len(inspect_collection(folder, folder / "looked")) == 5


def test_parts_of_a_wfdb_record_are_not_recordings_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "one.hea").write_text("one 1 200 4\none.mat 16+24 200 16 0 0 0 0 II\n")
    (tmp_path / "one.mat").write_bytes(bytes(32))
    (tmp_path / "whole.hea").write_text("whole/2 1 200 8\npart 4\n~ 4\n")
    (tmp_path / "part.hea").write_text("part 1 200 4\npart.dat 16 200 16 0 0 0 0 II\n")
    (tmp_path / "part.dat").write_bytes(bytes(8))
    assert [path.name for path in list_recordings(tmp_path)] == ["one.hea", "whole.hea"]


def test_the_page_escapes_names_and_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    write(tmp_path / "data" / "<b>'&.edf")
    inspect_collection(tmp_path / "data", tmp_path / "out")
    page = (tmp_path / "out" / PAGE_FILE).read_text(encoding="utf-8")
    assert "<b>'&.edf" not in page
    assert "&lt;b&gt;&#x27;&amp;.edf" in page
    assert not re.findall(r"https?://|@import|url\(", page)
    for source in re.findall(r"src='([^']+)'", page):
        assert (tmp_path / "out" / source.replace("&lt;", "<").replace("&gt;", ">")).is_file() or "&" in source


def test_a_simulated_collection_says_so(tmp_path: Path) -> None:
    write(tmp_path / "data" / "a.edf")
    (tmp_path / "data" / MARKER_NAME).write_text("{}")
    rows = inspect_collection(tmp_path / "data", tmp_path / "out")
    assert rows[0].simulated
    assert "SIMULATED" in (tmp_path / "out" / PAGE_FILE).read_text(encoding="utf-8")


def test_a_folder_without_an_ecg_says_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no file of a known format in it \(\.asc, \.bdf"):
        inspect_collection(tmp_path, tmp_path / "out")
    with pytest.raises(MissingDataError, match="no such folder"):
        inspect_collection(tmp_path / "gone", tmp_path / "out")


def test_an_overview_survives_json() -> None:
    row = Overview(file="a.edf", state="look", what_is_wrong=("x",), n_beats=3, quality=0.5)
    assert Overview.from_dict(row.to_dict()) == row
