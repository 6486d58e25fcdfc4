"""Many models over the same subjects: ranks, groups, and the table of all pairs."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ecg_facial.errors import SettingsError
from ecg_facial.evaluation.statistics.confidence_intervals import mean_over_subjects
from ecg_facial.evaluation.statistics.model_pairs import COLUMNS, compare_models
from ecg_facial.evaluation.statistics.ranking import group_models, rank_models
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


def test_a_bar_joins_neighbours_of_whom_no_two_differ_and_nobody_else() -> None:
    """The diagram says what the table of pairs says: never may a bar join two that the table calls different."""
    for seed in range(8):
        table = make_table(40, seed=seed).assign(e=make_table(40, seed=seed + 100)["b"])
        pairs, names = compare_models(table), list(rank_models(table).mean_ranks.index)
        groups = group_models(names, pairs, alpha=0.05)
        p = {frozenset((row.first, row.second)): row.p_holm for row in pairs.itertuples()}
        joined = {frozenset((a, b)) for group in groups for a in group for b in group if a != b}
        assert all(p[pair] > 0.05 for pair in joined)
        for a, b in itertools.pairwise(names):
            assert (frozenset((a, b)) in joined) == (p[frozenset((a, b))] > 0.05)
        assert not any(set(one) < set(other) for one in groups for other in groups)


def test_a_bar_ends_before_a_model_that_differs_from_any_below_it() -> None:
    pairs = pd.DataFrame(
        [("a", "b", 0.5), ("a", "c", 0.01), ("b", "c", 0.5), ("a", "d", math.nan), ("b", "d", 0.05), ("c", "d", 0.9)],
        columns=["first", "second", "p_holm"],
    )
    assert group_models(["a", "b", "c", "d"], pairs, alpha=0.05) == (("a", "b"), ("b", "c"), ("c", "d"))


def test_a_clear_winner_stands_alone() -> None:
    table = make_table(87)
    groups = group_models(list(rank_models(table).mean_ranks.index), compare_models(table), alpha=0.05)
    assert rank_models(table).mean_ranks.index[0] == "d"
    assert [set(group) for group in groups] == [{"a", "b"}]


def test_two_models_are_ranked_as_the_sign_test_does() -> None:
    ranking = rank_models(pd.DataFrame({"a": [0.9, 0.8, 0.7, 0.6], "b": [0.1, 0.1, 0.1, 0.7]}))
    assert ranking.chi2 == pytest.approx((3 - 1) ** 2 / 4)
    assert ranking.mean_ranks.to_dict() == {"a": 1.25, "b": 1.75}


def test_ranking_of_degenerate_input() -> None:
    tied = rank_models(pd.DataFrame({"a": [0.5, 0.5], "b": [0.5, 0.5], "c": [0.5, 0.5]}))
    assert (tied.chi2, tied.p) == (0.0, 1.0)
    one = rank_models(pd.DataFrame({"a": [0.5], "b": [0.6], "c": [0.7]}))
    assert (one.n_subjects, one.chi2) == (1, 2.0)
    assert math.isnan(one.f)
    nobody = rank_models(pd.DataFrame({"a": [math.nan], "b": [0.6]}))
    assert nobody.n_subjects == 0
    assert math.isnan(nobody.p)
    unanimous = rank_models(pd.DataFrame({"a": [0.1, 0.2, 0.3], "b": [0.4, 0.5, 0.6]}))
    assert unanimous.f == math.inf
    assert 0 < unanimous.p_f < 1e-300
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
    assert compared["p_holm"].tolist() == correct_holm(compared["p_sign_flip"]).tolist()
    assert (compared["n_trials"] == 30).all()


def test_pairs_of_baselines_cost_the_claims_no_power() -> None:
    table = make_table()
    compared = compare_models(table, main="c")
    claimed = compared[compared["family"] == "primary"]
    assert {frozenset(pair) for pair in claimed[["first", "second"]].to_numpy()} == {
        frozenset(("c", other)) for other in "abd"
    }
    for _, pairs in compared.groupby("family"):
        assert pairs["p_holm"].tolist() == correct_holm(pairs["p_sign_flip"]).tolist()
    assert (claimed["p_holm"] <= compare_models(table)["p_holm"][claimed.index]).all()


def test_pairs_are_compared_on_the_trials_that_both_answered() -> None:
    """A model without its unsure trials is the same model: it wins nothing, and what was left out is counted."""
    rng = np.random.default_rng(0)
    right = rng.random(480) < 0.6
    table = pd.DataFrame({"all": right.astype(float), "sure": np.where(right | (rng.random(480) < 0.4), right, np.nan)})
    n_declined = int(table["sure"].isna().sum())
    row = compare_models(table, [f"s{n // 40}" for n in range(480)]).iloc[0]
    assert (row["n_subjects"], row["n_trials"], row["n_left_out"]) == (12, 480 - n_declined, n_declined)
    assert (row["difference"], row["p_holm"]) == (0.0, 1.0)
    # what was declined was wrong, so that counting it as wrong changes nothing either
    assert row["difference_as_wrong"] == 0.0


def test_means_are_over_subjects_however_many_trials_they_have() -> None:
    table = pd.DataFrame({"a": [1.0, 1, 1, 0], "b": [0.0, 0, 0, 0]})
    row = compare_models(table, ["s0", "s0", "s0", "s1"]).iloc[0]
    assert (row["n_subjects"], row["difference"]) == (2, 0.5)


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
    assert compare_models(make_table(0))["p_holm"].isna().all()


def test_five_models_of_87_subjects_are_compared_pair_by_pair() -> None:
    table = make_table(87).assign(e=make_table(87, seed=1)["c"])
    n_models = len(table.columns)
    assert len(compare_models(table)) == n_models * (n_models - 1) // 2
    assert len(rank_models(table).mean_ranks) == n_models
