"""Networks so small that a whole run takes seconds, and a face detector for sketched people."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sketched_cohort import DiscDetector

from ecg_facial.inference import predictor as predicting
from ecg_facial.learning.settings import ModelSettings, TrainingSettings
from ecg_facial.nets.settings import EcgSettings, FacialSettings
from ecg_facial.prepared import making

TINY_TRAINING = TrainingSettings(epochs=1, batch_size=8)
TINY_MODELS = ModelSettings(
    facial=FacialSettings(weights="none", hidden=4, n_layers=1),
    ecg=EcgSettings(width=8, n_heads=2, n_layers=1, feedforward=8),
    facial_training=TINY_TRAINING,
    ecg_training=TINY_TRAINING,
)


@contextmanager
def discs_are_faces() -> Iterator[None]:
    """Let preparing and predicting take the disc of a sketch for a face."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (making, predicting):
            patch.setattr(module, "load_detector", lambda *_, **__: DiscDetector())
        yield
