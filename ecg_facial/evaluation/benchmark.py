"""Leave-one-subject-out benchmark of the facial, the ECG and the fused model.

Enters: prepared data and settings. Leaves: a run folder with `predictions.csv` and `metrics.json`. Everything chosen is
chosen on inner subjects; the test subject is touched once a fold. A finished fold is kept on disk, so that a killed run
goes on, with the same bytes in the end.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ecg_facial.errors import SettingsError, StaleCacheError
from ecg_facial.evaluation.predictions import write_predictions
from ecg_facial.evaluation.splits import Fold, leave_one_subject_out
from ecg_facial.evaluation.summary import summarise_predictions
from ecg_facial.executors import run_tasks
from ecg_facial.fitting import ModelSettings, fit_models, frozen_features, rows_of
from ecg_facial.fusion import fuse_logits
from ecg_facial.labels import DEFAULT_TASK, Task, get_task
from ecg_facial.prepare import PreparedData, open_prepared
from ecg_facial.progress import track
from ecg_facial.settings import to_dict
from ecg_facial.storage import sha256_json, write_json
from ecg_facial.training import limit_threads

MODELS = ("facial", "ecg", "fusion")
PREDICTIONS_FILE, METRICS_FILE = "predictions.csv", "metrics.json"


@dataclass(frozen=True)
class BenchmarkSettings:
    """What is evaluated, and how.

    Attributes
    ----------
    task : str
        Name of the task (`labels.TASKS`).
    models : ModelSettings
    seed : int
    validation_share : float
        Share of the subjects of a fold that choose the epoch instead of training, at least one.
    permute_labels : bool
        Permute the levels within each subject: the result must be at chance.
    threads : int
        Threads of a fold. Part of the result to the last bit, so it does not follow the number of workers.

    Raises
    ------
    SettingsError
        For a value outside its limits.
    """

    task: str = DEFAULT_TASK
    models: ModelSettings = field(default_factory=ModelSettings)
    seed: int = 0
    validation_share: float = 0.15
    permute_labels: bool = False
    threads: int = 1

    def __post_init__(self) -> None:
        get_task(self.task)
        if not 0 < self.validation_share < 1:
            raise SettingsError(f"validation_share is {self.validation_share}: expected between 0 and 1")
        if self.threads < 1 or self.seed < 0:
            raise SettingsError(f"threads {self.threads}, seed {self.seed}: expected 1 or more, and 0 or more")


@dataclass(frozen=True, eq=False)
class BenchmarkResult:
    """A finished run.

    Attributes
    ----------
    folder : Path
    predictions : DataFrame
        As in `predictions.csv`.
    metrics : dict
        As in `metrics.json`.
    simulated : bool
    """

    folder: Path
    predictions: pd.DataFrame
    metrics: dict[str, Any]
    simulated: bool


@dataclass(frozen=True)
class _FoldJob:
    fold: Fold
    prepared_folder: Path
    result_path: Path
    settings: BenchmarkSettings
    key: str


def run_benchmark(
    prepared: PreparedData,
    out: Path,
    *,
    settings: BenchmarkSettings,
    ceiling: pd.DataFrame | None = None,
    workers: int = 1,
    show_progress: bool = False,
) -> BenchmarkResult:
    """Run every fold that is not on disk yet, then write predictions and metrics.

    Parameters
    ----------
    prepared : PreparedData
    out : Path
        Run folder.
    settings : BenchmarkSettings
    ceiling : DataFrame, optional
        The ideal observer's predictions of the same trials, where they are simulated.
    workers : int
        Processes; the result does not depend on it.
    show_progress : bool

    Returns
    -------
    BenchmarkResult

    Raises
    ------
    SettingsError
        With fewer than 3 subjects.
    StaleCacheError
        When the folder holds folds of other data or other settings.
    """
    task = get_task(settings.task)
    folds = make_folds(prepared, settings)
    frozen_features(prepared, settings.models.facial, workers=workers, show_progress=show_progress)
    key = sha256_json({"data": prepared.fingerprint, "settings": to_dict(settings)})
    jobs = [_make_job(fold, prepared, out, settings, key) for fold in folds]
    waiting = [job for job in jobs if not _is_done(job)]
    if waiting:
        executor = "processes" if workers > 1 else "serial"
        done = run_tasks(_run_fold, waiting, executor=executor, workers=workers)
        for _ in track(done, label="Evaluating folds", total=len(waiting), show=show_progress):
            pass
    predictions = pd.concat([_read_fold(job, task) for job in jobs], ignore_index=True)
    metrics = summarise_predictions(predictions, task=task, ceiling=ceiling)
    write_predictions(out / PREDICTIONS_FILE, predictions)
    write_json(out / METRICS_FILE, metrics)
    return BenchmarkResult(out, predictions, metrics, prepared.simulated)


def make_folds(prepared: PreparedData, settings: BenchmarkSettings) -> list[Fold]:
    """Folds over the subjects who have a trial of the task."""
    task = get_task(settings.task)
    rows = rows_of(prepared, set(prepared.table["subject"]), task)
    subjects = sorted(set(prepared.table["subject"].iloc[rows]))
    n_validation = max(1, round(settings.validation_share * (len(subjects) - 1)))
    return list(leave_one_subject_out(subjects, n_validation=n_validation, seed=settings.seed))


def permute_levels(prepared: PreparedData, *, task: Task, seed: int) -> PreparedData:
    """Shuffle the levels of prepared data within each subject, among the task's trials."""
    table = prepared.table.copy()
    for subject in sorted(set(table["subject"])):
        rows = rows_of(prepared, [subject], task)
        order = np.random.default_rng([seed, *subject.encode()]).permutation(len(rows))
        column = table.columns.get_loc("level")
        table.iloc[rows, column] = table["level"].to_numpy()[np.array(rows, dtype=int)[order]]
    return prepared.with_table(table)


def _make_job(fold: Fold, prepared: PreparedData, out: Path, settings: BenchmarkSettings, key: str) -> _FoldJob:
    path = out / "folds" / f"{fold.index:03d}.json"
    return _FoldJob(fold, prepared.folder, path, settings, key)


def _is_done(job: _FoldJob) -> bool:
    if not job.result_path.is_file():
        return False
    if json.loads(job.result_path.read_text(encoding="utf-8"))["key"] != job.key:
        raise StaleCacheError(
            f"{job.result_path.parent.parent}: holds a run of other data or settings; give another folder, or delete it"
        )
    return True


def _run_fold(job: _FoldJob) -> None:
    """Fit on the fold's training subjects, predict its test subject, write the logits."""
    with limit_threads(job.settings.threads):
        _fit_and_predict(job)


def _fit_and_predict(job: _FoldJob) -> None:
    task = get_task(job.settings.task)
    prepared = open_prepared(job.prepared_folder)
    if job.settings.permute_labels:
        prepared = permute_levels(prepared, task=task, seed=job.settings.seed)
    models = job.settings.models
    features = frozen_features(prepared, models.facial)
    # a frozen network trains in seconds; only a long training needs to be resumed within a fold
    checkpoints = None if models.facial.frozen else job.result_path.with_suffix("")
    fitted = fit_models(
        prepared,
        train_subjects=job.fold.train_subjects,
        validation_subjects=job.fold.validation_subjects,
        task=task,
        settings=models,
        seed=job.settings.seed,
        features=features,
        checkpoint_folder=checkpoints,
    )
    rows = rows_of(prepared, job.fold.test_subjects, task)
    logits = fitted.predict(prepared, rows, task=task, features=features)
    table = prepared.table.iloc[rows]
    write_json(
        job.result_path,
        {
            "key": job.key,
            "fold": job.fold.index,
            "test_subjects": list(job.fold.test_subjects),
            "validation_subjects": list(job.fold.validation_subjects),
            "best_epochs": {"facial": fitted.facial_result.best_epoch, "ecg": fitted.ecg_result.best_epoch},
            "subject": table["subject"].tolist(),
            "trial": table["trial"].tolist(),
            "label": table["level"].tolist(),
            "face_quality": _to_json(table["face_quality"].to_numpy(np.float64)),
            "ecg_quality": _to_json(table["ecg_quality"].to_numpy(np.float64)),
            "logits": {name: _to_json(values) for name, values in logits.items()},
        },
    )
    if checkpoints is not None:
        shutil.rmtree(checkpoints)


def _to_json(values: NDArray[Any]) -> list[Any]:
    """Nested lists with None for NaN, which JSON does not know."""
    plain = values.astype(object)
    plain[~np.isfinite(values)] = None
    nested: list[Any] = plain.tolist()
    return nested


def _read_fold(job: _FoldJob, task: Task) -> pd.DataFrame:
    """Rows of `predictions.csv` of one fold."""
    stored = json.loads(job.result_path.read_text(encoding="utf-8"))
    face, ecg = (np.array(stored["logits"][name], dtype=np.float64) for name in ("facial", "ecg"))
    face_there, ecg_there, nobody = (
        np.all(np.isfinite(values), axis=1) for values in (face, ecg, np.full_like(face, np.nan))
    )
    weights = {"face_weight": job.settings.models.face_weight, "ecg_weight": job.settings.models.ecg_weight}
    probabilities = {
        "facial": fuse_logits(face, ecg, face_present=face_there, ecg_present=nobody, **weights),
        "ecg": fuse_logits(face, ecg, face_present=nobody, ecg_present=ecg_there, **weights),
        "fusion": fuse_logits(face, ecg, face_present=face_there, ecg_present=ecg_there, **weights),
    }
    return pd.concat([_to_table(stored, model, probabilities[model], task, job.settings.seed) for model in MODELS])


def _to_table(
    stored: dict[str, Any], model: str, probabilities: NDArray[np.float64], task: Task, seed: int
) -> pd.DataFrame:
    columns: dict[str, Sequence[Any]] = {"subject": stored["subject"], "trial": stored["trial"]}
    table = pd.DataFrame(columns).assign(fold=stored["fold"], seed=seed, model=model, label=stored["label"])
    for number, name in enumerate(task.class_names):
        table[f"p_{name}"] = probabilities[:, number]
    return table.assign(
        face_quality=np.array(stored["face_quality"], dtype=np.float64),
        ecg_quality=np.array(stored["ecg_quality"], dtype=np.float64),
    )
