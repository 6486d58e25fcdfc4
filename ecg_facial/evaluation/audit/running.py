"""The audit of a run, cheap or whole.

Input: a finished run, its data and its pipelines. Output: an `AuditResult`. Where nothing is found, a fold is fitted
once more. The cheap form takes the last fold and one drawn at random, as far as its share of the run permits; the whole
form takes four folds, also in another order, and repeats the run with permuted labels.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from ecg_facial.evaluation.audit.canaries import check_folds
from ecg_facial.evaluation.audit.circumstances import check_circumstances
from ecg_facial.evaluation.audit.decoding import (
    PermutedRun,
    check_counts,
    check_normalisation,
    check_permuted,
    check_plausibility,
    measure_permuted,
)
from ecg_facial.evaluation.audit.refitting import AuditedFold, open_fresh, read_stored
from ecg_facial.evaluation.audit.settings import CHEAP, AuditSettings
from ecg_facial.evaluation.audit.structure import check_copies, check_structure
from ecg_facial.evaluation.benchmark.builtin import choose_factories
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
from ecg_facial.prepared.contract import PreparedData
from ecg_facial.prepared.normalising import choose_rest, normalise
from ecg_facial.recording import Trial
from ecg_facial.runtime.executors.contract import Executor
from ecg_facial.runtime.executors.fresh import FreshExecutor
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
    fresh: FreshExecutor | None = None,
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
        Of the runs with permuted labels; as many folds are fitted again at the same time, in fresh processes.
    fresh : FreshExecutor, optional
        Makes these processes, so that several audits share its start; one of this audit's own without it.
    """
    task, seed = settings.find_task(), min(result.plan.folds)
    chosen = choose_factories(settings, factories)
    if settings.permute_labels:
        prepared = permute_levels(prepared, task=task, seed=seed)
    # which trials stand for rest is decided before labels are altered
    base = choose_rest(prepared, settings.normalisation)
    indexed = tuple(trials)
    checks = [check_circumstances(prepared, task=task, trials=indexed)]
    by_label = _count_rest(base) > _count_rest(prepared)
    checks += _check_sides(
        normalise(base, settings.normalisation), result.plan, task, settings, indexed, rest_by_label=by_label
    )
    drawn: list[Fold] = []
    if not parse_protocol(result.plan.protocol).leaks:
        # the leaking protocol trains and tests everybody: nobody is left whose signals could replace the test trials'
        drawn = draw_folds(result.plan.folds[seed], audit, n_seeds=len(result.plan.folds))
        with nullcontext(fresh) if fresh else open_fresh(executor.workers) as processes:
            checks += _refit(base, result, settings, chosen, drawn, order=audit.order, fresh=processes)
    checks.append(check_counts(from_run(result.predictions, task.class_names).table, task.class_names))
    checks.append(check_permuted(_permute(prepared, settings, factories, audit.permutations, executor)))
    checks += check_plausibility(result.metrics, simulated=result.simulated)
    return AuditResult(
        checks=tuple(name_once(checks)),
        refitted=tuple(fold.index for fold in drawn),
        n_folds=len(result.plan.folds[seed]),
        draw_seed=audit.seed,
    )


def _count_rest(prepared: PreparedData) -> int:
    return int((prepared.table["level"] == REST_CODE).sum())


def name_once(checks: Sequence[Check]) -> list[Check]:
    """Make the dependence on other test trials a consequence where predictions were decoded with known counts."""
    decoded = next((check for check in checks if check.passed is False and check.leak == 5), None)
    if decoded is None:
        return list(checks)
    return [
        replace(check, consequence_of=decoded.name) if check.passed is False and check.leak == 4 else check
        for check in checks
    ]


def draw_folds(folds: Sequence[Fold], audit: AuditSettings, *, n_seeds: int = 1) -> list[Fold]:
    """Draw the folds that are fitted again: the last one, and others at random by the audit's seed.

    As many as asked for, and no more than the share of the run's fits allows; in any case one, where any are asked for.
    """
    n = min(audit.n_folds, len(folds), max(1, int(audit.share * len(folds) * n_seeds)))
    others = np.random.default_rng([audit.seed, len(folds)]).permutation(len(folds) - 1)[: max(n - 1, 0)]
    return [folds[place] for place in sorted({len(folds) - 1, *others.tolist()})] if n else []


def _check_sides(
    data: PreparedData,
    plan: FoldPlan,
    task: Task,
    settings: BenchmarkSettings,
    trials: Iterable[Trial],
    *,
    rest_by_label: bool,
) -> list[Check]:
    """Who and what is on which side of the folds; copies and rest are looked for in the first seed's folds."""
    every, first = [fold for folds in plan.folds.values() for fold in folds], plan.folds[min(plan.folds)]
    checks = check_structure(data, every, task=task, shots=parse_protocol(plan.protocol).name == "k-shot")
    checks += check_copies(data, first, task=task, trials=trials)
    rest = set(np.flatnonzero((data.table["level"] == REST_CODE).to_numpy()).tolist())
    scored = {row for fold in first for row in test_rows(data, fold, task=task)}
    mode = settings.normalisation.mode
    checks.append(check_normalisation(mode, rest_is_scored=bool(rest & scored), rest_by_label=rest_by_label))
    return checks


def _refit(
    base: PreparedData,
    result: BenchmarkResult,
    settings: BenchmarkSettings,
    factories: Sequence[Factory | Pipeline],
    drawn: Sequence[Fold],
    *,
    order: bool,
    fresh: FreshExecutor,
) -> list[Check]:
    """Fit folds of the first seed again, each time in a fresh process, with the threads of the run."""
    seed = min(result.plan.folds)
    folds = result.plan.folds[seed]
    audited = [
        AuditedFold(
            prepared=base,
            normalisation=settings.normalisation,
            factories=factories,
            fold=fold,
            task=settings.find_task(),
            seed=seed,
            threads=settings.threads,
        )
        for fold in drawn
    ]
    others = [folds[(folds.index(fold) + 1) % len(folds)] if order and len(folds) > 1 else None for fold in drawn]
    stored = [read_stored(result, seed, fold) for fold in drawn]
    return check_folds(audited, stored, others=others, fresh=fresh)


def _permute(
    prepared: PreparedData,
    settings: BenchmarkSettings,
    factories: Sequence[Factory | Pipeline] | None,
    n_runs: int,
    executor: Executor,
) -> dict[str, list[PermutedRun]]:
    """By model, what each run with permuted labels gives."""
    if not n_runs:
        return {}
    wanted = replace(settings, permute_labels=True, seeds=n_runs)
    with TemporaryDirectory() as folder:
        run = run_benchmark(prepared, Path(folder), settings=wanted, pipelines=factories, executor=executor)
    said = from_run(run.predictions, settings.find_task().class_names).table
    found: dict[str, list[PermutedRun]] = {}
    for (model, _), part in said.groupby(["model", "seed"], sort=True):
        found.setdefault(str(model), []).append(measure_permuted(part))
    return found
