"""The ways through the package that the command line offers, as functions.

Input: a data folder and settings. Output: an index, prepared windows, a run folder with its report and bundle. Each
is a chain of calls to the modules above.
"""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import pandas as pd

from ecg_facial.datasets.indexing import find_marker, index_dataset
from ecg_facial.datasets.readers.registry import READERS
from ecg_facial.datasets.records import DatasetIndex
from ecg_facial.datasets.settings import AUTO
from ecg_facial.evaluation.audit.running import audit_run
from ecg_facial.evaluation.audit.settings import CHEAP, WHOLE, AuditSettings
from ecg_facial.evaluation.benchmark.run_file import describe_run, open_windows
from ecg_facial.evaluation.benchmark.run_record import RUN_FILE, RunRecord
from ecg_facial.evaluation.benchmark.runner import (
    METRICS_FILE,
    BenchmarkResult,
    load_run,
    run_benchmark,
)
from ecg_facial.evaluation.benchmark.settings import BenchmarkSettings
from ecg_facial.evaluation.judging.predictions_table import from_run
from ecg_facial.evaluation.judging.published import list_published
from ecg_facial.evaluation.judging.schema import AuditResult
from ecg_facial.evaluation.protocols.fold_manifest import FOLDS_FILE
from ecg_facial.evaluation.report.examples import choose_examples
from ecg_facial.evaluation.report.tables import write_tables
from ecg_facial.evaluation.report.writing import write_report
from ecg_facial.inference.bundle import check_bundle_folder
from ecg_facial.labels import Task
from ecg_facial.nets.features import frozen_features
from ecg_facial.runtime.executors.contract import Executor
from ecg_facial.runtime.executors.serial import SERIAL
from ecg_facial.runtime.progress import announce_time
from ecg_facial.simulate.observer.ceiling import observe_cohort, read_cohort_settings
from ecg_facial.workflow.bundling import train_bundle
from ecg_facial.workflow.preparing import Prepared, join_datasets, prepare_dataset
from ecg_facial.workflow.scoring import REPORT_FILE, TABLES_FOLDER
from ecg_facial.workflow.settings import DataOptions

MODEL_FOLDER, AUDIT_FILE = "model", "audit.json"


def benchmark_dataset(
    data: Path,
    out: Path,
    *,
    options: DataOptions,
    settings: BenchmarkSettings,
    cache: Path | None = None,
    test_data: Path | None = None,
    folds: Path | None = None,
    with_bundle: bool = True,
    executor: Executor = SERIAL,
    show_progress: bool = False,
) -> BenchmarkResult:
    """Evaluate by a protocol and write the whole run folder.

    Parameters
    ----------
    data : Path
        What `datasets.index_dataset` reads.
    out : Path
        Run folder; an interrupted run is resumed.
    options : DataOptions
    settings : BenchmarkSettings
    cache : Path, optional
        Folder of the prepared windows, ``out/windows`` without it.
    test_data : Path, optional
        The data set to test on, for the protocol ``cross-dataset``.
    folds : Path, optional
        A fold manifest to repeat.
    with_bundle : bool
        Train once more on all subjects and write ``out/model``.
    executor : Executor
    show_progress : bool

    Returns
    -------
    BenchmarkResult
    """
    begin = time.monotonic()
    if with_bundle:
        check_bundle_folder(out / MODEL_FOLDER)
    read = partial(
        prepare_dataset,
        out=cache or out / "windows",
        options=options,
        task=None if settings.classes else settings.task,
        executor=executor,
        show_progress=show_progress,
    )
    found = read(data) if test_data is None else join_datasets(read(data), read(test_data))
    ceiling = None if settings.permute_labels else observe_ceiling(found, settings.find_task())
    result = run_benchmark(
        found.prepared,
        out,
        settings=settings,
        folds=folds,
        ceiling=ceiling,
        executor=executor,
        show_progress=show_progress,
    )
    with announce_time("Auditing for leakage", show=show_progress):
        result = audit_result(result, found, settings)
    # no bundle for per-person normalisation: at prediction time only one window is known
    ships = with_bundle and settings.normalisation.mode == "none"
    if ships:
        train_bundle(found.prepared.parts[0], out / MODEL_FOLDER, settings=settings, show_progress=show_progress)
    with announce_time("Writing the report", show=show_progress):
        write_run(
            result,
            found,
            settings,
            repeated=folds is not None,
            wall_s=time.monotonic() - begin,
            bundle=MODEL_FOLDER if ships else None,
        )
    return result


def audit_result(
    result: BenchmarkResult, found: Prepared, settings: BenchmarkSettings, audit: AuditSettings = CHEAP
) -> BenchmarkResult:
    """Audit a run and write the verdict to `audit.json` and `metrics.json`; of a leaking protocol its folds too."""
    found_of = partial(audit_run, found.prepared, settings=settings, trials=found.index.trials)
    verdict = found_of(result, audit=audit)
    metrics = replace(result.metrics, audit=verdict)
    if result.original is not None and metrics.original is not None:
        leaking = found_of(result.original, audit=AuditSettings(n_folds=0))
        metrics = replace(metrics, original=replace(metrics.original, audit=leaking))
    verdict.write(result.folder / AUDIT_FILE)
    metrics.write(result.folder / METRICS_FILE)
    return replace(result, metrics=metrics)


def audit(
    run: Path | str, *, settings: AuditSettings = WHOLE, data: Path | str | None = None, executor: Executor = SERIAL
) -> AuditResult:
    """Audit a finished run folder, and write `audit.json` and the verdict in `metrics.json`.

    Parameters
    ----------
    run : path
        Folder of a finished run of the built-in models.
    settings : AuditSettings
        How much is audited.
    data : path, optional
        The data set, to compare stretches of files too.
    executor : Executor
        The result does not depend on it.

    Returns
    -------
    AuditResult

    Raises
    ------
    MissingDataError, CorruptDataError, StaleCacheError
        When it is no finished run, or its windows are gone or others.
    """
    folder = Path(run)
    about = RunRecord.read(folder / RUN_FILE)
    audited, prepared = about.benchmark_settings, open_windows(about, folder)
    folds = folder / FOLDS_FILE if about.folds_repeated else None
    result = load_run(prepared, folder, settings=audited, folds=folds)
    trials = () if data is None else _index_again(data, about).trials
    found = audit_run(prepared, result, settings=audited, audit=settings, trials=trials, executor=executor)
    found.write(folder / AUDIT_FILE)
    replace(result.metrics, audit=found).write(folder / METRICS_FILE)
    return found


def _index_again(data: Path | str, run: RunRecord) -> DatasetIndex:
    """Index the data set of a run as the run did; of two joined data sets the reader that fits."""
    reader = run.reader if run.reader in READERS else AUTO
    return index_dataset(data, reader=reader, reader_options=run.reader_settings, window_s=run.window_settings.window_s)


def write_run(
    result: BenchmarkResult,
    found: Prepared,
    settings: BenchmarkSettings,
    *,
    repeated: bool,
    wall_s: float,
    bundle: str | None,
) -> None:
    """Write `run.json`, tables, and the report, whose examples are of the first seed."""
    shown = result.predictions[result.predictions["seed"] == result.predictions["seed"].min()]
    run = describe_run(
        found.index, found.prepared, settings, result=result, repeated=repeated, wall_s=wall_s, bundle=bundle
    )
    run.write(result.folder / RUN_FILE)
    examples = choose_examples(
        shown, found.prepared, found.index, task=settings.find_task(), model=result.metrics.main_model
    )
    people = from_run(shown, result.metrics.class_names, people=found.prepared.table).table
    write_tables(result.folder / TABLES_FOLDER, result.metrics, simulated=result.simulated)
    write_report(
        result.folder / REPORT_FILE,
        run=run,
        metrics=result.metrics,
        predictions=people,
        examples=examples,
        published=list_published(settings.task),
    )


def observe_ceiling(found: Prepared, task: Task) -> pd.DataFrame | None:
    """Get the ideal observer's predictions of simulated trials; None for real data or unknown settings."""
    if not found.index.simulated or len(found.prepared.parts) > 1:
        return None
    marker = find_marker(found.index.root, found.index.trials)
    cohort = None if marker is None else read_cohort_settings(marker)
    return None if cohort is None else observe_cohort(cohort, task, subjects=set(found.prepared.table["subject"]))


def train_dataset(
    data: Path,
    out: Path,
    *,
    options: DataOptions,
    settings: BenchmarkSettings,
    cache: Path | None = None,
    executor: Executor = SERIAL,
    show_progress: bool = False,
) -> Path:
    """Train on everybody and write a bundle to `out`; windows are kept in `cache`, ``<out>-windows`` without it."""
    check_bundle_folder(out)
    found = prepare_dataset(
        data,
        cache or out.with_name(out.name + "-windows"),
        options=options,
        task=settings.task,
        executor=executor,
        show_progress=show_progress,
    )
    frozen_features(found.prepared, settings.models.facial, executor=executor, show_progress=show_progress)
    train_bundle(found.prepared, out, settings=settings, show_progress=show_progress)
    return out
