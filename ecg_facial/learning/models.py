"""Networks as a training starts from them.

Input: model settings and a seed. Output: the facial and the ECG network with their first weights. How they are trained
stands in `learning.training`.
"""

from __future__ import annotations

import torch

from ecg_facial.ecg_model import ECGModel
from ecg_facial.facial_model import FacialModel
from ecg_facial.learning.settings import ModelSettings


def make_models(settings: ModelSettings, *, n_classes: int, seed: int) -> tuple[FacialModel, ECGModel]:
    """Make both models with the weights that a training of this seed starts from."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return FacialModel(settings.facial, n_classes=n_classes), ECGModel(settings.ecg, n_classes=n_classes)
