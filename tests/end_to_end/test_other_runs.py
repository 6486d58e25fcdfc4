"""Runs beside the whole one: killed, resumed, with other settings, data and labels."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import whole_run
from chaos import times
from killing import assert_same_results, kill_when
from whole_run import N_SUBJECTS, OPTIONS, PLAIN, SETTINGS, TASK

from ecg_facial.cli.wording import show_result
from ecg_facial.datasets.indexing import index_dataset
from ecg_facial.errors import StaleCacheError
from ecg_facial.evaluation.benchmark.runner import BenchmarkResult, permute_levels
from ecg_facial.evaluation.benchmark.settings import BenchmarkSettings
from ecg_facial.learning.settings import TrainingSettings
from ecg_facial.nets.settings import FacialSettings
from ecg_facial.prepared.stored import open_prepared
from ecg_facial.workflow.benchmarking import benchmark_dataset

# the whole run is made for the first test: minutes on a machine that is busy
pytestmark = pytest.mark.timeout(1800)
# folds that are done, of eight, when a run is killed with two workers, and when it is killed again with one
KILLS = ((4, 6), *((first, second) for first in (1, 2, 3) for second in (4, 5, 6)))


@pytest.mark.usefixtures("no_figures")
@pytest.mark.parametrize("wanted", KILLS[: times(ordinary=1, full=len(KILLS))])
def test_a_run_killed_with_two_workers_and_with_one_goes_on_and_ends_with_the_bytes_of_a_serial_one(
    data: Path, cache: Path, result: BenchmarkResult, tmp_path: Path, wanted: tuple[int, int]
) -> None:
    out = tmp_path / "killed"
    for workers, n_folds in zip(("2", "1"), wanted, strict=True):
        command = [sys.executable, whole_run.__file__, str(data), str(cache), str(out), workers]
        kill_when(command, lambda n_folds=n_folds: len(list_folds(out)) >= n_folds)
        assert len(list_folds(out)) >= n_folds
        assert not (out / "predictions.csv").exists()
    stamps = {path: path.stat().st_mtime_ns for path in list_folds(out)}
    resumed = benchmark_dataset(data, out, options=OPTIONS, settings=SETTINGS, cache=cache, **PLAIN)
    assert all(path.stat().st_mtime_ns == stamp for path, stamp in stamps.items())
    assert_same_results(resumed.folder, result.folder)


def list_folds(out: Path) -> list[Path]:
    return list((out / "folds").glob("[!.]*.json"))


@pytest.mark.usefixtures("no_figures")
def test_a_resnet_that_is_trained_too_goes_the_whole_way(data: Path, cache: Path, tmp_path: Path) -> None:
    facial = FacialSettings(weights="none", hidden=4, n_layers=1)
    training = TrainingSettings(epochs=1, batch_size=8)
    models = replace(SETTINGS.models, facial=facial, facial_training=training, ecg_training=training)
    trained = benchmark_dataset(
        data,
        tmp_path / "run",
        options=OPTIONS,
        settings=replace(SETTINGS, models=models, seeds=1, protocol="kfold:2", baselines=False),
        cache=cache,
        **PLAIN,
    )
    assert trained.metrics.n_trials == 4 * N_SUBJECTS
    assert all(path.suffix == ".json" for path in (trained.folder / "folds").iterdir()), "checkpoints stay"


def test_a_folder_of_other_settings_is_not_mixed_in(
    data: Path, cache: Path, result: BenchmarkResult, tmp_path: Path
) -> None:
    # a copy: tests in other processes look at the run itself
    folder = Path(shutil.copytree(result.folder, tmp_path / "copy"))
    other = BenchmarkSettings(models=SETTINGS.models, seed=1)
    with pytest.raises(StaleCacheError, match="other data, settings or code"):
        benchmark_dataset(data, folder, options=OPTIONS, settings=other, cache=cache)


@pytest.mark.usefixtures("no_figures")
def test_one_data_set_trains_and_another_is_tested(
    data: Path, cache: Path, result: BenchmarkResult, tmp_path: Path
) -> None:
    listed = index_dataset(data).trials[:4]
    rows = [f"x{t.subject.id},x{t.id},{t.level.name},{t.video.path},{t.ecg.path},512" for t in listed]
    other = tmp_path / "other.csv"
    other.write_text("\n".join(["subject,trial,label,video,ecg,fs_hz", *rows]) + "\n")
    out, settings = tmp_path / "run", replace(SETTINGS, protocol="cross-dataset", seeds=1, baselines=False)
    cache = Path(shutil.copytree(cache, tmp_path / "windows"))  # the other tests find one set of windows in it
    crossed = benchmark_dataset(data, out, options=OPTIONS, settings=settings, cache=cache, test_data=other, **PLAIN)
    assert set(crossed.predictions["subject"]) == {f"x{t.subject.id}" for t in listed}
    assert crossed.metrics.n_trials == len(listed)
    (fold,) = crossed.plan.folds[0]
    assert len(fold.train.subjects) + len(fold.stopping.subjects) == N_SUBJECTS
    assert json.loads((out / "run.json").read_text())["protocol"] == "trained on one data set, tested on another"
    assert "trained on one data set" in show_result(crossed)


@pytest.mark.usefixtures("no_figures")
def test_permuted_labels_keep_each_subjects_counts_and_are_stamped(
    data: Path, cache: Path, result: BenchmarkResult, tmp_path: Path
) -> None:
    settings = BenchmarkSettings(models=SETTINGS.models, permute_labels=True, protocol="kfold:2", baselines=False)
    permuted = benchmark_dataset(data, tmp_path / "run", options=OPTIONS, settings=settings, cache=cache, **PLAIN)
    assert json.loads((permuted.folder / "run.json").read_text())["bundle"] is None
    assert "LABELS PERMUTED" in (permuted.folder / "report.html").read_text()
    assert permuted.metrics.ceiling is None
    before, after = (
        run.predictions.drop_duplicates("trial").set_index("trial").sort_index() for run in (result, permuted)
    )
    assert (before["label"] != after["label"]).any()
    assert count_by_subject(before, "label") == count_by_subject(after, "label")


def count_by_subject(table: pd.DataFrame, column: str) -> dict[tuple[str, str], int]:
    return table.groupby("subject")[column].value_counts().to_dict()


def test_permuting_moves_labels_within_a_subject_only(cache: Path, result: BenchmarkResult) -> None:
    folder = next(path.parent for path in cache.glob("*/prepared.json"))
    prepared = open_prepared(folder)
    permuted = permute_levels(prepared, task=TASK, seed=3)
    assert count_by_subject(prepared.table, "level") == count_by_subject(permuted.table, "level")
    assert (prepared.table["level"] != permuted.table["level"]).any()
    pd.testing.assert_series_equal(prepared.table["trial"], permuted.table["trial"])
    assert permuted.table.equals(permute_levels(prepared, task=TASK, seed=3).table)
