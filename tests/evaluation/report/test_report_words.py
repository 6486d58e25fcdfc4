"""What the words and tables of a report say; its figures are looked at elsewhere."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from report_tables import read_tables
from results import make_predictions, make_run

from ecg_facial.evaluation.benchmark.run_record import ProblemRecord, ScoredFile, TemperatureRecord
from ecg_facial.evaluation.judging.predictions_table import from_run
from ecg_facial.evaluation.judging.schema import AuditResult, Check, RunMetrics
from ecg_facial.evaluation.judging.summary import summarise_predictions
from ecg_facial.evaluation.report.formats import break_name, format_number, format_p, format_percent, format_points
from ecg_facial.evaluation.report.layout import count_trials, describe_quality, flatten
from ecg_facial.evaluation.report.writing import write_report
from ecg_facial.labels import get_task
from ecg_facial.runtime.provenance import describe_program

pytestmark = pytest.mark.usefixtures("no_figures")

TASK = get_task("biovid4")
RUN = make_run()
SCORED = ScoredFile(**vars(describe_program()), simulated=False, predictions="p.csv", predictions_sha256="0" * 64)


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


def test_permuted_labels_are_stamped(write: Callable[..., str]) -> None:
    assert "LABELS PERMUTED" in write(permuted_labels=True)
    assert "LABELS PERMUTED" not in write()


def test_long_lists_of_problems_are_cut_and_counted(write: Callable[..., str]) -> None:
    many = tuple(ProblemRecord(kind="missing", subject="s", trial=f"t{number}", message="gone") for number in range(60))
    text = write(problems=many)
    assert "60 exclusions and problems" in text
    assert len(re.findall(">gone<", text)) == 50
    assert "All are in run.json" in text


def test_the_report_says_the_temperatures_and_why_some_are_1(write: Callable[..., str]) -> None:
    assert "Temperature of ecg over 3 folds: median 1.25, 1 to 2.5; fewer than 20 trials: 8 (in 1 of them)." in write()
    same = TemperatureRecord(model="facial", n_folds=2, lowest=1.0, median=1.0, highest=1.0, reasons={"nobody": 2})
    assert "Temperature of facial over 2 folds: 1; nobody (in 2 of them)." in write(temperatures=(same,))
    # models of which the same is to be said share a line
    other = replace(same, model="majority", n_folds=3)
    text = html.unescape(write(temperatures=(same, other, replace(same, model="fusion:descriptors"))))
    assert "Temperature of facial, fusion:<wbr>descriptors over 2 folds: 1;" in text
    assert "Temperature of majority over 3 folds: 1;" in text


def test_the_choices_of_a_fold_stand_in_the_report(write: Callable[..., str]) -> None:
    fold = replace(RUN.folds[0], temperatures={"facial": 1.0, "ecg": 1.0}, epochs={"facial": 7, "ecg": 3})
    text = write(folds=(fold,))
    assert "facial 7, ecg 3" in text
    # what several models share stands once, so that twelve folds of eight models fit a page
    assert "all 1.00" in text
    assert "facial model of" not in text
    assert '<td class="text">facial:<wbr>descriptors</td>' in write(
        folds=(replace(fold, chosen_face="facial:descriptors"),)
    )


def test_every_figure_of_merit_stands_with_its_interval(write: Callable[..., str], metrics: RunMetrics) -> None:
    text = write().replace("&nbsp;", " ")
    for name in ("balanced_accuracy", "macro_f1", "auroc_macro"):
        figure = metrics.models["fusion"].figures[name]
        assert figure.mean is not None
        limits = f"({format_percent(figure.ci95_low)} to {format_percent(figure.ci95_high)})"
        assert f"{format_percent(figure.mean)} {limits}" in text or figure.ci95 is None


def test_many_or_long_names_of_classes_do_not_stand_side_by_side(tmp_path: Path) -> None:
    rng, names = np.random.default_rng(0), [f"a_class_with_a_long_name_{number}" for number in range(6)]
    rows = [
        [f"s{trial % 3}", f"t{trial}", trial % 3, 0, "facial", names[trial % 6], *rng.dirichlet(np.ones(6)), 1.0, 1.0]
        for trial in range(36)
    ]
    columns = ["subject", "trial", "fold", "seed", "model", "label", *(f"p_{name}" for name in names)]
    table = pd.DataFrame(rows, columns=[*columns, "face_quality", "ecg_quality"])
    about = from_run(table, names)
    metrics = summarise_predictions(about, task="six", simulated=True)
    write_report(tmp_path / "report.html", run=RUN, metrics=metrics, predictions=about.table)
    tables = read_tables((tmp_path / "report.html").read_text(encoding="utf-8"))
    counts = next(table for table in tables if table[0][0] == "subject")
    assert counts[:2] == [["subject", "fold", "trials", "classes"], ["s0", "0", "12", "2"]]


def test_a_report_claims_of_own_methods_only_what_it_knows(write: Callable[..., str]) -> None:
    said = ("Nothing of a test trial is used before its one prediction", "none of these train", "Rendered faces")
    ours = write()
    own = write(model_settings=None, window_settings=None, pipelines=("mine:make",), levels_by="unknown")
    for words in said:
        assert words in ours
        assert words not in own
    assert "Labels are the levels of the stimulus" in ours
    assert "Labels are" not in own
    assert "Own methods get the trials that train" in own
    assert "SIMULATED data" in own
    assert "<h1>Stimulus level from face video and ECG</h1>" in ours
    assert "<h1>Evaluation of own methods</h1>" in own
    assert "<h1>Observed level from" in write(levels_by="observer")


def test_the_verdict_of_the_audit_stands_at_the_top_with_its_reach(tmp_path: Path, metrics: RunMetrics) -> None:
    checks = [
        Check(name=f"check {n}", kind="deterministic", passed=passed, message="")
        for n, passed in enumerate((True, None))
    ]
    audited = replace(metrics, audit=AuditResult(checks=tuple(checks)))
    write_report(tmp_path / "report.html", run=RUN, metrics=audited, predictions=make_predictions())
    top = (tmp_path / "report.html").read_text(encoding="utf-8").split("<table>")[0]
    assert "no leak found: 1 of 2 checks passed; not checked: check 1" in top
    assert "clean" not in re.sub("<[^>]*>", "", top.split("</style>")[1])


@pytest.mark.parametrize(
    ("run", "said"),
    [
        (RUN, "This run was made without it; ecg-facial audit with the run's folder makes it later."),
        (SCORED, "Predictions alone cannot show how they came about; ecg-facial audit repeats folds of a run of ours."),
    ],
)
def test_a_report_without_an_audit_says_so_where_the_verdict_would_stand(
    run: Any, said: str, tmp_path: Path, metrics: RunMetrics
) -> None:
    write_report(
        tmp_path / "report.html", run=run, metrics=replace(metrics, audit=None), predictions=make_predictions()
    )
    top = (tmp_path / "report.html").read_text(encoding="utf-8").split("<table>")[0].split("</style>")[1]
    shown = " ".join(html.unescape(re.sub("<[^>]*>", "", top)).split())
    assert f"Leakage audit: not made. {said}" in shown
    assert "no leak found" not in shown


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
    # a difference that rounds to nothing has no sign
    assert (format_points(0.0), format_points(-0.0), format_points(-0.0004)) == ("0.0", "0.0", "0.0")
    assert [format_number(value) for value in (0.3, 1.0, 12.34, 219.4, 1234.5, -0.005, None)] == [
        "0.300", "1.00", "12.3", "219", "1234", "−0.005", "–"
    ]  # fmt: skip
    assert (format_p(0.5), format_p(0.0042), format_p(1e-9), format_p(None)) == ("0.50", "0.0042", "< 0.0001", "–")


def test_nested_settings_become_dotted_names() -> None:
    assert list(flatten({"face_weight": 0.8, "facial": {"hidden": 8}})) == [("face_weight", 0.8), ("facial.hidden", 8)]


def test_names_of_models_are_escaped_and_may_be_broken() -> None:
    assert str(break_name("a<b>_c:d")) == "a&lt;b&gt;_<wbr>c:<wbr>d"
