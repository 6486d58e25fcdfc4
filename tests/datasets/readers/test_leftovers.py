"""A data set that came by way of a Mac, Windows or a network drive is the same data set, for every reader."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ecg_facial.datasets.indexing import index_dataset
from ecg_facial.datasets.store import read_index, write_index
from ecg_facial.errors import AmbiguousDataError, SettingsError

READERS = ["biovid", "original", "pmed", "unbc", "manifest"]
MAC = b"\0\5\x16\7\0\2\0\0Mac OS X        " + bytes(98)


def folders_of(root: Path) -> Iterator[Path]:
    yield root
    yield from sorted(path for path in root.rglob("*") if path.is_dir())


def litter(root: Path) -> None:
    """Leave in every folder what systems leave, with the endings of the data."""
    for folder in list(folders_of(root)):
        names = [path.name for path in folder.iterdir()]
        for name in ("Thumbs.db", "desktop.ini", ".DS_Store", "Icon\r"):
            (folder / name).write_bytes(b"\0\1")
        for name in names[:3]:
            (folder / f"._{name}").write_bytes(MAC)
        (folder / "@eaDir").mkdir()
        (folder / "@eaDir" / "SYNO.csv").write_bytes(b"\0\1")
        shutil.copytree(folder / "@eaDir", folder / "__MACOSX")


@pytest.mark.parametrize("reader", READERS)
def test_leftovers_change_nothing(make_layout: Callable[[str], Any], reader: str) -> None:
    layout = make_layout(reader)
    before = index_dataset(layout.root, check_files=False)
    litter(layout.root)
    after = index_dataset(layout.root, check_files=False)
    assert after.trials == before.trials
    assert after.problems == before.problems


@pytest.mark.parametrize("reader", READERS)
def test_names_in_capitals_are_the_same_data_set(make_layout: Callable[[str], Any], reader: str) -> None:
    layout = make_layout(reader)
    before = index_dataset(layout.root, check_files=False)
    fixed = {
        *("PartA", "video", "biosignals_filtered", "prepro_vid", "ecg_only", "raw-data"),
        *("Images", "Frame_Labels", "PSPI", "manifest.csv"),
    }
    for path in sorted(layout.root.rglob("*"), reverse=True):
        if path.name in fixed or path.suffix in (".csv", ".mp4"):
            named = reader == "manifest" and path.name != "manifest.csv"
            path.rename(path if named else path.with_name(path.name.swapcase() if path.name in fixed else upper(path)))
    after = index_dataset(layout.root, check_files=False)
    assert [trial.id for trial in after.trials] == [trial.id for trial in before.trials]
    assert [trial.subject for trial in after.trials] == [trial.subject for trial in before.trials]
    assert [problem.kind for problem in after.problems] == [problem.kind for problem in before.problems]


def upper(path: Path) -> str:
    """Write the ending, and what stands before it for a biosignal, in capitals."""
    return path.stem.replace("_bio", "_BIO") + path.suffix.upper()


@pytest.mark.parametrize("reader", ["biovid", "original", "unbc"])
def test_a_copied_folder_is_named_and_is_nobody(make_layout: Callable[[str], Any], reader: str) -> None:
    layout = make_layout(reader)
    before = index_dataset(layout.root, check_files=False)
    parts = {"biovid": "PartA/video", "original": "prepro_vid", "unbc": "Images"}
    person = next(path for path in sorted((layout.root / parts[reader]).iterdir()) if path.is_dir())
    shutil.copytree(person, person.with_name(f"{person.name} - Copy"))
    after = index_dataset(layout.root, check_files=False)
    assert after.subjects == before.subjects
    new = [problem for problem in after.problems if problem not in before.problems]
    assert [(problem.kind, problem.path.name) for problem in new] == [("duplicate", f"{person.name} - Copy")]


def test_a_copied_clip_is_named_and_not_taken(make_layout: Callable[[str], Any]) -> None:
    layout = make_layout("biovid")
    clip = layout.video(layout.names[0])
    shutil.copy(clip, clip.with_name(f"Copy of {clip.name}"))
    problems = index_dataset(layout.root, check_files=False).problems
    assert [problem.kind for problem in problems] == ["duplicate"]
    assert clip.name in problems[0].message


def test_two_spellings_of_one_fixed_folder_are_refused(make_layout: Callable[[str], Any]) -> None:
    layout = make_layout("biovid")
    (layout.root / "PartA" / "Video").mkdir()
    with pytest.raises(AmbiguousDataError, match="'Video' and 'video'"):
        index_dataset(layout.root, check_files=False)


def test_a_person_whose_name_is_no_utf8_is_named_and_costs_nobody_else(
    make_layout: Callable[[str], Any], tmp_path: Path
) -> None:
    layout = make_layout("biovid")
    before = index_dataset(layout.root, check_files=False)
    try:
        os.makedirs(os.fsencode(layout.root / "PartA" / "video") + b"/M\xfcller")
    except OSError:
        pytest.skip("this file system takes UTF-8 alone")
    (layout.root / "loop").symlink_to("loop")
    after = index_dataset(layout.root, check_files=False)
    assert after.trials == before.trials
    new = [problem for problem in after.problems if problem not in before.problems]
    assert [(problem.kind, problem.path.name) for problem in new] == [("unreadable", r"M\xfcller")]
    # it can be written, and comes back
    write_index(after, tmp_path / "index.parquet")
    assert read_index(tmp_path / "index.parquet").problems == after.problems
    with pytest.raises(SettingsError, match=r"M\\xfcller: the name is no UTF-8"):
        index_dataset(layout.root / "PartA" / "video" / os.fsdecode(b"M\xfcller"), check_files=False)
