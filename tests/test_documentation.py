"""What the README and the pages say is true: the quick start gives what it shows, and links lead somewhere."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = sorted([*ROOT.glob("*.md"), *(path for path in ROOT.glob("docs/**/*.md") if "generated" not in path.parts)])
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")


def test_the_quick_start_prints_what_the_readme_shows() -> None:
    found = re.search(r"```python\n(.*?)```\n```text\n(.*?)```", README, flags=re.DOTALL)
    assert found is not None
    done = subprocess.run([sys.executable, "-c", found[1]], capture_output=True, text=True, check=False)
    assert done.stdout == found[2], done.stderr


def test_the_readme_is_read_in_one_go() -> None:
    assert len(README.splitlines()) <= 150
    assert README.count("![") == 1


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_of_a_page_lead_to_files(page: Path) -> None:
    links = LINK.findall(page.read_text(encoding="utf-8"))
    # pages of the gallery exist once they are built; Sphinx checks those links
    gone = [link for link in links if "generated/" not in link and not (page.parent / link).exists()]
    assert not gone


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_files_that_a_page_names_are_there(page: Path) -> None:
    named = re.findall(
        r"`((?:ecg_facial|tests|benchmarks|examples|tools|docs)/[\w./]+)`", page.read_text(encoding="utf-8")
    )
    # the log and the changes tell of what was
    gone = [name for name in named if not (ROOT / name).exists() and page.name not in ("log.md", "CHANGELOG.md")]
    assert not gone


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_python_on_a_page_imports_what_there_is_and_names_arguments_that_there_are(page: Path) -> None:
    for block in re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE):
        tree = ast.parse(block)
        names: dict[str, Any] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module != "__future__":
                module = importlib.import_module(str(node.module))
                names |= {alias.asname or alias.name: getattr(module, alias.name) for alias in node.names}
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            if isinstance(call.func, ast.Name) and call.func.id in names:
                given = {keyword.arg: None for keyword in call.keywords if keyword.arg}
                inspect.signature(names[call.func.id]).bind(*call.args, **given)
