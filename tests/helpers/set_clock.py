"""A clock that tests set by hand."""

from __future__ import annotations


class SetClock:
    """Tells the time that it was set to, in seconds."""

    def __init__(self, now_s: float = 1_800_000_000.0) -> None:
        self.now_s = now_s

    def __call__(self) -> float:
        return self.now_s
