"""Folders of frames as images.

Input: a folder. Output: its images in their order in time. Opens none of them and imports no OpenCV.
"""

from __future__ import annotations

from pathlib import Path

from ecg_facial.runtime.listing import list_files

DEFAULT_FPS = 25.0
IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp"})


def list_images(folder: Path) -> list[Path]:
    """List the frame images of a folder in order of time: by name, with numbers by value."""
    return list_files(folder, IMAGE_SUFFIXES)
