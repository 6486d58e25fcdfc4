"""A fast clean method, and methods that leak, each in one way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.special import log_softmax
from torch import nn

from ecg_facial.evaluation.benchmark.pipelines import hash_module
from ecg_facial.evaluation.benchmark.trial_set import Parts, TrialSet
from ecg_facial.runtime.storage import sha256_bytes, sha256_json

EPOCHS = 30


def look_at(trials: TrialSet) -> np.ndarray:
    """Mean and last token, and the mean grey, of each trial; 0 for what is absent."""
    rows = np.zeros((len(trials), 7))
    for place in range(len(trials)):
        tokens = trials[place].tokens
        if len(tokens):
            rows[place, :6] = np.concatenate([tokens.mean(axis=0), tokens[-1]])
        rows[place, 6] = trials[place].crops.mean() / 100
    return rows


@dataclass(frozen=True, eq=False)
class FittedCentroids:
    """Nearest centroids after their fit."""

    centroids: np.ndarray
    mean: np.ndarray
    epoch: int
    threshold: np.ndarray

    def scores(self, rows: np.ndarray) -> np.ndarray:
        return -((((rows - self.mean)[:, None] - self.centroids) ** 2).sum(axis=2)) + self.threshold

    def predict(self, trials: TrialSet, /) -> Mapping[str, np.ndarray]:
        return {"own": self.scores(look_at(trials))}

    def fingerprint(self) -> Mapping[str, str]:
        return {
            "weights": sha256_bytes(self.centroids.tobytes()),
            "scaler": sha256_bytes(self.mean.tobytes()),
            "epoch": sha256_json(self.epoch),
            "threshold": sha256_bytes(self.threshold.tobytes()),
        }

    def details(self) -> Mapping[str, Any]:
        return {}


@dataclass(frozen=True, eq=False)
class Centroids:
    """Centroids learned step by step, stopped by the stopping part. Clean, and its hooks are where others leak."""

    shrink: float = 0.0
    everything: TrialSet | None = field(default=None, repr=False)
    models = ("own",)

    def describe(self) -> Mapping[str, Any]:
        return {"shrink": self.shrink, "kind": type(self).__name__}

    def fit(self, parts: Parts, /, *, seed: int, folder: Path | None = None) -> Any:
        mean = self.find_mean(parts)
        rows, labels = look_at(parts.train) - mean, parts.train.labels
        target = np.stack([rows[labels == number].mean(axis=0) for number in range(parts.train.n_classes)])
        noise = np.random.default_rng(seed).normal(0, 1.0, (EPOCHS, *target.shape))
        path = [target * (1 - self.shrink) + step / 2 for step in noise]
        epoch = self.choose_epoch(parts, [FittedCentroids(each, mean, 0, np.zeros(len(each))) for each in path])
        return self.finish(FittedCentroids(path[epoch], mean, epoch, np.zeros(len(target))), parts)

    def find_mean(self, parts: Parts) -> np.ndarray:
        return look_at(parts.train).mean(axis=0)

    def choose_epoch(self, parts: Parts, path: list[FittedCentroids]) -> int:
        return best_of(path, parts.stopping)

    def finish(self, fitted: FittedCentroids, parts: Parts) -> Any:
        return fitted


def best_of(path: list[FittedCentroids], trials: TrialSet) -> int:
    rows, labels = look_at(trials), trials.labels
    true = np.arange(len(labels)), labels

    def log_likelihood(each: FittedCentroids) -> float:
        scores = each.scores(rows)
        return float(log_softmax(scores, axis=1)[true].sum())

    return int(np.argmax([log_likelihood(each) for each in path]))


def not_in(everything: TrialSet, parts: Parts) -> TrialSet:
    """Trials of the people who are in no inner part: the test person's."""
    inner = {name for part in (parts.train, parts.stopping, parts.calibration) for name in part.subjects}
    return everything.select(np.array([name not in inner for name in everything.subjects]))


class EpochByTestPerson(Centroids):
    """Leak 2."""

    def choose_epoch(self, parts: Parts, path: list[FittedCentroids]) -> int:
        return best_of(path, not_in(self.everything, parts))


CARRIED: list[np.ndarray] = []


class CarriesWeights(Centroids):
    """Leak 3: goes on from the weights of the fold before."""

    def finish(self, fitted: FittedCentroids, parts: Parts) -> Any:
        if CARRIED:
            fitted = replace(fitted, centroids=(fitted.centroids + CARRIED[-1]) / 2)
        CARRIED.append(fitted.centroids)
        return fitted


class ScalesByTestBatch(Centroids):
    """Leak 4: a person's trials are centred by all of them, as they are predicted."""

    def finish(self, fitted: FittedCentroids, parts: Parts) -> Any:
        return _Batchwise(**fitted.__dict__)


class _Batchwise(FittedCentroids):
    def predict(self, trials: TrialSet, /) -> Mapping[str, np.ndarray]:
        rows = look_at(trials)
        return {"own": self.scores(rows - rows.mean(axis=0) + self.mean)}


class ScalesByPersonBefore(Centroids):
    """Leak 4: each person's mean is taken from all of their trials before the folds."""

    def finish(self, fitted: FittedCentroids, parts: Parts) -> Any:
        everything = self.everything
        rows, people = look_at(everything), np.array(everything.subjects)
        means = {name: rows[people == name].mean(axis=0) for name in set(everything.subjects)}
        return _ByPerson(**fitted.__dict__, means=means)


@dataclass(frozen=True, eq=False)
class _ByPerson(FittedCentroids):
    means: Mapping[str, np.ndarray] = field(default_factory=dict)

    def predict(self, trials: TrialSet, /) -> Mapping[str, np.ndarray]:
        own = np.stack([self.means[name] for name in trials.subjects])
        return {"own": self.scores(look_at(trials) - own + self.mean)}


class DecodesByCounts(Centroids):
    """Leak 5: every class is given to as many trials as it has."""

    def finish(self, fitted: FittedCentroids, parts: Parts) -> Any:
        return _Decoded(**fitted.__dict__)


class _Decoded(FittedCentroids):
    def predict(self, trials: TrialSet, /) -> Mapping[str, np.ndarray]:
        scores = self.scores(look_at(trials))
        said = np.zeros_like(scores)
        left = np.full(scores.shape[1], -(-len(scores) // scores.shape[1]))
        for place, number in sorted(np.ndindex(*scores.shape), key=lambda at: -scores[at]):
            if left[number] and not said[place].any():
                said[place, number], left[number] = 5.0, left[number] - 1
        return {"own": said}


class ScalerOnEverybody(Centroids):
    """Leak 7."""

    def find_mean(self, parts: Parts) -> np.ndarray:
        return look_at(self.everything).mean(axis=0)


class ThresholdByTestLabels(Centroids):
    """Leak 10: thresholds that do best on the test person."""

    def finish(self, fitted: FittedCentroids, parts: Parts) -> Any:
        tested = not_in(self.everything, parts)
        scores = fitted.scores(look_at(tested))
        wanted = np.eye(scores.shape[1])[tested.labels].sum(axis=0)
        return replace(fitted, threshold=0.1 * (wanted * scores.mean(axis=0)))


class BestOfSeeds(Centroids):
    """Leak 10: of five seeds the one that does best on the test person."""

    def fit(self, parts: Parts, /, *, seed: int, folder: Path | None = None) -> Any:
        fits = [super(BestOfSeeds, self).fit(parts, seed=each) for each in range(5)]
        chosen = best_of(fits, not_in(self.everything, parts))
        return _Seeded(**fits[chosen].__dict__, seed=chosen)


@dataclass(frozen=True, eq=False)
class _Seeded(FittedCentroids):
    seed: int = 0

    def fingerprint(self) -> Mapping[str, str]:
        return {"seed": sha256_json(self.seed)}


def hand_everything(kind: type[Centroids]) -> Any:
    """Factory that keeps all trials."""

    def make(trials: TrialSet, /) -> Centroids:
        return kind(everything=trials)

    return make


def tune_on_everybody(trials: TrialSet, /) -> Centroids:
    """Factory of leak 6: the shrinkage that separates everybody's classes best, found before the folds."""
    rows, labels = look_at(trials), trials.labels
    means = np.stack([rows[labels == number].mean(axis=0) for number in range(trials.n_classes)])
    grid = np.linspace(0, 0.9, 10)
    errors = [(((rows - (1 - shrink) * means[labels]) ** 2).sum(), shrink) for shrink in grid]
    order = (means[-1] - means[0]).sum()
    return Centroids(shrink=float(min(errors)[1] if order > 0 else 0.5))


class BatchNormInTraining:
    """Leak 8: the layer is never switched to evaluation."""

    models = ("own",)

    def __init__(self, *, training: bool = True) -> None:
        self.training = training

    def describe(self) -> Mapping[str, Any]:
        return {"training": self.training}

    def fit(self, parts: Parts, /, *, seed: int, folder: Path | None = None) -> Any:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = nn.Sequential(nn.BatchNorm1d(7), nn.Linear(7, parts.train.n_classes))
        network.train()(torch.from_numpy(look_at(parts.train)).float())
        return _Normed(network.train(self.training))


@dataclass(frozen=True, eq=False)
class _Normed:
    network: nn.Module

    def predict(self, trials: TrialSet, /) -> Mapping[str, np.ndarray]:
        rows = torch.from_numpy(look_at(trials)).float()
        if self.network.training and len(rows) == 1:
            rows = torch.cat([rows, torch.zeros_like(rows)])
        with torch.no_grad():
            return {"own": self.network(rows).numpy()[: len(trials)].astype(float)}

    def fingerprint(self) -> Mapping[str, str]:
        return {"weights": hash_module(self.network[1])}

    def details(self) -> Mapping[str, Any]:
        return {}
