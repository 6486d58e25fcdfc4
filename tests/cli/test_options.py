"""Options are made of settings: type, default and help come from the class; what is typed comes back as settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from inspect import Parameter
from pathlib import Path
from typing import Literal

import pytest
import typer
from typer.testing import CliRunner

from ecg_facial.cli.options import SettingsOptions, describe_field, split_list, with_options
from ecg_facial.errors import SettingsError


@dataclass(frozen=True, kw_only=True)
class Lens:
    """A lens.

    Attributes
    ----------
    focus : {"near", "far"}
        Where it is sharp. Far is usual.
    stops, steps : int
        Number of `stops`.
    """

    focus: Literal["near", "far"] = "far"
    stops: int = 8
    steps: int = 2


@dataclass(frozen=True, kw_only=True)
class Camera:
    """A camera.

    Attributes
    ----------
    lens : Lens
        Its lens.
    name : str or None
        What it is called.
    filters : tuple of str
        What is in front of it.
    folder : Path
        Where pictures go.
    flash : bool
        Whether it
        lights.
    apertures : tuple of float
        How far it opens.

    Raises
    ------
    SettingsError
        For no stops.
    """

    lens: Lens = field(default_factory=Lens)
    name: str | None = None
    filters: tuple[str, ...] = ()
    folder: Path = Path("out")
    flash: bool = False
    apertures: tuple[float, ...] = ()
    hidden: int = 1

    def __post_init__(self) -> None:
        if self.lens.stops < 1:
            raise SettingsError("no stops")


CAMERA = SettingsOptions(
    base=Camera(lens=Lens(stops=16)),
    places={
        "sharp": "lens.focus",
        "stops": "lens.stops",
        "name": "name",
        "filter": "filters",
        "folder": "folder",
        "flash": "flash",
        "apertures": "apertures",
    },
    aliases={"sharp": "--focus"},
    listed=("apertures",),
)


def run(*words: str) -> tuple[int, str, list[Camera]]:
    app, made = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False), list[Camera]()

    @app.command()
    @with_options(camera=CAMERA)
    def take(camera: Camera, times: int = 1) -> None:
        made.extend([camera] * times)

    done = CliRunner().invoke(app, [*words])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output, made


def test_without_options_the_settings_are_the_base() -> None:
    assert run() == (0, "", [CAMERA.base])


def test_what_is_typed_comes_back_as_settings_within_settings() -> None:
    words = "--sharp near --stops 4 --name x --filter red --filter blue --folder a/b --flash --times 2"
    _, _, made = run(*words.split())
    lens = Lens(focus="near", stops=4)
    expected = Camera(lens=lens, name="x", filters=("red", "blue"), folder=Path("a/b"), flash=True)
    assert made == [expected, expected]
    assert run("--focus", "near")[2][0].lens.focus == "near"


def test_several_values_may_be_typed_as_one() -> None:
    assert run("--apertures", "1.4, 2,8")[2][0].apertures == (1.4, 2.0, 8.0)
    assert split_list('"a, b",c', tuple[str, ...], "--names") == ("a, b", "c")
    assert split_list("no pain; mild", tuple[str, ...], "--classes") == ("no pain", "mild")
    assert split_list("a;b, c", tuple[str, ...], "--names") == ("a;b", "c")
    assert split_list("1,5; 4", tuple[float, ...], "--cut") == split_list("1.5,4", tuple[float, ...], "--cut")
    with pytest.raises(SettingsError, match="--apertures is '1,wide': expected numbers separated by commas"):
        run("--apertures", "1,wide")


def test_the_settings_judge_the_values() -> None:
    with pytest.raises(SettingsError, match="no stops"):
        run("--stops", "0")


def test_help_is_the_first_sentence_of_the_docstring_with_choices_and_defaults() -> None:
    _, shown, _ = run("--help")
    text = " ".join(shown.split())
    assert "--sharp, --focus near|far Where it is sharp. [default: far]" in text
    assert "--stops <int> Number of stops. [default: 16]" in text
    assert "--flash Whether it lights." in text
    assert "--no-flash" not in text
    assert "Far is usual" not in text


def test_a_long_list_of_choices_stands_in_the_help() -> None:
    many = [f"choice{number}" for number in range(10)]
    options = SettingsOptions(base=Camera(), places={"name": "name"}, choices={"name": many})
    (parameter,) = options.list_parameters()
    about = parameter.annotation.__metadata__[0]
    assert about.help == f"What it is called. Any of {', '.join(many)}."
    assert about.metavar is None
    assert parameter.kind is Parameter.KEYWORD_ONLY


def test_a_field_without_help_is_refused_by_name() -> None:
    assert describe_field(Lens, "steps") == "Number of stops."
    with pytest.raises(SettingsError, match=r"Camera\.hidden has no help: describe it in the docstring"):
        describe_field(Camera, "hidden")
