"""What happens to the simulated patients of the demo.

Output: stories that somebody who watches can follow: rest, stimuli of rising level, a face that is lost, an electrode
that falls off, recovery. Imports no simulator.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

FaultKind = Literal["cloth", "camera", "visitor", "lead off"]
FAULT_WORDS: dict[FaultKind, str] = {
    "cloth": "a cloth covers the face",
    "camera": "something hangs in front of the camera",
    "visitor": "a nurse looks into the picture",
    "lead off": "an electrode is off",
}
STIMULUS_EVERY_S = 8
"""From one stimulus to the next within a series: a response of 5.5 s and at least two beats between."""


@dataclass(frozen=True, kw_only=True)
class Series:
    """Some stimuli of one level, one after the other.

    Attributes
    ----------
    level : str
        Code of the level, such as ``PA2``.
    start_s : int
    count : int
    """

    level: str
    start_s: int
    count: int

    @property
    def end_s(self) -> int:
        """End of the last response, or a little later."""
        return self.start_s + self.count * STIMULUS_EVERY_S


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A signal that cannot be used for some time.

    Attributes
    ----------
    kind : {"cloth", "camera", "visitor", "lead off"}
    start_s, end_s : int
    """

    kind: FaultKind
    start_s: int
    end_s: int


@dataclass(frozen=True, kw_only=True)
class Story:
    """Story of one patient.

    Attributes
    ----------
    patient : str
        Pseudonym.
    index : int
        Simulated person; none of those that the demo's model is trained on.
    series : tuple of Series
    faults : tuple of Fault
        Faults of one signal do not overlap.
    duration_s : int
    """

    patient: str
    index: int
    series: tuple[Series, ...]
    faults: tuple[Fault, ...]
    duration_s: int = 540

    def describe(self, time_s: float) -> str:
        """Say what happens at a time; the story begins again when it is over.

        Examples
        --------
        >>> STORIES[0].describe(100.0)
        'SIMULATED: heat PA1'
        """
        time_s %= self.duration_s
        words = [f"heat {one.level}" for one in self.series if one.start_s <= time_s < one.end_s]
        words += [FAULT_WORDS[one.kind] for one in self.faults if one.start_s <= time_s < one.end_s]
        return f"SIMULATED: {' and '.join(words) or 'at rest'}"


STORIES = (
    Story(
        patient="SIM-1",
        index=5000,
        series=(
            Series(level="PA1", start_s=80, count=4),
            Series(level="PA2", start_s=136, count=4),
            Series(level="PA3", start_s=192, count=6),
            Series(level="PA3", start_s=440, count=6),
        ),
        faults=(
            Fault(kind="cloth", start_s=300, end_s=320),
            Fault(kind="lead off", start_s=345, end_s=365),
            Fault(kind="visitor", start_s=390, end_s=402),
        ),
    ),
    Story(
        patient="SIM-2",
        index=5001,
        series=(
            Series(level="PA2", start_s=96, count=4),
            Series(level="PA3", start_s=320, count=6),
            Series(level="PA1", start_s=456, count=4),
        ),
        faults=(
            Fault(kind="lead off", start_s=160, end_s=180),
            Fault(kind="camera", start_s=230, end_s=250),
            Fault(kind="lead off", start_s=336, end_s=352),
        ),
    ),
)
"""Stories of the demo's patients. In the second one an electrode is off during pain: the face alone carries on."""
