"""Commands without the optional packages: one line that names the extra, or work that needs none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

WITHOUT_EXTRAS = """
import sys
from importlib.abc import MetaPathFinder
HELD_BACK = set(sys.argv.pop(1).split(","))
class Blocked(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in HELD_BACK:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Blocked())
from ecg_facial.cli.app import main
sys.argv[0] = "ecg-facial"
main()
"""
TRAINING, EVERY = (
    "torch,onnx,onnxscript,safetensors",
    "torch,onnx,onnxscript,safetensors,sklearn,jinja2,matplotlib,joblib,ray",
)


def run_without(held_back: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", WITHOUT_EXTRAS, held_back, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("command", "needed"),
    [("train", "torch"), ("benchmark", "torch"), ("audit", "torch"), ("demo", "torch"), ("score", "sklearn")],
)
def test_a_command_that_needs_extras_names_them_all_in_one_line(command: str, needed: str, tmp_path: Path) -> None:
    place = ["--out", str(tmp_path / "out")]
    arguments = {"demo": place, "audit": [str(tmp_path)]}.get(command, [str(tmp_path), *place])
    done = run_without(EVERY, command, *arguments)
    assert done.returncode == 2
    extras = {"demo": "simulate,train", "score": "evaluate"}.get(command, "train")
    assert done.stderr == (f"error: {needed} is needed here and is not installed: pip install 'ecg-facial[{extras}]'\n")


@pytest.mark.parametrize("command", ["index", "prepare"])
def test_an_executor_that_needs_ray_says_so_in_one_line(command: str, tmp_path: Path) -> None:
    place = ["--out", str(tmp_path / "out")]
    done = run_without("ray", command, str(tmp_path), *place, "--executor", "ray")
    assert done.returncode == 2
    assert done.stderr == "error: ray is needed here and is not installed: pip install 'ecg-facial[ray]'\n"


def test_scoring_needs_no_torch(tmp_path: Path) -> None:
    rows = [f"s{person},t{trial},{'ab'[trial % 2]},{'ab'[trial // 2 % 2]}" for person in range(6) for trial in range(8)]
    table = tmp_path / "theirs.csv"
    table.write_text("\n".join(["subject,trial,label,predicted", *rows]) + "\n")
    done = run_without(TRAINING, "score", str(table), "--out", str(tmp_path / "judged"))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "judged" / "report.html").is_file()


@pytest.mark.parametrize(
    ("command", "code"), [("--help", 0), ("doctor", 0), ("index", 2), ("predict", 2), ("prepare", 2)]
)
def test_a_base_installation_runs_what_needs_no_extra(command: str, code: int, tmp_path: Path) -> None:
    nowhere = str(tmp_path / "nowhere")
    more = {
        "index": [nowhere],
        "predict": [nowhere, "--video", "a.mp4"],
        "prepare": [nowhere, "--out", nowhere + "-out"],
    }
    done = run_without(EVERY, command, *more.get(command, []))
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert "is not installed" not in done.stderr
