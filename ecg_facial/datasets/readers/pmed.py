"""PainMonit Experimental Dataset (PMED): graded heat, ECG without video.

Input: the folder of the synchronised tables. Output: one entry per stimulus and per baseline without heat, and rest
recordings from the remaining time. The data are open; no part of them is in this package.

::

    raw-data/S_01-synchronised-data.csv     one person; separated by semicolons, decimal commas, 250 Hz
    Seconds Bvp Eda_E4 Tmp Ibi Hr Resp Eda_RB Ecg Emg Heater [C] COVAS Heater_cleaned

``Heater_cleaned`` is 32 degrees Celsius, and during the 10 s of a stimulus its plateau temperature. Each person gets
five temperatures, eight times each: a painless warm one, and four from the pain threshold to the tolerance. The levels:

- the four hottest temperatures of a person, in rising order, are PA1, PA2, PA3 and PA4, as in BioVid;
- cooler stimuli (painless warmth) have no level: they are left out and counted;
- BL1 (no heat) is 10 s that end 5 s before a stimulus begins, at 32 degrees throughout. A person has as many baselines
  as stimuli per level, spread evenly over the session: otherwise the time of day would reveal the level;
- a person with fewer than five temperatures is left out, since it is unknown which of them are missing.

A trial is the 10 s of its stimulus; as for all readers, a window takes its first `window_s`.

References
----------
.. [1] Gouverneur et al., "An Experimental and Clinical Physiological Signal Dataset for Automated Pain Recognition",
   Scientific Data 11, 1051, 2024, doi:10.1038/s41597-024-03878-w. Data: doi:10.6084/m9.figshare.26965159. The layout,
   the stimuli and the places of the baselines follow the authors' published programs (gouverneurp/PMD).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from ecg_facial.datasets.readers.contract import NoSettings, Reader
from ecg_facial.datasets.readers.cutting import Interval, find_rest, find_runs
from ecg_facial.datasets.readers.folders import name_left_out
from ecg_facial.datasets.readers.tables import read_columns
from ecg_facial.datasets.records import Card, Entry, Problem, Scan
from ecg_facial.errors import CorruptDataError, DataError, MissingDataError
from ecg_facial.labels import REST_CODE, PainLevel
from ecg_facial.recording import EcgRef, Subject
from ecg_facial.runtime.listing import find_child, list_files

if TYPE_CHECKING:
    from ecg_facial.runtime.typing import Float64Array

FS_HZ = 250.0
STIMULUS_S = 10.0
BASELINE_C = 32.0
LAYOUT = "raw-data/S_<number>-synchronised-data.csv"
CARD = Card(
    title="PainMonit Experimental Dataset (PMED)",
    source="Gouverneur et al., Scientific Data 11, 1051, 2024; doi:10.6084/m9.figshare.26965159",
    access="open, on the terms stated there",
    needs="the synchronised tables, one per person",
    layout=LAYOUT,
)
_NAME = re.compile(r"(?P<subject>S_\d+)-synchronised-data\.csv", re.IGNORECASE)
_FOLDERS = ((), ("raw-data",), ("dataset", "raw-data"), ("PMED",), ("PMED", "raw-data"))
_HEATER, _RATING, _ECG = "Heater_cleaned", "COVAS", "Ecg"
_TOLERANCE_C, _SHORT_S = 0.25, 0.1
_BASELINE_GAP_S = 5.0
_PAIN_LEVELS = (PainLevel.PA1, PainLevel.PA2, PainLevel.PA3, PainLevel.PA4)


@dataclass(frozen=True, kw_only=True)
class Stimulus:
    """Heat on the skin.

    Attributes
    ----------
    start_s, end_s : float
        Seconds from the recording's start.
    temperature_c : float
        Of its plateau, in degrees Celsius.
    mean_rating : float
        Mean of the slider (COVAS, 0..100) during it, the person's own rating; NaN without one.
    """

    start_s: float
    end_s: float
    temperature_c: float
    mean_rating: float


def fits(root: Path) -> bool:
    """Tell whether a folder looks like this data set."""
    return bool(_list_tables(root))


def scan(root: Path, settings: NoSettings, *, window_s: float) -> Scan:
    """List the stimuli of all people.

    Parameters
    ----------
    root : Path
        The folder of the tables, or one above it.
    settings : NoSettings
    window_s : float
        Length in seconds of rest recordings.

    Raises
    ------
    MissingDataError
        When there are no tables.
    """
    tables = _list_tables(root)
    if not tables:
        raise MissingDataError(f"{root}: no table of a person; expected {LAYOUT}")
    found = [item for path in tables for item in _list_person(path, window_s)]
    entries = [item for item in found if isinstance(item, Entry)]
    return Scan(
        base=tables[0].parent,
        entries=tuple(entry for entry in entries if entry.code != REST_CODE),
        problems=(*name_left_out(tables[0].parent, (".csv",)), *(item for item in found if isinstance(item, Problem))),
        expects_video=False,
        rest=tuple(entry for entry in entries if entry.code == REST_CODE),
    )


def _list_tables(root: Path) -> list[Path]:
    for names in _FOLDERS:
        folder = reduce(find_child, names, root)
        found = [path for path in list_files(folder, (".csv",)) if _NAME.fullmatch(path.name)]
        if found:
            return found
    return []


def read_stimuli(path: Path) -> tuple[Stimulus, ...]:
    """Find the stimuli of a person.

    Parameters
    ----------
    path : Path
        A synchronised table.

    Returns
    -------
    tuple of Stimulus
        In order of time.

    Raises
    ------
    CorruptDataError
        When it is not such a table.
    """
    return _find_stimuli(*_read_heater(path))


def _read_heater(path: Path) -> tuple[Float64Array, Float64Array]:
    """Read temperatures and ratings; a gap in the temperatures could hide a stimulus."""
    import numpy as np

    columns = read_columns(path, (_HEATER, _RATING))
    heater_c = columns[_HEATER]
    if not np.isfinite(heater_c).all():
        row = 2 + int(np.argmin(np.isfinite(heater_c)))
        raise CorruptDataError(f"{path}: no temperature in column {_HEATER!r} at row {row}; copy the file again")
    return heater_c, columns[_RATING]


def _find_stimuli(heater_c: Float64Array, ratings: Float64Array) -> tuple[Stimulus, ...]:
    import numpy as np

    warm = np.abs(heater_c - BASELINE_C) > _TOLERANCE_C
    # two plateaus may follow each other without a gap
    steps = np.flatnonzero(np.abs(np.diff(heater_c)) > _TOLERANCE_C) + 1
    stimuli = []
    for first, end in find_runs(warm):
        cuts = [first, *(int(step) for step in steps if first < step < end), end]
        for start, stop in pairwise(cuts):
            # plateaus are multiples of half a degree
            temperature_c, rating = round(2 * float(np.median(heater_c[start:stop]))) / 2, ratings[start:stop]
            mean = float(np.nanmean(rating)) if np.isfinite(rating).any() else float("nan")
            stimuli.append(
                Stimulus(start_s=start / FS_HZ, end_s=stop / FS_HZ, temperature_c=temperature_c, mean_rating=mean)
            )
    return tuple(stimuli)


def grade_temperatures(temperatures_c: Sequence[float]) -> dict[float, PainLevel]:
    """Levels of a person's temperatures: the four hottest are PA1..PA4.

    Parameters
    ----------
    temperatures_c : sequence of float
        Of every stimulus, in degrees Celsius.

    Raises
    ------
    DataError
        When there are fewer than five, so that which are missing is unknown.

    Examples
    --------
    >>> grade_temperatures([41.0, 44.0, 47.0, 45.5, 42.5])
    {42.5: <PainLevel.PA1: 1>, 44.0: <PainLevel.PA2: 2>, 45.5: <PainLevel.PA3: 3>, 47.0: <PainLevel.PA4: 4>}
    """
    different = sorted(set(temperatures_c))
    if len(different) <= len(_PAIN_LEVELS):
        listed = ", ".join(f"{value:g}" for value in different) or "none"
        raise DataError(
            f"temperatures of the stimuli: {listed}; expected {len(_PAIN_LEVELS) + 1} or more, so levels are unknown"
        )
    return dict(zip(different[-len(_PAIN_LEVELS) :], _PAIN_LEVELS, strict=True))


def _list_person(path: Path, window_s: float) -> Iterator[Entry | Problem]:
    """Give all entries and problems of one table, which is read once."""
    match = _NAME.fullmatch(path.name)
    subject = Subject(id=match["subject"] if match else path.stem)
    try:
        heater_c, ratings = _read_heater(path)
    except DataError as error:
        yield Problem(kind="unreadable", subject=subject.id, trial="", path=path, message=str(error))
        return
    stimuli = _find_stimuli(heater_c, ratings)
    whole = [stimulus for stimulus in stimuli if stimulus.end_s - stimulus.start_s >= STIMULUS_S - _SHORT_S]
    try:
        levels = grade_temperatures([stimulus.temperature_c for stimulus in whole])
    except DataError as error:
        yield Problem(kind="unknown_label", subject=subject.id, trial="", path=path, message=str(error))
        return
    heat = [(item.start_s, levels[item.temperature_c].name) for item in whole if item.temperature_c in levels]
    yield from _count_left_out(path, subject, whole, n_cut=len(stimuli) - len(whole), levels=levels)
    baselines = _choose_baselines(stimuli, n=round(len(heat) / len(levels)))
    scored = sorted([*heat, *((start_s, PainLevel.BL1.name) for start_s in baselines)])
    for number, (start_s, code) in enumerate(scored, start=1):
        yield _make_entry(path, subject, code, number, start_s=start_s, duration_s=STIMULUS_S)
    for number, start_s in enumerate(_find_rest(len(heater_c), stimuli, baselines, window_s), start=1):
        yield _make_entry(path, subject, REST_CODE, number, start_s=start_s, duration_s=window_s)


def _count_left_out(
    path: Path, subject: Subject, whole: Sequence[Stimulus], *, n_cut: int, levels: dict[float, PainLevel]
) -> Iterator[Problem]:
    warm = [stimulus.temperature_c for stimulus in whole if stimulus.temperature_c not in levels]
    if warm:
        listed = ", ".join(f"{value:g}" for value in sorted(set(warm)))
        message = f"{len(warm)} stimuli below the four pain levels ({listed} degrees Celsius): warmth without pain"
        yield Problem(kind="no_level", subject=subject.id, trial="", path=path, message=message)
    if n_cut:
        yield Problem(
            kind="too_short",
            subject=subject.id,
            trial="",
            path=path,
            message=f"{n_cut} stimuli shorter than {STIMULUS_S:g} s",
        )


def _choose_baselines(stimuli: Sequence[Stimulus], *, n: int) -> list[float]:
    """Give the starts of `n` baselines, spread evenly over all possible ones."""
    ends_s = [0.0, *(stimulus.end_s for stimulus in stimuli)]
    wanted_s = [stimulus.start_s - _BASELINE_GAP_S - STIMULUS_S for stimulus in stimuli]
    free = [start_s for start_s, end_s in zip(wanted_s, ends_s, strict=False) if start_s >= end_s]
    if len(free) <= n:
        return free
    import numpy as np

    return [free[place] for place in np.linspace(0, len(free) - 1, n).round().astype(int)]


def _find_rest(n_times: int, stimuli: Sequence[Stimulus], baselines: Sequence[float], window_s: float) -> list[float]:
    taken: list[Interval] = [(start_s, start_s + STIMULUS_S) for start_s in baselines]
    heat = [(stimulus.start_s, stimulus.end_s) for stimulus in stimuli]
    return find_rest(n_times / FS_HZ, stimuli=heat, taken=taken, window_s=window_s)


def _make_entry(path: Path, subject: Subject, code: str, number: int, *, start_s: float, duration_s: float) -> Entry:
    ecg = EcgRef(path=path, fs_hz=FS_HZ, column=_ECG, start_s=start_s, duration_s=duration_s)
    return Entry(subject=subject, trial=f"{subject.id}-{code}-{number:03d}", code=code, origin=path, ecg=ecg)


READER = Reader(name="pmed", card=CARD, fits=fits, scan=scan, slow=True)
