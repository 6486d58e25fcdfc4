"""Logits of people who were held out, as noisy as asked for."""

from __future__ import annotations

import numpy as np

from ecg_facial.evaluation.benchmark.pipelines import HeldOut


def make_held_out(*, noise: tuple[float, float], n: int = 4000) -> HeldOut:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 4, n)
    logits = [np.eye(4)[labels] + scale * rng.normal(size=(n, 4)) for scale in noise]
    subjects = tuple(f"s{number % 9}" for number in range(n))
    return HeldOut(labels=labels, subjects=subjects, logits={"facial": logits[0], "ecg": logits[1]})
