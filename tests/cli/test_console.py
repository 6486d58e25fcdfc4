"""Results are laid out in columns; an error is one line and exit code 2."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from ecg_facial.cli.console import EXIT_BAD_INPUT, errors_as_one_line, say
from ecg_facial.errors import CorruptDataError, SettingsError
from ecg_facial.runtime.extras import PACKAGES
from ecg_facial.runtime.text import format_table


def test_the_first_column_is_left_and_the_others_are_right() -> None:
    table = format_table([["facial", 0.5, 12], ["ecg", 0.25, 3]], header=["model", "accuracy", "n"])
    assert table.splitlines() == [
        "model   accuracy   n",
        "facial       0.5  12",
        "ecg         0.25   3",
    ]


def test_a_table_without_rows_is_its_header() -> None:
    assert format_table([], header=["model", "n"]) == "model  n"


def test_no_line_ends_in_blanks() -> None:
    assert format_table([["a", ""], ["long name", "x"]], header=["name", ""]).splitlines() == [
        "name",
        "a",
        "long name  x",
    ]


def test_an_error_of_the_package_is_one_line_and_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    for error in (CorruptDataError("a.mp4: not a\n  readable video"), SettingsError("n is 0: expected 1 or more")):
        with pytest.raises(SystemExit) as caught, errors_as_one_line():
            raise error
        assert caught.value.code == EXIT_BAD_INPUT == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == "error: a.mp4: not a readable video\nerror: n is 0: expected 1 or more\n"


def test_another_error_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError), errors_as_one_line():
        _ = 1 / 0


def test_saying_writes_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    say("done")
    say()
    assert capsys.readouterr().out == "done\n\n"


def test_a_missing_optional_package_is_one_line_that_says_how_to_install_it(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left, errors_as_one_line():
        raise ModuleNotFoundError("No module named 'torch'", name="torch.nn")
    assert left.value.code == EXIT_BAD_INPUT
    said = capsys.readouterr().err
    assert said == "error: torch is needed here and is not installed: pip install 'ecg-facial[train]'\n"


def test_a_missing_module_that_no_extra_holds_is_not_hidden() -> None:
    with pytest.raises(ModuleNotFoundError), errors_as_one_line():
        raise ModuleNotFoundError("No module named 'nowhere'", name="nowhere")


def test_every_package_that_is_named_stands_in_the_extra_that_is_named() -> None:
    path = Path(__file__).resolve().parents[2] / "pyproject.toml"
    extras = tomllib.loads(path.read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    for extra, packages in PACKAGES.items():
        listed = {re.split(r"[^\w-]", item)[0] for item in extras[extra]} - {"ecg-facial"}
        assert {{"sklearn": "scikit-learn"}.get(package, package) for package in packages} == listed
