"""Content of `audit.json`: the checks of a leakage audit, and the verdict that follows from them.

Input: findings of `evaluation.audit`. Output: `AuditResult`. A deterministic check fails on a leak alone; a stochastic
one fails by chance at the rate of `ALPHA`, and says its p value. A check that was not made, or that could not have
failed, is never one that was passed: the verdict says how far it reaches.
"""

from __future__ import annotations

from collections.abc import Sequence
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
    11: "the test person was scaled by trials whose label is no pain",
    12: "the order of rows tells the level",
    13: "how a recording was made tells the level (length, frame rate, place in the session, ...)",
    14: "names of test trials were read, which spell the level",
}
NO_LEAK = "no leak found"
Verdict = Literal["no leak found", "warning", "nondeterministic", "LEAK", "not checked"]
_MOST_LISTED, _MOST_METHODS = 6, 3


def _split(name: str) -> tuple[str, str]:
    """Methods of a check, where it names any, and its question."""
    methods, _, question = name.rpartition(": ")
    return methods, question


def _list_methods(names: Sequence[str]) -> str:
    more = [f"{len(names) - _MOST_METHODS} more"] if len(names) > _MOST_METHODS else []
    return ", ".join(f"of {name}" for name in [*names[:_MOST_METHODS], *more])


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
        None where it was not made or could not have failed; the message says why.
    message : str
        What was found, in one line.
    leak : int or None
        Number of the leak that a failure shows; None where it shows no particular one.
    warning : bool
        Whether a failure is a warning: something that flatters, or that cannot be believed, but is no proof.
    p_value : float or None, 0 to 1
        Of a stochastic check.
    consequence_of : str
        Name of the check that shows the cause, where this one fails because of the same leak; empty for a cause.
    decisive : bool
        Whether the whole verdict is "not checked" where this check was not made.
    nondeterministic : bool
        Whether a failure says that two fits of the same data differ.
    """

    derived: ClassVar[tuple[str, ...]] = ("leak_name",)

    name: str
    kind: Literal["deterministic", "stochastic"]
    passed: bool | None
    message: str
    leak: int | None = None
    warning: bool = False
    p_value: float | None = None
    consequence_of: str = ""
    decisive: bool = False
    nondeterministic: bool = False

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
    refitted : tuple of int
        Folds of the first seed that were fitted again.
    n_folds : int
        Folds of the first seed.
    draw_seed : int
        Seed by which these folds were drawn; the last fold is always among them.
    """

    format_version: ClassVar[int] = 2
    derived: ClassVar[tuple[str, ...]] = ("verdict", "leaks", "headline")

    checks: tuple[Check, ...]
    refitted: tuple[int, ...] = ()
    n_folds: int = 0
    draw_seed: int = 0

    @property
    def verdict(self) -> Verdict:
        """The worst of what was found; ``not checked`` where nothing was, or where the decisive part was not."""
        failed = [check for check in self.checks if check.passed is False]
        if any(not check.warning for check in failed):
            return "LEAK"
        if not any(check.passed for check in self.checks) or any(
            check.decisive and check.passed is None for check in self.checks
        ):
            return "not checked"
        if any(check.nondeterministic for check in failed):
            return "nondeterministic"
        return "warning" if failed else "no leak found"

    @property
    def leaks(self) -> tuple[int, ...]:
        """Numbers of the leaks that were found, each cause once."""
        found = {check.leak for check in self.checks if check.passed is False and not check.consequence_of}
        return tuple(sorted(leak for leak in found if leak))

    @property
    def headline(self) -> str:
        """The verdict with its reach: checks passed and made, folds fitted again, what was not checked."""
        passed = sum(check.passed is True for check in self.checks)
        folds = f", {len(self.refitted)} of {self.n_folds} folds fitted again" if self.n_folds else ""
        missing = self._list_missing()
        more = f"; and {len(missing) - _MOST_LISTED} more" if len(missing) > _MOST_LISTED else ""
        listed = f"; not checked: {'; '.join(missing[:_MOST_LISTED])}{more}" if missing else ""
        return f"{self.verdict}: {passed} of {len(self.checks)} checks passed{folds}{listed}"

    def _list_missing(self) -> list[str]:
        """Questions without an answer, each once: with the methods where it has an answer for others."""
        methods: dict[str, list[str]] = {}
        answered = {_split(check.name)[1] for check in self.checks if check.passed is not None}
        for check in self.checks:
            if check.passed is None:
                method, question = _split(check.name)
                methods.setdefault(question, []).append(method)
        return [
            f"{question} ({_list_methods(of)})" if question in answered and any(of) else question
            for question, of in methods.items()
        ]

    def describe(self) -> list[str]:
        """Lines for the terminal: the headline, then each cause once, with its consequences under it."""
        lines = [f"leakage audit: {self.headline}"]
        for check in self.checks:
            if check.passed is None and check.decisive:
                lines.append(f"  {check.name}: {check.message}")
            if check.passed is False and not check.consequence_of:
                named = f" [{check.leak_name}]" if check.leak_name else ""
                kind = "nondeterministic" if check.nondeterministic else "warning" if check.warning else "LEAK"
                lines.append(f"  {kind}: failed: {check.name}: {check.message}{named}")
                lines += [
                    f"    as a consequence: {other.name}: {other.message}"
                    for other in self.checks
                    if other.consequence_of == check.name
                ]
        return lines
