"""Folders of frames as images.

Input: a folder. Output: its images in their order in time. Opens none of them and imports no OpenCV.
"""

from __future__ import annotations

import re
from pathlib import Path

DEFAULT_FPS = 25.0
IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp"})


def list_images(folder: Path) -> list[Path]:
    """List the frame images of a folder in order of time: by name, with numbers by value."""
    return sorted((path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES), key=_by_number)


def _by_number(path: Path) -> tuple[list[tuple[int, str]], str]:
    """Sorting key that compares the numbers in a name by value."""
    parts = re.split(r"(\d+)", path.name)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts], path.name
