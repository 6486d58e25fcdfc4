"""Settings of the workflows: how a data folder is read and cut, and the size of the demo.

Input: what is asked for. Output: frozen settings, checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ecg_facial.datasets.settings import AUTO, LabelSettings
from ecg_facial.errors import SettingsError
from ecg_facial.runtime.settings import strict_settings
from ecg_facial.simulate.settings.cohort_settings import CohortSettings
from ecg_facial.windows.settings import WindowSettings

MIN_DEMO_SUBJECTS = 4


@dataclass(frozen=True, kw_only=True)
class DataOptions:
    """How a data folder is read and cut.

    Attributes
    ----------
    reader : str
        Reader of the data set; ``auto`` takes the one that fits.
    reader_options : mapping of str to object
        Settings of the reader by name, such as ``{"signals": "raw"}`` for BioVid.
    labels : LabelSettings
        How labels become classes.
    windows : WindowSettings
        How trials are cut into windows.
    detector_path : Path or None
        Model file of the face detector, where it needs one (yunet).
    """

    reader: str = AUTO
    reader_options: Mapping[str, Any] = field(default_factory=dict)
    labels: LabelSettings = field(default_factory=LabelSettings)
    windows: WindowSettings = field(default_factory=WindowSettings)
    detector_path: Path | None = None


@strict_settings
@dataclass(frozen=True, kw_only=True)
class DemoSettings:
    """What the demo simulates.

    Attributes
    ----------
    n_subjects : int
        Simulated people, 4 or more.
    seed : int
        Seed of everything random.
    permute_labels : bool
        Shuffle the levels within each person: the result must be at chance.

    Raises
    ------
    SettingsError
        For too few people.
    """

    n_subjects: int = CohortSettings.n_subjects
    seed: int = 0
    permute_labels: bool = False

    def __post_init__(self) -> None:
        if self.n_subjects < MIN_DEMO_SUBJECTS:
            raise SettingsError(f"n_subjects is {self.n_subjects}: expected {MIN_DEMO_SUBJECTS} or more people")
