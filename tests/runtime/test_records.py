"""Results to JSON and back: nothing is lost, nothing damaged is taken."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
from results import make_metrics, make_run

from ecg_facial.errors import CorruptDataError, MissingDataError
from ecg_facial.evaluation.benchmark.run_record import RunRecord
from ecg_facial.evaluation.judging.schema import AuditResult, Check, RunMetrics
from ecg_facial.runtime.records import Record
from ecg_facial.runtime.settings import strict_settings


@strict_settings
@dataclass(frozen=True, kw_only=True)
class Colour:
    """Settings inside of a record."""

    name: str = "red"


@dataclass(frozen=True, kw_only=True)
class Leaf(Record):
    """A record inside of a record."""

    value: float | None
    fold: int | str = 0


@dataclass(frozen=True, kw_only=True)
class Tree(Record):
    """A file."""

    format_version: ClassVar[int] = 2
    derived: ClassVar[tuple[str, ...]] = ("n_leaves",)
    optional: ClassVar[tuple[str, ...]] = ("note",)

    leaves: Mapping[str, Leaf]
    rows: tuple[tuple[int, ...], ...]
    pair: tuple[float, float] = (0.0, 1.0)
    colour: Colour = field(default_factory=Colour)
    note: str | None = None

    @property
    def n_leaves(self) -> int:
        """Number of leaves."""
        return len(self.leaves)


TREE = Tree(leaves={"a": Leaf(value=0.5), "b": Leaf(value=None, fold="x")}, rows=((1, 2), (3,)))


def test_a_record_comes_back_from_json_as_it_was() -> None:
    content = json.loads(json.dumps(TREE.to_dict()))
    assert list(content) == ["format_version", "n_leaves", "leaves", "rows", "pair", "colour"]
    assert content["leaves"]["b"] == {"value": None, "fold": "x"}
    assert Tree.from_dict(content) == TREE
    named = replace(TREE, note="so")
    assert Tree.from_dict(named.to_dict()) == named


def set_at(content: dict[str, Any], *keys: str, to: Any) -> None:
    for key in keys[:-1]:
        content = content[key]
    content[keys[-1]] = to


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda c: c.pop("rows"), "Tree: missing key rows"),
        (lambda c: c.pop("pair"), "Tree: missing key pair"),
        (lambda c: c.update(size=1), "Tree: unknown key size"),
        (lambda c: c.pop("format_version"), "no format_version; it was made by an earlier version"),
        (lambda c: c.update(format_version="2"), "no format_version"),
        (lambda c: c.update(format_version=3), "format version 3, expected 2; update ecg_facial"),
        (lambda c: c.update(format_version=1), "format version 1, expected 2; make it again"),
        (lambda c: c.update(n_leaves=3), "n_leaves does not follow from the rest"),
        (lambda c: c.pop("n_leaves"), "n_leaves does not follow from the rest"),
        (lambda c: c.update(leaves=[]), "Tree: leaves is list: expected keys and values"),
        (lambda c: c.update(rows=3), "Tree: rows is int: expected a list"),
        (lambda c: c.update(pair=[1.0]), "Tree: pair has 1 values: expected 2"),
        (lambda c: c.update(rows=[[1, "2"]]), r"Tree: rows\[0\]\[1\] is '2': expected int"),
        (lambda c: c.update(colour={"name": 1}), "name is 1: expected str"),
        (lambda c: c.update(note=1), "Tree: note is 1: expected str"),
        (lambda c: set_at(c, "leaves", "a", "value", to="high"), "Tree: leaves.a: value is 'high': expected float"),
        (lambda c: set_at(c, "leaves", "a", "value", to=True), "Tree: leaves.a: value is True: expected float"),
        (lambda c: set_at(c, "leaves", "a", to=None), "Tree: leaves.a: null, expected keys and values"),
        (lambda c: set_at(c, "leaves", "a", "fold", to=1.5), "Tree: leaves.a: fold is 1.5: expected int"),
    ],
)
def test_what_is_damaged_is_refused_by_name(damage: Callable[[dict[str, Any]], Any], message: str) -> None:
    content = json.loads(json.dumps(TREE.to_dict()))
    damage(content)
    with pytest.raises(CorruptDataError, match=message):
        Tree.from_dict(content)


def test_a_file_that_is_absent_or_no_json_is_named(tmp_path: Path) -> None:
    path = tmp_path / "tree.json"
    with pytest.raises(MissingDataError, match=r"tree\.json: no such file"):
        Tree.read(path)
    path.write_text("{")
    with pytest.raises(CorruptDataError, match=r"tree\.json: no JSON"):
        Tree.read(path)
    path.write_text("[]")
    with pytest.raises(CorruptDataError, match=r"tree\.json: list, expected keys and values"):
        Tree.read(path)
    TREE.write(path)
    assert Tree.read(path) == TREE


@pytest.mark.parametrize("models", [("facial",), ("facial", "ecg", "fusion")])
def test_metrics_come_back_from_their_file_as_they_were(models: tuple[str, ...], tmp_path: Path) -> None:
    metrics = make_metrics(models)
    metrics.write(tmp_path / "metrics.json")
    assert RunMetrics.read(tmp_path / "metrics.json") == metrics
    assert (metrics.ranks is None) == (len(models) == 1)


def test_a_run_comes_back_from_its_file_with_its_settings(tmp_path: Path) -> None:
    run = make_run()
    run.write(tmp_path / "run.json")
    assert RunRecord.read(tmp_path / "run.json") == run
    content = json.loads((tmp_path / "run.json").read_text())
    content["benchmark_settings"]["seeds"] = 0
    with pytest.raises(CorruptDataError, match="seeds 0: expected 1 or more"):
        RunRecord.from_dict(content)


def test_a_verdict_that_does_not_follow_from_the_checks_is_refused() -> None:
    leak = Check(name="a", kind="deterministic", passed=False, message="m", leak=3)
    content = AuditResult(checks=(leak,)).to_dict()
    assert (content["verdict"], content["leaks"]) == ("LEAK", [3])
    assert "carried from fold to fold" in content["checks"][0]["leak_name"]
    assert AuditResult.from_dict(content) == AuditResult(checks=(leak,))
    content["verdict"] = "no leak found"
    with pytest.raises(CorruptDataError, match="verdict does not follow"):
        AuditResult.from_dict(content)
