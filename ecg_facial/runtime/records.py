"""Results as frozen dataclasses that are kept as JSON.

Input: a subclass of `Record`, or what JSON made of one. Output: the other. Reading is strict: an unknown or missing
key, a value of another type, a file of another format version are errors that name the key. Settings are kept by
`runtime.settings`; a record may hold them.
"""

from __future__ import annotations

import dataclasses
import json
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Self, Union, get_args, get_origin, get_type_hints

from ecg_facial.errors import CorruptDataError, MissingDataError, SettingsError
from ecg_facial.runtime.paths import explain_absence
from ecg_facial.runtime.settings import convert_value
from ecg_facial.runtime.settings import to_dict as settings_to_dict
from ecg_facial.runtime.storage import write_json

# type hints are text that Python evaluates anew each time, which takes most of the time of a file of 3,000 subjects
_TYPES: dict[type, Mapping[str, Any]] = {}


class Record:
    """Base of frozen, keyword-only dataclasses that are kept as JSON.

    Fields are scalars, settings, other records, tuples of these, mappings from str to these, each or None. A file holds
    every field, but for those of `optional` that are None or empty.

    Attributes
    ----------
    format_version : int or None
        Of records that are a whole file: written first, and compared on reading. Raise it when keys change.
    derived : tuple of str
        Properties that are written too, for those who read the file without this package. On reading they are compared
        with the fields that they follow from.
    optional : tuple of str
        Fields that are left out of the file while they are None or an empty tuple, which is their default.
    """

    format_version: ClassVar[int | None] = None
    derived: ClassVar[tuple[str, ...]] = ()
    optional: ClassVar[tuple[str, ...]] = ()

    def to_dict(self) -> dict[str, Any]:
        """Give the content as JSON-able values."""
        content = {} if self.format_version is None else {"format_version": self.format_version}
        values = {name: getattr(self, name) for name in (*self.derived, *field_types(type(self)))}
        absent = [name for name in self.optional if values[name] in (None, ())]
        return content | {name: _as_json(value) for name, value in values.items() if name not in absent}

    @classmethod
    def from_dict(cls, content: Any, *, where: str = "") -> Self:
        """Read what `to_dict` gave.

        Parameters
        ----------
        content : Any
            As parsed from JSON.
        where : str
            What to call it in messages; the name of the class without it.

        Raises
        ------
        CorruptDataError
            For an unknown or missing key, a value of another type, derived values that do not follow from the others,
            or another format version. The message names the key.
        """
        where = where or cls.__name__
        if not isinstance(content, Mapping):
            raise CorruptDataError(f"{where}: {_name_type(content)}, expected keys and values; make it again")
        rest = dict(content)
        _check_version(cls.format_version, rest, where)
        said = {name: rest.pop(name) for name in cls.derived if name in rest}
        hints = field_types(cls)
        _check_keys(rest, set(hints), set(cls.optional), where)
        record = cls(**{name: _convert(hints[name], value, f"{where}: {name}") for name, value in rest.items()})
        for name in cls.derived:
            if name not in said or said[name] != _as_json(getattr(record, name)):
                raise CorruptDataError(f"{where}: {name} does not follow from the rest; take an unaltered copy")
        return record

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a file that `write` wrote.

        Raises
        ------
        MissingDataError
            When the file is not there.
        CorruptDataError
            As `from_dict`, and when it is no JSON.
        """
        if not path.is_file():
            raise MissingDataError(
                f"{path}: no such file{explain_absence(path)}; expected the folder of a finished run"
            )
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise CorruptDataError(f"{path}: no JSON ({error}); make it again") from None
        return cls.from_dict(content, where=str(path))

    def write(self, path: Path) -> None:
        """Write the content whole or not at all."""
        write_json(path, self.to_dict())


def field_types(kind: type) -> Mapping[str, Any]:
    """Types of a dataclass' fields, by name and in their order."""
    if kind not in _TYPES:
        hints = get_type_hints(kind)
        _TYPES[kind] = {field.name: hints[field.name] for field in dataclasses.fields(kind)}
    return _TYPES[kind]


def _check_version(expected: int | None, content: dict[str, Any], where: str) -> None:
    """Take the version out of the content, and compare it."""
    if expected is None:
        return
    version = content.pop("format_version", None)
    if type(version) is not int:
        raise CorruptDataError(f"{where}: no format_version; it was made by an earlier version: make it again")
    if version != expected:
        remedy = "update ecg_facial" if version > expected else "make it again"
        raise CorruptDataError(f"{where}: format version {version}, expected {expected}; {remedy}")


def _check_keys(content: Mapping[str, Any], known: set[str], optional: set[str], where: str) -> None:
    unknown, missing = sorted(set(content) - known), sorted(known - optional - set(content))
    if unknown or missing:
        wrong = f"unknown key {', '.join(unknown)}" if unknown else f"missing key {', '.join(missing)}"
        raise CorruptDataError(f"{where}: {wrong}; it is damaged or of another version: make it again")


def _as_json(value: Any) -> Any:
    if isinstance(value, Record):
        return value.to_dict()
    if dataclasses.is_dataclass(value):
        return settings_to_dict(value)
    if isinstance(value, Mapping):
        return {str(key): _as_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_as_json(item) for item in value]
    return value


def _convert(hint: Any, value: Any, where: str) -> Any:
    """Turn a JSON value into what a type hint says."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return _convert_union(parts, value, where)
    if isinstance(hint, type) and issubclass(hint, Record):
        return hint.from_dict(value, where=where)
    if origin is tuple:
        return _convert_items(parts, value, where)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        if not isinstance(value, Mapping):
            raise CorruptDataError(f"{where} is {_name_type(value)}: expected keys and values; make it again")
        return {str(key): _convert(parts[1], item, f"{where}.{key}") for key, item in value.items()}
    try:
        return convert_value(hint, value, where)
    except SettingsError as error:
        raise CorruptDataError(f"{error}; make it again") from None


def _convert_union(parts: tuple[Any, ...], value: Any, where: str) -> Any:
    """None where that is allowed; of several types the one that fits exactly, else the first."""
    if value is None and type(None) in parts:
        return None
    kinds = [part for part in parts if part is not type(None)]
    return _convert(next((kind for kind in kinds if type(value) is kind), kinds[0]), value, where)


def _convert_items(parts: tuple[Any, ...], value: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(value, (list, tuple)):
        raise CorruptDataError(f"{where} is {_name_type(value)}: expected a list; make it again")
    kinds = parts[:1] * len(value) if parts[1:] == (...,) else parts
    if len(kinds) != len(value):
        raise CorruptDataError(f"{where} has {len(value)} values: expected {len(kinds)}; make it again")
    return tuple(
        _convert(kind, item, f"{where}[{place}]") for place, (kind, item) in enumerate(zip(kinds, value, strict=True))
    )


def _name_type(value: Any) -> str:
    return "null" if value is None else type(value).__name__
