"""Where the recordings of the demo's patients lie, and whether they are there.

Input: a folder. Output: paths. Imports no simulator, so that a demo whose patients are recorded starts at once.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ecg_facial.live.demo.story import STORIES, Story

MARKER = "SIMULATED.json"
_FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class PatientFiles:
    """Recording of a patient.

    Attributes
    ----------
    video, ecg : Path
    """

    video: Path
    ecg: Path


def patient_files(folder: Path, patient: str) -> PatientFiles:
    """Make the paths of a patient's recording."""
    return PatientFiles(video=folder / f"{patient}.mp4", ecg=folder / f"{patient}_ecg.npz")


def is_recorded(folder: Path, stories: Sequence[Story] = STORIES) -> bool:
    """Whether a folder holds the whole recordings of these stories, by this version."""
    try:
        return bool(json.loads((folder / MARKER).read_text(encoding="utf-8")) == describe_recording(stories))
    except (OSError, ValueError):
        return False


def describe_recording(stories: Sequence[Story]) -> dict[str, Any]:
    """Give the content of the marker, as it is read back."""
    told = {"simulated": True, "format": _FORMAT, "stories": [asdict(story) for story in stories]}
    return dict(json.loads(json.dumps(told)))
