"""Ranks of models agree with pingouin, intraclass correlations with pingouin."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from oracles import import_oracle

from ecg_facial.evaluation.statistics.ranking import rank_models
from ecg_facial.evaluation.statistics.reliability import assess_reliability

pingouin = import_oracle("pingouin")

SKILL = [0.45, 0.50, 0.52, 0.60, 0.70]


def draw_table(n: int, *, n_models: int = 5, steps: int = 20) -> pd.DataFrame:
    """Accuracies of some models on n subjects, in steps, so that there are ties."""
    values = np.random.default_rng(n).binomial(steps, SKILL[:n_models], (n, n_models)) / steps
    return pd.DataFrame(values, columns=list("abcde")[:n_models])


@pytest.mark.parametrize("n", [5, 12, 87])
@pytest.mark.parametrize("n_models", [3, 5])
def test_friedman_with_ties_is_that_of_pingouin(n: int, n_models: int) -> None:
    table = draw_table(n, n_models=n_models)
    ours = rank_models(table)
    chi2 = pingouin.friedman(table, method="chisq").iloc[0]
    assert (ours.chi2, ours.p) == (pytest.approx(chi2["Q"]), pytest.approx(chi2["p_unc"]))
    assert ours.f == pytest.approx(pingouin.friedman(table, method="f")["F"].iloc[0])


def test_subjects_with_nan_are_left_out_as_pingouin_does() -> None:
    table = draw_table(20)
    table.iloc[4, 2] = math.nan
    theirs = pingouin.friedman(table.dropna()).iloc[0]
    assert rank_models(table).chi2 == pytest.approx(theirs["Q"])


def correlate_by_pingouin(table: np.ndarray) -> pd.DataFrame:
    rows = [(subject, session, value) for subject, row in enumerate(table) for session, value in enumerate(row)]
    long = pd.DataFrame(rows, columns=["subject", "session", "value"])
    found = pingouin.intraclass_corr(long, targets="subject", raters="session", ratings="value", nan_policy="omit")
    return found.set_index("Type")


# pingouin calls pandas in a way that pandas 3.1 warns of
@pytest.mark.filterwarnings("ignore:The inplace keyword:DeprecationWarning")
@pytest.mark.parametrize(("n", "n_sessions"), [(2, 4), (3, 2), (3, 4), (12, 2), (12, 4), (87, 2), (87, 4)])
@pytest.mark.parametrize("case", ["plain", "ties", "shifted", "no agreement", "a subject incomplete"])
def test_correlations_and_their_intervals_are_those_of_pingouin(n: int, n_sessions: int, case: str) -> None:
    rng = np.random.default_rng([n, n_sessions])
    subjects = np.zeros((n, 1)) if case == "no agreement" else rng.normal(size=(n, 1))
    table = subjects + rng.normal(size=(n, n_sessions))
    if case == "ties":
        table = np.round(2 * table) / 2
    if case == "shifted":
        table += np.arange(n_sessions)
    if case == "a subject incomplete":
        table = np.vstack([table, np.r_[math.nan, np.zeros(n_sessions - 1)]])
    ours, theirs = assess_reliability(table), correlate_by_pingouin(table)
    for mine, kind in ((ours.icc_2_1, "ICC(A,1)"), (ours.icc_3_1, "ICC(C,1)"), (ours.icc_2_k, "ICC(A,k)")):
        assert mine.value == pytest.approx(theirs.loc[kind, "ICC"])
        # pingouin gives its limits with two decimals
        assert (mine.low, mine.high) == pytest.approx(tuple(theirs.loc[kind, "CI95"]), abs=0.00501)
