"""`benchmark` in Python leaves the whole run folder, and an audit opens it again by data and methods."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fewer_figures import keep_figures
from sklearn.linear_model import LogisticRegression

from ecg_facial.errors import MissingDataError, SettingsError
from ecg_facial.evaluation.audit.settings import AuditSettings
from ecg_facial.evaluation.benchmark.adapters import EstimatorPipeline, heart_features
from ecg_facial.evaluation.benchmark.pipelines import CalibratedPipeline
from ecg_facial.evaluation.benchmark.run_record import RunRecord
from ecg_facial.evaluation.benchmark.settings import BenchmarkSettings
from ecg_facial.evaluation.benchmark.trial_set import TrialSet
from ecg_facial.evaluation.judging.schema import AuditResult
from ecg_facial.prepared.memory import MemoryData
from ecg_facial.runtime.executors.contract import Executor
from ecg_facial.runtime.executors.serial import SerialExecutor
from ecg_facial.workflow import benchmarking
from ecg_facial.workflow.benchmarking import audit
from ecg_facial.workflow.comparing import benchmark

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("shared_fresh")]

SETTINGS = BenchmarkSettings(protocol="kfold:2", baselines=False)
QUICK = AuditSettings(n_folds=1)
NO_FITS = AuditSettings(n_folds=0)


@pytest.fixture(scope="module", autouse=True)
def _no_figures() -> Iterator[None]:
    with keep_figures():
        yield


def make_own(trials: TrialSet) -> CalibratedPipeline:
    return EstimatorPipeline("own", LogisticRegression(), features=heart_features)


def test_own_methods_on_data_in_memory_leave_a_run_that_is_audited_again(
    make_prepared: Callable[..., MemoryData], tmp_path: Path
) -> None:
    prepared = make_prepared(n_subjects=4, n_frames=2)
    table = benchmark(prepared, make_own, settings=SETTINGS, out=tmp_path / "run")
    names = {path.name for path in (tmp_path / "run").iterdir()}
    assert {"predictions.csv", "metrics.json", "run.json", "audit.json", "report.html", "tables", "data"} <= names
    run = RunRecord.read(tmp_path / "run" / "run.json")
    assert (run.pipelines, run.reader, run.model_settings) == ((f"{__name__}:make_own",), "prepared", None)
    found = audit(tmp_path / "run", settings=QUICK)
    assert not [check.message for check in found.checks if check.passed is False]
    assert "own" in set(table["model"])


def test_a_method_without_a_name_is_asked_for(make_prepared: Callable[..., MemoryData], tmp_path: Path) -> None:
    prepared = make_prepared(n_subjects=4, n_frames=2)
    pipeline = EstimatorPipeline("ready", LogisticRegression(), features=heart_features)
    benchmark(prepared, pipeline, settings=SETTINGS, out=tmp_path, audit=False)
    with pytest.raises(SettingsError, match=r"method \(ready\) of this run has no name .* --pipeline MODULE:NAME"):
        audit(tmp_path, settings=NO_FITS)
    assert audit(tmp_path, settings=NO_FITS, pipelines=[pipeline]).checks


def test_data_that_were_not_kept_are_asked_for(
    make_prepared: Callable[..., MemoryData], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ecg_facial.prepared.keeping.MOST_BYTES", 1000)
    prepared = make_prepared(n_subjects=4, n_frames=2)
    benchmark(prepared, make_own, settings=SETTINGS, out=tmp_path, audit=False)
    with pytest.raises(MissingDataError, match=r"they were in memory alone; give them, audit\(run, prepared=...\)"):
        audit(tmp_path, settings=NO_FITS)
    assert audit(tmp_path, settings=NO_FITS, prepared=prepared).checks


def test_nothing_is_kept_without_a_folder(make_prepared: Callable[..., MemoryData]) -> None:
    table = benchmark(make_prepared(n_subjects=4, n_frames=2), make_own, settings=SETTINGS, audit=False)
    assert set(table["audit"]) == {"not checked"}


def test_the_audit_of_a_run_works_with_as_many_workers_as_the_run(
    make_prepared: Callable[..., MemoryData], monkeypatch: pytest.MonkeyPatch
) -> None:
    handed: list[Executor] = []

    def spy(*_: object, executor: Executor, **__: object) -> AuditResult:
        handed.append(executor)
        return AuditResult(checks=())

    monkeypatch.setattr(benchmarking, "audit_run", spy)
    own = SerialExecutor()
    benchmark(make_prepared(n_subjects=4, n_frames=2), make_own, settings=SETTINGS, executor=own)
    assert handed == [own]
