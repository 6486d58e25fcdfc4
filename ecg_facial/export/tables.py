"""CSV: one tidy table per kind of row, and a card that explains them.

Input: sessions of a patient. Output: ``LABEL_estimates.csv`` and so on, and ``LABEL.json``; the raw ECG is written
by `ecg_tables`. Numbers keep all their digits. What is unknown is an empty cell.
"""

from __future__ import annotations

import csv
import dataclasses
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from ecg_facial.export.columns import COLUMNS
from ecg_facial.export.content import SessionContent, make_label
from ecg_facial.export.ecg_tables import write_ecg_tables
from ecg_facial.export.files import new_file, put_text
from ecg_facial.live.store.rows import EstimateRow, Row, columns
from ecg_facial.runtime.text import RESEARCH_NOTE, SIMULATED_NOTE

# Spreadsheets take text that begins with these for a formula, or skip what is ahead of one. The mark itself is marked
# too, so that taking one away gives the text back.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "'", "＝", "＋", "－", "＠")
_MARK = "'"
_GUARD_NOTE = (
    "A text that begins with = + - @ ' a tab or a line end has a ' ahead of it, so that no spreadsheet runs it as a "
    "formula: take one ' away to get the text back."
)
_FIRST = ("session", "patient", "simulated")


def guard(text: str) -> str:
    """Make a text harmless for spreadsheets.

    Examples
    --------
    >>> guard("=1+1"), guard("after turning")
    ("'=1+1", 'after turning')
    """
    return _MARK + text if text.startswith(_FORMULA) else text


def write_tables(sessions: Sequence[SessionContent], out: Path, *, is_all: bool) -> list[Path]:
    """Write the tables of a patient, and their card.

    Parameters
    ----------
    sessions : sequence of SessionContent
        One or more, of one patient.
    out : Path
        Folder.
    is_all : bool
        Whether they are all of the patient; the number of the session stands in the names otherwise.
    """
    first = sessions[0]
    stem = make_label(first.session.patient) + ("" if is_all else f"_session-{first.number}")
    names = list(dict.fromkeys(name for one in sessions for name in one.session.class_names))
    written = []
    for kind in COLUMNS:
        path = out / f"{stem}_{kind.table}.csv"
        _write_table(path, list_columns(kind, names), ((one, row) for one in sessions for row in one.read(kind)))
        written.append(path)
    card = json.dumps(_describe(sessions, names, stem), indent=2, ensure_ascii=False, allow_nan=False)
    ecg = [path for one in sessions for path in write_ecg_tables(one, out)]
    return [*written, put_text(out / f"{stem}.json", card + "\n"), *ecg]


def list_columns(kind: type[Row], class_names: Sequence[str]) -> dict[str, Callable[[SessionContent, Any], Any]]:
    """Columns of a table, and what gives the value of each."""
    found: dict[str, Callable[[SessionContent, Any], Any]] = {
        "session": lambda one, _: one.number,
        "patient": lambda one, _: one.session.patient,
        "simulated": lambda one, _: one.session.simulated,
    }
    for name in columns(kind):
        if (kind, name) == (EstimateRow, "probabilities"):
            found |= {f"p_{label}": _probability(label) for label in class_names}
        else:
            found[name] = _field(name)
    return found


def _field(name: str) -> Callable[[SessionContent, Any], Any]:
    return lambda _, row: getattr(row, name)


def _probability(label: str) -> Callable[[SessionContent, Any], Any]:
    def give(one: SessionContent, row: EstimateRow) -> float | None:
        names = one.session.class_names
        return None if row.probabilities is None or label not in names else row.probabilities[names.index(label)]

    return give


def _write_table(
    path: Path,
    named: dict[str, Callable[[SessionContent, Any], Any]],
    rows: Iterable[tuple[SessionContent, Row]],
) -> None:
    with new_file(path) as temporary, open(temporary, "w", encoding="utf-8", newline="") as stream:
        # line ends of RFC 4180: text with either of their characters is quoted
        writer = csv.writer(stream, lineterminator="\r\n")
        writer.writerow([guard(name) for name in named])
        for one, row in rows:
            writer.writerow([_cell(give(one, row)) for give in named.values()])


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return guard(value) if isinstance(value, str) else repr(value)


def _describe(sessions: Sequence[SessionContent], names: Sequence[str], stem: str) -> dict[str, Any]:
    """Card of the tables: what was monitored by what, and what each column means."""
    simulated = any(one.session.simulated for one in sessions)
    tables = {}
    for kind, meanings in COLUMNS.items():
        described = {name: {"description": one.description, "unit": one.unit} for name, one in meanings.items()}
        if kind is EstimateRow:
            probability = described.pop("probabilities")
            described |= {f"p_{name}": probability for name in names}
        tables[f"{stem}_{kind.table}.csv"] = described
    return {
        "format_version": 1,
        "note": f"{SIMULATED_NOTE} {RESEARCH_NOTE}" if simulated else RESEARCH_NOTE,
        "simulated": simulated,
        "patient": sessions[0].session.patient,
        "sessions": [{"session": one.number, **_as_json(one)} for one in sessions],
        "reading": f"UTF-8, commas; an empty cell is unknown. {_GUARD_NOTE}",
        "columns_of_all": {
            "session": "Number in the store",
            "patient": "Pseudonym",
            "simulated": "Whether patient or bundle are simulated",
        },
        "tables": tables,
    }


def _as_json(one: SessionContent) -> dict[str, Any]:
    content = dataclasses.asdict(one.session)
    del content["patient"]
    return {name: list(value) if isinstance(value, tuple) else value for name, value in content.items()}
