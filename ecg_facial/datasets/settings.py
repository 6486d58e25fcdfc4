"""Settings that all readers share, and those of a table of features.

Input: nothing. Output: names and limits. Each reader has settings of its own, beside it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ecg_facial.errors import SettingsError
from ecg_facial.runtime.settings import strict_settings
from ecg_facial.windows.settings import WindowSettings

AUTO = "auto"
"""Name that stands for the reader that fits."""

MIN_SHARE = 0.9
MIN_DURATION_S = MIN_SHARE * WindowSettings.window_s
"""A clip must cover nine tenths of the default window, which is as long as BioVid's clips."""

RESERVED_MODALITIES = ("all", "fusion", "majority")
"""Names of models that are made beside those of the modalities."""


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
