"""One fold: fit a pipeline on the inner parts, and predict the test trials without their labels.

Input: prepared data, a fold, a pipeline. Output: logits by trial and model, fingerprints of everything fitted, and the
seconds it took. Results stay in memory, so that an audit can run a fold again on altered data.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ecg_facial.errors import SettingsError
from ecg_facial.evaluation.benchmark.pipelines import Fitted, Pipeline
from ecg_facial.evaluation.benchmark.trial_set import Parts, TrialSet, shuffle_rows
from ecg_facial.evaluation.protocols.folds import PART_NAMES, Fold, InnerFold, Part
from ecg_facial.labels import Task
from ecg_facial.prepared.contract import PreparedData
from ecg_facial.prepared.queries import rows_of
from ecg_facial.runtime.typing import BoolArray, Float64Array


@dataclass(frozen=True, eq=False, kw_only=True)
class FoldOutcome:
    """Result of a pipeline on a fold.

    Attributes
    ----------
    rows : list of int
        Rows of the test trials in `PreparedData.table`, ascending.
    logits : mapping of str to ndarray, shape (n_rows, n_classes)
        By model; NaN where a trial lacks the model's signal.
    in_test : ndarray of bool, shape (n_rows,)
        Rows of the fold's test part; on the other rows only the fused model is tested.
    conformal_rows : list of int
    conformal_logits : mapping of str to ndarray
        The same for the conformal part.
    fingerprint : mapping of str to str
        SHA-256 of everything that was fitted.
    details : mapping
        What the pipeline reports of its fit, JSON-able: chosen epochs, temperatures, fusion weights.
    seconds : float
        Duration of fit and prediction.
    """

    rows: list[int]
    logits: Mapping[str, Float64Array]
    in_test: BoolArray
    conformal_rows: list[int]
    conformal_logits: Mapping[str, Float64Array]
    fingerprint: Mapping[str, str]
    details: Mapping[str, Any]
    seconds: float


def run_fold(
    prepared: PreparedData, fold: Fold, pipeline: Pipeline, *, task: Task, seed: int, folder: Path | None = None
) -> FoldOutcome:
    """Fit a pipeline on the inner parts of a fold and predict its test trials.

    A copy is fitted, so that nothing is carried from one fold to the next.
    """
    begin = time.monotonic()
    fitted = fit_fold(prepared, fold, pipeline, task=task, seed=seed, folder=folder)
    # before anything is predicted: some estimators keep what they were asked
    fingerprint = fitted.fingerprint()
    rows = test_rows(prepared, fold, task=task)
    conformal_rows, conformal_logits = _predict_conformal(fitted, fold, pipeline, task)
    return FoldOutcome(
        rows=rows,
        logits=predict_rows(fitted.prepared, fitted.method, rows, task=task, models=pipeline.models),
        in_test=np.isin(rows, rows_of_part(prepared, fold, fold.test, task=task)),
        conformal_rows=conformal_rows,
        conformal_logits=conformal_logits,
        fingerprint=fingerprint,
        details=dict(fitted.method.details()),
        seconds=time.monotonic() - begin,
    )


def _predict_conformal(
    fitted: FittedFold, fold: Fold, pipeline: Pipeline, task: Task
) -> tuple[list[int], Mapping[str, Float64Array]]:
    """Predict the conformal part; under cross-fitting take the pipeline's out-of-fold logits."""
    data, method = fitted.prepared, fitted.method
    if not fold.crossfit or not fold.conformal:
        rows = rows_of_part(data, fold, fold.conformal, task=task)
        return rows, predict_rows(data, method, rows, task=task, models=pipeline.models)
    held_out = getattr(method, "held_out", None)
    if held_out is None:
        raise SettingsError(
            "cross-fitted conformal scores: the pipeline keeps no out-of-fold logits; take disjoint parts"
        )
    rows = [row for each in fold.crossfit for row in rows_of_part(data, fold, each.held_out, task=task)]
    logits = {model: _check_shape(held_out, model, (len(rows), task.n_classes)) for model in pipeline.models}
    _check_finite(logits, data, rows, method)
    return rows, logits


@dataclass(frozen=True, eq=False)
class FittedFold:
    """A pipeline after its fit on a fold, and the data as normalised for that fold.

    Attributes
    ----------
    prepared : PreparedData
    method : Fitted
    """

    prepared: PreparedData
    method: Fitted

    def fingerprint(self) -> dict[str, str]:
        """SHA-256 of everything that was fitted, the normalisation included."""
        return {**self.method.fingerprint(), **self.prepared.describe_fit()}


def fit_fold(
    prepared: PreparedData, fold: Fold, pipeline: Pipeline, *, task: Task, seed: int, folder: Path | None = None
) -> FittedFold:
    """Fit a copy of a pipeline on the inner parts of a fold, and the normalisation on its training part."""
    data, parts = make_parts(prepared, fold, task=task)
    return FittedFold(data, copy.deepcopy(pipeline).fit(parts, seed=seed, folder=folder))


def make_parts(prepared: PreparedData, fold: Fold, *, task: Task) -> tuple[PreparedData, Parts]:
    """Make the inner parts of a fold, with labels, and the data as normalised for the fold.

    Under cross-fitting the normalisation of each inner fold is fitted on its own training part.
    """
    data = prepared.fit(rows_of_part(prepared, fold, fold.train, task=task))

    def hand_out(part: Part, of: PreparedData = data) -> TrialSet:
        return TrialSet(of, rows_of_part(prepared, fold, part, task=task), task=task)

    def inner(each: InnerFold) -> Parts:
        own = prepared.fit(rows_of_part(prepared, fold, each.train, task=task))
        return Parts(
            train=hand_out(each.train, own),
            stopping=hand_out(each.stopping, own),
            calibration=hand_out(each.held_out, own),
            conformal=hand_out(Part(), own),
        )

    return data, Parts(
        train=hand_out(fold.train),
        stopping=hand_out(fold.stopping),
        calibration=hand_out(fold.calibration),
        conformal=hand_out(Part() if fold.crossfit else fold.conformal),
        crossfit=tuple(inner(each) for each in fold.crossfit),
        refit=bool(fold.refit),
    )


def predict_rows(
    prepared: PreparedData, fitted: Fitted, rows: Sequence[int], *, task: Task, models: Sequence[str]
) -> dict[str, Float64Array]:
    """Logits by model of some rows, in their order; the pipeline gets them shuffled and without labels.

    Raises
    ------
    SettingsError
        When the pipeline gives other models than it said, another shape, or logits that are not finite: rows of NaN are
        no answer, for methods that abstain.
    """
    if not rows:
        return {model: np.zeros((0, task.n_classes)) for model in models}
    shuffled = shuffle_rows(prepared, rows)
    said = fitted.predict(TrialSet(prepared, shuffled, task=task, labelled=False))
    place = {row: number for number, row in enumerate(shuffled)}
    order = [place[row] for row in rows]
    logits = {model: _check_shape(said, model, (len(rows), task.n_classes))[order] for model in models}
    _check_finite(logits, prepared, rows, fitted)
    return logits


def _check_finite(
    by_model: Mapping[str, Float64Array], prepared: PreparedData, rows: Sequence[int], fitted: Fitted
) -> None:
    """Refuse logits that are not finite, by the name of the trial; a whole row of NaN may be no answer."""
    names = [str(name) for name in prepared.table["trial"].iloc[list(rows)]]
    abstains = bool(getattr(fitted, "abstains", False))
    for model, logits in by_model.items():
        declined = np.isnan(logits).all(axis=1) & abstains
        broken = ~np.isfinite(logits).all(axis=1) & ~declined
        if not broken.any():
            continue
        row = int(np.argmax(broken))
        raise SettingsError(
            f"model {model} gives trial {names[row]} the logits {logits[row].tolist()} ({int(broken.sum())} such "
            "trials): expected finite numbers; mend the method (clip probabilities before the logarithm), or, if it "
            "declines trials by design, set abstains = True on what fit returns and give rows of NaN"
        )


def _check_shape(said: Mapping[str, Float64Array], model: str, shape: tuple[int, int]) -> Float64Array:
    if model not in said:
        raise SettingsError(f"the pipeline gives {', '.join(said) or 'no model'}: expected {model} among them")
    logits = np.asarray(said[model], dtype=np.float64)
    if logits.shape != shape:
        raise SettingsError(f"model {model} gives logits of shape {logits.shape}: expected {shape}")
    return logits


def test_rows(prepared: PreparedData, fold: Fold, *, task: Task) -> list[int]:
    """Rows that any model is tested on, ascending."""
    tested = {row for part in (fold.test, fold.fusion_test) if part for row in _rows(prepared, fold, part, task)}
    return sorted(tested)


def rows_of_part(prepared: PreparedData, fold: Fold, part: Part, *, task: Task) -> list[int]:
    """Rows of a part, ascending: its subjects' trials but for those that the fold lists by name, and its own listed."""
    return sorted(_rows(prepared, fold, part, task))


def _rows(prepared: PreparedData, fold: Fold, part: Part, task: Task) -> set[int]:
    names = [str(name) for name in prepared.table["trial"].to_numpy()]
    listed = {name for each in PART_NAMES for name in getattr(fold, each).trials}
    own, levels = set(part.trials), prepared.table["level"].to_numpy()
    named = {row for row, name in enumerate(names) if name in own and task.includes_code(levels[row])}
    return named | {row for row in rows_of(prepared, part.subjects, task) if names[row] not in listed}
