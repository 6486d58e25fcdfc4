"""Analysis of an ECG file, with results in a folder.

Input: the path of an ECG and a folder. Output: ``beats.csv``, ``summary.json``, ``strip.png`` and ``strip.svg`` in it.
"""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np

from ecg_facial.datasets.indexing import MARKER_NAME
from ecg_facial.ecg.formats.opening import find_ecg_file
from ecg_facial.ecg.intervals import compute_rr
from ecg_facial.ecg.reading import read_ecg_fully
from ecg_facial.errors import SettingsError
from ecg_facial.inspection.findings import Findings, analyse_ecg
from ecg_facial.inspection.settings import InspectionSettings
from ecg_facial.runtime.extras import is_installed
from ecg_facial.runtime.storage import write_bytes, write_json, write_text

BEATS_FILE, SUMMARY_FILE, STRIP_PNG, STRIP_SVG = "beats.csv", "summary.json", "strip.png", "strip.svg"
# folders above a file in which the mark of a simulated cohort is looked for
_LEVELS_UP = 5
_NO_STRIP = "no strip is drawn: that needs matplotlib: pip install 'ecg-facial[evaluate]'"


def inspect_ecg(path: Path, out: Path, settings: InspectionSettings | None = None) -> Findings:
    """Analyse an ECG file: find its beats, and write tables and a strip.

    Parameters
    ----------
    path : Path
        A file of any format that `read_ecg` reads.
    out : Path
        Folder for the results.
    settings : InspectionSettings, optional
        Channel, rate, and which seconds the strip shows.

    Returns
    -------
    Findings
        With a note if there is no strip because matplotlib is missing; the tables are written nevertheless.

    Raises
    ------
    MissingDataError, CorruptDataError, DataError
        When the file cannot be read.
    SettingsError
        When the strip is too long or too short, or starts outside of the recording.
    """
    chosen = settings or InspectionSettings()
    start_s = chosen.start_s
    found = find_ecg_file(path)
    path = found.path
    reading = read_ecg_fully(path, fs_hz=chosen.fs_hz, column=chosen.channel)
    if found.note:
        reading = replace(reading, notes=(found.note, *reading.notes))
    length_s = reading.signal.duration_s
    if not (math.isfinite(start_s) and 0 <= start_s < length_s):
        raise SettingsError(f"{path}: a strip from {start_s:g} s: the recording lasts {length_s:g} s")
    findings = analyse_ecg(reading, simulated=is_simulated(path))
    write_text(out / BEATS_FILE, format_beats(findings))
    write_json(out / SUMMARY_FILE, findings.to_dict())
    if not is_installed("matplotlib"):
        return replace(findings, notes=(*findings.notes, _NO_STRIP))
    from ecg_facial.inspection.sheet import StripPart, draw_sheet

    png, svg = draw_sheet(findings, StripPart(start_s, min(chosen.duration_s, length_s - start_s)))
    write_bytes(out / STRIP_PNG, png)
    write_bytes(out / STRIP_SVG, svg)
    return findings


def is_simulated(path: Path) -> bool:
    """Tell whether a file belongs to a simulated cohort."""
    return any((folder / MARKER_NAME).is_file() for folder in list(path.resolve().parents)[:_LEVELS_UP])


def format_beats(findings: Findings) -> str:
    """Make the table of beats, each with the interval before it; unknown values are empty cells."""
    times_s = findings.beats.times_s
    before = np.full(min(1, len(times_s)), np.nan)
    rr_s = np.concatenate([before, compute_rr(times_s)])
    nn_s = np.concatenate([before, findings.nn_s])
    columns = [(times_s, 4), (findings.beats.confidence, 3), (rr_s, 4), (nn_s, 4), (60.0 / nn_s, 2)]
    cells = [[f"{value:.{digits}f}" if value == value else "" for value in column] for column, digits in columns]
    rows = [",".join(row) for row in zip(*cells, strict=True)]
    return "\n".join(["time_s,confidence,rr_s,nn_s,heart_rate_bpm", *rows]) + "\n"
