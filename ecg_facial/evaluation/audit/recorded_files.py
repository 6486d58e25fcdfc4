"""How the files of trials were recorded: lengths, rates, sizes and formats, for the check of circumstances.

Input: the indexed trials. Output: quantities by name, a value per trial; None where a file is not there or is damaged.

A length or a rate is a circumstance: no body makes it. Bytes are one only where they do not follow the signal:

- of a text file they do: a larger amplitude has more digits. So the size of a text file is left out: its length is
  measured in samples, and the precision of its export is counted in decimals.
- of compressed files they do in part, videos as well as ECGs (FLAC, ``.npz``, ``.mat``): a face that moves and a heart
  with larger waves take more bytes, but so does a longer clip, another camera or another encoder. So the size is
  judged, by the bound of quantities that are measured from the signals.
- of other formats they do not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import TypeVar

from ecg_facial.ecg.formats.compression import is_compressed, list_sample_files
from ecg_facial.ecg.reading import EcgInfo, probe_ecg
from ecg_facial.errors import EcgFacialError
from ecg_facial.face.frame_folders import list_images
from ecg_facial.face.video import VideoInfo, probe_video
from ecg_facial.recording import EcgRef, Trial, VideoRef

VIDEO_SIZE = "size of the video file (movement takes bytes too)"
ECG_SIZE = "size of the compressed ECG file (larger and noisier waves take bytes too)"
FOLLOW_THE_SIGNAL = (VIDEO_SIZE, ECG_SIZE)
"""Names of the quantities that follow the signals in part."""
NAMES = (
    "length of the video", "start of the video in its file", "frame rate of the video", "picture size of the video",
    "codec of the video", "kind of the video file", VIDEO_SIZE,
    "length of the ECG", "start of the ECG in its file", "sampling rate of the ECG", "channels of the ECG file",
    "kind of the ECG file", "size of the ECG file", ECG_SIZE, "decimals in the ECG file",
)  # fmt: skip
"""Names of all quantities, in order."""
_HEAD_BYTES = 1 << 16
_DECIMALS = re.compile(rb"\d\.(\d+)")
_Found = TypeVar("_Found")


def describe_files(trials: Sequence[Trial | None]) -> dict[str, list[object]]:
    """Describe the files of trials, each file once.

    Parameters
    ----------
    trials : sequence of Trial or None
        None for a trial that is not known.

    Returns
    -------
    dict of str to list
        A value per trial, by the names in `NAMES`.
    """
    probe_video_once, probe_ecg_once = cache(_probe_video), cache(_probe_ecg)
    rows = []
    for trial in trials:
        row: dict[str, object] = {}
        if trial is not None and trial.video is not None:
            row |= _describe_video(trial.video, probe_video_once(trial.video.path))
        if trial is not None and trial.ecg is not None:
            row |= _describe_ecg(trial.ecg, probe_ecg_once(trial.ecg.path, trial.ecg.fs_hz, trial.ecg.column))
        rows.append(row)
    return {name: [row.get(name) for row in rows] for name in NAMES}


def _describe_video(ref: VideoRef, info: VideoInfo | None) -> dict[str, object]:
    found: dict[str, object] = {
        "start of the video in its file": ref.start_s,
        "kind of the video file": ref.path.suffix.lower(),
        "length of the video": ref.duration_s,
    }
    if ref.path.is_dir():
        images = _try(lambda: list_images(ref.path))
        return found | {"length of the video": ref.duration_s or (None if images is None else len(images))}
    if info is None:
        return found
    return found | {
        # a millisecond: what differs less is rounding of time stamps
        "length of the video": ref.duration_s or round(info.duration_s, 3),
        "frame rate of the video": round(info.fps, 3),
        "picture size of the video": f"{info.width} x {info.height}",
        "codec of the video": info.codec,
        VIDEO_SIZE: _count_bytes(ref.path),
    }


def _describe_ecg(ref: EcgRef, info: EcgInfo | None) -> dict[str, object]:
    found: dict[str, object] = {
        "start of the ECG in its file": ref.start_s,
        "kind of the ECG file": ref.path.suffix.lower(),
        "length of the ECG": ref.duration_s,
    }
    if info is None:
        return found
    found |= {
        "length of the ECG": ref.duration_s or round(info.duration_s, 3),
        "sampling rate of the ECG": round(info.fs_hz, 2),
        "channels of the ECG file": ", ".join(info.columns),
    }
    if "text" in info.kind:
        return found | {"decimals in the ECG file": count_decimals(ref.path)}
    files = list_sample_files(ref.path)
    name = ECG_SIZE if any(map(is_compressed, files)) else "size of the ECG file"
    return found | {name: sum(file.stat().st_size for file in files)}


def count_decimals(path: Path) -> int:
    """Count the digits after the decimal point, the most among the numbers at the start of a text file."""
    with path.open("rb") as file:
        return max((len(digits) for digits in _DECIMALS.findall(file.read(_HEAD_BYTES))), default=0)


def _count_bytes(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None


def _probe_video(path: Path) -> VideoInfo | None:
    return None if path.is_dir() else _try(lambda: probe_video(path))


def _probe_ecg(path: Path, fs_hz: float | None, column: str) -> EcgInfo | None:
    return _try(lambda: probe_ecg(path, fs_hz=fs_hz, column=column))


def _try(probe: Callable[[], _Found]) -> _Found | None:
    """Give what a file says of itself, or None: what is wrong with it is said by the index."""
    try:
        return probe()
    except (EcgFacialError, OSError):
        return None


def find_trials(names: Iterable[object], trials: Iterable[Trial]) -> list[Trial | None]:
    """Find the indexed trials by name; None for a name that is not indexed."""
    known = {trial.id: trial for trial in trials}
    return [known.get(str(name)) for name in names]
