"""Your own torch module, evaluated leave-one-subject-out: ``python examples/own_module.py WINDOWS``.

WINDOWS is the folder that ``ecg-facial prepare`` prints. The module gets heart-rate tokens, their times in seconds and
the mask of valid tokens, and returns logits.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
from torch import Tensor, nn

import ecg_facial as ef


class MeanOfTokens(nn.Module):
    """Mean of the valid tokens, then two layers."""

    def __init__(self, n_classes: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(len(ef.TOKEN_FEATURES), 16), nn.ReLU(), nn.Linear(16, n_classes))

    def forward(self, tokens: Tensor, times_s: Tensor, mask: Tensor) -> Tensor:
        """Logits (batch, n_classes)."""
        valid = mask[..., None].float()
        return self.layers((tokens * valid).sum(dim=1) / valid.sum(dim=1).clamp(min=1))


def main(windows: ef.PreparedData) -> pd.DataFrame:
    """Evaluate it leave-one-subject-out."""
    training = ef.TrainingSettings(epochs=30, batch_size=8, learning_rate=2e-2)
    own = ef.ModulePipeline("mean-of-tokens", MeanOfTokens, training=training)
    return ef.benchmark(windows, own, settings=ef.BenchmarkSettings(protocol="loso"))


if __name__ == "__main__":
    table = main(ef.open_prepared(Path(sys.argv[1])))
    print(table.groupby(["model", "seed"])[["accuracy", "balanced_accuracy"]].mean())
