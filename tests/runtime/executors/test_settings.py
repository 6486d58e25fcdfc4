"""Settings of executors: what is refused."""

from __future__ import annotations

import pytest

from ecg_facial.errors import SettingsError
from ecg_facial.runtime.executors.settings import ExecutorSettings


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"executor": "cluster"}, "executor is 'cluster': expected serial, processes, ray"),
        ({"workers": 0}, "number of workers is 0: expected at least 1"),
        ({"executor": "processes", "address": "here:1"}, "only ray has an address"),
    ],
)
def test_settings_outside_their_limits_are_refused(settings: dict[str, object], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        ExecutorSettings(**settings)  # type: ignore[arg-type]  # on purpose
