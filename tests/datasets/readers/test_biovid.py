"""BioVid's folder: names, tables, and what is wrong with single files."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ecg_facial.datasets.indexing import index_dataset
from ecg_facial.datasets.readers.biovid import UNREACTIVE, parse_subject
from ecg_facial.ecg.reading import read_ecg
from ecg_facial.errors import AmbiguousDataError, CorruptDataError, MissingDataError
from ecg_facial.labels import PainLevel
from ecg_facial.recording import Subject

NAME = "071309_w_21-BL1-000"
OTHERS = ["071309_w_21-PA3-001", "082414_m_64-BL1-000", "082414_m_64-PA3-001"]
HEADER = "subject_id\tsubject_name\tclass_id\tclass_name\tsample_id\tsample_name"


@pytest.fixture
def layout(make_layout: Callable[[str], Any]) -> Any:
    return make_layout("biovid")


def write_samples(layout: Any, rows: list[str], header: str = HEADER) -> Path:
    path = layout.root / "PartA" / "starting_point" / "samples.csv"
    path.parent.mkdir(parents=True)
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def sample_row(name: str, *, level: str | None = None) -> str:
    subject, code, _ = name.split("-")
    level = level or code
    return f"1\t{subject}\t{PainLevel[level].value}\t{level}\t1\t{name}"


def only_problem(index: Any) -> tuple[str, str, str]:
    assert len(index.problems) == 1, index.problems
    return index.problems[0].kind, index.problems[0].trial, index.problems[0].message


def test_sex_and_age_are_read_off_the_name() -> None:
    assert parse_subject("071309_w_21") == Subject(id="071309_w_21", sex="w", age_years=21)
    assert parse_subject("volunteer7") == Subject(id="volunteer7", sex=None, age_years=None)


def test_twenty_subjects_are_unreactive_and_can_be_left_out(layout: Any) -> None:
    assert len(UNREACTIVE) == 20
    index = index_dataset(layout.root, reader_options={"subjects": "reactive"})
    assert [subject.id for subject in index.subjects] == ["071309_w_21"]
    assert index.fingerprint != index_dataset(layout.root).fingerprint


def test_part_a_itself_may_be_the_root(layout: Any) -> None:
    index = index_dataset(layout.root / "PartA")
    assert len(index) == 4
    assert index.fingerprint == index_dataset(layout.root).fingerprint


def test_the_samples_table_says_what_is_missing_and_what_is_not_part(layout: Any) -> None:
    gone = "071309_w_21-PA1-020"
    write_samples(layout, [sample_row(name) for name in (NAME, gone, *OTHERS[:2])])
    index = index_dataset(layout.root)
    assert [trial.id for trial in index.trials] == [NAME, *OTHERS[:2]]
    found = [(problem.kind, problem.trial) for problem in index.problems]
    assert found == [("missing", gone)] * 2 + [("unknown_label", OTHERS[2])] * 2


def test_a_level_on_which_table_and_name_disagree_is_left_out(layout: Any) -> None:
    write_samples(layout, [sample_row(NAME, level="PA4"), *map(sample_row, OTHERS)])
    index = index_dataset(layout.root)
    kind, trial, message = only_problem(index)
    assert (kind, trial) == ("unknown_label", NAME)
    assert "PA4 in" in message
    assert "BL1 in" in message
    assert [trial.id for trial in index.trials] == OTHERS


def test_class_ids_do_where_the_table_has_no_class_names(layout: Any) -> None:
    rows = [f"{PainLevel[name.split('-')[1]].value}\t{name}" for name in (NAME, *OTHERS)]
    write_samples(layout, rows, header="class_id\tsample_name")
    index = index_dataset(layout.root)
    assert index.problems == ()
    assert [trial.level.name for trial in index.trials] == ["BL1", "PA3", "BL1", "PA3"]


def test_the_samples_table_is_part_of_the_fingerprint(layout: Any) -> None:
    before = index_dataset(layout.root).fingerprint
    write_samples(layout, [sample_row(name) for name in (NAME, *OTHERS)])
    assert index_dataset(layout.root).fingerprint != before


@pytest.mark.parametrize(
    ("header", "row", "message"),
    [
        (HEADER.replace("\t", ","), "1", "row 2 has 1 cells, the header 6"),
        ("sample\tclass_name", "a\tBL1", "no column sample_name"),
        (HEADER, "1\t2", "row 2 has 2 cells, the header 6"),
        (HEADER, "1\t\t0\tBL1\t1\t", "row 2 names no sample"),
    ],
)
def test_a_bad_samples_table_is_one_clear_line(layout: Any, header: str, row: str, message: str) -> None:
    write_samples(layout, [row], header=header)
    with pytest.raises(CorruptDataError, match=message) as caught:
        index_dataset(layout.root)
    assert "\n" not in str(caught.value)


def test_an_empty_samples_table_is_one_clear_line(layout: Any) -> None:
    write_samples(layout, []).write_text("")
    with pytest.raises(CorruptDataError, match=r"samples\.csv: the file is empty"):
        index_dataset(layout.root)


def test_raw_signals_come_from_their_own_folder(layout: Any) -> None:
    shutil.copytree(layout.root / "PartA" / "biosignals_filtered", layout.root / "PartA" / "biosignals_raw")
    index = index_dataset(layout.root, reader_options={"signals": "raw"})
    assert index.problems == ()
    assert {trial.ecg.path.parent.parent.name for trial in index.trials if trial.ecg} == {"biosignals_raw"}


def test_a_whole_folder_that_is_missing_is_one_problem(layout: Any) -> None:
    (layout.root / "PartA" / "biosignals_filtered").rename(layout.root / "PartA" / "biosignals_raw")
    index = index_dataset(layout.root)
    kind, trial, message = only_problem(index)
    assert (kind, trial) == ("missing", "")
    assert "signals='raw'" in message
    assert all(trial.ecg is None and trial.video is not None for trial in index.trials)
    shutil.rmtree(layout.root / "PartA" / "video")
    with pytest.raises(MissingDataError, match="neither video nor biosignals_filtered"):
        index_dataset(layout.root)


def test_two_videos_of_one_trial_are_an_error_or_a_problem(layout: Any) -> None:
    video = layout.video(NAME)
    shutil.copy(video, video.with_suffix(".avi"))
    with pytest.raises(AmbiguousDataError, match=rf"{NAME}: 2 videos: .*\.avi and .*\.mp4; keep one") as caught:
        index_dataset(layout.root)
    assert "\n" not in str(caught.value)
    index = index_dataset(layout.root, duplicates="list")
    assert only_problem(index)[:2] == ("duplicate", NAME)
    assert index.trials[0].video is None
    assert index.trials[0].ecg is not None


def test_a_truncated_video_without_its_header_is_unreadable(layout: Any, media: SimpleNamespace) -> None:
    media.write_video(layout.video(NAME), cut_to=0.6, header_first=False)
    index = index_dataset(layout.root)
    assert only_problem(index)[:2] == ("unreadable", NAME)
    assert index.trials[0].video is None
    assert index.trials[0].ecg is not None


@pytest.mark.parametrize(("cut_to", "kinds"), [(0.99, ["note"]), (0.5, ["note", "too_short"])])
def test_a_truncated_video_is_used_if_enough_of_it_is_left(
    layout: Any, media: SimpleNamespace, cut_to: float, kinds: list[str]
) -> None:
    media.write_video(layout.video(NAME), cut_to=cut_to, header_first=True)
    index = index_dataset(layout.root)
    assert [problem.kind for problem in index.problems] == kinds
    assert "video: cut off at" in index.problems[0].message
    assert (index.trials[0].video is None) == (len(kinds) == 2)
    assert index.trials[0].ecg is not None


def test_a_short_video_is_listed(layout: Any, media: SimpleNamespace) -> None:
    media.write_video(layout.video(NAME), duration_s=3.0)
    kind, trial, message = only_problem(index_dataset(layout.root))
    assert (kind, trial) == ("too_short", NAME)
    assert "video of 3.00 s" in message


def test_a_trial_without_any_usable_signal_is_left_out(layout: Any) -> None:
    layout.video(NAME).write_bytes(b"")
    layout.ecg(NAME).write_text("time\tecg\n")
    index = index_dataset(layout.root)
    assert [(problem.kind, problem.trial) for problem in index.problems] == [("unreadable", NAME)] * 2
    assert [trial.id for trial in index.trials] == OTHERS


def test_missing_emg_columns_and_another_order_do_not_matter(layout: Any, media: SimpleNamespace) -> None:
    media.write_ecg(layout.ecg(NAME), columns="time\tecg")
    media.write_ecg(layout.ecg(OTHERS[0]), columns="ecg\tgsr\ttime")
    index = index_dataset(layout.root)
    assert index.problems == ()
    assert index.trials[1].ecg is not None
    assert read_ecg(index.trials[1].ecg.path).fs_hz == pytest.approx(512, rel=1e-4)


def test_a_table_without_an_ecg_column_is_unreadable(layout: Any, media: SimpleNamespace) -> None:
    media.write_ecg(layout.ecg(NAME), columns="time\tgsr\temg_trapezius")
    kind, trial, message = only_problem(index_dataset(layout.root))
    assert (kind, trial) == ("unreadable", NAME)
    assert "no column 'ecg'" in message


def test_a_file_in_another_subjects_folder_is_left_out(layout: Any) -> None:
    video = layout.video(NAME)
    video.rename(layout.video(OTHERS[1]).parent / video.name)
    index = index_dataset(layout.root)
    assert {(problem.kind, problem.trial) for problem in index.problems} == {("missing", NAME), ("unknown_label", NAME)}
    assert any("in the folder of '082414_m_64'" in problem.message for problem in index.problems)
    assert index.trials[0].video is None


def test_names_without_a_level_are_listed_and_hidden_files_are_not(layout: Any) -> None:
    folder = layout.video(NAME).parent
    (folder / "calibration.mp4").write_bytes(b"x")
    (folder / f"._{NAME}.mp4").write_bytes(b"x")
    (folder / "Thumbs.db").write_bytes(b"x")
    assert only_problem(index_dataset(layout.root))[:2] == ("unknown_label", "calibration")


@pytest.mark.parametrize("ending", [".m4v", ".MOV", ".webm", ".wmv", ".mpg"])
def test_clips_in_other_containers_are_clips(layout: Any, ending: str) -> None:
    before = index_dataset(layout.root, check_files=False)
    layout.video(NAME).rename(layout.video(NAME).with_suffix(ending))
    after = index_dataset(layout.root, check_files=False)
    assert after.problems == before.problems
    assert after.notes == ()
    assert [trial.video is not None for trial in after.trials] == [True] * len(before.trials)


def test_files_and_folders_that_are_no_clips_are_said(layout: Any) -> None:
    clip = layout.video(NAME)
    clip.rename(clip.with_suffix(".xyz"))
    (clip.parent / OTHERS[0]).mkdir()
    (clip.parent / "Thumbs.db").write_bytes(b"x")
    notes = index_dataset(layout.root, check_files=False).notes
    assert notes[0].startswith("video: files of other endings are not read (1 .xyz); read are .3gp, ")
    assert notes[1] == "video: 1 folders within those of people are not read; name them in a manifest"
    assert len(notes) == 2
