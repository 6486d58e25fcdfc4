"""Settings that all readers share.

Input: nothing. Output: names and limits. Each reader has settings of its own, beside it.
"""

from __future__ import annotations

from ecg_facial.windows.settings import WindowSettings

AUTO = "auto"
"""Name that stands for the reader that fits."""

MIN_SHARE = 0.9
MIN_DURATION_S = MIN_SHARE * WindowSettings.window_s
"""A clip must cover nine tenths of the default window, which is as long as BioVid's clips."""
