"""`predictions.csv`: columns, rounding, the same bytes for the same content."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from results import make_table

from ecg_facial.evaluation.judging.predictions_file import predicted_classes, round_to_one, write_predictions
from ecg_facial.evaluation.judging.predictions_table import from_run, read_predictions
from ecg_facial.evaluation.judging.summary import summarise_predictions
from ecg_facial.labels import get_task

TASK = get_task("biovid4")
NAMES = TASK.class_names


@given(arrays(np.float64, (7, 4), elements=st.floats(1e-9, 1.0)))
def test_rounded_probabilities_sum_to_exactly_one_and_stay_close(values: np.ndarray) -> None:
    p = values / values.sum(axis=1, keepdims=True)
    steps = round_to_one(p)
    assert (steps.sum(axis=1) == 10**6).all()
    assert np.abs(steps / 1e6 - p).max() <= 1e-6


def test_the_file_has_the_public_columns_and_reads_back(tmp_path: Path) -> None:
    table, path = make_table(2), tmp_path / "predictions.csv"
    write_predictions(path, table)
    lines = path.read_text().splitlines()
    assert lines[0] == ("subject,trial,fold,seed,model,label,p_BL1,p_PA1,p_PA2,p_PA3,face_quality,ecg_quality")
    assert lines[1].startswith("s0,s0-00,0,0,facial,BL1,0.")
    assert [line.split(",")[4] for line in lines[1:4]] == ["facial", "ecg", "fusion"]
    told = summarise_predictions(from_run(table, NAMES), task=TASK.name)
    read = summarise_predictions(read_predictions(path), task=TASK.name)
    assert replace(read, notes=()) == told


def test_bytes_do_not_depend_on_the_order_of_rows(tmp_path: Path) -> None:
    table = make_table(3)
    write_predictions(tmp_path / "a.csv", table)
    write_predictions(tmp_path / "b.csv", table.sample(frac=1, random_state=0))
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


def test_ties_go_to_the_first_class() -> None:
    table = make_table(1).iloc[:1].copy()
    table[[f"p_{name}" for name in NAMES]] = 0.25
    assert predicted_classes(table).tolist() == ["BL1"]
