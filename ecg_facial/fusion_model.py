"""Fusion of the facial and the ECG model: ``softmax(0.8 * face + 0.2 * ECG)``.

Enters: trials with both signals, or one. Leaves: fused logits. As a program, ``python -m ecg_facial.fusion_model DATA``
prints the overall accuracy, leave-one-subject-out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from ecg_facial.ecg_model import ECGDataset, ECGModel
from ecg_facial.facial_model import FacialDataset, FacialModel
from ecg_facial.inference.settings import ECG_WEIGHT, FACE_WEIGHT, check_weights
from ecg_facial.labels import Task
from ecg_facial.nets.items import Item

if TYPE_CHECKING:
    from ecg_facial.nets.features import FrameFeatures
    from ecg_facial.prepared import PreparedData


class FusionDataset(Dataset[Item]):
    """Both signals of each trial, paired by the trial's row, with class labels.

    Parameters
    ----------
    prepared : PreparedData
    rows : sequence of int
        Rows of `prepared.table` that take part.
    task : Task
    features : FrameFeatures, optional
        Features of the crops computed before.
    """

    def __init__(
        self, prepared: PreparedData, rows: Sequence[int], *, task: Task, features: FrameFeatures | None = None
    ) -> None:
        self.face = FacialDataset(prepared, rows, task=task, features=features)
        self.ecg = ECGDataset(prepared, rows, task=task)
        self.labels = self.face.labels

    def __len__(self) -> int:
        return len(self.face)

    def __getitem__(self, index: int) -> Item:
        face, label = self.face[index]
        ecg, _ = self.ecg[index]
        return {
            "frames": face["frames"],
            "frame_mask": face["mask"],
            "tokens": ecg["tokens"],
            "times_s": ecg["times_s"],
            "token_mask": ecg["mask"],
        }, label

    @staticmethod
    def collate(items: Sequence[Item]) -> Item:
        """Stack clips and pad tokens."""
        face, labels = FacialDataset.collate(
            [({"frames": item["frames"], "mask": item["frame_mask"]}, label) for item, label in items]
        )
        ecg, _ = ECGDataset.collate(
            [
                ({"tokens": item["tokens"], "times_s": item["times_s"], "mask": item["token_mask"]}, label)
                for item, label in items
            ]
        )
        return {
            "frames": face["frames"],
            "frame_mask": face["mask"],
            "tokens": ecg["tokens"],
            "times_s": ecg["times_s"],
            "token_mask": ecg["mask"],
        }, labels


class LateFusion(nn.Module):
    """Weighted sum of the logits of two trained models.

    Parameters
    ----------
    facial : FacialModel
    ecg : ECGModel
    face_weight, ecg_weight : float
        The original's 0.8 and 0.2.

    Raises
    ------
    SettingsError
        For weights that are negative, not finite, or both 0.
    """

    def __init__(
        self, facial: FacialModel, ecg: ECGModel, *, face_weight: float = FACE_WEIGHT, ecg_weight: float = ECG_WEIGHT
    ) -> None:
        super().__init__()
        check_weights(face_weight, ecg_weight)
        self.facial, self.ecg = facial, ecg
        self.face_weight, self.ecg_weight = face_weight, ecg_weight

    def forward(
        self, frames: Tensor, frame_mask: Tensor, tokens: Tensor, times_s: Tensor, token_mask: Tensor
    ) -> Tensor:
        """Map trials to fused logits (batch, n_classes); their softmax are the probabilities.

        A trial without a seen face takes the ECG's logits alone, one without a token the face's, one without either
        zeros (all classes equal).
        """
        face, ecg = self.facial(frames, frame_mask), self.ecg(tokens, times_s, token_mask)
        sees = frame_mask.any(dim=1, keepdim=True)
        beats = token_mask.any(dim=1, keepdim=True)
        fused = self.face_weight * face + self.ecg_weight * ecg
        fused = torch.where(sees & ~beats, face, fused)
        fused = torch.where(beats & ~sees, ecg, fused)
        return torch.where(sees | beats, fused, torch.zeros_like(fused))


if __name__ == "__main__":
    from ecg_facial.cli.app import fusion_main

    fusion_main()
