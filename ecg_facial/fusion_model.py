"""Fusion of the facial and the ECG model in torch: ``softmax(0.8 * face + 0.2 * ECG)``.

Input: trials with both signals, or with one. Output: fused logits, by the rule of `ecg_facial.inference.fusion.Fusion`.
As a program, ``python -m ecg_facial.fusion_model DATA`` prints the overall accuracy, leave-one-subject-out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from ecg_facial.ecg_model import ECGDataset, ECGModel
from ecg_facial.facial_model import FacialDataset, FacialModel
from ecg_facial.inference.fusion import Fusion
from ecg_facial.labels import Task
from ecg_facial.nets.items import Item

if TYPE_CHECKING:
    from ecg_facial.prepared.contract import FrameFeatures, PreparedData


class FusionDataset(Dataset[Item]):
    """Both signals of each trial, paired by the trial's row, with class labels.

    Parameters
    ----------
    prepared : PreparedData
    rows : sequence of int
        Rows of `prepared.table` to use.
    task : Task
    features : callable, optional
        Gives the features of a row's crops, computed beforehand.
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
    """Two trained models and their fusion as one torch module; the numbers are those of `Fusion`.

    Parameters
    ----------
    facial : FacialModel
    ecg : ECGModel
    fusion : Fusion, optional
        The original's weights, 0.8 and 0.2, without temperatures if not given.
    """

    coefficients: Tensor

    def __init__(self, facial: FacialModel, ecg: ECGModel, *, fusion: Fusion | None = None) -> None:
        super().__init__()
        self.facial, self.ecg, self.fusion = facial, ecg, fusion or Fusion()
        # a buffer follows the module to a GPU; not persistent, so that the weights on disk are those of the networks
        table = torch.from_numpy(self.fusion.coefficients()).float()
        self.register_buffer("coefficients", table, persistent=False)

    def forward(
        self, frames: Tensor, frame_mask: Tensor, tokens: Tensor, times_s: Tensor, token_mask: Tensor
    ) -> Tensor:
        """Map trials to fused logits (batch, n_classes); their softmax are the probabilities.

        A trial without a visible face gets the ECG model's output, one without a token the facial model's, and one
        without either zeros: all classes equal.
        """
        has_face, has_ecg = frame_mask.any(dim=1), token_mask.any(dim=1)
        face = torch.where(has_face[:, None], self.facial(frames, frame_mask), 0.0)
        ecg = torch.where(has_ecg[:, None], self.ecg(tokens, times_s, token_mask), 0.0)
        of_face, of_ecg, divisor = self.coefficients[has_face.long(), has_ecg.long()].unsqueeze(-1).unbind(dim=1)
        return (of_face * face + of_ecg * ecg) / divisor


if __name__ == "__main__":
    from ecg_facial.cli.app import fusion_main

    fusion_main()
