"""Metrics, predictions file and summary."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ecg_facial.evaluation.judging.predictions_file import predicted_classes, round_to_one, write_predictions
from ecg_facial.evaluation.judging.predictions_table import from_run, read_predictions
from ecg_facial.evaluation.judging.summary import summarise_predictions
from ecg_facial.evaluation.statistics.metrics import compute_metrics
from ecg_facial.labels import get_task

TASK = get_task("biovid4")
NAMES = TASK.class_names


def make_table(n_subjects: int = 5, *, right: float = 0.7, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rows = []
    for subject in range(n_subjects):
        for trial in range(8):
            label = NAMES[trial % 4]
            for model, skill in (("facial", right), ("ecg", 0.4), ("fusion", right + 0.1)):
                guess = label if rng.random() < skill else NAMES[rng.integers(4)]
                p = np.full(4, 0.1)
                p[NAMES.index(guess)] = 0.7
                rows.append([f"s{subject}", f"s{subject}-{trial:02d}", subject, 0, model, label, *p, 1.0, 0.5])
    columns = ["subject", "trial", "fold", "seed", "model", "label", *(f"p_{name}" for name in NAMES)]
    return pd.DataFrame(rows, columns=[*columns, "face_quality", "ecg_quality"])


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


def test_the_summary_equals_a_count_by_hand() -> None:
    table = make_table(4)
    summary = summarise_predictions(from_run(table, NAMES), task=TASK.name)
    json.dumps(summary.to_dict(), allow_nan=False)
    face = table[table["model"] == "facial"]
    right = face["label"].to_numpy() == predicted_classes(face)
    by_subject = [right[(face["subject"] == f"s{s}").to_numpy()].mean() for s in range(4)]
    judged = summary.models["facial"]
    assert judged.overall.accuracy == pytest.approx(right.mean(), abs=1e-6)
    assert [subject.accuracy for subject in judged.subjects] == pytest.approx(by_subject, abs=1e-6)
    assert judged.over_subjects.accuracy_mean == pytest.approx(np.mean(by_subject), abs=1e-6)
    assert (summary.n_subjects, summary.n_trials, summary.chance) == (4, 32, 0.25)
    assert [(c.first, c.second) for c in summary.comparisons] == [
        ("fusion", "facial"), ("fusion", "ecg"), ("facial", "ecg"),
    ]  # fmt: skip
    assert np.sum(judged.overall.confusion) == 32


def test_one_subject_gives_none_and_no_nan() -> None:
    summary = summarise_predictions(from_run(make_table(1), NAMES), task=TASK.name)
    assert summary.models["ecg"].over_subjects.ci95_low is None
    json.dumps(summary.to_dict(), allow_nan=False)
