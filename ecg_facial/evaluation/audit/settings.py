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
        Folds that are fitted again on altered data. They are of the first seed and evenly chosen.
    order : bool
        Whether folds are also fitted one after another.
    permutations : int
        Whole runs with labels permuted within subject.

    Raises
    ------
    SettingsError
        For a number below 0.
    """

    n_folds: int = 1
    order: bool = False
    permutations: int = 0

    def __post_init__(self) -> None:
        if self.n_folds < 0 or self.permutations < 0:
            raise SettingsError(f"{self.n_folds} folds, {self.permutations} permutations: expected 0 or more of both")


CHEAP, WHOLE = AuditSettings(), AuditSettings(n_folds=3, order=True, permutations=20)
