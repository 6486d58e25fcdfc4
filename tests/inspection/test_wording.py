"""Text about an ECG: simulated data are named first, and lines keep their width."""

from __future__ import annotations

from readings import noisy, read

from ecg_facial.cli.wording import show_findings
from ecg_facial.inspection.findings import analyse_ecg
from ecg_facial.inspection.wording import describe_head


def test_simulated_data_are_called_so_first() -> None:
    assert show_findings(analyse_ecg(read(noisy()), simulated=True)).startswith("SIMULATED")
    assert "SIMULATED" not in show_findings(analyse_ecg(read(noisy())))


def test_the_head_of_a_sheet_keeps_its_width() -> None:
    found = analyse_ecg(read(noisy(), notes=("a note of many words " * 20,)))
    for width in (60, 100, 160):
        assert max(map(len, describe_head(found, n_characters=width))) <= width
