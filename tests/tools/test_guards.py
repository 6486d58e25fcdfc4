"""The table of guards is true, and a guard that can go unnoticed is told."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from guards import GUARDS, Guard
from guards_off import ROOT, GuardError, find_text, main, taken_away, try_guards

ONE = Guard(
    fault="sums", about="a sum is wrong", file="sums.py", text="    return a + b\n", instead="    return a\n",
    tests="test_sums.py",
)  # fmt: skip


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.about)
def test_each_guard_stands_in_the_code_once(guard: Guard) -> None:
    content = find_text(guard, ROOT)
    changed = content.replace(guard.text, guard.instead)
    assert changed != content
    if guard.file.endswith(".py"):
        compile(changed, guard.file, "exec")
    assert all((ROOT / test).exists() for test in guard.tests.split())


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    root.mkdir()
    (root / "sums.py").write_text("def add(a, b):\n    return a + b\n\n\ndef twice(a):\n    return 2 * a\n")
    (root / "test_sums.py").write_text("from sums import add\n\n\ndef test_sum():\n    assert add(1, 2) == 3\n")
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    return root


def test_a_guard_is_found_missing_by_a_test_that_fails_without_it_alone(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    unnoticed = replace(ONE, about="a product is wrong", text="    return 2 * a\n", instead="    return a\n")
    before = (checkout / "sums.py").read_text()
    assert try_guards([ONE, unnoticed], checkout) == [unnoticed]
    assert (checkout / "sums.py").read_text() == before
    found, missed = capsys.readouterr().out.splitlines()
    assert found.startswith("found: sums: a sum is wrong")
    assert found.endswith("test_sums.py::test_sum")
    assert missed.startswith("NOT FOUND: sums: a product is wrong")


def test_a_test_that_fails_with_the_guard_too_finds_nothing(checkout: Path) -> None:
    (checkout / "test_sums.py").write_text("def test_sum():\n    assert False\n")
    with pytest.raises(GuardError, match="fails with the guard, too"):
        try_guards([ONE], checkout)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"text": "    return a - b\n"}, "stands there 0 times"),
        ({"text": "    return "}, "stands there 2 times"),
        ({"file": "products.py"}, "stands there 0 times"),
        ({"tests": "test_products.py"}, "ended with code 4"),
    ],
)
def test_a_table_that_is_no_longer_true_is_told(checkout: Path, changes: dict[str, str], message: str) -> None:
    with pytest.raises(GuardError, match=message):
        try_guards([replace(ONE, **changes)], checkout)


def test_the_file_is_as_before_when_a_test_cannot_be_run(checkout: Path) -> None:
    before = (checkout / "sums.py").read_text()

    def stop() -> None:
        with taken_away(ONE, checkout):
            assert (checkout / "sums.py").read_text() != before
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop()
    assert (checkout / "sums.py").read_text() == before


def test_a_kind_of_fault_that_is_not_known_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["floods"]) == 2
    assert "floods: expected of access, any call" in capsys.readouterr().err
