"""Content of `run.json`: what is needed to judge and to repeat a run.

Enters: index, prepared data, settings and result. Leaves: JSON-able values.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ecg_facial.datasets.records import DatasetIndex
from ecg_facial.errors import MissingDataError
from ecg_facial.evaluation.benchmark.runner import BenchmarkResult
from ecg_facial.evaluation.benchmark.settings import BenchmarkSettings
from ecg_facial.evaluation.protocols.settings import parse_protocol
from ecg_facial.labels import REST_CODE, get_task
from ecg_facial.prepared import JoinedData, PreparedData, join_prepared, open_prepared
from ecg_facial.prepared.normalising import describe_order
from ecg_facial.runtime.provenance import describe_program
from ecg_facial.runtime.settings import to_dict

REPORT_FILE, RUN_FILE = "report.html", "run.json"
REFIT_RULES = {
    "parts": "no refit: the models that predict were fitted on the training part alone",
    "crossfit": "refitted on all inner subjects but the stopping part, after the out-of-fold predictions",
}


def describe_run(
    index: DatasetIndex,
    prepared: PreparedData,
    settings: BenchmarkSettings,
    *,
    result: BenchmarkResult,
    repeated: bool,
    wall_s: float,
    bundle: str | None = None,
) -> dict[str, Any]:
    """Content of `run.json`: what is needed to judge and to repeat the run.

    `repeated` says that folds were given, `bundle` is the folder of the bundle in the run folder, where there is one.
    """
    task, table, beside = get_task(settings.task), prepared.table, result.beside
    n_rest = int((table["level"] == REST_CODE).sum())
    parts = prepared.parts if isinstance(prepared, JoinedData) else (prepared,)
    protocol = parse_protocol(result.plan.protocol)
    crossfitted = any(fold.crossfit for folds in result.plan.folds.values() for fold in folds)
    return {
        **describe_program(),
        "seed": min(result.plan.folds),
        "seeds": list(result.plan.folds),
        "task": task.name,
        "class_names": list(task.class_names),
        "simulated": index.simulated,
        "reader": index.reader,
        "data_fingerprint": index.fingerprint,
        "windows_fingerprint": prepared.fingerprint,
        "n_subjects": int(table["subject"].nunique()),
        "n_trials": len(table) - n_rest,
        "n_rest": n_rest,
        "levels_by": index.levels_by,
        "problems": [
            {"kind": p.kind, "subject": p.subject, "trial": p.trial, "message": p.message} for p in index.problems
        ],
        "benchmark_settings": to_dict(settings),
        "windows_folders": [_relative(part.folder, result.folder) for part in parts],
        "window_settings": to_dict(prepared.settings),
        "model_settings": to_dict(settings.models),
        "bundle": bundle,
        "protocol": protocol.title,
        "stamps": list(result.metrics["stamps"]),
        "beside": None if beside is None else {"folder": beside.folder.name, "stamps": beside.metrics["stamps"]},
        "folds_sha256": result.plan.sha256,
        "folds_repeated": repeated,
        "inner": None if repeated else to_dict(settings.inner),
        "refit_rule": REFIT_RULES["crossfit" if crossfitted else "parts"],
        "normalisation": to_dict(settings.normalisation),
        "normalisation_order": describe_order(table) if settings.normalisation.mode == "causal" else None,
        "fusion_weights": settings.fusion_weights,
        "validation_share": settings.inner.stopping_share,
        "permuted_labels": settings.permute_labels,
        "wall_s": round(wall_s, 1),
    }


def _relative(folder: Path, run_folder: Path) -> str:
    """Where windows lie, seen from the run folder: both may be moved together."""
    return Path(os.path.relpath(folder, run_folder)).as_posix()


def open_windows(run: Mapping[str, Any], run_folder: Path) -> PreparedData:
    """Open the windows that a run was made from.

    Raises
    ------
    MissingDataError
        When they are gone, or the run does not say where they lie.
    """
    folders = run.get("windows_folders")
    if not folders:
        raise MissingDataError(f"{run_folder}: its run.json does not say where its windows lie; run it again")
    parts = [open_prepared(run_folder / folder) for folder in folders]
    return parts[0] if len(parts) == 1 else join_prepared(parts[0], parts[1])
