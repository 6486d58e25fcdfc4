"""Renderers of drawn people: each takes a good part of a second to make, and is made once."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ecg_facial.simulate.head.identity import sample_identity
from ecg_facial.simulate.head.renderer import FaceRenderer


@lru_cache(maxsize=48)
def renderer_of(seed: int) -> FaceRenderer:
    return FaceRenderer(sample_identity(np.random.default_rng(seed)))
