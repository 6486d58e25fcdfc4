"""From labels as they stand in files to classes: stimulus levels, words of one's own, or ratings.

Input: the labels of a data set with their counts, and `LabelSettings`. Output: a `Labelling`, which tells the class of
each label, or why it has none. A label without a class is refused with the option that names it; it is never class 0.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from ecg_facial.datasets.settings import MAX_CLASSES, NRS, SCALES, LabelSettings
from ecg_facial.ecg.formats.contract import shorten
from ecg_facial.errors import SettingsError, UnknownLabelError
from ecg_facial.labels import PainLevel, parse_pain_level
from ecg_facial.runtime.names import name_key
from ecg_facial.runtime.numbers import NumberStyle, find_style, parse_number

_SHOWN, _MAX_WORD = 8, 40
# a label like those of levels, which is a slip of the pen beside them and no other set of labels
_LEVEL_CODE = re.compile(r"[BP][AL]?\W?\d{1,2}", re.IGNORECASE)
_OF_SCALE = re.compile(r"(?P<rating>\d+(?:[.,]\d+)?)\s*(?:/|of|out of|von|sur|de)\s*(?P<high>\d{1,4})", re.IGNORECASE)
# one other label in less than this share of the trials is a slip too
_SLIPS = 0.1
_LEVELS = f"{', '.join(PainLevel.__members__)} (or P0..P4, or 0..4)"
_OWN_WORDS = "name your own labels in their order on the scale with --classes"
_OWN_RATINGS = "cut ratings into classes with --cut, such as --cut 1,4,7, or name their scale with --scale"


@dataclass(frozen=True, eq=False, kw_only=True)
class Labelling:
    """Which class each label of a data set is.

    Attributes
    ----------
    class_names : tuple of str
        Own classes in their order; empty where labels are stimulus levels.
    counts : mapping of str to int
        Trials by label, as files spell it.
    classes : mapping of str to str
        Class, or name of the level, by label.
    refused : mapping of str to str
        Why a label has no class, by label.
    notes : tuple of str
        What was assumed, one line each.
    """

    class_names: tuple[str, ...]
    counts: Mapping[str, int]
    classes: Mapping[str, str]
    refused: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def find(self, label: str) -> str:
        """Class of a label.

        Raises
        ------
        UnknownLabelError
            When it has none; the message names the option that gives it one.
        """
        if label not in self.classes:
            raise UnknownLabelError(self.refused[label])
        return self.classes[label]


def find_classes(counts: Mapping[str, int], settings: LabelSettings) -> Labelling:
    """Find the class of each label of a data set.

    Parameters
    ----------
    counts : mapping of str to int
        Trials by label.
    settings : LabelSettings
        Stimulus levels are expected without any of its options.

    Raises
    ------
    SettingsError
        When a class is named that no label has while other labels have no class, for cuts outside the scale, for a
        scale of too many steps, and for two sets of labels.

    Examples
    --------
    >>> found = find_classes({"0": 3, "3.0": 2, "10": 1}, LabelSettings(cut=(1, 4, 7)))
    >>> found.class_names, found.find("3.0")
    (('0', '1-3', '4-6', '7-10'), '1-3')
    """
    if settings.of_ratings:
        return _rate(counts, settings)
    return name_classes(counts, settings) if settings.names_own else _grade(counts)


def list_counts(counts: Mapping[str, int]) -> str:
    """Labels with the number of their trials, for messages."""
    shown = [f"{shorten(label)} ({n})" for label, n in list(counts.items())[:_SHOWN]]
    more = f", and {len(counts) - _SHOWN} more" if len(counts) > _SHOWN else ""
    return ", ".join(shown) + more


def _count(n: int) -> str:
    return f" ({n} trial{'s' * (n != 1)})" if n else ""


def suggest_option(unknown: Iterable[str], *, beside_levels: bool = False) -> str:
    """Say how labels become classes: numbers by cuts or a scale, words by their names, to be copied and ordered.

    Parameters
    ----------
    unknown : iterable of str
        Labels that are no class.
    beside_levels : bool
        Whether other trials have stimulus levels, so that these labels are most likely misspelt.
    """
    labels = list(unknown)
    if beside_levels:
        return f"expected {_LEVELS}, as the other trials have; correct {', '.join(map(_cut, labels[:_SHOWN]))}"
    if all(map(_is_number, labels)):
        return _OWN_RATINGS
    shown = ",".join(map(_cut, labels[:_SHOWN])) + (",..." if len(labels) > _SHOWN else "")
    return f'name them in their order on the scale: --classes "{shown}"'


def _cut(label: str) -> str:
    return label if len(label) <= _MAX_WORD else f"{label[:_MAX_WORD]}..."


def _grade(counts: Mapping[str, int]) -> Labelling:
    """Stimulus levels. Numbers are BioVid's class ids only where all numbers are: other numbers are ratings.

    Raises
    ------
    SettingsError
        For two sets of labels, of which one would be left out.
    """
    numbers = [label for label in counts if _is_number(label)]
    ids = all(_as_level(label) for label in numbers)
    classes = {label: name for label in counts if (name := _as_level(label)) and (ids or label not in numbers)}
    unknown = {label: n for label, n in counts.items() if label not in classes}
    remedy = _OWN_WORDS if set(unknown) - set(numbers) else _OWN_RATINGS
    if classes:
        remedy = "correct it: the other trials have such levels"
    refused = {label: f"unknown label {shorten(label)}: expected one of {_LEVELS}; {remedy}" for label in unknown}
    notes = []
    if numbers and ids and not unknown:
        notes.append(f"labels {', '.join(numbers)} are read as BioVid's class ids; of ratings name the scale (--scale)")
    if classes and unknown:
        _refuse_second_set({label: counts[label] for label in classes}, unknown)
        notes.append(f"{list_counts(unknown)}: {suggest_option(unknown, beside_levels=True)}; left out")
    return Labelling(class_names=(), counts=counts, classes=classes, refused=refused, notes=tuple(notes))


def _refuse_second_set(levels: Mapping[str, int], others: Mapping[str, int]) -> None:
    """Refuse labels beside stimulus levels that are more than a slip: they are another set, and a part of the study."""
    words = {label: n for label, n in others.items() if not _LEVEL_CODE.fullmatch(label.strip())}
    n_trials = sum(levels.values()) + sum(others.values())
    if len(words) > 1 or sum(words.values()) >= _SLIPS * n_trials > 0:
        raise SettingsError(
            f"two sets of labels in one study: stimulus levels {list_counts(levels)}, and {list_counts(words)}; spell "
            "them as one set, or name all that are classes in their order with --classes"
        )


def _is_number(label: str) -> bool:
    value = parse_number(label, NumberStyle())
    return value is not None and not math.isnan(value)


def _as_level(label: str) -> str | None:
    """Name of a stimulus level; None for any other label."""
    try:
        return parse_pain_level(name_key(label)).name
    except UnknownLabelError:
        return None


def name_classes(counts: Mapping[str, int], settings: LabelSettings) -> Labelling:
    """Find the class of each label among named ones: two spellings of one name are one class.

    Raises
    ------
    SettingsError
        When a class is named that no label has while other labels have no class: one of them is misspelt.
    """
    class_names = settings.classes
    forms = {name_key(name, by_value=True): name for name in class_names}
    keys = {label: name_key(label, by_value=True) for label in counts}
    classes = {label: forms[key] for label, key in keys.items() if key in forms}
    unknown = {label: n for label, n in counts.items() if label not in classes}
    absent = [name for name in class_names if name not in classes.values()]
    if absent and unknown:
        raise SettingsError(f"--classes: no label is {absent[0]!r}; found {list_counts(counts)}")
    shown = ", ".join(class_names)
    refused = {
        label: f"label {shorten(label)}{_count(n)} is not among the classes {shown}; name it with --classes"
        for label, n in unknown.items()
    }
    notes = [f"no trial has the label {name!r} (--classes)" for name in absent]
    notes += [f"{list_counts(unknown)}: not among the classes, left out"] if unknown else []
    notes += [
        f"label {shorten(label)} is read as {name!r}"
        for label, name in classes.items()
        if label != name and counts[label]
    ]
    return Labelling(class_names=class_names, counts=counts, classes=classes, refused=refused, notes=tuple(notes))


def _rate(counts: Mapping[str, int], settings: LabelSettings) -> Labelling:
    """Ratings: cut into ranges, or each whole step of the scale a class."""
    (low, high), how = _find_scale(settings)
    names = name_ranges(settings.cut, low=low, high=high) if settings.cut else _name_steps(low, high)
    style = find_style([[_strip_end(label, high)] for label in counts])
    classes, refused = {}, {}
    for label in counts:
        value = parse_number(_strip_end(label, high), style)
        if label in names:
            classes[label] = label
        elif value is None or math.isnan(value):
            refused[label] = f"label {shorten(label)} is no rating: expected a number from {low:g} to {high:g} ({how})"
        elif not low <= value <= high:
            refused[label] = f"rating {label} is outside {low:g} to {high:g} ({how}); name the scale with --scale"
        elif settings.cut:
            classes[label] = names[bisect_right(settings.cut, value)]
        elif value.is_integer():
            classes[label] = f"{value:g}"
        else:
            refused[label] = f"rating {label} is between two steps of the scale; cut it into classes with --cut"
    notes = [f"scale of the ratings: {low:g} to {high:g}, {how}"]
    notes += [f"classes {', '.join(names)}: a rating equal to a cut belongs to the upper class"] if settings.cut else []
    absent = [name for name in names if name not in classes.values()] if settings.cut else []
    notes += [f"no rating is of class {', '.join(absent)}"] if absent else []
    unknown = {label: counts[label] for label in refused}
    notes += [f"{list_counts(unknown)}: no rating on this scale, left out"] if unknown else []
    return Labelling(class_names=names, counts=counts, classes=classes, refused=refused, notes=tuple(notes))


def _strip_end(label: str, high: float) -> str:
    """Leave out the end of the scale behind a rating: ``7/10``, ``7 of 10``."""
    found = _OF_SCALE.fullmatch(label.strip())
    return found["rating"] if found and float(found["high"]) == high else label


def _find_scale(settings: LabelSettings) -> tuple[tuple[float, float], str]:
    """Give the ends of the scale, and how they are known: as named, or of nrs and vas the first that holds the cuts."""
    if settings.scale is not None:
        return settings.ends, f"scale {settings.scale}"
    name = NRS if max(settings.cut) <= SCALES[NRS][1] else "vas"
    return SCALES[name], f"{name} is assumed"


def name_ranges(cut: Sequence[float], *, low: float, high: float) -> tuple[str, ...]:
    """Names of the classes between cuts, by their range.

    Raises
    ------
    SettingsError
        For a cut that is not within the scale.

    Examples
    --------
    >>> name_ranges((1, 4, 7), low=0, high=10)
    ('0', '1-3', '4-6', '7-10')
    >>> name_ranges((3.5,), low=0, high=10)
    ('0-<3.5', '3.5-10')
    """
    outside = [value for value in cut if not low < value <= high]
    if outside:
        raise SettingsError(f"cut {outside[0]:g}: expected more than {low:g} and at most {high:g} (--scale)")
    edges = [low, *cut, high]
    names = []
    for place, (start, stop) in enumerate(pairwise(edges)):
        is_last = place == len(cut)
        whole = float(start).is_integer() and float(stop).is_integer()
        end = stop if is_last else stop - 1 if whole else stop
        names.append(f"{start:g}" if start == end else f"{start:g}-{'' if whole or is_last else '<'}{end:g}")
    return tuple(names)


def _name_steps(low: float, high: float) -> tuple[str, ...]:
    """Every whole step of a scale as a class."""
    steps = [f"{value}" for value in range(math.ceil(low), math.floor(high) + 1)]
    if len(steps) > MAX_CLASSES:
        raise SettingsError(
            f"a scale from {low:g} to {high:g} has {len(steps)} steps; at most {MAX_CLASSES} classes are judged: cut "
            "it into classes with --cut"
        )
    return tuple(steps)
