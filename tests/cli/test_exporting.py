"""The command that exports a monitor's store."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from command_line import Said
from stored_sessions import write_store


def test_an_export_names_the_files_that_it_wrote(run: Callable[..., Said], tmp_path: Path) -> None:
    store, out = write_store(tmp_path / "monitor.sqlite", 1), tmp_path / "out"
    said = run("export", store, "--patient", "P7", "--format", "csv", "--out", out, "--session", "2")
    assert said.code == 0
    assert [Path(line) for line in said.out.splitlines()] == [
        out / f"P7_session-2{end}"
        for end in ("_estimates.csv", "_events.csv", "_alarms.csv", "_ratings.csv", "_baselines.csv", ".json")
    ]


def test_a_store_or_patient_that_is_not_there_is_one_line(run: Callable[..., Said], tmp_path: Path) -> None:
    store, out = write_store(tmp_path / "monitor.sqlite", 1), tmp_path / "out"
    said = run("export", tmp_path / "no.sqlite", "--patient", "P7", "--format", "csv", "--out", out)
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert "name the file that `monitor --store` wrote" in said.err
    said = run("export", store, "--patient", "P9", "--format", "csv", "--out", out)
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert "no patient 'P9'; there are other, P7" in said.err
