"""Settings of the folds: the protocol, and how the subjects who are not tested are used.

Input: what is asked for. Output: `Protocol` and `InnerSettings`, checked. The folds themselves are made by `protocols`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ecg_facial.errors import SettingsError
from ecg_facial.inference.settings import MIN_CALIBRATION_SUBJECTS
from ecg_facial.runtime.settings import strict_settings

MIN_SUBJECTS = 3
INNER_RULES = ("parts", "crossfit")
REFITS = ("none", "all")
_CALIBRATION_SHARE = 0.1
_COUNTED = ("kfold", "k-shot")
_TITLES = {
    "loso": "leave-one-subject-out",
    "kfold": "{n}-fold by subject",
    "pools": "fixed subject pools",
    "cross-dataset": "trained on one data set, tested on another",
    "k-shot": "leave-one-subject-out with {n} trials per class of the test person",
    "original": "the original's: random 80/20 over trials",
}
PROTOCOLS = tuple(_TITLES)


@strict_settings
@dataclass(frozen=True, kw_only=True)
class InnerSettings:
    """How the inner subjects of a fold are used.

    Attributes
    ----------
    stopping_share : float
        Share of the inner subjects that choose the epoch, at least one of them.
    calibration_share : float or None
        Share of the inner subjects who fit fusion weights and temperatures (by default a tenth, from 35 subjects on).
        None takes a tenth, rounded, and nobody where that is fewer than four: the temperature of one or two people is
        worse than none.
    conformal_share : float
        Share of the inner subjects kept for conformal sets; writes conformal.csv.
    rule : {"parts", "crossfit"}
        Calibrate on subjects set apart (parts), or on out-of-fold predictions of all inner subjects (crossfit). With
        crossfit the sizes of the two shares do not matter; above 0 the conformal scores are out-of-fold too.
    n_inner_folds : int
        Folds of the cross-fitting.
    refit : {"none", "all"}
        Fit once more on all inner subjects, those who chose the epoch and the temperatures too, with that epoch and
        those temperatures (all). Subjects of the conformal part stay apart.

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
    refit: str = "none"

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
        if self.refit not in REFITS:
            raise SettingsError(f"refit {self.refit!r}: expected {' or '.join(REFITS)}")
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
        return tenth if tenth >= MIN_CALIBRATION_SUBJECTS else 0, conformal


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """A protocol.

    Attributes
    ----------
    name : str
        One of `PROTOCOLS`.
    n : int or None
        Folds of ``kfold``, trials per class of ``k-shot``.
    path : Path or None
        Table of ``pools``.
    """

    name: str = "loso"
    n: int | None = None
    path: Path | None = None

    @property
    def title(self) -> str:
        """What is shown."""
        return _TITLES[self.name].format(n=self.n)

    @property
    def text(self) -> str:
        """As it is typed, but for the folder of a file."""
        argument = self.n if self.path is None else self.path.name
        return self.name if argument is None else f"{self.name}:{argument}"

    @property
    def leaks(self) -> bool:
        """Whether test subjects are known to what is fitted, against the rules."""
        return self.name == "original"

    @property
    def stamps(self) -> tuple[str, ...]:
        """Warnings that stand wherever a result is shown."""
        if self.leaks:
            return (
                "LEAKS: the same people train and test, the epoch is chosen on test trials, and the fused model is "
                "scored on the training trials too",
            )
        if self.name == "k-shot":
            return (
                f"{self.n} LABELLED TRIALS PER CLASS OF THE TEST PERSON WERE TRAINED ON: not comparable with others",
            )
        return ()


def parse_protocol(text: str) -> Protocol:
    """Read a protocol as it is typed: loso, kfold:5, pools:FILE, cross-dataset, k-shot:3, original.

    Raises
    ------
    SettingsError
        For anything else.

    Examples
    --------
    >>> parse_protocol("kfold:5")
    Protocol(name='kfold', n=5, path=None)
    """
    name, _, argument = text.partition(":")
    if name not in PROTOCOLS:
        raise SettingsError(
            f"unknown protocol {text!r}: expected loso, kfold:N, pools:FILE, cross-dataset, k-shot:N or original"
        )
    if name == "pools" and argument:
        return Protocol(name=name, path=Path(argument))
    if name in _COUNTED:
        least = 2 if name == "kfold" else 1
        if not argument.isdecimal() or int(argument) < least:
            raise SettingsError(f"protocol {text!r}: expected {name}:N with N of {least} or more")
        return Protocol(name=name, n=int(argument))
    if argument or name == "pools":
        raise SettingsError(f"protocol {text!r}: expected {'pools:FILE' if name == 'pools' else name}")
    return Protocol(name=name)
