"""Fixtures that every test may use."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real ECGs and face clips that lies beside some checkouts; the test skips where it is absent."""
    folder = SHARED / "data"
    if not folder.is_dir():
        pytest.skip("real recordings (shared/data beside the checkout) are not here")
    return folder


@pytest.fixture(scope="session")
def shared_models() -> Path:
    """Folder of face models that lies beside some checkouts; the test skips where it is absent."""
    folder = SHARED / "models"
    if not folder.is_dir():
        pytest.skip("face models (shared/models beside the checkout) are not here")
    return folder
