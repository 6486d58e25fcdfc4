"""Raw ECG that the package exports, as the wfdb package reads it."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
from oracles import import_oracle
from stored_sessions import write_store

from ecg_facial.export.content import read_sessions
from ecg_facial.export.series import read_ecg
from ecg_facial.export.writing import write_export
from ecg_facial.live.store.database import Store

with warnings.catch_warnings():
    # its use of pandas is deprecated
    warnings.simplefilter("ignore")
    wfdb = import_oracle("wfdb")

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.mark.parametrize("seed", range(20))
def test_wfdb_reads_the_records_with_their_losses_and_times(tmp_path: Path, seed: int) -> None:
    path = write_store(tmp_path / "monitor.sqlite", seed, n_sessions=1, n_estimates=1, ecg=True)
    with Store(path, read_only=True) as store:
        headers = [path for path in write_export(store, "P7", tmp_path / "out", format="wfdb") if path.suffix == ".hea"]
        (one,) = read_sessions(store, "P7")
        kept = read_ecg(one)
    for header, series in zip(headers, kept, strict=True):
        record = wfdb.rdrecord(str(header.with_suffix("")))
        assert (record.fs, record.units) == (series.rate_hz, [series.unit or "NU"])
        np.testing.assert_allclose(record.p_signal[:, 0], series.samples, rtol=0, atol=0.5001 / record.adc_gain[0])
        assert record.base_datetime.minute == 3
        assert any("SIMULATED" in line for line in record.comments) is one.session.simulated
