"""The built wheel in a fresh environment: every command runs, or says in one line which extra it needs."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
from fresh_environment import build_wheel, make_environment, run_in

from ecg_facial import load_example
from ecg_facial.cli.app import app

ROOT = Path(__file__).resolve().parents[1]
COMMANDS = sorted(str(command.name or command.callback.__name__) for command in app.registered_commands)
EXTRAS = {
    "evaluate": ("sklearn", "joblib", "cloudpickle", "jinja2", "matplotlib"),
    "train": ("torch", "safetensors", "onnx"),
}
Run = Callable[..., subprocess.CompletedProcess]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(ROOT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def base(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Run a program where the wheel was installed without extras."""
    place = tmp_path_factory.mktemp("base")
    programs = make_environment(place / "environment", wheel)
    return lambda *command: run_in(programs, *command, cwd=place)


@pytest.fixture(scope="module")
def judging(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Run a program where the wheel was installed with ``[evaluate]``."""
    place = tmp_path_factory.mktemp("judging")
    programs = make_environment(place / "environment", wheel, extras=["evaluate"])
    return lambda *command: run_in(programs, *command, cwd=place)


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people with a trial each, as files that the manifest reader takes."""
    folder, example = tmp_path_factory.mktemp("recordings"), load_example()
    shutil.copy(example.video, folder / "face.mp4")
    rows = [f"{number / example.ecg.fs_hz:.6f},{value:.4f}" for number, value in enumerate(example.ecg.samples)]
    (folder / "ecg.csv").write_text("\n".join(["time,ecg", *rows]) + "\n")
    people = [f"{name},1,{level},face.mp4,ecg.csv,512" for name, level in (("anna", "PA3"), ("ben", "BL1"))]
    (folder / "manifest.csv").write_text("\n".join(["subject,trial,label,video,ecg,fs_hz", *people]) + "\n")
    return folder


@pytest.fixture(scope="module")
def predictions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Somebody's predictions: eight trials of each of six people."""
    path, rng = tmp_path_factory.mktemp("predictions") / "theirs.csv", np.random.default_rng(0)
    rows = [
        f"s{person},t{trial},{'ab'[trial % 2]},{'ab'[rng.integers(2)]}" for person in range(6) for trial in range(8)
    ]
    path.write_text("\n".join(["subject,trial,label,predicted", *rows]) + "\n")
    return path


def check_one_line(done: subprocess.CompletedProcess, extras: str) -> None:
    assert done.returncode == 2, done.stdout + done.stderr
    said = rf"error: \w+ is needed here and is not installed: pip install 'ecg-facial\[{extras}\]'\n"
    assert re.fullmatch(said, done.stderr), done.stderr


def test_the_wheel_holds_what_the_package_reads(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        held = set(archive.namelist())
    package = ROOT / "ecg_facial"
    files = (path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    assert {path.relative_to(ROOT).as_posix() for path in files} <= held
    assert {name.partition("/")[0] for name in held if ".dist-info" not in name} == {"ecg_facial"}


def test_the_environment_has_no_extra(base: Run) -> None:
    packages = [*EXTRAS["evaluate"], *EXTRAS["train"], "numba"]
    done = base("python", "-c", f"import importlib.util as u; print([p for p in {packages} if u.find_spec(p)])")
    assert done.stdout == "[]\n", done.stdout + done.stderr


def test_the_version_is_that_of_the_metadata(base: Run) -> None:
    program = (
        "import ecg_facial as e, importlib.metadata as m; print(e.__version__ == m.version('ecg-facial'), e.__file__)"
    )
    said, place = base("python", "-c", program).stdout.split()
    assert said == "True"
    assert "site-packages" in place


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_every_command_has_help(base: Run, command: str) -> None:
    done = base("ecg-facial", *filter(None, [command]), "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.lstrip().startswith("Usage: ")


def test_doctor_says_what_is_missing(base: Run) -> None:
    done = base("ecg-facial", "doctor")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"^torch +missing +pip install 'ecg-facial\[train\]'$", done.stdout, flags=re.MULTILINE)
    assert "problem" not in done.stdout


def test_data_are_indexed_and_prepared(base: Run, recordings: Path, tmp_path: Path) -> None:
    found = base("ecg-facial", "index", str(recordings), "--out", str(tmp_path / "index.parquet"))
    assert found.returncode == 0, found.stderr
    assert (tmp_path / "index.parquet").is_file()
    made = base("ecg-facial", "prepare", str(recordings), "--out", str(tmp_path / "windows"), "--workers", "1")
    assert made.returncode == 0, made.stderr
    assert made.stdout.startswith("2 windows in ")


def test_an_ecg_becomes_tables_and_a_note_on_the_strip(base: Run, recordings: Path, tmp_path: Path) -> None:
    done = base("ecg-facial", "ecg", str(recordings / "ecg.csv"), "--out", str(tmp_path / "out"))
    assert (done.returncode, done.stderr) == (0, "")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"beats.csv", "summary.json"}
    assert done.stdout.count("pip install 'ecg-facial[evaluate]'") == 1


def test_a_bundle_predicts(base: Run, recordings: Path, small_bundle: Path) -> None:
    files = ["--video", str(recordings / "face.mp4"), "--ecg", str(recordings / "ecg.csv")]
    done = base("ecg-facial", "predict", str(small_bundle), *files)
    assert done.returncode == 0, done.stderr
    assert "predicted: " in done.stdout


def test_scoring_names_its_extra(base: Run, predictions: Path, tmp_path: Path) -> None:
    check_one_line(base("ecg-facial", "score", str(predictions), "--out", str(tmp_path / "out")), "evaluate")


@pytest.mark.parametrize(
    ("command", "extras"), [("train", "train"), ("benchmark", "train"), ("audit", "train"), ("demo", "simulate,train")]
)
def test_training_names_its_extra(base: Run, recordings: Path, tmp_path: Path, command: str, extras: str) -> None:
    out = ["--out", str(tmp_path / "out")]
    arguments = {"demo": out, "audit": [str(tmp_path)]}.get(command, [str(recordings), *out])
    check_one_line(base("ecg-facial", command, *arguments), extras)
    assert not (tmp_path / "out").exists()


def test_simulating_names_its_extra(base: Run, tmp_path: Path) -> None:
    check_one_line(base("ecg-facial", "simulate", str(tmp_path / "out"), "--subjects", "1"), "simulate")
    assert not (tmp_path / "out").exists()


def test_a_first_result_takes_no_extra_and_no_file(base: Run) -> None:
    program = (
        "import ecg_facial as ef; e = ef.load_example()\n"
        "print(len(ef.detect_r_peaks(e.ecg.samples, e.ecg.fs_hz)) - len(e.r_peak_times_s))"
    )
    assert base("python", "-c", program).stdout == "0\n"


def test_judging_predictions_needs_no_torch(judging: Run, predictions: Path, tmp_path: Path) -> None:
    assert judging("python", "-c", "import torch").returncode == 1
    done = judging("ecg-facial", "score", str(predictions), "--out", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    assert {"report.html", "metrics.json", "tables"} <= {path.name for path in (tmp_path / "out").iterdir()}


def test_with_matplotlib_an_ecg_becomes_a_strip(judging: Run, recordings: Path, tmp_path: Path) -> None:
    done = judging("ecg-facial", "ecg", str(recordings / "ecg.csv"), "--out", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "strip.png").is_file()
    assert "pip install" not in done.stdout


def test_training_still_names_its_extra(judging: Run, recordings: Path, tmp_path: Path) -> None:
    check_one_line(judging("ecg-facial", "train", str(recordings), "--out", str(tmp_path / "out")), "train")
