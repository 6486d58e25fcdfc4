"""Automatic pain recognition from face video and ECG. For research; not a medical device."""

from __future__ import annotations

__version__ = "0.1.0"
