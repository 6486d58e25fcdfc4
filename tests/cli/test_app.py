"""The command line: good input says what it did, and options become the settings that they name."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from command_line import Said, write_trial
from ecg_files import make_ecg
from results import make_metrics
from tiny_files import write_ecg, write_pspi

from ecg_facial.cli import app as cli
from ecg_facial.cli import wording
from ecg_facial.datasets.readers.registry import READERS
from ecg_facial.evaluation.benchmark.runner import BenchmarkResult
from ecg_facial.evaluation.benchmark.settings import BenchmarkSettings
from ecg_facial.evaluation.judging.schema import CeilingComparison
from ecg_facial.evaluation.protocols.settings import InnerSettings
from ecg_facial.labels import TASKS
from ecg_facial.prepared.settings import NormalisationSettings
from ecg_facial.runtime.text import SIMULATED_NOTE
from ecg_facial.windows.settings import WindowSettings
from ecg_facial.workflow import benchmarking as workflow
from ecg_facial.workflow.settings import DataOptions


def test_the_index_names_every_problem_and_is_written(run: Callable[..., Said], tmp_path: Path) -> None:
    root = tmp_path / "data"
    write_trial(root)
    write_trial(root, trial="PA9-001")
    video, _ = write_trial(root, trial="PA1-001")
    video.write_bytes(video.read_bytes()[:3000])
    _, lonely = write_trial(root, trial="PA2-021")
    lonely.unlink()
    _, short = write_trial(root, trial="PA3-041")
    write_ecg(short, duration_s=2.0)
    said = run("index", root, "--out", tmp_path / "index.parquet")
    assert said.code == 0
    assert "4 usable trials" in said.out
    assert "problems: 1 missing, 1 note, 2 too_short, 1 unknown_label" in said.out
    for name in ("PA9", "PA1-001", "PA2-021", "2.00 s: at least 4.95 s"):
        assert name in said.out
    assert "labels without a class: expected BL1, PA1, PA2, PA3, PA4 (or P0..P4, or 0..4), as the other" in said.out
    (where,) = [line for line in said.out.splitlines() if line.startswith("labels without a class")]
    assert "correct PA9 (trial 071309_w_21-PA9-001 in " in where
    assert "--classes" not in said.out
    assert (tmp_path / "index.parquet").stat().st_size > 0


def test_the_index_takes_the_rule_that_makes_levels_of_pspi(run: Callable[..., Said], tmp_path: Path) -> None:
    write_pspi(tmp_path, "042-ll042", "ll042t1aaaff", [0.0] * 137 + [2.0])
    assert "0 usable trials" in run("index", tmp_path).out
    said = run("index", tmp_path, "--reader", "unbc", "--pspi-pain", "2")
    assert "1 usable trials" in said.out
    assert "LEVELS BY AN OBSERVER" in said.out
    for reader in READERS:
        assert reader in run("index", "--help").out


def test_a_truncated_video_leaves_the_ecg_of_its_trial(run: Callable[..., Said], tmp_path: Path) -> None:
    video, _ = write_trial(tmp_path)
    video.write_bytes(video.read_bytes()[: video.stat().st_size // 2])
    said = run("index", tmp_path)
    assert "problems: 1 note, 1 too_short" in said.out
    assert "cut off" in said.out
    assert "1 usable trials" in said.out


def test_an_ecg_is_looked_at_and_the_files_are_named(run: Callable[..., Said], tmp_path: Path) -> None:
    table = tmp_path / "ecg.csv"
    table.write_text("gsr,chest (mV)\n" + "".join(f"5,{value:.4f}\n" for value in make_ecg()))
    said = run("ecg", table, "--out", tmp_path / "looked", "--fs-hz", "200", "--column", "chest", "--duration-s", "5")
    assert said.code == 0
    assert "heart rate       75.0 bpm" in said.out
    assert "channel          chest (of gsr, chest)" in said.out
    assert "signal quality   " in said.out
    assert {path.name for path in (tmp_path / "looked").iterdir()} == {
        "beats.csv", "summary.json", "strip.png", "strip.svg",
    }  # fmt: skip
    assert run("ecg", table, "--out", tmp_path / "looked", "--fs-hz", "200", "--channel", "2").code == 0
    far = run("ecg", table, "--out", tmp_path / "looked", "--fs-hz", "200", "--channel", "2", "--start-s", "60")
    assert (far.code, "a strip from 60 s: the recording lasts 10 s" in far.err) == (2, True)


def test_doctor_says_what_is_usable(run: Callable[..., Said]) -> None:
    said = run("doctor")
    assert said.code == 0
    for name in ("numpy", "torch", "joblib", "face detection", "H.264 video", "ResNet18 weights", "free disk"):
        assert name in said.out
    assert "problem" not in said.out


def test_help_names_every_command_and_imports_nothing_heavy() -> None:
    program = (
        "import sys; from ecg_facial.cli.app import main; sys.argv = ['ecg-facial', '--help']\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print([name for name in ('numpy', 'scipy', 'pandas', 'torch', 'cv2', 'av') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    for command in ("demo", "simulate", "index", "prepare", "train", "benchmark", "predict", "doctor"):
        assert f"  {command}" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"


def test_tasks_on_the_command_line_are_those_of_the_labels(run: Callable[..., Said]) -> None:
    assert "--task " + "|".join(TASKS) in run("train", "--help").out


def test_json_of_a_prediction_is_json_alone(run: Callable[..., Said], shared_data: Path, small_bundle: Path) -> None:
    said = run(
        "predict", small_bundle, "--ecg", shared_data / "ecg" / "other" / "e0103.csv", "--fs-hz", "250", "--json"
    )
    content = json.loads(said.out)
    assert sum(content["probabilities"]) == pytest.approx(1)
    assert content["facial"] is None


def test_the_fusion_module_prints_the_overall_accuracy_as_the_original_did(
    run: Callable[..., Said], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {}

    def benchmark(data: Path, out: Path, **options: Any) -> BenchmarkResult:
        asked.update(options, data=data, out=out)
        metrics = make_metrics()
        fusion = metrics.models["fusion"]
        known = replace(fusion, overall=replace(fusion.overall, accuracy=0.625))
        ceiling = CeilingComparison(accuracy=0.8, n_trials=12, difference=-0.2, lower99=None, leakage=False)
        metrics = replace(metrics, models={"fusion": known}, ceiling={"fusion": ceiling})
        return BenchmarkResult(folder=out, predictions=pd.DataFrame(), metrics=metrics, simulated=True)

    monkeypatch.setattr(workflow, "benchmark_dataset", benchmark)
    said = run(tmp_path, "--out", tmp_path / "run", "--task", "binary", program=cli.fusion_main)
    assert said.out.splitlines() == [
        SIMULATED_NOTE,
        "Fusion accuracy (leave-one-subject-out): 62.50 %",
        "Ceiling, what an ideal observer reaches on these trials: 80.00 %",
    ]
    assert (asked["data"], asked["out"], asked["settings"].task) == (tmp_path, tmp_path / "run", "binary")
    assert (asked["settings"].models.face_weight, asked["settings"].models.ecg_weight) == (0.8, 0.2)


def test_protocol_options_become_the_settings_that_they_name(
    run: Callable[..., Said], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {}

    def benchmark(data: Path, out: Path, **options: Any) -> BenchmarkResult:
        asked.update(options)
        return BenchmarkResult(folder=out, predictions=pd.DataFrame(), metrics=make_metrics(), simulated=True)

    monkeypatch.setattr(workflow, "benchmark_dataset", benchmark)
    monkeypatch.setattr(wording, "show_result", lambda _: "shown")
    assert run("benchmark", tmp_path, "--out", tmp_path / "run").out == "shown\n"
    assert (asked["settings"].seeds, asked["settings"].protocol) == (3, "loso")
    assert asked["settings"] == BenchmarkSettings(models=asked["settings"].models, seeds=3)
    words = "--protocol k-shot:2 --seeds 5 --seed 7 --inner crossfit --conformal-share 0.2 --calibration-share 0.3"
    more = "--normalisation baseline --baseline-trials 4 --fusion-weights learned --choose-face --folds f.json"
    run("benchmark", tmp_path, "--out", tmp_path / "run", *words.split(), *more.split(), "--test-data", "other")
    assert asked["settings"].choose_face
    settings = asked["settings"]
    assert (settings.protocol, settings.seeds, settings.seed, settings.fusion_weights) == ("k-shot:2", 5, 7, "learned")
    assert settings.inner == InnerSettings(calibration_share=0.3, conformal_share=0.2, rule="crossfit")
    assert settings.normalisation == NormalisationSettings(mode="baseline", baseline_trials=4)
    assert (asked["folds"], asked["test_data"]) == (Path("f.json"), Path("other"))
    refused = run("benchmark", tmp_path, "--out", tmp_path / "run", "--protocol", "lopo")
    assert refused.code == 2
    assert "unknown protocol 'lopo'" in refused.err


@pytest.fixture
def train_with(
    run: Callable[..., Said], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[DataOptions, BenchmarkSettings]]:
    """Give the settings that `train` makes of options."""
    asked: dict[str, Any] = {}
    monkeypatch.setattr(workflow, "train_dataset", lambda *_, **given: asked.update(given))

    def train(*options: str) -> tuple[DataOptions, BenchmarkSettings]:
        said = run("train", tmp_path, "--out", tmp_path / "model", *options)
        assert said.code == 0, said.err
        return asked["options"], asked["settings"]

    return train


def test_without_options_the_settings_are_the_classes_own(
    train_with: Callable[..., tuple[DataOptions, BenchmarkSettings]],
) -> None:
    assert train_with() == (DataOptions(), BenchmarkSettings())


def test_shared_options_become_the_settings_that_they_name(
    train_with: Callable[..., tuple[DataOptions, BenchmarkSettings]],
) -> None:
    words = "--reader biovid --signals raw --subjects reactive --frames 16 --frame-policy late --detector-path y.onnx"
    data, _ = train_with(*words.split())
    windows = WindowSettings(n_frames=16, frame_policy="late")
    assert data == DataOptions(
        reader="biovid",
        reader_options={"signals": "raw", "subjects": "reactive"},
        windows=windows,
        detector_path=Path("y.onnx"),
    )
    more = "--task binary --hidden 32 --epochs 7 --seed 3 --face-weight 0.5 --ecg-weight 0"
    _, settings = train_with(*more.split())
    assert (settings.task, settings.seed) == ("binary", 3)
    assert (settings.models.facial.hidden, settings.models.facial_training.epochs) == (32, 7)
    assert settings.models.ecg_training.epochs == 14
    assert (settings.models.face_weight, settings.models.ecg_weight) == (0.5, 0.0)


@pytest.mark.parametrize("options", [["--fine-tune"], ["--weights", "none"]])
def test_a_network_that_is_trained_takes_smaller_steps(
    options: list[str], train_with: Callable[..., tuple[DataOptions, BenchmarkSettings]]
) -> None:
    _, frozen = train_with()
    _, trained = train_with(*options)
    assert frozen.models.facial.frozen
    assert not trained.models.facial.frozen
    assert trained.models.facial_training.learning_rate < frozen.models.facial_training.learning_rate


@pytest.mark.parametrize(
    ("command", "words", "complaint"),
    [
        ("prepare", "--frames 0", "n_frames is 0"),
        ("prepare", "--crop-px 8", "crop_px is 8"),
        ("prepare", "--detector haar", "unknown face detector 'haar'"),
        ("train", "--epochs 0", "epochs"),
        ("train", "--hidden 0", "0 units"),
        ("train", "--task triple", "unknown task 'triple'"),
        ("train", "--seed -1", "seed -1"),
        ("benchmark", "--inner half", "'half'"),
        ("benchmark", "--baseline-trials 0", "baseline_trials is 0"),
        ("audit", "--folds -1", "-1 folds"),
        ("demo", "--subjects 3", "n_subjects is 3"),
        ("simulate", "--subjects 0", "number of subjects is 0"),
        ("simulate", "--pathology-share 2", "2.0: expected 0 to 1"),
        ("ecg", "--duration-s 0", "a strip of 0.0 s"),
    ],
)
def test_settings_refuse_what_is_outside_their_limits_in_one_line(
    command: str, words: str, complaint: str, run: Callable[..., Said], tmp_path: Path
) -> None:
    place = {"demo": ["--out", "o"], "simulate": ["o"], "audit": ["o"]}.get(command, ["d", "--out", "o"])
    said = run(command, *place, *words.split())
    assert (said.code, said.out) == (2, "")
    (line,) = said.err.splitlines()
    assert line.startswith("error: ")
    assert complaint in line


@pytest.mark.parametrize("command", ["prepare", "benchmark", "train"])
def test_every_command_on_data_offers_the_shared_options(command: str, run: Callable[..., Said]) -> None:
    shown = run(command, "--help").out
    for option in ("--reader", "--signals", "--subjects", "--frames", "--crop-px", "--detector-path", "--workers"):
        assert option in shown
