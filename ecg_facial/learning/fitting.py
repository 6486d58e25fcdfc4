"""Fit the facial and the ECG model to some subjects of prepared data.

Enters: prepared data, who trains, who stops the training, settings. Leaves: both models. Whoever is in neither list is
never looked at.
"""

from __future__ import annotations

from functools import partial

import torch

from ecg_facial.ecg_model import ECGModel
from ecg_facial.errors import SettingsError
from ecg_facial.facial_model import FacialModel
from ecg_facial.learning.settings import ModelSettings
from ecg_facial.nets.features import (
    AdjustedFeatures,
    ExchangedFeatures,
    FrameFeatures,
    JoinedFeatures,
    compute_features,
)
from ecg_facial.nets.settings import FacialSettings
from ecg_facial.nets.weights import identify_weights, load_resnet18
from ecg_facial.prepared import AlteredData, JoinedData, PreparedData
from ecg_facial.prepared.normalising import NormalisedData
from ecg_facial.runtime.executors.contract import Executor
from ecg_facial.runtime.executors.serial import SERIAL


def frozen_features(
    prepared: PreparedData, settings: FacialSettings, *, executor: Executor = SERIAL, show_progress: bool = False
) -> FrameFeatures | None:
    """Features of all crops by the frozen network, from disk where they are; None where it is trained too.

    Raises
    ------
    SettingsError
        For normalised data where the network is trained too: normalisation acts on features, not on pixels.
    """
    if settings.frozen:
        return _open_features(prepared, settings, executor=executor, show_progress=show_progress)
    if isinstance(prepared, NormalisedData):
        raise SettingsError("normalisation acts on features of a frozen network: take mode none to train it too")
    return None


def _open_features(
    prepared: PreparedData, settings: FacialSettings, *, executor: Executor, show_progress: bool
) -> FrameFeatures:
    again = partial(_open_features, settings=settings, executor=executor, show_progress=show_progress)
    name = f"features-{identify_weights(settings.weights)[:16]}"
    if isinstance(prepared, NormalisedData):
        base = again(prepared.base)
        return AdjustedFeatures(base, partial(prepared.adjust_features, features=base.__getitem__, key=name))
    if isinstance(prepared, AlteredData):
        return ExchangedFeatures(again(prepared.base), prepared.video)
    if isinstance(prepared, JoinedData):
        return JoinedFeatures([again(part) for part in prepared.parts])
    load = partial(load_resnet18, settings.weights, n_outputs=1, sha256=settings.weights_sha256)
    return compute_features(
        prepared, prepared.folder / name, load_network=load, executor=executor, show_progress=show_progress
    )


def make_models(settings: ModelSettings, *, n_classes: int, seed: int) -> tuple[FacialModel, ECGModel]:
    """Make both models with the weights that a training of this seed starts from."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return FacialModel(settings.facial, n_classes=n_classes), ECGModel(settings.ecg, n_classes=n_classes)
