"""Facial model: ResNet18 on every frame, a bidirectional GRU over frames, class logits.

Input: aligned face crops with a mask, or features of crops that were computed before. Output: logits. Masked frames and
the other clips of a batch do not change a clip's logits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from ecg_facial.face.pixels import normalise_crops
from ecg_facial.labels import Task
from ecg_facial.nets.gru import MaskedGRU
from ecg_facial.nets.items import Item
from ecg_facial.nets.resnet import N_FEATURES
from ecg_facial.nets.settings import FacialSettings
from ecg_facial.nets.weights import load_resnet18
from ecg_facial.prepared.queries import encode_labels

if TYPE_CHECKING:
    from ecg_facial.prepared.contract import FrameFeatures, PreparedData


class FacialModel(nn.Module):
    """ResNet18 per frame, GRU over time, logits.

    Parameters
    ----------
    settings : FacialSettings, optional
    n_classes : int
        Number of logits.
    """

    def __init__(self, settings: FacialSettings | None = None, *, n_classes: int) -> None:
        super().__init__()
        self.settings = settings = settings or FacialSettings()
        self.encoder = load_resnet18(settings.weights, n_outputs=1, sha256=settings.weights_sha256)
        self.encoder.fc.requires_grad_(False)  # features are taken before it
        if settings.frozen:
            self.encoder.requires_grad_(False)
        self.norm = nn.LayerNorm(N_FEATURES)
        self.gru = MaskedGRU(N_FEATURES, hidden=settings.hidden, n_layers=settings.n_layers, dropout=settings.dropout)
        self.dropout = nn.Dropout(settings.dropout)
        self.classifier = nn.Linear(self.gru.n_outputs, n_classes)

    def train(self, mode: bool = True) -> FacialModel:
        """Switch to training; batch normalisation of given weights keeps its statistics.

        A clip's features would otherwise depend on the clips beside it.
        """
        super().train(mode)
        if self.settings.frozen or self.settings.weights != "none":
            self.encoder.eval()
        return self

    def encode(self, images: Tensor) -> Tensor:
        """Map normalised crops (n, 3, height, width) to features (n, 512)."""
        return self.encoder.features(images.contiguous(memory_format=torch.channels_last)).float()

    def head(self, features: Tensor) -> Tensor:
        """Map features of valid frames (batch, n_frames, 512) to logits (batch, n_classes)."""
        logits: Tensor = self.classifier(self.dropout(self.gru.forward_valid(self.norm(features))))
        return logits

    def forward(self, frames: Tensor, mask: Tensor) -> Tensor:
        """Map clips to logits.

        Parameters
        ----------
        frames : Tensor, shape (batch, n_frames, 3, height, width) or (batch, n_frames, 512)
            Normalised crops, or their features.
        mask : Tensor of bool, shape (batch, n_frames)
            True where a face was seen.

        Returns
        -------
        Tensor, shape (batch, n_classes)
        """
        features = frames if frames.ndim == 3 else self._encode_valid(frames, mask)
        logits: Tensor = self.classifier(self.dropout(self.gru(self.norm(features), mask)))
        return logits

    def _encode_valid(self, frames: Tensor, mask: Tensor) -> Tensor:
        """Encode the frames that show a face; zeros for the others."""
        features = torch.zeros(*mask.shape, N_FEATURES, device=frames.device)
        if mask.any():
            features[mask] = self.encode(frames[mask])
        return features


class FacialDataset(Dataset[Item]):
    """Clips of prepared data with class labels.

    Parameters
    ----------
    prepared : PreparedData
    rows : sequence of int
        Rows of `prepared.table` to use.
    task : Task or None
        A level outside the task is an error, never class 0. With None no level is read: every label is `NO_LABEL`.
    features : callable, optional
        Gives the features (n_frames, 512) of a row, computed before; crops are read and normalised without it.

    Raises
    ------
    UnknownLabelError
        For a level that is not part of the task.
    """

    def __init__(
        self,
        prepared: PreparedData,
        rows: Sequence[int],
        *,
        task: Task | None,
        features: FrameFeatures | None = None,
    ) -> None:
        self._prepared = prepared
        self._features = features
        self.rows = [int(row) for row in rows]
        self.labels = encode_labels(prepared, self.rows, task)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> Item:
        row = self.rows[index]
        window = self._prepared[row]
        if self._features is None:
            frames = torch.from_numpy(normalise_crops(window.crops))
        else:
            frames = torch.from_numpy(np.array(self._features(row)))
        mask = torch.from_numpy(np.array(window.frame_mask))
        return {"frames": frames, "mask": mask}, torch.tensor(self.labels[index])

    @staticmethod
    def collate(items: Sequence[Item]) -> Item:
        """Stack items into a batch."""
        inputs = {name: torch.stack([item[0][name] for item in items]) for name in ("frames", "mask")}
        return inputs, torch.stack([item[1] for item in items])
