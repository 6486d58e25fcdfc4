"""All pairs of models over the same trials of the same subjects, in one table.

Input: what each model got right, trials by models. Output: one row per pair with interval, tests, effect sizes and
equivalence, over the trials that both answered.

The primary test of a difference is the sign-flip test over subjects with Holm's correction (``p_holm``): what differs
by it is called different, in tables and in the diagram of ranks. The pairs that a run claims are those of its main
model with each other model, and only they are corrected for together. Pairs of other models, such as two baselines, are
exploratory: they have a correction of their own, and cost the claims no power. The other tests are there for readers
who ask for them, and decide nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from ecg_facial.evaluation.statistics.confidence_intervals import mean_over_subjects
from ecg_facial.evaluation.statistics.effect_sizes import compute_dz, compute_gz, compute_rank_biserial
from ecg_facial.evaluation.statistics.significance import (
    assess_equivalence,
    correct_holm,
    p_paired,
    p_sign_flip,
    p_wilcoxon,
)
from ecg_facial.evaluation.statistics.subject_values import CONFIDENCE, average_by_subject, subtract_pairs
from ecg_facial.runtime.typing import Float64Array, Int64Array

COLUMNS = (
    "first", "second", "n_subjects", "n_trials", "n_left_out", "difference", "low", "high", "interval", "family",
    "p_holm", "p_sign_flip", "p_paired", "p_wilcoxon", "dz", "gz", "rank_biserial", "margin", "p_equivalent",
    "equivalent", "difference_as_wrong",
)  # fmt: skip
# five points of accuracy: the smallest gap that papers of this field call an improvement
MARGIN = 0.05
PRIMARY = (
    "sign-flip test over subjects, Holm's correction over the pairs with {main}; pairs without it are exploratory, "
    "with a correction among themselves"
)
"""Name of the procedure by which models are called different, for a main model."""


def compare_models(
    right: pd.DataFrame,
    subjects: Sequence[str] | None = None,
    *,
    main: str | None = None,
    confidence: float = CONFIDENCE,
    margin: float = MARGIN,
    alpha: float = 0.05,
) -> pd.DataFrame:
    """Compare each pair of models over the trials that both have a figure for.

    Parameters
    ----------
    right : DataFrame, (n_trials, n_models)
        What a model got right of each trial, 0 to 1; NaN where it gave no answer.
    subjects : sequence of str, (n_trials,), optional
        Whose trial each row is; without it each row is one subject.
    main : str, optional
        The model whose pairs are the primary family; without it all pairs are.
    confidence : float
        Of the interval of the difference.
    margin : float
        Largest difference of no importance, for the equivalence test.
    alpha : float
        Level of the equivalence test.

    Returns
    -------
    DataFrame
        `COLUMNS`, one row per pair in the order of the models. Means are over subjects. ``n_left_out`` counts trials
        that one of the two did not answer; ``difference_as_wrong`` counts them as wrong for who did not.
        ``p_holm`` is ``p_sign_flip`` corrected for the number of pairs of the ``family``; the other p values are not
        corrected.
    """
    names = [str(name) for name in right.columns]
    figures = right.to_numpy(np.float64)
    of_subject = np.arange(len(right)) if subjects is None else np.unique(list(subjects), return_inverse=True)[1]
    rows = [
        {
            "first": names[i],
            "second": names[j],
            **_compare(figures[:, [i, j]], of_subject, confidence=confidence, margin=margin, alpha=alpha),
        }
        for i, j in combinations(range(len(names)), 2)
    ]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    pairs = zip(table["first"], table["second"], strict=True)
    primary = np.array([main is None or main in pair for pair in pairs], bool)
    p, corrected = table["p_sign_flip"].to_numpy(np.float64), np.full(len(table), np.nan)
    for family in (primary, ~primary):
        corrected[family] = correct_holm(p[family])
    return table.assign(p_holm=corrected, family=np.where(primary, "primary", "exploratory"))


def _compare(
    both: Float64Array, of_subject: Int64Array, *, confidence: float, margin: float, alpha: float
) -> dict[str, float | int | str]:
    """All figures of one pair, but for the correction over pairs."""
    common = np.isfinite(both).all(axis=1)
    first, second = average_by_subject(both[common], of_subject[common]).T
    mean = mean_over_subjects(subtract_pairs(first, second), confidence=confidence, bounds=(-1, 1))
    equivalence = assess_equivalence(first, second, margin=margin, alpha=alpha)
    as_wrong = average_by_subject(np.nan_to_num(both), of_subject)
    return {
        "n_subjects": mean.n_subjects,
        "n_trials": int(common.sum()),
        "n_left_out": int((~common).sum()),
        "difference": mean.mean,
        "low": mean.low,
        "high": mean.high,
        "interval": mean.method,
        "p_sign_flip": p_sign_flip(first, second),
        "p_paired": p_paired(first, second),
        "p_wilcoxon": p_wilcoxon(first, second),
        "dz": compute_dz(first, second),
        "gz": compute_gz(first, second),
        "rank_biserial": compute_rank_biserial(first, second),
        "margin": margin,
        "p_equivalent": equivalence.p,
        "equivalent": equivalence.equivalent,
        "difference_as_wrong": float(np.subtract(*as_wrong.T).mean()) if len(as_wrong) else np.nan,
    }
