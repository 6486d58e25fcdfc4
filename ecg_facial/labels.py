"""Pain levels and the classification tasks made of them.

Input: level codes as they stand in files. Output: `PainLevel` members and class indices. An unknown code is an error,
never class 0. A level is that of the stimulus, not of what the person felt.
"""

from __future__ import annotations

import re
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
# between letters and number of a code
_JOINTS = re.compile(r"(?<=[A-Z])[\s_\u2010-\u2015-]+(?=\d)")


def parse_pain_level(code: str | int) -> PainLevel:
    """Read a level code.

    Parameters
    ----------
    code : str or int
        ``BL1``, ``PA1``..``PA4``, the original project's folder codes ``P0``..``P4``, or a BioVid class id 0..4.
        Letter case, surrounding blanks, and a dash or a blank before the number do not matter.

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
    >>> parse_pain_level("p0").name, parse_pain_level("PA-1").name
    ('BL1', 'PA1')
    """
    level = _CODES.get(_JOINTS.sub("", str(code).strip().upper()))
    if level is None:
        known = ", ".join(member.name for member in PainLevel)
        raise UnknownLabelError(f"unknown pain level {code!r}: expected one of {known} (or P0..P4, or 0..4)")
    return level


@dataclass(frozen=True, kw_only=True)
class Task:
    """A classification task: its classes, in their order.

    Attributes
    ----------
    name : str
        One of `TASKS`, whose classes are stimulus levels, or another name for classes of one's own.
    class_names : tuple of str
        Class ``i`` is ``class_names[i]``: codes of levels, or any labels.
    ordered : bool
        Whether the classes are steps of one scale, so that a distance between them means something.

    Raises
    ------
    SettingsError
        For fewer than two classes, or one that is named twice or not at all.
    """

    name: str
    class_names: tuple[str, ...]
    ordered: bool = True

    def __post_init__(self) -> None:
        if len(self.class_names) < 2 or len(set(self.class_names)) < len(self.class_names) or "" in self.class_names:
            shown = ", ".join(self.class_names) or "none"
            raise SettingsError(f"classes of task {self.name!r}: {shown}; expected two or more, each with its own name")

    @property
    def levels(self) -> tuple[PainLevel, ...]:
        """Stimulus levels in class order.

        Raises
        ------
        SettingsError
            For classes that are no stimulus levels.
        """
        if not self.of_levels:
            raise SettingsError(f"classes {', '.join(self.class_names)} are no stimulus levels (BL1, PA1 to PA4)")
        return tuple(PainLevel[name] for name in self.class_names)

    @property
    def of_levels(self) -> bool:
        """Whether the classes are stimulus levels."""
        return all(name in PainLevel.__members__ for name in self.class_names)

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return len(self.class_names)

    @property
    def chance(self) -> float:
        """Accuracy of guessing where classes are balanced."""
        return 1.0 / self.n_classes

    def includes(self, level: PainLevel) -> bool:
        """Whether this level is a class of the task."""
        return level.name in self.class_names

    def includes_code(self, code: str) -> bool:
        """Whether a code or label is that of a class.

        A level of another task is not, and neither is rest, unless a class of one's own bears that name.

        Raises
        ------
        UnknownLabelError
            For what is no class, no level and not `REST_CODE`.

        Examples
        --------
        >>> [TASKS["binary"].includes_code(code) for code in ("BL1", "PA3", "REST")]
        [True, False, False]
        """
        if code in self.class_names:
            return True
        return code != REST_CODE and self.includes(self._read(code))

    def encode(self, code: str | PainLevel) -> int:
        """Class index of a level or label.

        Raises
        ------
        UnknownLabelError
            When it is not part of this task.
        """
        name = code if isinstance(code, str) and code in self.class_names else self._read(code).name
        if name not in self.class_names:
            classes = ", ".join(self.class_names)
            raise UnknownLabelError(f"level {name} is not a class of task {self.name!r} ({classes})")
        return self.class_names.index(name)

    def _read(self, code: str | PainLevel) -> PainLevel:
        """Read a code that is not spelt as a class; labels of one's own have one spelling each."""
        if self.of_levels:
            return code if isinstance(code, PainLevel) else parse_pain_level(code)
        classes = ", ".join(self.class_names)
        raise UnknownLabelError(f"unknown label {code!r}: the classes are {classes}; name all of them with --classes")


TASKS: dict[str, Task] = {
    task.name: task
    for task in (
        Task(name="biovid4", class_names=("BL1", "PA1", "PA2", "PA3")),
        Task(name="binary", class_names=("BL1", "PA4")),
        Task(name="biovid5", class_names=tuple(PainLevel.__members__)),
    )
}
DEFAULT_TASK = "biovid4"
OWN_TASK = "own"
"""Name of a task whose classes are not those of `TASKS`."""


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
