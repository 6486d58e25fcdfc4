"""Reading the ECG of one trial: a whole file, or a stretch of a long recording.

Input: an `EcgRef`. Output: its samples; time 0 is the start of the stretch. The last recordings are kept in memory, so
a long one is read once for all of its stretches if these are asked for in order.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np

from ecg_facial.ecg.formats.opening import list_files
from ecg_facial.ecg.reading import probe_ecg, read_ecg
from ecg_facial.errors import EcgFacialError
from ecg_facial.recording import EcgRef, EcgSignal

# half an hour at 512 Hz takes 7 MB
_RECORDINGS_KEPT = 2


def read_ecg_stretch(ecg: EcgRef) -> EcgSignal:
    """Read the ECG that a reference points to.

    Parameters
    ----------
    ecg : EcgRef

    Returns
    -------
    EcgSignal
        Shorter than the stretch, or empty, where the recording ends before the stretch does.

    Raises
    ------
    MissingDataError, CorruptDataError, DataError, SettingsError
        As `files.read_ecg`.
    """
    if ecg.is_whole:
        return read_ecg(ecg.path, fs_hz=ecg.fs_hz, column=ecg.column)
    whole = _read_recording(ecg)
    first = round(ecg.start_s * whole.fs_hz)
    end = None if ecg.duration_s is None else first + round(ecg.duration_s * whole.fs_hz)
    return EcgSignal(samples=np.array(whole.samples[first:end]), fs_hz=whole.fs_hz, unit=whole.unit)


def measure_ecg_stretch(ecg: EcgRef) -> float:
    """Length in seconds of what `read_ecg_stretch` reads.

    Raises
    ------
    MissingDataError, CorruptDataError, DataError, SettingsError
        As `files.read_ecg`.
    """
    if ecg.is_whole:
        return probe_ecg(ecg.path, fs_hz=ecg.fs_hz, column=ecg.column).duration_s
    return read_ecg_stretch(ecg).duration_s


def _read_recording(ecg: EcgRef) -> EcgSignal:
    """Read a recording, or take it from the cache unless a file has changed."""
    # a file that was rewritten is another recording
    stamp = tuple((status.st_mtime_ns, status.st_size) for status in (file.stat() for file in list_files(ecg.path)))
    found = _remember(ecg.path, ecg.fs_hz, ecg.column, stamp)
    if isinstance(found, EcgFacialError):
        raise type(found)(str(found))
    return found


@lru_cache(maxsize=_RECORDINGS_KEPT)
def _remember(
    path: Path, fs_hz: float | None, column: str, stamp: tuple[tuple[int, int], ...]
) -> EcgSignal | EcgFacialError:
    """Read a recording, or return its error: a damaged file is read once, too, not once per stretch."""
    try:
        return read_ecg(path, fs_hz=fs_hz, column=column)
    except EcgFacialError as error:
        return error
