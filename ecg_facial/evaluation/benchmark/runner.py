"""The benchmark: pipelines on every fold of a protocol, for every seed.

Input: prepared data, pipelines and settings. Output: a run folder with `predictions.csv`, `metrics.json` and
`folds.json`. Every choice is made on inner subjects; test trials are predicted once per fold, and used for nothing
else. Finished folds are kept on disk, so that a killed run resumes, with the same bytes in the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from ecg_facial.errors import MissingDataError, SettingsError
from ecg_facial.evaluation.benchmark.builtin import choose_factories
from ecg_facial.evaluation.benchmark.feasibility import check_folds
from ecg_facial.evaluation.benchmark.fold_results import (
    FoldJob,
    find_waiting,
    read_conformal,
    read_details,
    read_fold,
    run_job,
)
from ecg_facial.evaluation.benchmark.hashing import hash_code
from ecg_facial.evaluation.benchmark.independence import describe_independence
from ecg_facial.evaluation.benchmark.pipelines import Factory, Pipeline
from ecg_facial.evaluation.benchmark.settings import BenchmarkSettings
from ecg_facial.evaluation.benchmark.trial_set import TrialSet
from ecg_facial.evaluation.judging.predictions_file import write_predictions
from ecg_facial.evaluation.judging.predictions_table import from_run
from ecg_facial.evaluation.judging.schema import RunMetrics
from ecg_facial.evaluation.judging.summary import compare_protocols, summarise_predictions
from ecg_facial.evaluation.protocols.fold_manifest import FOLDS_FILE, FoldPlan, check_trials, read_folds, write_folds
from ecg_facial.evaluation.protocols.protocols import describe_choices, make_folds
from ecg_facial.evaluation.protocols.settings import parse_protocol
from ecg_facial.labels import Task
from ecg_facial.prepared.contract import PreparedData
from ecg_facial.prepared.normalising import normalise
from ecg_facial.prepared.queries import rows_of
from ecg_facial.runtime.executors.contract import Executor
from ecg_facial.runtime.executors.serial import SERIAL
from ecg_facial.runtime.settings import to_dict
from ecg_facial.runtime.storage import sha256_json

PREDICTIONS_FILE, METRICS_FILE, CONFORMAL_FILE = "predictions.csv", "metrics.json", "conformal.csv"
ORIGINAL_FOLDER = "original"


@dataclass(frozen=True, eq=False, kw_only=True)
class BenchmarkResult:
    """A finished run.

    Attributes
    ----------
    folder : Path
    predictions : DataFrame
        As in `predictions.csv`.
    metrics : RunMetrics
        As in `metrics.json`.
    simulated : bool
    plan : FoldPlan
        As in `folds.json`.
    conformal : DataFrame
        Predictions of the conformal parts, as in `conformal.csv`: one row per trial and fold. Empty where there are
        none.
    details : DataFrame
        One row per pipeline, fold and seed: seconds, fingerprints, and other details of the fit.
    original : BenchmarkResult or None
        The original's leaking protocol on the same data, where that was asked for.
    """

    folder: Path
    predictions: pd.DataFrame
    metrics: RunMetrics
    simulated: bool
    plan: FoldPlan = field(default_factory=FoldPlan)
    conformal: pd.DataFrame = field(default_factory=pd.DataFrame)
    details: pd.DataFrame = field(default_factory=pd.DataFrame)
    original: BenchmarkResult | None = None


def run_benchmark(
    prepared: PreparedData,
    out: Path,
    *,
    settings: BenchmarkSettings,
    pipelines: Sequence[Factory | Pipeline] | None = None,
    folds: Path | None = None,
    ceiling: pd.DataFrame | None = None,
    executor: Executor = SERIAL,
    show_progress: bool = False,
) -> BenchmarkResult:
    """Run every fold that is not on disk yet, then write predictions and metrics.

    Parameters
    ----------
    prepared : PreparedData
    out : Path
        Run folder. Of the original's protocol it holds leave-one-subject-out, and ``out/original`` what leaks.
    settings : BenchmarkSettings
    pipelines : sequence of factories or pipelines, optional
        The facial, the ECG and the fused model without it. A factory is called once per seed, before the folds. The
        baselines are added to them.
    folds : Path, optional
        A fold manifest to repeat, with its seeds.
    ceiling : DataFrame, optional
        The ideal observer's predictions of the same trials, where they are simulated.
    executor : Executor
        The result does not depend on it.
    show_progress : bool

    Returns
    -------
    BenchmarkResult

    Raises
    ------
    SettingsError
        For too few subjects, or a manifest of other subjects.
    StaleCacheError
        When the folder holds folds of other data or other settings.
    """
    data = normalise(prepared, settings.normalisation)
    run = _Runner(prepared=data, pipelines=pipelines, settings=settings, executor=executor, show_progress=show_progress)
    if not parse_protocol(settings.protocol).leaks:
        return run.finish(out, protocol=settings.protocol, folds=folds, ceiling=ceiling)
    if folds is not None:
        raise SettingsError(
            "protocol original draws its own folds, beside leave-one-subject-out: leave the manifest out"
        )
    original = run.finish(out / ORIGINAL_FOLDER, protocol=settings.protocol, ceiling=None)
    honest = run.finish(out, protocol="loso", ceiling=ceiling)
    metrics = replace(honest.metrics, original=compare_protocols(honest.metrics, original.metrics))
    metrics.write(out / METRICS_FILE)
    return replace(honest, metrics=metrics, original=original)


def load_run(
    prepared: PreparedData,
    out: Path,
    *,
    settings: BenchmarkSettings,
    folds: Path | None = None,
    pipelines: Sequence[Factory | Pipeline] | None = None,
) -> BenchmarkResult:
    """Open a finished run; nothing is fitted or written.

    Raises
    ------
    MissingDataError
        When folds or figures of it are not there.
    StaleCacheError
        When the folder holds a run of other data or other settings.
    """
    data = normalise(prepared, settings.normalisation)
    return _Runner(prepared=data, pipelines=pipelines, settings=settings, executor=SERIAL, show_progress=False).load(
        out, folds=folds
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class _Runner:
    prepared: PreparedData
    pipelines: Sequence[Factory | Pipeline] | None
    settings: BenchmarkSettings
    executor: Executor
    show_progress: bool

    def finish(
        self, out: Path, *, protocol: str, folds: Path | None = None, ceiling: pd.DataFrame | None
    ) -> BenchmarkResult:
        """Run one protocol and write its files."""
        task, settings = self.settings.find_task(), replace(self.settings, protocol=protocol)
        plan = plan_folds(self.prepared, settings, folds=folds)
        check_folds(self.prepared, plan, task, of_signals=self.pipelines is None)
        jobs = self._make_jobs(out, plan, settings)
        self._run(find_waiting(jobs))
        predictions = pd.concat([read_fold(job) for job in jobs], ignore_index=True)
        judged = from_run(predictions, task.class_names, people=self.prepared.table, ordered=task.ordered)
        metrics = replace(
            summarise_predictions(judged, task=task.name, simulated=self.prepared.simulated, ceiling=ceiling),
            protocol=plan.protocol,
            folds_sha256=plan.sha256,
            normalisation=settings.normalisation.mode,
            stamps=(*_describe_protocol(self.prepared, plan, task), *settings.normalisation.stamps),
            independence=describe_independence(plan, self.prepared.table),
        )
        write_folds(out / FOLDS_FILE, plan)
        write_predictions(out / PREDICTIONS_FILE, predictions)
        result = self._collect(out, plan, jobs, predictions, metrics)
        if len(result.conformal):
            write_predictions(out / CONFORMAL_FILE, result.conformal)
        metrics.write(out / METRICS_FILE)
        return result

    def load(self, out: Path, *, folds: Path | None) -> BenchmarkResult:
        """Read what `finish` wrote."""
        protocol = self.settings.protocol
        settings = replace(self.settings, protocol="loso" if parse_protocol(protocol).leaks else protocol)
        plan = plan_folds(self.prepared, settings, folds=folds)
        jobs = self._make_jobs(out, plan, settings)
        if not (out / METRICS_FILE).is_file() or find_waiting(jobs):
            raise MissingDataError(f"{out}: not a finished run of these settings; run the benchmark to its end")
        predictions = pd.concat([read_fold(job) for job in jobs], ignore_index=True)
        return self._collect(out, plan, jobs, predictions, RunMetrics.read(out / METRICS_FILE))

    def _collect(
        self, out: Path, plan: FoldPlan, jobs: Sequence[FoldJob], predictions: pd.DataFrame, metrics: RunMetrics
    ) -> BenchmarkResult:
        conformal = pd.concat([read_conformal(job) for job in jobs], ignore_index=True)
        details = pd.DataFrame([row for job in jobs for row in read_details(job)])
        return BenchmarkResult(
            folder=out,
            predictions=predictions,
            metrics=metrics,
            simulated=self.prepared.simulated,
            plan=plan,
            conformal=conformal,
            details=details,
        )

    def _run(self, waiting: Sequence[FoldJob]) -> None:
        if not waiting:
            return
        for factory in self._factories:
            warm_up = getattr(factory, "warm_up", None)
            if warm_up is not None:
                warm_up(self.prepared, executor=self.executor, show_progress=self.show_progress)
        label = "Evaluating folds" if self.show_progress else None
        for _ in self.executor.map(run_job, waiting, ordered=False, label=label):
            pass

    @property
    def _factories(self) -> Sequence[Factory | Pipeline]:
        return choose_factories(self.settings, self.pipelines)

    def _make_jobs(self, out: Path, plan: FoldPlan, settings: BenchmarkSettings) -> list[FoldJob]:
        task, jobs = settings.find_task(), []
        for seed, folds in plan.folds.items():
            data = permute_levels(self.prepared, task=task, seed=seed) if settings.permute_labels else self.prepared
            pipelines = make_pipelines(self._factories, data, task=task)
            key = sha256_json(
                {
                    "data": self.prepared.fingerprint,
                    "settings": {**to_dict(settings), "protocol": plan.protocol},
                    "folds": plan.sha256,
                    "pipelines": [dict(pipeline.describe()) for pipeline in pipelines],
                    "code": [hash_code(each) for each in (*self._factories, *pipelines)],
                }
            )
            jobs += [
                FoldJob(
                    fold=fold,
                    seed=seed,
                    prepared=data,
                    pipelines=pipelines,
                    task=task,
                    threads=settings.threads,
                    run_folder=out,
                    key=key,
                )
                for fold in folds
            ]
        return jobs


def make_pipelines(
    factories: Sequence[Factory | Pipeline], prepared: PreparedData, *, task: Task
) -> tuple[Pipeline, ...]:
    """Call the factories with all trials of the task; pipelines are taken as they are.

    Raises
    ------
    SettingsError
        When two pipelines give models of the same name.
    """
    rows = rows_of(prepared, set(prepared.table["subject"]), task)
    trials = TrialSet(prepared, rows, task=task)
    pipelines = tuple(_make_pipeline(factory, trials) for factory in factories)
    models = [model for pipeline in pipelines for model in pipeline.models]
    twice = sorted({model for model in models if models.count(model) > 1})
    if twice:
        raise SettingsError(f"models {', '.join(twice)} are given by two pipelines: name them apart")
    return pipelines


def _make_pipeline(factory: Factory | Pipeline, trials: TrialSet) -> Pipeline:
    # a class of the user's own need not inherit from ours: what can be fitted is a pipeline, else it is a factory
    made: Pipeline = factory if hasattr(factory, "fit") else factory(trials)  # type: ignore[assignment]  # as said
    return made


def plan_folds(prepared: PreparedData, settings: BenchmarkSettings, *, folds: Path | None = None) -> FoldPlan:
    """Make the folds of every seed over the subjects who have a trial of the task, or read them from a manifest."""
    task, protocol = settings.find_task(), parse_protocol(settings.protocol)
    trials = prepared.table.iloc[rows_of(prepared, set(prepared.table["subject"]), task)]
    subjects = tuple(sorted(set(trials["subject"])))
    if folds is not None:
        plan = read_folds(folds, subjects=subjects, task=task.name)
        check_trials(folds, plan, [str(name) for name in trials["trial"]])
        if parse_protocol(plan.protocol).leaks:
            raise SettingsError(f"{folds}: folds of a protocol that leaks; ask for --protocol original instead")
        return plan
    seeds = range(settings.seed, settings.seed + settings.seeds)
    made = {seed: tuple(make_folds(trials, protocol, seed=seed, inner=settings.inner)) for seed in seeds}
    return FoldPlan(protocol=protocol.text, task=task.name, subjects=subjects, folds=made)


def _describe_protocol(prepared: PreparedData, plan: FoldPlan, task: Task) -> tuple[str, ...]:
    """Warnings of a protocol, and what it chose in these data."""
    protocol = parse_protocol(plan.protocol)
    trials = prepared.table.iloc[rows_of(prepared, set(plan.subjects), task)]
    return (*protocol.stamps, *describe_choices(trials, protocol))


def permute_levels(prepared: PreparedData, *, task: Task, seed: int) -> PreparedData:
    """Shuffle the levels of prepared data within each subject, among the task's trials."""
    table = prepared.table.copy()
    for subject in sorted(set(table["subject"])):
        rows = rows_of(prepared, [subject], task)
        order = np.random.default_rng([seed, *subject.encode()]).permutation(len(rows))
        column = table.columns.get_loc("level")
        table.iloc[rows, column] = table["level"].to_numpy()[np.array(rows, dtype=int)[order]]
    return prepared.with_table(table)
