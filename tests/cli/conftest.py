"""Running the command line in the process of the tests."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import Said

from ecg_facial.cli import app as cli


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Run the command line in this process."""

    def run_command(*arguments: str | Path, program: Callable[[], None] = cli.main) -> Said:
        monkeypatch.setattr(sys, "argv", ["ecg-facial", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            program()
        captured = capsys.readouterr()
        return Said(int(ended.value.code or 0), captured.out, captured.err)

    return run_command
