"""The facial and the ECG model and their fusion, as a pipeline of the benchmark.

Enters: model settings. Leaves: a `CalibratedPipeline` of both networks, with fixed fusion weights or one learned on the
calibration part. Data in which nobody has one of the signals get the other's model alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from ecg_facial.ecg_model import ECGModel
from ecg_facial.errors import SettingsError
from ecg_facial.evaluation.benchmark.pipelines import (
    CalibratedPipeline,
    Fitted,
    FittedPipeline,
    HeldOut,
    Logits,
    hash_module,
)
from ecg_facial.evaluation.benchmark.trial_set import TrialSet
from ecg_facial.evaluation.statistics.calibration import apply_temperature, fit_temperature, log_loss
from ecg_facial.facial_model import FacialModel
from ecg_facial.inference.fusion import combine_logits
from ecg_facial.inference.settings import ECG_WEIGHT, FACE_WEIGHT
from ecg_facial.learning.fitting import frozen_features, make_models
from ecg_facial.learning.settings import FUSION_RULES, ModelSettings
from ecg_facial.learning.training import FitResult, TrainingData, fit, predict_logits
from ecg_facial.nets.settings import FacialSettings
from ecg_facial.prepared import PreparedData
from ecg_facial.runtime.settings import strict_settings, to_dict
from ecg_facial.runtime.storage import sha256_json

_STEPS = 100  # of the learned weight: finer ones differ by less than its standard error


@strict_settings
@dataclass(frozen=True, kw_only=True)
class LateFusion:
    """``face_weight * face + ecg_weight * ECG`` on the logits; the other model's calibrated ones where one is absent.

    Attributes
    ----------
    face_weight, ecg_weight : float
    learn : bool
        Replace the weights by ``w`` and ``1 - w``, with the `w` of the least log loss at its best temperature.
    """

    face_weight: float = FACE_WEIGHT
    ecg_weight: float = ECG_WEIGHT
    learn: bool = False
    name: str = "fusion"

    def describe(self) -> dict[str, Any]:
        """JSON-able settings."""
        return to_dict(self)

    def fit(self, held_out: HeldOut, /) -> LateFusion:
        """Learn the weight where that is asked for and any trial has both signals."""
        both = self.present(held_out.logits)
        if not self.learn or not both.any():
            return self
        face, ecg = (held_out.logits[name][both] for name in ("facial", "ecg"))
        labels = held_out.labels[both]

        def loss(step: int) -> float:
            fused = (step * face + (_STEPS - step) * ecg) / _STEPS
            return log_loss(apply_temperature(fused, fit_temperature(fused, labels)), labels)

        weight = min(range(_STEPS + 1), key=loss) / _STEPS
        return replace(self, face_weight=weight, ecg_weight=1 - weight)

    def combine(self, logits: Mapping[str, Logits], /) -> Logits:
        """Weighted sum; NaN where both are absent."""
        face, ecg = logits["facial"], logits["ecg"]
        sees, beats = _there(face), _there(ecg)
        fused = combine_logits(
            face,
            ecg,
            face_weight=self.face_weight,
            ecg_weight=self.ecg_weight,
            face_present=sees,
            ecg_present=beats,
        )
        fused[~(sees | beats)] = np.nan
        return fused

    def present(self, logits: Mapping[str, Logits], /) -> NDArray[np.bool_]:
        """Trials with both signals."""
        return _there(logits["facial"]) & _there(logits["ecg"])

    def fall_back(self, logits: Mapping[str, Logits], /) -> Logits:
        """Calibrated logits of the model whose signal is there."""
        return np.where(_there(logits["facial"])[:, None], logits["facial"], logits["ecg"])


@dataclass(frozen=True)
class Networks:
    """Learner of the facial and the ECG model.

    Attributes
    ----------
    settings : ModelSettings
    models : tuple of str
        ``facial``, ``ecg``, or both.
    """

    settings: ModelSettings
    models: tuple[str, ...] = ("facial", "ecg")

    def describe(self) -> dict[str, Any]:
        """JSON-able settings."""
        return {"networks": to_dict(self.settings), "models": list(self.models)}

    def fit(self, train: TrialSet, stopping: TrialSet, /, *, seed: int, folder: Path | None = None) -> FittedNetworks:
        """Fit each model to the trials that have its signal."""
        networks = dict(
            zip(("facial", "ecg"), make_models(self.settings, n_classes=train.n_classes, seed=seed), strict=True)
        )
        # a frozen network trains in seconds; only a long training needs to be resumed within a fold
        keep = None if self.settings.facial.frozen else folder
        results = {
            name: fit(
                networks[name],
                _data(train, name, self.settings.facial),
                _data(stopping, name, self.settings.facial) if len(stopping) else None,
                settings=self.settings.facial_training if name == "facial" else self.settings.ecg_training,
                seed=seed,
                checkpoint=None if keep is None else keep / f"{name}.safetensors",
            )
            for name in self.models
        }
        return FittedNetworks(
            networks={name: networks[name] for name in self.models}, results=results, settings=self.settings
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class FittedNetworks:
    """Networks with the weights of their best epochs."""

    networks: Mapping[str, nn.Module]
    results: Mapping[str, FitResult]
    settings: ModelSettings

    def predict(self, trials: TrialSet, /) -> dict[str, Logits]:
        """Logits by model; NaN where it has nothing to look at."""
        return {name: self._predict(trials, name) for name in self.networks}

    def _predict(self, trials: TrialSet, name: str) -> Logits:
        logits = np.full((len(trials), trials.n_classes), np.nan)
        there = _has_signal(trials, name)
        if there.any():
            data = _data(trials.without_labels(), name, self.settings.facial)
            logits[there] = predict_logits(self.networks[name], data)
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
    """Makes the built-in pipeline for some data, by which signals they have at all; levels are not looked at.

    Attributes
    ----------
    settings : ModelSettings
    fusion_weights : {"fixed", "learned"}

    Raises
    ------
    SettingsError
        For an unknown rule.
    """

    settings: ModelSettings
    fusion_weights: str = "fixed"

    def __post_init__(self) -> None:
        if self.fusion_weights not in FUSION_RULES:
            raise SettingsError(f"fusion_weights is {self.fusion_weights!r}: expected {' or '.join(FUSION_RULES)}")

    def __call__(self, trials: TrialSet, /) -> CalibratedPipeline:
        """Make the pipeline."""
        models = tuple(name for name in ("facial", "ecg") if _has_signal(trials, name).any())
        if not models:
            raise SettingsError("no trial has a face or a heart beat: nothing to learn from; see what is in the data")
        fusion = LateFusion(
            face_weight=self.settings.face_weight,
            ecg_weight=self.settings.ecg_weight,
            learn=self.fusion_weights == "learned",
        )
        return CalibratedPipeline(Networks(self.settings, models), fusion if len(models) == 2 else None)

    def warm_up(self, prepared: PreparedData, *, workers: int = 1, show_progress: bool = False) -> None:
        """Compute the frozen network's features once, before folds ask for them."""
        frozen_features(prepared, self.settings.facial, workers=workers, show_progress=show_progress)


def take_apart(fitted: Fitted) -> tuple[FacialModel | None, ECGModel | None, LateFusion | None]:
    """Give the networks and the fusion of the built-in pipeline after its fit.

    Returns
    -------
    facial : FacialModel or None
    ecg : ECGModel or None
    fusion : LateFusion or None
        None where there is one network.

    Raises
    ------
    SettingsError
        For another pipeline.
    """
    if isinstance(fitted, FittedPipeline) and isinstance(fitted.learned, FittedNetworks):
        networks, fusion = fitted.learned.networks, fitted.combiner
        facial, ecg = networks.get("facial"), networks.get("ecg")
        return (
            facial if isinstance(facial, FacialModel) else None,
            ecg if isinstance(ecg, ECGModel) else None,
            fusion if isinstance(fusion, LateFusion) else None,
        )
    raise SettingsError("not the built-in pipeline: a bundle holds the built-in facial and ECG networks")


def _data(trials: TrialSet, name: str, settings: FacialSettings) -> TrainingData:
    seen = trials.select(_has_signal(trials, name))
    return seen.facial_data(settings) if name == "facial" else seen.ecg_data()


def _has_signal(trials: TrialSet, name: str) -> NDArray[np.bool_]:
    return trials.sees_face if name == "facial" else trials.has_beats


def _there(logits: Logits) -> NDArray[np.bool_]:
    return np.asarray(np.isfinite(logits).all(axis=1))
