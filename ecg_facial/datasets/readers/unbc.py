"""UNBC-McMaster Shoulder Pain Expression Archive: faces with an observer's PSPI per frame, no ECG.

Input: the folder that holds ``Images`` and ``Frame_Labels``. Output: one entry per part of a sequence, and by
`read_pspi` the PSPI of each frame. No image is opened. The archive is available by agreement with its authors.

::

    Images/<subject>/<sequence>/<frame>.png                          such as 042-ll042/ll042t1aaaff/ll042t1aaaff001.png
    Frame_Labels/PSPI/<subject>/<sequence>/<frame>_facs.txt          one number, 0 to 16

**Levels are not those of a stimulus.** People with shoulder pain moved their arms, and trained observers coded their
faces. PSPI = AU4 + max(AU6, AU7) + max(AU9, AU10) + AU43 describes what the face shows: a person in pain without any
expression has 0. To test a model of stimulus levels, sequences are cut from their first frame into parts of `window_s`
without overlap; the last part is kept if it has nine tenths of that length. By its largest PSPI a part is

- BL1 if every frame has 0;
- PA4 if it is `pspi_pain` or more, by default 3, which [2]_ calls strong;
- left out and counted if it is in between.

Only the task `binary` makes sense. The frames have no times; 25 frames per second are assumed.

References
----------
.. [1] Lucey et al., "Painful data: The UNBC-McMaster Shoulder Pain Expression Archive Database", IEEE FG 2011.
.. [2] Hammal and Cohn, "Automatic detection of pain intensity", ACM ICMI 2012.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING

from ecg_facial.datasets.readers.contract import Reader
from ecg_facial.datasets.readers.folders import find_folder, name_left_out
from ecg_facial.datasets.readers.naming import make_unique
from ecg_facial.datasets.records import Card, Entry, Problem, Scan
from ecg_facial.datasets.settings import MIN_SHARE
from ecg_facial.errors import CorruptDataError, DataError, MissingDataError, SettingsError
from ecg_facial.face.frame_folders import IMAGE_SUFFIXES, time_images
from ecg_facial.labels import PainLevel
from ecg_facial.recording import Subject, VideoRef
from ecg_facial.runtime.listing import find_child, list_folders
from ecg_facial.runtime.settings import strict_settings

if TYPE_CHECKING:
    from ecg_facial.runtime.typing import Float64Array

ASSUMED_FPS = 25.0
MAX_PSPI = 16.0
LAYOUT = "Images/<subject>/<sequence>/*.png and Frame_Labels/PSPI/<subject>/<sequence>/*_facs.txt"
CARD = Card(
    title="UNBC-McMaster Shoulder Pain Expression Archive",
    source="Lucey et al., Painful data, IEEE FG 2011",
    access="by agreement with its makers, for research; may not be passed on",
    needs="the frames, and the PSPI of each",
    layout=LAYOUT,
    levels="observer",
)
_IMAGES, _LABELS, _ENDING = "Images", Path("Frame_Labels") / "PSPI", "_facs.txt"
_CLOCK_TOLERANCE_S = 1e-6


@strict_settings
@dataclass(frozen=True, kw_only=True)
class UnbcSettings:
    """How levels are made of PSPI.

    Attributes
    ----------
    pspi_pain : float
        Smallest PSPI of UNBC-McMaster that counts as pain (PA4).

    Raises
    ------
    SettingsError
        For a value outside its limits.
    """

    pspi_pain: float = 3.0

    def __post_init__(self) -> None:
        if not 0 < self.pspi_pain <= MAX_PSPI:
            raise SettingsError(f"pspi_pain is {self.pspi_pain}: expected above 0 and at most {MAX_PSPI}")


def fits(root: Path) -> bool:
    """Tell whether a folder looks like this data set."""
    return find_child(root, _IMAGES).is_dir() and _find_labels(root).is_dir()


def read_pspi(video: VideoRef) -> Float64Array:
    """Read the PSPI of the frames that `face.video.read_frames` gives of a sequence, or of a stretch of one.

    Parameters
    ----------
    video : VideoRef
        As the trials of this data set hold it: a folder under ``Images``.

    Returns
    -------
    ndarray of float64, shape (n_frames,)
        0..16; NaN where a frame has no file.

    Raises
    ------
    MissingDataError
        When the sequence has no folder of labels.
    CorruptDataError
        When a file holds no number, or one outside 0..16.
    """
    sequence = video.path
    folder = find_child(find_child(_find_labels(sequence.parents[2]), sequence.parent.name), sequence.name)
    if not folder.is_dir():
        raise MissingDataError(f"{folder}: no such folder; expected the PSPI of each frame of {sequence}")
    images = time_images(sequence, video.fps or ASSUMED_FPS)
    begin_s = video.start_s - _CLOCK_TOLERANCE_S
    end_s = math.inf if video.duration_s is None else begin_s + video.duration_s
    timed = zip(images.paths, images.times_s, strict=True)
    wanted = [path for path, time_s in timed if begin_s <= time_s < end_s]
    import numpy as np

    return np.array([_read_number(folder / f"{path.stem}{_ENDING}") for path in wanted], dtype=np.float64)


def _read_number(path: Path) -> float:
    if not path.is_file():
        return math.nan
    text = path.read_text(encoding="utf-8", errors="replace").strip()
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= MAX_PSPI:
        raise CorruptDataError(f"{path}: holds {text[:20]!r}; expected a PSPI of 0 to {MAX_PSPI:g}; copy it again")
    return value


def scan(root: Path, settings: UnbcSettings, *, window_s: float) -> Scan:
    """Cut every sequence and grade its parts.

    Parameters
    ----------
    root : Path
        The folder that holds ``Images`` and ``Frame_Labels``.
    settings : UnbcSettings
    window_s : float
        Length of a part in seconds.

    Raises
    ------
    MissingDataError
        When a folder is not there.
    """
    images = find_folder(root, _IMAGES)
    for folder in (images, _find_labels(root)):
        if not folder.is_dir():
            raise MissingDataError(f"{folder}: no such folder; expected {LAYOUT}")
    subjects = list_folders(images)
    sequences = [path for subject in subjects for path in list_folders(subject)]
    copies = [problem for folder in (images, *subjects) for problem in name_left_out(folder, IMAGE_SUFFIXES)]
    names = make_unique((path.parent.name, path.name) for path in sequences)
    found = [
        item
        for path in sequences
        for item in _grade(path, names[path.parent.name, path.name], settings.pspi_pain, window_s)
    ]
    return Scan(
        base=root,
        entries=tuple(item for item in found if isinstance(item, Entry)),
        problems=(*copies, *(item for item in found if isinstance(item, Problem))),
        expects_ecg=False,
    )


def _find_labels(root: Path) -> Path:
    return reduce(find_child, _LABELS.parts, root)


def _grade(sequence: Path, name: str, pspi_pain: float, window_s: float) -> Iterator[Entry | Problem]:
    """Give the entries of one sequence, and its parts without a level."""
    subject = Subject(id=sequence.parent.name)
    try:
        images = time_images(sequence, ASSUMED_FPS)
        pspi = read_pspi(VideoRef(path=sequence, fps=ASSUMED_FPS))
    except DataError as error:
        yield Problem(kind="unreadable", subject=subject.id, trial=name, path=sequence, message=str(error))
        return
    unknown = between = 0
    # with the frames whose images are missing
    n_frames = round(images.duration_s * ASSUMED_FPS)
    for number, (start_s, duration_s) in enumerate(cut_sequence(n_frames, window_s), start=1):
        part = VideoRef(path=sequence, fps=ASSUMED_FPS, start_s=start_s, duration_s=duration_s)
        first = bisect_left(images.times_s, start_s - _CLOCK_TOLERANCE_S)
        end = bisect_left(images.times_s, start_s + duration_s - _CLOCK_TOLERANCE_S)
        largest = pspi[first:end].max() if end > first else math.nan
        if math.isnan(largest):
            unknown += 1
        elif 0 < largest < pspi_pain:
            between += 1
        else:
            level = PainLevel.PA4 if largest else PainLevel.BL1
            yield Entry(subject=subject, trial=f"{name}-{number:02d}", code=level.name, origin=sequence, video=part)
    if unknown:
        message = f"{unknown} stretches with a frame that has no PSPI: their level is unknown"
        yield Problem(kind="unknown_label", subject=subject.id, trial=name, path=sequence, message=message)
    if between:
        message = f"{between} stretches with PSPI above 0 and below {pspi_pain:g}: neither no pain nor pain"
        yield Problem(kind="no_level", subject=subject.id, trial=name, path=sequence, message=message)


def cut_sequence(n_frames: int, window_s: float) -> list[tuple[float, float]]:
    """Cut a sequence into parts that do not overlap.

    Parameters
    ----------
    n_frames : int
    window_s : float
        Length in seconds; a whole number of frames is taken.

    Returns
    -------
    list of (float, float)
        Start and length of each in seconds. A short sequence is one part, which
        the check then lists as too short.

    Examples
    --------
    >>> cut_sequence(300, 5.0)
    [(0.0, 5.0), (5.0, 5.0)]
    >>> cut_sequence(245, 5.0)
    [(0.0, 5.0), (5.0, 4.8)]
    """
    size = max(1, round(window_s * ASSUMED_FPS))
    pieces = [(first, min(size, n_frames - first)) for first in range(0, n_frames, size)]
    kept = [piece for piece in pieces if piece[1] >= MIN_SHARE * size] or pieces[:1]
    return [(first / ASSUMED_FPS, n / ASSUMED_FPS) for first, n in kept]


READER = Reader(name="unbc", card=CARD, fits=fits, scan=scan, settings=UnbcSettings, slow=True)
