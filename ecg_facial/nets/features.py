"""A frozen ResNet18 as an encoder of face crops, and its features of prepared data.

Input: crops, or prepared data. Output: 512 features per crop, computed once per data set by `PreparedData.features`
under a name that is made of the weights' SHA-256.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import torch

from ecg_facial.errors import SettingsError
from ecg_facial.face.pixels import normalise_crops
from ecg_facial.nets.resnet import N_FEATURES, ResNet18
from ecg_facial.nets.settings import FacialSettings
from ecg_facial.nets.weights import identify_weights, load_resnet18
from ecg_facial.prepared.contract import FrameFeatures, PreparedData
from ecg_facial.runtime.executors.contract import Executor
from ecg_facial.runtime.executors.serial import SERIAL
from ecg_facial.runtime.typing import Float32Array, UInt8Array

# Bounds the memory: the first layer alone gives 0.8 MB per image of 112 px.
_IMAGES_PER_BATCH = 32


class FrozenEncoder:
    """A ResNet18 in evaluation mode that maps crops to features.

    Parameters
    ----------
    network : ResNet18
    """

    n_features = N_FEATURES

    def __init__(self, network: ResNet18) -> None:
        self._network = network.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # stubs lack it

    def __call__(self, crops: UInt8Array, /) -> Float32Array:
        """Map crops (n, height, width, 3), n of 1 or more, to features (n, 512)."""
        parts = []
        with torch.inference_mode():
            for first in range(0, len(crops), _IMAGES_PER_BATCH):
                images = torch.from_numpy(normalise_crops(crops[first : first + _IMAGES_PER_BATCH]))
                parts.append(self._network.features(images.contiguous(memory_format=torch.channels_last)).numpy())
        return np.concatenate(parts)


def load_encoder(weights: str, *, sha256: str | None = None) -> FrozenEncoder:
    """Load named weights into a frozen encoder; see `nets.weights.load_resnet18`."""
    return FrozenEncoder(load_resnet18(weights, n_outputs=1, sha256=sha256))


def frozen_features(
    prepared: PreparedData, settings: FacialSettings, *, executor: Executor = SERIAL, show_progress: bool = False
) -> FrameFeatures | None:
    """Features of all crops by the frozen network, from disk where they are; None where it is trained too.

    Parameters
    ----------
    prepared : PreparedData
    settings : FacialSettings
    executor : Executor
    show_progress : bool

    Raises
    ------
    SettingsError
        For normalised data where the network is trained too: normalisation acts on features, not on pixels.
    """
    if settings.frozen:
        load = partial(load_encoder, settings.weights, sha256=settings.weights_sha256)
        key = f"features-{identify_weights(settings.weights)[:16]}"
        return prepared.features(key, load, executor=executor, show_progress=show_progress)
    if prepared.describe_fit():
        raise SettingsError("normalisation acts on features of a frozen network: take mode none to train it too")
    return None
