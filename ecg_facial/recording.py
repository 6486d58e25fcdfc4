"""Records of a data set: subjects, trials, and the files of their signals.

Input: what the readers of `datasets` found. Output: frozen records. Nothing here opens a file: `ecg.reading` and
`face.video` do.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from ecg_facial.errors import SettingsError
from ecg_facial.labels import REST_CODE, PainLevel, parse_pain_level

if TYPE_CHECKING:
    # numpy takes a tenth of a second to import
    from ecg_facial.runtime.typing import Float64Array


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A person.

    Attributes
    ----------
    id : str
        The name that the data set uses, unique within it.
    sex : {"m", "w"} or None
        As in BioVid's names; None when unknown.
    age_years : int or None
        Age in years; None when unknown.
    """

    id: str
    sex: Literal["m", "w"] | None = None
    age_years: int | None = None


@dataclass(frozen=True, kw_only=True)
class VideoRef:
    """A face video: its file, or a stretch of it.

    Attributes
    ----------
    path : Path
        A video file, or a folder of frame images (the original's layout).
    fps : float or None
        Frame rate of a frame folder in Hz; None for a video file, which carries its own timestamps, unless it is a raw
        stream that states no rate.
    frame_times : Path or None
        A text file that lists the time of each frame, where that is better known than the video's own.
    start_s : float
        Start of a stretch of a longer recording, in seconds from its first frame.
    duration_s : float or None
        Length of the stretch in seconds; None for all up to the end of the recording.

    Raises
    ------
    SettingsError
        When `start_s` is negative, or `duration_s` or `fps` is not positive.
    """

    path: Path
    fps: float | None = None
    start_s: float = 0.0
    duration_s: float | None = None
    frame_times: Path | None = None

    def __post_init__(self) -> None:
        _check_stretch(self.start_s, self.duration_s)
        if self.fps is not None and not (math.isfinite(self.fps) and self.fps > 0):
            raise SettingsError(f"fps is {self.fps}: expected a positive number of frames per second")

    @property
    def is_whole(self) -> bool:
        """Whether this is the whole recording, not a stretch of it."""
        return self.start_s == 0.0 and self.duration_s is None


@dataclass(frozen=True, kw_only=True)
class EcgRef:
    """An ECG: its file, or a stretch of it.

    Attributes
    ----------
    path : Path
        A file of any format that `ecg.reading` reads.
    fs_hz : float or None
        Sampling rate in Hz; None when the file says it.
    column : str
        Name of the ECG's column or channel.
    start_s : float
        Start of a stretch of a longer recording, in seconds from its first sample.
    duration_s : float or None
        Length of the stretch in seconds; None for all up to the end of the recording.

    Raises
    ------
    SettingsError
        When `start_s` is negative, or `duration_s` is not positive.
    """

    path: Path
    fs_hz: float | None = None
    column: str = "ecg"
    start_s: float = 0.0
    duration_s: float | None = None

    def __post_init__(self) -> None:
        _check_stretch(self.start_s, self.duration_s)

    @property
    def is_whole(self) -> bool:
        """Whether this is the whole recording, not a stretch of it."""
        return self.start_s == 0.0 and self.duration_s is None


def _check_stretch(start_s: float, duration_s: float | None) -> None:
    if not (math.isfinite(start_s) and start_s >= 0):
        raise SettingsError(f"a stretch starts at {start_s} s: expected 0 or more seconds from the recording's start")
    if duration_s is not None and not (math.isfinite(duration_s) and duration_s > 0):
        raise SettingsError(f"a stretch lasts {duration_s} s: expected a positive number of seconds, or None")


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One stimulus with its response: a video and an ECG of the same seconds.

    Attributes
    ----------
    subject : Subject
    id : str
        Unique within the data set.
    code : str
        Name of the stimulus level, or of a class of one's own (`DatasetIndex.class_names`).
    video : VideoRef or None
        None when the trial has no video.
    ecg : EcgRef or None
        None when the trial has no ECG.
    """

    subject: Subject
    id: str
    code: str
    video: VideoRef | None = None
    ecg: EcgRef | None = None

    @property
    def level(self) -> PainLevel:
        """Level of the stimulus; level that an observer gave where `DatasetIndex.levels_by` says so.

        Raises
        ------
        UnknownLabelError
            For a class of one's own.
        """
        return parse_pain_level(self.code)


@dataclass(frozen=True, kw_only=True)
class RestRecording:
    """A person at rest, outside the scored trials. It has no level; normalisation by `baseline` uses it.

    Attributes
    ----------
    subject : Subject
    id : str
        Unique within the data set, among the trials too.
    video : VideoRef or None
    ecg : EcgRef or None
    """

    subject: Subject
    id: str
    video: VideoRef | None = None
    ecg: EcgRef | None = None

    @property
    def code(self) -> str:
        """`labels.REST_CODE`, which is no class of any task."""
        return REST_CODE


Recording: TypeAlias = Trial | RestRecording


@dataclass(frozen=True, eq=False, kw_only=True)
class EcgSignal:
    """A single-lead ECG in memory.

    Attributes
    ----------
    samples : ndarray of float64, shape (n_times,)
        NaN where nothing was recorded.
    fs_hz : float
        Sampling rate in Hz.
    unit : str or None
        ``"mV"`` when the file gives a unit of voltage; None when it is not known (BioVid does not document it).
    start_s : float
        Time of the first sample in seconds, on the clock that the video frames share.

    Raises
    ------
    SettingsError
        When `samples` is not one-dimensional or `fs_hz` is not a positive number.
    """

    samples: Float64Array
    fs_hz: float
    unit: str | None = None
    start_s: float = field(default=0.0)

    def __post_init__(self) -> None:
        if self.samples.ndim != 1:
            raise SettingsError(f"ECG samples have shape {self.samples.shape}: expected (n_times,), a single lead")
        if not (math.isfinite(self.fs_hz) and self.fs_hz > 0):
            raise SettingsError(f"ECG sampling rate is {self.fs_hz} Hz: expected a positive number")

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.fs_hz
