"""Results of indexing a data set: its trials, and everything that cannot be used.

Input: what readers and checks found. Output: frozen records.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

from ecg_facial.datasets.settings import LabelSettings
from ecg_facial.recording import EcgRef, RestRecording, Subject, Trial, VideoRef

ProblemKind = Literal["missing", "unreadable", "too_short", "unknown_label", "no_level", "duplicate", "note"]
LevelSource = Literal["stimulus", "observer", "unknown"]


@dataclass(frozen=True, kw_only=True)
class Card:
    """What users should know about a data set.

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
        Files that the reader looks for, in words.
    levels : {"stimulus", "observer"}
        Source of the levels: a stimulus, or an observer's coding of the face.
    """

    title: str
    source: str
    access: str
    needs: str
    layout: str
    levels: LevelSource = "stimulus"


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Something that cannot be used, and why; or, as a note, something that should be known of what is used.

    Attributes
    ----------
    kind : {"missing", "unreadable", "too_short", "unknown_label", "no_level", "duplicate", "note"}
        ``unknown_label`` also stands for places that disagree on a trial's level or subject, ``no_level`` for
        recordings that are sound but of none of the five levels by the reader's rule. Of a ``note`` the signal is used:
        a part of it is lost, or something was assumed.
    subject, trial : str
        Empty if no particular one is concerned, for example for a missing folder.
    path : Path
        The file or folder.
    message : str
        What is wrong, in one line.
    """

    kind: ProblemKind
    subject: str
    trial: str
    path: Path
    message: str

    @property
    def excludes(self) -> bool:
        """Whether something is not used because of it."""
        return self.kind != "note"


class LabelCount(NamedTuple):
    """A label as files spell it, the number of its trials, usable or not, and its class; empty for one without."""

    label: str
    n_trials: int
    name: str


@dataclass(frozen=True, kw_only=True)
class DatasetIndex:
    """The usable part of a data set, and its problems.

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
        Everything that is missing from the trials.
    fingerprint : str
        Hash of the trials and the rest recordings, the files they are made of, and how they were read; independent of
        where the folder lies.
    simulated : bool
        True where the files come from the simulator.
    rest : tuple of RestRecording
        The same people at rest, sorted like the trials. Rest recordings are never trained on or scored.
    levels_by : {"stimulus", "observer", "unknown"}
        Source of the levels: the stimulus, or an observer's coding of the face, such as PSPI; unknown for classes of
        one's own.
    labels : LabelSettings
        How the labels became classes.
    class_names : tuple of str
        Classes of one's own in their order; empty where labels are stimulus levels.
    found_labels : tuple of LabelCount
        Labels as the files spell them.
    notes : tuple of str
        What was assumed or merged, one line each.
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
    labels: LabelSettings = field(default_factory=LabelSettings)
    class_names: tuple[str, ...] = ()
    found_labels: tuple[LabelCount, ...] = ()
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.trials)

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """Subjects with a usable trial, sorted by id."""
        return tuple(sorted({trial.subject for trial in self.trials}, key=lambda subject: subject.id))


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What one file, or one row of a table, states about a trial.

    Attributes
    ----------
    subject : Subject
    trial : str
        Id of the trial or rest recording, by which a video is paired with its ECG.
    code : str
        Label as found, not checked; `labels.REST_CODE` for rest.
    origin : Path
        The file or table of the entry.
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
    """Output of a reader; nothing is checked yet.

    Attributes
    ----------
    base : Path
        Folder to which paths in the fingerprint are relative.
    entries : tuple of Entry
        Of trials.
    problems : tuple of Problem
        What could not become an entry.
    tables : tuple of Path
        Tables that list the trials; part of the fingerprint.
    expects_video, expects_ecg : bool
        Whether a trial without one is a problem.
    rest : tuple of Entry
        Of rest recordings; a missing signal is no problem for them.
    rest_base : Path or None
        Folder to which paths of rest recordings are relative, if they are outside `base`.
    notes : tuple of str
        What was merged, or taken for something else, one line each.
    """

    base: Path
    entries: tuple[Entry, ...]
    problems: tuple[Problem, ...] = ()
    tables: tuple[Path, ...] = ()
    expects_video: bool = True
    expects_ecg: bool = True
    rest: tuple[Entry, ...] = ()
    rest_base: Path | None = None
    notes: tuple[str, ...] = ()
