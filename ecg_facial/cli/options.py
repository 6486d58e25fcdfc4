"""Command-line options made of settings.

Input: a settings object and the fields to offer. Output: typer's options: the type and the default of each field, and
for help the first sentence of its entry in the Attributes section of the docstring. What is typed becomes a settings
object again, which checks the values.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, wraps
from inspect import Parameter, Signature, cleandoc, signature
from types import GenericAlias, UnionType
from typing import Annotated, Any, Literal, Protocol, Union, get_args, get_origin, get_type_hints

import typer

from ecg_facial.errors import SettingsError

# longer lists of choices stand in the help
_MAX_METAVAR = 60


class Options(Protocol):
    """Options that become one argument of a command."""

    def list_parameters(self) -> list[Parameter]:
        """Give the options as keyword-only parameters that typer reads."""

    def make(self, typed: Mapping[str, Any]) -> Any:
        """Make the argument of what was typed, by parameter name."""


@dataclass(frozen=True, kw_only=True)
class SettingsOptions:
    """Options for some fields of a settings object.

    Attributes
    ----------
    base : object
        A settings dataclass; its values are the defaults.
    places : mapping of str to str
        Name of each option, without dashes, and the field that it sets: ``"models.facial.hidden"`` is a field of
        settings within settings.
    choices : mapping of str to iterable of str
        Allowed values of options whose type does not tell them, for the help.
    aliases : mapping of str to str
        Second flag of an option.
    listed : collection of str
        Options whose several values are typed as one, separated by commas; quotation marks keep a comma within a value.
    """

    base: Any
    places: Mapping[str, str]
    choices: Mapping[str, Iterable[str]] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    listed: Collection[str] = ()

    def list_parameters(self) -> list[Parameter]:
        """Give the options as keyword-only parameters that typer reads."""
        return [self._make_parameter(name, place) for name, place in self.places.items()]

    def _make_parameter(self, name: str, place: str) -> Parameter:
        *path, last = place.split(".")
        owner = self._find_owner(path)
        kind: type = type(owner)
        flag = name.replace("_", "-")
        # a switch that is on by default needs a way to switch it off
        shown = f"--{flag}/--no-{flag}" if getattr(owner, last) is True else f"--{flag}"
        flags = [shown, *([self.aliases[name]] if name in self.aliases else [])]
        hint, _ = _plain_type(_types_of(kind)[last])
        about = make_option(kind, last, *flags, choices=self.choices.get(name, ()))
        annotation = Annotated[hint, about]  # type: ignore[valid-type]  # made at run time
        default = getattr(owner, last)
        value = [*default] if isinstance(default, tuple) else default
        if name in self.listed:
            value, annotation = ",".join(map(str, default)) or None, Annotated[str | None, about]
        return Parameter(name, Parameter.KEYWORD_ONLY, default=value, annotation=annotation)

    def make(self, typed: Mapping[str, Any]) -> Any:
        """Make settings of what was typed.

        Raises
        ------
        SettingsError
            For a value that the settings refuse.
        """
        changes: dict[str, Any] = {}
        for name, place in self.places.items():
            *path, last = place.split(".")
            inside = changes
            for step in path:
                inside = inside.setdefault(step, {})
            value = typed[name]
            if name in self.listed:
                value = split_list(value or "", self._find_type(path, last), f"--{name}")
            inside[last] = tuple(value) if isinstance(value, list) else value
        return _change(self.base, changes)

    def _find_type(self, path: Sequence[str], name: str) -> Any:
        """Give the type of a field."""
        kind: type = type(self._find_owner(path))
        return _types_of(kind)[name]

    def _find_owner(self, path: Sequence[str]) -> Any:
        """Give the settings within the settings."""
        owner = self.base
        for step in path:
            owner = getattr(owner, step)
        return owner


def split_list(text: str, hint: Any, flag: str) -> tuple[Any, ...]:
    """Split values that were typed as one.

    Parameters
    ----------
    text : str
        Values separated by commas, or by semicolons; empty for none.
    hint : type
        That of the field, such as ``tuple[float, ...]``.
    flag : str
        Name of the option, for messages.

    Raises
    ------
    SettingsError
        For a value that is no number where one is expected.

    Examples
    --------
    >>> split_list("no pain, mild", tuple[str, ...], "--classes"), split_list("1,4,7", tuple[float, ...], "--cut")
    (('no pain', 'mild'), (1.0, 4.0, 7.0))
    """
    kind = get_args(hint)[0]
    # semicolons where a comma is the decimal sign, or where there is no comma
    mark = ";" if ";" in text and (kind is float or "," not in text) else ","
    words = [word.strip() for line in csv.reader([text], delimiter=mark, skipinitialspace=True) for word in line]
    if kind is float and mark == ";":
        words = [word.replace(",", ".") for word in words]
    try:
        return tuple(map(kind, words))
    except ValueError:
        raise SettingsError(f"{flag} is {text!r}: expected numbers separated by commas") from None


def _change(settings: Any, changes: Mapping[str, Any]) -> Any:
    """Replace fields, inside settings within settings too."""
    inner = {name: _change(getattr(settings, name), value) for name, value in changes.items() if type(value) is dict}
    return replace(settings, **{**changes, **inner})


def make_option(kind: type, name: str, *flags: str, choices: Iterable[str] = ()) -> Any:
    """Make a typer option of a field of a settings class.

    Parameters
    ----------
    kind : type
        The settings class.
    name : str
        The field.
    *flags : str
        Such as ``"--crop-px"``. A bool with a named flag has no ``--no-...`` beside it.
    choices : iterable of str
        Allowed values for the help; those of a ``Literal`` are known without it.
    """
    allowed = [*choices] or _plain_type(_types_of(kind)[name])[1]
    shown, about = "|".join(allowed), describe_field(kind, name)
    if len(shown) > _MAX_METAVAR:
        shown, about = "", f"{about} Any of {', '.join(allowed)}."
    return typer.Option(*flags, help=about, metavar=shown or None)


@cache
def _types_of(kind: type) -> dict[str, Any]:
    """Types of the fields. Resolved once per class: that is most of the time that options take."""
    return get_type_hints(kind)


def _plain_type(hint: Any) -> tuple[Any, list[str]]:
    """Give the type that typer parses, and the choices of a literal: the settings refuse others in one line."""
    if get_origin(hint) is Literal:
        return str, [str(choice) for choice in get_args(hint)]
    if get_origin(hint) in (Union, UnionType):
        inner, allowed = _plain_type(next(part for part in get_args(hint) if part is not type(None)))
        return inner | None, allowed
    if get_origin(hint) is tuple:
        inner, allowed = _plain_type(get_args(hint)[0])
        return GenericAlias(list, (inner,)), allowed
    return hint, []


@cache
def describe_field(kind: type, name: str) -> str:
    """Give the first sentence that the docstring of a settings class says about a field.

    Raises
    ------
    SettingsError
        When the Attributes section says nothing about it.
    """
    for names, text in _read_attributes(cleandoc(kind.__doc__ or "")):
        if name in names and text:
            return re.split(r"(?<=\.)\s", text.replace("`", ""))[0]
    raise SettingsError(f"{kind.__name__}.{name} has no help: describe it in the docstring, under Attributes")


def _read_attributes(docstring: str) -> Iterator[tuple[list[str], str]]:
    """Names and text of each entry of a NumPy docstring's Attributes section."""
    _, _, section = docstring.partition("Attributes\n----------\n")
    section = re.split(r"\n\n[A-Z].*\n---", section)[0]
    for entry in re.split(r"\n(?=\S)", section):
        head, *lines = entry.splitlines() or [""]
        yield head.partition(" : ")[0].split(", "), " ".join(line.strip() for line in lines).strip()


def with_options(**groups: Options) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command options that are made of settings.

    Parameters
    ----------
    **groups : Options
        For each parameter of the command that is made of several options.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        hints = get_type_hints(command, include_extras=True)
        own = [
            parameter.replace(kind=Parameter.KEYWORD_ONLY, annotation=hints[name])
            for name, parameter in signature(command).parameters.items()
            if name not in groups
        ]
        shared = [parameter for group in groups.values() for parameter in group.list_parameters()]

        @wraps(command)
        def run(**typed: Any) -> None:
            names = {parameter.name for parameter in own}
            made = {name: group.make(typed) for name, group in groups.items()}
            command(**{name: value for name, value in typed.items() if name in names}, **made)

        # typer reads both
        run.__signature__ = Signature([*own, *shared])  # type: ignore[attr-defined]  # functions have one when asked
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in (*own, *shared)}
        return run

    return decorate


class FunctionOptions:
    """Options that are the parameters of a function, which makes their argument of what was typed.

    Parameters
    ----------
    make : callable
        With keyword parameters as typer reads them.
    """

    def __init__(self, make: Callable[..., Any]) -> None:
        self._make = make
        hints = get_type_hints(make, include_extras=True)
        self._parameters = [
            parameter.replace(kind=Parameter.KEYWORD_ONLY, annotation=hints[name])
            for name, parameter in signature(make).parameters.items()
        ]

    def list_parameters(self) -> list[Parameter]:
        """Give the parameters of the function."""
        return self._parameters

    def make(self, typed: Mapping[str, Any]) -> Any:
        """Call the function."""
        return self._make(**{parameter.name: typed[parameter.name] for parameter in self._parameters})
