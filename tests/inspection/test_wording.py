"""Text about an ECG: simulated data are named first, and lines keep their width."""

from __future__ import annotations

import numpy as np
from ecg_files import FS_HZ, make_ecg

from ecg_facial.cli.wording import show_findings
from ecg_facial.ecg.reading import EcgReading
from ecg_facial.inspection.findings import analyse_ecg
from ecg_facial.inspection.wording import describe_head
from ecg_facial.recording import EcgSignal


def read(samples: np.ndarray, *, unit: str | None = "mV", notes: tuple[str, ...] = ()) -> EcgReading:
    return EcgReading(
        name="heart.csv",
        signal=EcgSignal(samples=samples, fs_hz=FS_HZ, unit=unit),
        kind="text table",
        channel="ecg",
        channels=("ecg", "gsr"),
        notes=notes,
    )


def noisy(n_times: int = 6000, *, scale: float = 1.0) -> np.ndarray:
    return scale * (make_ecg(n_times) + np.random.default_rng(0).normal(0, 0.01, n_times))


def test_simulated_data_are_called_so_first() -> None:
    assert show_findings(analyse_ecg(read(noisy()), simulated=True)).startswith("SIMULATED")
    assert "SIMULATED" not in show_findings(analyse_ecg(read(noisy())))


def test_the_head_of_a_sheet_keeps_its_width() -> None:
    found = analyse_ecg(read(noisy(), notes=("a note of many words " * 20,)))
    for width in (60, 100, 160):
        assert max(map(len, describe_head(found, n_characters=width))) <= width
