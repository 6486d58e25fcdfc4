"""A table of features from one command to the whole run folder, and an audit of it; own methods get the same."""

from __future__ import annotations

import csv
import errno
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from feature_table import LABELS, draw_features, write_features
from fewer_figures import keep_figures
from sklearn.linear_model import LogisticRegression

from ecg_facial.cli import app as cli
from ecg_facial.datasets.settings import FeatureSettings
from ecg_facial.errors import MissingDataError, SettingsError, StaleCacheError
from ecg_facial.evaluation.audit.settings import AuditSettings
from ecg_facial.evaluation.benchmark.adapters import EstimatorPipeline
from ecg_facial.evaluation.benchmark.pipelines import CalibratedPipeline
from ecg_facial.evaluation.benchmark.run_record import RunRecord
from ecg_facial.evaluation.benchmark.settings import BenchmarkSettings
from ecg_facial.evaluation.benchmark.trial_set import TrialSet
from ecg_facial.evaluation.judging.schema import RunMetrics
from ecg_facial.prepared.settings import NormalisationSettings
from ecg_facial.runtime.typing import Float64Array
from ecg_facial.workflow import benchmarking
from ecg_facial.workflow.benchmarking import audit
from ecg_facial.workflow.tabular import benchmark_table

pytestmark = pytest.mark.usefixtures("shared_fresh")

COLUMNS = FeatureSettings(features="face_*:facial,ecg_*:ecg", label="pain", subject="who", trial="n")
SETTINGS = BenchmarkSettings(protocol="kfold:3", task="own", classes=LABELS)
TABLE = ["--features", "face_*:facial", "--label", "pain", "--subject", "who"]
QUICK = AuditSettings(n_folds=1)


def read_features(trials: TrialSet) -> Float64Array:
    return trials.values("ecg")


def make_own() -> CalibratedPipeline:
    return EstimatorPipeline("own", LogisticRegression(), features=read_features)


@pytest.fixture(scope="module", autouse=True)
def _no_figures() -> Iterator[None]:
    with keep_figures():
        yield


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("table")
    table = draw_features()
    table.loc[4, ["ecg_0", "ecg_1"]] = np.nan
    write_features(folder / "table.csv", table.assign(sex=np.where(table["who"] < "p3", "f", "m")))
    benchmark_table(
        folder / "table.csv", folder / "run", columns=COLUMNS, settings=SETTINGS, pipelines=[f"{__name__}:make_own"]
    )
    return folder / "run"


def test_the_whole_run_folder_is_written(finished: Path) -> None:
    assert {path.name for path in finished.iterdir()} >= {
        "predictions.csv", "metrics.json", "run.json", "audit.json", "folds.json", "report.html", "tables",
    }  # fmt: skip
    run, metrics = RunRecord.read(finished / "run.json"), RunMetrics.read(finished / "metrics.json")
    assert (run.reader, run.task, run.class_names, run.window_settings) == ("table", "own", LABELS, None)
    assert run.table is not None
    assert (run.table.path, run.table.columns) == ("../table.csv", COLUMNS)
    assert run.table.n_features == {"facial": 3, "ecg": 2}
    assert run.pipelines == (f"{__name__}:make_own",)
    assert metrics.main_model == "fusion"
    assert {"facial", "ecg", "all", "fusion", "fusion:equal", "all:logistic", "own"} <= set(metrics.models)
    assert metrics.models["fusion"].overall.accuracy > 0.5, "labels follow the features"
    assert "ecg: 1 of 54 trials lack it" in metrics.notes
    assert list(metrics.models["fusion"].strata) == ["sex"]
    assert json.loads((finished / "audit.json").read_text())["checks"]


def test_the_report_says_nothing_of_windows_and_videos(finished: Path) -> None:
    text = (finished / "report.html").read_text(encoding="utf-8")
    assert "ecg: 1 of 54 trials lack it" in text
    for wrong in ("visible face", "window_s", "evel of the stimulus", "ResNet", "Transformer", "Labels of BioVid"):
        assert wrong not in text, wrong


def test_predictions_have_a_column_per_label_and_no_qualities(finished: Path) -> None:
    with (finished / "predictions.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [name for name in rows[0] if name.startswith("p_")] == [f"p_{label}" for label in LABELS]
    assert {(row["face_quality"], row["ecg_quality"]) for row in rows} == {("", "")}
    assert {row["trial"] for row in rows if row["subject"] == "p2"} == {f"p2-{number}" for number in range(9)}


def test_an_audit_opens_the_table_and_the_methods_again(finished: Path) -> None:
    found = audit(finished, settings=QUICK)
    assert not [check.message for check in found.checks if check.passed is False]
    again = [check.name for check in found.checks if "the fold alone equals the fold in its run" in check.name]
    assert any(name.startswith("own: ") for name in again), again


def test_an_audit_refuses_a_changed_or_absent_table_and_other_methods(finished: Path, tmp_path: Path) -> None:
    moved = tmp_path / "run"
    moved.mkdir()
    for name in ("run.json", "folds.json", "metrics.json"):
        (moved / name).write_bytes((finished / name).read_bytes())
    with pytest.raises(MissingDataError, match="table of features is gone; say where it is with --data"):
        audit(moved)
    changed = draw_features(seed=1)
    write_features(tmp_path / "table.csv", changed)
    with pytest.raises(StaleCacheError, match="not the table that"):
        audit(moved)
    with pytest.raises(StaleCacheError, match="holds a run of other data"):
        audit(finished, settings=QUICK, pipelines=[f"{__name__}:make_other"])


def test_an_audit_that_cannot_be_written_is_refused_before_the_work(
    finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def refuse(path: Path, content: bytes) -> int:
        asked.append(path)
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "write_bytes", refuse)
    monkeypatch.setattr(benchmarking, "audit_run", pytest.fail)
    with pytest.raises(SettingsError, match=r"cannot be written to \(Permission denied\)"):
        audit(finished, settings=QUICK)
    assert [path.parent for path in asked] == [finished]


def make_other() -> CalibratedPipeline:
    return EstimatorPipeline("own", LogisticRegression(C=0.1), features=read_features)


def test_a_run_is_resumed_with_the_same_bytes(finished: Path) -> None:
    before = {path: path.read_bytes() for path in finished.glob("folds/*.json")}
    predictions = (finished / "predictions.csv").read_bytes()
    lost = sorted(before)[1]
    lost.unlink()
    benchmark_table(
        finished.parent / "table.csv",
        finished,
        columns=COLUMNS,
        settings=SETTINGS,
        pipelines=[f"{__name__}:make_own"],
        with_audit=False,
    )
    assert (finished / "predictions.csv").read_bytes() == predictions
    assert all(path.read_bytes() == content for path, content in before.items() if path != lost)


def test_what_is_made_for_windows_is_refused(tmp_path: Path) -> None:
    path = write_features(tmp_path / "table.csv", draw_features())
    causal = replace(SETTINGS, normalisation=NormalisationSettings(mode="causal"))
    with pytest.raises(SettingsError, match="normalisation 'causal' is of windows"):
        benchmark_table(path, tmp_path / "run", columns=COLUMNS, settings=causal)
    with pytest.raises(SettingsError, match="fusion weights 'learned'"):
        benchmark_table(path, tmp_path / "run", columns=COLUMNS, settings=replace(SETTINGS, fusion_weights="learned"))
    with pytest.raises(SettingsError, match="choose_face is of recordings"):
        benchmark_table(path, tmp_path / "run", columns=COLUMNS, settings=replace(SETTINGS, choose_face=True))
    few = write_features(tmp_path / "few.csv", draw_features(n_subjects=2))
    with pytest.raises(SettingsError, match="2 subjects"):
        benchmark_table(few, tmp_path / "run", columns=COLUMNS, settings=replace(SETTINGS, protocol="loso"))


@pytest.mark.parametrize("labels", [("REST", "PAIN"), ("0", "1"), ("no pain, awake", 'so "bad"'), ("BL1", "PA4")])
def test_labels_of_any_spelling_are_judged(tmp_path: Path, labels: tuple[str, str]) -> None:
    table = draw_features(n_subjects=4, n_trials=6)
    table["pain"] = np.where(table["pain"] == "none", *labels)
    path = write_features(tmp_path / "table.csv", table)
    columns = FeatureSettings(features="face_*:facial", label="pain", subject="who")
    settings = BenchmarkSettings(protocol="kfold:2")
    result = benchmark_table(path, tmp_path / "run", columns=columns, settings=settings, with_audit=False)
    assert set(result.metrics.class_names) == set(labels)
    assert result.metrics.n_trials == 24
    read = pd.read_csv(tmp_path / "run" / "predictions.csv", dtype={"label": str})
    assert set(read["label"]) == set(labels)
    assert RunRecord.read(tmp_path / "run" / "run.json").n_trials == 24


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def run_command(*typed: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["ecg-facial", *typed])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err.strip()

    return run_command


def test_the_command_takes_a_table_and_its_columns(tmp_path: Path, run: Callable[..., tuple[int, str, str]]) -> None:
    path = write_features(tmp_path / "table.csv", draw_features(n_subjects=4, n_trials=6))
    typed = ["benchmark", str(path), "--features", "face_*:facial", "--label", "pain", "--subject", "who"]
    running = ["--protocol", "kfold:2", "--seeds", "1", "--executor", "serial", "--out", str(tmp_path / "run")]
    code, out, _ = run(*typed, *running, "--simulated", "--classes", ",".join(LABELS))
    assert (code, "SIMULATED" in out) == (0, True)
    metrics = RunMetrics.read(tmp_path / "run" / "metrics.json")
    assert (metrics.simulated, metrics.ordered, metrics.class_names) == (True, True, LABELS)


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        (["--label", "pain"], "no --features, no --subject: a table of features needs --features, --label, --subject"),
        (["--features", "face_*:facial", "--label", "pain", "--subject", "id"], "no column 'id' (--subject)"),
        ([*TABLE, "--test-data", "other.csv"], "--test-data is of recordings"),
        ([*TABLE, "--cache", "windows"], "--cache is of recordings"),
        ([*TABLE, "--protocol", "cross-dataset"], "protocol cross-dataset: a table is one data set"),
        ([*TABLE, "--pipeline", "nothing"], "pipeline 'nothing': expected MODULE:NAME"),
        ([*TABLE, "--classes", "none,mild"], "pain: label 'severe' (8 trials) is not among the classes none, mild"),
    ],
)
def test_the_command_refuses_in_one_line(
    tmp_path: Path, run: Callable[..., tuple[int, str, str]], typed: list[str], message: str
) -> None:
    path = write_features(tmp_path / "table.csv", draw_features(n_subjects=4, n_trials=6))
    code, _, said = run("benchmark", str(path), *typed, "--out", str(tmp_path / "run"))
    assert code == 2
    assert message in said
    assert "\n" not in said
