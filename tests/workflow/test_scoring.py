"""From a stranger's file to metrics, report and tables."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from fewer_figures import keep_figures
from typer.testing import CliRunner

from ecg_facial.cli.app import app
from ecg_facial.datasets.settings import LabelSettings
from ecg_facial.errors import SettingsError
from ecg_facial.evaluation.judging.published import Published
from ecg_facial.evaluation.judging.schema import LeakageGap, ProtocolComparison, RunMetrics
from ecg_facial.evaluation.report.figure_style import to_svg
from ecg_facial.evaluation.report.figures_calibration import draw_reliability, draw_risk_coverage
from ecg_facial.evaluation.report.figures_comparison import draw_leakage, draw_published, draw_ranks
from ecg_facial.workflow.scoring import METRICS_FILE, REPORT_FILE, TABLES_FOLDER, score

CLASSES = ("none", "mild", "severe")


def make_file(path: Path, *, n_subjects: int = 12, models: tuple[str, ...] = ("a", "b", "c"), seeds: int = 1) -> Path:
    """Models of falling skill; the last one gives decisions alone."""
    rng, rows = np.random.default_rng(0), []
    for subject in range(n_subjects):
        for trial in range(9):
            label = trial % 3
            for rank, model in enumerate(models):
                for seed in range(seeds):
                    logits = rng.normal(0, 1, 3)
                    logits[label] += 2.0 - rank
                    p = np.round(np.exp(logits) / np.exp(logits).sum(), 6)
                    p[0] += 1 - p.sum()
                    shown = [f"{value:.6f}" for value in p] if rank < len(models) - 1 else ["", "", ""]
                    sex = "w" if subject % 2 else "m"
                    rows.append(
                        [f"s{subject}", f"t{trial}", seed, model, CLASSES[label], CLASSES[p.argmax()], sex, *shown]
                    )
    names = ["subject", "trial", "seed", "model", "label", "predicted", "sex", *(f"p_{name}" for name in CLASSES)]
    pd.DataFrame(rows, columns=names).to_csv(path, index=False)
    return path


@pytest.fixture(scope="module", autouse=True)
def _no_figures() -> Iterator[None]:
    with keep_figures():
        yield


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, RunMetrics]:
    """What is written of a file that is called simulated."""
    folder = tmp_path_factory.mktemp("simulated")
    return folder / "out", score(make_file(folder / "theirs.csv"), folder / "out", simulated=True)


def test_a_strangers_file_becomes_metrics_report_and_tables(tmp_path: Path) -> None:
    path = make_file(tmp_path / "theirs.csv", seeds=2)
    metrics = score(path, tmp_path / "out", labels=LabelSettings(classes=CLASSES))
    assert json.loads((tmp_path / "out" / METRICS_FILE).read_text()) == metrics.to_dict()
    assert (metrics.n_subjects, metrics.n_trials, metrics.seeds) == (12, 108, (0, 1))
    skill = [metrics.models[model].overall.accuracy for model in "abc"]
    assert skill[0] > skill[1] > skill[2]
    assert metrics.models["c"].calibration is None
    assert metrics.models["a"].strata["sex"].groups.keys() == {"m", "w"}
    assert metrics.models["a"].retest.seeds.n_sessions == 2
    assert len(metrics.comparisons) == 3
    text = (tmp_path / "out" / REPORT_FILE).read_text()
    assert "SIMULATED" not in text
    assert "Leakage audit: not made" in text
    assert "TRIPOD+AI" in text
    assert "http://" not in text.replace("http://www.w3.org", "").replace("http://purl.org", "").replace(
        "http://creativecommons.org", ""
    )


def test_tables_hold_the_metrics_and_their_caption(simulated: tuple[Path, RunMetrics]) -> None:
    out, metrics = simulated
    folder = out / TABLES_FOLDER
    models = pd.read_csv(folder / "models.csv").set_index("model")
    assert models.loc["a", "accuracy"] == metrics.models["a"].overall.accuracy
    assert models["simulated"].all()
    assert len(pd.read_csv(folder / "subjects.csv")) == 36
    assert len(pd.read_csv(folder / "strata.csv")) == 6
    for file in folder.glob("*.tex"):
        text = file.read_text()
        n_tables = text.count("\\begin{table}") + text.count("\\begin{longtable}")
        assert n_tables == text.count("\\caption{SIMULATED data. ")
        assert n_tables >= 1
        for row in text.splitlines():
            assert row.count(" & ") < 8, file.name
        # nothing that LaTeX would stumble over: every per cent sign and underscore is escaped
        assert all(text[place - 1] == "\\" for place, sign in enumerate(text) if sign == "%")


def test_a_file_beside_a_simulated_run_is_marked_as_simulated(tmp_path: Path) -> None:
    path = make_file(tmp_path / "predictions.csv", n_subjects=3)
    (tmp_path / "run.json").write_text('{"simulated": true}')
    assert score(path, tmp_path / "out").simulated
    assert "SIMULATED data" in (tmp_path / "out" / REPORT_FILE).read_text()


def test_a_run_is_not_overwritten_by_the_judgement_of_its_predictions(tmp_path: Path) -> None:
    path = make_file(tmp_path / "predictions.csv", n_subjects=3)
    (tmp_path / "run.json").write_text("{}")
    (tmp_path / "metrics.json").write_text("the run's")
    with pytest.raises(SettingsError, match="holds a run, whose report and metrics would be lost"):
        score(path, tmp_path)
    assert (tmp_path / "metrics.json").read_text() == "the run's"


def test_the_command_shows_models_beside_chance_and_refuses_in_one_line(tmp_path: Path) -> None:
    path = make_file(tmp_path / "theirs.csv", n_subjects=4)
    shown = CliRunner().invoke(
        app, ["score", str(path), "--out", str(tmp_path / "out"), "--classes", ",".join(CLASSES)]
    )
    assert shown.exit_code == 0
    assert "theirs.csv: 4 subjects, 36 trials, %" in shown.output
    assert "chance" in shown.output
    path.write_text("subject,trial\na,1\n")
    run = subprocess.run(
        [sys.executable, "-m", "ecg_facial", "score", str(path), "--out", str(tmp_path / "no")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 2
    assert run.stderr.count("\n") == 1
    assert "no column label" in run.stderr


def test_importing_the_judge_loads_nothing_that_only_a_report_or_a_network_needs() -> None:
    slow = ("torch", "sklearn", "matplotlib.figure", "scipy.stats", "scipy.signal", "cv2", "av")
    code = f"import sys, ecg_facial.workflow.scoring\nprint([name for name in {slow!r} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize("n_subjects", [1, 2])
def test_one_or_two_people_give_what_can_be_said_and_no_more(tmp_path: Path, n_subjects: int) -> None:
    path = make_file(tmp_path / "theirs.csv", n_subjects=n_subjects)
    metrics = score(path, tmp_path / "out")
    over = metrics.models["a"].over_subjects
    assert (over.ci95_low is None) == (n_subjects == 1)
    json.dumps(metrics.to_dict(), allow_nan=False)


def test_many_classes_and_unbalanced_ones_are_judged_against_the_largest(tmp_path: Path) -> None:
    rows = [f"s{n % 4},t{n},{'x' if n % 5 else 'y'},x" for n in range(40)]
    path = tmp_path / "p.csv"
    path.write_text("subject,trial,label,predicted\n" + "\n".join(rows))
    metrics = score(path, tmp_path / "out")
    assert metrics.chance == 0.8
    assert "not balanced" in metrics.chance_rule
    assert metrics.models["model"].overall.sensitivity == 0.0
    assert metrics.models["model"].overall.specificity == 1.0


def test_figures_say_what_they_show(simulated: tuple[Path, RunMetrics]) -> None:
    _, metrics = simulated
    gap = LeakageGap(accuracy=0.9, honest_accuracy=0.5, leakage=0.4)
    original = ProtocolComparison(protocol="original", stamps=(), models={"a": gap})
    published = [
        Published(name="Somebody 2020", modality="EDA", task="binary", accuracy=72.4, protocol="loso", source="a paper")
    ]
    drawn = {
        "mean rank": draw_ranks(metrics, simulated=True),
        "ECE": draw_reliability(metrics, simulated=True),
        "surest first": draw_risk_coverage(metrics, simulated=True),
        "both sides": draw_leakage(replace(metrics, original=original), simulated=True),
        "Somebody 2020": draw_published(metrics, published, simulated=True),
    }
    for words, figure in drawn.items():
        assert figure is not None
        shown = " ".join(ElementTree.fromstring(to_svg(figure)).itertext())
        assert words in shown
        assert "SIMULATED" in shown
    assert draw_leakage(metrics, simulated=True) is None
    assert draw_published(metrics, [], simulated=True) is None
