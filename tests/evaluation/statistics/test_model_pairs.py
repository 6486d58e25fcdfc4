"""Many models over the same subjects: ranks, critical difference, and the table of all pairs."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ecg_facial.errors import SettingsError
from ecg_facial.evaluation.statistics.confidence_intervals import mean_over_subjects
from ecg_facial.evaluation.statistics.model_pairs import COLUMNS, compare_models
from ecg_facial.evaluation.statistics.ranking import rank_models
from ecg_facial.evaluation.statistics.significance import correct_holm, p_paired, p_wilcoxon


def make_table(n: int = 30, *, steps: int = 20, seed: int = 0) -> pd.DataFrame:
    """Accuracies of four models in steps, so that there are ties; `d` is the best, `a` and `b` are alike."""
    skill = [0.40, 0.41, 0.50, 0.65]
    return pd.DataFrame(np.random.default_rng(seed).binomial(steps, skill, (n, 4)) / steps, columns=list("abcd"))


def test_friedman_is_scipys_with_ties() -> None:
    table = make_table()
    ranking = rank_models(table)
    theirs = stats.friedmanchisquare(*table.to_numpy().T)
    assert (ranking.chi2, ranking.p) == (pytest.approx(theirs.statistic), pytest.approx(theirs.pvalue))


def test_ranks_start_with_the_best_and_share_ties() -> None:
    table = pd.DataFrame({"low": [0.1, 0.2], "high": [0.9, 0.2], "mid": [0.5, 0.1]})
    ranking = rank_models(table)
    assert ranking.mean_ranks.to_dict() == {"high": 1.25, "low": 2.25, "mid": 2.5}
    assert list(ranking.mean_ranks.index) == ["high", "low", "mid"]
    assert next(iter(rank_models(table, higher_is_better=False).mean_ranks.index)) == "mid"


def test_the_critical_difference_of_demsars_example() -> None:
    """Four models on 14 data sets: 2.569 sqrt(4 * 5 / (6 * 14)) = 1.25 at 0.05, 2.291 * ... = 1.12 at 0.10."""
    table = make_table(14)
    assert rank_models(table).critical_difference == pytest.approx(1.25, abs=0.005)
    assert rank_models(table, alpha=0.1).critical_difference == pytest.approx(1.12, abs=0.005)


def test_groups_are_joined_exactly_where_nemenyi_finds_no_difference() -> None:
    for seed in range(5):
        ranking = rank_models(make_table(40, seed=seed))
        names = list(ranking.mean_ranks.index)
        together = {(a, b) for group in ranking.groups for a in group for b in group}
        for a in names:
            for b in names:
                apart = abs(ranking.mean_ranks[a] - ranking.mean_ranks[b])
                assert (a == b) or ((a, b) in together) == (apart <= ranking.critical_difference)
                assert (ranking.nemenyi.loc[a, b] < 0.05) == (apart > ranking.critical_difference)
        assert not any(set(one) < set(other) for one in ranking.groups for other in ranking.groups)


def test_a_clear_winner_stands_alone() -> None:
    ranking = rank_models(make_table(87))
    assert ranking.mean_ranks.index[0] == "d"
    assert "d" not in {name for group in ranking.groups for name in group}
    assert {"a", "b"} in [set(group) for group in ranking.groups]


def test_two_models_are_ranked_as_the_sign_test_does() -> None:
    ranking = rank_models(pd.DataFrame({"a": [0.9, 0.8, 0.7, 0.6], "b": [0.1, 0.1, 0.1, 0.7]}))
    assert ranking.chi2 == pytest.approx((3 - 1) ** 2 / 4)
    assert ranking.mean_ranks.to_dict() == {"a": 1.25, "b": 1.75}


def test_ranking_of_degenerate_input() -> None:
    tied = rank_models(pd.DataFrame({"a": [0.5, 0.5], "b": [0.5, 0.5], "c": [0.5, 0.5]}))
    assert (tied.chi2, tied.p, tied.groups) == (0.0, 1.0, (("a", "b", "c"),))
    one = rank_models(pd.DataFrame({"a": [0.5], "b": [0.6], "c": [0.7]}))
    assert (one.n_subjects, one.chi2) == (1, 2.0)
    assert math.isnan(one.f)
    nobody = rank_models(pd.DataFrame({"a": [math.nan], "b": [0.6]}))
    assert nobody.n_subjects == 0
    assert math.isnan(nobody.p)
    assert nobody.groups == ()
    unanimous = rank_models(pd.DataFrame({"a": [0.1, 0.2, 0.3], "b": [0.4, 0.5, 0.6]}))
    assert (unanimous.f, unanimous.p_f) == (math.inf, 0.0)
    with pytest.raises(SettingsError, match="1 models"):
        rank_models(pd.DataFrame({"a": [0.5]}))


def test_subjects_without_a_figure_of_every_model_are_left_out_of_ranks() -> None:
    table = make_table(20)
    holed = table.copy()
    holed.iloc[3, 1] = math.nan
    assert rank_models(holed).mean_ranks.equals(rank_models(table.drop(index=3)).mean_ranks)


def test_every_pair_has_a_row_with_what_the_single_functions_say() -> None:
    table = make_table()
    compared = compare_models(table)
    assert tuple(compared.columns) == COLUMNS
    assert list(zip(compared["first"], compared["second"], strict=True)) == [
        ("a", "b"), ("a", "c"), ("a", "d"), ("b", "c"), ("b", "d"), ("c", "d"),
    ]  # fmt: skip
    row = compared.iloc[2]
    mean = mean_over_subjects((table["a"] - table["d"]).round(12).to_numpy())
    assert (row["difference"], row["low"], row["high"]) == pytest.approx((mean.mean, mean.low, mean.high))
    assert row["interval"] == "bootstrap-t"
    assert row["p_paired"] == p_paired(table["a"].to_numpy(), table["d"].to_numpy())
    wilcoxon = [
        p_wilcoxon(table[a].to_numpy(), table[b].to_numpy()) for a, b in compared[["first", "second"]].to_numpy()
    ]
    assert compared["p_wilcoxon"].tolist() == wilcoxon
    assert compared["p_wilcoxon_holm"].tolist() == correct_holm(wilcoxon).tolist()


def test_pairs_use_the_subjects_that_both_have() -> None:
    table = make_table(10)
    table.iloc[:3, 0] = math.nan
    table.iloc[2:5, 1] = math.nan
    assert compare_models(table).set_index(["first", "second"])["n_subjects"].to_dict() == {
        ("a", "b"): 5, ("a", "c"): 7, ("a", "d"): 7, ("b", "c"): 7, ("b", "d"): 7, ("c", "d"): 10,
    }  # fmt: skip


def test_one_subject_one_model_and_nobody_give_tables_without_figures() -> None:
    one = compare_models(make_table(1)).iloc[0]
    assert math.isnan(one["low"])
    assert not one["equivalent"]
    assert compare_models(make_table()[["a"]]).empty
    assert compare_models(make_table(0))["p_wilcoxon"].isna().all()


def test_five_models_of_87_subjects_are_compared_pair_by_pair() -> None:
    table = make_table(87).assign(e=make_table(87, seed=1)["c"])
    n_models = len(table.columns)
    assert len(compare_models(table)) == n_models * (n_models - 1) // 2
    assert len(rank_models(table).mean_ranks) == n_models
