"""What a run or a file is about follows from names and places, never from figures."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from ecg_facial.evaluation.judging.model_names import BASELINES, choose_main_model, order_models
from ecg_facial.evaluation.judging.predictions_file import write_predictions
from tests.helpers.results import make_metrics, make_predictions


@pytest.mark.parametrize(
    ("models", "main"),
    [
        (("facial", "ecg", "fusion"), "fusion"),
        (("zebra", "apple"), "zebra"),
        (("facial:descriptors", "majority", "own"), "own"),
        (("ecg", "majority"), "ecg"),
        (("majority", "ecg:rate"), "majority"),
    ],
)
def test_the_main_model_is_fusion_or_the_first_that_is_no_baseline(models: tuple[str, ...], main: str) -> None:
    assert choose_main_model(models) == main
    assert make_metrics(models).main_model == main


def test_models_are_shown_in_one_order() -> None:
    assert order_models(["own", "fusion", *BASELINES, "ecg", "own"])[:2] == ["ecg", "fusion"]


def test_a_file_keeps_the_order_in_which_methods_were_handed_over(tmp_path: Path) -> None:
    table = make_predictions(("zebra", "apple", "majority"))
    write_predictions(tmp_path / "predictions.csv", table)
    kept = pd.read_csv(tmp_path / "predictions.csv")
    assert list(pd.unique(kept["model"])) == ["zebra", "apple", "majority"]
    assert choose_main_model(pd.unique(kept["model"])) == "zebra"
