"""Models of a table of features: a forest and a logistic regression per modality and of all, and their late fusion.

Input: a `TrialSet` of a table of features. Output: pipelines. A missing value takes the median of the training people;
a trial without any value of a modality has no output of that modality's model, and the fusion takes the other models'.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, get_args

import numpy as np
from sklearn.linear_model import LogisticRegression

from ecg_facial.errors import SettingsError
from ecg_facial.evaluation.benchmark.baselines import N_TREES, grow_forest
from ecg_facial.evaluation.benchmark.pipelines import CalibratedPipeline
from ecg_facial.evaluation.benchmark.trial_set import TrialSet
from ecg_facial.inference.forest import LEAST_PROBABILITY
from ecg_facial.inference.fusion import is_present
from ecg_facial.learning.settings import ModelSettings
from ecg_facial.runtime.storage import sha256_bytes, sha256_json
from ecg_facial.runtime.typing import BoolArray, Float64Array, Int64Array

ALL, FUSION, EQUAL = "all", "fusion", "fusion:equal"
_FACE, _ECG = "facial", "ecg"
Kind = Literal["forest", "logistic"]
# 7,200 trials of 200 features: 3.4 s per forest with 1,000 trials per tree, 1.6 s with 500; accuracy 33.6 and 32.6 %
# where classes are shifted, 36.4 and 36.7 % where features interact (five classes; half the trees cost 2 points)
MOST_TRIALS_PER_TREE = 500
# a feature that varies by less than this share of its size is constant but for rounding
_LEAST_SCALE = 1e-10


@dataclass(frozen=True)
class FeatureModels:
    """Makes the pipeline of one kind of estimator for the modalities of a table; it looks at no label.

    The forests are named as the modalities, ``fusion``, ``all`` and, beside given weights, ``fusion:equal``; the
    logistic regressions have ``:logistic`` behind these names.

    Attributes
    ----------
    settings : ModelSettings
        Its weights of the fusion are used where the modalities are ``facial`` and ``ecg``; other modalities have equal
        weights.
    kind : {"forest", "logistic"}
    """

    settings: ModelSettings
    kind: Kind = "forest"

    def __call__(self, trials: TrialSet, /) -> CalibratedPipeline:
        """Make the pipeline."""
        modalities = tuple(trials.modalities)
        if not modalities:
            raise SettingsError("no table of features: these models read columns of a table, not windows")
        views = [View(name=self._name(name), modalities=(name,)) for name in modalities]
        fusions: tuple[WeightedSum, ...] = ()
        if len(modalities) > 1:
            fusions = tuple(self._fuse(modalities))
            views.append(View(name=self._name(ALL), modalities=modalities))
        return CalibratedPipeline(FeatureLearner(kind=self.kind, views=tuple(views), fusions=fusions))

    def _name(self, name: str) -> str:
        """Name of a model: the forest's is the plain one."""
        return name if self.kind == "forest" else f"{name}:{self.kind}"

    def _fuse(self, modalities: Sequence[str]) -> list[WeightedSum]:
        """Late fusion of the modalities: by the given weights for face and ECG, and by equal ones."""
        equal = tuple((self._name(name), 1 / len(modalities)) for name in modalities)
        if set(modalities) != {_FACE, _ECG}:
            return [WeightedSum(name=self._name(FUSION), weights=equal)]
        given = {_FACE: self.settings.face_weight, _ECG: self.settings.ecg_weight}
        weighted = tuple((self._name(name), given[name]) for name in modalities)
        made = [WeightedSum(name=self._name(FUSION), weights=weighted)]
        return [*made, WeightedSum(name=EQUAL, weights=equal)] if self.kind == "forest" else made


def describe_feature_models(settings: ModelSettings, modalities: Sequence[str]) -> tuple[str, ...]:
    """Say in a line each what the models of these modalities are."""
    names = ", ".join(modalities)
    lines = [
        f"models {names if len(modalities) == 1 else f'{names}, {ALL}'}: random forests of {N_TREES} trees; with "
        ":logistic: logistic regressions on standardised features"
    ]
    if set(modalities) == {_FACE, _ECG}:
        weights = f"{settings.face_weight:g} x {_FACE} + {settings.ecg_weight:g} x {_ECG}"
        lines.append(f"{FUSION}: {weights} of their log probabilities; {EQUAL}: their mean")
    elif len(modalities) > 1:
        lines.append(f"{FUSION}: the mean of their log probabilities")
    return tuple(lines)


def choose_feature_models(settings: ModelSettings) -> tuple[FeatureModels, ...]:
    """Give both kinds, which every run on a table of features holds."""
    return tuple(FeatureModels(settings, kind) for kind in get_args(Kind))


@dataclass(frozen=True, kw_only=True)
class View:
    """What one model reads.

    Attributes
    ----------
    name : str
        Of the model.
    modalities : tuple of str
    """

    name: str
    modalities: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class WeightedSum:
    """Late fusion: the weighted mean of models' logits, over the models that have something to say.

    Attributes
    ----------
    name : str
        Of the fused model.
    weights : tuple of (str, float)
        By model.
    """

    name: str
    weights: tuple[tuple[str, float], ...]

    def combine(self, logits: Mapping[str, Float64Array]) -> Float64Array:
        """Fuse logits (n, n_classes); NaN where every model is silent.

        Examples
        --------
        >>> fused = WeightedSum(name="fusion", weights=(("facial", 0.8), ("ecg", 0.2)))
        >>> said = {"facial": np.array([[2.0, 0.0], [2.0, 0.0]]), "ecg": np.array([[0.0, 5.0], [np.nan, np.nan]])}
        >>> fused.combine(said)
        array([[1.6, 1. ],
               [2. , 0. ]])
        """
        there = np.stack([is_present(logits[model]) for model, _ in self.weights])
        weights = np.array([weight for _, weight in self.weights])[:, None] * there
        total = weights.sum(axis=0)
        summed = sum(
            weight[:, None] * np.nan_to_num(logits[model])
            for weight, (model, _) in zip(weights, self.weights, strict=True)
        )
        return np.where(total[:, None] > 0, summed / np.where(total > 0, total, 1.0)[:, None], np.nan)


@dataclass(frozen=True, kw_only=True)
class FeatureLearner:
    """Learner of one kind of estimator on several views of a table, and of their late fusion.

    Attributes
    ----------
    kind : {"forest", "logistic"}
    views : tuple of View
    fusions : tuple of WeightedSum
    """

    kind: Kind
    views: tuple[View, ...]
    fusions: tuple[WeightedSum, ...] = ()

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the views' models, then of the fused ones."""
        return (*(view.name for view in self.views), *(fused.name for fused in self.fusions))

    def describe(self) -> dict[str, Any]:
        """JSON-able settings."""
        return {
            "estimator": self.kind,
            "trials per tree": MOST_TRIALS_PER_TREE if self.kind == "forest" else None,
            "missing values": "median of the training part",
            "views": {view.name: list(view.modalities) for view in self.views},
            "fusions": {fused.name: dict(fused.weights) for fused in self.fusions},
        }

    def fit(self, train: TrialSet, stopping: TrialSet, /, *, seed: int, folder: Path | None = None) -> FittedFeatures:
        """Fit every view on both parts, since none chooses an epoch; `folder` is not used."""
        parts = [part for part in (train, stopping) if len(part)]
        labels = np.concatenate([part.labels for part in parts])
        fitted = {}
        for view in self.views:
            rows = np.concatenate([part.values(*view.modalities) for part in parts])
            known = has_values(rows)
            if len(np.unique(labels[known])) < 2:
                raise SettingsError(
                    f"model {view.name}: fewer than two classes of training trials have its features; see the table"
                )
            medians = find_medians(rows[known])
            fit = _FIT[self.kind]
            estimator = fit(fill(rows[known], medians), labels[known], n_classes=train.n_classes, seed=seed)
            fitted[view.name] = FittedView(view=view, medians=medians, estimator=estimator)
        return FittedFeatures(views=fitted, fusions=self.fusions)

    def refit(
        self, everybody: TrialSet, fitted: FittedFeatures, /, *, seed: int, folder: Path | None = None
    ) -> FittedFeatures:
        """Fit once more; nothing was chosen."""
        return self.fit(everybody, everybody.select(np.zeros(len(everybody), dtype=bool)), seed=seed, folder=folder)


@dataclass(frozen=True, eq=False, kw_only=True)
class FittedView:
    """An estimator of one view after its fit, and the medians for what is missing."""

    view: View
    medians: Float64Array
    estimator: FittedEstimate

    def predict(self, trials: TrialSet) -> Float64Array:
        """Logits (n, n_classes); NaN where the trial has no value of the view."""
        logits = np.full((len(trials), trials.n_classes), np.nan)
        rows = trials.values(*self.view.modalities)
        known = has_values(rows)
        if known.any():
            logits[known] = self.estimator.logits(fill(rows[known], self.medians))
        return logits


@dataclass(frozen=True, eq=False, kw_only=True)
class FittedFeatures:
    """All views after their fit.

    A trial without any value of a modality has no answer of that modality's model.
    """

    abstains: ClassVar[bool] = True

    views: Mapping[str, FittedView]
    fusions: tuple[WeightedSum, ...]

    def predict(self, trials: TrialSet, /) -> dict[str, Float64Array]:
        """Logits by model."""
        said = {name: view.predict(trials) for name, view in self.views.items()}
        return {**said, **{fused.name: fused.combine(said) for fused in self.fusions}}

    def fingerprint(self) -> dict[str, str]:
        """SHA-256 of each estimator, of the medians, and of the weights of the fusions."""
        found = {f"estimator:{name}": view.estimator.fingerprint() for name, view in self.views.items()}
        found |= {f"medians:{name}": sha256_bytes(view.medians.tobytes()) for name, view in self.views.items()}
        return {**found, "fusions": sha256_json({fused.name: dict(fused.weights) for fused in self.fusions})}

    def details(self) -> dict[str, Any]:
        """Empty: no choice is made."""
        return {}


class FittedEstimate(Protocol):
    """An estimator after its fit."""

    def logits(self, rows: Float64Array, /) -> Float64Array:
        """Log probabilities (n, n_classes) of rows (n, n_features)."""

    def fingerprint(self) -> str:
        """SHA-256 of all that was fitted."""


@dataclass(frozen=True, eq=False, kw_only=True)
class FittedLogistic:
    """A logistic regression on standardised features.

    Attributes
    ----------
    mean, scale : ndarray, shape (n_features,)
    estimator : LogisticRegression
    n_classes : int
    """

    mean: Float64Array
    scale: Float64Array
    estimator: LogisticRegression
    n_classes: int

    def logits(self, rows: Float64Array, /) -> Float64Array:
        """Log probabilities; very small for a class that did not train."""
        probabilities = np.zeros((len(rows), self.n_classes))
        said = self.estimator.predict_proba((rows - self.mean) / self.scale)
        probabilities[:, self.estimator.classes_.astype(int)] = said
        return np.log(np.maximum(probabilities, LEAST_PROBABILITY))

    def fingerprint(self) -> str:
        """SHA-256 of scaler and weights."""
        parts = (self.mean, self.scale, self.estimator.coef_, self.estimator.intercept_, self.estimator.classes_)
        return sha256_bytes(b"".join(np.ascontiguousarray(part).tobytes() for part in parts))


def fit_logistic(rows: Float64Array, labels: Int64Array, *, n_classes: int, seed: int) -> FittedLogistic:
    """Fit a logistic regression, classes weighted by the inverse of how often they occur; nothing is random."""
    mean, scale = rows.mean(axis=0), rows.std(axis=0)
    scale = np.where(scale > _LEAST_SCALE * np.maximum(np.abs(mean), 1.0), scale, 1.0)
    estimator = LogisticRegression(max_iter=2000, class_weight="balanced").fit((rows - mean) / scale, labels)
    return FittedLogistic(mean=mean, scale=scale, estimator=estimator, n_classes=n_classes)


_FIT: dict[Kind, Any] = {"forest": partial(grow_forest, most_trials=MOST_TRIALS_PER_TREE), "logistic": fit_logistic}


def has_values(rows: Float64Array) -> BoolArray:
    """Trials (n,) with any value at all."""
    return np.asarray(np.isfinite(rows).any(axis=1))


def find_medians(rows: Float64Array) -> Float64Array:
    """Median of each column over the values that are there, (n_features,); 0 for a column without any."""
    medians = np.zeros(rows.shape[1])
    there = np.isfinite(rows).any(axis=0)
    medians[there] = np.nanmedian(rows[:, there], axis=0)
    return medians


def fill(rows: Float64Array, medians: Float64Array) -> Float64Array:
    """Put the medians where a value is missing."""
    return np.where(np.isfinite(rows), rows, medians)
