"""A module imports only from modules above it, so that data flows one way and prediction never needs torch."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import ecg_facial

ORDER = (
    "errors", "settings", "storage", "progress", "executors", "console", "provenance", "labels", "recording", "ecg",
    "face", "windows", "datasets", "simulate", "inspection", "prepare", "normalisation", "bundle", "fusion", "backends",
    "predictor", "nets", "facial_model", "ecg_model", "fusion_model", "onnx_export", "training", "pretraining",
    "fitting", "evaluation", "bundling", "wording", "doctor", "workflow", "demo", "options", "cli", "__main__",
)  # fmt: skip
FREE_OF_TORCH = ORDER[: ORDER.index("nets")]
PACKAGE = Path(ecg_facial.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))


def part_of(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imported_names(path: Path) -> set[str]:
    """Full names of everything a module imports, but for what it runs only as a script."""
    names = set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    body = [node for node in tree.body if not (isinstance(node, ast.If) and "__main__" in ast.unparse(node.test))]
    for node in (inner for statement in body for inner in ast.walk(statement)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def imported_parts(path: Path) -> set[str]:
    return {name.split(".")[1] for name in imported_names(path) if name.startswith("ecg_facial.")} - {"__version__"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_module_imports_only_from_above(path: Path) -> None:
    part = part_of(path)
    if part == "__init__":
        return
    assert part in ORDER, f"{part} has no place in the order"
    below = {other for other in imported_parts(path) if ORDER.index(other) > ORDER.index(part)}
    assert not below, f"{path.name} imports from below itself: {sorted(below)}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_no_module_above_nets_imports_torch(path: Path) -> None:
    if part_of(path) in FREE_OF_TORCH:
        assert not {name for name in imported_names(path) if name.split(".")[0] == "torch"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_no_module_is_over_400_lines(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


def test_the_readme_shows_the_tree_as_it_is() -> None:
    tool = PACKAGE.parent / "tools" / "readme_tree.py"
    done = subprocess.run([sys.executable, tool, "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
