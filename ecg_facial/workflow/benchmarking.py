"""The ways through the package that the command line offers, as functions.

Input: a data folder and settings. Output: an index, prepared windows, a run folder with its report and bundle. Each
is a chain of calls to the modules above.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
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
from ecg_facial.evaluation.benchmark.naming import load_pipeline
from ecg_facial.evaluation.benchmark.pipelines import Factory, Pipeline
from ecg_facial.evaluation.benchmark.run_file import DataSource, describe_index, describe_run
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
from ecg_facial.nets.features import frozen_features
from ecg_facial.prepared.contract import PreparedData
from ecg_facial.recording import Trial
from ecg_facial.runtime.executors.contract import Executor
from ecg_facial.runtime.executors.serial import SERIAL
from ecg_facial.runtime.outputs import check_output_folder, lock_folder
from ecg_facial.runtime.progress import announce_time
from ecg_facial.simulate.observer.ceiling import observe_cohort, read_cohort_settings
from ecg_facial.windows.settings import WindowSettings
from ecg_facial.workflow.bundling import train_bundle
from ecg_facial.workflow.opening import open_data, open_pipelines
from ecg_facial.workflow.preparing import choose_classes, join_datasets, prepare_dataset, share_classes
from ecg_facial.workflow.scoring import REPORT_FILE, TABLES_FOLDER
from ecg_facial.workflow.settings import DataOptions

MODEL_FOLDER, AUDIT_FILE = "model", "audit.json"


def benchmark_dataset(
    data: Path,
    out: Path,
    *,
    options: DataOptions,
    settings: BenchmarkSettings,
    pipelines: Sequence[str] = (),
    cache: Path | None = None,
    test_data: Path | None = None,
    folds: Path | None = None,
    with_audit: bool = True,
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
    pipelines : sequence of str
        Own methods as MODULE:NAME, in place of the built-in models.
    cache : Path, optional
        Folder of the prepared windows, ``out/windows`` without it.
    test_data : Path, optional
        The data set to test on, for the protocol ``cross-dataset``.
    folds : Path, optional
        A fold manifest to repeat.
    with_audit, with_bundle : bool
        Look for leakage; train once more on all subjects and write ``out/model``, never for own methods.
    executor : Executor
    show_progress : bool

    Returns
    -------
    BenchmarkResult
    """
    begin = time.monotonic()
    options, settings = share_classes(options, settings)
    own = [load_pipeline(name) for name in pipelines] or None
    if with_bundle:
        check_bundle_folder(out / MODEL_FOLDER)
    read = partial(
        prepare_dataset,
        out=cache or out / "windows",
        options=options,
        task=settings.find_task(),
        executor=executor,
        show_progress=show_progress,
    )
    found = read(data) if test_data is None else join_datasets(read(data), read(test_data))
    with lock_folder(out):
        return run_prepared(
            found.prepared,
            out,
            settings=choose_classes(settings, found.index),
            source=describe_index(found.index),
            pipelines=own,
            names=tuple(pipelines),
            index=found.index,
            folds=folds,
            with_audit=with_audit,
            with_bundle=with_bundle and own is None,
            begin=begin,
            executor=executor,
            show_progress=show_progress,
        )


def run_prepared(
    prepared: PreparedData,
    out: Path,
    *,
    settings: BenchmarkSettings,
    source: DataSource,
    pipelines: Sequence[Factory | Pipeline] | None = None,
    names: tuple[str, ...] = (),
    index: DatasetIndex | None = None,
    folds: Path | None = None,
    with_audit: bool = True,
    with_bundle: bool = False,
    with_report: bool = True,
    begin: float | None = None,
    executor: Executor = SERIAL,
    show_progress: bool = False,
) -> BenchmarkResult:
    """Evaluate methods on prepared data, audit them, and write the whole run folder.

    Parameters
    ----------
    prepared : PreparedData
    out : Path
        Run folder; an interrupted run is resumed.
    settings : BenchmarkSettings
    source : DataSource
        What is known of the data.
    pipelines : sequence of factories or pipelines, optional
        The built-in models without it.
    names : tuple of str
        Own methods by name, by which an audit imports them.
    index : DatasetIndex, optional
        The indexed trials, where there are files: for examples, the ceiling and copies of files.
    folds : Path, optional
        A fold manifest to repeat.
    with_audit, with_bundle, with_report : bool
        Whether to look for leakage, to train the built-in models once more on all subjects and write ``out/model``, and
        to write `run.json`, tables and the report.
    begin : float, optional
        Time, as `time.monotonic` gives it, from which the duration is counted; now without it.
    executor : Executor
    show_progress : bool

    Returns
    -------
    BenchmarkResult
    """
    begin = time.monotonic() if begin is None else begin
    ceiling = None if index is None or settings.permute_labels else observe_ceiling(prepared, index, settings)
    result = run_benchmark(
        prepared,
        out,
        settings=settings,
        pipelines=pipelines,
        folds=folds,
        ceiling=ceiling,
        executor=executor,
        show_progress=show_progress,
    )
    result = replace(result, metrics=replace(result.metrics, notes=(*result.metrics.notes, *source.notes)))
    result.metrics.write(result.folder / METRICS_FILE)
    if with_audit:
        trials = () if index is None else index.trials
        with announce_time("Auditing for leakage", show=show_progress):
            result = audit_result(result, prepared, settings, pipelines=pipelines, trials=trials, executor=executor)
    # no bundle for per-person normalisation: at prediction time only one window is known
    ships = with_bundle and settings.normalisation.mode == "none"
    if ships:
        train_bundle(prepared.parts[0], out / MODEL_FOLDER, settings=settings, show_progress=show_progress)
    if not with_report:
        return result
    with announce_time("Writing the report", show=show_progress):
        run = describe_run(
            source,
            prepared,
            settings,
            result=result,
            repeated=folds is not None,
            wall_s=time.monotonic() - begin,
            bundle=MODEL_FOLDER if ships else None,
            pipelines=names,
        )
        write_run(result, run, prepared, index=index)
    return result


def audit_result(
    result: BenchmarkResult,
    prepared: PreparedData,
    settings: BenchmarkSettings,
    *,
    pipelines: Sequence[Factory | Pipeline] | None = None,
    trials: Iterable[Trial] = (),
    audit: AuditSettings = CHEAP,
    executor: Executor = SERIAL,
) -> BenchmarkResult:
    """Audit a run and write the verdict to `audit.json` and `metrics.json`; of a leaking protocol its folds too."""
    found_of = partial(
        audit_run, prepared, settings=settings, factories=pipelines, trials=tuple(trials), executor=executor
    )
    verdict = found_of(result, audit=audit)
    metrics, original = replace(result.metrics, audit=verdict), result.original
    if original is not None and metrics.original is not None:
        leaking = found_of(original, audit=AuditSettings(n_folds=0))
        metrics = replace(metrics, original=replace(metrics.original, audit=leaking))
        original = replace(original, metrics=replace(original.metrics, audit=leaking))
    verdict.write(result.folder / AUDIT_FILE)
    metrics.write(result.folder / METRICS_FILE)
    return replace(result, metrics=metrics, original=original)


def audit(
    run: Path | str,
    *,
    settings: AuditSettings = WHOLE,
    data: Path | str | None = None,
    prepared: PreparedData | None = None,
    pipelines: Sequence[Factory | Pipeline | str] | None = None,
    executor: Executor = SERIAL,
) -> AuditResult:
    """Audit a finished run folder, and write `audit.json` and the verdict in `metrics.json`.

    Parameters
    ----------
    run : path
        Folder of a finished run.
    settings : AuditSettings
        How much is audited.
    data : path, optional
        The data set, to compare stretches of files too; or the table of features, where it was moved.
    prepared : PreparedData, optional
        The data of the run, where they are in memory alone; those that its `run.json` names without it.
    pipelines : sequence of pipelines, factories or str, optional
        The run's own methods, also as MODULE:NAME; those that its `run.json` names without it.
    executor : Executor
        The result does not depend on it.

    Returns
    -------
    AuditResult

    Raises
    ------
    MissingDataError, CorruptDataError, StaleCacheError
        When it is no finished run, or its data or methods are gone or others.
    SettingsError
        When its own methods cannot be imported by a name, or its folder cannot be written to.
    """
    folder = Path(run)
    about = RunRecord.read(folder / RUN_FILE)
    # refitting takes minutes
    check_output_folder(folder)
    source = None if data is None else Path(data)
    opened = open_data(about, folder, table=source) if prepared is None else prepared
    factories = open_pipelines(about, pipelines)
    folds = folder / FOLDS_FILE if about.folds_repeated else None
    result = load_run(opened, folder, settings=about.benchmark_settings, folds=folds, pipelines=factories)
    trials = () if source is None or about.table is not None else _index_again(source, about).trials
    found = audit_run(
        opened,
        result,
        settings=about.benchmark_settings,
        audit=settings,
        factories=factories,
        trials=trials,
        executor=executor,
    )
    found.write(folder / AUDIT_FILE)
    replace(result.metrics, audit=found).write(folder / METRICS_FILE)
    return found


def _index_again(data: Path | str, run: RunRecord) -> DatasetIndex:
    """Index the data set of a run as the run did; of two joined data sets the reader that fits."""
    reader = run.reader if run.reader in READERS else AUTO
    windows = run.window_settings or WindowSettings()
    return index_dataset(
        data, reader=reader, reader_options=run.reader_settings, labels=run.labels, window_s=windows.window_s
    )


def write_run(
    result: BenchmarkResult, run: RunRecord, prepared: PreparedData, *, index: DatasetIndex | None = None
) -> None:
    """Write `run.json`, tables, and the report, whose examples are of the first seed."""
    shown = result.predictions[result.predictions["seed"] == result.predictions["seed"].min()]
    run.write(result.folder / RUN_FILE)
    task, metrics = run.benchmark_settings.find_task(), result.metrics
    examples = choose_examples(shown, prepared, index, task=task, model=metrics.main_model) if index else []
    write_tables(result.folder / TABLES_FOLDER, metrics, simulated=result.simulated)
    write_report(
        result.folder / REPORT_FILE,
        run=run,
        metrics=metrics,
        predictions=from_run(shown, metrics.class_names, people=prepared.table).table,
        examples=examples,
        published=list_published(run.task),
    )


def observe_ceiling(prepared: PreparedData, index: DatasetIndex, settings: BenchmarkSettings) -> pd.DataFrame | None:
    """Get the ideal observer's predictions of simulated trials; None for real data or unknown settings."""
    task = settings.find_task()
    if not index.simulated or len(prepared.parts) > 1 or not task.of_levels:
        return None
    marker = find_marker(index.root, index.trials)
    cohort = None if marker is None else read_cohort_settings(marker)
    return None if cohort is None else observe_cohort(cohort, task, subjects=set(prepared.table["subject"]))


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
    options, settings = share_classes(options, settings)
    found = prepare_dataset(
        data,
        cache or out.with_name(out.name + "-windows"),
        options=options,
        task=settings.find_task(),
        executor=executor,
        show_progress=show_progress,
    )
    settings = choose_classes(settings, found.index)
    frozen_features(found.prepared, settings.models.facial, executor=executor, show_progress=show_progress)
    train_bundle(found.prepared, out, settings=settings, show_progress=show_progress)
    return out
