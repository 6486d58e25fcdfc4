"""The facial and the ECG model and their fusion, as a pipeline of the benchmark.

Input: model settings. Output: a `CalibratedPipeline` of both networks, with fixed fusion weights or weights learned on
the calibration part. For data in which nobody has one of the signals it holds the other model alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from torch import nn

from ecg_facial.ecg_model import ECGModel
from ecg_facial.errors import SettingsError
from ecg_facial.evaluation.benchmark.baselines import (
    BaselinesFactory,
    FittedForest,
    ForestLearner,
    face_course_features,
)
from ecg_facial.evaluation.benchmark.fusing import ChoosingCombiner, FusionCombiner
from ecg_facial.evaluation.benchmark.pipelines import (
    CalibratedPipeline,
    Combiner,
    Factory,
    Fitted,
    FittedJoint,
    FittedPipeline,
    JointLearner,
    Learner,
    Pipeline,
    hash_module,
    mark_broken,
)
from ecg_facial.evaluation.benchmark.settings import BenchmarkSettings
from ecg_facial.evaluation.benchmark.trial_set import TrialSet
from ecg_facial.evaluation.judging.model_names import FACE_COURSES, FUSED_COURSES
from ecg_facial.facial_model import FacialModel
from ecg_facial.inference.forest import Forest
from ecg_facial.inference.fusion import Fusion
from ecg_facial.learning.models import make_models
from ecg_facial.learning.settings import FUSION_RULES, ModelSettings
from ecg_facial.learning.training import FitResult, TrainingData, fit, predict_logits
from ecg_facial.nets.features import frozen_features
from ecg_facial.nets.settings import FacialSettings
from ecg_facial.prepared.contract import PreparedData
from ecg_facial.runtime.executors.contract import Executor
from ecg_facial.runtime.executors.serial import SERIAL
from ecg_facial.runtime.settings import to_dict
from ecg_facial.runtime.storage import sha256_json
from ecg_facial.runtime.typing import BoolArray, Float64Array

_MODELS = ("facial", "ecg")
_FOREIGN = "not the built-in pipeline: a bundle holds the built-in facial and ECG networks"


@dataclass(frozen=True, kw_only=True)
class TwoNetworks:
    """Learner of the facial and the ECG network.

    Attributes
    ----------
    settings : ModelSettings
    models : tuple of str
        ``facial``, ``ecg``, or both.
    """

    settings: ModelSettings
    models: tuple[str, ...] = _MODELS

    def describe(self) -> dict[str, Any]:
        """JSON-able settings."""
        return {"networks": to_dict(self.settings), "models": list(self.models)}

    def fit(self, train: TrialSet, stopping: TrialSet, /, *, seed: int, folder: Path | None = None) -> FittedNetworks:
        """Fit each model to the trials that have its signal."""
        return self._fit(train, stopping, seed=seed, folder=folder, epochs={})

    def refit(
        self, everybody: TrialSet, fitted: FittedNetworks, /, *, seed: int, folder: Path | None = None
    ) -> FittedNetworks:
        """Fit once more for as many epochs as were best, by the same schedule of learning rates."""
        epochs = {name: result.best_epoch for name, result in fitted.results.items()}
        return self._fit(
            everybody, everybody.select(np.zeros(len(everybody), bool)), seed=seed, folder=folder, epochs=epochs
        )

    def _fit(
        self, train: TrialSet, stopping: TrialSet, *, seed: int, folder: Path | None, epochs: Mapping[str, int]
    ) -> FittedNetworks:
        networks = dict(zip(_MODELS, make_models(self.settings, n_classes=train.n_classes, seed=seed), strict=True))
        # with a frozen encoder a fold trains in seconds; only a long training needs checkpoints within the fold
        keep = None if self.settings.facial.frozen else folder
        results = {
            name: fit(
                networks[name],
                _data(train, name, self.settings.facial),
                # without a signal there is no loss to choose an epoch by: the last one is kept
                _data(stopping, name, self.settings.facial) if _has_signal(stopping, name).any() else None,
                settings=self.settings.facial_training if name == "facial" else self.settings.ecg_training,
                seed=seed,
                checkpoint=None if keep is None else keep / f"{name}.safetensors",
                last_epoch=epochs.get(name),
            )
            for name in self.models
        }
        return FittedNetworks(
            networks={name: networks[name] for name in self.models}, results=results, settings=self.settings
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class FittedNetworks:
    """Networks with the weights of their best epochs; no answer without the signal that a network looks at."""

    abstains: ClassVar[bool] = True

    networks: Mapping[str, nn.Module]
    results: Mapping[str, FitResult]
    settings: ModelSettings

    def predict(self, trials: TrialSet, /) -> dict[str, Float64Array]:
        """Logits by model; NaN where it has nothing to look at."""
        return {name: self._predict(trials, name) for name in self.networks}

    def _predict(self, trials: TrialSet, name: str) -> Float64Array:
        logits = np.full((len(trials), trials.n_classes), np.nan)
        there = _has_signal(trials, name)
        if there.any():
            data = _data(trials.without_labels(), name, self.settings.facial)
            logits[there] = mark_broken(predict_logits(self.networks[name], data).astype(np.float64))
        return logits

    def details(self) -> dict[str, Any]:
        """Chosen epochs."""
        return {"best_epochs": {name: result.best_epoch for name, result in self.results.items()}}

    def fingerprint(self) -> dict[str, str]:
        """SHA-256 of each network's weights, the chosen epochs and the settings."""
        return {
            **{f"weights:{name}": hash_module(network) for name, network in self.networks.items()},
            "epochs": sha256_json({name: result.best_epoch for name, result in self.results.items()}),
            "networks": sha256_json(to_dict(self.settings)),
        }


@dataclass(frozen=True)
class NetworksFactory:
    """Makes the built-in pipeline for some data, by which signals they have at all; it does not look at levels.

    Attributes
    ----------
    settings : ModelSettings
    fusion_weights : {"fixed", "learned"}
    descriptors : bool
        Add ``facial:descriptors`` and its fusion with the ECG model, ``fusion:descriptors``.
    choose_face : bool
        Add ``fusion:chosen``, which takes the facial model that the calibration part speaks for; with `descriptors`.

    Raises
    ------
    SettingsError
        For an unknown rule.
    """

    settings: ModelSettings
    fusion_weights: str = BenchmarkSettings.fusion_weights
    descriptors: bool = False
    choose_face: bool = BenchmarkSettings.choose_face

    def __post_init__(self) -> None:
        if self.fusion_weights not in FUSION_RULES:
            raise SettingsError(f"fusion_weights is {self.fusion_weights!r}: expected {' or '.join(FUSION_RULES)}")

    def __call__(self, trials: TrialSet, /) -> CalibratedPipeline:
        """Make the pipeline."""
        models = tuple(name for name in _MODELS if _has_signal(trials, name).any())
        if not models:
            raise SettingsError("no trial has a face or a heart beat: nothing to learn from; see what is in the data")
        faces = models[:-1] if "ecg" in models else models
        learners: tuple[Learner, ...] = (TwoNetworks(settings=self.settings, models=models),)
        if self.descriptors and faces:
            learners += (ForestLearner(name=FACE_COURSES, features=face_course_features),)
            faces += (FACE_COURSES,)
        fusions = tuple(map(self._make_combiner, faces)) if "ecg" in models else ()
        combiners: tuple[Combiner, ...] = fusions
        if self.choose_face and len(fusions) > 1:
            combiners += (ChoosingCombiner(candidates=fusions),)
        return CalibratedPipeline(JointLearner(learners), combiners)

    def _make_combiner(self, face: str) -> FusionCombiner:
        """Make the fusion of a facial model and the ECG model."""
        fusion = Fusion(face_weight=self.settings.face_weight, ecg_weight=self.settings.ecg_weight)
        name = FUSED_COURSES if face == FACE_COURSES else FusionCombiner.name
        return FusionCombiner(fusion=fusion, learn=self.fusion_weights == "learned", face=face, name=name)

    def warm_up(self, prepared: PreparedData, *, executor: Executor = SERIAL, show_progress: bool = False) -> None:
        """Compute the frozen networks' features once, before folds ask for them."""
        for settings in {self.settings.facial, FacialSettings()} if self.descriptors else {self.settings.facial}:
            frozen_features(prepared, settings, executor=executor, show_progress=show_progress)


def make_networks_factory(settings: BenchmarkSettings) -> NetworksFactory:
    """Make the factory of the built-in pipeline that the settings ask for."""
    return NetworksFactory(
        settings.models,
        settings.fusion_weights,
        descriptors=settings.baselines,
        choose_face=settings.choose_face,
    )


def choose_factories(
    settings: BenchmarkSettings, given: Sequence[Factory | Pipeline] | None = None
) -> list[Factory | Pipeline]:
    """Methods of a run: those given, else the built-in pipeline; and the baselines, unless the settings go without."""
    chosen: list[Factory | Pipeline] = list(given or [])
    if given is None:
        chosen = [make_networks_factory(settings)]
    return [*chosen, BaselinesFactory(face=given is not None)] if settings.baselines else chosen


@dataclass(frozen=True, eq=False, kw_only=True)
class BundleParts:
    """The built-in pipeline after its fit, as a bundle holds it.

    Attributes
    ----------
    facial : FacialModel or None
    ecg : ECGModel or None
    fusion : Fusion
        With the temperatures of the models that there are.
    forest : Forest or None
        Of ``facial:descriptors``, where it reads the features of the facial model's own frozen network.
    descriptors : Fusion
        The fusion with that forest in place of the facial model.
    """

    facial: FacialModel | None
    ecg: ECGModel | None
    fusion: Fusion
    forest: Forest | None = None
    descriptors: Fusion = field(default_factory=Fusion)

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the networks that there are."""
        return tuple(name for name in _MODELS if getattr(self, name) is not None)


def take_apart(fitted: Fitted) -> BundleParts:
    """Give the networks, the forest and the fusions of the built-in pipeline after its fit.

    Parameters
    ----------
    fitted : Fitted

    Returns
    -------
    BundleParts

    Raises
    ------
    SettingsError
        For another pipeline.
    """
    if not isinstance(fitted, FittedPipeline):
        raise SettingsError(_FOREIGN)
    learned = fitted.learned.parts if isinstance(fitted.learned, FittedJoint) else ()
    found = next((part for part in learned if isinstance(part, FittedNetworks)), None)
    if found is None:
        raise SettingsError(_FOREIGN)
    # a bundle holds one encoder: that of the facial network
    shared = _reads_shipped_features(found.settings.facial)
    forest = next((part.forest for part in learned if isinstance(part, FittedForest) and shared), None)
    facial, ecg = (found.networks.get(name) for name in _MODELS)
    return BundleParts(
        facial=facial if isinstance(facial, FacialModel) else None,
        ecg=ecg if isinstance(ecg, ECGModel) else None,
        fusion=_take_fusion(fitted, "facial"),
        forest=forest,
        descriptors=_take_fusion(fitted, FACE_COURSES),
    )


def _take_fusion(fitted: FittedPipeline, face: str) -> Fusion:
    """Fusion of one facial model with the ECG model; with one modality its temperature alone counts."""
    own = [each for each in fitted.combiners if isinstance(each, FusionCombiner) and each.face == face]
    return (own[0] if own else FusionCombiner(face=face)).calibrated(fitted.temperatures)


def _reads_shipped_features(settings: FacialSettings) -> bool:
    """Whether a facial model's network is the frozen one that reads action units."""
    return settings.frozen and settings.weights == FacialSettings.weights


def _data(trials: TrialSet, name: str, settings: FacialSettings) -> TrainingData:
    seen = trials.select(_has_signal(trials, name))
    return seen.facial_data(settings) if name == "facial" else seen.ecg_data()


def _has_signal(trials: TrialSet, name: str) -> BoolArray:
    return trials.sees_face if name == "facial" else trials.has_beats
