"""Files that commands read are found however their paths are spelt, with a note; what is not found is one line."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from command_line import Said
from ecg_files import make_ecg, write_wfdb
from tiny_files import write_video

from ecg_facial.workflow import scoring

NFD = unicodedata.normalize("NFD", "J\u00fcrgen")
SPELLINGS = (
    "data\\{0}",
    "'data/{0}'",
    "DATA/{0}",
    "C:\\Users\\anna\\study\\data\\{0}",
    "file:///srv/anna/study/data/{0}",
)


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder named study, in which the commands run; its files lie in data."""
    folder = tmp_path / "study" / "data"
    folder.mkdir(parents=True)
    rows = [f"{number / 200:.3f},{value:.4f}" for number, value in enumerate(make_ecg())]
    (folder / f"{NFD}.csv").write_text("\n".join(["time,ecg", *rows, ""]))
    monkeypatch.chdir(folder.parent)
    return folder


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_an_ecg_is_found_and_the_note_is_kept(spelling: str, study: Path, run: Callable[..., Said]) -> None:
    said = run("ecg", spelling.format("J\u00fcrgen.csv"), "--out", "looked")
    assert said.code == 0, said.err
    note = json.loads(Path("looked/summary.json").read_text())["notes"][0]
    assert note.endswith(f"is read as data/{NFD}.csv")
    assert note in said.out


def test_a_record_without_its_ending_and_a_folder_are_found_too(study: Path, run: Callable[..., Said]) -> None:
    write_wfdb(study, np.round(200 * make_ecg()[:, None]).astype(np.int64), name="100")
    assert run("ecg", "'data\\100'", "--out", "looked").code == 0
    said = run("ecg", "DATA\\", "--out", "all")
    assert said.code == 0, said.err
    assert Path("all/collection.csv").read_text().count("\n") == 3


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_clips_and_bundles_are_found_for_a_prediction(
    spelling: str, study: Path, small_bundle: Path, run: Callable[..., Said]
) -> None:
    write_video(study / "clip.mp4", duration_s=0.2)
    (study / "Model").symlink_to(small_bundle)
    files = ("--video", spelling.format("CLIP.mp4"), "--ecg", spelling.format("J\u00fcrgen.csv"))
    said = run("predict", spelling.format("model"), *files, "--json")
    assert said.code == 0, said.err
    notes = json.loads(said.out)["notes"]
    assert sum("is read as data/" in note for note in notes) == 2
    assert "is read as data/Model" in said.err


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_predictions_are_found_for_the_score(
    spelling: str, study: Path, run: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    for written in ("write_report", "write_tables"):
        monkeypatch.setattr(scoring, written, lambda *_, **__: None)
    rows = [f"s{n // 4},{n % 4},{n % 2},{n % 2}" for n in range(24)]
    (study / "p.csv").write_text("\n".join(["subject,trial,label,predicted", *rows, ""]))
    said = run("score", spelling.format("P.CSV"), "--out", "judged")
    assert said.code == 0, said.err
    assert "is read as data/p.csv" in said.out
    assert "is read as data/p.csv" in json.loads(Path("judged/metrics.json").read_text())["notes"][0]


@pytest.mark.parametrize(
    ("command", "options"),
    [("ecg", ()), ("score", ()), ("predict", ("--video",)), ("predict", ("--ecg",)), ("audit", ())],
)
def test_what_is_not_found_is_one_line_that_says_what_is_there(
    command: str, options: tuple[str, ...], study: Path, small_bundle: Path, run: Callable[..., Said]
) -> None:
    before = (str(small_bundle), *options) if command == "predict" else options
    out = ("--out", "out") if command in ("ecg", "score") else ()
    said = run(command, *before, "dada/J\u00fcrgen.csv", *out)
    assert said.code == 2
    assert said.err.count("error: ") == 1
    assert "holds no folder 'dada'" in said.err


def test_an_index_is_written_over_an_index_and_over_nothing_else(run: Callable[..., Said], tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("\n".join(["time,ecg", *(f"{n / 250},{n % 9}" for n in range(1500)), ""]))
    manifest = tmp_path / "manifest.csv"
    manifest.write_text("subject,trial,label,ecg\nanna,1,BL1,a.csv\n")
    before = manifest.read_bytes()
    for data in (tmp_path, manifest):
        said = run("index", data, "--out", manifest)
        assert said.code == 2
        assert "manifest.csv: a file that is no index, and would be lost; name another" in said.err
        assert manifest.read_bytes() == before
    for _ in range(2):
        assert run("index", tmp_path, "--out", tmp_path / "index.parquet").code == 0
