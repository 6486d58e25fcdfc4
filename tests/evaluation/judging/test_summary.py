"""From predictions to metrics, compared with counts by hand."""

from __future__ import annotations

import json

import numpy as np
import pytest
from results import make_table

from ecg_facial.evaluation.judging.predictions_file import predicted_classes
from ecg_facial.evaluation.judging.predictions_table import from_run
from ecg_facial.evaluation.judging.summary import summarise_predictions
from ecg_facial.labels import get_task

TASK = get_task("biovid4")
NAMES = TASK.class_names


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
