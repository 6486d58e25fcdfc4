"""CSV of the raw ECG: each sample with its number and time.

Input: the raw ECG of a session. Output: ``LABEL_session-N_ecg-G.csv``, one file for each grid of the amplifier. A lost
sample is an empty cell. Samples have all digits of their 32 bits.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ecg_facial.export.content import SessionContent, make_label
from ecg_facial.export.files import new_file
from ecg_facial.export.series import EcgSeries, read_ecg

# times have microseconds
_DECIMALS = 6


def write_ecg_tables(one: SessionContent, out: Path) -> list[Path]:
    """Write the raw ECG of a session; no file where it was not kept."""
    stem = f"{make_label(one.session.patient)}_session-{one.number}"
    return [_write(series, out / f"{stem}_ecg-{series.grid}.csv") for series in read_ecg(one)]


def _write(series: EcgSeries, path: Path) -> Path:
    # a tenth of a second to import, and many times faster than rows of csv
    import pandas as pd

    places = np.arange(len(series.samples))
    name = f"ecg ({series.unit})" if series.unit else "ecg"
    table = pd.DataFrame(
        {
            "sample": places,
            "time_s": np.round(series.start_s + places / series.rate_hz, _DECIMALS),
            name: series.samples,
        }
    )
    with new_file(path) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\r\n")
    return path
