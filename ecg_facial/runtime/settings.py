"""Frozen dataclasses of settings to JSON and back.

Enters: a settings dataclass, or what JSON made of one. Leaves: the other. Nested dataclasses are followed; unknown and
missing keys, and values of another type, are errors. What the values mean is checked by the dataclasses themselves.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from ecg_facial.errors import SettingsError

_Settings = TypeVar("_Settings")
_SCALARS: dict[Any, tuple[type, ...]] = {
    int: (int,),
    float: (float, int),
    bool: (bool,),
    str: (str,),
    str | None: (str, type(None)),
    float | None: (float, int, type(None)),
    int | None: (int, type(None)),
}


def to_dict(settings: Any) -> dict[str, Any]:
    """Turn a settings dataclass into JSON-able values, tuples into lists."""
    return {
        key: list(value) if isinstance(value, tuple) else value for key, value in dataclasses.asdict(settings).items()
    }


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
        For an unknown or missing key, a value of another type, or a value that the dataclass refuses.
    """
    if not isinstance(content, Mapping):
        raise SettingsError(f"{kind.__name__} settings are {type(content).__name__}: expected keys and values")
    hints = get_type_hints(kind)
    names = [field.name for field in dataclasses.fields(kind)]  # type: ignore[arg-type]  # kind is a dataclass
    unknown, missing = sorted(set(content) - set(names)), sorted(set(names) - set(content))
    if unknown or missing:
        wrong = f"unknown {', '.join(unknown)}" if unknown else f"missing {', '.join(missing)}"
        raise SettingsError(f"{kind.__name__} settings: {wrong}; expected {', '.join(names)}")
    return kind(**{name: _convert(hints[name], content[name], f"{kind.__name__}.{name}") for name in names})


def _convert(hint: Any, value: Any, name: str) -> Any:
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return from_dict(hint, value)
    allowed = _SCALARS.get(hint)
    if allowed is not None:
        # bool is an int to Python, not to us
        if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed):
            raise SettingsError(f"{name} is {value!r}: expected {getattr(hint, '__name__', hint)}")
        return float(value) if hint is float and isinstance(value, int) else value
    if get_origin(hint) is tuple:
        if not isinstance(value, (list, tuple)):
            raise SettingsError(f"{name} is {value!r}: expected a list")
        return tuple(_convert(get_args(hint)[0], item, f"{name}[{place}]") for place, item in enumerate(value))
    return value
