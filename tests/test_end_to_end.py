"""From files to predictions, metrics, report and bundle; killed, resumed, repeated."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from blocking import block_imports
from key_pages import Keys, collect_keys, read_page
from killing import assert_same_results, kill_when
from safetensors.torch import load_file
from write_keys import FILES

from ecg_facial.cli.wording import describe_index, show_result
from ecg_facial.datasets.indexing import index_dataset
from ecg_facial.ecg_model import ECGModel
from ecg_facial.errors import MissingDataError, StaleCacheError
from ecg_facial.evaluation.audit.settings import AuditSettings
from ecg_facial.evaluation.benchmark.run_record import RunRecord
from ecg_facial.evaluation.benchmark.runner import BenchmarkResult, permute_levels
from ecg_facial.evaluation.benchmark.settings import BenchmarkSettings
from ecg_facial.evaluation.judging.predictions_file import COLUMNS
from ecg_facial.evaluation.judging.predictions_table import read_predictions
from ecg_facial.evaluation.judging.schema import AuditResult, LeakageGap, ProtocolComparison, RunMetrics
from ecg_facial.evaluation.report.checklist import fill_checklist
from ecg_facial.face.pixels import normalise_crops
from ecg_facial.facial_model import FacialModel
from ecg_facial.inference.bundle import load_bundle
from ecg_facial.labels import get_task
from ecg_facial.learning.settings import ModelSettings, TrainingSettings
from ecg_facial.nets.settings import EcgSettings, FacialSettings
from ecg_facial.prepared.stored import open_prepared
from ecg_facial.runtime.executors.local import ProcessesExecutor
from ecg_facial.simulate.cohort import simulate_cohort
from ecg_facial.simulate.settings.cohort_settings import CohortSettings
from ecg_facial.windows.settings import WindowSettings
from ecg_facial.workflow import benchmarking
from ecg_facial.workflow.benchmarking import audit, benchmark_dataset, train_dataset
from ecg_facial.workflow.settings import DataOptions

# a whole run is set up for the first test: minutes on a machine that is busy
pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]

TASK = get_task("biovid4")
MODELS_OF_A_RUN = (
    "facial", "ecg", "fusion", "ecg:descriptors", "ecg:rate", "facial:descriptors", "fusion:descriptors", "majority",
)  # fmt: skip
N_SUBJECTS = 4
OPTIONS = DataOptions(windows=WindowSettings(n_frames=3, crop_px=48))
SETTINGS = BenchmarkSettings(
    models=ModelSettings(
        facial=FacialSettings(hidden=4, n_layers=1),
        ecg=EcgSettings(width=16, n_heads=2, n_layers=1, feedforward=16),
        facial_training=TrainingSettings(epochs=2, batch_size=8),
        ecg_training=TrainingSettings(epochs=2, batch_size=8),
    ),
    seeds=2,
)


# for runs of which neither bundle nor audit is looked at
PLAIN = {"with_bundle": False, "with_audit": False}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cohort of BioVid's shape: 4 people, one trial a level."""
    out = tmp_path_factory.mktemp("data") / "cohort"
    settings = CohortSettings(n_subjects=N_SUBJECTS, trials_per_level=1, levels=TASK.levels, seed=5)
    return simulate_cohort(out, settings)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("windows")


@pytest.fixture(scope="module", autouse=True)
def _ceilings_are_computed_once() -> Iterator[None]:
    """All runs here are of one cohort, and an observer takes seconds to look at it."""
    observe, found = benchmarking.observe_ceiling, dict[tuple[str, ...], pd.DataFrame | None]()

    def observe_once(prepared: Any, index: Any, settings: BenchmarkSettings) -> pd.DataFrame | None:
        key = (
            settings.find_task().name,
            str(index.simulated),
            str(len(prepared.parts)),
            *map(str, prepared.table["subject"]),
        )
        if key not in found:
            found[key] = observe(prepared, index, settings)
        return found[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(benchmarking, "observe_ceiling", observe_once)
        yield


@pytest.fixture(scope="module")
def result(data: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> BenchmarkResult:
    out = tmp_path_factory.mktemp("runs") / "whole"
    return benchmark_dataset(data, out, options=OPTIONS, settings=SETTINGS, cache=cache)


def test_the_networks_are_audited_and_a_finished_folder_can_be_audited_again(result: BenchmarkResult) -> None:
    found = result.metrics.audit
    assert found is not None
    assert found.verdict == "no leak found", found
    assert AuditResult.read(result.folder / "audit.json") == found
    # beside the first one, so that its windows are where it says
    folder = Path(shutil.copytree(result.folder, result.folder.parent / "copy"))
    again = audit(folder, settings=AuditSettings(n_folds=2, order=True))
    assert again.verdict == "no leak found", again.describe()
    assert sum(check.passed is True for check in again.checks) > sum(check.passed is True for check in found.checks)
    assert RunMetrics.read(folder / "metrics.json").audit == again
    with pytest.raises(MissingDataError, match="expected the folder of a finished run"):
        audit(folder / "model", settings=AuditSettings())


def test_a_run_leaves_everything_it_promises(result: BenchmarkResult) -> None:
    assert {path.name for path in result.folder.iterdir()} == {
        "audit.json",
        "figures",
        "folds",
        "folds.json",
        "metrics.json",
        "model",
        "predictions.csv",
        "report.html",
        "run.json",
        "tables",
    }
    predictions = read_predictions(result.folder / "predictions.csv").table
    assert len(predictions) == len(MODELS_OF_A_RUN) * 4 * N_SUBJECTS * SETTINGS.seeds
    assert set(predictions["seed"]) == {0, 1}
    assert set(predictions["model"]) == set(MODELS_OF_A_RUN)
    assert predictions.groupby("subject")["fold"].nunique().max() == 1
    assert RunMetrics.read(result.folder / "metrics.json") == result.metrics
    assert result.metrics.n_subjects == N_SUBJECTS
    run = json.loads((result.folder / "run.json").read_text())
    assert run["simulated"] is True
    assert run["protocol"] == "leave-one-subject-out"
    assert len(run["data_fingerprint"]) == 64


def test_the_page_of_keys_names_every_key_of_a_run_and_no_other(result: BenchmarkResult) -> None:
    listed, seen = read_page(), Keys()
    for file, kind in FILES:
        collect_keys(json.loads((result.folder / file).read_text()), kind, seen)
    # what this run has no cause to hold: a leaking protocol, cross-fitting, a chosen model, left-out recordings, ...
    elsewhere = {("RunMetrics", "original"), ("Part", "trials"), ("FoldRecord", "chosen_face")}
    elsewhere |= {("Fold", name) for name in ("crossfit", "refit", "fusion_test")}
    absent = {
        "ProtocolComparison",
        "LeakageGap",
        "LeakingRun",
        "InnerFold",
        "ProblemRecord",
        "TableRecord",
        "FeatureSettings",
    }
    assert set(seen) == {key for key in listed if key[0] not in absent} - elsewhere
    header = (result.folder / "predictions.csv").read_text().splitlines()[0].split(",")
    columns = dict.fromkeys("p_<class>" if name.startswith("p_") else name for name in header)
    assert list(columns) == [column.name for column in COLUMNS]


def test_the_report_names_the_bundle_where_there_is_one(result: BenchmarkResult) -> None:
    run = RunRecord.read(result.folder / "run.json")
    assert run.bundle == "model"
    items = {item.number: item.text for item in fill_checklist(run, result.metrics)}
    assert "bundle in model/" in items["22"]


def test_every_fold_tests_one_subject_who_neither_trains_nor_stops(result: BenchmarkResult) -> None:
    folds = [json.loads(path.read_text()) for path in sorted((result.folder / "folds").glob("*.json"))]
    assert len(folds) == N_SUBJECTS * SETTINGS.seeds
    assert len({fold["test_subjects"][0] for fold in folds}) == N_SUBJECTS
    for fold in folds:
        assert not set(fold["test_subjects"]) & set(fold["validation_subjects"])
        assert set(fold["subject"]) == set(fold["test_subjects"])


def test_the_report_is_one_file_that_says_simulated_everywhere(result: BenchmarkResult) -> None:
    text = (result.folder / "report.html").read_text()
    outside = re.sub(r"<svg.*?</svg>", "", text, flags=re.S)
    assert not re.search(r"""(?:src|href)=["'](?!data:|#)""", outside)
    assert "http" not in outside
    figures = re.findall(r"<svg.*?</svg>", text, flags=re.S)
    assert len(figures) == text.count("<figure>") >= 3
    assert all("SIMULATED" in figure for figure in figures)
    assert text.count("<caption>") == text.count('<caption><span class="mark">SIMULATED')
    assert len(text) < 5e6


def test_the_terminal_shows_all_models_and_baselines_beside_chance(result: BenchmarkResult) -> None:
    shown = show_result(result)
    assert shown.startswith("SIMULATED")
    rows = shown.splitlines()[3 : 4 + len(MODELS_OF_A_RUN)]
    assert [line.split()[0] for line in rows] == [*MODELS_OF_A_RUN, "chance"]
    assert "25.0" in shown
    assert shown.splitlines()[2].split()[:4] == ["model", "accuracy", "ceiling", "balanced"]


def test_the_terminal_shows_spread_stamps_and_what_leakage_is_worth(result: BenchmarkResult) -> None:
    assert "normalisation none: 4 subjects, 16 trials, 2 seeds (standard deviation up to" in show_result(result)
    gap = LeakageGap(accuracy=0.75, honest_accuracy=0.35, leakage=0.4)
    original = ProtocolComparison(protocol="original", stamps=("LEAKS: so",), models={"fusion": gap})
    metrics = replace(result.metrics, stamps=("TRANSDUCTIVE",), original=original)
    shown = show_result(replace(result, metrics=metrics))
    assert shown.splitlines()[1] == "TRANSDUCTIVE"
    assert "random 80/20 over trials: fusion 75.0 instead of 35.0 (+40.0 points)\nLEAKS: so" in shown


def test_a_run_says_how_its_folds_were_made(result: BenchmarkResult) -> None:
    run = json.loads((result.folder / "run.json").read_text())
    folds = json.loads((result.folder / "folds.json").read_text())
    assert run["folds_sha256"] == folds["sha256"] == result.metrics.folds_sha256
    assert run["seeds"] == [0, 1]
    assert run["refit_rule"].startswith("no refit")
    assert run["normalisation"]["mode"] == "none"
    assert (run["stamps"], run["original"], run["folds_repeated"]) == ([], None, False)


def test_a_simulated_result_stands_beside_its_ceiling(result: BenchmarkResult) -> None:
    ceiling = result.metrics.ceiling
    assert ceiling is not None
    assert set(ceiling) == {"facial", "ecg", "fusion"}
    for beside in ceiling.values():
        assert beside.n_trials == 4 * N_SUBJECTS
        assert beside.accuracy > 0.3
        assert not beside.leakage
    assert re.search(r"ideal\s+observer", (result.folder / "report.html").read_text())


@pytest.mark.usefixtures("no_figures")
def test_results_do_not_depend_on_the_number_of_workers(
    data: Path, cache: Path, result: BenchmarkResult, tmp_path: Path
) -> None:
    again = benchmark_dataset(
        data,
        tmp_path / "run",
        options=OPTIONS,
        settings=SETTINGS,
        cache=cache,
        executor=ProcessesExecutor(2),
        **PLAIN,
    )
    assert_same_results(again.folder, result.folder)


@pytest.mark.usefixtures("no_figures")
def test_a_run_killed_in_the_middle_goes_on_and_ends_with_the_same_bytes(
    data: Path, cache: Path, result: BenchmarkResult, tmp_path: Path
) -> None:
    out = tmp_path / "killed"
    program = (
        "import sys, pathlib; sys.path.insert(0, sys.argv[1]); import importlib.util as u;"
        "s = u.spec_from_file_location('e2e', sys.argv[1]); m = u.module_from_spec(s); s.loader.exec_module(m);"
        "d, c, o = map(pathlib.Path, sys.argv[2:]);"
        "m.benchmark_dataset(d, o, options=m.OPTIONS, settings=m.SETTINGS, cache=c, **m.PLAIN)"
    )
    command = [sys.executable, "-c", program, __file__, str(data), str(cache), str(out)]
    for wanted in (1, 6):
        kill_when(command, lambda wanted=wanted: len(list((out / "folds").glob("[!.]*.json"))) >= wanted)
        assert not (out / "predictions.csv").exists()
    stamps = {path: path.stat().st_mtime_ns for path in (out / "folds").glob("[!.]*.json")}
    resumed = benchmark_dataset(data, out, options=OPTIONS, settings=SETTINGS, cache=cache, **PLAIN)
    assert all(path.stat().st_mtime_ns == stamp for path, stamp in stamps.items())
    assert_same_results(resumed.folder, result.folder)


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


def test_a_folder_of_other_settings_is_not_mixed_in(data: Path, cache: Path, result: BenchmarkResult) -> None:
    other = BenchmarkSettings(models=SETTINGS.models, seed=1)
    with pytest.raises(StaleCacheError, match="other data, settings or code"):
        benchmark_dataset(data, result.folder, options=OPTIONS, settings=other, cache=cache)


@pytest.mark.usefixtures("no_figures")
def test_one_data_set_trains_and_another_is_tested(
    data: Path, cache: Path, result: BenchmarkResult, tmp_path: Path
) -> None:
    listed = index_dataset(data).trials[: 4 * 2]
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


def test_predict_runs_without_torch_and_equals_torch(data: Path, cache: Path, result: BenchmarkResult) -> None:
    prepared = open_prepared(next(path.parent for path in cache.glob("*/prepared.json")))
    trial = str(prepared.table["trial"].iloc[5])
    subject = str(prepared.table["subject"].iloc[5])
    files = {
        "--video": data / "PartA" / "video" / subject / f"{trial}.mp4",
        "--ecg": data / "PartA" / "biosignals_filtered" / subject / f"{trial}_bio.csv",
    }
    said = predict_without_torch(result.folder / "model", files)
    probabilities = compute_with_torch(result.folder / "model", prepared, row=5)
    np.testing.assert_allclose(said["probabilities"], probabilities, atol=1e-5)
    assert said["predicted"] == TASK.class_names[int(np.argmax(probabilities))]
    assert said["simulated"] is True
    for option, other in (("--video", "ecg"), ("--ecg", "facial")):
        alone = predict_without_torch(result.folder / "model", {option: files[option]})
        assert alone[other] is None
        assert sum(alone["probabilities"]) == pytest.approx(1)


def predict_without_torch(bundle: Path, files: dict[str, Path]) -> dict[str, object]:
    program = (
        f"{block_imports('torch', 'pandas')}from ecg_facial.cli.app import main; sys.argv[0] = 'ecg-facial'; main()"
    )
    options = [str(part) for option in files.items() for part in option]
    done = subprocess.run(
        [sys.executable, "-c", program, "predict", str(bundle), *options, "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def compute_with_torch(folder: Path, prepared: object, *, row: int) -> np.ndarray:
    facial = FacialModel(SETTINGS.models.facial, n_classes=4).eval()
    ecg = ECGModel(SETTINGS.models.ecg, n_classes=4).eval()
    facial.load_state_dict(load_file(folder / "facial.safetensors"))
    ecg.load_state_dict(load_file(folder / "ecg.safetensors"))
    mask = prepared[row].frame_mask
    with torch.no_grad():
        frames = torch.from_numpy(normalise_crops(prepared[row].crops))[None]
        face = facial(frames, torch.from_numpy(np.array(mask))[None]).numpy()
        tokens, times_s = (
            torch.from_numpy(np.array(v))[None] for v in (prepared[row].tokens, prepared[row].token_times_s)
        )
        heart = ecg(tokens, times_s).numpy()
    return load_bundle(folder).info.fusion.probabilities(face, heart)["fusion"][0]


def test_the_bundle_says_what_it_is(result: BenchmarkResult) -> None:
    info = load_bundle(result.folder / "model").info
    assert info.class_names == TASK.class_names
    assert info.windows == OPTIONS.windows
    assert info.simulated
    assert info.n_subjects == N_SUBJECTS


@pytest.mark.usefixtures("weights_alone")
def test_training_alone_writes_the_bundle_of_the_run(
    data: Path, cache: Path, result: BenchmarkResult, tmp_path: Path
) -> None:
    folder = train_dataset(data, tmp_path / "model", options=OPTIONS, settings=SETTINGS, cache=cache)
    trained, of_the_run = load_bundle(folder), load_bundle(result.folder / "model")
    assert trained.info == of_the_run.info
    for name in ("facial.safetensors", "ecg.safetensors"):
        assert trained.files[name] == of_the_run.files[name]


def test_predict_runs_on_real_clips_and_ecgs(result: BenchmarkResult, shared_data: Path) -> None:
    seen = predict_without_torch(
        result.folder / "model",
        {
            "--video": shared_data / "face_video" / "single_face.mp4",
            "--ecg": shared_data / "ecg" / "other" / "e0103.csv",
        }
        | {"--fs-hz": Path("250")},
    )
    assert seen["n_frames_with_face"] == 1  # of 3 looked for in 5.5 s: the clip ends after 2.4 s
    unseen = predict_without_torch(result.folder / "model", {"--video": shared_data / "face_video" / "no_face.mp4"})
    assert unseen["predicted"] is None
    assert unseen["face_quality"] == 0
    assert any("no face" in note for note in unseen["notes"])


def test_an_index_is_told_by_subject_and_level(data: Path) -> None:
    shown = describe_index(index_dataset(data))
    assert "SIMULATED" in shown
    assert "16 usable trials" in shown
    assert "problems: none" in shown


@pytest.mark.usefixtures("no_figures")
def test_rest_recordings_change_no_prediction(data: Path, cache: Path, result: BenchmarkResult, tmp_path: Path) -> None:
    index, root = index_dataset(data), tmp_path / "with rest"
    root.mkdir()
    for path in data.iterdir():
        (root / path.name).symlink_to(path)
    for subject in index.subjects:
        # what they show does not matter here: the clips of the highest level would do the most harm
        trial = next(trial for trial in index.trials if trial.subject == subject and trial.code == "PA3")
        for source, part, ending in ((trial.video, "video", ".mp4"), (trial.ecg, "biosignals_filtered", "_bio.csv")):
            assert source is not None
            folder = root / "rest" / part / subject.id
            folder.mkdir(parents=True)
            (folder / f"{subject.id}-REST-001{ending}").symlink_to(source.path)
    rested = benchmark_dataset(root, tmp_path / "run", options=OPTIONS, settings=SETTINGS, cache=cache, **PLAIN)
    run = json.loads((rested.folder / "run.json").read_text())
    assert (run["n_trials"], run["n_rest"], run["n_subjects"]) == (len(index), N_SUBJECTS, N_SUBJECTS)
    assert_same_results(rested.folder, result.folder)
