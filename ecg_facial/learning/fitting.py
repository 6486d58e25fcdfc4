"""Fit the facial and the ECG model to some subjects of prepared data.

Enters: prepared data, who trains, who stops the training, settings. Leaves: both models. Whoever is in neither list is
never looked at.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch

from ecg_facial.ecg_model import ECGDataset, ECGModel
from ecg_facial.errors import SettingsError
from ecg_facial.facial_model import FacialDataset, FacialModel
from ecg_facial.labels import Task
from ecg_facial.learning.settings import ModelSettings
from ecg_facial.learning.training import FitResult, fit, predict_logits
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
from ecg_facial.prepared.queries import has_beats, rows_of, sees_face
from ecg_facial.runtime.executors.contract import Executor
from ecg_facial.runtime.executors.serial import SERIAL
from ecg_facial.runtime.typing import Float32Array


@dataclass(frozen=True, eq=False, kw_only=True)
class FittedModels:
    """Both models and how their training went."""

    facial: FacialModel
    ecg: ECGModel
    facial_result: FitResult
    ecg_result: FitResult

    def predict(
        self,
        prepared: PreparedData,
        rows: Sequence[int],
        *,
        task: Task | None = None,
        features: FrameFeatures | None = None,
    ) -> dict[str, Float32Array]:
        """Logits (n, n_classes) of some rows, by model name; NaN where the model has nothing to look at.

        With a task, a level outside it is an error; without one no level is read.
        """
        face = predict_logits(self.facial, FacialDataset(prepared, rows, task=task, features=features))
        ecg = predict_logits(self.ecg, ECGDataset(prepared, rows, task=task))
        face[[not sees_face(prepared, row) for row in rows]] = np.nan
        ecg[[not has_beats(prepared, row) for row in rows]] = np.nan
        return {"facial": face, "ecg": ecg}


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


def fit_models(
    prepared: PreparedData,
    *,
    train_subjects: Collection[str],
    validation_subjects: Collection[str],
    task: Task,
    settings: ModelSettings,
    seed: int,
    features: FrameFeatures | None = None,
    checkpoint_folder: Path | None = None,
) -> FittedModels:
    """Fit both models.

    Parameters
    ----------
    prepared : PreparedData
    train_subjects, validation_subjects : collections of str
        Disjoint. The latter choose the epoch.
    task : Task
    settings : ModelSettings
    seed : int
    features : FrameFeatures, optional
        From `frozen_features`.
    checkpoint_folder : Path, optional
        Where training leaves a checkpoint after every epoch, and goes on from one.

    Raises
    ------
    SettingsError
        When a subject is in both lists, or a list has no usable trial.
    """
    both = sorted(set(train_subjects) & set(validation_subjects))
    if both:
        raise SettingsError(f"subjects {', '.join(both)} are both trained on and validated on: expected disjoint lists")
    rows = [rows_of(prepared, subjects, task) for subjects in (train_subjects, validation_subjects)]
    with_face, with_beats = (
        [[row for row in part if usable(prepared, row)] for part in rows] for usable in (sees_face, has_beats)
    )
    facial, ecg = make_models(settings, n_classes=task.n_classes, seed=seed)
    checkpoints = [
        checkpoint_folder / f"{name}.safetensors" if checkpoint_folder else None for name in ("facial", "ecg")
    ]
    facial_result = fit(
        facial,
        *(FacialDataset(prepared, part, task=task, features=features) for part in with_face),
        settings=settings.facial_training,
        seed=seed,
        checkpoint=checkpoints[0],
    )
    ecg_result = fit(
        ecg,
        *(ECGDataset(prepared, part, task=task) for part in with_beats),
        settings=settings.ecg_training,
        seed=seed,
        checkpoint=checkpoints[1],
    )
    return FittedModels(facial=facial, ecg=ecg, facial_result=facial_result, ecg_result=ecg_result)
