"""What a run from files to report leaves, and what the terminal shows of it."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from key_pages import Keys, collect_keys, read_page
from whole_run import N_SUBJECTS, SETTINGS
from write_keys import FILES

from ecg_facial.cli.wording import describe_index, show_result
from ecg_facial.datasets.indexing import index_dataset
from ecg_facial.errors import MissingDataError
from ecg_facial.evaluation.audit.settings import AuditSettings
from ecg_facial.evaluation.benchmark.run_record import RunRecord
from ecg_facial.evaluation.benchmark.runner import BenchmarkResult
from ecg_facial.evaluation.judging.predictions_file import COLUMNS
from ecg_facial.evaluation.judging.predictions_table import read_predictions
from ecg_facial.evaluation.judging.schema import AuditResult, LeakageGap, ProtocolComparison, RunMetrics
from ecg_facial.evaluation.report.checklist import fill_checklist
from ecg_facial.workflow.benchmarking import audit

# the whole run is made for the first test: minutes on a machine that is busy
pytestmark = [pytest.mark.long, pytest.mark.timeout(1800), pytest.mark.usefixtures("shared_fresh")]
MODELS_OF_A_RUN = (
    "facial", "ecg", "fusion", "ecg:descriptors", "ecg:rate", "facial:descriptors", "fusion:descriptors", "majority",
)  # fmt: skip


def test_the_networks_are_audited_and_a_finished_folder_can_be_audited_again(result: BenchmarkResult) -> None:
    found = result.metrics.audit
    assert found is not None
    assert found.verdict == "no leak found", found
    assert AuditResult.read(result.folder / "audit.json") == found
    # beside the first one, so that its windows are where it says
    folder = Path(shutil.copytree(result.folder, result.folder.parent / "copy"))
    again = audit(folder, settings=AuditSettings(n_folds=1, order=True))
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


def test_an_index_is_told_by_subject_and_level(data: Path) -> None:
    shown = describe_index(index_dataset(data))
    assert "SIMULATED" in shown
    assert "16 usable trials" in shown
    assert "problems: none" in shown
