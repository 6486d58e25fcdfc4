"""Content of `audit.json`: the checks of a leakage audit, and the verdict that follows from them.

Input: findings of `evaluation.audit`. Output: `AuditResult`. A deterministic check fails on a leak alone; a stochastic
one fails by chance at the rate of `ALPHA`, and says its p value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from ecg_facial.runtime.records import Record

ALPHA = 0.0005
LEAKS = {
    1: "trials of one person on both sides (random instead of subject split)",
    2: "the epoch was chosen with the test person's labels",
    3: "weights or other state were carried from fold to fold",
    4: "test trials were scaled by each other (per-subject scaling on all test trials)",
    5: "predictions were decoded with known class counts",
    6: "hyper-parameters were tuned on everything before the folds",
    7: "a scaler, projection or selection of features was fitted before the split",
    8: "batch normalisation or dropout in training mode at the test",
    9: "overlapping windows or copies of one trial on both sides",
    10: "choices at the test were made with test labels (fusion weight, threshold, best of several)",
}
Verdict = Literal["clean", "warning", "LEAK", "not checked"]


@dataclass(frozen=True, kw_only=True)
class Check(Record):
    """One check of an audit.

    Attributes
    ----------
    name : str
        What holds where the check passes.
    kind : {"deterministic", "stochastic"}
        Fails on a leak alone, or also by chance, at a rate of 0.05 %.
    passed : bool or None
        None where it was not made; the message says why.
    message : str
        What was found, in one line.
    leak : int or None
        Number of the leak that a failure shows; None where it shows no particular one.
    warning : bool
        Whether a failure is a warning: something that flatters, or that cannot be believed, but is no proof.
    p_value : float or None, 0 to 1
        Of a stochastic check.
    """

    derived: ClassVar[tuple[str, ...]] = ("leak_name",)

    name: str
    kind: Literal["deterministic", "stochastic"]
    passed: bool | None
    message: str
    leak: int | None = None
    warning: bool = False
    p_value: float | None = None

    @property
    def leak_name(self) -> str | None:
        """The leak in words."""
        return LEAKS.get(self.leak) if self.leak else None


@dataclass(frozen=True, kw_only=True)
class AuditResult(Record):
    """Content of `audit.json`.

    Attributes
    ----------
    checks : tuple of Check
        All that were made or could not be made, in order.
    """

    format_version: ClassVar[int] = 1
    derived: ClassVar[tuple[str, ...]] = ("verdict", "leaks")

    checks: tuple[Check, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst of what was found: ``clean``, ``warning``, ``LEAK``; ``not checked`` where nothing was."""
        failed = [check for check in self.checks if check.passed is False]
        if any(not check.warning for check in failed):
            return "LEAK"
        if failed:
            return "warning"
        return "clean" if any(check.passed for check in self.checks) else "not checked"

    @property
    def leaks(self) -> tuple[int, ...]:
        """Numbers of the leaks that were found."""
        return tuple(sorted({check.leak for check in self.checks if check.passed is False and check.leak}))

    def describe(self) -> list[str]:
        """Lines for the terminal: the verdict, and what failed or was not made."""
        made = [check for check in self.checks if check.passed is not None]
        lines = [f"leakage audit: {self.verdict} ({len(made)} of {len(self.checks)} checks made)"]
        for check in self.checks:
            if check.passed is False:
                named = f" [{check.leak_name}]" if check.leak_name else ""
                lines.append(f"  {'warning' if check.warning else 'LEAK'}: {check.name}: {check.message}{named}")
        return lines
