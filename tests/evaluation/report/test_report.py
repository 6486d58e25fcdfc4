"""Figures and the report: what is shown, of whom, and how it is marked."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from results import make_metrics, make_predictions, make_run

from ecg_facial.evaluation.benchmark.run_record import ProblemRecord, TemperatureRecord
from ecg_facial.evaluation.judging.schema import RunMetrics
from ecg_facial.evaluation.report.examples import N_CROPS, Example
from ecg_facial.evaluation.report.figures import draw_confusions, draw_example, draw_subjects
from ecg_facial.evaluation.report.writing import (
    count_trials,
    describe_quality,
    flatten,
    format_p,
    format_percent,
    format_points,
    write_report,
)
from ecg_facial.labels import get_task

TASK = get_task("biovid4")
RUN = make_run()


@pytest.fixture
def predictions() -> pd.DataFrame:
    return make_predictions()


@pytest.fixture
def metrics() -> RunMetrics:
    return make_metrics()


@pytest.fixture
def example() -> Example:
    beats = np.array([0.5, 1.3, 2.1])
    return Example(
        title="PA3, recognised",
        subject="s1",
        trial="s1-PA3-001",
        label="PA3",
        predicted="PA3",
        class_names=TASK.class_names,
        crops=np.full((N_CROPS, 16, 16, 3), 120, np.uint8),
        crop_times_s=np.arange(N_CROPS, dtype=np.float64),
        ecg=np.sin(np.arange(300) / 9.0),
        fs_hz=100.0,
        r_peak_times_s=beats,
        heart_rate_times_s=beats[1:],
        heart_rate_bpm=np.array([75.0, 75.0]),
        probabilities={name: np.array([0.1, 0.2, 0.3, 0.4]) for name in ("facial", "ecg", "fusion")},
        simulated=True,
    )


@pytest.fixture
def write(tmp_path: Path, metrics: RunMetrics, predictions: pd.DataFrame) -> Callable[..., str]:
    """Write a report and read it."""

    def write_and_read(*examples: Example, **changes: Any) -> str:
        path = tmp_path / "report.html"
        write_report(path, run=replace(RUN, **changes), metrics=metrics, predictions=predictions, examples=examples)
        return path.read_text(encoding="utf-8")

    return write_and_read


def texts_of(svg: str) -> str:
    return " ".join(ElementTree.fromstring(svg).itertext())


def test_every_figure_of_simulated_data_says_so_and_others_do_not(metrics: RunMetrics, example: Example) -> None:
    draw: list[Callable[[bool], str]] = [
        lambda simulated: draw_subjects(metrics, simulated=simulated),
        lambda simulated: draw_confusions(metrics, simulated=simulated),
        lambda simulated: draw_example(replace(example, simulated=simulated)),
    ]
    for figure in draw:
        assert "SIMULATED" in texts_of(figure(True))
        assert "SIMULATED" not in texts_of(figure(False))
        assert figure(True) == figure(True)


def test_the_subjects_figure_names_everybody_and_chance(metrics: RunMetrics) -> None:
    shown = texts_of(draw_subjects(metrics, simulated=True))
    for words in ("s0", "s1", "s2", "chance", "mean, 95 % CI", "Face", "ECG", "Fusion"):
        assert words in shown


def test_the_confusion_figure_shows_the_counts(metrics: RunMetrics) -> None:
    shown = texts_of(draw_confusions(metrics, simulated=True))
    counts = np.array(metrics.models["facial"].overall.confusion)
    share = 100 * counts / counts.sum(axis=1, keepdims=True)
    assert all(f"{value:.0f} %" in shown for value in share.ravel())


@pytest.mark.parametrize("lost", ["crops", "ecg", "heart_rate_bpm"])
def test_an_example_without_a_signal_is_drawn_all_the_same(example: Example, lost: str) -> None:
    changes: dict[str, Any] = {
        "crops": {"crops": example.crops[:0], "crop_times_s": np.zeros(0)},
        "ecg": {"ecg": np.zeros(0), "r_peak_times_s": np.zeros(0)},
        "heart_rate_bpm": {"heart_rate_bpm": np.zeros(0), "heart_rate_times_s": np.zeros(0)},
    }
    ElementTree.fromstring(draw_example(replace(example, **changes[lost])))


def test_the_report_shows_all_models_beside_chance_with_intervals(
    write: Callable[..., str], metrics: RunMetrics
) -> None:
    text = write()
    for name in ("facial", "ecg", "fusion"):
        judged = metrics.models[name]
        assert format_percent(judged.overall.accuracy) in text
        assert format_percent(judged.over_subjects.ci95_low) in text
    assert "25.0" in text
    assert "SIMULATED" in text.split("<h1>")[0]


def test_what_comes_from_outside_is_escaped(write: Callable[..., str]) -> None:
    text = write()
    assert html.escape("no <video>") in text
    assert "a <b>" not in text


def test_the_report_of_real_people_is_not_marked_as_simulated_and_shows_no_faces(
    write: Callable[..., str], example: Example
) -> None:
    real = replace(example, simulated=False, crops=example.crops[:0], crop_times_s=np.zeros(0))
    text = write(real, simulated=False)
    assert "SIMULATED" not in text
    assert "Faces are not shown" in text
    # the only pictures left are the three confusion matrices
    assert text.count("data:image") == 3


def test_permuted_labels_are_stamped(write: Callable[..., str]) -> None:
    assert "LABELS PERMUTED" in write(permuted_labels=True)
    assert "LABELS PERMUTED" not in write()


def test_long_lists_of_problems_are_cut_and_counted(write: Callable[..., str]) -> None:
    many = tuple(ProblemRecord(kind="missing", subject="s", trial=f"t{number}", message="gone") for number in range(60))
    text = write(problems=many)
    assert "60 exclusions and problems" in text
    assert len(re.findall(">gone<", text)) == 50
    assert "All are in run.json" in text


def test_trials_are_counted_by_subject_and_level(predictions: pd.DataFrame) -> None:
    assert count_trials(predictions, TASK.class_names) == [
        {"subject": f"s{s}", "people": [], "fold": s, "numbers": [1, 1, 1, 1]} for s in range(3)
    ]


def test_lost_signals_are_counted(predictions: pd.DataFrame) -> None:
    predictions.loc[predictions["trial"] == "t0", "face_quality"] = 0.0
    assert describe_quality(predictions) == {"no_face": 1, "no_ecg": 0, "median_face": 0.9, "median_ecg": 0.8}


def test_figures_are_written_as_readers_expect_them() -> None:
    assert (format_percent(0.6304), format_percent(None)) == ("63.0", "–")
    assert (format_points(0.068), format_points(-0.005), format_points(None)) == ("+6.8", "−0.5", "–")
    assert (format_p(0.5), format_p(0.0042), format_p(1e-9), format_p(None)) == ("0.50", "0.0042", "< 0.0001", "–")


def test_nested_settings_become_dotted_names() -> None:
    assert list(flatten({"face_weight": 0.8, "facial": {"hidden": 8}})) == [("face_weight", 0.8), ("facial.hidden", 8)]


def test_the_report_says_the_temperatures_and_why_some_are_1(write: Callable[..., str]) -> None:
    assert "Temperature of ecg over 3 folds: median 1.25, 1 to 2.5; fewer than 20 trials: 8 (in 1 of them)." in write()
    same = TemperatureRecord(model="facial", n_folds=2, lowest=1.0, median=1.0, highest=1.0, reasons={"nobody": 2})
    assert "Temperature of facial over 2 folds: 1; nobody (in 2 of them)." in write(temperatures=(same,))
