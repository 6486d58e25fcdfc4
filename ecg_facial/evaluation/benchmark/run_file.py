"""The content of `run.json` of a finished run, and the windows that a run was made from.

Input: what is known of the data, prepared data, settings and result; or a `RunRecord`. Output: the `RunRecord`; or
prepared windows.
"""

from __future__ import annotations

import os
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from ecg_facial.datasets.records import DatasetIndex
from ecg_facial.datasets.settings import LabelSettings
from ecg_facial.errors import MissingDataError
from ecg_facial.evaluation.benchmark.run_record import (
    FoldRecord,
    LeakingRun,
    ProblemRecord,
    RunRecord,
    TableRecord,
    TemperatureRecord,
)
from ecg_facial.evaluation.benchmark.runner import BenchmarkResult
from ecg_facial.evaluation.benchmark.settings import BenchmarkSettings
from ecg_facial.evaluation.judging.model_names import CHOSEN
from ecg_facial.evaluation.protocols.fold_manifest import FoldPlan
from ecg_facial.evaluation.protocols.folds import Fold
from ecg_facial.evaluation.protocols.settings import parse_protocol
from ecg_facial.inference.calibration import Temperature
from ecg_facial.labels import REST_CODE
from ecg_facial.prepared.contract import PreparedData
from ecg_facial.prepared.joining import join_prepared
from ecg_facial.prepared.keeping import KEPT_FILE, open_kept
from ecg_facial.prepared.normalising import describe_order
from ecg_facial.prepared.queries import count_rest
from ecg_facial.prepared.stored import open_prepared
from ecg_facial.runtime.provenance import describe_program
from ecg_facial.runtime.settings import from_dict, to_dict

_DECIMALS = 6
REFIT_RULES = {
    "parts": "no refit: the models that predict were fitted on the training part alone",
    "all": "refitted on all inner subjects, those who chose the epoch and the temperatures too, with that epoch, those "
    "temperatures and fusion weights; only a conformal part stays apart",
    "crossfit": "refitted on all inner subjects but the stopping part, after the out-of-fold predictions",
}


@dataclass(frozen=True, eq=False, kw_only=True)
class DataSource:
    """What is known of where prepared data come from.

    Attributes
    ----------
    reader : str
    reader_settings : mapping of str to number or str
    fingerprint : str
        SHA-256 of the index, or of the file.
    levels_by : str
        ``stimulus``, ``observer`` or ``unknown``.
    labels : LabelSettings
        How labels became classes.
    problems : tuple of ProblemRecord
    table : TableRecord or None
    notes : tuple of str
        What was assumed, one line each.
    kept : Path or None
        Folder to which data in memory were written.
    """

    reader: str
    fingerprint: str
    levels_by: str = "unknown"
    reader_settings: Mapping[str, Any] = field(default_factory=dict)
    labels: LabelSettings = field(default_factory=LabelSettings)
    problems: tuple[ProblemRecord, ...] = ()
    table: TableRecord | None = None
    notes: tuple[str, ...] = ()
    kept: Path | None = None


def describe_index(index: DatasetIndex) -> DataSource:
    """Describe data that a reader found."""
    return DataSource(
        reader=index.reader,
        reader_settings=to_dict(index.reader_settings),
        fingerprint=index.fingerprint,
        levels_by=index.levels_by,
        labels=index.labels,
        notes=index.notes,
        problems=tuple(
            ProblemRecord(kind=each.kind, subject=each.subject, trial=each.trial, message=each.message)
            for each in index.problems
        ),
    )


def describe_prepared(prepared: PreparedData, *, of_levels: bool, kept: Path | None = None) -> DataSource:
    """Describe data that were given prepared: how they were read is not known."""
    levels_by = "stimulus" if of_levels else "unknown"
    return DataSource(reader="prepared", fingerprint=prepared.fingerprint, levels_by=levels_by, kept=kept)


def describe_run(
    source: DataSource,
    prepared: PreparedData,
    settings: BenchmarkSettings,
    *,
    result: BenchmarkResult,
    repeated: bool,
    wall_s: float,
    bundle: str | None = None,
    pipelines: tuple[str, ...] = (),
) -> RunRecord:
    """Describe a finished run.

    Parameters
    ----------
    source : DataSource
    prepared : PreparedData
        As prepared, before any normalisation.
    settings : BenchmarkSettings
    result : BenchmarkResult
    repeated : bool
        Whether the folds were given by a manifest.
    wall_s : float
        How long the run took.
    bundle : str, optional
        Folder of the bundle in the run folder, where there is one.
    pipelines : tuple of str
        Own methods by name.
    """
    task, table, original = settings.find_task(), prepared.table, result.original
    n_rest = 0 if REST_CODE in task.class_names else count_rest(prepared)
    protocol = parse_protocol(result.plan.protocol)
    folders = [part.folder for part in prepared.parts] if prepared.folder is not None else [source.kept]
    every = [fold for folds in result.plan.folds.values() for fold in folds]
    rule = (
        "all" if any(fold.refit for fold in every) else "crossfit" if any(fold.crossfit for fold in every) else "parts"
    )
    return RunRecord(
        **vars(describe_program()),
        seed=min(result.plan.folds),
        seeds=tuple(result.plan.folds),
        task=task.name,
        class_names=task.class_names,
        simulated=prepared.simulated,
        reader=source.reader,
        reader_settings=source.reader_settings,
        data_fingerprint=source.fingerprint,
        windows_fingerprint=prepared.fingerprint,
        n_subjects=int(table["subject"].nunique()),
        n_trials=len(table) - n_rest,
        n_rest=n_rest,
        levels_by=source.levels_by,
        labels=source.labels,
        problems=source.problems,
        benchmark_settings=settings,
        windows_folders=tuple(_relative(folder, result.folder) for folder in folders if folder is not None),
        table=source.table,
        window_settings=None if prepared.modalities else prepared.settings,
        model_settings=None if pipelines or prepared.modalities else settings.models,
        pipelines=pipelines,
        bundle=bundle,
        protocol=protocol.title,
        stamps=result.metrics.stamps,
        original=None if original is None else LeakingRun(folder=original.folder.name, stamps=original.metrics.stamps),
        folds_sha256=result.plan.sha256,
        folds_repeated=repeated,
        inner=None if repeated else settings.inner,
        refit_rule=REFIT_RULES[rule],
        normalisation=settings.normalisation,
        normalisation_order=describe_order(table) if settings.normalisation.mode == "causal" else None,
        fusion_weights=settings.fusion_weights,
        temperatures=sum_up_temperatures(result.details),
        folds=describe_folds(result.plan, result.details),
        validation_share=settings.inner.stopping_share,
        permuted_labels=settings.permute_labels,
        wall_s=round(wall_s, 1),
    )


def sum_up_temperatures(details: pd.DataFrame) -> tuple[TemperatureRecord, ...]:
    """Sum up the temperatures of every model over folds and seeds.

    Parameters
    ----------
    details : DataFrame
        `BenchmarkResult.details`. Pipelines without temperatures are passed over.
    """
    found: dict[str, list[Temperature]] = {}
    for fit in details["details"]:
        for model, content in fit.get("temperatures", {}).items():
            found.setdefault(model, []).append(from_dict(Temperature, content))
    return tuple(_sum_up(model, temperatures) for model, temperatures in found.items())


def describe_folds(plan: FoldPlan, details: pd.DataFrame) -> tuple[FoldRecord, ...]:
    """Describe the parts of every fold and what was chosen on them.

    Parameters
    ----------
    plan : FoldPlan
    details : DataFrame
        `BenchmarkResult.details`. A pipeline that reports no choice adds nothing.
    """
    return tuple(
        _describe_fold(fold, seed, details[(details["seed"] == seed) & (details["fold"] == fold.index)])
        for seed, folds in plan.folds.items()
        for fold in folds
    )


def _describe_fold(fold: Fold, seed: int, fits: pd.DataFrame) -> FoldRecord:
    """Describe one fold, with the choices of all its pipelines."""
    chosen = list(fits["details"])
    combiners = {name: each for fit in chosen for name, each in fit.get("combiners", {}).items()}
    temperatures = {name: each for fit in chosen for name, each in fit.get("temperatures", {}).items()}
    n_trained, n_stopped = len(fold.train.subjects), len(fold.stopping.subjects)
    n_calibrated = sum(len(each.held_out.subjects) for each in fold.crossfit) or len(fold.calibration.subjects)
    n_added = n_stopped + len(fold.calibration.subjects) if fold.refit else 0
    return FoldRecord(
        seed=seed,
        fold=fold.index,
        n_tested=len(fold.test.subjects),
        n_trained=n_trained,
        n_shots=len(fold.train.trials),
        n_stopped=n_stopped,
        n_calibrated=n_calibrated,
        n_conformal=len(fold.conformal.subjects),
        n_refitted=n_trained + n_added,
        epochs={name: int(epoch) for fit in chosen for name, epoch in fit.get("best_epochs", {}).items()},
        face_weights={
            name: float(each["fusion"]["face_weight"]) for name, each in combiners.items() if "fusion" in each
        },
        temperatures={name: round(float(each["value"]), _DECIMALS) for name, each in temperatures.items()},
        chosen_face=combiners[CHOSEN]["face"] if CHOSEN in combiners else None,
    )


def _sum_up(model: str, temperatures: Sequence[Temperature]) -> TemperatureRecord:
    values = [temperature.value for temperature in temperatures]
    return TemperatureRecord(
        model=model,
        n_folds=len(values),
        lowest=round(min(values), _DECIMALS),
        median=round(statistics.median(values), _DECIMALS),
        highest=round(max(values), _DECIMALS),
        reasons=dict(sorted(Counter(each.reason for each in temperatures if each.reason).items())),
    )


def _relative(folder: Path, run_folder: Path) -> str:
    """Where windows lie, seen from the run folder: both may be moved together."""
    return Path(os.path.relpath(folder, run_folder)).as_posix()


def open_windows(run: RunRecord, run_folder: Path) -> PreparedData:
    """Open the windows that a run was made from.

    Raises
    ------
    MissingDataError
        When they are gone, or the run names none.
    """
    if not run.windows_folders:
        raise MissingDataError(
            f"{run_folder}: its run.json names no folder of windows: they were in memory alone; give them, "
            "audit(run, prepared=...), or run the benchmark again"
        )
    parts = [_open(run_folder / folder) for folder in run.windows_folders]
    return parts[0] if len(parts) == 1 else join_prepared(parts[0], parts[1])


def _open(folder: Path) -> PreparedData:
    """Open windows that were prepared, or kept from memory."""
    return open_kept(folder) if (folder / KEPT_FILE).is_file() else open_prepared(folder)
