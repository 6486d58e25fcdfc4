"""Names of the damages to files; the command line lists them, so this module imports nothing.

Input: nothing. Output: constants.
"""

from __future__ import annotations

PATHOLOGY_KINDS = (
    "face_lost", "second_person", "dropped_frames", "frozen_frame", "clock_offset", "clock_drift", "truncated_video",
    "truncated_ecg", "missing_video", "missing_ecg",
)  # fmt: skip
"""Kinds of damage to the files of a trial; `pathology` explains them."""
