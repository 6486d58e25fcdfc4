"""How often something is tried: a few times by `make test`, as often as the reliability tests ask by `make chaos`."""

from __future__ import annotations

import os


def times(*, ordinary: int, full: int) -> int:
    """Choose a number of repetitions."""
    return full if os.environ.get("ECG_FACIAL_CHAOS") else ordinary
