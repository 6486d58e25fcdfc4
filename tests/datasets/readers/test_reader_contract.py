"""Every reader keeps the same contract, on tiny files of its own layout."""

from __future__ import annotations

import errno
import os
import shutil
from collections import Counter
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from ecg_facial.datasets import checks
from ecg_facial.datasets.indexing import MARKER_NAME, index_dataset
from ecg_facial.datasets.readers.registry import READERS
from ecg_facial.datasets.store import read_index, summarise, write_index
from ecg_facial.ecg.stretches import read_ecg_stretch
from ecg_facial.errors import AmbiguousDataError, MissingDataError, SettingsError
from ecg_facial.face.video import read_frames
from ecg_facial.runtime.executors.local import ProcessesExecutor
from ecg_facial.simulate import cohort

MakeLayout = Callable[[str], Any]
every_reader = pytest.mark.parametrize("reader", tuple(READERS))
# those with a file for each signal of each trial
paired_reader = pytest.mark.parametrize("reader", ["biovid", "original", "manifest"])


def kinds(index: Any) -> list[tuple[str, str]]:
    return [(problem.kind, problem.trial) for problem in index.problems]


def stretch(signal: Any) -> tuple[float, float]:
    return signal.start_s, float("inf") if signal.duration_s is None else signal.start_s + signal.duration_s


@every_reader
def test_every_trial_is_found_with_its_own_signals(reader: str, make_layout: MakeLayout) -> None:
    layout = make_layout(reader)
    index = index_dataset(layout.root)
    assert index.reader == reader
    assert Counter(problem.kind for problem in index.problems) == dict(layout.left_out)
    found = {trial.id: (trial.subject.id, trial.code, (trial.video, trial.ecg)) for trial in index.trials}
    assert found == layout.expect()
    keys = [(trial.subject.id, trial.id) for trial in index.trials]
    assert keys == sorted(keys)


@every_reader
def test_every_signal_can_be_read_and_is_as_long_as_it_says(reader: str, make_layout: MakeLayout) -> None:
    for trial in index_dataset(make_layout(reader).root).trials:
        if trial.ecg is not None:
            assert read_ecg_stretch(trial.ecg).duration_s == pytest.approx(trial.ecg.duration_s or 5.5)
        if trial.video is not None:
            times_s = [frame.time_s for frame in read_frames(trial.video)]
            assert times_s[0] == pytest.approx(0.0, abs=1e-9)
            assert times_s[-1] == pytest.approx(5.52 - 1 / 25)


@every_reader
def test_no_second_belongs_to_two_recordings(reader: str, make_layout: MakeLayout) -> None:
    index = index_dataset(make_layout(reader).root)
    recordings = [*index.trials, *index.rest]
    assert len({item.id for item in recordings}) == len(recordings)
    for one, other in combinations(recordings, 2):
        for first, second in ((one.video, other.video), (one.ecg, other.ecg)):
            if first is not None and second is not None and first.path == second.path:
                before, after = sorted([stretch(first), stretch(second)])
                assert before[1] <= after[0], f"{one.id} and {other.id}"


@every_reader
def test_a_damaged_signal_costs_nobody_else_anything(reader: str, make_layout: MakeLayout) -> None:
    layout = make_layout(reader)
    hurt = layout.damage()
    others = {name: said for name, said in layout.expect().items() if said[0] != hurt}
    index = index_dataset(layout.root)
    assert any(problem.kind == "unreadable" for problem in index.problems)
    found = {trial.id: (trial.subject.id, trial.code, (trial.video, trial.ecg)) for trial in index.trials}
    assert others
    assert others.items() <= found.items()


@paired_reader
@pytest.mark.parametrize("call", ["fingerprint_file", "list_files"])
def test_a_file_that_the_system_refuses_costs_its_signal_alone(
    reader: str, call: str, make_layout: MakeLayout, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout = make_layout(reader)
    before = index_dataset(layout.root)
    refused = next(trial.ecg.path for trial in before.trials if trial.ecg)
    asked = getattr(checks, call)

    def refuse(path: Path) -> Any:
        if path == refused:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return asked(path)

    monkeypatch.setattr(checks, call, refuse)
    after = index_dataset(layout.root)
    (problem,) = [problem for problem in after.problems if problem not in before.problems]
    assert (problem.kind, problem.path) == ("unreadable", refused)
    assert "cannot be read (Permission denied); check its permissions" in problem.message
    assert len(after.trials) == len(before.trials)
    assert sum(trial.ecg is not None for trial in after.trials) == len(before.trials) - 1


@every_reader
def test_every_reader_has_a_card(reader: str, make_layout: MakeLayout) -> None:
    card = READERS[reader].card
    assert all((card.title, card.source, card.access, card.needs, card.layout))
    assert index_dataset(make_layout(reader).root).levels_by == card.levels
    assert (card.levels == "observer") == (reader == "unbc")


@paired_reader
def test_a_lost_video_does_not_shift_the_others(reader: str, make_layout: MakeLayout) -> None:
    layout = make_layout(reader)
    lost = layout.video(layout.names[0])
    shutil.rmtree(lost) if lost.is_dir() else lost.unlink()
    index = index_dataset(layout.root)
    assert kinds(index) == [("missing", layout.names[0])]
    assert [trial.video is None for trial in index.trials] == [True, False, False, False]
    assert all(trial.ecg.path == layout.ecg(trial.id) for trial in index.trials if trial.ecg)


@paired_reader
def test_an_unknown_level_is_left_out_by_name(reader: str, make_layout: MakeLayout) -> None:
    layout = make_layout(reader)
    layout.rename_level(layout.names[1], "PA9")
    index = index_dataset(layout.root)
    assert {problem.kind for problem in index.problems} == {"unknown_label"}
    assert all("PA9" in problem.message for problem in index.problems)
    assert [trial.id for trial in index.trials] == [name for name in sorted(layout.names) if name != layout.names[1]]


@paired_reader
def test_an_unreadable_ecg_leaves_the_video(reader: str, make_layout: MakeLayout) -> None:
    layout = make_layout(reader)
    layout.ecg(layout.names[2]).write_text("")
    index = index_dataset(layout.root)
    assert kinds(index) == [("unreadable", layout.names[2])]
    assert "empty" in index.problems[0].message
    trial = next(trial for trial in index.trials if trial.id == layout.names[2])
    assert trial.ecg is None
    assert trial.video is not None


@every_reader
def test_the_fingerprint_follows_content_and_not_place(reader: str, make_layout: MakeLayout) -> None:
    layout = make_layout(reader)
    before = index_dataset(layout.root).fingerprint
    moved = layout.root.with_name("moved")
    layout.root.rename(moved)
    assert index_dataset(moved).fingerprint == before
    layout.root = moved
    layout.alter()
    assert index_dataset(moved).fingerprint != before


def test_the_number_of_workers_changes_nothing(make_layout: MakeLayout, monkeypatch: pytest.MonkeyPatch) -> None:
    layout = make_layout("biovid")
    monkeypatch.setattr("ecg_facial.datasets.checks._MIN_PARALLEL_TRIALS", 1)
    monkeypatch.setattr("ecg_facial.datasets.checks._TRIALS_PER_TASK", 1)
    layout.ecg(layout.names[2]).write_text("")
    assert index_dataset(layout.root, executor=ProcessesExecutor(2)) == index_dataset(layout.root)


@every_reader
def test_an_index_comes_back_from_disk_as_it_was(reader: str, make_layout: MakeLayout, tmp_path: Path) -> None:
    layout = make_layout(reader)
    layout.damage()
    index = index_dataset(layout.root)
    write_index(index, tmp_path / "index.parquet")
    assert read_index(tmp_path / "index.parquet") == index


@paired_reader
def test_the_summary_counts_each_signal(reader: str, make_layout: MakeLayout) -> None:
    layout = make_layout(reader)
    layout.ecg(layout.names[0]).write_text("")
    table = summarise(index_dataset(layout.root))
    assert table.columns.tolist() == ["subject", "level", "n_trials", "n_video", "n_ecg", "n_both"]
    assert table.iloc[0].tolist() == ["071309_w_21", "BL1", 1, 1, 0, 0]
    assert table.iloc[1].tolist() == ["071309_w_21", "PA3", 1, 1, 1, 1]
    assert len(table) == 4


@every_reader
def test_simulated_data_are_marked(reader: str, make_layout: MakeLayout) -> None:
    layout = make_layout(reader)
    assert not index_dataset(layout.root).simulated
    (layout.root / cohort.MARKER_NAME).write_text("{}")
    assert index_dataset(layout.root).simulated


@paired_reader
def test_files_are_not_opened_without_checks(reader: str, make_layout: MakeLayout) -> None:
    layout = make_layout(reader)
    layout.ecg(layout.names[0]).write_text("")
    index = index_dataset(layout.root, check_files=False)
    assert index.problems == ()
    assert len(index) == 4


@paired_reader
def test_a_clip_that_is_too_short_is_listed_unless_allowed(reader: str, make_layout: MakeLayout) -> None:
    layout = make_layout(reader)
    path = layout.ecg(layout.names[0])
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:2000]))
    index = index_dataset(layout.root)
    assert kinds(index) == [("too_short", layout.names[0])]
    assert "3.90 s: at least 4.95 s" in index.problems[0].message
    assert index_dataset(layout.root, min_duration_s=3.9).problems == ()


def test_the_marker_is_the_simulators() -> None:
    assert MARKER_NAME == cohort.MARKER_NAME


def test_a_manifest_into_simulated_data_is_marked_too(make_layout: MakeLayout, tmp_path: Path) -> None:
    layout = make_layout("biovid")
    (layout.root / MARKER_NAME).write_text("{}")
    elsewhere = tmp_path / "far" / "away"
    elsewhere.mkdir(parents=True)
    row = f"s1,t1,BL1,{layout.video(layout.names[0])},,"
    (elsewhere / "manifest.csv").write_text(f"subject,trial,label,video,ecg,fs_hz\n{row}\n")
    assert index_dataset(elsewhere).simulated


def test_a_folder_that_fits_no_reader_says_what_was_looked_for(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(MissingDataError, match=r"PartA/video.*prepro_vid.*manifest\.csv"):
        index_dataset(tmp_path)


def test_a_missing_and_an_empty_folder_are_said_so(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match="no such folder"):
        index_dataset(tmp_path / "nowhere")
    with pytest.raises(MissingDataError, match="is empty"):
        index_dataset(tmp_path)


def test_a_folder_that_fits_two_readers_asks_which(make_layout: MakeLayout) -> None:
    layout = make_layout("biovid")
    (layout.root / "manifest.csv").write_text("subject,trial,label,video,ecg,fs_hz\ns,t,BL1,x.mp4,,\n")
    with pytest.raises(AmbiguousDataError, match="biovid and manifest"):
        index_dataset(layout.root)
    assert len(index_dataset(layout.root, reader="biovid")) == 4


@pytest.mark.parametrize("reader", ["original", "manifest", "pmed", "unbc"])
@pytest.mark.parametrize("option", [{"subjects": "reactive"}, {"signals": "raw"}])
def test_only_biovid_has_reactive_subjects_and_raw_signals(
    reader: str, option: dict[str, str], make_layout: MakeLayout
) -> None:
    with pytest.raises(SettingsError, match=rf"a setting of other readers \(biovid\), not of {reader}"):
        index_dataset(make_layout(reader).root, reader_options=option)


@pytest.mark.parametrize(
    "option",
    [
        {"reader": "nobody"},
        {"duplicates": "first"},
        {"min_duration_s": -1.0},
        {"min_duration_s": float("nan")},
        {"window_s": 0.0},
        {"window_s": float("inf")},
        {"reader_options": {"pspi_pain": 2.0}},
        {"reader_options": {"colour": "red"}},
    ],
)
def test_an_option_outside_its_limits_is_refused(option: dict[str, Any], make_layout: MakeLayout) -> None:
    with pytest.raises(SettingsError):
        index_dataset(make_layout("manifest").root, **option)


@pytest.mark.parametrize(
    ("reader", "options"),
    [
        ("biovid", {"signals": "half"}),
        ("biovid", {"signals": 1}),
        ("biovid", {"subjects": "some"}),
        ("unbc", {"pspi_pain": 0.0}),
        ("unbc", {"pspi_pain": 16.5}),
        ("unbc", {"pspi_pain": "much"}),
    ],
)
def test_a_reader_refuses_settings_outside_their_limits(
    reader: str, options: dict[str, Any], make_layout: MakeLayout
) -> None:
    with pytest.raises(SettingsError, match=next(iter(options))):
        index_dataset(make_layout(reader).root, reader_options=options)
