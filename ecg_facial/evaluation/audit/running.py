"""The audit of a run, cheap or whole.

Input: a finished run, its data and its pipelines. Output: an `AuditResult`. The cheap form fits one fold six times; the
whole form fits three folds, also in another order, and repeats the run with permuted labels.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from ecg_facial.evaluation.audit.canaries import (
    AuditedFold,
    check_batches,
    check_canaries,
    check_factories,
    check_other_trials,
    check_run,
    check_state,
)
from ecg_facial.evaluation.audit.decoding import check_counts, check_normalisation, check_permuted, check_plausibility
from ecg_facial.evaluation.audit.settings import CHEAP, AuditSettings
from ecg_facial.evaluation.audit.structure import check_copies, check_structure
from ecg_facial.evaluation.benchmark.builtin import NetworksFactory
from ecg_facial.evaluation.benchmark.fold_running import test_rows
from ecg_facial.evaluation.benchmark.pipelines import Factory, Pipeline
from ecg_facial.evaluation.benchmark.runner import BenchmarkResult, permute_levels, run_benchmark
from ecg_facial.evaluation.benchmark.settings import BenchmarkSettings
from ecg_facial.evaluation.judging.predictions_table import from_run
from ecg_facial.evaluation.judging.schema import AuditResult, Check
from ecg_facial.evaluation.protocols.fold_manifest import FoldPlan
from ecg_facial.evaluation.protocols.folds import Fold
from ecg_facial.evaluation.protocols.settings import parse_protocol
from ecg_facial.labels import REST_CODE, Task
from ecg_facial.learning.training import limit_threads
from ecg_facial.prepared.contract import PreparedData
from ecg_facial.prepared.normalising import choose_rest, normalise
from ecg_facial.recording import Trial
from ecg_facial.runtime.executors.contract import Executor
from ecg_facial.runtime.executors.serial import SERIAL


def audit_run(
    prepared: PreparedData,
    result: BenchmarkResult,
    *,
    settings: BenchmarkSettings,
    audit: AuditSettings = CHEAP,
    factories: Sequence[Factory | Pipeline] | None = None,
    trials: Iterable[Trial] = (),
    executor: Executor = SERIAL,
) -> AuditResult:
    """Audit a run.

    Parameters
    ----------
    prepared : PreparedData
        As prepared, before any normalisation.
    result : BenchmarkResult
    settings : BenchmarkSettings
        Those of the run.
    audit : AuditSettings
    factories : sequence of factories or pipelines, optional
        Those of the run; the built-in pipeline without it.
    trials : iterable of Trial
        The indexed trials, by which files and stretches are known.
    executor : Executor
        Of the runs with permuted labels.
    """
    task, seed = settings.find_task(), min(result.plan.folds)
    chosen: Sequence[Factory | Pipeline] = (
        [NetworksFactory(settings.models, settings.fusion_weights)] if factories is None else factories
    )
    if settings.permute_labels:
        prepared = permute_levels(prepared, task=task, seed=seed)
    # which trials stand for rest is decided before labels are altered
    base = choose_rest(prepared, settings.normalisation)
    checks = _check_sides(normalise(base, settings.normalisation), result.plan, task, settings, trials)
    if not parse_protocol(result.plan.protocol).leaks:
        # the leaking protocol trains and tests everybody: nobody is left whose signals could replace the test trials'
        checks += _refit(base, result, settings, chosen, audit)
    checks.append(check_counts(from_run(result.predictions, task.class_names).table, task.class_names))
    checks.append(check_permuted(_permute(prepared, settings, chosen, audit.permutations, executor), task.chance))
    checks += check_plausibility(result.metrics, simulated=result.simulated)
    return AuditResult(checks=tuple(checks))


def _check_sides(
    data: PreparedData, plan: FoldPlan, task: Task, settings: BenchmarkSettings, trials: Iterable[Trial]
) -> list[Check]:
    """Who and what is on which side of the folds; copies and rest are looked for in the first seed's folds."""
    every, first = [fold for folds in plan.folds.values() for fold in folds], plan.folds[min(plan.folds)]
    checks = check_structure(data, every, task=task, shots=parse_protocol(plan.protocol).name == "k-shot")
    checks += check_copies(data, first, task=task, trials=trials)
    rest = set(np.flatnonzero((data.table["level"] == REST_CODE).to_numpy()).tolist())
    scored = {row for fold in first for row in test_rows(data, fold, task=task)}
    checks.append(check_normalisation(settings.normalisation.mode, rest_is_scored=bool(rest & scored)))
    return checks


def _refit(
    base: PreparedData,
    result: BenchmarkResult,
    settings: BenchmarkSettings,
    factories: Sequence[Factory | Pipeline],
    audit: AuditSettings,
) -> list[Check]:
    """Fit some folds of the first seed again, evenly chosen."""
    seed = min(result.plan.folds)
    folds, checks = result.plan.folds[seed], list[Check]()
    with limit_threads(settings.threads):
        for place in np.unique(np.linspace(0, len(folds) - 1, min(audit.n_folds, len(folds))).round().astype(int)):
            audited = AuditedFold(
                prepared=base,
                normalisation=settings.normalisation,
                factories=factories,
                fold=folds[place],
                task=settings.find_task(),
                seed=seed,
            )
            other = folds[(place + 1) % len(folds)] if audit.order else None
            checks += _fit_again(audited, _read_fingerprints(result, seed, folds[place].index), other)
    return checks


def _read_fingerprints(result: BenchmarkResult, seed: int, fold: int) -> list[Mapping[str, str]]:
    """Fingerprints that the run kept of one fold, one per pipeline."""
    rows = result.details[(result.details["seed"] == seed) & (result.details["fold"] == fold)]
    return list(rows["fingerprint"])


def _fit_again(audited: AuditedFold, stored: Sequence[Mapping[str, str]], other: Fold | None) -> list[Check]:
    """All checks that fit one fold again; their names say which fold."""
    fitted = audited.fit()
    reference = audited.observe(fitted)
    checks = [check_run(stored, reference), *check_canaries(audited, reference), *check_batches(audited, fitted)]
    transductive = audited.normalisation.mode == "transductive"
    checks += check_factories(audited, reference)
    checks.append(check_other_trials(audited, reference, transductive=transductive))
    if other is not None:
        checks.append(check_state(audited, other, reference))
    named = f" (fold {audited.fold.index})"
    return [replace(check, name=check.name + named) for check in checks]


def _permute(
    prepared: PreparedData,
    settings: BenchmarkSettings,
    factories: Sequence[Factory | Pipeline],
    n_runs: int,
    executor: Executor,
) -> list[float]:
    """Accuracy over subjects of each run with permuted labels, the mean over models."""
    if not n_runs:
        return []
    wanted = replace(settings, permute_labels=True, seeds=n_runs)
    with TemporaryDirectory() as folder:
        run = run_benchmark(prepared, Path(folder), settings=wanted, pipelines=factories, executor=executor)
    by_seed = [[seed.accuracy for seed in judged.over_seeds.by_seed] for judged in run.metrics.models.values()]
    return [float(value) for value in np.mean(by_seed, axis=0)]
