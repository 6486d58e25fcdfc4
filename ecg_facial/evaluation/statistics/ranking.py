"""Several models over the same subjects by rank, and which of them do not differ.

Input: a table of figures, subjects by models; the table of all pairs. Output: mean ranks with Friedman's test, and the
groups of models that a diagram of ranks joins by a bar.

Each subject ranks the models. Friedman's test asks whether any model ranks better than the others. Which pairs differ
is not asked a second time by ranks (Nemenyi), since two procedures on one page may contradict each other: the groups
follow the primary test of `model_pairs`.

References
----------
Demsar, Statistical comparisons of classifiers over multiple data sets, Journal of Machine Learning Research 7, 2006.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy

from ecg_facial.errors import SettingsError
from ecg_facial.evaluation.statistics.significance import never_zero
from ecg_facial.evaluation.statistics.subject_values import round_off
from ecg_facial.runtime.typing import Float64Array


@dataclass(frozen=True, kw_only=True)
class ModelRanking:
    """Models from best to worst.

    Attributes
    ----------
    mean_ranks : Series
        By model, best (1 is the best possible) first.
    chi2, p : float
        Friedman's statistic, corrected for ties, and its p value.
    f, p_f : float
        Iman and Davenport's less conservative form, and its p value.
    n_subjects : int
        Subjects with a figure of every model; the others are left out.
    """

    mean_ranks: pd.Series
    chi2: float
    p: float
    f: float
    p_f: float
    n_subjects: int


def rank_models(table: pd.DataFrame, *, higher_is_better: bool = True) -> ModelRanking:
    """Rank models on each subject and test whether they differ.

    Parameters
    ----------
    table : DataFrame, (n_subjects, n_models)
        Figures; two models or more. Subjects with NaN are left out.
    higher_is_better : bool
        False for errors and losses.

    Raises
    ------
    SettingsError
        Fewer than two models.
    """
    n_models = table.shape[1]
    if n_models < 2:
        raise SettingsError(f"{n_models} models: give two models or more")
    figures = round_off(table.to_numpy(np.float64))
    figures = figures[np.isfinite(figures).all(axis=1)]
    ranks = scipy.stats.rankdata(-figures if higher_is_better else figures, axis=1)
    n = len(ranks)
    mean = ranks.mean(axis=0) if n else np.full(n_models, np.nan)
    mean_ranks = pd.Series(mean, index=[str(name) for name in table.columns]).sort_values(kind="stable")
    chi2, p, f, p_f = _test_friedman(ranks)
    return ModelRanking(
        mean_ranks=mean_ranks,
        chi2=chi2,
        p=p,
        f=f,
        p_f=p_f,
        n_subjects=n,
    )


def _test_friedman(ranks: Float64Array) -> tuple[float, float, float, float]:
    """Statistic and p of Friedman, then of Iman and Davenport; (0, 1, 0, 1) where every subject is a tie."""
    n, k = ranks.shape
    if not n:
        return math.nan, math.nan, math.nan, math.nan
    within = float(((ranks - (k + 1) / 2) ** 2).sum()) / (n * (k - 1))
    if within == 0:
        return 0.0, 1.0, 0.0, 1.0
    chi2 = n * float(((ranks.mean(axis=0) - (k + 1) / 2) ** 2).sum()) / within
    p = never_zero(float(scipy.stats.chi2.sf(chi2, k - 1)))
    if n < 2:
        return chi2, p, math.nan, math.nan
    rest = n * (k - 1) - chi2
    f = (n - 1) * chi2 / rest if rest > 1e-9 else math.inf
    return chi2, p, f, never_zero(float(scipy.stats.f.sf(f, k - 1, (k - 1) * (n - 1))))


def group_models(names: Sequence[str], pairs: pd.DataFrame, *, alpha: float) -> tuple[tuple[str, ...], ...]:
    """Join models that do not differ.

    Parameters
    ----------
    names : sequence of str
        Models from best to worst.
    pairs : DataFrame
        Of `compare_models`, with ``first``, ``second`` and ``p_holm``.
    alpha : float
        Pairs with a p of at most this differ.

    Returns
    -------
    tuple of tuple of str
        Largest runs of neighbours, best first, in which no two models differ; so a bar never joins two that do.
    """
    differ = {frozenset(pair[:2]) for pair in pairs[["first", "second", "p_holm"]].to_numpy() if pair[2] <= alpha}
    ends = [_find_end(names, start, differ) for start in range(len(names))]
    runs = [(start, end) for start, end in enumerate(ends) if end - start > 1 and (not start or end > ends[start - 1])]
    return tuple(tuple(names[start:end]) for start, end in runs)


def _find_end(names: Sequence[str], start: int, differ: set[frozenset[str]]) -> int:
    """Where the run of neighbours that begins at a place ends: before the first that differs from any of them."""
    for end in range(start + 1, len(names)):
        if any(frozenset((name, names[end])) in differ for name in names[start:end]):
            return end
    return len(names)
