"""Estimators of scikit-learn and modules of torch as pipelines, and features for them.

Input: an estimator, or a function that makes a module. Output: a `CalibratedPipeline` for the benchmark. A scaler or a
selection of features belongs inside the estimator (``sklearn.pipeline.make_pipeline``), so that it is fitted on the
training part alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, TypeAlias

import numpy as np
import torch
from sklearn.base import clone
from torch import nn

from ecg_facial.ecg.token_features import N_TOKEN_FEATURES
from ecg_facial.errors import SettingsError
from ecg_facial.evaluation.benchmark.hashing import hash_value
from ecg_facial.evaluation.benchmark.pipelines import CalibratedPipeline, hash_module, mark_broken
from ecg_facial.evaluation.benchmark.trial_set import TrialSet
from ecg_facial.inference.forest import LEAST_PROBABILITY
from ecg_facial.learning.settings import TrainingSettings
from ecg_facial.learning.training import FitResult, TrainingData, fit, predict_logits
from ecg_facial.nets.resnet import N_FEATURES
from ecg_facial.runtime.settings import to_dict
from ecg_facial.runtime.storage import sha256_json
from ecg_facial.runtime.typing import BoolArray, Float64Array

Features: TypeAlias = Callable[[TrialSet], Float64Array]
"""Maps trials to one row of numbers each, (n, n_features); a row of NaN where there is nothing to look at."""


def face_features(trials: TrialSet) -> Float64Array:
    """Mean and standard deviation over frames of the frozen network's features, (n, 1024); NaN without a face."""
    rows = np.full((len(trials), 2 * N_FEATURES), np.nan)
    for place in np.flatnonzero(trials.sees_face):
        seen = trials.frame_features(int(place))[trials[int(place)].frame_mask]
        rows[place] = np.concatenate([seen.mean(axis=0), seen.std(axis=0)])
    return rows


def heart_features(trials: TrialSet) -> Float64Array:
    """Summarise the heart-rate tokens of each trial.

    Parameters
    ----------
    trials : TrialSet

    Returns
    -------
    ndarray, shape (n_trials, 12)
        Mean, standard deviation, first and last value of each token feature; NaN without a trusted interval.
    """
    rows = np.full((len(trials), 4 * N_TOKEN_FEATURES), np.nan)
    for place in np.flatnonzero(trials.has_beats):
        tokens = trials[int(place)].tokens
        rows[place] = np.concatenate([tokens.mean(axis=0), tokens.std(axis=0), tokens[0], tokens[-1]])
    return rows


def summary_features(trials: TrialSet) -> Float64Array:
    """Join `face_features` and `heart_features`, (n, 1036).

    Features of a missing signal are 0; a row is NaN where both signals are missing.
    """
    rows = np.concatenate([face_features(trials), heart_features(trials)], axis=1)
    there = np.isfinite(rows).any(axis=1, keepdims=True)
    return np.where(there, np.nan_to_num(rows), np.nan)


def EstimatorPipeline(  # a function, named as a class since it is used like one
    name: str, estimator: Any, *, features: Features = summary_features
) -> CalibratedPipeline:
    """Make a pipeline from a scikit-learn estimator.

    Parameters
    ----------
    name : str
        Name of the model in `predictions.csv`.
    estimator : estimator
        With ``fit`` and ``predict_proba``; cloned in every fold, and given the fold's seed if it takes one. It trains
        on the stopping part too, since it chooses no epoch.
    features : callable, optional
        Maps a `TrialSet` to (n, n_features).

    Returns
    -------
    CalibratedPipeline

    Raises
    ------
    SettingsError
        Without ``fit`` and ``predict_proba``.
    """
    absent = [method for method in ("fit", "predict_proba", "get_params") if not hasattr(estimator, method)]
    if absent:
        kind = type(estimator).__name__
        raise SettingsError(f"{kind} has no {', '.join(absent)}: expected an estimator of scikit-learn")
    return CalibratedPipeline(EstimatorLearner(name=name, estimator=estimator, features=features))


def ModulePipeline(  # a function, named as a class since it is used like one
    name: str,
    make_module: Callable[[int], nn.Module],
    *,
    data: Callable[[TrialSet], TrainingData] = TrialSet.ecg_data,
    present: Callable[[TrialSet], BoolArray] | None = None,
    training: TrainingSettings | None = None,
) -> CalibratedPipeline:
    """Make a pipeline from a torch module, trained by `ecg_facial.learning.training.fit`.

    Parameters
    ----------
    name : str
        Name of the model in `predictions.csv`.
    make_module : callable
        Maps the number of classes to a new module. The module is called with the data's inputs by name and returns
        logits (batch, n_classes).
    data : callable, optional
        Maps a `TrialSet` to training data: ``TrialSet.ecg_data`` (inputs ``tokens, times_s, mask``),
        ``TrialSet.facial_data`` (``frames, mask``), or your own. Items of trials without labels have the label -1.
    present : callable, optional
        Tells which trials (n,) have what the module needs: by default beats or a face for the two above, and all
        trials for your own data.
    training : TrainingSettings, optional

    Returns
    -------
    CalibratedPipeline
    """
    known = {TrialSet.ecg_data: _has_beats, TrialSet.facial_data: _sees_face}
    chosen = present or known.get(data, _everything)
    return CalibratedPipeline(
        ModuleLearner(
            name=name, make_module=make_module, data=data, present=chosen, training=training or TrainingSettings()
        )
    )


@dataclass(frozen=True, kw_only=True)
class EstimatorLearner:
    """Learner behind `EstimatorPipeline`."""

    name: str
    estimator: Any
    features: Features

    @property
    def models(self) -> tuple[str, ...]:
        """The one model."""
        return (self.name,)

    def describe(self) -> dict[str, Any]:
        """JSON-able settings."""
        return {"name": self.name, "estimator": repr(self.estimator), "features": name_of(self.features)}

    def fit(self, train: TrialSet, stopping: TrialSet, /, *, seed: int, folder: Path | None = None) -> FittedEstimator:
        """Clone and fit."""
        rows = np.concatenate([self.features(part) for part in (train, stopping) if len(part)])
        labels = np.concatenate([part.labels for part in (train, stopping)])
        known = np.isfinite(rows).all(axis=1)
        if not known.any():
            raise SettingsError(f"model {self.name}: no training trial has its features; see what is in the data")
        estimator = _seed(clone(self.estimator), seed)
        estimator.fit(rows[known], labels[known])
        return FittedEstimator(name=self.name, estimator=estimator, features=self.features)

    def refit(
        self, everybody: TrialSet, fitted: FittedEstimator, /, *, seed: int, folder: Path | None = None
    ) -> FittedEstimator:
        """Fit once more; nothing was chosen."""
        return self.fit(everybody, everybody.select(np.zeros(len(everybody), dtype=bool)), seed=seed, folder=folder)


@dataclass(frozen=True, eq=False, kw_only=True)
class FittedEstimator:
    """An estimator after its fit; no answer without features."""

    abstains: ClassVar[bool] = True

    name: str
    estimator: Any
    features: Features

    def predict(self, trials: TrialSet, /) -> dict[str, Float64Array]:
        """Log probabilities; very small for a class that did not train, NaN without features."""
        rows = self.features(trials)
        known = np.isfinite(rows).all(axis=1)
        logits = np.full((len(trials), trials.n_classes), np.nan)
        if known.any():
            probabilities = np.zeros((int(known.sum()), trials.n_classes))
            probabilities[:, np.asarray(self.estimator.classes_, dtype=int)] = self.estimator.predict_proba(rows[known])
            logits[known] = mark_broken(np.log(np.maximum(probabilities, LEAST_PROBABILITY)))
        return {self.name: logits}

    def fingerprint(self) -> dict[str, str]:
        """SHA-256 of the fitted estimator, its scaler and all else that it holds."""
        return {f"estimator:{self.name}": hash_value(self.estimator)}

    def details(self) -> dict[str, Any]:
        """Empty: no figure is known of every estimator."""
        return {}


@dataclass(frozen=True, kw_only=True)
class ModuleLearner:
    """Learner behind `ModulePipeline`."""

    name: str
    make_module: Callable[[int], nn.Module]
    data: Callable[[TrialSet], TrainingData]
    present: Callable[[TrialSet], BoolArray]
    training: TrainingSettings = field(default_factory=TrainingSettings)

    @property
    def models(self) -> tuple[str, ...]:
        """The one model."""
        return (self.name,)

    def describe(self) -> dict[str, Any]:
        """JSON-able settings; the module by its name, and as it prints for two classes."""
        with torch.random.fork_rng(devices=[]):
            printed = repr(self.make_module(2))
        return {
            "name": self.name,
            "module": [name_of(self.make_module), printed],
            "data": name_of(self.data),
            "training": to_dict(self.training),
        }

    def fit(self, train: TrialSet, stopping: TrialSet, /, *, seed: int, folder: Path | None = None) -> FittedModule:
        """Make the module with the fold's seed and train it."""
        return self._fit(train, self._data(stopping) if len(stopping) else None, seed=seed, folder=folder)

    def refit(
        self, everybody: TrialSet, fitted: FittedModule, /, *, seed: int, folder: Path | None = None
    ) -> FittedModule:
        """Train once more for as many epochs as were best, by the same schedule of learning rates."""
        return self._fit(everybody, None, seed=seed, folder=folder, last_epoch=fitted.result.best_epoch)

    def _fit(
        self,
        train: TrialSet,
        stopping: TrainingData | None,
        *,
        seed: int,
        folder: Path | None,
        last_epoch: int | None = None,
    ) -> FittedModule:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            module = self.make_module(train.n_classes)
        result = fit(
            module,
            self._data(train),
            stopping,
            settings=self.training,
            seed=seed,
            checkpoint=None if folder is None else folder / f"{self.name}.safetensors",
            last_epoch=last_epoch,
        )
        return FittedModule(learner=self, module=module, result=result)

    def _data(self, trials: TrialSet) -> TrainingData:
        return self.data(trials.select(self.present(trials)))


@dataclass(frozen=True, eq=False, kw_only=True)
class FittedModule:
    """A module with the weights of its best epoch; no answer where it has nothing to look at."""

    abstains: ClassVar[bool] = True

    learner: ModuleLearner
    module: nn.Module
    result: FitResult

    def predict(self, trials: TrialSet, /) -> Mapping[str, Float64Array]:
        """Logits; NaN where the module has nothing to look at."""
        there = self.learner.present(trials)
        logits = np.full((len(trials), trials.n_classes), np.nan)
        if there.any():
            said = predict_logits(self.module, self.learner.data(trials.select(there)))
            logits[there] = mark_broken(said.astype(np.float64))
        return {self.learner.name: logits}

    def fingerprint(self) -> dict[str, str]:
        """SHA-256 of the weights and of the chosen epoch."""
        name = self.learner.name
        return {f"weights:{name}": hash_module(self.module), f"epoch:{name}": sha256_json(self.result.best_epoch)}

    def details(self) -> dict[str, Any]:
        """Chosen epoch."""
        return {"best_epochs": {self.learner.name: self.result.best_epoch}}


def _seed(estimator: Any, seed: int) -> Any:
    """Give the seed to every part of an estimator that takes one."""
    seeds = {name: seed for name in estimator.get_params() if name.split("__")[-1] == "random_state"}
    return estimator.set_params(**seeds)


def name_of(function: Callable[..., Any]) -> str:
    """Give the module and name of a function, as settings describe it."""
    return f"{getattr(function, '__module__', '')}.{getattr(function, '__qualname__', type(function).__name__)}"


def _has_beats(trials: TrialSet) -> BoolArray:
    return trials.has_beats


def _sees_face(trials: TrialSet) -> BoolArray:
    return trials.sees_face


def _everything(trials: TrialSet) -> BoolArray:
    return np.ones(len(trials), dtype=bool)
