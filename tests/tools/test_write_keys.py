"""The page of every key: complete, described, and in step with the classes."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import ClassVar

import pytest
from key_pages import Keys, collect_keys, read_page
from results import make_metrics, make_run
from write_keys import Key, list_keys, make_page, write_keys

from ecg_facial.evaluation.benchmark.run_record import RunRecord
from ecg_facial.evaluation.judging.schema import RunMetrics
from ecg_facial.runtime.records import Record


@dataclasses.dataclass(frozen=True, kw_only=True)
class Heart(Record):
    """A heart.

    Attributes
    ----------
    rate : float or None, bpm
        None where it was
        not found.
    left, right : {"a", "b"}
        A side.
    """

    optional: ClassVar[tuple[str, ...]] = ("rate",)

    rate: float | None = None
    left: str
    right: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Unknown(Heart):
    """A class with a field that nothing describes."""

    colour: str


def test_type_unit_and_meaning_come_from_class_and_docstring() -> None:
    assert list_keys(Heart) == [
        Key(name="rate", type="number; may be absent", unit="bpm", meaning="`null` where it was not found."),
        Key(name="left", type="text", unit="", meaning="A side."),
        Key(name="right", type="text", unit="", meaning="A side."),
    ]


def test_a_field_that_no_docstring_describes_is_refused() -> None:
    with pytest.raises(ValueError, match=r"Unknown\.colour is in no docstring"):
        list_keys(Unknown)


def test_every_key_has_a_type_and_a_meaning() -> None:
    rows = [line for line in make_page().splitlines() if line.startswith("| `")]
    assert len(rows) > 200
    for row in rows:
        _, _, kind, _, meaning, _ = row.replace("\\|", "").split("|")
        assert kind.strip(), row
        assert meaning.strip(), row


def test_links_lead_to_headings_of_the_page() -> None:
    page = make_page()
    headings = {line.lstrip("# ").lower() for line in page.splitlines() if line.startswith("#")}
    links = {part.split(")")[0] for part in page.split("](#")[1:]}
    assert links
    assert links <= headings


def test_keys_of_written_results_are_on_the_page(tmp_path: Path) -> None:
    seen = Keys()
    for record, kind in ((make_metrics(), RunMetrics), (make_run(), RunRecord)):
        record.write(tmp_path / "file.json")
        collect_keys(json.loads((tmp_path / "file.json").read_text()), kind, seen)
    assert {("ModelPair", "dz"), ("WindowSettings", "window_s"), ("ProblemRecord", "message")} <= set(seen)
    assert set(seen) <= read_page()


def test_an_unchanged_page_is_not_written_again(tmp_path: Path) -> None:
    path = tmp_path / "generated" / "keys.md"
    write_keys(path)
    path.chmod(0o444)
    before = path.stat().st_mtime_ns
    write_keys(path)
    assert path.stat().st_mtime_ns == before
