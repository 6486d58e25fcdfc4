"""Methods in, a table out: the benchmark as one call.

Input: prepared data and pipelines. Output: a DataFrame with one row per model, fold and seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import pandas as pd

from ecg_facial.evaluation.benchmark.naming import name_pipelines
from ecg_facial.evaluation.benchmark.pipelines import Factory, Pipeline
from ecg_facial.evaluation.benchmark.run_file import describe_prepared
from ecg_facial.evaluation.benchmark.runner import BenchmarkResult
from ecg_facial.evaluation.benchmark.settings import BenchmarkSettings
from ecg_facial.evaluation.judging.predictions_file import predicted_classes
from ecg_facial.evaluation.statistics.metrics import compute_metrics
from ecg_facial.labels import Task
from ecg_facial.prepared.contract import PreparedData
from ecg_facial.prepared.keeping import keep
from ecg_facial.runtime.executors.contract import Executor
from ecg_facial.runtime.executors.serial import SERIAL
from ecg_facial.workflow.benchmarking import run_prepared


def benchmark(
    prepared: PreparedData,
    pipelines: Sequence[Factory | Pipeline] | Factory | Pipeline | None = None,
    *,
    settings: BenchmarkSettings | None = None,
    audit: bool = True,
    out: Path | str | None = None,
    executor: Executor = SERIAL,
    show_progress: bool = False,
) -> pd.DataFrame:
    """Evaluate methods by a protocol, leave-one-subject-out by default.

    Parameters
    ----------
    prepared : PreparedData
        Such as `prepared.stored.open_prepared` opens, or `prepared.memory.MemoryData`.
    pipelines : pipeline or factory, or several, optional
        Such as `adapters.EstimatorPipeline`; the facial, the ECG and the fused model without it.
    settings : BenchmarkSettings, optional
        Protocol, task, seeds and more.
    audit : bool
        Whether one fold is fitted again on altered data, to look for leakage. Give a method that does something before
        the folds as a factory, so that this is repeated too.
    out : path, optional
        Run folder, with which a killed run is resumed. It gets all that the command writes: predictions, metrics,
        `run.json`, `audit.json`, tables and the report. Nothing is kept without it.
    executor : Executor
        The result does not depend on it. Pipelines must be picklable for other processes.
    show_progress : bool
        Whether to show bars on standard error.

    Returns
    -------
    DataFrame
        One row per model, fold and seed, with the columns ``model, fold, seed, protocol, normalisation, accuracy,
        balanced_accuracy, macro_f1, n_trials, n_unanswered`` (trials without a prediction, which are not in
        the figures), ``n_subjects, seconds`` (fit and prediction of the whole pipeline),
        ``stamps`` (warnings that belong to every figure) and ``audit`` (the verdict on leakage). The protocol
        ``original`` also gives the rows of leave-one-subject-out.
    """
    chosen = BenchmarkSettings() if settings is None else settings
    alone = callable(pipelines) or hasattr(pipelines, "fit")
    # mypy cannot tell a single pipeline from several
    given = cast("Sequence[Factory | Pipeline] | None", [pipelines] if alone else pipelines)
    with nullcontext(out) if out is not None else TemporaryDirectory() as folder:
        # in memory they would be gone when the run is audited
        kept = None if out is None else keep(prepared, Path(out) / "data")
        result = run_prepared(
            prepared,
            Path(str(folder)),
            settings=chosen,
            source=describe_prepared(prepared, of_levels=chosen.find_task().of_levels, kept=kept),
            pipelines=given,
            names=() if given is None else name_pipelines(given),
            with_audit=audit,
            with_report=out is not None,
            executor=executor,
            show_progress=show_progress,
        )
        runs = [result] if result.original is None else [result, result.original]
        tables = [tabulate_folds(run, chosen.find_task()).assign(audit=_find_verdict(run)) for run in runs]
    return pd.concat(tables, ignore_index=True)


def _find_verdict(result: BenchmarkResult) -> str:
    return "not checked" if result.metrics.audit is None else result.metrics.audit.verdict


def tabulate_folds(result: BenchmarkResult, task: Task) -> pd.DataFrame:
    """Lay a run out as one row per model, fold and seed."""
    seconds = {
        (model, row["fold"], row["seed"]): row["seconds"]
        for row in result.details.to_dict("records")
        for model in row["models"]
    }
    table = result.predictions.assign(predicted=predicted_classes(result.predictions))
    rows = list[dict[str, object]]()
    for place, said in table.groupby(["model", "fold", "seed"], sort=False):
        part = said[said["predicted"] != ""]
        judged = compute_metrics(
            part["label"].to_numpy(str), part["predicted"].to_numpy(str), class_names=task.class_names
        )
        rows.append(
            {
                **dict(zip(("model", "fold", "seed"), place, strict=True)),
                "protocol": result.plan.protocol,
                "normalisation": result.metrics.normalisation,
                **{name: getattr(judged, name) for name in ("accuracy", "balanced_accuracy", "macro_f1", "n_trials")},
                "n_unanswered": len(said) - len(part),
                "n_subjects": part["subject"].nunique(),
                "seconds": seconds[place],
                "stamps": "; ".join(result.metrics.stamps),
            }
        )
    return pd.DataFrame(rows)
