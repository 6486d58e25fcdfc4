"""The ways through the package that the command line offers, as functions.

Enters: a data folder and settings. Leaves: an index, prepared windows, a run folder with its report and bundle. Each
is a chain of calls to the modules above.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import pandas as pd

from ecg_facial.bundle import check_bundle_folder
from ecg_facial.bundling import train_bundle
from ecg_facial.datasets import DatasetIndex, find_marker, index_dataset
from ecg_facial.errors import CorruptDataError, MissingDataError
from ecg_facial.evaluation.audit.checks import AuditResult
from ecg_facial.evaluation.audit.running import CHEAP, AuditSettings, audit_run
from ecg_facial.evaluation.benchmark import (
    METRICS_FILE,
    ORIGINAL_FOLDER,
    BenchmarkResult,
    BenchmarkSettings,
    load_run,
    run_benchmark,
)
from ecg_facial.evaluation.examples import choose_examples
from ecg_facial.evaluation.foreign import of_run
from ecg_facial.evaluation.manifest import FOLDS_FILE
from ecg_facial.evaluation.published import list_published
from ecg_facial.evaluation.report import write_report
from ecg_facial.evaluation.run_file import REPORT_FILE, RUN_FILE, describe_run, open_windows
from ecg_facial.evaluation.scoring import TABLES_FOLDER
from ecg_facial.evaluation.tables import write_tables
from ecg_facial.fitting import frozen_features
from ecg_facial.labels import Task, get_task
from ecg_facial.prepare import JoinedData, PreparedData, join_prepared, prepare
from ecg_facial.progress import announce_time
from ecg_facial.settings import from_dict
from ecg_facial.simulate.ceiling import observe_cohort, read_cohort_settings
from ecg_facial.storage import sha256_json, write_json
from ecg_facial.windows import WindowSettings

MODEL_FOLDER, AUDIT_FILE = "model", "audit.json"


@dataclass(frozen=True)
class DataOptions:
    """How a data folder is read and cut.

    Attributes
    ----------
    reader : str
        ``auto``, or a key of `datasets.READERS`.
    signals : str
        BioVid's ``filtered`` or ``raw`` biosignals.
    subjects : str
        ``all``, or BioVid's 67 ``reactive`` ones.
    windows : WindowSettings
    detector_path : Path or None
        Model file of the detector, where it needs one.
    pspi_pain : float
        Least PSPI that is pain, where levels are an observer's (UNBC-McMaster).
    """

    reader: str = "auto"
    signals: str = "filtered"
    subjects: str = "all"
    windows: WindowSettings = field(default_factory=WindowSettings)
    detector_path: Path | None = None
    pspi_pain: float = 3.0


@dataclass(frozen=True, eq=False)
class Prepared:
    """An index and the windows made of it."""

    index: DatasetIndex
    prepared: PreparedData


def prepare_dataset(
    data: Path,
    out: Path,
    *,
    options: DataOptions,
    task: str | None = None,
    workers: int = 1,
    show_progress: bool = False,
) -> Prepared:
    """Index a data folder and prepare its windows, of the task's levels where one is given."""
    index = index_dataset(
        data,
        reader=options.reader,
        signals=options.signals,
        subjects=options.subjects,
        window_s=options.windows.window_s,
        pspi_pain=options.pspi_pain,
        workers=workers,
        show_progress=show_progress,
    )
    levels = None if task is None else get_task(task).levels
    if not any(levels is None or trial.level in levels for trial in index.trials):
        wanted = "trials" if task is None else f"trials of task {task!r}"
        raise MissingDataError(f"{data}: no usable {wanted}; see what is wrong with: ecg-facial index {data}")
    prepared = prepare(
        index,
        out,
        settings=options.windows,
        levels=levels,
        workers=workers,
        detector_path=options.detector_path,
        show_progress=show_progress,
    )
    return Prepared(index, prepared)


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
    workers: int = 1,
    show_progress: bool = False,
) -> BenchmarkResult:
    """Evaluate by a protocol and write the whole run folder.

    Parameters
    ----------
    data : Path
        What `datasets.index_dataset` reads.
    out : Path
        Run folder; one that was cut off is gone on with.
    options : DataOptions
    settings : BenchmarkSettings
    cache : Path, optional
        Folder of the prepared windows, ``out/windows`` without it.
    test_data : Path, optional
        The data set to test on, for the protocol ``cross-dataset``.
    folds : Path, optional
        A fold manifest to repeat.
    with_bundle : bool
        Train a last time on everybody and write ``out/model``.
    workers : int
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
        task=settings.task,
        workers=workers,
        show_progress=show_progress,
    )
    found = read(data) if test_data is None else join_datasets(read(data), read(test_data))
    ceiling = None if settings.permute_labels else observe_ceiling(found, get_task(settings.task))
    result = run_benchmark(
        found.prepared,
        out,
        settings=settings,
        folds=folds,
        ceiling=ceiling,
        workers=workers,
        show_progress=show_progress,
    )
    with announce_time("Auditing for leakage", show=show_progress):
        result = audit_result(result, found, settings)
    # a bundle makes windows of its own at the bedside, and knows no person's other trials
    if with_bundle and settings.normalisation.mode == "none":
        own = found.prepared.parts[0] if isinstance(found.prepared, JoinedData) else found.prepared
        train_bundle(own, out / MODEL_FOLDER, settings=settings, show_progress=show_progress)
    with announce_time("Writing the report", show=show_progress):
        write_run(result, found, settings, repeated=folds is not None, wall_s=time.monotonic() - begin)
    return result


def audit_result(
    result: BenchmarkResult, found: Prepared, settings: BenchmarkSettings, audit: AuditSettings = CHEAP
) -> BenchmarkResult:
    """Audit a run and write the verdict to `audit.json` and `metrics.json`; of a leaking protocol its folds too."""
    found_of = partial(audit_run, found.prepared, settings=settings, trials=found.index.trials)
    said = found_of(result, audit=audit).to_dict()
    metrics = {**result.metrics, "audit": said}
    if result.beside is not None:
        beside = found_of(result.beside, audit=AuditSettings(n_folds=0)).to_dict()
        metrics[ORIGINAL_FOLDER] = {**metrics[ORIGINAL_FOLDER], "audit": beside}
    write_json(result.folder / AUDIT_FILE, said)
    write_json(result.folder / METRICS_FILE, metrics)
    return replace(result, metrics=metrics)


def audit_folder(folder: Path, *, audit: AuditSettings, data: Path | None = None, workers: int = 1) -> AuditResult:
    """Audit a finished run folder, and write `audit.json` and the verdict in `metrics.json`.

    Parameters
    ----------
    folder : Path
        Of a run of the built-in models.
    audit : AuditSettings
    data : Path, optional
        The data set, by which stretches of files are compared.
    workers : int

    Raises
    ------
    MissingDataError, CorruptDataError, StaleCacheError
        When it is no finished run, or its windows are gone or others.
    """
    path = folder / RUN_FILE
    if not path.is_file():
        raise MissingDataError(f"{path}: no such file; expected the folder of a finished run")
    try:
        run = json.loads(path.read_text(encoding="utf-8"))
        settings = from_dict(BenchmarkSettings, run["benchmark_settings"])
    except (ValueError, KeyError, TypeError):
        raise CorruptDataError(f"{path}: not the run.json of this version; run the benchmark again") from None
    prepared = open_windows(run, folder)
    folds = folder / FOLDS_FILE if run["folds_repeated"] else None
    result = load_run(prepared, folder, settings=settings, folds=folds)
    trials = index_dataset(data).trials if data is not None else ()
    found = audit_run(prepared, result, settings=settings, audit=audit, trials=trials, workers=workers)
    write_json(folder / AUDIT_FILE, found.to_dict())
    write_json(folder / METRICS_FILE, {**result.metrics, "audit": found.to_dict()})
    return found


def write_run(
    result: BenchmarkResult, found: Prepared, settings: BenchmarkSettings, *, repeated: bool, wall_s: float
) -> None:
    """Write `run.json`, tables, and the report, whose examples are of the first seed."""
    shown = result.predictions[result.predictions["seed"] == result.predictions["seed"].min()]
    run = describe_run(found.index, found.prepared, settings, result=result, repeated=repeated, wall_s=wall_s)
    write_json(result.folder / RUN_FILE, run)
    examples = []
    if (shown["model"] == "fusion").any():
        examples = choose_examples(shown, found.prepared, found.index, task=get_task(settings.task))
    people = of_run(shown, result.metrics["class_names"], people=found.prepared.table).table
    write_tables(result.folder / TABLES_FOLDER, result.metrics, simulated=result.simulated)
    write_report(
        result.folder / REPORT_FILE,
        run=run,
        metrics=result.metrics,
        predictions=people,
        examples=examples,
        published=list_published(settings.task),
    )


def join_datasets(first: Prepared, second: Prepared) -> Prepared:
    """Make one of the data set that is trained on and the one that is tested on."""
    index = DatasetIndex(
        root=first.index.root,
        reader=f"{first.index.reader}+{second.index.reader}",
        trials=(*first.index.trials, *second.index.trials),
        problems=(*first.index.problems, *second.index.problems),
        fingerprint=sha256_json([first.index.fingerprint, second.index.fingerprint]),
        simulated=first.index.simulated or second.index.simulated,
    )
    return Prepared(index, join_prepared(first.prepared, second.prepared))


def observe_ceiling(found: Prepared, task: Task) -> pd.DataFrame | None:
    """Ask the ideal observer about simulated trials; None for others, or where nothing says how they were made."""
    if not found.index.simulated or isinstance(found.prepared, JoinedData):
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
    workers: int = 1,
    show_progress: bool = False,
) -> Path:
    """Train on everybody and write a bundle to `out`; windows are kept in `cache`, ``<out>-windows`` without it."""
    check_bundle_folder(out)
    found = prepare_dataset(
        data,
        cache or out.with_name(out.name + "-windows"),
        options=options,
        task=settings.task,
        workers=workers,
        show_progress=show_progress,
    )
    frozen_features(found.prepared, settings.models.facial, workers=workers, show_progress=show_progress)
    train_bundle(found.prepared, out, settings=settings, show_progress=show_progress)
    return out
