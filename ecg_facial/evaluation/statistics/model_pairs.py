"""All pairs of models over the same subjects, in one table.

Input: a table of figures, subjects by models. Output: one row per pair with interval, tests, effect sizes and
equivalence.
"""

from __future__ import annotations

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
from ecg_facial.evaluation.statistics.subject_values import CONFIDENCE, subtract_pairs
from ecg_facial.runtime.typing import Float64Array

COLUMNS = (
    "first", "second", "n_subjects", "difference", "low", "high", "interval", "p_paired", "p_sign_flip", "p_wilcoxon",
    "p_wilcoxon_holm", "dz", "gz", "rank_biserial", "margin", "p_equivalent", "equivalent",
)  # fmt: skip
# five points of accuracy: the smallest gap that papers of this field call an improvement
MARGIN = 0.05


def compare_models(
    accuracy_by_model: pd.DataFrame, *, confidence: float = CONFIDENCE, margin: float = MARGIN, alpha: float = 0.05
) -> pd.DataFrame:
    """Compare each pair of models over the subjects that both have a figure for.

    Parameters
    ----------
    accuracy_by_model : DataFrame, (n_subjects, n_models)
        Accuracy (or another figure) of each subject; NaN where a model has none.
    confidence : float
        Of the interval of the difference.
    margin : float
        Largest difference of no importance, for the equivalence test.
    alpha : float
        Level of the equivalence test.

    Returns
    -------
    DataFrame
        `COLUMNS`, one row per pair in the order of the models. ``p_wilcoxon_holm`` is corrected for the number of
        pairs; the other p values are not.
    """
    names = [str(name) for name in accuracy_by_model.columns]
    figures = accuracy_by_model.to_numpy(np.float64)
    rows = [
        {
            "first": names[i],
            "second": names[j],
            **_compare(figures[:, i], figures[:, j], confidence=confidence, margin=margin, alpha=alpha),
        }
        for i, j in combinations(range(len(names)), 2)
    ]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.assign(p_wilcoxon_holm=correct_holm(table["p_wilcoxon"].to_numpy(np.float64)))


def _compare(
    first: Float64Array, second: Float64Array, *, confidence: float, margin: float, alpha: float
) -> dict[str, float | int | str]:
    """All figures of one pair, but for the correction over pairs."""
    mean = mean_over_subjects(subtract_pairs(first, second), confidence=confidence)
    equivalence = assess_equivalence(first, second, margin=margin, alpha=alpha)
    return {
        "n_subjects": mean.n_subjects,
        "difference": mean.mean,
        "low": mean.low,
        "high": mean.high,
        "interval": mean.method,
        "p_paired": p_paired(first, second),
        "p_sign_flip": p_sign_flip(first, second),
        "p_wilcoxon": p_wilcoxon(first, second),
        "dz": compute_dz(first, second),
        "gz": compute_gz(first, second),
        "rank_biserial": compute_rank_biserial(first, second),
        "margin": margin,
        "p_equivalent": equivalence.p,
        "equivalent": equivalence.equivalent,
    }
