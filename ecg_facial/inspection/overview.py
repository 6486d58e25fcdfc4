"""One line about one ECG of a collection, and all of them as a table.

Input: findings, or the error of a file that could not be read. Output: an `Overview`, kept as JSON, and CSV and text.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ecg_facial.inspection.findings import LOW_QUALITY, Findings
from ecg_facial.inspection.wording import describe_time
from ecg_facial.runtime.records import Record
from ecg_facial.runtime.text import format_table

State = Literal["good", "look", "unreadable"]
STATES: tuple[State, ...] = ("good", "look", "unreadable")
# above this share of time with low quality, or not recorded, a recording needs a look
_MAX_SHARE = 0.2
_SHOWN_ROWS = 20
COLUMNS = (
    "file", "state", "format", "channel", "unit", "fs_hz", "duration_s", "share_not_recorded", "n_beats",
    "heart_rate_bpm", "heart_rate_5_percent_bpm", "heart_rate_95_percent_bpm", "quality", "share_low_quality",
    "simulated", "what_is_wrong", "notes",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Overview(Record):
    """What is known of one file of a collection.

    Attributes
    ----------
    file : str
        Path relative to the collection's folder.
    state : {"good", "look", "unreadable"}
        Whether somebody has to look at it.
    what_is_wrong : tuple of str
        Why, one sentence each; empty for a good one.
    notes : tuple of str
        What was assumed or mended on reading.
    format, channel, unit : str or None
    fs_hz, duration_s, share_not_recorded, heart_rate_bpm, quality, share_low_quality : float or None
    heart_rate_5_percent_bpm, heart_rate_95_percent_bpm : float or None
    n_beats : int or None
    simulated : bool
    strip : str or None
        Name of the picture of its strip.
    """

    file: str
    state: State
    what_is_wrong: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    format: str | None = None
    channel: str | None = None
    unit: str | None = None
    fs_hz: float | None = None
    duration_s: float | None = None
    share_not_recorded: float | None = None
    n_beats: int | None = None
    heart_rate_bpm: float | None = None
    heart_rate_5_percent_bpm: float | None = None
    heart_rate_95_percent_bpm: float | None = None
    quality: float | None = None
    share_low_quality: float | None = None
    simulated: bool = False
    strip: str | None = None


def summarise_findings(findings: Findings, file: str, *, strip: str) -> Overview:
    """Make the line of a recording that was read."""
    wrong = tuple(_list_wrong(findings))
    low, high = findings.heart_rate_range_bpm
    return Overview(
        file=file,
        state="look" if wrong else "good",
        what_is_wrong=wrong,
        notes=tuple(note for note in findings.notes if note not in wrong),
        format=findings.reading.kind,
        channel=findings.reading.channel,
        unit=findings.signal.unit,
        fs_hz=float(findings.signal.fs_hz),
        duration_s=findings.signal.duration_s,
        share_not_recorded=findings.share_not_recorded,
        n_beats=len(findings.beats),
        heart_rate_bpm=_known(findings.heart_rate_bpm),
        heart_rate_5_percent_bpm=_known(low),
        heart_rate_95_percent_bpm=_known(high),
        quality=findings.median_quality,
        share_low_quality=findings.share_low_quality,
        simulated=findings.simulated,
        strip=strip,
    )


def _known(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _list_wrong(findings: Findings) -> list[str]:
    """List why somebody has to look at a recording."""
    wrong = [note for note in findings.notes if note.startswith(("the heart rate is unknown", "the main deflection"))]
    if findings.share_not_recorded > _MAX_SHARE:
        wrong.append(f"{100 * findings.share_not_recorded:.0f} % were not recorded")
    if findings.median_quality < LOW_QUALITY:
        wrong.append(f"the signal quality is low ({findings.median_quality:.2f})")
    elif findings.share_low_quality > _MAX_SHARE:
        wrong.append(f"the signal quality is low in {100 * findings.share_low_quality:.0f} % of the time")
    return [*wrong, *(note for note in findings.notes if "cut off" in note or "damaged" in note)]


def format_csv(rows: Sequence[Overview]) -> str:
    """Make the table; unknown values are empty cells, several sentences are separated by `` | ``."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([_to_cell(getattr(row, name)) for name in COLUMNS])
    return text.getvalue()


def _to_cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.6g}"
    return " | ".join(value) if isinstance(value, tuple) else str(value)


def count_states(rows: Sequence[Overview]) -> dict[State, int]:
    """Count the files of each state."""
    return {state: sum(row.state == state for row in rows) for state in STATES}


def describe_collection(rows: Sequence[Overview]) -> str:
    """Make the summary for the terminal: counts, totals, and what is wrong with the first files."""
    counts = count_states(rows)
    read = [row for row in rows if row.state != "unreadable"]
    total_s = sum(row.duration_s or 0.0 for row in read)
    rates = sorted(row.heart_rate_bpm for row in read if row.heart_rate_bpm is not None)
    lines = [
        f"files            {len(rows)}: {counts['good']} good, {counts['look']} to look at, "
        f"{counts['unreadable']} unreadable",
        f"duration         {describe_time(total_s)}",
        f"beats            {sum(row.n_beats or 0 for row in read)}",
    ]
    if rates:
        lines.append(
            f"heart rate       {rates[len(rates) // 2]:.0f} bpm in the middle of the files "
            f"({rates[0]:.0f} to {rates[-1]:.0f})"
        )
    worst = [row for state in ("unreadable", "look") for row in rows if row.state == state]
    table = [[row.file, row.state, "; ".join(row.what_is_wrong)] for row in worst[:_SHOWN_ROWS]]
    if table:
        lines += ["", format_table(table, header=["file", "state", "what is wrong"], n_left=3)]
    if len(worst) > _SHOWN_ROWS:
        lines.append(f"... and {len(worst) - _SHOWN_ROWS} more: see the table")
    return "\n".join(lines)
