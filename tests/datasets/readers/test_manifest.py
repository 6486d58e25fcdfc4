"""Manifests that people write by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ecg_facial.cli.wording import describe_index
from ecg_facial.datasets.indexing import index_dataset
from ecg_facial.datasets.records import DatasetIndex
from ecg_facial.datasets.settings import LabelSettings
from ecg_facial.datasets.store import read_index, summarise, write_index
from ecg_facial.errors import (
    AmbiguousDataError,
    CorruptDataError,
    DataError,
    EcgFacialError,
    MissingDataError,
    SettingsError,
    UnknownLabelError,
)
from ecg_facial.recording import Subject

NAME = "071309_w_21-BL1-000"
HEADER = "subject,trial,label,video,ecg,fs_hz"


@pytest.fixture
def layout(make_layout: Callable[[str], Any]) -> Any:
    return make_layout("manifest")


def test_the_manifest_file_itself_may_be_the_root(layout: Any) -> None:
    path = layout.root / "manifest.csv"
    renamed = path.rename(layout.root / "study.csv")
    index = index_dataset(renamed)
    assert (index.reader, len(index), index.root) == ("manifest", 4, renamed.resolve())


def test_paths_may_be_absolute_and_signals_absent(layout: Any) -> None:
    layout.write_manifest([f"s1,a,P1,{layout.video(NAME)},,", f"s1,b,4,,signals/{NAME}.csv,512", "s1,c,BL1,,,"])
    index = index_dataset(layout.root)
    first, second = index.trials
    assert (first.level.name, first.ecg, second.video) == ("PA1", None, None)
    assert first.video is not None
    assert first.video.path == layout.video(NAME)
    assert second.ecg is not None
    assert second.ecg.fs_hz == 512.0
    assert [(problem.kind, problem.trial) for problem in index.problems] == [("missing", "c")]


def test_a_folder_of_frames_may_be_the_video(layout: Any, media: SimpleNamespace) -> None:
    media.write_images(layout.root / "frames", n_frames=138)
    layout.write_manifest(["s1,a,P1,frames,,"])
    assert len(index_dataset(layout.root)) == 1


def test_files_that_are_not_there_are_listed(layout: Any) -> None:
    layout.write_manifest([f"s1,a,P1,clips/gone.mp4,signals/{NAME}.csv,"])
    index = index_dataset(layout.root)
    assert [(problem.kind, problem.path.name) for problem in index.problems] == [("missing", "gone.mp4")]
    assert index.trials[0].ecg is not None


def test_an_ecg_of_unknown_rate_says_what_to_give(layout: Any, media: SimpleNamespace) -> None:
    media.write_ecg(layout.ecg(NAME), columns="ecg")
    layout.write_manifest([layout.row(NAME)])
    (problem,) = index_dataset(layout.root).problems
    assert problem.kind == "unreadable"
    assert "fs_hz" in problem.message
    layout.write_manifest([layout.row(NAME) + "256"])
    (trial,) = index_dataset(layout.root).trials
    assert trial.ecg is not None
    assert trial.ecg.fs_hz == 256


def test_sex_and_age_are_read_where_they_are_given(layout: Any) -> None:
    rows = [f"ann,a,P1,,signals/{NAME}.csv,,Female,54.0", "bob,a,P1,,signals/071309_w_21-PA3-001.csv,,NA,-"]
    layout.write_manifest(rows, header=HEADER + ",sex,age_years")
    assert index_dataset(layout.root).subjects == (Subject(id="ann", sex="w", age_years=54), Subject(id="bob"))


def test_trials_that_two_subjects_number_alike_stay_apart(layout: Any) -> None:
    layout.write_manifest(["ann,1,P1,,signals/071309_w_21-PA3-001.csv,", f"bob,1,P1,,signals/{NAME}.csv,"])
    assert [trial.id for trial in index_dataset(layout.root).trials] == ["ann-1", "bob-1"]


def test_two_rows_for_one_signal_of_a_trial_are_an_error(layout: Any) -> None:
    layout.write_manifest([f"s1,a,P1,,signals/{NAME}.csv,", "s1,a,P1,,signals/other.csv,"])
    with pytest.raises(AmbiguousDataError, match="trial a: 2 ECGs"):
        index_dataset(layout.root)


def test_a_spreadsheets_byte_order_mark_and_blank_lines_do_no_harm(layout: Any) -> None:
    path = layout.write_manifest([layout.row(NAME), "", ",,,,,"])
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert len(index_dataset(layout.root)) == 1


@pytest.mark.parametrize(
    ("header", "row", "error", "message"),
    [
        ("subject,video,ecg", "s1,x,y", CorruptDataError, "no column trial, label"),
        ("subject,trial,label", "s1,a,P1", CorruptDataError, "no column video or ecg"),
        (HEADER, "s1,a,P1,,x.csv,0", DataError, "row 2 has fs_hz 0; expected a positive"),
        (HEADER, "s1,a,P1,,x.csv,-5", DataError, "fs_hz -5"),
        (HEADER, "s1,a,P1,,x.csv,fast", DataError, "fs_hz fast"),
        (HEADER, "s1,a,P1,,x.csv,inf", DataError, "fs_hz inf"),
        (HEADER, "s1,a,P1", CorruptDataError, "row 2 has 3 cells, the header 6"),
        (HEADER, ",a,P1,,x.csv,", CorruptDataError, "row 2 has no subject"),
        (HEADER + ",sex", "s1,a,P1,,x.csv,,x", CorruptDataError, "sex 'x'; expected m, w"),
        (HEADER + ",age_years", "s1,a,P1,,x.csv,,5.5", CorruptDataError, "age_years '5.5'"),
    ],
)
def test_a_bad_manifest_is_one_clear_line(
    layout: Any, header: str, row: str, error: type[EcgFacialError], message: str
) -> None:
    layout.write_manifest([row], header=header)
    with pytest.raises(error, match=message) as caught:
        index_dataset(layout.root)
    assert "\n" not in str(caught.value)
    assert "manifest.csv" in str(caught.value)


def test_a_subject_of_two_ages_is_refused(layout: Any) -> None:
    layout.write_manifest(["s1,a,P1,,x.csv,,20", "s1,b,P1,,x.csv,,21"], header=HEADER + ",age_years")
    with pytest.raises(CorruptDataError, match="row 3 gives subject s1 another sex or age"):
        index_dataset(layout.root)


def test_a_manifest_without_rows_or_bytes_is_refused(layout: Any) -> None:
    path = layout.write_manifest([])
    with pytest.raises(MissingDataError, match="a header but no rows"):
        index_dataset(layout.root)
    path.write_text("")
    with pytest.raises(CorruptDataError, match="the file is empty"):
        index_dataset(layout.root)
    path.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(CorruptDataError, match="no column subject"):
        index_dataset(layout.root)


def test_a_folder_without_a_manifest_says_so(tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_bytes(b"x")
    with pytest.raises(MissingDataError, match=r"manifest\.csv: no such file"):
        index_dataset(tmp_path, reader="manifest")


def test_rows_of_rest_are_beside_the_trials(layout: Any) -> None:
    rows = [layout.row(name) for name in layout.names]
    layout.write_manifest([*rows, f"071309_w_21,before,rest,,signals/{NAME}.csv,"])
    index = index_dataset(layout.root)
    assert [trial.id for trial in index.trials] == sorted(layout.names)
    assert [(item.subject.id, item.id, item.video) for item in index.rest] == [("071309_w_21", "before", None)]


def test_a_row_may_be_a_stretch_of_longer_files(layout: Any) -> None:
    header = f"{HEADER},start_s,duration_s"
    layout.write_manifest([f"s1,a,BL1,clips/{NAME}.mp4,signals/{NAME}.csv,,0.25,5", "s1,b,PA1,,x.csv,,,"], header)
    trial = index_dataset(layout.root).trials[0]
    assert trial.video is not None
    assert trial.ecg is not None
    assert [(signal.start_s, signal.duration_s) for signal in (trial.video, trial.ecg)] == [(0.25, 5.0)] * 2


def test_video_and_ecg_may_have_begun_at_different_times(layout: Any) -> None:
    header = f"{HEADER},start_s,video_start_s,ecg_start_s"
    files = f"clips/{NAME}.mp4,signals/{NAME}.csv,"
    layout.write_manifest([f"s1,a,BL1,{files},0.5,,0", f"s2,b,PA1,{files},,6,", f"s3,c,PA2,{files},7,8,9"], header)
    found = index_dataset(layout.root, check_files=False)
    starts = {item.id: (item.video.start_s, item.ecg.start_s) for item in found.trials}
    assert starts == {"a": (0.5, 0.0), "b": (6.0, 0.0), "c": (8.0, 9.0)}


def test_columns_that_are_not_read_are_named(layout: Any) -> None:
    layout.write_manifest([f"{layout.row(NAME)},4,x"], f"{HEADER},begin_s,Remark")
    (note,) = (note for note in index_dataset(layout.root).notes if "not read" in note)
    assert note.startswith("columns that are not read: begin_s, remark; optional ones are video, ecg, ")
    assert "start_s" in note


@pytest.mark.parametrize(("start_s", "duration_s"), [("-1", ""), ("soon", ""), ("", "0"), ("0", "inf")])
def test_a_stretch_that_cannot_be_names_its_row(start_s: str, duration_s: str, layout: Any) -> None:
    layout.write_manifest([layout.row(NAME) + f",{start_s},{duration_s}"], f"{HEADER},start_s,duration_s")
    with pytest.raises(DataError, match=r"row 2 has (start|duration)_s .*; expected .* seconds"):
        index_dataset(layout.root)


def write_own(layout: Any, *labels: str) -> None:
    """Trials of one person with these labels, each of its own seconds of one file."""
    rows = [f"ann,{number},{label},,signals/{NAME}.csv,,{5 * number},5" for number, label in enumerate(labels)]
    layout.write_manifest(rows, header=f"{HEADER},start_s,duration_s")


def index_own(layout: Any, labels: LabelSettings | None = None) -> DatasetIndex:
    return index_dataset(layout.root, labels=labels, check_files=False)


def test_own_labels_are_classes_where_they_are_named(layout: Any, tmp_path: Path) -> None:
    write_own(layout, "no pain", "severe", "No pain ", "mild", "no pain")
    labels = LabelSettings(classes=("no pain", "mild", "severe"))
    index = index_own(layout, labels)
    assert (index.class_names, index.levels_by) == (labels.classes, "unknown")
    assert [trial.code for trial in index.trials] == ["no pain", "severe", "no pain", "mild", "no pain"]
    assert not index.problems
    write_index(index, tmp_path / "index.parquet")
    assert read_index(tmp_path / "index.parquet") == index
    shown = describe_index(index)
    assert "no pain (2 trials), severe (1 trial), No pain (1 trial, class no pain), mild (1 trial)" in shown
    assert "classes in their order: no pain, mild, severe" in shown
    # the order of the table's rows is that of the classes
    assert summarise(index)["level"].tolist() == ["no pain", "mild", "severe"]


def test_own_labels_that_are_not_named_are_listed_with_the_option(layout: Any) -> None:
    write_own(layout, "no pain", "severe", "no pain")
    index = index_own(layout)
    assert (len(index), {problem.kind for problem in index.problems}) == (0, {"unknown_label"})
    shown = describe_index(index)
    assert "labels: no pain (2 trials, NO CLASS), severe (1 trial, NO CLASS)" in shown
    assert '--classes "no pain,severe"' in shown
    # one reason of several trials is one row
    assert "ann-0 and 1 more" in shown or "0 and 1 more" in shown


def test_ratings_are_cut_into_classes(layout: Any) -> None:
    write_own(layout, "0", "3", "4.0", "10", "12")
    index = index_own(layout, LabelSettings(cut=(1, 4, 7)))
    assert index.class_names == ("0", "1-3", "4-6", "7-10")
    assert [trial.code for trial in index.trials] == ["0", "1-3", "4-6", "7-10"]
    assert ["outside 0 to 10" in problem.message for problem in index.problems] == [True]
    with pytest.raises(UnknownLabelError):
        _ = index.trials[1].level


def test_classes_are_part_of_the_fingerprint_and_levels_are_not(layout: Any) -> None:
    write_own(layout, "0", "3", "4")
    cuts = [index_own(layout, LabelSettings(cut=cut)).fingerprint for cut in ((1,), (2,))]
    assert len({*cuts, index_own(layout).fingerprint}) == 3


def test_rest_may_be_a_class_of_ones_own(layout: Any) -> None:
    write_own(layout, "REST", "pain", "rest")
    assert len(index_own(layout, LabelSettings(classes=("rest", "pain")))) == 3
    with pytest.raises(SettingsError, match="write 'rest' for a class"):
        index_own(layout, LabelSettings(classes=("REST", "pain")))
