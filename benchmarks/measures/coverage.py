"""Coverage of intervals and false alarms of tests, over people whose accuracies vary.

A predictor is fixed; each person has a true accuracy of their own, drawn from a population, and is judged on a number
of trials. The spread over people is that of published results (standard deviation 9 to 16 points).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ecg_facial.evaluation.statistics.confidence_intervals import mean_over_subjects
from ecg_facial.evaluation.statistics.significance import (
    p_above_chance,
    p_of_t_above_chance,
    p_paired,
    p_sign_flip,
    p_wilcoxon,
)
from ecg_facial.runtime.typing import Float64Array

LEVEL = 0.05
PAIRED: dict[str, Callable[..., float]] = {"paired t": p_paired, "sign flip": p_sign_flip, "Wilcoxon": p_wilcoxon}
ABOVE_CHANCE: dict[str, Callable[..., float]] = {
    "t above chance": p_of_t_above_chance, "sign flip above chance": p_above_chance,
}  # fmt: skip


@dataclass(frozen=True)
class Population:
    """People of one or two kinds; `kinds` holds (share, mean, std of the true accuracy).

    `promised` is False where the interval is not expected to cover as it says, and the reason is in `note`.
    """

    n_trials: int
    kinds: tuple[tuple[float, float, float], ...]
    note: str
    promised: bool = True

    @property
    def mean(self) -> float:
        """True mean accuracy."""
        return sum(share * mean for share, mean, _ in self.kinds)


POPULATIONS = {
    "even": Population(80, ((1.0, 0.40, 0.10),), "four classes, symmetric"),
    "binary": Population(40, ((1.0, 0.75, 0.14),), "two classes, skewness -0.7"),
    "silent": Population(40, ((0.23, 0.50, 0.0), (0.77, 0.80, 0.08)), "23 % show nothing, as on BioVid: skewness -0.8"),
    "ceiling": Population(40, ((1.0, 0.88, 0.12),), "nearly all right: skewness -1.5"),
    "rare": Population(
        80,
        ((0.85, 0.30, 0.05), (0.15, 0.65, 0.08)),
        "15 % respond: samples of 12 often hold none of them",
        promised=False,
    ),
}


@dataclass(frozen=True)
class Coverage:
    """Shares of repetitions: the true mean inside, below and above the interval; median width of it."""

    covered: float
    below: float
    above: float
    width: float


def draw_accuracies(people: Population, shape: tuple[int, int], rng: np.random.Generator) -> Float64Array:
    """Draw accuracies of a number of people in a number of repetitions, (repetitions, people)."""
    shares = [share for share, _, _ in people.kinds]
    kind = rng.choice(len(shares), size=shape, p=shares)
    true = np.choose(kind, [_draw_beta(mean, std, shape, rng) for _, mean, std in people.kinds])
    return rng.binomial(people.n_trials, true) / people.n_trials


def _draw_beta(mean: float, std: float, shape: tuple[int, int], rng: np.random.Generator) -> Float64Array:
    if std == 0:
        return np.full(shape, mean)
    size = mean * (1 - mean) / std**2 - 1
    return rng.beta(mean * size, (1 - mean) * size, shape)


def measure_coverage(people: Population, n: int, *, method: str, repetitions: int, seed: int) -> Coverage:
    """Make intervals of many sets of n people and count where the true mean lies."""
    values = draw_accuracies(people, (repetitions, n), np.random.default_rng(seed))
    means = [mean_over_subjects(row, method=method) for row in values]
    low, high = np.array([mean.low for mean in means]), np.array([mean.high for mean in means])
    # 0.4 and its sums are not exact
    below, above = float((people.mean < low - 1e-12).mean()), float((people.mean > high + 1e-12).mean())
    return Coverage(1 - below - above, below, above, float(np.median(high - low)))


def measure_false_alarms(people: Population, n: int, *, repetitions: int, seed: int) -> dict[str, float]:
    """Share of repetitions in which each test gives p <= 0.05 though nothing is there.

    Paired tests: two models with accuracies of one population that err on different people; then (``skewed``) one whose
    accuracy varies like that against one that does equally well on everybody, so that means are equal but differences
    lie unevenly about 0. Above chance: a model that guesses among four.
    """
    rng = np.random.default_rng(seed)
    shape, trials = (repetitions, n), people.n_trials
    first, second = (draw_accuracies(people, shape, rng) for _ in range(2))
    same_for_all = rng.binomial(trials, people.mean, shape) / trials
    guesses = rng.binomial(trials, 0.25, shape) / trials
    return {
        **{name: _share(test, first, second) for name, test in PAIRED.items()},
        **{f"{name}, skewed": _share(test, first, same_for_all) for name, test in PAIRED.items()},
        **{name: _share(test, guesses, np.full(repetitions, 0.25)) for name, test in ABOVE_CHANCE.items()},
    }


def _share(test: Callable[..., float], first: Float64Array, second: Float64Array) -> float:
    return float(np.mean([test(a, b) <= LEVEL for a, b in zip(first, second, strict=True)]))
