"""Tests over subjects agree with scipy, are exact where they can be, and are quiet on degenerate input."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from measures.coverage import POPULATIONS, measure_false_alarms
from scipy import stats
from type_one import ANSWERS, measure

from ecg_facial.errors import SettingsError
from ecg_facial.evaluation.statistics.effect_sizes import compute_dz, compute_gz, compute_rank_biserial
from ecg_facial.evaluation.statistics.significance import (
    assess_equivalence,
    correct_holm,
    excess_over_chance,
    measure_excess,
    p_above_chance,
    p_above_guessing,
    p_of_t_above_chance,
    p_paired,
    p_sign_flip,
    p_wilcoxon,
)

FIRST = np.random.default_rng(0).normal(0.40, 0.1, 12)
SECOND = np.random.default_rng(1).normal(0.35, 0.1, 12)
PAIRED = (p_paired, p_sign_flip, p_wilcoxon)
ABOVE_CHANCE = (p_of_t_above_chance, p_above_chance)


def test_t_tests_are_scipys() -> None:
    theirs = stats.ttest_1samp(FIRST, 0.25, alternative="greater").pvalue
    assert p_of_t_above_chance(FIRST, 0.25) == pytest.approx(theirs)
    assert p_paired(FIRST, SECOND) == pytest.approx(stats.ttest_rel(FIRST, SECOND).pvalue)


def test_sign_flips_of_few_subjects_are_scipys_exact_permutation_test() -> None:
    theirs = stats.permutation_test(
        (FIRST - SECOND,), np.mean, permutation_type="samples", n_resamples=np.inf, alternative="two-sided"
    )
    assert p_sign_flip(FIRST, SECOND) == pytest.approx(theirs.pvalue)
    theirs = stats.permutation_test(
        (FIRST - 0.35,), np.mean, permutation_type="samples", n_resamples=np.inf, alternative="greater"
    )
    assert p_above_chance(FIRST, 0.35) == pytest.approx(theirs.pvalue)


def test_sign_flips_counted_by_hand() -> None:
    # of the 8 signs of (1, 2, 3), sums 6 and 4 are as large as 4, and -6 and -4 as small
    assert p_sign_flip([-1, 2, 3], [0, 0, 0]) == 4 / 8
    assert p_above_chance([0.25 + 0.1] * 5, 0.25) == 1 / 32


def test_drawn_sign_flips_come_near_the_exact_ones_and_are_never_zero() -> None:
    rng = np.random.default_rng(5)
    values = rng.normal(0.05, 0.1, 20)
    exact = p_above_chance(values, 0.0)
    # subjects exactly at chance change no sum, but make 31 subjects, more than are flipped exactly
    drawn = p_above_chance([*values, *[0.0] * 11], 0.0)
    assert drawn == pytest.approx(exact, abs=4 * math.sqrt(exact * (1 - exact) / 19_999))
    assert drawn != exact
    assert p_above_chance(np.full(87, 0.9), 0.25) == 1 / 20_000
    assert p_above_chance([*values, *[0.0] * 11], 0.0) == drawn


@pytest.mark.parametrize("n", [5, 12, 50, 87])
def test_wilcoxon_without_ties_is_scipys_exact_test(n: int) -> None:
    a, b = np.random.default_rng(n).normal(size=(2, n))
    assert p_wilcoxon(a + 0.1, b) == pytest.approx(stats.wilcoxon(a + 0.1, b, method="exact").pvalue)


def test_wilcoxon_with_ties_and_zeros_is_exact_too() -> None:
    differences = np.array([0, 0, 1, 1, 1, -1, 2, 2, -3, 4, 4]) / 40
    moved = differences[differences != 0]
    ranks = stats.rankdata(np.abs(moved))
    sums = [np.dot(signs, ranks) for signs in product((-1, 1), repeat=len(moved))]
    observed = abs(np.dot(np.sign(moved), ranks))
    expected = np.mean(np.abs(sums) >= observed - 1e-9)
    assert p_wilcoxon(differences, np.zeros(11)) == pytest.approx(expected)
    with_permutations = stats.wilcoxon(differences, zero_method="wilcox", method=stats.PermutationMethod(np.inf))
    assert p_wilcoxon(differences, np.zeros(11)) == pytest.approx(with_permutations.pvalue)


def test_wilcoxon_of_many_tied_accuracies_is_near_the_normal_approximation() -> None:
    a, b = np.random.default_rng(2).binomial(20, [[0.5], [0.55]], (2, 87)) / 20
    assert p_wilcoxon(a, b) == pytest.approx(stats.wilcoxon(a, b, method="approx").pvalue, abs=0.01)


def test_equal_differences_of_accuracies_are_ties_whatever_their_floats() -> None:
    # 0.3 - 0.2 is not 0.2 - 0.1 as floats; in fortieths all are whole
    first, second = np.array([0.3, 0.2, 0.7, 0.6, 0.1, 0.9]), np.array([0.2, 0.1, 0.6, 0.7, 0.3, 0.6])
    whole = np.round(40 * first) - np.round(40 * second)
    for test in (p_wilcoxon, compute_rank_biserial):
        assert test(first, second) == test(whole, np.zeros(6))


@pytest.mark.parametrize("test", PAIRED)
def test_paired_tests_of_degenerate_input(test: Callable[..., float]) -> None:
    assert test([0.1, 0.2, 0.3], [0.1, 0.2, 0.3]) == 1.0 or test is p_paired
    assert math.isnan(test([], []))
    assert math.isnan(test([math.nan, 0.5], [0.5, math.nan]))
    assert test([0.5, 0.6, math.nan, 0.9], [0.4, 0.2, 0.5, 0.3]) == test([0.5, 0.6, 0.9], [0.4, 0.2, 0.3])
    with pytest.raises(SettingsError, match="2 and 3"):
        test([0.1, 0.2], [0.1, 0.2, 0.3])


def test_one_subject_never_decides() -> None:
    assert math.isnan(p_paired([0.9], [0.1]))
    assert p_sign_flip([0.9], [0.1]) == p_wilcoxon([0.9], [0.1]) == 1.0
    assert p_above_chance([0.9], 0.25) == 0.5


@pytest.mark.parametrize("values", [[0.5], [0.5, 0.5, 0.5], [0.2, 0.2], [0.1 + 0.2, 0.3]])
def test_there_is_no_t_test_without_spread(values: list[float]) -> None:
    assert math.isnan(p_of_t_above_chance(values, 0.25))
    assert math.isnan(p_paired(values, [0.25] * len(values)))


def test_no_p_value_is_zero_however_far_the_figures_are_apart() -> None:
    rng = np.random.default_rng(0)
    for n in (12, 30, 31, 87, 1000, 3000):
        far = 1e6 + rng.normal(size=n)
        assert min(test(far, 0.0) for test in ABOVE_CHANCE) > 0
        assert min(test(far, 0 * far) for test in PAIRED) > 0


def test_signs_of_thirty_subjects_are_counted_exactly_by_halves() -> None:
    steps = np.array([1.0] * 20 + [2.0] * 9 + [-1.0])
    counts = np.ones(1)
    for step in np.abs(steps).astype(int):
        counts = np.convolve(counts, [1, *[0] * (2 * step - 1), 1])
    # places of the array are twice the distance from the lowest sum
    reached = counts[int(steps.sum() + np.abs(steps).sum()) :].sum() / 2**30
    assert p_above_chance(steps, 0) == reached
    assert p_sign_flip(steps, 0 * steps) == 2 * reached


def test_drawn_signs_are_even_and_independent_of_each_other() -> None:
    """A share of p has a standard error of sqrt(p (1 - p) / 19,999); scipy's own draws have one too."""
    values = np.random.default_rng(4).normal(0.015, 0.1, 87)
    theirs = stats.permutation_test(
        (values,), np.mean, permutation_type="samples", n_resamples=19_999, alternative="greater", rng=0
    ).pvalue
    assert p_above_chance(values, 0) == pytest.approx(theirs, abs=4 * math.sqrt(2 * theirs / 19_999))


def test_wilcoxon_of_many_subjects_is_scipys_approximation() -> None:
    a, b = np.random.default_rng(2).binomial(20, [[0.5], [0.51]], (2, 800)) / 20
    theirs = stats.wilcoxon(np.round(a - b, 12), method="approx", correction=True)
    assert p_wilcoxon(a, b) == pytest.approx(theirs.pvalue, rel=0.01)


def test_whoever_always_says_the_same_has_no_excess_over_chance() -> None:
    """17/20/20/20 trials: always PA1 is right in 26.0 %, and shows nothing."""
    one = np.zeros((4, 4), dtype=int)
    one[:, 1] = (17, 20, 20, 20)
    uneven = np.zeros((12, 2, 2), dtype=int)
    uneven[:9, :, 0], uneven[9:, :, 1] = (6, 2), (30, 34)
    assert excess_over_chance(np.stack([one] * 12)).tolist() == [0.0] * 12
    assert excess_over_chance(uneven).tolist() == [0.0] * 12
    assert p_above_chance(excess_over_chance(uneven), 0) == 1.0


def test_the_excess_is_balanced_accuracy_over_the_classes_that_a_subject_has() -> None:
    seen = np.array([[3, 1, 0], [2, 2, 0], [0, 0, 0]])
    assert excess_over_chance(seen) == pytest.approx((3 / 4 + 2 / 4) / 2 - 1 / 2)
    # one class alone, or no trial: nothing can be told apart
    assert np.isnan(excess_over_chance(np.array([[[5, 0], [0, 0]], [[0, 0], [0, 0]]]))).all()
    assert excess_over_chance(np.eye(4, dtype=int)) == 0.75


@given(
    arrays(np.float64, st.tuples(st.just(2), st.integers(0, 25)), elements=st.sampled_from([0.1, 0.2, 0.3, math.nan])),
)
def test_p_values_lie_between_0_and_1_and_do_not_mind_who_comes_first(pair: np.ndarray) -> None:
    for test in PAIRED:
        p = test(*pair)
        assert math.isnan(p) or 0 <= p <= 1
        assert p == pytest.approx(test(*pair[::-1]), nan_ok=True)


def test_false_alarms_are_as_rare_as_stated() -> None:
    """2,000 repetitions: 5 % with a standard error of 0.5; more than 6.5 % would be three of them."""
    alarms = measure_false_alarms(POPULATIONS["silent"], 12, repetitions=2000, seed=0)
    for name in ("paired t", "sign flip", "Wilcoxon", "t above chance", "sign flip above chance"):
        assert 0.02 <= alarms[name] <= 0.065


def test_holm_by_hand() -> None:
    assert correct_holm([0.01, 0.04, 0.03, 0.005]).tolist() == pytest.approx([0.03, 0.06, 0.06, 0.02])
    with_unknown = correct_holm([math.nan, 0.02, 0.5])
    assert math.isnan(with_unknown[0])
    assert with_unknown[1:].tolist() == pytest.approx([0.04, 0.5])
    assert correct_holm([0.6, 0.7]).tolist() == [1.0, 1.0]
    assert correct_holm([]).size == 0


def test_equivalence_is_two_t_tests_and_its_interval_lies_inside_the_margin() -> None:
    for margin in (0.02, 0.09, 0.2):
        ours = assess_equivalence(FIRST, SECOND, margin=margin)
        upper = stats.ttest_1samp(FIRST - SECOND, margin, alternative="less").pvalue
        lower = stats.ttest_1samp(FIRST - SECOND, -margin, alternative="greater").pvalue
        assert ours.p == pytest.approx(max(upper, lower))
        assert ours.equivalent == (-margin < ours.low and ours.high < margin)


def test_equivalence_of_degenerate_input() -> None:
    same = assess_equivalence([0.5, 0.6], [0.5, 0.6], margin=0.05)
    assert (same.p, same.equivalent) == (0.25, False)
    assert assess_equivalence([0.5] * 12, [0.5] * 12, margin=0.05).p == 1 / 2**12
    one = assess_equivalence([0.5], [0.5], margin=0.05)
    assert (one.p, one.equivalent) == (0.5, False)
    with pytest.raises(SettingsError, match="margin 0"):
        assess_equivalence([0.5, 0.6], [0.5, 0.6], margin=0)


def test_effect_sizes_by_hand() -> None:
    first, second = [0.6, 0.7, 0.5, 0.8], [0.5, 0.5, 0.4, 0.4]
    assert compute_dz(first, second) == pytest.approx(0.2 / math.sqrt(0.02))
    # J(3) = Gamma(1.5) / (sqrt(1.5) Gamma(1)) = 0.7236
    assert compute_gz(first, second) == pytest.approx(compute_dz(first, second) * 0.72360, rel=1e-4)
    assert compute_rank_biserial(first, second) == 1.0
    # ranks 1, 2 against 3, with one 0 left out
    assert compute_rank_biserial([1, 2, -3, 0], [0, 0, 0, 0]) == 0.0
    assert compute_rank_biserial([1, -2, -3], [0, 0, 0]) == pytest.approx(-4 / 6)


def test_effect_sizes_of_degenerate_input() -> None:
    for size in (compute_dz, compute_gz, compute_rank_biserial):
        assert math.isnan(size([], []))
        assert size([0.5, 0.6, 0.7], [0.5, 0.6, 0.7]) == 0.0
    assert math.isnan(compute_dz([0.5], [0.4]))
    assert compute_dz([0.5, 0.6], [0.4, 0.5]) == math.inf
    assert compute_gz([0.4, 0.5], [0.5, 0.6]) == -math.inf
    assert math.isnan(compute_gz([0.5, 0.7], [0.4, 0.5]))


def test_labels_permuted_have_the_mean_and_spread_that_are_computed() -> None:
    """All permutations of five labels: three classes, one of which is never the label, one never the answer."""
    labels, answers = np.array([0, 0, 0, 1, 1]), np.array([0, 1, 1, 2, 1])
    drawn = []
    for order in permutations(range(5)):
        confusion = np.zeros((3, 3), dtype=int)
        np.add.at(confusion, (labels[list(order)], answers), 1)
        drawn.append(float(excess_over_chance(confusion)))
    confusion = np.zeros((1, 3, 3), dtype=int)
    np.add.at(confusion[0], (labels, answers), 1)
    excess = measure_excess([confusion, confusion])
    assert excess.expected[0] == pytest.approx(np.mean(drawn))
    assert excess.spread[0] == pytest.approx(np.std(drawn))
    assert excess.value[0] == pytest.approx(float(excess_over_chance(confusion[0])))


def test_the_primary_test_is_the_larger_of_two_and_quiet_where_nothing_can_be_told() -> None:
    perfect = np.stack([5 * np.eye(4, dtype=int)] * 12)
    assert p_above_guessing(measure_excess([perfect])) == 1 / 2**12
    constant = np.zeros((12, 4, 4), dtype=int)
    constant[:, :, 1] = 5
    assert p_above_guessing(measure_excess([constant])) == 1.0
    # one trial of each class, right in all of five people: flips are 1 in 32, permutations far less
    single = np.stack([np.eye(2, dtype=int)] * 5)
    assert p_above_guessing(measure_excess([single])) == pytest.approx(1 / 32)
    assert math.isnan(p_above_guessing(measure_excess([np.zeros((3, 2, 2), dtype=int)])))


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("design", ["17/20/20/20", "70/30, 1-5 % lost", "6/2 and 30/34"])
def test_who_answers_without_looking_raises_few_false_alarms(design: str, answer: str) -> None:
    """600 cohorts: the table of all designs is that of benchmarks/type_one.py."""
    cell = measure(design, 12, answer, cohorts=600, seed=1)
    assert cell["alarms"] <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 600)
    if answer == "constant":
        assert cell["alarms"] == 0 < cell["accuracy, even"]
