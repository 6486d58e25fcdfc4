"""Figures and the report with them: what is shown, of whom, and how it is marked."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from many_models import TWENTY, make_many
from matplotlib.figure import Figure
from report_tables import read_tables
from results import make_predictions, make_run

from ecg_facial.evaluation.judging.schema import RunMetrics
from ecg_facial.evaluation.report.examples import N_CROPS, Example
from ecg_facial.evaluation.report.figure_style import to_pdf, to_svg
from ecg_facial.evaluation.report.figures import draw_confusions, draw_example, draw_models, draw_subjects
from ecg_facial.evaluation.report.formats import format_percent
from ecg_facial.evaluation.report.writing import write_report
from ecg_facial.labels import get_task

TASK = get_task("biovid4")
RUN = make_run()


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


def write_both(figure: Figure | None) -> tuple[str, bytes]:
    assert figure is not None
    return to_svg(figure), to_pdf(figure)


def texts_of(figure: Figure | None) -> str:
    assert figure is not None
    return " ".join(ElementTree.fromstring(to_svg(figure)).itertext())


def test_every_figure_of_simulated_data_says_so_and_others_do_not(metrics: RunMetrics, example: Example) -> None:
    draw: list[Callable[[bool], Figure | None]] = [
        lambda simulated: draw_subjects(metrics, simulated=simulated),
        lambda simulated: draw_confusions(metrics, simulated=simulated),
        lambda simulated: draw_example(replace(example, simulated=simulated)),
    ]
    for figure in draw:
        assert "SIMULATED" in texts_of(figure(True))
        assert "SIMULATED" not in texts_of(figure(False))
        assert write_both(figure(True)) == write_both(figure(True))


def test_the_subjects_figure_names_everybody_and_chance(metrics: RunMetrics) -> None:
    shown = texts_of(draw_subjects(metrics, simulated=True))
    for words in ("s0", "s1", "s2", "chance", "mean, Face", "mean, ECG", "mean, Fusion"):
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
    ElementTree.fromstring(to_svg(draw_example(replace(example, **changes[lost]))))


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


def test_figures_lie_beside_the_report_as_svg_and_pdf_and_those_of_an_earlier_one_go(
    write: Callable[..., str], example: Example, tmp_path: Path
) -> None:
    write(example)
    folder = tmp_path / "figures"
    assert {path.name for path in folder.iterdir()} >= {"subjects.svg", "subjects.pdf", "example_1.svg", "ranks.pdf"}
    for path in folder.glob("*.svg"):
        assert "SIMULATED" in " ".join(ElementTree.fromstring(path.read_bytes()).itertext()), path.name
        assert path.with_suffix(".pdf").read_bytes().startswith(b"%PDF")
    own = folder / "own.svg"
    own.write_text("mine")
    write()
    assert not (folder / "example_1.svg").exists()
    assert not (folder / "example_1.pdf").exists()
    assert own.exists()


@pytest.fixture(scope="module")
def twenty() -> RunMetrics:
    return make_many(TWENTY, lost="method_number_07")


@pytest.fixture(scope="module")
def report_of_twenty(twenty: RunMetrics, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("twenty") / "report.html"
    write_report(path, run=RUN, metrics=twenty, predictions=make_predictions())
    return path.read_text(encoding="utf-8")


def test_no_pair_of_twenty_models_is_left_out(report_of_twenty: str) -> None:
    tables = read_tables(report_of_twenty)
    matrix = next(table for table in tables if table[0][-1] == "20")
    assert len(matrix) == 21
    assert all(sum(bool(re.fullmatch(r"([+−]\d+\.\d|0\.0)\*?|–", cell)) for cell in row) == 19 for row in matrix[1:])
    assert sum(" − " in row[0] for table in tables for row in table if row) == 190


def test_tables_of_twenty_models_are_narrow_enough_for_a_page(report_of_twenty: str) -> None:
    for table in read_tables(report_of_twenty):
        widths = {len(row) for row in table}
        assert len(widths) == 1, table[0]
        # numbers are short in the matrix of all pairs; every other table has few columns
        assert widths.pop() <= (21 if table[0][-1] == "20" else 10), table[0]


def test_a_report_of_twenty_models_is_small_enough_to_send(report_of_twenty: str) -> None:
    assert len(report_of_twenty.encode()) < 2_000_000


def test_trials_without_a_prediction_are_shown_in_both_ways(report_of_twenty: str, twenty: RunMetrics) -> None:
    answers = twenty.models["method_number_07"].answers
    table = next(table for table in read_tables(report_of_twenty) if "coverage" in table[0][:3])
    row = next(row for row in table if row[0].endswith("07"))
    assert row[1:3] == ["12", "75.0"]
    assert row[4] == format_percent(answers.accuracy_as_wrong)
    assert "Every model answered" not in report_of_twenty


@pytest.mark.parametrize("n_models", [1, 2, 3])
def test_reports_of_few_models_hold_all_of_them(n_models: int, tmp_path: Path) -> None:
    metrics = make_many(["facial", "ecg", "fusion"][:n_models])
    write_report(tmp_path / "report.html", run=RUN, metrics=metrics, predictions=make_predictions())
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert ("Models against each other" in text) == (n_models > 1)
    assert "Every model answered all 48 trials" in text
    assert text.count("<svg") >= 3


def test_many_models_have_a_row_each_and_ours_keep_the_rows_of_the_subjects(twenty: RunMetrics) -> None:
    every = texts_of(draw_models(twenty, simulated=True))
    assert all(model in every for model in TWENTY)
    assert draw_subjects(twenty, simulated=True) is None
    mixed = make_many(["facial", "fusion", *TWENTY[:5]])
    rows = texts_of(draw_subjects(mixed, simulated=True))
    assert "mean, Fusion" in rows
    assert TWENTY[0] not in rows
    assert draw_models(make_many(TWENTY[:5]), simulated=True) is None
