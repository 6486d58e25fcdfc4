"""Settings of normalisation."""

from __future__ import annotations

from dataclasses import dataclass

from ecg_facial.errors import SettingsError
from ecg_facial.runtime.settings import strict_settings

MODES = ("none", "training-set", "baseline", "causal", "transductive")


@strict_settings
@dataclass(frozen=True, kw_only=True)
class NormalisationSettings:
    """How vectors are normalised.

    Attributes
    ----------
    mode : str
        Normalisation of each person's features; transductive flatters. ``training-set``: mean and deviation of the
        training part. ``baseline``: change from the person's own rest outside the scored trials. ``causal``: change
        from the mean of this person's past trials, with the training part's mean counting as one trial before them.
        ``transductive``: mean and deviation of all of the person's trials, the tested ones included.
    baseline_trials : int
        BL1 trials per person that stand for rest (mode baseline), where not everybody has rest recordings. The first
        of each person are taken; they leave the scoring and the training for everybody.

    Raises
    ------
    SettingsError
        For a value outside its limits.
    """

    mode: str = "none"
    baseline_trials: int = 3

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise SettingsError(f"unknown normalisation {self.mode!r}: expected {', '.join(MODES)}")
        if self.baseline_trials < 1:
            raise SettingsError(f"baseline_trials is {self.baseline_trials}: expected 1 or more")

    @property
    def stamps(self) -> tuple[str, ...]:
        """Warnings that stand wherever a result is shown."""
        if self.mode != "transductive":
            return ()
        return ("TRANSDUCTIVE: each test person was scaled by all of their own test trials; optimistic, and not live",)
