"""Settings come back from JSON as they went, and what does not belong is refused by name."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import Any, Literal

import pytest

from ecg_facial.errors import SettingsError
from ecg_facial.evaluation.benchmark.fusing import FusionCombiner
from ecg_facial.evaluation.benchmark.settings import BenchmarkSettings
from ecg_facial.evaluation.protocols.settings import InnerSettings
from ecg_facial.inference.bundle import BundleInfo
from ecg_facial.inference.calibration import Temperature, Temperatures
from ecg_facial.inference.fusion import Fusion
from ecg_facial.labels import PainLevel
from ecg_facial.learning.settings import ModelSettings, TrainingSettings
from ecg_facial.nets.settings import EcgSettings, FacialSettings
from ecg_facial.prepared.settings import NormalisationSettings
from ecg_facial.runtime.settings import from_dict, strict_settings, to_dict
from ecg_facial.simulate.settings.cohort_settings import CohortSettings
from ecg_facial.windows.settings import WindowSettings


class Colour(IntEnum):
    RED = 0
    BLUE = 3


@strict_settings
@dataclass(frozen=True, kw_only=True)
class Inner:
    rate: float = 0.5
    sizes: tuple[int, ...] = (1, 2)


@strict_settings
@dataclass(frozen=True, kw_only=True)
class Outer:
    count: int = 3
    share: float = 0.25
    on: bool = True
    name: str = "x"
    path: str | None = None
    limit: float | None = None
    seen: bool | None = None
    kind: Literal["late", "first", 2] = "late"
    span: tuple[float, str] = (0.0, "s")
    kinds: tuple[Literal["a", "b"], ...] = ()
    file: Path = Path("a/b")
    folder: Path | None = None
    colour: Colour = Colour.RED
    colours: tuple[Colour, ...] = ()
    inner: Inner = field(default_factory=Inner)
    inners: tuple[Inner, ...] = ()

    def __post_init__(self) -> None:
        if self.count < 0:
            raise SettingsError(f"count is {self.count}: expected 0 or more")


OTHER = Outer(
    count=7,
    share=1.5,
    on=False,
    name="y",
    path="z",
    limit=2.0,
    seen=False,
    kind=2,
    span=(1.5, "ms"),
    kinds=("b", "a"),
    file=Path("c"),
    folder=Path("d/e"),
    colour=Colour.BLUE,
    colours=(Colour.BLUE, Colour.RED),
    inner=Inner(rate=2.0, sizes=(5,)),
    inners=(Inner(), Inner(sizes=())),
)
STORED = (
    BenchmarkSettings(
        task="biovid4",
        models=ModelSettings(facial=FacialSettings(weights="none"), ecg=EcgSettings(width=32)),
        inner=InnerSettings(calibration_share=0.2),
        normalisation=NormalisationSettings(mode="causal"),
    ),
    ModelSettings(ecg_training=TrainingSettings(epochs=1)),
    FacialSettings(weights="w.pth", weights_sha256="0" * 64),
    EcgSettings(),
    TrainingSettings(device="cpu"),
    InnerSettings(),
    NormalisationSettings(),
    WindowSettings(n_frames=2),
    BundleInfo(
        task="binary",
        class_names=("BL1", "PA4"),
        windows=WindowSettings(),
        fusion=Fusion(temperatures=Temperatures(ecg=Temperature(value=2.0, n_subjects=9, n_trials=720, reason=""))),
        simulated=True,
        n_subjects=12,
        description="x",
    ),
    FusionCombiner(fusion=Fusion(face_weight=0.6), learn=True),
    CohortSettings(levels=(PainLevel.PA4, PainLevel.BL1), pathologies=("missing_ecg",)),
)


@dataclass(frozen=True)
class WithMapping:
    sizes: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class WithUnion:
    size: int | str = 1


@dataclass(frozen=True)
class WithAnything:
    size: Any = 1


@dataclass(frozen=True)
class WithBytes:
    kind: Literal[b"a"] = b"a"


@dataclass(frozen=True)
class WithBoolChoice:
    kind: Literal[True, "auto"] = True


@dataclass(frozen=True)
class WithComplexItems:
    items: tuple[int, complex] = (1, 1j)


@dataclass(frozen=True)
class WithBareTuple:
    items: tuple = ()  # type: ignore[type-arg]  # on purpose


@dataclass(frozen=True)
class WithList:
    items: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class WithInner:
    inner: WithMapping = field(default_factory=WithMapping)


REFUSED = {
    WithMapping: "WithMapping.sizes is of type dict[str, int]: expected int, float",
    WithUnion: "WithUnion.size is of type int | str: expected",
    WithAnything: "WithAnything.size is of type",
    WithBytes: "WithBytes.kind is of type typing.Literal[b'a']: expected",
    WithBoolChoice: "WithBoolChoice.kind is of type typing.Literal[True, 'auto']: expected",
    WithComplexItems: "WithComplexItems.items is of type tuple[int, complex]: expected",
    WithBareTuple: "WithBareTuple.items is of type tuple: expected",
    WithList: "WithList.items is of type list[int]: expected",
    WithInner: "WithMapping.sizes is of type dict[str, int]: expected",
}


def changed(**values: Any) -> dict[str, Any]:
    return to_dict(Outer()) | values


@pytest.mark.parametrize("settings", [Outer(), OTHER])
def test_settings_survive_json(settings: Outer) -> None:
    assert from_dict(Outer, json.loads(json.dumps(to_dict(settings)))) == settings


def test_a_whole_number_is_taken_for_a_float() -> None:
    share = from_dict(Outer, changed(share=2)).share
    assert share == 2.0
    assert isinstance(share, float)
    assert isinstance(from_dict(Outer, changed(limit=2)).limit, float)


@pytest.mark.parametrize("settings", STORED, ids=lambda settings: type(settings).__name__)
def test_what_runs_and_bundles_store_survives_json(settings: Any) -> None:
    assert from_dict(type(settings), json.loads(json.dumps(to_dict(settings)))) == settings


def test_what_is_written_holds_lists_and_strings_only() -> None:
    said = to_dict(OTHER)
    assert said == json.loads(json.dumps(said))
    assert said["folder"] == str(Path("d/e"))
    assert (said["colour"], said["colours"]) == ("BLUE", ["BLUE", "RED"])


@pytest.mark.parametrize("kind", REFUSED, ids=lambda kind: kind.__name__)
def test_a_field_of_unknown_type_is_refused_where_the_class_is_defined(kind: type) -> None:
    with pytest.raises(SettingsError) as caught:
        strict_settings(kind)
    assert REFUSED[kind] in str(caught.value)


@pytest.mark.parametrize("kind", REFUSED, ids=lambda kind: kind.__name__)
def test_a_field_of_unknown_type_is_refused_at_first_use_at_the_latest(kind: type) -> None:
    with pytest.raises(SettingsError, match="is of type"):
        to_dict(kind())
    with pytest.raises(SettingsError, match="is of type"):
        from_dict(kind, asdict(kind()))


def test_a_class_that_is_no_dataclass_is_refused() -> None:
    with pytest.raises(SettingsError, match="Path is no dataclass"):
        strict_settings(Path)


def test_a_field_whose_type_is_not_defined_yet_is_refused() -> None:
    @dataclass(frozen=True)
    class Early:
        later: Later  # type: ignore[name-defined]  # noqa: F821  # on purpose

    with pytest.raises(SettingsError, match="Early: name 'Later' is not defined; import or define"):
        strict_settings(Early)


def test_the_decorator_returns_the_class_itself() -> None:
    assert strict_settings(Inner) is Inner


def test_an_unknown_key_is_refused_by_name() -> None:
    with pytest.raises(SettingsError, match="Outer settings: unknown age, size; expected count, share, on"):
        from_dict(Outer, changed(size=1, age=2))


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
        ({"limit": True}, "Outer.limit is True: expected float | None"),
        ({"seen": 0}, "Outer.seen is 0: expected bool | None"),
        ({"share": 10**400}, "Outer.share is an int of 1329 bits: expected float"),
        ({"kind": "last"}, "Outer.kind is 'last': expected 'late' or 'first' or 2"),
        ({"kind": 2.0}, "Outer.kind is 2.0: expected 'late' or 'first' or 2"),
        ({"kind": None}, "Outer.kind is None: expected"),
        ({"kinds": ["a", "c"]}, "Outer.kinds[1] is 'c': expected 'a' or 'b'"),
        ({"span": [1.0]}, "Outer.span has 1 values: expected 2"),
        ({"span": [1.0, "s", "s"]}, "Outer.span has 3 values: expected 2"),
        ({"span": ["s", 1.0]}, "Outer.span[0] is 's': expected float"),
        ({"span": [1.0, 2.0]}, "Outer.span[1] is 2.0: expected str"),
        ({"file": 5}, "Outer.file is 5: expected Path"),
        ({"file": None}, "Outer.file is None: expected Path"),
        ({"folder": ["d"]}, "Outer.folder is ['d']: expected"),
        ({"colour": "GREEN"}, "Outer.colour is 'GREEN': expected RED or BLUE"),
        ({"colour": 3}, "Outer.colour is 3: expected RED or BLUE"),
        ({"colours": ["RED", None]}, "Outer.colours[1] is None: expected RED or BLUE"),
        ({"inners": [5]}, "Inner settings are int: expected keys and values"),
        ({"inner": {"rate": 1.0, "sizes": [True]}}, "Inner.sizes[0] is True: expected int"),
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
