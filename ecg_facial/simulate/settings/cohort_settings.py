"""Settings of a simulated cohort.

Input: values. Output: `CohortSettings`, checked. Does not import NumPy, because the command line is made from it.
"""

from __future__ import annotations

from dataclasses import dataclass

from ecg_facial.errors import SettingsError
from ecg_facial.labels import PainLevel
from ecg_facial.runtime.settings import strict_settings
from ecg_facial.simulate.pathology_kinds import PATHOLOGY_KINDS
from ecg_facial.simulate.settings.presets import get_preset

MAX_SUBJECTS = 10_000
MAX_TRIALS_PER_LEVEL = 900
MAX_REST_CLIPS = 100
BIOVID_TRIALS_PER_LEVEL = 20


@strict_settings
@dataclass(frozen=True, kw_only=True)
class CohortSettings:
    """Settings of a cohort; cohorts with equal settings are equal byte for byte.

    Attributes
    ----------
    n_subjects : int
        Simulated people.
    trials_per_level : int
        Trials per person and level.
    levels : tuple of PainLevel
        Stimulus levels, each once.
    preset : str
        Difficulty preset. One of `simulate.settings.presets.PRESETS`.
    seed : int
        Seed of everything random.
    width, height : int
        Size of the video in pixels, even numbers.
    rest : int
        Rest clips per person, written to OUT/rest. They precede the first trial and are never scored.
    continuous : bool
        Also write each person's whole session as one recording, to OUT/PartC.
    continuous_video : bool
        With the video of the session too, some minutes per person.
    pathologies : tuple of str
        Kinds of damage to the files of trials. Kept in the order of `pathology_kinds.PATHOLOGY_KINDS`, each once; rest
        clips and sessions stay clean.
    pathology_share : float
        Share of trials with damage, 0 to 1. Each is hit by one kind.

    Raises
    ------
    SettingsError
        When a value is outside its limits.
    """

    n_subjects: int = 12
    trials_per_level: int = BIOVID_TRIALS_PER_LEVEL
    levels: tuple[PainLevel, ...] = tuple(PainLevel)
    preset: str = "clear"
    seed: int = 0
    width: int = 320
    height: int = 240
    rest: int = 0
    continuous: bool = False
    continuous_video: bool = False
    pathologies: tuple[str, ...] = ()
    pathology_share: float = 0.3

    def __post_init__(self) -> None:
        _check_range("number of subjects", self.n_subjects, low=1, high=MAX_SUBJECTS)
        _check_range("trials per level", self.trials_per_level, low=1, high=MAX_TRIALS_PER_LEVEL)
        _check_range("seed", self.seed, low=0, high=2**63 - 1)
        for size in (self.width, self.height):
            _check_range("video size", size, low=32, high=4096)
            if size % 2:
                raise SettingsError(f"video size is {self.width} x {self.height}: H.264 needs even numbers")
        if not self.levels or len(set(self.levels)) != len(self.levels):
            raise SettingsError(
                f"levels are {[level.name for level in self.levels]}: give each level once, at least one"
            )
        get_preset(self.preset)
        _check_range("number of rest clips", self.rest, low=0, high=MAX_REST_CLIPS)
        if self.continuous_video and not self.continuous:
            raise SettingsError("video of the whole session without the session: ask for the continuous recording too")
        self._check_pathologies()

    def _check_pathologies(self) -> None:
        """Check kinds and share, and sort the kinds."""
        for kind in self.pathologies:
            if kind not in PATHOLOGY_KINDS:
                raise SettingsError(f"unknown pathology {kind!r}: expected one of {', '.join(PATHOLOGY_KINDS)}")
        if not 0.0 <= self.pathology_share <= 1.0:
            raise SettingsError(f"share of trials with a pathology is {self.pathology_share}: expected 0 to 1")
        # sorted and without repetitions, so that equal requests are equal settings
        ordered = tuple(kind for kind in PATHOLOGY_KINDS if kind in self.pathologies)
        object.__setattr__(self, "pathologies", ordered)


def _check_range(what: str, value: int, *, low: int, high: int) -> None:
    if not low <= value <= high:
        raise SettingsError(f"{what} is {value}: expected {low} to {high}")
