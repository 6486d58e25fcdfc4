"""Fit a fold again on altered data, each time in a fresh process.

Input: a fold with what is needed to fit it, and alterations. Output: an `Outcome` per pipeline: digests of everything
that was fitted, logits of the test trials, and how the method behaves when it is asked for a trial alone, or twice.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from torch import nn

from ecg_facial.evaluation.audit.alterations import Alteration, alter
from ecg_facial.evaluation.benchmark.fold_running import FittedFold, fit_fold, predict_rows, test_rows
from ecg_facial.evaluation.benchmark.hashing import hash_value
from ecg_facial.evaluation.benchmark.pipelines import Factory, Pipeline
from ecg_facial.evaluation.benchmark.runner import BenchmarkResult, make_pipelines
from ecg_facial.evaluation.benchmark.trial_set import TrialSet
from ecg_facial.evaluation.protocols.folds import Fold
from ecg_facial.labels import Task
from ecg_facial.learning.training import limit_threads
from ecg_facial.prepared.contract import PreparedData
from ecg_facial.prepared.normalising import normalise
from ecg_facial.prepared.settings import NormalisationSettings
from ecg_facial.runtime.executors.fresh import FreshExecutor
from ecg_facial.runtime.typing import Float64Array

# trials that are predicted alone, per pipeline
_MOST_ALONE = 6
# how deep a pipeline's attributes are searched for torch modules
_SEARCH_DEPTH = 6
# rounding in float32, as a share of the largest logit
_MOST_ROUNDING = 1e-5
_PRELOAD = ("ecg_facial.evaluation.audit.refitting", "ecg_facial.evaluation.benchmark.builtin")


@dataclass(frozen=True, eq=False, kw_only=True)
class Outcome:
    """What one pipeline fitted, and what it predicts for the test trials.

    Attributes
    ----------
    fingerprint : mapping of str to str
        SHA-256 of every fitted part.
    logits : mapping of str to ndarray, shape (n_rows, n_classes)
        By model, in the order of the test rows of the unaltered data.
    alone, twice : mapping of str to float
        By model, the largest difference of logits between trials alone and together, and between two equal requests.
    training : tuple of str
        Kinds of layers in training mode.
    layers : bool
        Whether there is any layer whose mode matters.
    error : str
        What was raised instead; empty where nothing was.
    """

    fingerprint: Mapping[str, str] = field(default_factory=dict)
    logits: Mapping[str, Float64Array] = field(default_factory=dict)
    alone: Mapping[str, float] = field(default_factory=dict)
    twice: Mapping[str, float] = field(default_factory=dict)
    training: tuple[str, ...] = ()
    layers: bool = False
    error: str = ""


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
        Of the run.
    threads : int
        As in the run.
    before : Fold or None
        A fold to fit first with the same pipelines.
    """

    prepared: PreparedData
    normalisation: NormalisationSettings
    factories: Sequence[Factory | Pipeline]
    fold: Fold
    task: Task
    seed: int
    threads: int
    before: Fold | None = None

    @property
    def rows(self) -> list[int]:
        """Rows of the test trials."""
        return test_rows(normalise(self.prepared, self.normalisation), self.fold, task=self.task)


Request = tuple[AuditedFold, Alteration]


def open_fresh(workers: int = 1) -> FreshExecutor:
    """Make an executor of fresh processes in which what fits folds is imported already; close it after use."""
    return FreshExecutor(workers, preload=_PRELOAD)


def refit_all(requests: Sequence[Request], *, fresh: FreshExecutor) -> list[list[Outcome]]:
    """Fit folds again, each request in a fresh process; an outcome per pipeline."""
    return list(fresh.map(refit, requests))


def refit(request: Request) -> list[Outcome]:
    """Fit a fold again on altered data, in this process."""
    audited, alteration = request
    altered = alter(
        audited.prepared, audited.rows, task=audited.task, alteration=alteration, seed=audited.seed + audited.fold.index
    )
    data, shown = (normalise(each, audited.normalisation) for each in (altered.fold, altered.shown))
    data, shown = altered.rename(data, shown, audited.rows)
    with limit_threads(audited.threads):
        try:
            pipelines = make_pipelines(audited.factories, shown, task=audited.task)
        except Exception as error:  # whatever a method raises on altered data
            return [Outcome(error=f"{type(error).__name__}: {error}")] * len(audited.factories)
        return [_observe(audited, data, altered.rows, pipeline) for pipeline in pipelines]


def _observe(audited: AuditedFold, data: PreparedData, rows: Sequence[int], pipeline: Pipeline) -> Outcome:
    try:
        if audited.before is not None:
            fit_fold(data, audited.before, pipeline, task=audited.task, seed=audited.seed)
        fitted = fit_fold(data, audited.fold, pipeline, task=audited.task, seed=audited.seed)
        return _ask(audited, fitted, rows, pipeline)
    except Exception as error:  # as above
        return Outcome(error=f"{type(error).__name__}: {error}")


def _ask(audited: AuditedFold, fitted: FittedFold, rows: Sequence[int], pipeline: Pipeline) -> Outcome:
    """Take digests before anything is predicted, then predict together, again, and one by one."""
    # settings that were chosen before the fold show in what the pipeline says of itself
    fingerprint = {**fitted.fingerprint(), "described": hash_value(dict(pipeline.describe()))}
    asked = sorted(rows)
    order = [asked.index(row) for row in rows]

    def together() -> dict[str, Float64Array]:
        said = predict_rows(fitted.prepared, fitted.method, asked, task=audited.task, models=pipeline.models)
        return {model: values[order] for model, values in said.items()}

    first, again = together(), together()
    layers = list(_find_layers(fitted.method))
    return Outcome(
        fingerprint=fingerprint,
        logits=first,
        alone=_ask_alone(audited, fitted, rows, pipeline, first),
        twice={model: distance(first[model], again[model]) for model in first},
        training=tuple(sorted({type(layer).__name__ for layer in layers if layer.training})),
        layers=bool(layers),
    )


def _ask_alone(
    audited: AuditedFold,
    fitted: FittedFold,
    rows: Sequence[int],
    pipeline: Pipeline,
    together: Mapping[str, Float64Array],
) -> dict[str, float]:
    """Largest difference of logits between some trials predicted alone and all predicted together."""
    worst = dict.fromkeys(pipeline.models, 0.0)
    for place in np.unique(np.linspace(0, len(rows) - 1, min(_MOST_ALONE, len(rows))).round().astype(int)):
        trial = TrialSet(fitted.prepared, [rows[place]], task=audited.task, labelled=False)
        alone = fitted.method.predict(trial)
        for model in pipeline.models:
            worst[model] = max(worst[model], distance(together[model][place : place + 1], np.asarray(alone[model])))
    return worst


def read_stored(result: BenchmarkResult, seed: int, fold: Fold) -> list[Outcome]:
    """Read what the run itself kept of a fold: digests and logits, an outcome per pipeline."""
    path = result.folder / "folds" / f"{seed}-{fold.index:03d}.json"
    stored: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    logits = {model: np.array(values, dtype=np.float64) for model, values in stored["logits"].items()}
    return [
        Outcome(fingerprint=each["fingerprint"], logits={model: logits[model] for model in each["models"]})
        for each in stored["pipelines"]
    ]


def keep_places(outcome: Outcome, places: Sequence[int]) -> Outcome:
    """Keep the outcome for some of the test trials."""
    return replace(outcome, logits={model: values[list(places)] for model, values in outcome.logits.items()})


def centre(logits: Float64Array) -> Float64Array:
    """Logits less their mean over classes, which changes no probability."""
    return np.asarray(logits - logits.mean(axis=1, keepdims=True), np.float64)


def distance(first: Float64Array, second: Float64Array) -> float:
    """Largest absolute difference of centred logits; infinite where one side has logits and the other has none."""
    known = np.isfinite(first).all(axis=1)
    if not np.array_equal(known, np.isfinite(second).all(axis=1)):
        return float("inf")
    return float(np.abs(centre(first[known]) - centre(second[known])).max(initial=0.0))


def spread_of(logits: Float64Array) -> float:
    """Compute the standard deviation of centred logits over trials, the mean over classes."""
    known = centre(logits[np.isfinite(logits).all(axis=1)])
    return float(known.std(axis=0).mean()) if len(known) else 0.0


def rounding_of(outcome: Outcome, model: str) -> float:
    """Difference that rounding may make: ten times that of a trial alone, at most that of float32."""
    largest = float(np.nanmax(np.abs(outcome.logits[model]), initial=0.0))
    alone = outcome.alone.get(model, 0.0)
    return min(10 * alone, _MOST_ROUNDING * largest) + 1e-13 * largest


def _find_layers(part: Any, depth: int = 0) -> list[nn.Module]:
    """Layers of batch normalisation and dropout, searched in containers and attributes of a fitted pipeline.

    The mode of other modules changes nothing.
    """
    if isinstance(part, nn.Module):
        kinds = (nn.modules.batchnorm._BatchNorm, nn.modules.dropout._DropoutNd)
        return [module for module in part.modules() if isinstance(module, kinds)]
    if depth >= _SEARCH_DEPTH or isinstance(part, (str, bytes, int, float, np.ndarray, TrialSet)):
        return []
    held = list(part.values()) if isinstance(part, Mapping) else list(part) if isinstance(part, (list, tuple)) else []
    held += list(getattr(part, "__dict__", {}).values())
    return [layer for each in held for layer in _find_layers(each, depth + 1)]
