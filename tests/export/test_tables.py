"""CSV: every row comes back, and no spreadsheet runs a note."""

from __future__ import annotations

import csv
import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from stored_sessions import START_UTC_S, TEXTS, draw_session, write_store

from ecg_facial.export.columns import COLUMNS
from ecg_facial.export.content import SessionContent, read_sessions
from ecg_facial.export.writing import write_export
from ecg_facial.live.store.database import Store
from ecg_facial.live.store.rows import ROWS, EcgRow, RatingRow, Row, columns


def read_rows(path: Path, kind: type[Row], session: SessionContent) -> list[Row]:
    """Rows of a session, as somebody makes them who has read the card."""
    with open(path, encoding="utf-8", newline="") as stream:
        lines = [line for line in csv.DictReader(stream) if line["session"] == str(session.number)]
    return [make_row(kind, line, session.session.class_names) for line in lines]


def make_row(kind: type[Row], line: dict[str, str], class_names: tuple[str, ...]) -> Row:
    values: dict[str, Any] = {}
    for name, type_ in columns(kind).items():
        if name == "probabilities":
            cells = [line[f"p_{label}"] for label in class_names]
            values[name] = tuple(map(float, cells)) if all(cells) else None
        elif type_ is str:
            values[name] = line[name].removeprefix("'")
        else:
            values[name] = type_(line[name]) if line[name] else None
    return kind(**values)


@pytest.mark.parametrize("first", range(0, 100, 10))
def test_every_row_of_a_store_comes_back_from_its_tables(tmp_path: Path, first: int) -> None:
    for seed in range(first, first + 10):
        path = write_store(tmp_path / f"{seed}.sqlite", seed)
        out = tmp_path / f"out {seed}"
        with Store(path, read_only=True) as store:
            write_export(store, "P7", out, format="csv")
            card = json.loads((out / "P7.json").read_text(encoding="utf-8"))
            for one in read_sessions(store, "P7"):
                for kind in COLUMNS:
                    assert read_rows(out / f"P7_{kind.table}.csv", kind, one) == store.read(kind, one.number)
                (about,) = [about for about in card["sessions"] if about["session"] == one.number]
                assert about["bundle_sha256"] == one.session.bundle_sha256
                assert about["simulated"] is one.session.simulated


def test_what_a_person_wrote_is_no_formula_in_a_spreadsheet(tmp_path: Path) -> None:
    with Store(tmp_path / "monitor.sqlite") as store:
        number = store.begin(draw_session(np.random.default_rng(0)))
        store.add(
            number,
            [
                RatingRow(time_s=float(place), utc_s=START_UTC_S, scale="", value=None, by="K", note=text)
                for place, text in enumerate((*TEXTS, "=cmd|' /C calc'!A0", "\t=1", "\n=1"))
            ],
        )
        write_export(store, "P7", tmp_path / "out", format="csv")
    table = pd.read_csv(tmp_path / "out" / "P7_ratings.csv", keep_default_na=False)
    dangerous = [note for note in table["note"] if note.lstrip()[:1] in ("=", "+", "-", "@")]
    assert dangerous == []
    assert "'=cmd|' /C calc'!A0" in set(table["note"])
    assert list(table["simulated"].unique()) == [True]


def test_each_column_of_the_store_has_a_meaning_and_a_unit() -> None:
    assert {kind: list(meanings) for kind, meanings in COLUMNS.items()} == {
        kind: [field.name for field in fields(kind)] for kind in ROWS if kind is not EcgRow
    }
