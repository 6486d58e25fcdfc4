"""What indexing a data set leaves: its trials, and everything about it that cannot be used.

Enters: what readers and checks found. Leaves: frozen records.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ecg_facial.recording import EcgRef, RestRecording, Subject, Trial, VideoRef

ProblemKind = Literal["missing", "unreadable", "too_short", "unknown_label", "no_level", "duplicate"]
LevelSource = Literal["stimulus", "observer"]


@dataclass(frozen=True, kw_only=True)
class Card:
    """What people should know of a data set before they use it.

    Attributes
    ----------
    title : str
        Its full name.
    source : str
        Who made it and where it is described.
    access : str
        On what terms it may be used; nothing of it is part of this package.
    needs : str
        What the reader needs of it.
    layout : str
        What it looks for, for people to read.
    levels : {"stimulus", "observer"}
        Whether levels are those of a stimulus, or what an observer saw in the face.
    """

    title: str
    source: str
    access: str
    needs: str
    layout: str
    levels: LevelSource = "stimulus"


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Something that was left out, and why.

    Attributes
    ----------
    kind : {"missing", "unreadable", "too_short", "unknown_label", "no_level", "duplicate"}
        ``unknown_label`` also stands for places that disagree on a trial's level or subject, ``no_level`` for
        recordings that are sound but of none of the five levels by the reader's rule.
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


@dataclass(frozen=True, kw_only=True)
class DatasetIndex:
    """A data set as far as it can be used.

    Attributes
    ----------
    root : Path
        The folder, or the manifest file, that was indexed.
    reader : str
        Name of the reader, a key of `readers.registry.READERS`.
    reader_settings : object
        The reader's settings, an object of its settings class.
    trials : tuple of Trial
        Sorted by subject, then by trial; each has a video, an ECG, or both.
    problems : tuple of Problem
        What is not among the trials, or only in part.
    fingerprint : str
        Hash of the trials and the rest recordings, the files they are made of, and how they were read; independent of
        where the folder lies.
    simulated : bool
        True where the files come from the simulator.
    rest : tuple of RestRecording
        The same people at rest, sorted like the trials. They are no trials: nothing trains on them or scores them.
    levels_by : {"stimulus", "observer"}
        Where the levels come from: from the stimulus, or from an observer's measure of the face, such as PSPI.
    """

    root: Path
    reader: str
    reader_settings: Any
    trials: tuple[Trial, ...]
    problems: tuple[Problem, ...]
    fingerprint: str
    simulated: bool
    rest: tuple[RestRecording, ...] = ()
    levels_by: LevelSource = "stimulus"

    def __len__(self) -> int:
        return len(self.trials)

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """Everybody with a usable trial, sorted by id."""
        return tuple(sorted({trial.subject for trial in self.trials}, key=lambda subject: subject.id))


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What one file, or one row of a table, says of a trial.

    Attributes
    ----------
    subject : Subject
    trial : str
        Trial id, or that of a rest recording: what pairs a video with its ECG.
    code : str
        Level code as it was found, not yet checked; `labels.REST_CODE` at rest.
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


@dataclass(frozen=True, kw_only=True)
class Scan:
    """What a reader found, nothing checked yet.

    Attributes
    ----------
    base : Path
        Folder from which paths count in the fingerprint.
    entries : tuple of Entry
        Of trials.
    problems : tuple of Problem
        What could not even become an entry.
    tables : tuple of Path
        Tables that say what the trials are; part of the fingerprint.
    expects_video, expects_ecg : bool
        Whether a trial without one is a problem.
    rest : tuple of Entry
        Of rest recordings; what they lack is no problem.
    rest_base : Path or None
        Folder from which paths of rest count in the fingerprint, where rest lies beside `base`.
    """

    base: Path
    entries: tuple[Entry, ...]
    problems: tuple[Problem, ...] = ()
    tables: tuple[Path, ...] = ()
    expects_video: bool = True
    expects_ecg: bool = True
    rest: tuple[Entry, ...] = ()
    rest_base: Path | None = None
