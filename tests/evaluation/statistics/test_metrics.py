"""Figures of merit agree with scikit-learn, also where they are not defined."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as oracle

from ecg_facial.errors import UnknownLabelError
from ecg_facial.evaluation.statistics.metrics import compute_metrics

NAMES = ("BL1", "PA1", "PA2", "PA3")


@settings(max_examples=80)
@given(st.integers(0, 2**32 - 1), st.integers(2, 5), st.integers(1, 60))
def test_figures_equal_those_of_scikit_learn(seed: int, n_classes: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    names = [f"c{place}" for place in range(n_classes)]
    # few levels of confidence, so that ties occur; classes may be absent
    p = rng.integers(1, 4, (n, n_classes)).astype(float)
    p /= p.sum(axis=1, keepdims=True)
    labels, predicted = rng.integers(0, n_classes, n), p.argmax(axis=1)
    words = [np.array(names)[part] for part in (labels, predicted)]
    found = compute_metrics(*words, class_names=names, probabilities=p)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert found.accuracy == pytest.approx(oracle.accuracy_score(labels, predicted))
        assert found.balanced_accuracy == pytest.approx(oracle.balanced_accuracy_score(labels, predicted))
        seen = sorted(set(labels) | set(predicted))
        expected = oracle.f1_score(labels, predicted, labels=seen, average="macro", zero_division=0)
        assert found.macro_f1 == pytest.approx(expected)
        kappa = oracle.cohen_kappa_score(labels, predicted, weights="quadratic", labels=range(n_classes))
        assert found.kappa_quadratic == pytest.approx(kappa, nan_ok=True)
        assert found.mae_level == pytest.approx(oracle.mean_absolute_error(labels, predicted))
        for place, name in enumerate(names):
            hit = labels == place
            area = oracle.roc_auc_score(hit, p[:, place]) if 0 < hit.sum() < n else math.nan
            assert found.auroc[name] == pytest.approx(area, nan_ok=True)
        expected_counts = oracle.confusion_matrix(labels, predicted, labels=range(n_classes)).tolist()
        assert [list(row) for row in found.confusion] == expected_counts
        if n_classes == 2 and 0 < labels.sum() < n:
            assert found.sensitivity == pytest.approx(oracle.recall_score(labels, predicted, pos_label=1))
            assert found.specificity == pytest.approx(oracle.recall_score(labels, predicted, pos_label=0))


def test_a_scale_is_used_only_where_there_is_one() -> None:
    labels, predicted = ["BL1", "PA3"], ["PA3", "PA3"]
    ordered = compute_metrics(labels, predicted, class_names=NAMES)
    assert ordered.mae_level == 1.5
    loose = compute_metrics(labels, predicted, class_names=NAMES, ordered=False)
    assert math.isnan(loose.mae_level)
    assert math.isnan(loose.kappa_quadratic)
    assert loose.accuracy == ordered.accuracy == 0.5


def test_the_mean_level_is_weighed_by_probabilities() -> None:
    p = np.array([[0.5, 0.0, 0.0, 0.5], [0.0, 0.0, 0.0, 1.0]])
    found = compute_metrics(["BL1", "PA3"], ["BL1", "PA3"], class_names=NAMES, probabilities=p)
    assert found.mae_mean_level == pytest.approx(0.75)


def test_what_is_not_defined_is_nan_without_a_warning() -> None:
    empty = compute_metrics([], [], class_names=NAMES, probabilities=np.zeros((0, 4)))
    assert all(math.isnan(getattr(empty, name)) for name in ("accuracy", "macro_f1", "kappa_quadratic", "auroc_macro"))
    alone = compute_metrics(["PA1", "PA1"], ["PA1", "PA1"], class_names=NAMES, probabilities=np.full((2, 4), 0.25))
    assert alone.accuracy == 1
    assert math.isnan(alone.kappa_quadratic)
    assert math.isnan(alone.auroc_macro)
    assert math.isnan(alone.sensitivity)


@settings(max_examples=50)
@given(st.integers(0, 2**32 - 1), st.integers(2, 5), st.integers(1, 40))
def test_the_order_of_trials_changes_no_figure(seed: int, n_classes: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    names, p = np.array([f"c{place}" for place in range(n_classes)]), rng.dirichlet(np.ones(n_classes), n)
    labels, order = names[rng.integers(0, n_classes, n)], rng.permutation(n)
    found, turned = (
        compute_metrics(labels[part], names[p[part].argmax(axis=1)], class_names=list(names), probabilities=p[part])
        for part in (np.arange(n), order)
    )
    one, other = found.to_dict(), turned.to_dict()
    assert one.pop("confusion") == other.pop("confusion")
    assert one.pop("auroc") == pytest.approx(other.pop("auroc"), nan_ok=True)
    assert one == pytest.approx(other, nan_ok=True)


def test_a_class_without_a_name_is_an_error_that_names_it() -> None:
    for labels, predicted in ((["PA4"], ["BL1"]), (["BL1"], np.array(["PA4"]))):
        with pytest.raises(UnknownLabelError, match="class 'PA4' is not among BL1, PA1, PA2, PA3"):
            compute_metrics(labels, predicted, class_names=NAMES)


def test_metrics_of_a_known_confusion() -> None:
    labels = ["a"] * 4 + ["b"] * 2
    metrics = compute_metrics(labels, ["a", "a", "a", "b", "b", "a"], class_names=["a", "b"])
    assert metrics.confusion == ((3, 1), (1, 1))
    assert metrics.accuracy == pytest.approx(4 / 6)
    assert metrics.balanced_accuracy == pytest.approx((0.75 + 0.5) / 2)
    assert metrics.macro_f1 == pytest.approx((0.75 + 0.5) / 2)


def test_metrics_of_degenerate_cases() -> None:
    absent = compute_metrics(["a", "a"], ["a", "c"], class_names=["a", "b", "c"])
    assert absent.balanced_accuracy == 0.5
    assert absent.confusion == ((1, 0, 1), (0, 0, 0), (0, 0, 0))
    assert math.isnan(compute_metrics([], [], class_names=["a", "b"]).accuracy)


def test_the_error_of_ratings_is_in_points_of_their_scale() -> None:
    """Between 2 and 5 lies one step, and three points."""
    labels, predicted = ["2", "2", "5", "10"], ["2", "5", "10", "10"]
    names, probabilities = ["2", "5", "10"], np.array([[1, 0, 0], [0.5, 0.5, 0], [0, 0, 1], [0.25, 0, 0.75]])
    found = compute_metrics(labels, predicted, class_names=names, probabilities=probabilities)
    assert (found.mae_level, found.mae_points) == (0.5, 2.0)
    # means of 2, 3.5, 10 and 8
    assert found.mae_mean_points == pytest.approx((0 + 1.5 + 5 + 2) / 4)
    ranges = compute_metrics(["0", "1-3"], ["0", "0"], class_names=["0", "1-3"])
    assert math.isnan(ranges.mae_points)
    assert math.isnan(compute_metrics(labels, predicted, class_names=names, ordered=False).mae_points)
