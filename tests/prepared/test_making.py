"""Windows made and kept: what they hold, when they are made again, and when not."""

from __future__ import annotations

import hashlib
import shutil
from collections import namedtuple
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ecg_facial.datasets.indexing import index_dataset
from ecg_facial.datasets.records import DatasetIndex
from ecg_facial.ecg.reading import read_ecg
from ecg_facial.errors import MissingDataError, SettingsError
from ecg_facial.face.detectors.loading import load_detector
from ecg_facial.face.video import read_frames
from ecg_facial.labels import PainLevel
from ecg_facial.prepared import making
from ecg_facial.prepared.making import estimate_disk_bytes, prepare
from ecg_facial.prepared.stored import StoredData, open_prepared
from ecg_facial.runtime.executors.local import ProcessesExecutor
from ecg_facial.simulate.cohort import simulate_cohort
from ecg_facial.simulate.settings.cohort_settings import CohortSettings
from ecg_facial.windows.making import make_window
from ecg_facial.windows.settings import WindowSettings

TINY = WindowSettings(window_s=4.0, n_frames=2, crop_px=32)


def subset(index: DatasetIndex, n_trials: int) -> DatasetIndex:
    return replace(index, trials=index.trials[:n_trials], fingerprint=f"{index.fingerprint}-{n_trials}")


def contents(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> DatasetIndex:
    """Two simulated clips with a face."""
    root = tmp_path_factory.mktemp("faces")
    cohort = CohortSettings(n_subjects=2, trials_per_level=1, levels=(PainLevel.PA3,))
    return index_dataset(simulate_cohort(root, cohort))


def test_a_row_is_the_window_of_its_trial(faces: DatasetIndex, tmp_path: Path) -> None:
    settings = WindowSettings(n_frames=8, crop_px=48)
    prepared = prepare(faces, tmp_path, settings=settings)
    assert prepared.simulated
    assert prepared.settings == settings
    detector = load_detector("mtcnn")
    for row, trial in enumerate(faces.trials):
        assert trial.video is not None
        assert trial.ecg is not None
        window = make_window(read_frames(trial.video), read_ecg(trial.ecg.path), settings=settings, detector=detector)
        assert window.frame_mask.all()
        assert len(window.tokens) >= 4
        np.testing.assert_array_equal(prepared[row].crops, window.crops)
        for name in ("frame_mask", "frame_times_s", "tokens", "token_times_s", "r_peak_times_s"):
            found, expected = getattr(prepared[row], name), getattr(window, name)
            np.testing.assert_array_equal(found, expected)
            assert found.dtype == expected.dtype
        line = prepared.table.iloc[row]
        assert (line["subject"], line["trial"], line["level"]) == (trial.subject.id, trial.id, "PA3")
        assert (line["sex"], line["age_years"]) == (trial.subject.sex, trial.subject.age_years)
        assert (line["face_quality"], line["ecg_quality"]) == (window.face_quality, window.ecg_quality)
        assert line["heart_rate_bpm"] == window.heart_rate_bpm
        assert (line["n_faces"], line["n_tokens"], line["problem"]) == (8, len(window.tokens), "")


def test_rows_are_sorted_by_subject_then_trial(tiny_prepared: StoredData) -> None:
    keys = list(zip(tiny_prepared.table["subject"], tiny_prepared.table["trial"], strict=True))
    assert keys == sorted(keys)
    assert len(keys) == 70
    assert tiny_prepared.table["heart_rate_bpm"].round(1).eq(75.0).all()
    levels = {trial: f"{PainLevel(int(trial[1:]) % 5).name}" for trial in tiny_prepared.table["trial"]}
    assert tiny_prepared.table["level"].tolist() == list(levels.values())


def test_the_number_of_workers_changes_nothing(tiny_index: DatasetIndex, tmp_path: Path) -> None:
    few = subset(tiny_index, 40)
    one = prepare(few, tmp_path / "one", settings=TINY)
    two = prepare(few, tmp_path / "two", settings=TINY, executor=ProcessesExecutor(2))
    assert contents(one.folder) == contents(two.folder)
    assert one.folder.name == two.folder.name


def test_what_is_prepared_is_not_made_again(
    tiny_index: DatasetIndex, tiny_prepared: StoredData, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: Any, **options: Any) -> None:
        raise AssertionError("a window was made again")

    monkeypatch.setattr(making, "prepare_trial", fail)
    again = prepare(tiny_index, tiny_prepared.folder.parent, settings=TINY)
    assert again.fingerprint == tiny_prepared.fingerprint


def test_other_data_settings_or_levels_get_a_folder_of_their_own(tiny_index: DatasetIndex, tmp_path: Path) -> None:
    few = subset(tiny_index, 3)
    made = [
        prepare(few, tmp_path, settings=TINY),
        prepare(replace(few, fingerprint="other data"), tmp_path, settings=TINY),
        prepare(few, tmp_path, settings=replace(TINY, search_every_s=5)),
        prepare(few, tmp_path, settings=TINY, classes=[few.trials[0].code]),
    ]
    assert len({prepared.folder for prepared in made}) == 4
    assert [len(prepared) for prepared in made] == [3, 3, 3, 1]


def test_data_marked_as_simulated_later_are_not_taken_for_real(tiny_index: DatasetIndex, tmp_path: Path) -> None:
    few = subset(tiny_index, 2)
    assert not prepare(few, tmp_path, settings=TINY).simulated
    assert prepare(replace(few, simulated=True), tmp_path, settings=TINY).simulated


def test_a_new_version_of_the_preprocessing_gets_a_new_folder(
    tiny_index: DatasetIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = subset(tiny_index, 3)
    old = prepare(few, tmp_path, settings=TINY)
    for module in ("making", "stored"):
        monkeypatch.setattr(f"ecg_facial.prepared.{module}.PREPROCESSING_VERSION", 999)
    new = prepare(few, tmp_path, settings=TINY)
    assert new.folder != old.folder
    assert new.fingerprint != old.fingerprint


def test_the_fingerprint_is_that_of_the_windows(tiny_index: DatasetIndex, tmp_path: Path) -> None:
    few = subset(tiny_index, 3)
    first = prepare(few, tmp_path, settings=TINY)
    touched = prepare(replace(few, fingerprint="the same files, copied"), tmp_path, settings=TINY)
    fewer = prepare(subset(tiny_index, 2), tmp_path, settings=TINY)
    assert first.folder != touched.folder
    assert first.fingerprint == touched.fingerprint != fewer.fingerprint


def test_a_damaged_signal_is_absent_and_the_reason_is_kept(faces: DatasetIndex, tmp_path: Path) -> None:
    root = Path(shutil.copytree(faces.root, tmp_path / "data"))
    index = index_dataset(root)
    first, second = index.trials
    assert first.video is not None
    assert first.ecg is not None
    assert second.ecg is not None
    content = first.video.path.read_bytes()
    first.video.path.write_bytes(content[: len(content) // 2])
    rows = second.ecg.path.read_text().splitlines()
    second.ecg.path.write_text("\n".join([rows[0], *["word\t" * 5 + "word"] * len(rows[1:])]))
    settings = WindowSettings(n_frames=2, crop_px=32)
    table = prepare(index, tmp_path / "out", settings=settings).table
    assert table["has_video"].tolist() == [False, True]
    assert table["has_ecg"].tolist() == [True, False]
    assert table["face_quality"].iloc[0] == 0
    assert table["n_tokens"].iloc[0] > 0
    assert table["problem"].str.contains("video absent: PartA/video/", regex=False).tolist() == [True, False]
    assert table["problem"].str.contains("ECG absent: PartA/biosignals", regex=False).tolist() == [False, True]
    first.ecg.path.write_text("")
    both = prepare(replace(index, fingerprint="both"), tmp_path / "out", settings=settings)
    assert not both.table.loc[0, ["has_video", "has_ecg"]].any()
    assert both.table["problem"].str.count("absent").tolist() == [2, 1]
    assert np.isnan(both.table["heart_rate_bpm"].iloc[0])
    assert both[0].crops.max() == 0


def test_nothing_to_prepare_is_said(tiny_index: DatasetIndex, tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match="no usable trial of level PA4 among 1"):
        prepare(subset(tiny_index, 1), tmp_path, settings=TINY, classes=[PainLevel.PA4.name])
    with pytest.raises(MissingDataError, match="no usable trial among 0"):
        prepare(subset(tiny_index, 0), tmp_path, settings=TINY)


def test_the_disk_need_is_known_beforehand(tiny_index: DatasetIndex, tmp_path: Path) -> None:
    settings = WindowSettings(window_s=4.0, n_frames=8, crop_px=112)
    folder = prepare(subset(tiny_index, 33), tmp_path, settings=settings).folder
    used = sum(path.stat().st_size for path in folder.iterdir())
    estimate = estimate_disk_bytes(33, settings)
    assert 0.97 * estimate < used < estimate


def test_a_full_disk_is_refused_before_any_work(
    tiny_index: DatasetIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(making.shutil, "disk_usage", lambda path: usage(estimate_disk_bytes(70, TINY) - 1))
    with pytest.raises(SettingsError, match=r"70 windows need \d MB of disk, \d MB are free; make room"):
        prepare(tiny_index, tmp_path, settings=TINY)


def test_the_disk_need_is_said_before_the_first_window(
    tiny_index: DatasetIndex, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prepare(subset(tiny_index, 3), tmp_path, settings=TINY, show_progress=True)
    lines = capsys.readouterr().err.splitlines()
    assert "3 windows need 0 MB of disk" in lines[0]
    assert lines[1].startswith("Preparing windows")


def test_sizes_are_said_in_their_usual_units() -> None:
    assert making._format_size(estimate_disk_bytes(8700, WindowSettings())) == "10.5 GB"
    assert making._format_size(1_500_000) == "2 MB"


def test_a_subject_of_unknown_age_has_none(tiny_prepared: StoredData) -> None:
    assert open_prepared(tiny_prepared.folder).table[["sex", "age_years"]].isna().all(axis=None)
