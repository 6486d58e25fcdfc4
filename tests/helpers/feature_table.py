"""A small table of features whose labels follow the first features of each modality."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

LABELS = ("none", "mild", "severe")


def draw_features(n_subjects: int = 6, n_trials: int = 9, *, seed: int = 0, strength: float = 1.5) -> pd.DataFrame:
    """Columns ``who, pain, n, face_0..2, ecg_0..1``; the features of a person share an offset."""
    rng = np.random.default_rng(seed)
    rows = []
    for subject in range(n_subjects):
        offset = rng.normal(size=5) * 0.3
        for trial in range(n_trials):
            step = trial % len(LABELS)
            values = offset + rng.normal(size=5) + strength * step * np.array([1, 0, 0, 1, 0])
            names = ["face_0", "face_1", "face_2", "ecg_0", "ecg_1"]
            rows.append(
                {"who": f"p{subject}", "pain": LABELS[step], "n": trial, **dict(zip(names, values, strict=True))}
            )
    return pd.DataFrame(rows)


def write_features(path: Path, table: pd.DataFrame) -> Path:
    """Write a table as CSV."""
    table.to_csv(path, index=False)
    return path
