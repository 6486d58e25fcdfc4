"""Pain levels and the classification tasks made of them.

Input: level codes as they stand in files. Output: `PainLevel` members and class indices. An unknown code is an error,
never class 0. A level is that of the stimulus, not of what the person felt.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from ecg_facial.errors import SettingsError, UnknownLabelError

REST_CODE = "REST"
"""Code of rest recordings. It is no level and no class, so that they are never trained on or scored."""


class PainLevel(IntEnum):
    """Stimulus level: baseline (no heat) and four heat levels, BioVid's names and class ids.

    References
    ----------
    .. [1] Walter et al., "The BioVid Heat Pain Database", IEEE CYBCO 2013.
    """

    BL1 = 0
    PA1 = 1
    PA2 = 2
    PA3 = 3
    PA4 = 4


_CODES: dict[str, PainLevel] = {level.name: level for level in PainLevel}
_CODES |= {f"P{int(level)}": level for level in PainLevel}
_CODES |= {str(int(level)): level for level in PainLevel}


def parse_pain_level(code: str | int) -> PainLevel:
    """Read a level code.

    Parameters
    ----------
    code : str or int
        ``BL1``, ``PA1``..``PA4``, the original project's folder codes ``P0``..``P4``, or a BioVid class id 0..4.
        Letter case and surrounding blanks do not matter.

    Returns
    -------
    PainLevel

    Raises
    ------
    UnknownLabelError
        For anything else.

    Examples
    --------
    >>> parse_pain_level("PA3")
    <PainLevel.PA3: 3>
    >>> parse_pain_level("p0").name
    'BL1'
    """
    level = _CODES.get(str(code).strip().upper())
    if level is None:
        known = ", ".join(member.name for member in PainLevel)
        raise UnknownLabelError(f"unknown pain level {code!r}: expected one of {known} (or P0..P4, or 0..4)")
    return level


@dataclass(frozen=True, kw_only=True)
class Task:
    """A classification task: the levels that are its classes, in their order.

    Attributes
    ----------
    name : str
        Name on the command line.
    levels : tuple of PainLevel
        Class ``i`` is ``levels[i]``.
    """

    name: str
    levels: tuple[PainLevel, ...]

    @property
    def class_names(self) -> tuple[str, ...]:
        """Level codes in class order."""
        return tuple(level.name for level in self.levels)

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return len(self.levels)

    @property
    def chance(self) -> float:
        """Accuracy of guessing where classes are balanced."""
        return 1.0 / self.n_classes

    def includes(self, level: PainLevel) -> bool:
        """Whether this level is a class of the task."""
        return level in self.levels

    def includes_code(self, code: str) -> bool:
        """Whether the level of this code is a class of the task; rest never is.

        Raises
        ------
        UnknownLabelError
            For a code that is neither a level nor `REST_CODE`.

        Examples
        --------
        >>> [TASKS["binary"].includes_code(code) for code in ("BL1", "PA3", "REST")]
        [True, False, False]
        """
        return code != REST_CODE and self.includes(parse_pain_level(code))

    def encode(self, level: PainLevel) -> int:
        """Class index of a level.

        Raises
        ------
        UnknownLabelError
            When the level is not part of this task.
        """
        if level not in self.levels:
            classes = ", ".join(self.class_names)
            raise UnknownLabelError(f"level {level.name} is not a class of task {self.name!r} ({classes})")
        return self.levels.index(level)


TASKS: dict[str, Task] = {
    task.name: task
    for task in (
        Task(name="biovid4", levels=(PainLevel.BL1, PainLevel.PA1, PainLevel.PA2, PainLevel.PA3)),
        Task(name="binary", levels=(PainLevel.BL1, PainLevel.PA4)),
        Task(name="biovid5", levels=tuple(PainLevel)),
    )
}
DEFAULT_TASK = "biovid4"


def get_task(name: str) -> Task:
    """Find a task by its name.

    Returns
    -------
    Task

    Raises
    ------
    SettingsError
        For a name that is not in `TASKS`.
    """
    if name not in TASKS:
        raise SettingsError(f"unknown task {name!r}: expected one of {', '.join(TASKS)}")
    return TASKS[name]
