"""WFDB records of the raw ECG.

Input: sessions of a patient. Output: ``LABEL_session_N_ecg_G.hea`` and ``.dat``, one record for each grid of the
amplifier, in format 16. A lost sample is -32768, as the format has it. The header has the UTC of the first sample and,
as comments, what was monitored by what. Estimates and alarms are not here.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from ecg_facial.errors import MissingDataError
from ecg_facial.export.content import SessionContent, make_label
from ecg_facial.export.files import new_file, put_text
from ecg_facial.export.scaling import choose_scale
from ecg_facial.export.series import EcgSeries, read_ecg
from ecg_facial.live.store.rows import EcgRow
from ecg_facial.runtime.text import RESEARCH_NOTE, SIMULATED_NOTE

# WFDB takes a signal without a unit for millivolts
_NO_UNIT = "NU"


def write_records(sessions: Sequence[SessionContent], out: Path) -> list[Path]:
    """Write the raw ECG of each session that kept it.

    Raises
    ------
    MissingDataError
        Where no session kept it.
    """
    kept = [one for one in sessions if one.store.count(EcgRow, one.number)]
    if not kept:
        numbers = ", ".join(str(one.number) for one in sessions)
        raise MissingDataError(
            f"no raw ECG was kept in session {numbers}: `monitor --keep-ecg` keeps it; other formats have the estimates"
        )
    return [path for one in kept for series in read_ecg(one) for path in _write_record(one, series, out)]


def _write_record(one: SessionContent, series: EcgSeries, out: Path) -> list[Path]:
    # names of records have letters, digits and underscores alone
    name = f"{make_label(one.session.patient)}_session_{one.number}_ecg_{series.grid}"
    samples = series.samples.astype(np.float64)
    scale = choose_scale(samples, is_signal=True)
    counts = scale.to_counts(samples)
    signals = out / f"{name}.dat"
    with new_file(signals) as temporary:
        temporary.write_bytes(counts.astype("<i2").tobytes())
    # a header that is there tells that its signals are complete
    gain = 1.0 / (scale.step * 1000.0**scale.power)
    begun = datetime.fromtimestamp(one.utc_s(series.start_s), tz=UTC)
    lines = [
        f"{name} 1 {series.rate_hz:.12g} {len(counts)} {begun:%H:%M:%S.%f} {begun:%d/%m/%Y}",
        f"{name}.dat 16 {gain:.12g}(0)/{series.unit or _NO_UNIT} 16 0 {counts[0]} {_checksum(counts)} 0 ECG",
        *(f"# {line}" for line in _describe(one, series)),
    ]
    return [put_text(out / f"{name}.hea", "\n".join(lines) + "\n"), signals]


def _checksum(counts: np.ndarray[tuple[int, ...], np.dtype[np.int16]]) -> int:
    """Sum of the counts as 16 bits with a sign."""
    return (int(counts.sum(dtype=np.int64)) + (1 << 15)) % (1 << 16) - (1 << 15)


def _describe(one: SessionContent, series: EcgSeries) -> list[str]:
    about = one.session
    notes = [SIMULATED_NOTE] * about.simulated + [RESEARCH_NOTE]
    content = {
        "patient": about.patient, "session": one.number, "grid": series.grid, "start_s": series.start_s,
        "late_ms": series.late_ms, "simulated": about.simulated, "sources": about.sources, "software": about.software,
    }  # fmt: skip
    return [*notes, json.dumps(content)]
