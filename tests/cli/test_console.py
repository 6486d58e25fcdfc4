"""Results are laid out in columns; an error is one line and exit code 2."""

from __future__ import annotations

import errno
import io
import os
import re
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import typer

from ecg_facial.cli.console import (
    EXIT_BAD_INPUT,
    EXIT_INTERRUPTED,
    ctrl_c_as_one_line,
    ctrl_c_as_wish,
    errors_as_one_line,
    exit_interrupted,
    open_streams,
    refuse_empty,
    say,
)
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


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device", "run/x.csv"),
            "run/x.csv: No space left on device; make room",
        ),
        (OSError(errno.EACCES, "Permission denied", "run"), "run: Permission denied; name a place of your own"),
        (OSError(errno.EROFS, "Read-only file system", "run"), "run: Read-only file system; the disk is read-only"),
        (OSError(errno.EIO, "Input/output error"), "the system: Input/output error; the disk does not answer"),
        (FileNotFoundError(errno.ENOENT, "No such file or directory", "a.csv"), "a.csv: No such file or directory"),
    ],
)
def test_what_the_system_refuses_is_one_line_and_exit_code_2(
    error: OSError, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught, errors_as_one_line():
        raise error
    assert caught.value.code == EXIT_BAD_INPUT
    shown = capsys.readouterr().err
    assert shown.startswith(f"error: {said}")
    assert shown.count("\n") == 1


def test_ctrl_c_is_one_line_and_exit_code_130(capsys: pytest.CaptureFixture[str]) -> None:
    single = typer.Typer(pretty_exceptions_enable=False)
    cleaned = []

    @single.command()
    def stop() -> None:
        try:
            signal.raise_signal(signal.SIGINT)
        finally:
            # impatient people press it twice
            signal.raise_signal(signal.SIGINT)
            cleaned.append(True)

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(SystemExit) as caught, errors_as_one_line(), ctrl_c_as_one_line():
        single([])
    assert (caught.value.code, cleaned) == (EXIT_INTERRUPTED, [True])
    assert EXIT_INTERRUPTED == 130
    assert capsys.readouterr().err == "error: interrupted; what is finished is kept: run it again to go on\n"
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_the_end_of_a_service_can_be_a_wish_and_interrupt_the_second_time(
    capsys: pytest.CaptureFixture[str], number: signal.Signals
) -> None:
    before = signal.getsignal(number)
    with ctrl_c_as_wish() as is_wished:
        assert not is_wished()
        signal.raise_signal(number)
        assert is_wished()
        with pytest.raises(SystemExit) as caught:
            signal.raise_signal(number)
    assert caught.value.code == EXIT_INTERRUPTED
    assert signal.getsignal(number) is before
    with pytest.raises(SystemExit) as caught:
        exit_interrupted("the session is closed")
    assert caught.value.code == EXIT_INTERRUPTED
    assert capsys.readouterr().err.splitlines()[1:] == ["error: interrupted; the session is closed"]


def test_names_that_a_console_cannot_show_are_shown_by_their_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", shown)
    open_streams()
    say("\u0141ukasz \udcfc")
    assert shown.buffer.getvalue() == b"\\u0141ukasz \\udcfc\n"


def test_closed_streams_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    open_streams()
    say("nobody listens")
    with pytest.raises(SystemExit) as caught, errors_as_one_line():
        raise SettingsError("nobody listens")
    assert caught.value.code == EXIT_BAD_INPUT
    for stream in (sys.stdout, sys.stderr):
        stream.close()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_full_disk_behind_standard_error_leaves_the_exit_code() -> None:
    code = "from ecg_facial.cli.app import main; main()"
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-c", code, "index", "gone"], stdout=subprocess.DEVNULL, stderr=full, check=False
        )
    assert done.returncode == EXIT_BAD_INPUT


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["index", "data", "--out", ""], "--out is empty"),
        (["index", "data", "--out="], "--out is empty"),
        (["index", ""], "argument 2 is empty"),
        (["index", "--check=x", ""], "argument 3 is empty"),
    ],
)
def test_an_empty_argument_is_no_path_to_the_working_folder(arguments: list[str], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        refuse_empty(arguments)


@pytest.mark.parametrize("arguments", [[], ["index", "data", "--out", "x"], ["score", "--classes=a=b", "-"]])
def test_other_arguments_are_taken(arguments: list[str]) -> None:
    refuse_empty(arguments)


@pytest.mark.parametrize(
    ("error", "said"), [(MemoryError(), ""), (MemoryError("Unable to allocate 7 GiB"), " (Unable")]
)
def test_too_little_memory_is_one_line(error: MemoryError, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught, errors_as_one_line():
        raise error
    assert caught.value.code == EXIT_BAD_INPUT
    shown = capsys.readouterr().err
    assert shown.startswith(f"error: not enough memory{said}")
    assert shown.count("\n") == 1


def test_a_name_that_no_table_can_hold_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught, errors_as_one_line():
        (f"{'x' * 1000}/{os.fsdecode(bytes([0xFC]))}.csv").encode()
    assert caught.value.code == EXIT_BAD_INPUT
    shown = capsys.readouterr().err
    assert "a name that is no UTF-8" in shown
    assert len(shown) < 200
    with pytest.raises(UnicodeEncodeError), errors_as_one_line():
        "\u0141".encode("ascii")


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
        # BrainFlow needs an old setuptools, which is there in any case
        listed = {re.split(r"[^\w-]", item)[0] for item in extras[extra]} - {"ecg-facial", "setuptools"}
        # names of distributions, where those of modules differ by more than a hyphen
        named = {{"sklearn": "scikit-learn"}.get(package, package).replace("_", "-") for package in packages}
        assert named == {name.replace("_", "-") for name in listed}
