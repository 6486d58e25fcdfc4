"""One class that a single quantity tells apart is found, however many other classes there are."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ecg_facial.evaluation.audit.circumstances import check_circumstances
from ecg_facial.labels import get_task
from ecg_facial.prepared.tabular import TabularData

TASK = get_task("biovid4")


def make_table(seed: int, *, told: float) -> TabularData:
    """Twenty people and a feature that moves for BL1 by `told` standard deviations."""
    rng = np.random.default_rng(seed)
    rows = [(f"s{who:02d}", level) for who in range(20) for level in TASK.class_names for _ in range(5)]
    trials = pd.DataFrame(rows, columns=["subject", "level"])
    trials["trial"] = [f"{number:04d}" for number in rng.permutation(len(trials))]
    features = rng.normal(size=(len(trials), 3))
    features[:, 1] += told * (trials["level"] == "BL1")
    return TabularData(trials, {"ecg": pd.DataFrame(features, columns=["a", "b", "c"])})


@pytest.mark.parametrize(("told", "passed"), [(0.0, True), (1.0, True), (6.0, False)])
def test_a_feature_that_tells_rest_from_three_levels_is_found_and_a_moderate_one_is_not(
    told: float, passed: bool
) -> None:
    found = check_circumstances(make_table(0, told=told), task=TASK)
    assert found.passed is passed, found.message
    assert passed or "ecg:b AUC of BL1" in found.message
