"""Write the page of every key that a run's files hold: ``python tools/write_keys.py OUT.md``.

Input: the fields and docstrings of the typed results. Output: a page of the documentation; `docs/conf.py` calls
`write_keys` on every build, so that the page cannot go stale.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
import sys
import types
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from ecg_facial.evaluation.benchmark.run_record import RunRecord
from ecg_facial.evaluation.judging.predictions_file import COLUMNS
from ecg_facial.evaluation.judging.schema import AuditResult, RunMetrics
from ecg_facial.evaluation.protocols.fold_manifest import FoldManifest
from ecg_facial.runtime.records import Record, field_types

FILES: tuple[tuple[str, type], ...] = (
    ("metrics.json", RunMetrics),
    ("run.json", RunRecord),
    ("audit.json", AuditResult),
    ("folds.json", FoldManifest),
)
_HEAD = """# Every key of a run's files

A run folder holds `predictions.csv`, `metrics.json`, `run.json`, `audit.json` and `folds.json`. These are their columns
and keys, with type, unit and meaning. `null` is what cannot be computed. The page is made from the classes in
`ecg_facial.evaluation` that read and write the files: `RunMetrics.read(path)` gives `metrics.json` with types.
"""
_TABLE = "| key | type | unit | meaning |\n|---|---|---|---|\n"
_SCALARS = {int: "integer", float: "number", str: "text", bool: "true or false", Path: "text", type(None): "null"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Key:
    """A key of a file: its name, type in Markdown, unit and meaning."""

    name: str
    type: str
    unit: str
    meaning: str

    def to_row(self) -> str:
        """Give the row of a table."""
        return f"| `{self.name}` | {self.type} | {self.unit} | {self.meaning} |\n"


def write_keys(out: Path) -> None:
    """Write the page."""
    out.parent.mkdir(parents=True, exist_ok=True)
    text = make_page()
    if not out.is_file() or out.read_text(encoding="utf-8") != text:
        out.write_text(text, encoding="utf-8")


def make_page() -> str:
    """Give the page as Markdown."""
    parts = [_HEAD, _describe_predictions()]
    shown: set[type] = set()
    for file, kind in FILES:
        parts.append(f"\n## {file}\n\n{_first_line(kind)}\n\n{_make_table(kind)}")
        for part in _parts_of(kind):
            if part not in shown:
                shown.add(part)
                parts.append(f"\n### {part.__name__}\n\n{_first_line(part)}\n\n{_make_table(part)}")
    return "".join(parts)


def _describe_predictions() -> str:
    rows = "".join(Key(**column._asdict()).to_row() for column in COLUMNS)
    return f"\n## predictions.csv\n\nOne row per trial, model and seed.\n\n{_TABLE.replace('key', 'column')}{rows}"


def _first_line(kind: type) -> str:
    return _to_markdown((inspect.getdoc(kind) or "").split("\n")[0])


def _make_table(kind: type) -> str:
    return _TABLE + "".join(key.to_row() for key in list_keys(kind))


def list_keys(kind: type) -> list[Key]:
    """Every key of one class, in the order of the file.

    Raises
    ------
    ValueError
        For a field that no docstring describes.
    """
    described, keys = _read_attributes(kind), []
    if getattr(kind, "format_version", None) is not None:
        keys.append(Key(name="format_version", type="integer", unit="", meaning="Version of the keys of this file."))
    for name in getattr(kind, "derived", ()):
        getter = getattr(kind, name).fget
        keys.append(
            Key(
                name=name,
                type=_name_type(get_type_hints(getter)["return"]),
                unit="",
                meaning=_to_markdown(" ".join((inspect.getdoc(getter) or "").split())),
            )
        )
    for name, hint in field_types(kind).items():
        if name not in described:
            raise ValueError(f"{kind.__name__}.{name} is in no docstring: describe it under Attributes")
        unit, meaning = described[name]
        kind_name = _name_type(hint)
        if name in getattr(kind, "optional", ()):
            kind_name = f"{kind_name.removesuffix(' or null')}; may be absent"
        keys.append(Key(name=name, type=kind_name, unit=unit, meaning=_to_markdown(meaning)))
    return keys


def _parts_of(kind: type) -> Iterator[type]:
    """Classes inside a class, depth first, each in the order of its fields."""
    for hint in field_types(kind).values():
        for part in _classes_in(hint):
            yield part
            yield from _parts_of(part)


def _classes_in(hint: Any) -> Iterator[type]:
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        yield hint
    for part in get_args(hint):
        yield from _classes_in(part)


def _read_attributes(kind: type) -> dict[str, tuple[str, str]]:
    """Read unit and meaning of each attribute, of the class and of those that it extends."""
    found: dict[str, tuple[str, str]] = {}
    for each in reversed([each for each in kind.__mro__ if dataclasses.is_dataclass(each) and each is not Record]):
        text = inspect.cleandoc(each.__doc__ or "")
        section = re.search(r"^Attributes\n-+\n(.*?)(?=^\w+\n-+\n|\Z)", text, flags=re.S | re.M)
        for entry in re.split(r"\n(?=\S)", section.group(1).rstrip() if section else ""):
            head, _, body = entry.partition("\n")
            names, _, kind_and_unit = head.partition(" : ")
            for name in names.split(","):
                found[name.strip()] = (_read_unit(kind_and_unit), " ".join(body.split()))
    return found


def _read_unit(text: str) -> str:
    """Give what stands after the type: ``float or None, 0 to 1`` has the unit ``0 to 1``."""
    return re.sub(r"\[.*?\]|\{.*?\}", "", text).partition(", ")[2]


def _to_markdown(text: str) -> str:
    """Turn a docstring into Markdown that speaks of JSON: None is null."""
    return re.sub(r"\bNone\b", "`null`", re.sub(r"``(.*?)``", r"`\1`", text)).replace("|", "\\|")


def _name_type(hint: Any) -> str:
    """Name a type as the file shows it; classes link to their tables."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return " or ".join(_name_type(part) for part in parts)
    if origin is Literal:
        return " or ".join(f"`{part}`" for part in parts)
    if origin is tuple:
        return f"list of {_name_type(parts[0])}"
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return f"object: name to {_name_type(parts[1])}"
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return f"[{hint.__name__}](#{hint.__name__.lower()})"
    return _SCALARS.get(hint) or hint.__name__


if __name__ == "__main__":
    write_keys(Path(sys.argv[1]))
