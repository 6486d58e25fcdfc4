"""Rest windows from whole sessions, BioVid's Part C.

Input: the folder ``PartC``. Output: one entry per rest window. Sessions also hold the scored trials of Part A, so rest
windows never overlap a trial, and begin at least `cutting.SETTLE_S` after the heat of a stimulus.

::

    PartC/biosignals/<subject>.csv    TAB; time (microseconds), ecg, temperature (degrees Celsius) among its columns
    PartC/video/<subject>.mp4         optional, on the same clock
    PartC/labels.csv                  subject,trial,level,onset_s

Without ``labels.csv`` there are no rest windows: the temperature does not show the trials without heat. Simulated
cohorts have these files; other sessions can be converted to them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ecg_facial.datasets.readers.cutting import Interval, find_rest, find_runs
from ecg_facial.datasets.readers.folders import find_folder, name_left_out
from ecg_facial.datasets.readers.tables import open_rows, read_columns, read_rows
from ecg_facial.datasets.records import Entry, Problem
from ecg_facial.errors import CorruptDataError, DataError
from ecg_facial.labels import REST_CODE
from ecg_facial.recording import EcgRef, Subject, VideoRef
from ecg_facial.runtime.listing import find_child, list_files
from ecg_facial.runtime.names import name_key

if TYPE_CHECKING:
    from ecg_facial.runtime.typing import Float64Array

SESSION_PART, LABELS_NAME = "PartC", "labels.csv"
# a trial of Part A
_TRIAL_S = 5.5
_MICROSECONDS = 1e6
# a thermode keeps its temperature within a few tenths of a degree
_BASELINE_QUANTILE, _TOLERANCE_C = 0.05, 0.5


def list_session_rest(
    part: Path,
    *,
    window_s: float,
    clips: Collection[str],
    parse_subject: Callable[[str], Subject],
) -> Iterator[Entry | Problem]:
    """Cut rest windows out of every session.

    Parameters
    ----------
    part : Path
        ``PartC``.
    window_s : float
        Length of a window in seconds.
    clips : collection of str
        Rest clips that exist as files; their seconds are not cut again.
    parse_subject : callable
        Makes a `Subject` from a name.

    Raises
    ------
    CorruptDataError
        When ``labels.csv`` is not the table it should be.
    """
    biosignals = find_folder(part, "biosignals")
    yield from name_left_out(biosignals, (".csv",))
    paths = list_files(biosignals, (".csv",))
    labels = find_child(part, LABELS_NAME)
    if paths and not labels.is_file():
        message = f"no {LABELS_NAME}: the trials without heat are unknown, so no rest is cut from sessions"
        yield Problem(kind="missing", subject="", trial="", path=labels, message=message)
        return
    taken = _read_taken(labels, clips) if paths else {}
    for path in paths:
        try:
            if name_key(path.stem) not in taken:
                raise DataError(f"{labels}: no trial of {path.stem}, so the rest in the session is unknown; add them")
            starts_s = _find_starts(path, taken[name_key(path.stem)], window_s)
        except DataError as error:
            yield Problem(kind="unreadable", subject=path.stem, trial="", path=path, message=str(error))
            continue
        for number, start_s in enumerate(starts_s, start=1):
            yield _make_entry(path, parse_subject(path.stem), number, start_s=start_s, window_s=window_s)


def _make_entry(path: Path, subject: Subject, number: int, *, start_s: float, window_s: float) -> Entry:
    film = find_child(find_child(path.parent.parent, "video"), f"{path.stem}.mp4")
    video = VideoRef(path=film, start_s=start_s, duration_s=window_s) if film.is_file() else None
    ecg = EcgRef(path=path, start_s=start_s, duration_s=window_s)
    return Entry(
        subject=subject,
        trial=f"{subject.id}-{REST_CODE}-C{number:02d}",
        code=REST_CODE,
        origin=path,
        video=video,
        ecg=ecg,
    )


def _read_taken(path: Path, clips: Collection[str]) -> dict[str, list[Interval]]:
    """Read the intervals of the scored trials and of existing rest clips, by subject."""
    taken: dict[str, list[Interval]] = {}
    for number, row in read_rows(open_rows(path, needed=("subject", "trial", "level", "onset_s"))):
        try:
            onset_s = float(row["onset_s"].replace(",", "."))
        except ValueError:
            raise CorruptDataError(
                f"{path}: row {number} has onset_s {row['onset_s']!r}; expected seconds from the session's start"
            ) from None
        if name_key(row["level"]) != name_key(REST_CODE) or row["trial"] in clips:
            taken.setdefault(name_key(row["subject"]), []).append((onset_s, onset_s + _TRIAL_S))
    return taken


def _find_starts(path: Path, taken: list[Interval], window_s: float) -> list[float]:
    import numpy as np

    columns = read_columns(path, ("time", "temperature"))
    times_s = (columns["time"] - columns["time"][0]) / _MICROSECONDS
    if len(times_s) < 2 or not np.all(np.diff(times_s) > 0):
        raise CorruptDataError(f"{path}: the time column does not increase; copy the file again")
    stimuli = _find_stimuli(times_s, columns["temperature"])
    return find_rest(float(times_s[-1]), stimuli=stimuli, taken=taken, window_s=window_s)


def _find_stimuli(times_s: Float64Array, temperature_c: Float64Array) -> list[Interval]:
    """Find when the skin is not at its baseline temperature, or the temperature is unknown."""
    import numpy as np

    if not np.isfinite(temperature_c).any():
        return [(float(times_s[0]), float(times_s[-1]))]
    baseline_c = np.nanquantile(temperature_c, _BASELINE_QUANTILE)
    warm = ~(np.abs(temperature_c - baseline_c) <= _TOLERANCE_C)
    return [(float(times_s[first]), float(times_s[end - 1])) for first, end in find_runs(warm)]
