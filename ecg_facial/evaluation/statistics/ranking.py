"""Several models over the same subjects by rank: Friedman's test, Nemenyi's test, and the critical difference.

Input: a table of figures, subjects by models. Output: mean ranks, p values, and the groups of models that a
critical-difference diagram joins by a bar.

Each subject ranks the models. Friedman's test asks whether any model ranks better than the others, Nemenyi's test which
pairs differ: two mean ranks further apart than the critical difference, which allows for the number of pairs.

References
----------
Demsar, Statistical comparisons of classifiers over multiple data sets, Journal of Machine Learning Research 7, 2006.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy

from ecg_facial.errors import SettingsError
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
    critical_difference : float
        Mean ranks further apart than this differ at `alpha` (Nemenyi).
    groups : tuple of tuple of str
        Largest sets of two models or more that do not differ, best first.
    nemenyi : DataFrame
        p value of each pair, models by models in the order of `mean_ranks`.
    n_subjects : int
        Subjects with a figure of every model; the others are left out.
    """

    mean_ranks: pd.Series
    chi2: float
    p: float
    f: float
    p_f: float
    critical_difference: float
    groups: tuple[tuple[str, ...], ...]
    nemenyi: pd.DataFrame
    n_subjects: int
    alpha: float


def rank_models(table: pd.DataFrame, *, alpha: float = 0.05, higher_is_better: bool = True) -> ModelRanking:
    """Rank models on each subject and test whether they differ.

    Parameters
    ----------
    table : DataFrame, (n_subjects, n_models)
        Figures; two models or more. Subjects with NaN are left out.
    alpha : float
        Level of the critical difference, 0..1.
    higher_is_better : bool
        False for errors and losses.

    Raises
    ------
    SettingsError
        Fewer than two models, or an alpha outside 0..1.
    """
    n_models = table.shape[1]
    if n_models < 2 or not 0 < alpha < 1:
        raise SettingsError(f"{n_models} models at alpha {alpha}: give two models or more and an alpha between 0 and 1")
    figures = round_off(table.to_numpy(np.float64))
    figures = figures[np.isfinite(figures).all(axis=1)]
    ranks = scipy.stats.rankdata(-figures if higher_is_better else figures, axis=1)
    n = len(ranks)
    mean = ranks.mean(axis=0) if n else np.full(n_models, np.nan)
    mean_ranks = pd.Series(mean, index=[str(name) for name in table.columns]).sort_values(kind="stable")
    error = math.sqrt(n_models * (n_models + 1) / (6 * n)) if n else math.nan
    width = float(scipy.stats.studentized_range.ppf(1 - alpha, n_models, np.inf)) / math.sqrt(2) * error
    chi2, p, f, p_f = _test_friedman(ranks)
    return ModelRanking(
        mean_ranks=mean_ranks,
        chi2=chi2,
        p=p,
        f=f,
        p_f=p_f,
        critical_difference=width,
        groups=_group(mean_ranks, width),
        nemenyi=_test_pairs(mean_ranks, error),
        n_subjects=n,
        alpha=alpha,
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
    p = float(scipy.stats.chi2.sf(chi2, k - 1))
    if n < 2:
        return chi2, p, math.nan, math.nan
    rest = n * (k - 1) - chi2
    f = (n - 1) * chi2 / rest if rest > 1e-9 else math.inf
    return chi2, p, f, float(scipy.stats.f.sf(f, k - 1, (k - 1) * (n - 1)))


def _test_pairs(mean_ranks: pd.Series, error: float) -> pd.DataFrame:
    """Nemenyi's p value of each pair, by the studentised range."""
    values = mean_ranks.to_numpy(np.float64)
    apart = np.abs(values[:, None] - values[None]) / error * math.sqrt(2)
    p = scipy.stats.studentized_range.sf(apart, len(values), np.inf)
    return pd.DataFrame(np.minimum(p, 1.0), index=mean_ranks.index, columns=mean_ranks.index)


def _group(mean_ranks: pd.Series, width: float) -> tuple[tuple[str, ...], ...]:
    """Join neighbours whose ends are no further apart than the width; no group lies inside another."""
    values = mean_ranks.to_numpy(np.float64)
    if math.isnan(width):
        return ()
    ends = [int(np.searchsorted(values, value + width, side="right")) for value in values]
    runs = [(start, end) for start, end in enumerate(ends) if end - start > 1 and (not start or end > ends[start - 1])]
    return tuple(tuple(mean_ranks.index[start:end]) for start, end in runs)
