"""Results of finished folds on disk, from which a killed run resumes.

Input: a job. Output: `folds/<seed>-<fold>.json` with the logits of the test trials, and tables made of these files.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ecg_facial.errors import StaleCacheError
from ecg_facial.evaluation.benchmark.fold_running import FoldOutcome, run_fold
from ecg_facial.evaluation.benchmark.pipelines import Pipeline
from ecg_facial.evaluation.protocols.folds import Fold
from ecg_facial.inference.fusion import to_probabilities
from ecg_facial.labels import Task
from ecg_facial.learning.training import limit_threads
from ecg_facial.prepared.contract import PreparedData
from ecg_facial.runtime.listing import list_files
from ecg_facial.runtime.storage import write_json
from ecg_facial.runtime.typing import AnyArray, Float64Array


@dataclass(frozen=True, eq=False, kw_only=True)
class FoldJob:
    """All pipelines on one fold of one seed."""

    fold: Fold
    seed: int
    prepared: PreparedData
    pipelines: tuple[Pipeline, ...]
    task: Task
    threads: int
    run_folder: Path
    key: str

    @property
    def path(self) -> Path:
        """Where the finished fold is kept."""
        return self.run_folder / "folds" / f"{self.seed}-{self.fold.index:03d}.json"


def find_waiting(jobs: Sequence[FoldJob]) -> list[FoldJob]:
    """List the jobs of a run whose folds are not on disk yet.

    Raises
    ------
    StaleCacheError
        When a fold in the run folder is of other data or other settings.
    """
    keys = {job.path: job.key for job in jobs}
    for folder in {job.path.parent for job in jobs}:
        # a killed run may leave part of a file under a hidden name, which is not listed
        for path in list_files(folder, (".json",)):
            if json.loads(path.read_text(encoding="utf-8"))["key"] != keys.get(path):
                raise StaleCacheError(
                    f"{folder.parent}: holds a run of other data, settings or code; give another folder, or delete it"
                )
    return [job for job in jobs if not job.path.is_file()]


def run_job(job: FoldJob) -> None:
    """Fit on the fold's inner parts, predict its test trials, write the logits."""
    checkpoints = job.path.with_suffix("")
    with limit_threads(job.threads):
        outcomes = [
            run_fold(
                job.prepared,
                job.fold,
                pipeline,
                task=job.task,
                seed=job.seed,
                folder=checkpoints / f"pipeline-{number}",
            )
            for number, pipeline in enumerate(job.pipelines)
        ]
    first = outcomes[0]
    content = {
        "key": job.key,
        "seed": job.seed,
        "fold": job.fold.index,
        "test_subjects": list(job.fold.test_subjects),
        "validation_subjects": list(job.fold.validation_subjects),
        **_describe_rows(job.prepared, first.rows),
        "in_test": first.in_test.tolist(),
        "logits": _merge(outcome.logits for outcome in outcomes),
        "conformal": {
            **_describe_rows(job.prepared, first.conformal_rows),
            "logits": _merge(outcome.conformal_logits for outcome in outcomes),
        },
        "pipelines": [_describe_outcome(*pair) for pair in zip(job.pipelines, outcomes, strict=True)],
    }
    write_json(job.path, content)
    shutil.rmtree(checkpoints, ignore_errors=True)


def _describe_rows(prepared: PreparedData, rows: Sequence[int]) -> dict[str, Any]:
    """Names, labels and qualities of some trials."""
    table = prepared.table.iloc[list(rows)]
    return {
        "subject": table["subject"].tolist(),
        "trial": table["trial"].tolist(),
        "label": table["level"].tolist(),
        "face_quality": _to_json(table["face_quality"].to_numpy(np.float64)),
        "ecg_quality": _to_json(table["ecg_quality"].to_numpy(np.float64)),
    }


def _describe_outcome(pipeline: Pipeline, outcome: FoldOutcome) -> dict[str, Any]:
    """Describe what one pipeline left on the fold, beside its logits."""
    return {
        "models": list(pipeline.models),
        "seconds": round(outcome.seconds, 3),
        "fingerprint": dict(outcome.fingerprint),
        "details": dict(outcome.details),
    }


def _merge(logits: Any) -> dict[str, Any]:
    """Logits of all pipelines, by model."""
    return {model: _to_json(values) for part in logits for model, values in part.items()}


def _to_json(values: AnyArray) -> list[Any]:
    """Nested lists with None for NaN, which JSON does not have."""
    plain = values.astype(object)
    plain[~np.isfinite(values)] = None
    nested: list[Any] = plain.tolist()
    return nested


def read_fold(job: FoldJob) -> pd.DataFrame:
    """Rows of `predictions.csv` of a finished fold."""
    stored = _read(job)
    table = _tabulate(job, stored)
    of_test = np.tile(np.array(stored["in_test"], dtype=bool), len(stored["logits"]))
    fused = table["model"].str.split(":").str[0] == "fusion"
    return table[of_test | fused.to_numpy()]


def read_conformal(job: FoldJob) -> pd.DataFrame:
    """Rows of `conformal.csv` of a finished fold."""
    return _tabulate(job, _read(job)["conformal"])


def read_details(job: FoldJob) -> list[dict[str, Any]]:
    """Seconds, fingerprint and details of each pipeline on a finished fold."""
    return [{"fold": job.fold.index, "seed": job.seed, **fit} for fit in _read(job)["pipelines"]]


def _read(job: FoldJob) -> dict[str, Any]:
    stored: dict[str, Any] = json.loads(job.path.read_text(encoding="utf-8"))
    return stored


def _tabulate(job: FoldJob, stored: Mapping[str, Any]) -> pd.DataFrame:
    return pd.concat(
        [
            _to_table(job, stored, model, to_probabilities(_read_logits(values, job.task)))
            for model, values in stored["logits"].items()
        ]
    )


def _read_logits(values: Sequence[Any], task: Task) -> Float64Array:
    return np.array(values, dtype=np.float64).reshape(-1, task.n_classes)


def _to_table(job: FoldJob, stored: Mapping[str, Any], model: str, probabilities: Float64Array) -> pd.DataFrame:
    columns: dict[str, Sequence[Any]] = {"subject": stored["subject"], "trial": stored["trial"]}
    table = pd.DataFrame(columns).assign(fold=job.fold.index, seed=job.seed, model=model, label=stored["label"])
    for number, name in enumerate(job.task.class_names):
        table[f"p_{name}"] = probabilities[:, number]
    return table.assign(
        face_quality=np.array(stored["face_quality"], dtype=np.float64),
        ecg_quality=np.array(stored["ecg_quality"], dtype=np.float64),
    )
