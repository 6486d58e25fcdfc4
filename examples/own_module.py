"""Your own torch module under the package's protocols: ``python examples/own_module.py WINDOWS``.

WINDOWS is the folder that ``ecg-facial prepare`` names. The module is called with heart-rate tokens, their times and
the mask of valid ones, and gives logits.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
from torch import Tensor, nn

from ecg_facial.ecg.token_features import N_TOKEN_FEATURES
from ecg_facial.evaluation.benchmark.adapters import ModulePipeline
from ecg_facial.learning.settings import TrainingSettings
from ecg_facial.workflow.comparing import benchmark


class MeanOfTokens(nn.Module):
    """Mean of the tokens that are there, then two layers."""

    def __init__(self, n_classes: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(N_TOKEN_FEATURES, 16), nn.ReLU(), nn.Linear(16, n_classes))

    def forward(self, tokens: Tensor, times_s: Tensor, mask: Tensor) -> Tensor:
        """Logits (batch, n_classes)."""
        there = mask[..., None].float()
        return self.layers((tokens * there).sum(dim=1) / there.sum(dim=1).clamp(min=1))


def main(windows: Path, **settings: object) -> pd.DataFrame:
    """Evaluate it leave-one-subject-out."""
    training = TrainingSettings(epochs=30, batch_size=8, learning_rate=2e-2)
    own = ModulePipeline("mean-of-tokens", MeanOfTokens, training=training)
    return benchmark(windows, own, protocol="loso", **settings)


if __name__ == "__main__":
    table = main(Path(sys.argv[1]))
    print(table.groupby(["model", "seed"])[["accuracy", "balanced_accuracy"]].mean())
