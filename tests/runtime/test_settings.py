"""Settings come back from JSON as they went, and what does not belong is refused by name."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from ecg_facial.errors import SettingsError
from ecg_facial.runtime.settings import from_dict, to_dict


@dataclass(frozen=True)
class Inner:
    rate: float = 0.5
    sizes: tuple[int, ...] = (1, 2)


@dataclass(frozen=True)
class Outer:
    count: int = 3
    share: float = 0.25
    on: bool = True
    name: str = "x"
    path: str | None = None
    inner: Inner = field(default_factory=Inner)

    def __post_init__(self) -> None:
        if self.count < 0:
            raise SettingsError(f"count is {self.count}: expected 0 or more")


def changed(**values: Any) -> dict[str, Any]:
    return to_dict(Outer()) | values


@pytest.mark.parametrize("settings", [Outer(), Outer(7, 1.5, False, "y", "z", Inner(train=2.0, stopping=(5,)))])
def test_settings_survive_json(settings: Outer) -> None:
    assert from_dict(Outer, json.loads(json.dumps(to_dict(settings)))) == settings


def test_a_whole_number_is_taken_for_a_float() -> None:
    share = from_dict(Outer, changed(share=2)).share
    assert share == 2.0
    assert isinstance(share, float)


def test_an_unknown_key_is_refused_by_name() -> None:
    with pytest.raises(SettingsError, match="Outer settings: unknown colour, size; expected count, share, on"):
        from_dict(Outer, changed(size=1, colour=2))


def test_a_missing_key_is_refused_by_name() -> None:
    content = changed()
    del content["share"], content["count"]
    with pytest.raises(SettingsError, match="Outer settings: missing count, share; expected count"):
        from_dict(Outer, content)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"count": "3"}, "Outer.count is '3': expected int"),
        ({"count": True}, "Outer.count is True: expected int"),
        ({"count": 3.0}, "Outer.count is 3.0: expected int"),
        ({"count": None}, "Outer.count is None: expected int"),
        ({"share": "0.1"}, "Outer.share is '0.1': expected float"),
        ({"share": False}, "Outer.share is False: expected float"),
        ({"on": 1}, "Outer.on is 1: expected bool"),
        ({"name": 5}, "Outer.name is 5: expected str"),
        ({"path": 5}, "Outer.path is 5: expected str | None"),
        ({"inner": 5}, "Inner settings are int: expected keys and values"),
        ({"inner": {"rate": "fast", "sizes": [1]}}, "Inner.rate is 'fast': expected float"),
        ({"inner": {"rate": 1.0}}, "Inner settings: missing sizes"),
        ({"inner": {"rate": 1.0, "sizes": "12"}}, "Inner.sizes is '12': expected a list"),
        ({"inner": {"rate": 1.0, "sizes": [1, "2"]}}, "Inner.sizes[1] is '2': expected int"),
    ],
)
def test_a_value_of_another_type_is_refused_by_name(values: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        from_dict(Outer, changed(**values))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [None, [], "text", 5])
def test_what_is_no_mapping_is_refused(content: object) -> None:
    with pytest.raises(SettingsError, match="expected keys and values"):
        from_dict(Outer, content)  # type: ignore[arg-type]  # on purpose


def test_the_dataclass_judges_the_values() -> None:
    with pytest.raises(SettingsError, match="count is -1: expected 0 or more"):
        from_dict(Outer, changed(count=-1))
