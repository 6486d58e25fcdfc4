"""Canaries: a fold is fitted again on data in which only the test trials were altered. Nothing fitted may change.

Input: prepared data, pipelines or their factories, a fold, and fingerprints that the run kept of it. Output: checks.

A method that is free of leakage computes its weights, scalers, epochs, temperatures and fusion weights from the inner
subjects alone. So these must be the same, to the last byte, when the test trials' labels are replaced, when their
signals are replaced by those of other trials, when later test trials are replaced, or when another fold was fitted
before. Each check makes one such change, fits the fold again with the same seed, and compares the SHA-256 of every
fitted part and the logits of the test trials with the unaltered fit. Any difference is a leak, and which part differs
says which one (`LEAKS`). This needs no knowledge of the method's code and no statistics: training is deterministic, so
a check fails on a leak alone.

Factories are called anew on the altered data, so that what a method does before the folds (tuning, scaling, selecting
features on everybody) is repeated too. One person's trials hardly move such statistics, so `check_factories` alters
everybody's. What canaries cannot see: a method that reads the data from elsewhere, past what it is handed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import nn

from ecg_facial.evaluation.benchmark.fold_running import FittedFold, fit_fold, predict_rows, test_rows
from ecg_facial.evaluation.benchmark.pipelines import Factory, Pipeline
from ecg_facial.evaluation.benchmark.runner import make_pipelines
from ecg_facial.evaluation.benchmark.trial_set import TrialSet
from ecg_facial.evaluation.judging.schema import Check
from ecg_facial.evaluation.protocols.folds import Fold
from ecg_facial.labels import Task
from ecg_facial.prepared.altering import AlteredData
from ecg_facial.prepared.contract import PreparedData
from ecg_facial.prepared.normalising import normalise, order_rows
from ecg_facial.prepared.settings import NormalisationSettings
from ecg_facial.runtime.typing import Float64Array

# logits may differ by this: a clip alone and in its batch differ by rounding, about a thousandth of it
_TOLERANCE = 1e-3
# clips that are predicted alone, per pipeline
_MOST_ALONE = 6
# how deep a pipeline's attributes are searched for torch modules
_SEARCH_DEPTH = 6


@dataclass(frozen=True, eq=False)
class Outcome:
    """What was fitted, and what it predicts for the test trials.

    Attributes
    ----------
    fingerprint : mapping of str to str
        SHA-256 of every fitted part.
    logits : mapping of str to ndarray, shape (n_rows, n_classes)
        By model.
    """

    fingerprint: Mapping[str, str]
    logits: Mapping[str, Float64Array]


@dataclass(frozen=True, eq=False, kw_only=True)
class AuditedFold:
    """A fold with what is needed to fit it again.

    Attributes
    ----------
    prepared : PreparedData
        As prepared, before any normalisation.
    normalisation : NormalisationSettings
    factories : sequence of factories or pipelines
    fold : Fold
    task : Task
    seed : int
    """

    prepared: PreparedData
    normalisation: NormalisationSettings
    factories: Sequence[Factory | Pipeline]
    fold: Fold
    task: Task
    seed: int

    def fit(
        self, prepared: PreparedData | None = None, *, shown: PreparedData | None = None
    ) -> list[tuple[Pipeline, FittedFold]]:
        """Fit every pipeline on the data, or on altered data; factories may be shown other data than the fold."""
        data = normalise(self.prepared if prepared is None else prepared, self.normalisation)
        before = data if shown is None else normalise(shown, self.normalisation)
        pipelines = make_pipelines(self.factories, before, task=self.task)
        return [(each, fit_fold(data, self.fold, each, task=self.task, seed=self.seed)) for each in pipelines]

    def observe(self, fitted: Sequence[tuple[Pipeline, FittedFold]]) -> list[Outcome]:
        """Fingerprints of fitted pipelines, and their logits for the test trials."""
        return [
            Outcome(
                fold.fingerprint(),
                predict_rows(fold.prepared, fold.method, self.rows, task=self.task, models=pipeline.models),
            )
            for pipeline, fold in fitted
        ]

    @property
    def rows(self) -> list[int]:
        """Rows of the test trials."""
        return test_rows(normalise(self.prepared, self.normalisation), self.fold, task=self.task)


def check_canaries(audited: AuditedFold, reference: Sequence[Outcome]) -> list[Check]:
    """Replace the test trials' labels, then their ECGs and videos, and compare with the unaltered fit."""
    relabelled = audited.observe(audited.fit(exchange_labels(audited)))
    exchanged = audited.observe(audited.fit(exchange_signals(audited, heart=True, video=True)))
    fitted = _changed_parts(reference, relabelled)
    checks = [
        Check(
            name="test labels change nothing that is fitted",
            kind="deterministic",
            passed=not fitted,
            message=f"changed: {', '.join(fitted)}" if fitted else "every fitted part is the same to the byte",
            leak=_diagnose_leak(fitted),
        )
    ]
    moved = _largest_move(reference, relabelled)
    checks.append(
        Check(
            name="test labels change no prediction",
            kind="deterministic",
            passed=moved <= _TOLERANCE,
            message=f"logits move by up to {moved:.2g}",
            leak=_diagnose_leak(fitted) or 10,
        )
    )
    fitted = _changed_parts(reference, exchanged)
    by_signal = _name_leaking_signals(audited, reference) if fitted else ""
    checks.append(
        Check(
            name="test signals change nothing that is fitted",
            kind="deterministic",
            passed=not fitted,
            message=f"changed{by_signal}: {', '.join(fitted)}"
            if fitted
            else "every fitted part is the same to the byte",
            leak=_diagnose_leak(fitted),
        )
    )
    return checks


def check_factories(audited: AuditedFold, reference: Sequence[Outcome]) -> list[Check]:
    """Show factories altered labels, then altered signals, of everybody, and fit the fold on the true data.

    A statistic over everybody hardly moves when one person's trials are altered, but clearly when all are.
    """
    everybody = [row for row, level in enumerate(audited.prepared.table["level"]) if audited.task.includes_code(level)]
    drawn = np.random.default_rng(5).permutation(everybody).tolist()
    shown = dict(zip(everybody, drawn, strict=True))
    ways = (
        ("labels", 6, _reverse_labels(audited, everybody)),
        ("signals", 7, AlteredData(audited.prepared, ecg=shown, video=shown)),
    )
    return [_check_factory(audited, reference, *way) for way in ways]


def _check_factory(
    audited: AuditedFold, reference: Sequence[Outcome], what: str, leak: int, shown: PreparedData
) -> Check:
    outcomes = audited.observe(audited.fit(shown=shown))
    changed, moved = _changed_parts(reference, outcomes), _largest_move(reference, outcomes)
    learned = bool(changed) or moved > _TOLERANCE
    return Check(
        name=f"nothing is learned of {what} before the folds",
        kind="deterministic",
        passed=not learned,
        message=f"changed: {', '.join(changed) or 'predictions alone'}"
        if learned
        else "factories learn nothing of them",
        leak=_diagnose_leak(changed) if any(part.startswith("epoch") for part in changed) and leak != 6 else leak,
    )


def _reverse_labels(audited: AuditedFold, rows: Sequence[int]) -> PreparedData:
    """Swap the lowest level with the highest, and so on: every label of an even number of classes changes."""
    table, names = audited.prepared.table.copy(), list(audited.task.class_names)
    other = dict(zip(names, reversed(names), strict=True))
    table.iloc[list(rows), table.columns.get_loc("level")] = [other[level] for level in table["level"].iloc[list(rows)]]
    return audited.prepared.with_table(table)


def check_other_trials(audited: AuditedFold, reference: Sequence[Outcome], *, transductive: bool) -> Check:
    """Replace the later half of the test trials: predictions of the earlier half may not change."""
    rows = order_rows(audited.prepared.table, audited.rows)
    early, late = sorted(rows[: len(rows) // 2]), rows[len(rows) // 2 :]
    places = [audited.rows.index(row) for row in early]
    donors = exchange_signals(audited, heart=True, video=True, rows=late)
    outcomes = audited.observe(audited.fit(donors))
    moved = _largest_move(*([_keep(each, places) for each in side] for side in (reference, outcomes)))
    return Check(
        name="a test trial does not depend on later ones",
        kind="deterministic",
        passed=moved <= _TOLERANCE,
        message=f"logits of the others move by up to {moved:.2g}",
        leak=4,
        warning=transductive,
    )


def _keep(outcome: Outcome, places: Sequence[int]) -> Outcome:
    """Keep the outcome for some of the test trials."""
    return Outcome(outcome.fingerprint, {model: values[list(places)] for model, values in outcome.logits.items()})


def check_state(audited: AuditedFold, other: Fold, reference: Sequence[Outcome]) -> Check:
    """Fit another fold, then this one, with the same pipeline objects: the outcome must be that of this fold alone."""
    data = normalise(audited.prepared, audited.normalisation)
    pipelines = make_pipelines(audited.factories, data, task=audited.task)
    again = []
    for pipeline in pipelines:
        fit_fold(data, other, pipeline, task=audited.task, seed=audited.seed)
        fitted = fit_fold(data, audited.fold, pipeline, task=audited.task, seed=audited.seed)
        again += audited.observe([(pipeline, fitted)])
    changed, moved = _changed_parts(reference, again), _largest_move(reference, again)
    return Check(
        name="a fold after another equals the fold alone",
        kind="deterministic",
        passed=not changed and moved <= _TOLERANCE,
        message=f"changed: {', '.join(changed) or 'predictions alone'}, logits by up to {moved:.2g}"
        if changed or moved > _TOLERANCE
        else "same fitted parts and predictions in any order",
        leak=3,
    )


def check_run(stored: Sequence[Mapping[str, str]], reference: Sequence[Outcome]) -> Check:
    """Compare a fold that was fitted alone with what the run kept of it."""
    changed = sorted(
        name
        for kept, alone in zip(stored, reference, strict=True)
        for name in set(kept) | set(alone.fingerprint)
        if kept.get(name) != alone.fingerprint.get(name)
    )
    return Check(
        name="the fold alone equals the fold in its run",
        kind="deterministic",
        passed=not changed,
        message=f"changed: {', '.join(changed)}" if changed else "every fitted part is the same to the byte",
        leak=3,
    )


def check_batches(audited: AuditedFold, fitted_pipelines: Sequence[tuple[Pipeline, FittedFold]]) -> list[Check]:
    """Check that a clip alone is predicted as in its batch, and that networks are in evaluation mode."""
    worst, training = 0.0, []
    for pipeline, fitted in fitted_pipelines:
        worst = max(worst, _alone_against_batch(fitted, audited, pipeline))
        training += _find_training(fitted.method)
    batched = Check(
        name="a clip alone is judged as in its batch",
        kind="deterministic",
        passed=worst <= _TOLERANCE,
        message=f"logits of a clip move by up to {worst:.2g} with what else is judged",
        leak=8 if training else 4,
    )
    modes = Check(
        name="networks are in evaluation mode",
        kind="deterministic",
        passed=not training,
        message=f"in training mode: {', '.join(sorted(set(training)))}"
        if training
        else "no module is in training mode",
        leak=8,
    )
    return [batched, modes]


def _alone_against_batch(fitted: FittedFold, audited: AuditedFold, pipeline: Pipeline) -> float:
    """Largest difference of logits between some clips predicted alone and all predicted together."""
    rows = audited.rows
    together = predict_rows(fitted.prepared, fitted.method, rows, task=audited.task, models=pipeline.models)
    worst = 0.0
    for place in np.linspace(0, len(rows) - 1, min(_MOST_ALONE, len(rows))).round().astype(int):
        trial = TrialSet(fitted.prepared, [rows[place]], task=audited.task, labelled=False)
        alone = fitted.method.predict(trial)
        for model in pipeline.models:
            worst = max(worst, _distance(together[model][place : place + 1], np.asarray(alone[model])))
    return worst


def exchange_labels(audited: AuditedFold) -> PreparedData:
    """Give each test trial the next level in the order of the task's classes, so that every label changes."""
    table, rows = audited.prepared.table.copy(), audited.rows
    names = list(audited.task.class_names)
    turned = {name: names[(place + 1) % len(names)] for place, name in enumerate(names)}
    column = table.columns.get_loc("level")
    table.iloc[rows, column] = [turned[level] for level in table["level"].iloc[rows]]
    return audited.prepared.with_table(table)


def exchange_signals(
    audited: AuditedFold, *, heart: bool, video: bool, rows: Sequence[int] | None = None
) -> PreparedData:
    """Give the test trials, or some of them, signals of trials outside the test part, drawn by seed and fold."""
    tested = set(audited.rows)
    rows = audited.rows if rows is None else rows
    others = np.array([row for row in range(len(audited.prepared)) if row not in tested])
    drawn = np.random.default_rng([audited.seed, audited.fold.index]).choice(others, len(rows))
    shown = {row: int(other) for row, other in zip(rows, drawn, strict=True)}
    return AlteredData(audited.prepared, ecg=shown if heart else {}, video=shown if video else {})


def _name_leaking_signals(audited: AuditedFold, reference: Sequence[Outcome]) -> str:
    """Say by which signal alone something fitted changes; empty where only both together change it."""
    by = []
    for name in ("heart", "video"):
        altered = exchange_signals(audited, heart=name == "heart", video=name == "video")
        if _changed_parts(reference, audited.observe(audited.fit(altered))):
            by.append(name)
    return f" by the {' and the '.join(by)}" if by else ""


def _diagnose_leak(parts: Sequence[str]) -> int | None:
    """Find the number in `LEAKS` of what the changed parts show: epochs first, then choices, settings, fitted parts."""
    if not parts:
        return None
    if any(part.startswith("epoch") for part in parts):
        return 2
    if any(word in part for part in parts for word in ("threshold", "temperature", "combiner", "seed")):
        return 10
    return 6 if set(parts) & {"settings", "networks"} else 7


def _changed_parts(first: Sequence[Outcome], second: Sequence[Outcome]) -> list[str]:
    """Names of fitted parts whose SHA-256 differ."""
    changed: set[str] = set()
    for one, other in zip(first, second, strict=True):
        names = set(one.fingerprint) | set(other.fingerprint)
        changed |= {name for name in names if one.fingerprint.get(name) != other.fingerprint.get(name)}
    return sorted(changed)


def _largest_move(first: Sequence[Outcome], second: Sequence[Outcome]) -> float:
    """Largest difference of logits between two outcomes of the same pipelines."""
    return max(
        _distance(one.logits[model], other.logits[model])
        for one, other in zip(first, second, strict=True)
        for model in one.logits
    )


def _distance(first: Float64Array, second: Float64Array) -> float:
    """Largest absolute difference; infinite where one side has logits and the other has none."""
    known = np.isfinite(first)
    if not np.array_equal(known, np.isfinite(second)):
        return float("inf")
    return float(np.abs(first[known] - second[known]).max(initial=0.0))


def _find_training(part: Any, depth: int = 0) -> list[str]:
    """Names of torch modules in training mode, searched in containers and attributes of a fitted pipeline.

    Only batch normalisation and dropout count: the mode of other modules changes nothing.
    """
    if isinstance(part, nn.Module):
        kinds = (nn.modules.batchnorm._BatchNorm, nn.modules.dropout._DropoutNd)
        return [type(module).__name__ for module in part.modules() if module.training and isinstance(module, kinds)]
    if depth >= _SEARCH_DEPTH or isinstance(part, (str, bytes, int, float, np.ndarray, TrialSet)):
        return []
    held = list(part.values()) if isinstance(part, Mapping) else list(part) if isinstance(part, (list, tuple)) else []
    held += list(getattr(part, "__dict__", {}).values())
    return [name for each in held for name in _find_training(each, depth + 1)]
