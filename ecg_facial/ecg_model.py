"""ECG model: a Transformer encoder over heart-rate tokens, class logits.

Input: tokens (one per trusted interval between beats) with their times in seconds and a padding mask. Output: logits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import Dataset

from ecg_facial.ecg.token_features import N_TOKEN_FEATURES
from ecg_facial.labels import Task
from ecg_facial.nets.items import Item
from ecg_facial.nets.settings import EcgSettings
from ecg_facial.nets.transformer import TokenEncoder
from ecg_facial.prepared.queries import encode_labels

if TYPE_CHECKING:
    from ecg_facial.prepared.contract import PreparedData


class ECGModel(nn.Module):
    """Transformer encoder over heart-rate tokens, logits.

    Parameters
    ----------
    settings : EcgSettings, optional
    n_classes : int
        Number of logits.
    """

    def __init__(self, settings: EcgSettings | None = None, *, n_classes: int) -> None:
        super().__init__()
        self.settings = settings = settings or EcgSettings()
        self.encoder = TokenEncoder(
            N_TOKEN_FEATURES,
            width=settings.width,
            n_heads=settings.n_heads,
            n_layers=settings.n_layers,
            feedforward=settings.feedforward,
            dropout=settings.dropout,
        )
        self.classifier = nn.Linear(settings.width, n_classes)

    def forward(self, tokens: Tensor, times_s: Tensor, mask: Tensor | None = None) -> Tensor:
        """Map windows to logits.

        Parameters
        ----------
        tokens : Tensor, shape (batch, n_tokens, N_TOKEN_FEATURES)
        times_s : Tensor, shape (batch, n_tokens)
            Seconds from the window's start.
        mask : Tensor of bool, shape (batch, n_tokens), optional
            True where valid; without it all are.

        Returns
        -------
        Tensor, shape (batch, n_classes)
        """
        logits: Tensor = self.classifier(self.encoder(tokens, times_s, mask))
        return logits


class ECGDataset(Dataset[Item]):
    """Heart-rate tokens of prepared data with class labels.

    Parameters
    ----------
    prepared : PreparedData
    rows : sequence of int
        Rows of `prepared.table` to use.
    task : Task or None
        None leaves the levels unread: every label is `prepared.queries.NO_LABEL`.

    Raises
    ------
    UnknownLabelError
        For a level that is not part of the task.
    """

    def __init__(self, prepared: PreparedData, rows: Sequence[int], *, task: Task | None) -> None:
        self.rows = [int(row) for row in rows]
        self.labels = encode_labels(prepared, self.rows, task)
        windows = [prepared[row] for row in self.rows]
        self._tokens = [torch.from_numpy(np.array(each.tokens, dtype=np.float32)) for each in windows]
        self._times_s = [torch.from_numpy(np.array(each.token_times_s, dtype=np.float32)) for each in windows]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> Item:
        tokens = self._tokens[index]
        mask = torch.ones(len(tokens), dtype=torch.bool)
        return {"tokens": tokens, "times_s": self._times_s[index], "mask": mask}, torch.tensor(self.labels[index])

    @staticmethod
    def collate(items: Sequence[Item]) -> Item:
        """Pad items to the longest; at least one token long, so that a batch without beats has a shape too."""
        inputs = {
            name: pad_sequence([item[0][name] for item in items], batch_first=True)
            for name in ("tokens", "times_s", "mask")
        }
        if inputs["mask"].shape[1] == 0:
            inputs = {
                name: nn.functional.pad(value, (0, 0) * (value.ndim - 2) + (0, 1)) for name, value in inputs.items()
            }
        return inputs, torch.stack([item[1] for item in items])
