"""Settings of the workflows: how a data folder is read and cut, and the size of the demo.

Input: what is asked for. Output: frozen settings, checked.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ecg_facial.datasets.settings import AUTO, ScanSettings
from ecg_facial.errors import SettingsError
from ecg_facial.runtime.settings import strict_settings
from ecg_facial.windows.settings import WindowSettings

MIN_DEMO_SUBJECTS = 4


@strict_settings
@dataclass(frozen=True, kw_only=True)
class DataOptions:
    """How a data folder is read and cut.

    Attributes
    ----------
    reader : str
        Reader of the data set: biovid, original, pmed, unbc, manifest, or auto for the one that fits.
    signals : str
        BioVid's ``filtered`` or ``raw`` biosignals.
    subjects : str
        BioVid's people: ``all``, or the 67 ``reactive`` ones.
    windows : WindowSettings
        How trials are cut into windows.
    detector_path : Path or None
        Model file of the face detector, where it needs one (yunet).
    pspi_pain : float
        Smallest PSPI that counts as pain (UNBC-McMaster).
    """

    reader: str = AUTO
    signals: str = ScanSettings.signals
    subjects: str = ScanSettings.subjects
    windows: WindowSettings = field(default_factory=WindowSettings)
    detector_path: Path | None = None
    pspi_pain: float = ScanSettings.pspi_pain


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

    n_subjects: int = 12
    seed: int = 0
    permute_labels: bool = False

    def __post_init__(self) -> None:
        if self.n_subjects < MIN_DEMO_SUBJECTS:
            raise SettingsError(f"n_subjects is {self.n_subjects}: expected {MIN_DEMO_SUBJECTS} or more people")
