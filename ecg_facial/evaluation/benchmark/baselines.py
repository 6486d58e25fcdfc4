"""Baselines that stand in every run beside the networks: what a figure has to beat to mean anything.

Input: features of trials, or nothing. Output: pipelines. `majority` knows the class shares of the training people
alone, `ecg:rate` the heart rate alone, `ecg:descriptors` the course of the heart rate, `facial:descriptors` the courses
of eight action units. Any function of trials becomes a forest or a logistic regression by `ForestPipeline` and
`LogisticPipeline`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ecg_facial.ecg.token_features import TOKEN_FEATURES
from ecg_facial.errors import SettingsError
from ecg_facial.evaluation.benchmark.adapters import EstimatorLearner, Features, name_of
from ecg_facial.evaluation.benchmark.pipelines import CalibratedPipeline, JointLearner, Learner
from ecg_facial.evaluation.benchmark.trial_set import TrialSet
from ecg_facial.evaluation.judging.model_names import FACE_COURSES, HEART_COURSE, MAJORITY, RATE
from ecg_facial.inference.descriptors import N_DESCRIPTORS, describe_courses
from ecg_facial.inference.forest import LEAST_PROBABILITY, Forest
from ecg_facial.nets.features import frozen_features
from ecg_facial.nets.settings import FacialSettings
from ecg_facial.nets.weights import load_action_units
from ecg_facial.prepared.contract import PreparedData
from ecg_facial.prepared.queries import sees_face
from ecg_facial.runtime.executors.contract import Executor
from ecg_facial.runtime.executors.serial import SERIAL
from ecg_facial.runtime.storage import sha256_json
from ecg_facial.runtime.typing import Float64Array, Int64Array

N_TREES, LEAST_TRIALS_PER_LEAF = 200, 3
_HEART_RATE = TOKEN_FEATURES.index("heart_rate")


def rate_features(trials: TrialSet) -> Float64Array:
    """Mean of the heart-rate tokens, (n, 1); NaN without a trusted interval between beats."""
    rows = np.full((len(trials), 1), np.nan)
    for place in np.flatnonzero(trials.has_beats):
        rows[place] = trials[int(place)].tokens[:, _HEART_RATE].mean()
    return rows


def heart_course_features(trials: TrialSet) -> Float64Array:
    """Descriptors of the course of the heart rate, (n, N_DESCRIPTORS); NaN without a trusted interval."""
    rows = np.full((len(trials), N_DESCRIPTORS), np.nan)
    for place in np.flatnonzero(trials.has_beats):
        window = trials[int(place)]
        rows[place] = describe_courses(window.tokens[:, [_HEART_RATE]], window.token_times_s)
    return rows


def face_course_features(trials: TrialSet) -> Float64Array:
    """Descriptors of the courses of eight action units, as change from the clip's median; NaN without a face.

    The units are read by the last layer of the shipped network off its features, shape (n, 8 * N_DESCRIPTORS).
    """
    units = load_action_units()
    rows = np.full((len(trials), len(units.names) * N_DESCRIPTORS), np.nan)
    for place in np.flatnonzero(trials.sees_face):
        window = trials[int(place)]
        seen = window.frame_mask
        rows[place] = units.describe(trials.frame_features(int(place))[seen], window.frame_times_s[seen])
    return rows


def LogisticPipeline(  # a function, named as a class since it is used like one
    name: str, features: Features
) -> CalibratedPipeline:
    """Make a logistic regression on standardised features, classes weighted by the inverse of how often they occur.

    Parameters
    ----------
    name : str
        Name of the model in `predictions.csv`.
    features : callable
        Maps a `TrialSet` to (n, n_features); a row of NaN where there is nothing to look at.
    """
    return CalibratedPipeline(_make_logistic(name, features))


def _make_logistic(name: str, features: Features) -> EstimatorLearner:
    estimator = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000, class_weight="balanced"))
    return EstimatorLearner(name=name, estimator=estimator, features=features)


def ForestPipeline(  # a function, named as a class since it is used like one
    name: str, features: Features
) -> CalibratedPipeline:
    """Make a random forest on features, with the arguments of `LogisticPipeline`."""
    return CalibratedPipeline(ForestLearner(name=name, features=features))


def MajorityPipeline() -> CalibratedPipeline:  # a function, named as a class since it is used like one
    """Make the model `majority`: it gives every trial the class shares of the people it was fitted on."""
    return CalibratedPipeline(MajorityLearner())


@dataclass(frozen=True, kw_only=True)
class BaselinesFactory:
    """Makes the baselines for some data as one pipeline, by which signals they have; it does not look at levels.

    Attributes
    ----------
    face : bool
        Give ``facial:descriptors`` too; the built-in pipeline brings its own.
    """

    face: bool = True

    def __call__(self, trials: TrialSet, /) -> CalibratedPipeline:
        """Make the pipeline."""
        learners: list[Learner] = [MajorityLearner()]
        if trials.has_beats.any():
            learners += [_make_logistic(RATE, rate_features), _make_logistic(HEART_COURSE, heart_course_features)]
        if self.face and trials.sees_face.any():
            learners.append(ForestLearner(name=FACE_COURSES, features=face_course_features))
        return CalibratedPipeline(JointLearner(tuple(learners)))

    def warm_up(self, prepared: PreparedData, *, executor: Executor = SERIAL, show_progress: bool = False) -> None:
        """Compute the shipped network's features once, before folds ask for them."""
        if self.face and any(sees_face(prepared, row) for row in range(len(prepared))):
            frozen_features(prepared, FacialSettings(), executor=executor, show_progress=show_progress)


@dataclass(frozen=True, kw_only=True)
class ForestLearner:
    """Learner behind `ForestPipeline`. It trains on the stopping part too, since it chooses no epoch."""

    name: str
    features: Features

    @property
    def models(self) -> tuple[str, ...]:
        """The one model."""
        return (self.name,)

    def describe(self) -> dict[str, Any]:
        """JSON-able settings."""
        return {
            "name": self.name,
            "features": name_of(self.features),
            "n_trees": N_TREES,
            "least_trials_per_leaf": LEAST_TRIALS_PER_LEAF,
        }

    def fit(self, train: TrialSet, stopping: TrialSet, /, *, seed: int, folder: Path | None = None) -> FittedForest:
        """Grow the trees; `folder` is not used."""
        parts = [part for part in (train, stopping) if len(part)]
        rows = np.concatenate([self.features(part) for part in parts])
        labels = np.concatenate([part.labels for part in parts])
        known = np.isfinite(rows).all(axis=1)
        if not known.any():
            raise SettingsError(f"model {self.name}: no training trial has its features; see what is in the data")
        forest = grow_forest(rows[known], labels[known], n_classes=train.n_classes, seed=seed)
        return FittedForest(name=self.name, features=self.features, forest=forest)

    def refit(
        self, everybody: TrialSet, fitted: FittedForest, /, *, seed: int, folder: Path | None = None
    ) -> FittedForest:
        """Fit once more; nothing was chosen."""
        return self.fit(everybody, everybody.select(np.zeros(len(everybody), dtype=bool)), seed=seed, folder=folder)


@dataclass(frozen=True, eq=False, kw_only=True)
class FittedForest:
    """A forest after its fit; no answer without features."""

    abstains: ClassVar[bool] = True

    name: str
    features: Features
    forest: Forest

    def predict(self, trials: TrialSet, /) -> dict[str, Float64Array]:
        """Log probabilities; NaN without features."""
        logits = np.full((len(trials), trials.n_classes), np.nan)
        if len(trials):
            rows = self.features(trials)
            known = np.isfinite(rows).all(axis=1)
            logits[known] = self.forest.logits(rows[known])
        return {self.name: logits}

    def fingerprint(self) -> dict[str, str]:
        """SHA-256 of all nodes."""
        return {f"forest:{self.name}": self.forest.fingerprint()}

    def details(self) -> dict[str, Any]:
        """Empty: a forest makes no choice."""
        return {}


def grow_forest(
    rows: Float64Array, labels: Int64Array, *, n_classes: int, seed: int, most_trials: int | None = None
) -> Forest:
    """Grow a random forest by scikit-learn, and keep its arrays.

    Parameters
    ----------
    rows : ndarray, shape (n, n_features)
    labels : ndarray of int, shape (n,)
        A class of the `n_classes` may be missing: it gets the least probability.
    n_classes : int
    seed : int
    most_trials : int, optional
        Each tree sees at most so many trials, drawn with replacement; as many as there are without it.

    References
    ----------
    .. [1] Breiman, "Random forests", Machine Learning 45, 2001.
    """
    drawn = most_trials if most_trials is not None and most_trials < len(rows) else None
    grown = RandomForestClassifier(
        n_estimators=N_TREES,
        min_samples_leaf=LEAST_TRIALS_PER_LEAF,
        class_weight="balanced",
        max_samples=drawn,
        random_state=seed,
    ).fit(rows, labels)
    trees = [each.tree_ for each in grown.estimators_]
    roots = np.cumsum([0, *(tree.node_count for tree in trees)])[:-1]
    # children of a leaf are -1: they stay so, whatever is added for the trees before
    steps = [
        np.concatenate([np.where(side < 0, -1, side + root) for side, root in zip(sides, roots, strict=True)])
        for sides in ([tree.children_left for tree in trees], [tree.children_right for tree in trees])
    ]
    is_leaf = steps[0] < 0
    votes = np.concatenate([tree.value[:, 0, :] for tree in trees])
    shares = np.zeros((len(votes), n_classes), dtype=np.float32)
    shares[:, grown.classes_.astype(int)] = votes / votes.sum(axis=1, keepdims=True)
    return Forest(
        roots=roots.astype(np.int32),
        feature=np.where(is_leaf, -1, np.concatenate([tree.feature for tree in trees])).astype(np.int32),
        threshold=np.where(is_leaf, 0.0, np.concatenate([tree.threshold for tree in trees])),
        left=steps[0].astype(np.int32),
        right=steps[1].astype(np.int32),
        shares=shares,
        n_features=rows.shape[1],
    )


@dataclass(frozen=True, kw_only=True)
class MajorityLearner:
    """Learner behind `MajorityPipeline`."""

    @property
    def models(self) -> tuple[str, ...]:
        """The one model."""
        return (MAJORITY,)

    def describe(self) -> dict[str, Any]:
        """JSON-able settings."""
        return {"name": MAJORITY}

    def fit(self, train: TrialSet, stopping: TrialSet, /, *, seed: int, folder: Path | None = None) -> FittedShares:
        """Count the classes of both parts; nothing is random, and `folder` is not used."""
        labels = np.concatenate([part.labels for part in (train, stopping)])
        counts = np.bincount(labels, minlength=train.n_classes)
        return FittedShares(shares=tuple((counts / counts.sum()).tolist()))

    def refit(
        self, everybody: TrialSet, fitted: FittedShares, /, *, seed: int, folder: Path | None = None
    ) -> FittedShares:
        """Fit once more; nothing was chosen."""
        return self.fit(everybody, everybody.select(np.zeros(len(everybody), dtype=bool)), seed=seed, folder=folder)


@dataclass(frozen=True, kw_only=True)
class FittedShares:
    """Shares of the classes, which are every trial's answer."""

    shares: tuple[float, ...]

    def predict(self, trials: TrialSet, /) -> dict[str, Float64Array]:
        """Logarithms of the shares, the same for every trial."""
        logits = np.log(np.maximum(self.shares, LEAST_PROBABILITY))
        return {MAJORITY: np.tile(logits, (len(trials), 1))}

    def fingerprint(self) -> Mapping[str, str]:
        """SHA-256 of the shares."""
        return {MAJORITY: sha256_json(self.shares)}

    def details(self) -> dict[str, Any]:
        """Give the shares, in the order of the classes."""
        return {"class_shares": list(self.shares)}
