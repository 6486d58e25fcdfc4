"""Frozen dataclasses of settings to JSON and back.

Input: a settings dataclass, or JSON made of one. Output: the other. Nested dataclasses are followed. Unknown and
missing keys, values of another type, and dataclasses with fields of an unknown type are errors. The dataclasses
themselves check what their values mean.
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Mapping
from enum import Enum
from pathlib import Path, PurePath
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from ecg_facial.errors import SettingsError

_Settings = TypeVar("_Settings")
_SCALARS = (int, float, bool, str, Path)
_KNOWN = "int, float, bool, str, Path, each or None, Literal of str or int, an Enum, a tuple of these, or a dataclass"


def strict_settings(kind: type[_Settings]) -> type[_Settings]:
    """Check a dataclass of settings where it is defined: every field must be of a type that comes back from JSON.

    Parameters
    ----------
    kind : type
        A dataclass. The types of its fields are resolved now, so they must be imported and defined before it.

    Returns
    -------
    type
        The same dataclass.

    Raises
    ------
    SettingsError
        For anything but a dataclass, and for a field of any type but int, float, bool, str and Path, each of them
        ``| None``, ``Literal`` of str or int, ``Enum``, tuples of these (of any length or a fixed one), and such
        dataclasses.
    """
    _field_types(kind)
    return kind


def to_dict(settings: Any) -> dict[str, Any]:
    """Turn a settings dataclass into JSON-able values: tuples become lists, paths strings, enum members their names.

    Raises
    ------
    SettingsError
        For a class that `strict_settings` refuses.
    """
    _field_types(type(settings))
    return {key: _as_json(value) for key, value in dataclasses.asdict(settings).items()}


def from_dict(kind: type[_Settings], content: Mapping[str, Any]) -> _Settings:
    """Turn JSON's values back into a settings dataclass.

    Parameters
    ----------
    kind : type
        A dataclass.
    content : mapping
        One value for every field.

    Raises
    ------
    SettingsError
        For a class that `strict_settings` refuses, an unknown or missing key, a value of another type, or a value that
        the dataclass refuses.
    """
    hints = _field_types(kind)
    if not isinstance(content, Mapping):
        raise SettingsError(f"{kind.__name__} settings are {type(content).__name__}: expected keys and values")
    unknown, missing = sorted(set(content) - set(hints)), sorted(set(hints) - set(content))
    if unknown or missing:
        wrong = f"unknown {', '.join(unknown)}" if unknown else f"missing {', '.join(missing)}"
        raise SettingsError(f"{kind.__name__} settings: {wrong}; expected {', '.join(hints)}")
    return kind(**{name: convert_value(hint, content[name], f"{kind.__name__}.{name}") for name, hint in hints.items()})


def _field_types(kind: type) -> dict[str, Any]:
    if not dataclasses.is_dataclass(kind):
        raise SettingsError(f"{kind.__name__} is no dataclass: expected one")
    try:
        hints = get_type_hints(kind)
    except NameError as error:
        raise SettingsError(f"{kind.__name__}: {error}; import or define the types of its fields before it") from None
    found = {field.name: hints[field.name] for field in dataclasses.fields(kind)}
    for name, hint in found.items():
        if not _is_known(hint):
            raise SettingsError(f"{kind.__name__}.{name} is of type {_show(hint)}: expected {_KNOWN}")
    return found


def _is_known(hint: Any) -> bool:
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Literal:
        return all(type(part) in (str, int) for part in parts)
    if origin is tuple:
        return bool(parts) and all(_is_known(part) for part in _item_types(parts))
    if _is_optional(hint):
        return _without_none(hint) in _SCALARS
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        _field_types(hint)  # names the field inside it
        return True
    return hint in _SCALARS or _is_enum(hint)


def _is_enum(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, Enum)


def _is_optional(hint: Any) -> bool:
    return get_origin(hint) in (Union, types.UnionType)


def _without_none(hint: Any) -> Any:
    """Give `T` of ``T | None``, and None for any other union."""
    parts = [part for part in get_args(hint) if part is not type(None)]
    return parts[0] if len(parts) == 1 else None


def _item_types(parts: tuple[Any, ...]) -> tuple[Any, ...]:
    return parts[:1] if parts[1:] == (...,) else parts


def _show(hint: Any) -> str:
    return hint.__name__ if isinstance(hint, type) else str(hint)


def _as_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _as_json(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [_as_json(item) for item in value]
    if isinstance(value, Enum):
        return value.name
    return str(value) if isinstance(value, PurePath) else value


def convert_value(hint: Any, value: Any, name: str) -> Any:
    """Turn a JSON value into what the type hint of a field says; `name` is what messages call it.

    Raises
    ------
    SettingsError
        For a value of another type.
    """
    if get_origin(hint) is tuple:
        return _convert_items(get_args(hint), value, name)
    if get_origin(hint) is Literal:
        # 1 == True == 1.0 to Python, not to us
        if not any(type(value) is type(choice) and value == choice for choice in get_args(hint)):
            raise SettingsError(f"{name} is {value!r}: expected {' or '.join(map(repr, get_args(hint)))}")
        return value
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return from_dict(hint, value)
    if _is_enum(hint):
        if not (isinstance(value, str) and value in hint.__members__):
            raise SettingsError(f"{name} is {value!r}: expected {' or '.join(hint.__members__)}")
        return hint[value]
    if not _is_optional(hint):
        return _convert_scalar(hint, value, name, expected=_show(hint))
    return None if value is None else _convert_scalar(_without_none(hint), value, name, expected=_show(hint))


def _convert_scalar(kind: Any, value: Any, name: str, *, expected: str) -> Any:
    allowed: Any = {float: (float, int), Path: (str,)}.get(kind, (kind,))
    # bool is an int to Python, not to us
    if not isinstance(value, allowed) or (isinstance(value, bool) and kind is not bool):
        raise SettingsError(f"{name} is {value!r}: expected {expected}")
    if kind is float:
        try:
            return float(value)
        except OverflowError:
            raise SettingsError(f"{name} is an int of {value.bit_length()} bits: expected {expected}") from None
    return Path(value) if kind is Path else value


def _convert_items(parts: tuple[Any, ...], value: Any, name: str) -> tuple[Any, ...]:
    if not isinstance(value, (list, tuple)):
        raise SettingsError(f"{name} is {value!r}: expected a list")
    kinds = _item_types(parts)
    if kinds != parts:
        kinds *= len(value)
    if len(value) != len(kinds):
        raise SettingsError(f"{name} has {len(value)} values: expected {len(kinds)}")
    places = enumerate(zip(kinds, value, strict=True))
    return tuple(convert_value(kind, item, f"{name}[{place}]") for place, (kind, item) in places)
