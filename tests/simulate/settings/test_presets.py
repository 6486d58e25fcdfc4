"""Presets are found by name."""

from __future__ import annotations

import pytest

from ecg_facial.errors import SettingsError
from ecg_facial.simulate.settings.presets import get_preset


def test_unknown_preset_is_refused() -> None:
    with pytest.raises(SettingsError, match="clear"):
        get_preset("foggy")
