"""Checks of a run's predictions and figures: decoding with known class counts, permuted labels, plausibility.

Input: predictions and `RunMetrics`. Output: checks. Those on class counts and permuted labels are stochastic, the
others compare figures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtr

from ecg_facial.evaluation.judging.published import IMPLAUSIBLE_POINTS, best_published
from ecg_facial.evaluation.judging.schema import ALPHA, Check, RunMetrics
from ecg_facial.evaluation.statistics.significance import never_zero, p_of_t_above_chance
from ecg_facial.runtime.typing import Float64Array

_N_DRAWS, _SEED = 4000, 0
_LEAST_SUBJECTS = 5
_NO_SPREAD = 1e-12


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


@dataclass(frozen=True, kw_only=True)
class PermutedRun:
    """A model in a run with permuted labels.

    Attributes
    ----------
    excess : float
        Accuracy less what the same predictions get when each subject's labels are shuffled, the mean over subjects.
        It is 0 on average for every method that knows nothing of the labels, whatever it prefers to say and however
        unequal the classes are; for one that always says the same it is exactly 0.
    spread : float
        Standard deviation of this figure over shuffles.
    """

    excess: float
    spread: float


def measure_permuted(predictions: pd.DataFrame) -> PermutedRun:
    """Measure a model's predictions of a run with permuted labels.

    Parameters
    ----------
    predictions : DataFrame
        ``subject, label, predicted``.
    """
    excesses, variances = [], []
    for _, part in predictions.groupby("subject", sort=True):
        right = part["predicted"].to_numpy(object)[:, None] == part["label"].to_numpy(object)[None, :]
        n = len(part)
        excesses.append(float(np.diagonal(right).mean() - right.mean()))
        centred = right - right.mean(axis=0) - right.mean(axis=1, keepdims=True) + right.mean()
        # of a sum over a random permutation (Hoeffding 1951), divided by n for the mean
        variances.append(float((centred**2).sum()) / max(n - 1, 1) / n**2)
    return PermutedRun(excess=float(np.mean(excesses)), spread=float(np.sqrt(np.sum(variances))) / len(variances))


def check_permuted(runs: Mapping[str, Sequence[PermutedRun]]) -> Check:
    """Test whether any model scores above its base rate in runs with labels permuted within subject.

    Each model is tested by itself, and the smallest p is multiplied by the number of models (Bonferroni): in a mean
    over models, one that leaks would be diluted by others that do not, or by baselines that always say the same. Not
    made for fewer than two runs.

    Parameters
    ----------
    runs : mapping of str to sequence of PermutedRun
        By model.
    """
    name = "permuted labels score at their base rate"
    if min(map(len, runs.values()), default=0) < 2:
        return Check(name=name, kind="stochastic", passed=None, message="not run: ask for permutations of the labels")
    excesses = {model: np.array([run.excess for run in own]) for model, own in runs.items()}
    p_values = {model: _test_excess(excesses[model], [run.spread for run in own]) for model, own in runs.items()}
    worst = min(runs, key=lambda model: (p_values[model], -excesses[model].mean()))
    p_value = min(1.0, p_values[worst] * len(runs))
    return Check(
        name=name,
        kind="stochastic",
        passed=p_value >= ALPHA,
        message=f"each of {len(runs)} models by itself, the farthest is {worst}: "
        f"{100 * excesses[worst].mean():+.2f} points above its base rate in {len(runs[worst])} runs (standard "
        f"deviation {100 * excesses[worst].std():.2f}); p {p_value:.2g}",
        p_value=p_value,
    )


def _test_excess(excesses: Float64Array, spreads: Sequence[float]) -> float:
    """P value of a mean above 0: by the spread between runs, or, where all are equal, by that over shuffles."""
    if excesses.std() > _NO_SPREAD:
        return p_of_t_above_chance(excesses.tolist(), 0.0)
    # doubled: what is said of one person follows the labels of the others, so that people's figures may be alike
    spread = float(np.sqrt(2 * np.sum(np.square(spreads))))
    return never_zero(float(ndtr(-excesses.sum() / spread))) if excesses.mean() > _NO_SPREAD < spread else 1.0


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


def check_normalisation(mode: str, *, rest_is_scored: bool, rest_by_label: bool = False) -> Check:
    """Warn of transductive normalisation and of rest that was found by its label; rest must be outside scored trials.

    Parameters
    ----------
    mode : str
        Of `NormalisationSettings`.
    rest_is_scored : bool
        Whether any recording that a person is scaled by is among the scored trials.
    rest_by_label : bool
        Whether trials stand for rest because their label says no pain, and not because they were recorded as rest.
    """
    name = "normalisation sees no other test trial, and no label"

    def say(passed: bool, message: str, *, leak: int | None = None, warning: bool = False) -> Check:
        return Check(name=name, kind="deterministic", passed=passed, message=message, leak=leak, warning=warning)

    if mode == "transductive":
        message = "transductive: every test person was scaled by all of their own test trials; optimistic, and not live"
        return say(False, message, leak=4, warning=True)
    if mode == "baseline" and rest_is_scored:
        return say(False, "baseline trials are among the scored ones", leak=11)
    if mode == "baseline" and rest_by_label:
        message = (
            "baseline: every test person was scaled by trials that were chosen because their label is no pain; with no "
            "label at hand, record rest before"
        )
        return say(False, message, leak=11, warning=True)
    return say(True, f"mode {mode}")
