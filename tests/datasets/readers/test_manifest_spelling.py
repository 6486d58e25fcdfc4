"""Manifests as they come from Windows, a Mac, or a spreadsheet: one person, one trial, one file, however spelt."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ecg_facial.datasets.indexing import index_dataset
from ecg_facial.datasets.records import DatasetIndex
from ecg_facial.errors import AmbiguousDataError, CorruptDataError

HEADER = "subject,trial,label,video,ecg,fs_hz"
NFC, NFD = (unicodedata.normalize(form, "Jürgen") for form in ("NFC", "NFD"))


def index(root: Path, rows: list[str], header: str = HEADER, encoding: str = "utf-8") -> DatasetIndex:
    for name in ("clips/a.mp4", "clips/b.mp4", "ecg/a.csv", f"{NFD}.mp4"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(b"x")
    (root / "manifest.csv").write_bytes("\n".join([header, *rows, ""]).encode(encoding))
    return index_dataset(root, check_files=False)


def test_a_file_in_another_unicode_form_is_found(tmp_path: Path) -> None:
    found = index(tmp_path, [f"{NFC},1,BL1,{NFC}.mp4,,"])
    (trial,) = found.trials
    assert trial.video is not None
    assert trial.video.path.exists()
    assert "is read as" in found.notes[0]


@pytest.mark.parametrize(
    "path", ["clips\\a.mp4", "C:\\study\\clips\\a.mp4", "Clips/A.mp4", "file:///x/clips/a.mp4", " clips/a.mp4 "]
)
def test_paths_of_other_systems_are_found(tmp_path: Path, path: str) -> None:
    found = index(tmp_path, [f"anna,1,BL1,{path},,"])
    assert found.problems == ()
    assert found.trials[0].video is not None
    assert found.trials[0].video.path == tmp_path / "clips" / "a.mp4"


def test_a_path_that_finds_nothing_says_what_is_there(tmp_path: Path) -> None:
    found = index(tmp_path, ["anna,1,BL1,clips\\q.mp4,,", "anna,2,BL1,clips/a.avi,,", "anna,3,BL1,films/a.mp4,,"])
    said = [problem.message for problem in found.problems]
    assert "backslashes" in said[0]
    assert "'a.mp4' is there" in said[1]
    assert "holds no folder 'films'" in said[2]


@pytest.mark.parametrize("other", ["Anna", "ANNA", "an\u200bna", "\uff21nna"])
def test_a_person_in_two_spellings_is_one(tmp_path: Path, other: str) -> None:
    found = index(tmp_path, ["anna,1,BL1,clips/a.mp4,,", f"{other},2,PA1,clips/b.mp4,,"])
    assert [subject.id for subject in found.subjects] == ["anna"]
    assert any(note.startswith("subject: read ") for note in found.notes)


@pytest.mark.parametrize("other", ["\u0430nna", "007"])
def test_who_may_be_two_people_is_refused(tmp_path: Path, other: str) -> None:
    first = "7" if other == "007" else "anna"
    with pytest.raises(CorruptDataError, match="one or two"):
        index(tmp_path, [f"{first},1,BL1,clips/a.mp4,,", f"{other},2,PA1,clips/b.mp4,,"])


@pytest.mark.parametrize("word", ["nan", "NA", "none", "-", "null"])
def test_words_for_missing_are_no_person_no_trial_and_no_file(tmp_path: Path, word: str) -> None:
    for name, row in (("subject", f"{word},1,BL1,clips/a.mp4,,"), ("trial", f"anna,{word},BL1,clips/a.mp4,,")):
        # somebody may be called NA
        with pytest.raises(CorruptDataError, match=f"row 2: {name} '{word}' is a word for a missing name"):
            index(tmp_path, [row])
    with pytest.raises(CorruptDataError, match="row 2 has no subject or no trial"):
        index(tmp_path, [",1,BL1,clips/a.mp4,,"])
    (trial,) = index(tmp_path, [f"anna,1,BL1,clips/a.mp4,{word},{word}"]).trials
    assert trial.ecg is None


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_separator_encoding_and_letter_case_of_columns_do_not_matter(
    tmp_path: Path, encoding: str, separator: str
) -> None:
    row = separator.join(["Jürgen", "1", "BL1", "clips/a.mp4", "", "", "512,5" if separator != "," else "512.5"])
    header = "Subject,Trial,LABEL,Video,Ecg,fs_hz,fs_hz2".replace(",", separator)
    found = index(tmp_path, [row], header=header, encoding=encoding)
    assert [subject.id for subject in found.subjects] == ["Jürgen"]


def test_a_decimal_comma_is_read(tmp_path: Path) -> None:
    found = index(tmp_path, ["anna;1;BL1;;ecg/a.csv;512,5"], header=HEADER.replace(",", ";"))
    assert found.trials[0].ecg is not None
    assert found.trials[0].ecg.fs_hz == 512.5


def test_the_same_trial_twice_is_refused(tmp_path: Path) -> None:
    for second in ("anna,1,BL1,clips/b.mp4,,", "Anna,1.0,BL1,clips/b.mp4,,"):
        with pytest.raises(AmbiguousDataError, match="2 videos"):
            index(tmp_path, ["anna,1,BL1,clips/a.mp4,,", second])


def test_the_same_file_under_two_trials_of_a_person_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AmbiguousDataError, match="video of the same seconds as trial 1 of subject anna"):
        index(tmp_path, ["anna,1,BL1,clips/a.mp4,,", "anna,2,PA1,clips\\a.mp4,,"])


def test_seconds_that_two_people_share_are_said_and_left_to_the_audit(tmp_path: Path) -> None:
    rows = ["anna,1,BL1,clips/a.mp4,,", "ben,2,PA1,clips/a.mp4,,", "eve,3,PA1,clips/a.mp4,,"]
    found = index(tmp_path, rows)
    assert len(found) == 3
    [note] = found.notes
    assert note.startswith("two people share seconds of a file, one may be trained on where the other is tested: ")
    assert note.endswith("video of anna, 1 and ben, 2, and 1 more")


def test_stretches_of_one_file_are_trials_and_overlaps_are_said(tmp_path: Path) -> None:
    header = f"{HEADER},start_s,duration_s"
    rows = [f"anna,{n},BL1,clips/a.mp4,,,{start_s},5.5" for n, start_s in enumerate((0, 5.5, 11))]
    assert index(tmp_path, rows, header=header).notes == ()
    found = index(tmp_path, [*rows, "anna,9,PA1,clips/a.mp4,,,14,5.5"], header=header)
    assert found.notes == ("1 stretches overlap another one of the same person",)
    found = index(tmp_path, [*rows, "ben,9,PA1,clips/a.mp4,,,14,5.5"], header=header)
    assert "video of anna, 2 and ben, 9" in found.notes[0]


@pytest.mark.parametrize("given", ["up", "down", "backslash"])
def test_a_data_set_one_level_up_or_down_is_taken_with_a_note(
    make_layout: Callable[[str], Any], given: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_layout("biovid").root
    (root.parent / "other").mkdir()
    monkeypatch.chdir(root.parent)
    paths = {"up": root.parent, "down": root / "PartA" / "video", "backslash": f"{root.name}\\PartA"}
    found = index_dataset(paths[given], check_files=False)
    assert len(found) == 4
    assert found.notes


def test_of_two_data_sets_near_a_path_none_is_taken(make_layout: Callable[[str], Any], tmp_path: Path) -> None:
    root = make_layout("biovid").root
    (root.parent / "second" / "PartA" / "video").mkdir(parents=True)
    with pytest.raises(AmbiguousDataError, match="no data set itself, but near it are 2"):
        index_dataset(root.parent, check_files=False)


def test_a_folder_of_biovid_in_another_spelling_is_the_same_person(make_layout: Callable[[str], Any]) -> None:
    layout = make_layout("biovid")
    before = index_dataset(layout.root, check_files=False)
    folder = layout.video(layout.names[0]).parent
    folder.rename(folder.with_name(folder.name.upper()))
    after = index_dataset(layout.root, check_files=False)
    assert len(after.subjects) == len(before.subjects)
    assert [trial.level for trial in after.trials] == [trial.level for trial in before.trials]
    assert any(note.startswith("subject: read ") for note in after.notes)
