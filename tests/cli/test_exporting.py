"""The command that exports a monitor's store."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import Said
from stored_sessions import write_store

from ecg_facial.runtime import extras


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


@pytest.mark.parametrize(("format", "needs"), [("fhir", True), ("edf", True), ("bids", False), ("csv", False)])
def test_a_format_without_its_extra_is_one_line(
    run: Callable[..., Said], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format: str, needs: bool
) -> None:
    monkeypatch.setattr(extras, "is_installed", lambda package: package not in ("fhir", "edfio"))
    store, out = write_store(tmp_path / "monitor.sqlite", 1, simulated=False), tmp_path / "out"
    said = run("export", store, "--patient", "P7", "--format", format, "--out", out)
    if needs:
        assert said.code == 2
        assert said.err == "error: fhir is needed here and is not installed: pip install 'ecg-facial[export]'\n"
    assert (said.code == 0) is not needs


def test_the_version_of_fhir_is_chosen(run: Callable[..., Said], tmp_path: Path) -> None:
    store, out = write_store(tmp_path / "monitor.sqlite", 1, n_estimates=1), tmp_path / "out"
    options = ("--patient", "P7", "--session", "2", "--format", "fhir", "--out", out)
    assert "P7_session-2_fhir-R5.json" in run("export", store, *options, "--fhir-version", "R5").out
    said = run("export", store, *options, "--fhir-version", "STU3")
    assert (said.code, said.err) == (2, "error: fhir_version is 'STU3': expected one of R4B, R5\n")
