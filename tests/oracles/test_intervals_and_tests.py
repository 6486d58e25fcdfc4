"""Intervals, tests and effect sizes over subjects agree with statsmodels, pingouin and arch."""

from __future__ import annotations

import math

import numpy as np
import pytest
from oracles import import_oracle
from scipy import stats

from ecg_facial.evaluation.statistics.confidence_intervals import (
    difference_of_groups,
    mean_over_subjects,
    runs_at_chance,
)
from ecg_facial.evaluation.statistics.effect_sizes import compute_dz, compute_gz, compute_rank_biserial
from ecg_facial.evaluation.statistics.significance import (
    assess_equivalence,
    correct_holm,
    p_of_t_above_chance,
    p_paired,
    p_sign_flip,
    p_wilcoxon,
)

bootstrap = import_oracle("arch.bootstrap")
pingouin = import_oracle("pingouin")
multitest = import_oracle("statsmodels.stats.multitest")
weightstats = import_oracle("statsmodels.stats.weightstats")

SIZES = (6, 12, 20, 87)


def draw_pair(n: int, *, steps: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """Accuracies of two models on n subjects, in steps, so that there are ties and zeros; skewed."""
    rng = np.random.default_rng(n)
    skill = rng.beta(5, 1.5, n)
    return rng.binomial(steps, skill) / steps, rng.binomial(steps, 0.9 * skill) / steps


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_t_intervals_are_those_of_statsmodels(n: int, confidence: float) -> None:
    values, _ = draw_pair(n)
    ours = mean_over_subjects(values, method="t", confidence=confidence)
    theirs = weightstats.DescrStatsW(values).tconfint_mean(alpha=1 - confidence)
    assert (ours.low, ours.high) == pytest.approx(theirs)
    runs = runs_at_chance(values, 0.7, confidence=confidence)
    assert (runs.low, runs.high) == pytest.approx(theirs)


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize(("method", "theirs"), [("bootstrap-t", "studentized"), ("bca", "bca")])
def test_bootstrap_intervals_are_those_of_arch_but_for_the_draws(n: int, method: str, theirs: str) -> None:
    values, _ = draw_pair(n)
    error = values.std(ddof=1) / math.sqrt(n)
    ours = mean_over_subjects(values, method=method)
    # a resample without spread has no studentised mean: a tiny error stands for none
    options = {"std_err_func": lambda _, x: max(x.std(ddof=1) / math.sqrt(len(x)), 1e-12)} if method != "bca" else {}
    limits = bootstrap.IIDBootstrap(values, seed=1).conf_int(np.mean, 20_000, method=theirs, **options)
    assert ours.method == method
    # the far limit of few skewed values is a far quantile of a heavy tail, which the draws move most
    assert (ours.low, ours.high) == pytest.approx(tuple(limits.ravel()), abs=(0.5 if n < 12 else 0.2) * error)


def test_groups_are_compared_as_statsmodels_and_pingouin_do() -> None:
    first, second = draw_pair(12)[0], draw_pair(30)[1]
    ours = difference_of_groups(first, second)
    means = weightstats.CompareMeans.from_data(first, second)
    assert (ours.low, ours.high) == pytest.approx(means.tconfint_diff(usevar="unequal"))
    assert (ours.p, ours.df) == pytest.approx(means.ttest_ind(usevar="unequal")[1:])
    assert ours.p == pytest.approx(pingouin.ttest(first, second, correction=True)["p_val"].iloc[0])


@pytest.mark.parametrize("n", SIZES)
def test_t_tests_and_dz_are_those_of_pingouin(n: int) -> None:
    first, second = draw_pair(n)
    paired = pingouin.ttest(first, second, paired=True).iloc[0]
    assert p_paired(first, second) == pytest.approx(paired["p_val"])
    above = pingouin.ttest(first, 0.7, alternative="greater").iloc[0]
    assert p_of_t_above_chance(first, 0.7) == pytest.approx(above["p_val"])
    assert abs(compute_dz(first, second)) == pytest.approx(pingouin.ttest(first - second, 0)["cohen_d"].iloc[0])


@pytest.mark.parametrize("n", SIZES)
def test_hedges_factor_is_near_the_usual_approximation(n: int) -> None:
    """The approximation 1 - 3 / (4 df - 1) is good to half a percent from df 5."""
    first, second = draw_pair(n)
    theirs = compute_dz(first, second) * (1 - 3 / (4 * (n - 1) - 1))
    assert compute_gz(first, second) == pytest.approx(theirs, rel=0.005)


@pytest.mark.parametrize("n", SIZES)
def test_wilcoxon_and_rank_biserial_with_ties_and_zeros_are_those_of_pingouin(n: int) -> None:
    # eighths: every difference is exact in floating point, so that the others see the ties too
    first, second = draw_pair(n, steps=8)
    method = stats.PermutationMethod(np.inf) if n <= 12 else "approx"
    theirs = pingouin.wilcoxon(first, second, method=method).iloc[0]
    assert compute_rank_biserial(first, second) == pytest.approx(theirs["RBC"])
    # all signs of 20 ranks take them minutes: a normal approximation then
    assert p_wilcoxon(first, second) == pytest.approx(theirs["p_val"], abs={6: 1e-9, 12: 1e-9, 20: 0.04, 87: 0.01}[n])


def test_wilcoxon_without_ties_is_that_of_pingouin() -> None:
    first, second = np.random.default_rng(0).normal(size=(2, 15))
    assert p_wilcoxon(first, second) == pytest.approx(pingouin.wilcoxon(first, second)["p_val"].iloc[0])


def test_sign_flips_of_many_subjects_come_near_the_t_test() -> None:
    first, second = draw_pair(87)
    theirs = weightstats.DescrStatsW(first - second).ttest_mean(0)[1]
    assert p_sign_flip(first, second) == pytest.approx(theirs, abs=0.01)


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("margin", [0.02, 0.1, 0.3])
def test_equivalence_is_that_of_statsmodels(n: int, margin: float) -> None:
    first, second = draw_pair(n)
    ours = assess_equivalence(first, second, margin=margin)
    assert ours.p == pytest.approx(weightstats.ttost_paired(first, second, -margin, margin)[0])
    interval = weightstats.DescrStatsW(first - second).tconfint_mean(alpha=0.1)
    assert (ours.low, ours.high) == pytest.approx(interval)


@pytest.mark.parametrize("p_values", [[0.01, 0.04, 0.03, 0.005], [0.5, 0.5, 0.5], [0.0, 1.0, 0.02, 0.02], [0.3]])
def test_holm_is_that_of_statsmodels(p_values: list[float]) -> None:
    assert correct_holm(p_values).tolist() == pytest.approx(multitest.multipletests(p_values, method="holm")[1])


def test_holm_leaves_unknown_values_out_as_pingouin_does() -> None:
    p_values = [0.01, math.nan, 0.03, 0.5]
    assert correct_holm(p_values).tolist() == pytest.approx(pingouin.multicomp(p_values, method="holm")[1], nan_ok=True)


def test_nan_is_left_out_as_by_dropping_the_subject() -> None:
    first, second = (values.copy() for values in draw_pair(20))
    first[3] = second[7] = math.nan
    kept = np.isfinite(first) & np.isfinite(second)
    assert p_paired(first, second) == pytest.approx(
        pingouin.ttest(first[kept], second[kept], paired=True)["p_val"].iloc[0]
    )
    theirs = weightstats.ttost_paired(first[kept], second[kept], -0.1, 0.1)[0]
    assert assess_equivalence(first, second, margin=0.1).p == pytest.approx(theirs)


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning", "ignore:divide by zero:RuntimeWarning")
def test_one_subject_has_no_interval_for_statsmodels_either() -> None:
    assert all(math.isnan(limit) for limit in weightstats.DescrStatsW([0.5]).tconfint_mean())
    ours = mean_over_subjects([0.5])
    assert math.isnan(ours.low)
    assert math.isnan(ours.high)
    assert math.isnan(p_of_t_above_chance([0.5], 0.25))
