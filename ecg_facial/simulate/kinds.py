"""Words of simulated cohorts that the command line shows too; imports nothing, so that its help stays fast."""

from __future__ import annotations

PATHOLOGY_KINDS = (
    "face_lost", "second_person", "dropped_frames", "frozen_frame", "clock_offset", "clock_drift", "truncated_video",
    "truncated_ecg", "missing_video", "missing_ecg",
)  # fmt: skip
"""What can be wrong with a trial's files; see `pathology`."""
