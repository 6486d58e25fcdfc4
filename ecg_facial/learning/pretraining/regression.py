"""Train ResNet18 to predict action-unit intensities from face crops.

Input: labelled crops. Output: a network, and the variance of each unit that it explains on identities it was not
trained on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from ecg_facial.face.pixels import normalise_crops
from ecg_facial.learning.pretraining.augment import augment_crop
from ecg_facial.learning.pretraining.crops import TARGET_AUS, LabelledCrops
from ecg_facial.learning.settings import TrainingSettings
from ecg_facial.learning.training import EpochRecord, fit, predict_logits
from ecg_facial.nets.features import FrozenEncoder
from ecg_facial.nets.items import Item
from ecg_facial.nets.resnet import ResNet18
from ecg_facial.nets.weights import load_resnet18
from ecg_facial.runtime.typing import Float32Array, Float64Array


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Part of a training at one picture size.

    Training begins with small pictures: at half the side an epoch costs a quarter.
    """

    side_px: int
    epochs: int
    learning_rate: float


STAGES = (Stage(side_px=64, epochs=5, learning_rate=1e-3), Stage(side_px=112, epochs=3, learning_rate=5e-4))
"""Of a training that begins with random weights."""
LATER_STAGES = (Stage(side_px=112, epochs=3, learning_rate=5e-4),)
"""Of a training that goes on from the weights of an earlier one."""

# share of the features' mean variance that is added to each
_RIDGE = 0.01


class CropDataset(Dataset[Item]):
    """Crops at a size, changed at random while training.

    The changes follow torch's generator, which the training loop seeds for every epoch.
    """

    def __init__(self, data: LabelledCrops, *, side_px: int, augment: bool) -> None:
        self._data, self._side_px, self._augment = data, side_px, augment

    def __len__(self) -> int:
        return len(self._data.crops)

    def __getitem__(self, index: int) -> Item:
        crop = self._data.crops[index]
        if self._augment:
            crop = augment_crop(crop, np.random.default_rng(int(torch.randint(2**62, (1,)))))
        if crop.shape[0] != self._side_px:
            size = (self._side_px, self._side_px)
            crop = np.asarray(cv2.resize(crop, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        return {"images": torch.from_numpy(normalise_crops(crop))}, torch.from_numpy(self._data.action_units[index])

    @staticmethod
    def collate(items: Sequence[Item]) -> Item:
        """Stack items into a batch, channels last in memory."""
        images = torch.stack([item[0]["images"] for item in items]).contiguous(memory_format=torch.channels_last)
        return {"images": images}, torch.stack([item[1] for item in items])


def split_identities(data: LabelledCrops, *, held_out: float = 0.08) -> tuple[LabelledCrops, LabelledCrops]:
    """Divide crops into those to train on and those of the last identities."""
    people = np.unique(data.identities)
    last = people[-max(1, round(held_out * len(people))) :]
    chosen = np.isin(data.identities, last)
    return data.of_identities(~chosen), data.of_identities(chosen)


def choose_stages(start: str) -> tuple[Stage, ...]:
    """Choose the stages of a training that begins with these weights, as in `train_reader`."""
    return STAGES if start == "none" else LATER_STAGES


def train_reader(
    data: LabelledCrops,
    *,
    seed: int,
    start: str = "none",
    stages: Sequence[Stage] | None = None,
    batch_size: int = 64,
    on_epoch: Callable[[EpochRecord], None] | None = None,
) -> tuple[ResNet18, dict[str, float]]:
    """Train the whole network on all but the last identities.

    Parameters
    ----------
    data : LabelledCrops
    seed : int
    start : str
        Weights to begin with, as in `load_resnet18`; ``"none"`` are random ones.
    stages : sequence of Stage, optional
        `STAGES` for random weights, else `LATER_STAGES`.
    batch_size : int
    on_epoch : callable, optional
        Called with the record of each epoch.

    Returns
    -------
    network : ResNet18
        With one output per action unit, in the order of `TARGET_AUS`.
    explained : dict of str to float
        Share of the variance of each unit's intensity that the network explains on the held-out identities.
    """
    train, held_out = split_identities(data)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = load_resnet18(start, n_outputs=len(TARGET_AUS))
    stages = stages or choose_stages(start)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs lack it
    for stage in stages:
        settings = TrainingSettings(
            epochs=stage.epochs,
            batch_size=batch_size,
            learning_rate=stage.learning_rate,
            patience=stage.epochs,
            class_weights=False,
        )
        fit(
            network,
            CropDataset(train, side_px=stage.side_px, augment=True),
            CropDataset(held_out, side_px=stage.side_px, augment=False),
            settings=settings,
            seed=seed,
            loss=nn.functional.mse_loss,
            on_epoch=on_epoch,
        )
    return network, explain_variance(network, held_out, side_px=stages[-1].side_px)


def fit_last_layer(data: LabelledCrops) -> tuple[ResNet18, dict[str, float]]:
    """Fit the last layer alone on all but the last identities, by ridge regression; the shipped network stays frozen.

    Every crop is seen as it is and once changed at random, so that the layer bears small errors of the detector.

    Returns
    -------
    network : ResNet18
    explained : dict of str to float
        As in `train_reader`.
    """
    train, held_out = split_identities(data)
    network = load_resnet18("rendered", n_outputs=len(TARGET_AUS))
    rng = np.random.default_rng(0)
    crops = np.concatenate([train.crops, np.stack([augment_crop(crop, rng) for crop in train.crops])])
    features = FrozenEncoder(network)(crops).astype(np.float64)
    weights, biases = _fit_ridge(features, np.tile(train.action_units, (2, 1)).astype(np.float64))
    with torch.no_grad():
        network.fc.weight.copy_(torch.from_numpy(weights.T))
        network.fc.bias.copy_(torch.from_numpy(biases))
    return network, explain_variance(network, held_out, side_px=data.crops.shape[1])


def _fit_ridge(features: Float64Array, targets: Float64Array) -> tuple[Float64Array, Float64Array]:
    """Weights (n_features, n_targets) and biases of a ridge regression; the biases are not shrunken."""
    centre, mean = features.mean(axis=0), targets.mean(axis=0)
    spread = np.cov(features, rowvar=False, bias=True)
    spread += np.eye(len(spread)) * _RIDGE * np.trace(spread) / len(spread)
    weights = np.linalg.solve(spread, (features - centre).T @ (targets - mean) / len(features))
    return weights, mean - centre @ weights


def explain_variance(network: nn.Module, data: LabelledCrops, *, side_px: int) -> dict[str, float]:
    """Share of each unit's variance that the network explains (R squared)."""
    read = predict_logits(network, CropDataset(data, side_px=side_px, augment=False))
    return dict(zip(TARGET_AUS, _r_squared(data.action_units, read).tolist(), strict=True))


def _r_squared(true: Float32Array, read: Float32Array) -> Float64Array:
    left = ((true - read) ** 2).mean(axis=0, dtype=np.float64)
    return np.asarray(1 - left / np.maximum(true.var(axis=0, dtype=np.float64), 1e-9), dtype=np.float64)


def to_half(network: ResNet18) -> dict[str, Tensor]:
    """Weights with convolutions in fp16; the few others, the last layer among them, as they are."""
    state = network.state_dict()
    halved = {name: value.half() if value.ndim == 4 else value for name, value in state.items()}
    return {name: value.contiguous(memory_format=torch.contiguous_format) for name, value in halved.items()}
