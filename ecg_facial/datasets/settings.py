"""Settings that all readers share: of labels, and of a table of features.

Input: nothing. Output: names and limits. Each reader has settings of its own, beside it.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from itertools import pairwise

from ecg_facial.errors import SettingsError
from ecg_facial.labels import OWN_TASK, Task
from ecg_facial.runtime.names import name_key
from ecg_facial.runtime.settings import strict_settings
from ecg_facial.windows.settings import WindowSettings

AUTO = "auto"
"""Name that stands for the reader that fits."""

MIN_SHARE = 0.9
MIN_DURATION_S = MIN_SHARE * WindowSettings.window_s
"""A clip must cover nine tenths of the default window, which is as long as BioVid's clips."""

RESERVED_MODALITIES = ("all", "fusion", "majority")
"""Names of models that are made beside those of the modalities."""

MAX_CLASSES = 20
"""More classes are not told apart by the trials of a study."""

NRS = "nrs"
SCALES: dict[str, tuple[float, float]] = {
    NRS: (0, 10),
    "vas": (0, 100),
    "cpot": (0, 8),
    "bps": (3, 12),
    "pspi": (0, 16),
}
"""Lowest and highest rating of scales of pain: numeric rating and visual analogue scale, critical-care pain observation
tool, behavioural pain scale, Prkachin-Solomon intensity."""


@strict_settings
@dataclass(frozen=True, kw_only=True)
class LabelSettings:
    """How the labels of trials become classes; stimulus levels without any of these.

    Attributes
    ----------
    classes : tuple of str
        Own labels in their order on the scale, by commas, such as "no pain,mild,severe"; stimulus levels (BL1, PA1 to
        PA4) without it.
    cut : tuple of float
        Cut ratings into classes: 1,4,7 gives 0, 1-3, 4-6 and 7-10. A rating equal to a cut belongs to the upper class.
    scale : str or None
        Scale of ratings: nrs (0-10), vas (0-100), cpot (0-8), bps (3-12), pspi (0-16), or LOW-HIGH; steps are classes
        unless they are cut.

    Raises
    ------
    SettingsError
        For fewer than two classes, one that is named twice, cuts that do not increase, an unknown scale, and own words
        together with ratings.
    """

    classes: tuple[str, ...] = ()
    cut: tuple[float, ...] = ()
    scale: str | None = None

    def __post_init__(self) -> None:
        if self.classes and self.of_ratings:
            raise SettingsError("classes are words (--classes) or ranges of ratings (--cut, --scale): leave one out")
        if self.classes:
            Task(name=OWN_TASK, class_names=self.classes)
            _refuse_twice(self.classes)
        if not all(map(math.isfinite, self.cut)) or any(a >= b for a, b in pairwise(self.cut)):
            shown = ",".join(f"{value:g}" for value in self.cut)
            raise SettingsError(f"cut {shown}: expected numbers that increase, such as 1,4,7")
        if self.scale is not None:
            _ = self.ends

    @property
    def of_ratings(self) -> bool:
        """Whether labels are ratings."""
        return bool(self.cut) or self.scale is not None

    @property
    def names_own(self) -> bool:
        """Whether classes are words of one's own; named stimulus levels are not."""
        return bool(self.classes) and not Task(name=OWN_TASK, class_names=self.classes).of_levels

    @property
    def ends(self) -> tuple[float, float]:
        """Lowest and highest rating of the named scale.

        Raises
        ------
        SettingsError
            For a name that is not in `SCALES` and no range.
        """
        text = (self.scale or "").strip().lower()
        found = re.fullmatch(r"(-?[\d.]+)\s*(?:[-\u2010-\u2015]|to|\.\.|[,;:])\s*(-?[\d.]+)", text)
        try:
            low, high = SCALES[text] if text in SCALES else map(float, found.groups() if found else ("", ""))
        except ValueError:
            low = high = math.nan
        if not low < high:
            raise SettingsError(f"scale {self.scale!r}: expected {', '.join(SCALES)}, or LOW-HIGH such as 0-10")
        return low, high


def _refuse_twice(classes: tuple[str, ...]) -> None:
    """Refuse a class in two spellings."""
    first: dict[str, str] = {}
    for name in classes:
        other = first.setdefault(name_key(name, by_value=True), name)
        if other != name:
            raise SettingsError(f"classes {other!r} and {name!r} are one class in two spellings: name it once")


@strict_settings
@dataclass(frozen=True, kw_only=True)
class FeatureSettings:
    """Which columns of a table are what.

    Attributes
    ----------
    features : str
        Columns that are features, by modality: PATTERN:NAME,... such as face_*:facial,ecg_*:ecg.
    label : str
        Column of the class of each trial.
    subject : str
        Column of who was recorded.
    trial : str or None
        Column of the trial's name; rows are counted within each subject without it.

    Raises
    ------
    SettingsError
        For features of another form, and one column for two purposes.
    """

    features: str
    label: str
    subject: str
    trial: str | None = None

    def __post_init__(self) -> None:
        parse_features(self.features)
        names = list(self.keys.values())
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise SettingsError(f"column {twice[0]!r} is named for two of label, subject and trial; name three columns")

    @property
    def keys(self) -> dict[str, str]:
        """Columns that are no features, by the option that names them."""
        found = {"--label": self.label, "--subject": self.subject}
        return found if self.trial is None else {**found, "--trial": self.trial}


def parse_features(text: str) -> list[tuple[str, str]]:
    """Read which columns are features of which modality.

    Raises
    ------
    SettingsError
        For another form than PATTERN:NAME,..., and a name that is no word or that of another model.

    Examples
    --------
    >>> parse_features("face_*:facial,ecg_*:ecg")
    [('face_*', 'facial'), ('ecg_*', 'ecg')]
    """
    found = []
    for part in text.split(","):
        pattern, _, name = part.strip().rpartition(":")
        if not pattern or not re.fullmatch(r"[A-Za-z][\w-]*", name):
            raise SettingsError(f"features {part.strip()!r}: expected PATTERN:NAME, such as face_*:facial,ecg_*:ecg")
        if name in RESERVED_MODALITIES:
            raise SettingsError(f"modality {name!r} is the name of a model of all of them; expected another")
        found.append((pattern, name))
    return found
