"""What a command leaves, and one trial of BioVid's shape to give it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tiny_files import write_ecg, write_video


@dataclass(frozen=True)
class Said:
    """What a command left: exit code, standard output, standard error."""

    code: int
    out: str
    err: str


def write_trial(root: Path, subject: str = "071309_w_21", trial: str = "BL1-081") -> tuple[Path, Path]:
    """Write one trial of BioVid's shape: its video and its biosignals."""
    name = f"{subject}-{trial}"
    video = write_video(root / "PartA" / "video" / subject / f"{name}.mp4")
    return video, write_ecg(root / "PartA" / "biosignals_filtered" / subject / f"{name}_bio.csv")
