"""Settings of the leakage audit.

Input: how much is asked for. Output: `AuditSettings`, checked.
"""

from __future__ import annotations

from dataclasses import dataclass

from ecg_facial.errors import SettingsError
from ecg_facial.runtime.settings import strict_settings


@strict_settings
@dataclass(frozen=True, kw_only=True)
class AuditSettings:
    """How much is audited.

    Attributes
    ----------
    n_folds : int
        Folds that are fitted again on altered data: the last one, and others drawn at random, all of the first seed.
    seed : int
        Of the draw of these folds.
    share : float, 0 to 1
        Largest share of the run's fits that the audit repeats; one fold is fitted again in any case.
    order : bool
        Whether folds are also fitted one after another.
    permutations : int
        Whole runs with labels permuted within subject.

    Raises
    ------
    SettingsError
        For a number below 0, or a share outside 0 to 1.
    """

    n_folds: int = 2
    order: bool = False
    permutations: int = 0
    seed: int = 0
    share: float = 1.0

    def __post_init__(self) -> None:
        if min(self.n_folds, self.permutations, self.seed) < 0:
            raise SettingsError(
                f"{self.n_folds} folds, {self.permutations} permutations, seed {self.seed}: expected 0 or more of each"
            )
        if not 0 < self.share <= 1:
            raise SettingsError(f"share is {self.share}: expected a share of the run's fits above 0 and up to 1")


CHEAP = AuditSettings(share=0.2)
WHOLE = AuditSettings(n_folds=4, order=True, permutations=20)
