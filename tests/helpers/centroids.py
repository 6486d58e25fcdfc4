"""A nearest-centroid method with every step in the open, and what leaks when one of them is done wrongly."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from ecg_facial.evaluation.benchmark.adapters import heart_features
from ecg_facial.evaluation.benchmark.trial_set import Parts, TrialSet
from ecg_facial.runtime.storage import sha256_bytes, sha256_json


def features_of(trials: TrialSet) -> np.ndarray:
    return np.nan_to_num(heart_features(trials))


class Centroids:
    """A nearest-centroid method with every step in the open, so that each can be made to leak."""

    def __init__(self, everything: TrialSet) -> None:
        self.everything, self.settings = everything, {"kind": type(self).__name__}

    @property
    def models(self) -> tuple[str, ...]:
        return ("own",)

    def describe(self) -> Mapping[str, Any]:
        return self.settings

    def fit(self, parts: Parts, /, *, seed: int, folder: Path | None = None) -> Centroids:
        self.inner = set(parts.train.subjects) | set(parts.stopping.subjects)
        self.scale = self.find_scale(parts)
        x, y = features_of(parts.train) / self.scale, parts.train.labels
        self.centroids = np.stack([x[y == label].mean(axis=0) for label in range(parts.train.n_classes)])
        self.epoch = self.choose_epoch()
        return self

    def find_scale(self, parts: Parts) -> np.ndarray:
        return features_of(parts.train).std(axis=0) + 1e-6

    def choose_epoch(self) -> int:
        return 1

    def score(self, trials: TrialSet) -> np.ndarray:
        x = features_of(trials) / self.scale
        return -((x[:, None] - self.centroids) ** 2).sum(axis=2) * self.epoch

    def predict(self, trials: TrialSet, /) -> dict[str, np.ndarray]:
        return {"own": self.score(trials)}

    def fingerprint(self) -> dict[str, str]:
        return {
            "weights:own": sha256_bytes(self.centroids.tobytes()),
            "scaler": sha256_bytes(self.scale.tobytes()),
            "epochs": sha256_json(self.epoch),
            "settings": sha256_json(dict(self.describe())),
        }

    def details(self) -> dict[str, Any]:
        return {}

    @property
    def held_out(self) -> TrialSet:
        """The test person's trials with labels, which no honest method could get at."""
        return self.everything.select(np.array([name not in self.inner for name in self.everything.subjects]))


class EpochByTest(Centroids):
    """Leak 2."""

    def choose_epoch(self) -> int:
        self.epoch = 1
        right = self.score(self.held_out).argmax(axis=1) == self.held_out.labels
        return 1 + int(right.sum())


CARRIED: list[np.ndarray] = []


class CarriedOn(Centroids):
    """Leak 3: starts from the weights of the fold before."""

    def find_scale(self, parts: Parts) -> np.ndarray:
        CARRIED.append(super().find_scale(parts))
        return np.mean(CARRIED, axis=0)


class ScaledByTest(Centroids):
    """Leak 4: test trials are centred on their own mean."""

    def score(self, trials: TrialSet) -> np.ndarray:
        x = features_of(trials)
        x = (x - x.mean(axis=0)) / self.scale + self.centroids.mean(axis=0)
        return -((x[:, None] - self.centroids) ** 2).sum(axis=2)


class KnownCounts(Centroids):
    """Leak 5: every class gets as many trials as it is known to have."""

    def score(self, trials: TrialSet) -> np.ndarray:
        scores = super().score(trials)
        # noise, so that an honest decision would miss the counts
        scores = scores + np.random.default_rng(len(trials)).normal(0, 30, scores.shape)
        decided, free = np.full(scores.shape, -10.0), [len(trials) // trials.n_classes] * trials.n_classes
        for place in np.argsort(-scores.max(axis=1)):
            order = [label for label in np.argsort(-scores[place]) if free[label]]
            label = order[0] if order else int(scores[place].argmax())
            decided[place, label], free[label] = 0.0, free[label] - 1
        return decided


class TunedOnAll(Centroids):
    """Leak 6: a setting is tuned on all trials and their labels."""

    def __init__(self, everything: TrialSet) -> None:
        super().__init__(everything)
        x, y = features_of(everything), everything.labels
        means = np.stack([x[y == label].mean(axis=0) for label in range(everything.n_classes)])
        self.settings = {**self.settings, "smoothing": float(means.std())}


class ScaledBeforeSplit(Centroids):
    """Leak 7."""

    def find_scale(self, parts: Parts) -> np.ndarray:
        return features_of(self.everything).std(axis=0) + 1e-6


class TrainingMode(Centroids):
    """Leak 8."""

    def fit(self, parts: Parts, /, *, seed: int, folder: Path | None = None) -> Centroids:
        super().fit(parts, seed=seed)
        self.network = nn.BatchNorm1d(self.centroids.shape[1]).train()
        return self

    def score(self, trials: TrialSet) -> np.ndarray:
        x = torch.from_numpy(features_of(trials) / self.scale).float()
        # one clip has no deviation: what such a pipeline does then is anybody's guess
        with torch.no_grad():
            x = self.network(torch.cat([x, x + 1])).numpy()[: len(trials)]
        return -((x[:, None] - self.centroids) ** 2).sum(axis=2)


class BestOfSeveral(Centroids):
    """Leak 10: of several readings of the scores the one that is best on the test labels is kept."""

    def score(self, trials: TrialSet) -> np.ndarray:
        shifts = range(trials.n_classes)
        scores = super().score(self.held_out)
        right = [(np.roll(scores, shift, axis=1).argmax(axis=1) == self.held_out.labels).mean() for shift in shifts]
        return np.roll(super().score(trials), int(np.argmax(right)), axis=1)


PLANTED = {
    2: EpochByTest, 3: CarriedOn, 4: ScaledByTest, 5: KnownCounts, 6: TunedOnAll, 7: ScaledBeforeSplit,
    8: TrainingMode, 10: BestOfSeveral,
}  # fmt: skip


def planted(method: type[Centroids]) -> Callable[[TrialSet], Centroids]:
    """Make a factory, which is handed everything before the folds."""
    return lambda everything: method(everything)
