"""Folders import only downwards, the use side never reaches torch, and modules stay short."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

import ecg_facial

PACKAGE = Path(ecg_facial.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))


def test_the_contracts_on_imports_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PACKAGE.parent)
    assert lint_imports(config_filename="pyproject.toml", no_cache=True) == EXIT_STATUS_SUCCESS


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_no_module_is_over_400_lines(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


@pytest.mark.parametrize("torch", ["None", "types.ModuleType('torch')"])
def test_importing_the_package_only_adds_modules_of_its_own(torch: str) -> None:
    """The order shows a module that was taken out and put back: it stands last then."""
    program = (
        f"import sys, types; sys.modules['torch'] = {torch}; before = list(sys.modules.items())\n"
        "import ecg_facial; after = list(sys.modules.items())\n"
        "assert after[:len(before)] == before, 'modules of others moved'\n"
        "print(*(name for name, _ in after[len(before):] if name.partition('.')[0] != '__future__'))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout.split()) == ["ecg_facial", "ecg_facial.version"]


def test_every_file_says_what_it_is(tmp_path: Path) -> None:
    tool, out = PACKAGE.parent / "tools" / "write_tree.py", tmp_path / "tree.md"
    done = subprocess.run([sys.executable, tool, out], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "  labels.py " in out.read_text(encoding="utf-8")
