"""What indexing a data set leaves: its trials, and everything about it that cannot be used.

Enters: what readers and checks found. Leaves: frozen records.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ecg_facial.recording import EcgRef, Subject, Trial, VideoRef

ProblemKind = Literal["missing", "unreadable", "too_short", "unknown_label", "duplicate"]


@dataclass(frozen=True)
class Problem:
    """Something that was left out, and why.

    Attributes
    ----------
    kind : {"missing", "unreadable", "too_short", "unknown_label", "duplicate"}
        ``unknown_label`` also stands for places that disagree on a trial's level or subject.
    subject, trial : str
        Empty where it concerns none in particular, such as a whole folder that is not there.
    path : Path
        The file or folder concerned.
    message : str
        One line: what is wrong with it.
    """

    kind: ProblemKind
    subject: str
    trial: str
    path: Path
    message: str


@dataclass(frozen=True)
class DatasetIndex:
    """A data set as far as it can be used.

    Attributes
    ----------
    root : Path
        The folder, or the manifest file, that was indexed.
    reader : str
        Name of the reader: ``biovid``, ``original`` or ``manifest``.
    trials : tuple of Trial
        Sorted by subject, then by trial; each has a video, an ECG, or both.
    problems : tuple of Problem
        What is not among the trials, or only in part.
    fingerprint : str
        Hash of the trials, the files they are made of, and how they were read; independent of where the folder lies.
    simulated : bool
        True where the files come from the simulator.
    """

    root: Path
    reader: str
    trials: tuple[Trial, ...]
    problems: tuple[Problem, ...]
    fingerprint: str
    simulated: bool

    def __len__(self) -> int:
        return len(self.trials)

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """Everybody with a usable trial, sorted by id."""
        return tuple(sorted({trial.subject for trial in self.trials}, key=lambda subject: subject.id))

    def count_problems(self) -> dict[str, int]:
        """Count the problems by kind."""
        return dict(Counter(problem.kind for problem in self.problems))


@dataclass(frozen=True)
class Entry:
    """What one file, or one row of a table, says of a trial.

    Attributes
    ----------
    subject : Subject
    trial : str
        Trial id: what pairs a video with its ECG.
    code : str
        Level code as it was found, not yet checked.
    origin : Path
        The file or table that says so.
    video : VideoRef or None
    ecg : EcgRef or None
    """

    subject: Subject
    trial: str
    code: str
    origin: Path
    video: VideoRef | None = None
    ecg: EcgRef | None = None


@dataclass(frozen=True)
class Scan:
    """What a reader found, nothing checked yet.

    Attributes
    ----------
    base : Path
        Folder from which paths count in the fingerprint.
    entries : tuple of Entry
    problems : tuple of Problem
        What could not even become an entry.
    tables : tuple of Path
        Tables that say what the trials are; part of the fingerprint.
    expects_video, expects_ecg : bool
        Whether a trial without one is a problem.
    """

    base: Path
    entries: tuple[Entry, ...]
    problems: tuple[Problem, ...] = ()
    tables: tuple[Path, ...] = ()
    expects_video: bool = True
    expects_ecg: bool = True
