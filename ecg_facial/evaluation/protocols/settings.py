"""Settings of the inner split: who stops the training, who calibrates."""

from __future__ import annotations

from dataclasses import dataclass

from ecg_facial.errors import SettingsError
from ecg_facial.runtime.settings import strict_settings

MIN_SUBJECTS = 3
INNER_RULES = ("parts", "crossfit")
_CALIBRATION_SHARE, _FEWEST_TO_CALIBRATE = 0.1, 4


@strict_settings
@dataclass(frozen=True, kw_only=True)
class InnerSettings:
    """How the inner subjects of a fold are used.

    Attributes
    ----------
    stopping_share : float
        Share of the inner subjects that choose the epoch, at least one of them.
    calibration_share : float or None
        Share that fits fusion weight and temperatures, rounded. None takes a tenth of the inner subjects, and nobody
        where that is fewer than four: the temperature of one or two people is worse than none.
    conformal_share : float
        Share that gives conformal scores, rounded.
    rule : {"parts", "crossfit"}
        Disjoint parts; or cross-fitting: calibration takes out-of-fold predictions of all inner subjects, and so do
        conformal scores where their share is above 0; how large the two shares are does not matter.
    n_inner_folds : int
        Of the cross-fitting.

    Raises
    ------
    SettingsError
        For a value outside its limits.
    """

    stopping_share: float = 0.15
    calibration_share: float | None = None
    conformal_share: float = 0.0
    rule: str = "parts"
    n_inner_folds: int = 5

    def __post_init__(self) -> None:
        calibration = _CALIBRATION_SHARE if self.calibration_share is None else self.calibration_share
        shares = (self.stopping_share, calibration, self.conformal_share)
        if not (0 < shares[0] < 1 and all(share >= 0 for share in shares) and sum(shares) < 1):
            raise SettingsError(
                f"inner shares {shares[0]} (stopping), {shares[1]} (calibration), {shares[2]} (conformal): expected "
                "0 or more, the first above 0, their sum below 1"
            )
        if self.rule not in INNER_RULES:
            raise SettingsError(f"inner rule {self.rule!r}: expected {' or '.join(INNER_RULES)}")
        if self.n_inner_folds < MIN_SUBJECTS:
            raise SettingsError(
                f"n_inner_folds is {self.n_inner_folds}: expected {MIN_SUBJECTS} or more, to train, stop and judge"
            )

    def count_apart(self, n_subjects: int) -> tuple[int, int]:
        """Count the subjects set apart for calibration and for conformal scores, of so many inner ones."""
        conformal = round(self.conformal_share * n_subjects)
        if self.calibration_share is not None:
            return round(self.calibration_share * n_subjects), conformal
        tenth = round(_CALIBRATION_SHARE * n_subjects)
        return tenth if tenth >= _FEWEST_TO_CALIBRATE else 0, conformal
