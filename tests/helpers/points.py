"""A small network and points of three classes, for tests of the training loop."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from ecg_facial.learning.settings import TrainingSettings

Item = tuple[dict[str, Tensor], Tensor]
SETTINGS = TrainingSettings(epochs=8, batch_size=16, patience=8, learning_rate=1e-2)


class Points:
    """Points of three classes."""

    def __init__(self, n: int, *, seed: int, flip: bool = False, rare: bool = False) -> None:
        rng = np.random.default_rng(seed)
        share = [0.9, 0.05, 0.05] if rare else None
        self.labels = rng.choice(3, n, p=share).tolist()
        self._x = rng.normal(0, 1, (n, 4)).astype(np.float32)
        self._x[:, 0] += 2 * np.array(self.labels)
        if flip:
            self.labels = [2 - label for label in self.labels]

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> Item:
        return {"x": torch.from_numpy(self._x[index])}, torch.tensor(self.labels[index])

    def collate(self, items: Sequence[Item]) -> Item:
        return {"x": torch.stack([item[0]["x"] for item in items])}, torch.stack([item[1] for item in items])


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.Sequential(nn.Linear(4, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, 3))

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)
