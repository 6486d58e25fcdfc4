"""Checks of a run's predictions and figures: decoding with known class counts, permuted labels, plausibility.

Input: predictions and `RunMetrics`. Output: checks. Those on class counts and permuted labels are stochastic, the
others compare figures.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from ecg_facial.evaluation.judging.published import IMPLAUSIBLE_POINTS, best_published
from ecg_facial.evaluation.judging.schema import ALPHA, Check, RunMetrics
from ecg_facial.evaluation.statistics.confidence_intervals import runs_at_chance
from ecg_facial.evaluation.statistics.significance import p_of_t_above_chance
from ecg_facial.runtime.typing import Float64Array

_N_DRAWS, _SEED = 4000, 0
_LEAST_SUBJECTS = 5


def check_counts(predictions: pd.DataFrame, class_names: Sequence[str]) -> Check:
    """Test whether too many subjects have exactly as many predictions of each class as trials of it.

    Someone who knows that every subject has, say, 20 trials of each class can sort the trials by probability and hand
    out exactly 20 labels per class. That raises accuracy, and leaves a trace: predicted counts equal true counts in
    nearly every subject. Under the null hypothesis each prediction is drawn from the model's own confusion matrix, so
    that a good model may hit the counts as often as its skill makes it. The chance of exact counts is estimated per
    subject by 4,000 draws; the number of subjects with exact counts is then a sum of independent events with these
    chances (Poisson binomial). The smallest p over models and seeds is multiplied by their number (Bonferroni).

    Parameters
    ----------
    predictions : DataFrame
        ``subject, model, seed, label, predicted``.
    class_names : sequence of str
    """
    worst, name = 1.0, ""
    for (model, _), part in predictions[predictions["predicted"] != ""].groupby(["model", "seed"], sort=True):
        p = _test_counts(part, class_names)
        if p is not None and p < worst:
            worst, name = p, str(model)
    n_tests = predictions.groupby(["model", "seed"]).ngroups
    p_value = min(1.0, worst * n_tests)
    return Check(
        name="predicted class counts are not the true ones",
        kind="stochastic",
        passed=p_value >= ALPHA,
        message=f"p {p_value:.2g}"
        + (f" (model {name}): nearly every subject has the true counts" if p_value < ALPHA else ""),
        leak=5,
        p_value=p_value,
    )


def _test_counts(part: pd.DataFrame, class_names: Sequence[str]) -> float | None:
    """P value of the number of subjects with exact counts; None for fewer than five subjects."""
    places = {name: place for place, name in enumerate(class_names)}
    true, predicted = (part[column].map(places).to_numpy(np.int64) for column in ("label", "predicted"))
    subjects = part["subject"].to_numpy(str)
    names = np.unique(subjects)
    if len(names) < _LEAST_SUBJECTS:
        return None
    n = len(class_names)
    confusion = np.bincount(true * n + predicted, minlength=n * n).reshape(n, n).astype(np.float64)
    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    rng = np.random.default_rng(_SEED)
    hits, chances = 0, []
    for name in names:
        counts = np.bincount(true[subjects == name], minlength=n)
        hits += bool(np.array_equal(np.bincount(predicted[subjects == name], minlength=n), counts))
        drawn = sum(
            (rng.multinomial(counts[place], shares[place], _N_DRAWS) for place in range(n) if counts[place]),
            np.zeros((_N_DRAWS, n), dtype=np.int64),
        )
        chances.append(((drawn == counts).all(axis=1).sum() + 1) / (_N_DRAWS + 1))
    return _tail(np.array(chances), hits)


def _tail(chances: Float64Array, hits: int) -> float:
    """Probability of at least so many successes among independent events of different chances."""
    distribution = np.ones(1)
    for chance in chances:
        distribution = np.convolve(distribution, [1 - chance, chance])
    return float(distribution[hits:].sum())


def check_permuted(accuracies: Sequence[float], chance: float) -> Check:
    """Test whether runs with labels permuted within subject score above chance; not made for fewer than two runs."""
    if len(accuracies) < 2:
        return Check(
            name="permuted labels score at chance",
            kind="stochastic",
            passed=None,
            message="not run: ask for permutations of the labels",
        )
    p_value = p_of_t_above_chance(list(accuracies), chance)
    runs = runs_at_chance(list(accuracies), chance)
    return Check(
        name="permuted labels score at chance",
        kind="stochastic",
        # equal runs have no t test
        passed=not p_value < ALPHA,
        message=f"{100 * runs.mean:.2f} % in {runs.n_runs} runs (95 % {100 * runs.low:.2f} to {100 * runs.high:.2f}), "
        f"chance {100 * chance:.2f}; above it p {p_value:.2g}",
        p_value=None if math.isnan(p_value) else p_value,
    )


def check_plausibility(metrics: RunMetrics, *, simulated: bool) -> list[Check]:
    """Compare with the ideal observer where data are simulated, else with the best that was published."""
    if simulated:
        return _check_ceiling(metrics)
    best = best_published(metrics.task)
    name = "not above what anybody published"
    if best is None:
        return [
            Check(
                name=name,
                kind="deterministic",
                passed=None,
                message=f"no published result of task {metrics.task} is known",
            )
        ]
    limit = best.accuracy / 100 + IMPLAUSIBLE_POINTS / 100
    lows = {model: judged.over_subjects.ci95_low for model, judged in metrics.models.items()}
    above = [f"{model} {100 * low:.1f}" for model, low in lows.items() if low is not None and low > limit]
    message = f"best published: {best.accuracy:.1f} % ({best.name}); limit {100 * limit:.1f}"
    if above:
        message = f"lower bounds {', '.join(above)} % are more than {IMPLAUSIBLE_POINTS:g} points above; {message}"
    return [Check(name=name, kind="deterministic", passed=not above, message=message, warning=True)]


def _check_ceiling(metrics: RunMetrics) -> list[Check]:
    ceiling = metrics.ceiling
    name = "not above the ideal observer"
    if not ceiling:
        return [
            Check(name=name, kind="stochastic", passed=None, message="no ideal observer was asked about these trials")
        ]
    above = [model for model, compared in ceiling.items() if compared.leakage]
    gaps = ", ".join(f"{model} {100 * compared.difference:+.1f}" for model, compared in ceiling.items())
    return [
        Check(name=name, kind="stochastic", passed=not above, message=f"points to its ceiling: {gaps}", warning=False)
    ]


def check_normalisation(mode: str, *, rest_is_scored: bool) -> Check:
    """Warn of transductive normalisation, and check that baseline recordings are outside the scored trials."""
    name = "normalisation sees no other test trial"
    if mode == "transductive":
        message = "transductive: every test person was scaled by all of their own test trials; optimistic, and not live"
        return Check(name=name, kind="deterministic", passed=False, message=message, leak=4, warning=True)
    if mode == "baseline" and rest_is_scored:
        return Check(
            name=name, kind="deterministic", passed=False, message="baseline trials are among the scored ones", leak=4
        )
    return Check(name=name, kind="deterministic", passed=True, message=f"mode {mode}")
