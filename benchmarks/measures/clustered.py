"""Simulated predictions for people who differ in how well they can be predicted."""

from __future__ import annotations

import numpy as np
from scipy.special import softmax

from ecg_facial.runtime.typing import AnyArray, Float64Array, Int64Array


def draw_predictions(
    seed: int, *, n_subjects: int, n_trials: tuple[int, int], spread: float, n_classes: int = 5
) -> tuple[Float64Array, Int64Array, list[str]]:
    """Probabilities, labels and subjects; each person has a skill of their own and between so many trials."""
    rng = np.random.default_rng(seed)
    parts: list[tuple[Float64Array, AnyArray]] = []
    subjects: list[str] = []
    for person in range(n_subjects):
        n = int(rng.integers(n_trials[0], n_trials[1] + 1))
        labels = rng.integers(0, n_classes, n)
        logits = rng.normal(0, 1, (n, n_classes))
        logits[np.arange(n), labels] += rng.normal(1.0, spread)
        p = np.exp(1.2 * logits)
        parts.append((p / p.sum(axis=1, keepdims=True), labels))
        subjects += [f"s{person}"] * n
    return np.concatenate([p for p, _ in parts]), np.concatenate([labels for _, labels in parts]), subjects


def draw_confident(
    seed: int, *, n_subjects: int, n_trials: int, factor: float, n_classes: int = 4
) -> tuple[Float64Array, Int64Array, list[str]]:
    """Probabilities that are too sure by `factor`; how much the labels keep to the logits differs between people."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 1.2, (n_subjects, n_trials, n_classes))
    clear = np.exp(rng.normal(0, 0.5, (n_subjects, 1, 1)))
    true, shown = softmax(logits * clear, axis=-1), softmax(logits * factor, axis=-1)
    labels = (rng.random((n_subjects, n_trials, 1)) > true.cumsum(axis=-1)[..., :-1]).sum(axis=-1)
    subjects = [f"s{person}" for person in range(n_subjects) for _ in range(n_trials)]
    return shown.reshape(-1, n_classes), labels.ravel(), subjects
