"""Progress stays off standard output, counts right, and is silent in library use."""

from __future__ import annotations

import pytest

from ecg_facial.runtime.progress import announce_time, track


def test_items_pass_and_every_tenth_part_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(track(range(20), label="Doing", total=20, show=True)) == list(range(20))
    captured = capsys.readouterr()
    assert captured.err.splitlines() == [f"Doing: {done}/20" for done in range(2, 21, 2)]
    assert captured.out == ""


def test_a_few_items_are_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(track(iter("abc"), label="Doing", total=3, show=True)) == ["a", "b", "c"]
    assert capsys.readouterr().err.splitlines() == ["Doing: 1/3", "Doing: 2/3", "Doing: 3/3"]


def test_on_a_terminal_a_bar_moves(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    assert list(track(range(3), label="Doing", total=3, show=True)) == [0, 1, 2]
    assert "3/3" in capsys.readouterr().err


def test_work_without_parts_says_how_long_it_took(capsys: pytest.CaptureFixture[str]) -> None:
    with announce_time("Thinking", show=True):
        pass
    captured = capsys.readouterr()
    assert captured.err == "Thinking: 0.0 s\n"
    assert captured.out == ""


def test_library_use_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(track(range(3), label="Doing", total=3, show=False)) == [0, 1, 2]
    with announce_time("Thinking", show=False):
        pass
    assert capsys.readouterr() == ("", "")
