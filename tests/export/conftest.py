"""What the tests of exports share."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(autouse=True)
def _no_flush(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is in a file need not wait for the disk: hundreds of them are written."""
    monkeypatch.setattr(os, "fsync", lambda _: None)
