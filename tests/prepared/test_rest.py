"""Rest recordings become windows by the same function, after all trials, and no task ever takes them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sketched_cohort import write_cohort
from tiny_files import write_heat

from ecg_facial.datasets.indexing import index_dataset
from ecg_facial.datasets.records import DatasetIndex
from ecg_facial.ecg.stretches import read_ecg_stretch
from ecg_facial.errors import UnknownLabelError
from ecg_facial.evaluation.benchmark.runner import permute_levels
from ecg_facial.face.detectors.loading import load_detector
from ecg_facial.face.video import read_frames
from ecg_facial.labels import REST_CODE, TASKS, PainLevel
from ecg_facial.prepared.making import describe_key, prepare
from ecg_facial.prepared.queries import count_rest, encode_labels, rest_rows, rows_of
from ecg_facial.prepared.stored import StoredData, open_prepared
from ecg_facial.recording import Recording
from ecg_facial.windows.making import make_window
from ecg_facial.windows.settings import WindowSettings

TINY = WindowSettings(n_frames=2, crop_px=32)
LEVELS = (PainLevel.BL1, PainLevel.PA4)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> DatasetIndex:
    """Two people with a trial a level, two rest clips, and a filmed session."""
    out = tmp_path_factory.mktemp("cohort")
    return index_dataset(write_cohort(out, levels=LEVELS, rest=2, continuous=True, continuous_video=True))


@pytest.fixture(scope="module")
def prepared(index: DatasetIndex, tmp_path_factory: pytest.TempPathFactory) -> StoredData:
    return prepare(index, tmp_path_factory.mktemp("prepared"), settings=TINY)


def test_trials_come_first_and_then_rest(index: DatasetIndex, prepared: StoredData) -> None:
    recordings: list[Recording] = [*index.trials, *index.rest]
    assert [item.id for item in index.rest if "-REST-C" in item.id]
    assert prepared.table["trial"].tolist() == [item.id for item in recordings]
    assert prepared.table["level"].tolist() == [item.code for item in recordings]
    assert count_rest(prepared) == len(index.rest)
    assert prepared.table["problem"].eq("").all()


def test_a_row_of_rest_is_the_window_of_its_recording(index: DatasetIndex, prepared: StoredData) -> None:
    detector = load_detector(TINY.detector)
    for place in (0, -1):
        item = index.rest[place]
        assert item.video is not None
        assert item.ecg is not None
        window = make_window(read_frames(item.video), read_ecg_stretch(item.ecg), settings=TINY, detector=detector)
        row = len(index.trials) + place % len(index.rest)
        np.testing.assert_array_equal(prepared[row].crops, window.crops)
        np.testing.assert_array_equal(prepared[row].r_peak_times_s, window.r_peak_times_s)
        assert prepared.table["heart_rate_bpm"][row] == window.heart_rate_bpm
        assert len(window.tokens) >= 3


def test_rest_of_a_session_is_the_stretch_of_its_ecg(index: DatasetIndex) -> None:
    item = next(item for item in index.rest if item.ecg is not None and item.ecg.start_s > 20.0)
    assert item.ecg is not None
    whole = read_ecg_stretch(replace(item.ecg, start_s=0.0, duration_s=None))
    first = round(item.ecg.start_s * whole.fs_hz)
    part = read_ecg_stretch(item.ecg)
    np.testing.assert_array_equal(part.samples, whole.samples[first : first + len(part.samples)])
    assert part.duration_s == pytest.approx(TINY.window_s, abs=1e-3)


def test_the_rows_of_a_persons_rest_are_found(index: DatasetIndex, prepared: StoredData) -> None:
    for subject in index.subjects:
        rows = rest_rows(prepared, subject.id)
        assert prepared.table["trial"].iloc[rows].tolist() == [
            item.id for item in index.rest if item.subject == subject
        ]
    assert rest_rows(prepared, "nobody") == []


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_no_task_takes_rest(task: object, prepared: StoredData) -> None:
    rows = rows_of(prepared, set(prepared.table["subject"]), task)  # type: ignore[arg-type]  # every one of them
    assert rows
    assert not set(prepared.table["level"].iloc[rows]) & {REST_CODE}
    rest = [row for subject in set(prepared.table["subject"]) for row in rest_rows(prepared, subject)]
    assert not set(rows) & set(rest)
    with pytest.raises(UnknownLabelError, match="REST"):
        encode_labels(prepared, rest[:1], task)  # type: ignore[arg-type]  # every one of them


def test_permuting_the_levels_leaves_rest_as_it_is(prepared: StoredData) -> None:
    permuted = [permute_levels(prepared, task=TASKS["binary"], seed=seed).table["level"] for seed in range(8)]
    assert len({tuple(levels) for levels in permuted}) > 1
    for levels in permuted:
        assert ((levels == REST_CODE) == (prepared.table["level"] == REST_CODE)).all()


def test_rest_can_be_left_out_and_then_nothing_tells_that_there_is_any(
    index: DatasetIndex, prepared: StoredData, tmp_path: Path
) -> None:
    without = prepare(index, tmp_path, settings=TINY, with_rest=False)
    n_trials = len(index.trials)
    assert without.table.equals(prepared.table.iloc[:n_trials])
    for row in range(n_trials):
        np.testing.assert_array_equal(without[row].crops, prepared[row].crops)
        np.testing.assert_array_equal(without[row].tokens, prepared[row].tokens)
    assert "rest" not in describe_key(index, TINY, with_rest=False)
    assert "rest" not in describe_key(replace(index, rest=()), TINY)
    assert describe_key(index, TINY)["rest"] is True
    assert count_rest(open_prepared(prepared.folder)) == len(index.rest)


def test_only_the_people_whose_trials_are_prepared_rest(index: DatasetIndex, tmp_path: Path) -> None:
    first = index.subjects[0]
    part = replace(index, trials=tuple(trial for trial in index.trials if trial.subject == first))
    prepared = prepare(part, tmp_path, settings=TINY)
    assert set(prepared.table["subject"]) == {first.id}
    assert count_rest(prepared) > 0


def test_windows_of_long_tables_are_cut_as_those_of_clips(tmp_path: Path) -> None:
    celsius = (40.0, 42.5, 44.0, 46.0, 47.5)
    for subject in ("S_01", "S_02"):
        heat = [(35.0 * n + 25.0, 35.0 * n + 35.0, value) for n, value in enumerate(celsius)]
        write_heat(tmp_path / "raw-data" / f"{subject}-synchronised-data.csv", heat, duration_s=176.0)
    found = index_dataset(tmp_path)
    prepared = prepare(found, tmp_path / "out", settings=TINY)
    assert prepared.table["has_ecg"].all()
    assert not prepared.table["has_video"].any()
    assert prepared.table["level"].value_counts().to_dict()["PA4"] == 2
    hottest = found.trials[-1]
    assert hottest.ecg is not None
    window = make_window(None, read_ecg_stretch(hottest.ecg), settings=TINY)
    row = prepared.table["trial"].tolist().index(hottest.id)
    assert prepared.table["ecg_quality"][row] == window.ecg_quality
    np.testing.assert_array_equal(prepared[row].r_peak_times_s, window.r_peak_times_s)
