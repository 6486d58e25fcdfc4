"""The ways through the package that the command line offers, as functions.

Enters: a data folder and settings. Leaves: an index, prepared windows, a run folder with its report and bundle. Each
is a chain of calls to the modules above.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from ecg_facial import __version__
from ecg_facial.bundle import BundleInfo, check_bundle_folder, write_bundle
from ecg_facial.console import SIMULATED_NOTE, format_table
from ecg_facial.datasets import READERS, DatasetIndex, find_marker, index_dataset, summarise
from ecg_facial.ecg.intervals import TOKEN_FEATURES
from ecg_facial.errors import MissingDataError
from ecg_facial.evaluation.benchmark import BenchmarkResult, BenchmarkSettings, run_benchmark
from ecg_facial.evaluation.examples import choose_examples
from ecg_facial.evaluation.report import write_report
from ecg_facial.evaluation.splits import choose_validation
from ecg_facial.fitting import FittedModels, fit_models, frozen_features, rows_of
from ecg_facial.labels import Task, get_task
from ecg_facial.onnx_export import export_models
from ecg_facial.prepare import PreparedData, prepare
from ecg_facial.progress import announce_time
from ecg_facial.provenance import describe_program
from ecg_facial.settings import to_dict
from ecg_facial.simulate.ceiling import observe_cohort, read_cohort_settings
from ecg_facial.storage import write_json
from ecg_facial.training import limit_threads
from ecg_facial.windows import PREPROCESSING_VERSION, WindowSettings

REPORT_FILE, RUN_FILE, MODEL_FOLDER = "report.html", "run.json", "model"


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
    with_bundle: bool = True,
    workers: int = 1,
    show_progress: bool = False,
) -> BenchmarkResult:
    """Evaluate leave-one-subject-out and write the whole run folder.

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
    found = prepare_dataset(
        data,
        cache or out / "windows",
        options=options,
        task=settings.task,
        workers=workers,
        show_progress=show_progress,
    )
    ceiling = None if settings.permute_labels else observe_ceiling(found, get_task(settings.task))
    result = run_benchmark(
        found.prepared, out, settings=settings, ceiling=ceiling, workers=workers, show_progress=show_progress
    )
    if with_bundle:
        train_bundle(found.prepared, out / MODEL_FOLDER, settings=settings, show_progress=show_progress)
    with announce_time("Writing the report", show=show_progress):
        examples = choose_examples(result.predictions, found.prepared, found.index, task=get_task(settings.task))
        run = describe_run(found, settings, wall_s=time.monotonic() - begin)
        write_json(out / RUN_FILE, run)
        write_report(
            out / REPORT_FILE, run=run, metrics=result.metrics, predictions=result.predictions, examples=examples
        )
    return result


def observe_ceiling(found: Prepared, task: Task) -> pd.DataFrame | None:
    """Ask the ideal observer about simulated trials; None for others, or where nothing says how they were made."""
    if not found.index.simulated:
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


def train_bundle(
    prepared: PreparedData, out: Path, *, settings: BenchmarkSettings, show_progress: bool = False
) -> None:
    """Train on everybody but the inner subjects that choose the epoch, and write a bundle."""
    task = get_task(settings.task)
    rows = rows_of(prepared, set(prepared.table["subject"]), task)
    subjects = sorted(set(prepared.table["subject"].iloc[rows]))
    info = BundleInfo(
        task=task.name,
        class_names=task.class_names,
        windows=prepared.settings,
        token_features=TOKEN_FEATURES,
        face_weight=settings.models.face_weight,
        ecg_weight=settings.models.ecg_weight,
        simulated=prepared.simulated,
        n_subjects=len(subjects),
        description=f"{len(rows)} trials of {len(subjects)} subjects, data {prepared.fingerprint[:16]}",
        package_version=__version__,
        preprocessing_version=PREPROCESSING_VERSION,
    )
    with announce_time("Training on everybody", show=show_progress):
        fitted = _fit_on_everybody(prepared, subjects, settings)
    with announce_time("Exporting the networks", show=show_progress):
        write_bundle(out, files=export_models(fitted.facial, fitted.ecg, crop_px=prepared.settings.crop_px), info=info)


def _fit_on_everybody(prepared: PreparedData, subjects: list[str], settings: BenchmarkSettings) -> FittedModels:
    n_validation = max(1, round(settings.validation_share * len(subjects)))
    validation = choose_validation(subjects, n_validation=n_validation, seed=settings.seed)
    with limit_threads(settings.threads):
        return fit_models(
            prepared,
            train_subjects=[subject for subject in subjects if subject not in validation],
            validation_subjects=validation,
            task=get_task(settings.task),
            settings=settings.models,
            seed=settings.seed,
            features=frozen_features(prepared, settings.models.facial),
        )


def describe_run(found: Prepared, settings: BenchmarkSettings, *, wall_s: float) -> dict[str, Any]:
    """Content of `run.json`: what is needed to judge and to repeat the run."""
    task, table = get_task(settings.task), found.prepared.table
    return {
        **describe_program(),
        "seed": settings.seed,
        "task": task.name,
        "class_names": list(task.class_names),
        "simulated": found.index.simulated,
        "reader": found.index.reader,
        "data_fingerprint": found.index.fingerprint,
        "windows_fingerprint": found.prepared.fingerprint,
        "n_subjects": int(table["subject"].nunique()),
        "n_trials": len(table) - found.prepared.n_rest,
        "n_rest": found.prepared.n_rest,
        "levels_by": found.index.levels_by,
        "problems": [
            {"kind": p.kind, "subject": p.subject, "trial": p.trial, "message": p.message} for p in found.index.problems
        ],
        "window_settings": to_dict(found.prepared.settings),
        "model_settings": to_dict(settings.models),
        "protocol": "leave-one-subject-out",
        "validation_share": settings.validation_share,
        "permuted_labels": settings.permute_labels,
        "wall_s": round(wall_s, 1),
    }


def show_result(result: BenchmarkResult) -> str:
    """Lay a run out for the terminal: the three models, chance, comparisons, and where the files are."""
    metrics, ceiling = result.metrics, result.metrics.get("ceiling", {})
    rows = [
        [
            name,
            _percent(judged["overall"]["accuracy"]),
            *([_percent(ceiling[name]["accuracy"]) if name in ceiling else "-"] if ceiling else []),
            _percent(judged["overall"]["balanced_accuracy"]),
            _percent(judged["overall"]["macro_f1"]),
            _percent(judged["over_subjects"]["accuracy_mean"]),
            f"{_percent(judged['over_subjects']['ci95_low'])} to {_percent(judged['over_subjects']['ci95_high'])}",
            _p(judged["over_subjects"]["p_above_chance"]),
        ]
        for name, judged in metrics["models"].items()
    ]
    chance = _percent(metrics["chance"])
    rows.append(["chance", chance, *([""] if ceiling else []), chance, "", chance, "", ""])
    shown = ["accuracy", *(["ceiling"] if ceiling else []), "balanced", "macro-F1", "mean over subjects", "95 % CI"]
    lines = [SIMULATED_NOTE] if result.simulated else []
    lines += [
        f"{metrics['task']}, leave-one-subject-out: {metrics['n_subjects']} subjects, {metrics['n_trials']} trials, %",
        format_table(rows, header=["model", *shown, "p above chance"]),
        *(
            f"{c['first']} against {c['second']}: {100 * c['accuracy_difference']:+.1f} points, "
            f"paired t test over subjects p {_p(c['p_paired'])}"
            for c in metrics["comparisons"]
        ),
        *(
            f"LEAKAGE: {name} is {100 * beside['difference']:.1f} points above its ceiling (99 % lower bound "
            f"{100 * beside['lower99']:.1f}); nothing but information about the test subjects explains that"
            for name, beside in ceiling.items()
            if beside["leakage"]
        ),
        f"report: {result.folder / REPORT_FILE}",
    ]
    return "\n".join(lines)


def describe_index(index: DatasetIndex) -> str:
    """Lay an index out for the terminal: trials per subject and level, and every problem by name."""
    table = summarise(index)
    lines = [SIMULATED_NOTE] if index.simulated else []
    lines.append(
        f"{index.root}: {index.reader}, {len(index.trials)} usable trials, fingerprint {index.fingerprint[:16]}"
    )
    card = READERS[index.reader].card
    lines += [f"{card.title}; access: {card.access}"]
    if index.levels_by == "observer":
        lines.append("LEVELS BY AN OBSERVER: what a face shows, not a stimulus; a person in pain may show nothing")
    lines.append(_count_rest(index))
    lines.append(format_table(table.to_numpy().tolist(), header=[str(name) for name in table.columns]))
    counts = Counter(problem.kind for problem in index.problems)
    lines.append("problems: " + (", ".join(f"{n} {kind}" for kind, n in sorted(counts.items())) or "none"))
    rows = [[f"  {item.kind}", item.trial or item.subject or item.path.name, item.message] for item in index.problems]
    if rows:
        lines.append(format_table(rows, header=["  kind", "trial", "what"], n_left=3))
    return "\n".join(lines)


def _count_rest(index: DatasetIndex) -> str:
    people = len({item.subject.id for item in index.rest})
    kinds = [[signal is not None for signal in (item.video, item.ecg)] for item in index.rest]
    n_video, n_ecg = (sum(kind[place] for kind in kinds) for place in (0, 1))
    if not index.rest:
        return "rest recordings, outside the trials: none"
    return (
        f"rest recordings, outside the trials: {len(index.rest)} of {people} of {len(index.subjects)} subjects "
        f"({n_video} with video, {n_ecg} with ECG)"
    )


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f}"


def _p(value: float | None) -> str:
    return "-" if value is None else "< 0.0001" if value < 1e-4 else f"{value:.4f}"


def show_accuracy(result: BenchmarkResult, model: str = "fusion") -> str:
    """Say what share of all trials a model gets right, as the original's program did, and no more."""
    lines = [SIMULATED_NOTE] if result.simulated else []
    accuracy = result.metrics["models"][model]["overall"]["accuracy"]
    lines.append(f"Fusion accuracy (leave-one-subject-out): {100 * accuracy:.2f} %")
    if model in (ceiling := result.metrics.get("ceiling", {})):
        lines.append(
            f"Ceiling, what an ideal observer reaches on these trials: {100 * ceiling[model]['accuracy']:.2f} %"
        )
    return "\n".join(lines)
