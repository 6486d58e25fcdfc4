"""What operating systems leave behind is never data, and names are compared without letter case."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import pytest

from ecg_facial.runtime.listing import (
    find_child,
    is_leftover,
    list_copies,
    list_files,
    list_folders,
    list_odd_names,
    list_spellings,
)

LEFTOVERS = [
    *("._clip.csv", ".DS_Store", ".clip.csv.icloud", ".~lock.clip.csv#", "Thumbs.db", "THUMBS.DB", "ehthumbs.db"),
    *("desktop.ini", "Desktop.ini", "Icon\r", "~$clip.csv", "~WRL0001.tmp", "clip.csv~", "clip.tmp", "clip.csv.part"),
    *("clip.csv.crdownload", "clip.csv.filepart", ".clip.csv.swp", "clip.csv:Zone.Identifier", "clip.csv.bak"),
]
FOLDERS = ["__MACOSX", "@eaDir", "$RECYCLE.BIN", "System Volume Information", "lost+found", "#recycle", ".Trash-1000"]


@pytest.mark.parametrize("name", LEFTOVERS)
def test_leftovers_are_no_files(tmp_path: Path, name: str) -> None:
    for each in (name, "clip.csv"):
        (tmp_path / each).write_text("x")
    assert [path.name for path in list_files(tmp_path)] == ["clip.csv"]
    assert [path.name for path in list_files(tmp_path, (".csv",))] == ["clip.csv"]


@pytest.mark.parametrize("name", FOLDERS)
def test_leftover_folders_are_nobody(tmp_path: Path, name: str) -> None:
    for each in (name, "anna"):
        (tmp_path / each).mkdir()
    assert [path.name for path in list_folders(tmp_path)] == ["anna"]


@pytest.mark.parametrize("name", ["clip.csv", "template.csv", "parting.csv", "#1", "1_tmp.csv", "icon.png", "copy.csv"])
def test_other_names_are_data(name: str) -> None:
    assert not is_leftover(name)


def test_letter_case_of_endings_does_not_matter(tmp_path: Path) -> None:
    for name in ("a.CSV", "b.csv", "c.Csv", "d.txt"):
        (tmp_path / name).write_text("x")
    assert [path.name for path in list_files(tmp_path, (".csv",))] == ["a.CSV", "b.csv", "c.Csv"]


def test_numbers_count_by_value_in_every_unicode_form(tmp_path: Path) -> None:
    decomposed = unicodedata.normalize("NFD", "é")
    for name in ("f10.csv", f"{decomposed}2.csv", "f9.csv", "é10.csv", "f1.csv"):
        (tmp_path / name).write_text("x")
    found = [path.name for path in list_files(tmp_path)]
    assert found == ["f1.csv", "f9.csv", "f10.csv", f"{decomposed}2.csv", "é10.csv"]


COPIES = [
    *("clip - Copy.csv", "clip - Copy (2).csv", "clip copy.csv", "clip copy 2.csv", "Copy of clip.csv"),
    *("Copy (2) of clip.csv", "clip - Kopie.csv", "Kopie von clip.csv", "clip - Copie.csv", "clip - copia.csv"),
    *("clip (conflicted copy 2024-01-02).csv", "clip (Anna's conflicted copy 2024-01-02).csv"),
    *("clip_conflict-20240102-101112.csv", "clip (Case Conflict).csv", "clip (Unicode Encoding Conflict 1).csv"),
    *("clip.sync-conflict-20240102-101112-ABCDEFG.csv", "clip (1).csv", "CLIP (1).CSV"),
]


@pytest.mark.parametrize("name", COPIES)
def test_a_copy_beside_its_original_is_named_and_not_taken(tmp_path: Path, name: str) -> None:
    for each in ("clip.csv", name, "other.csv"):
        (tmp_path / each).write_text("x")
    assert [path.name for path in list_files(tmp_path, (".csv",))] == ["clip.csv", "other.csv"]
    assert list_copies(tmp_path, (".csv",)) == [(tmp_path / name, tmp_path / "clip.csv")]


def test_a_copy_without_its_original_is_data(tmp_path: Path) -> None:
    (tmp_path / "clip - Copy.csv").write_text("x")
    assert [path.name for path in list_files(tmp_path)] == ["clip - Copy.csv"]
    assert list_copies(tmp_path) == []


def test_numbered_pictures_of_other_content_are_no_copies(tmp_path: Path) -> None:
    for name in ("frame.png", "frame (1).png", "frame (2).png"):
        (tmp_path / name).write_text(name)
    assert [path.name for path in list_files(tmp_path)] == ["frame (1).png", "frame (2).png", "frame.png"]


def test_a_copied_folder_is_no_second_person(tmp_path: Path) -> None:
    for name in ("anna", "anna - Copy", "anna (1)", "ben (2)", "ben"):
        (tmp_path / name).mkdir()
    (tmp_path / "ben" / "clip.csv").write_text("x")
    assert [path.name for path in list_folders(tmp_path)] == ["anna", "ben", "ben (2)"]
    assert [copy.name for copy, _ in list_copies(tmp_path)] == ["anna (1)", "anna - Copy"]


def test_fixed_names_are_found_in_any_spelling(tmp_path: Path) -> None:
    (tmp_path / "PARTa").mkdir()
    assert find_child(tmp_path, "PartA") == tmp_path / "PARTa"
    assert find_child(tmp_path, "PartC") == tmp_path / "PartC"
    (tmp_path / "PartA").mkdir()
    assert find_child(tmp_path, "PartA") == tmp_path / "PartA"
    assert [path.name for path in list_spellings(tmp_path, "PartA")] == ["PARTa", "PartA"]


def test_a_link_to_itself_is_no_folder_and_costs_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "anna").mkdir()
    assert [path.name for path in list_folders(tmp_path)] == ["anna"]
    assert find_child(tmp_path, "ANNA") == tmp_path / "anna"


def test_names_that_are_no_utf8_are_left_out_and_named(tmp_path: Path) -> None:
    odd = os.fsencode(tmp_path) + b"/M\xfcller"
    try:
        os.mkdir(odd)
    except OSError:
        pytest.skip("this file system takes UTF-8 alone")
    (tmp_path / "M\u00fcller").mkdir()
    assert [path.name for path in list_folders(tmp_path)] == ["M\u00fcller"]
    assert list_odd_names(tmp_path) == [r"M\xfcller"]
    assert list_odd_names(tmp_path / "gone") == []


def test_an_absent_folder_holds_nothing(tmp_path: Path) -> None:
    assert list_files(tmp_path / "gone") == list_folders(tmp_path / "gone") == list_copies(tmp_path / "gone") == []
