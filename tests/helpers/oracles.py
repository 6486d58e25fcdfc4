"""Independent libraries that figures are compared with: `make oracles` has them, `make test` need not."""

from __future__ import annotations

import importlib
import os
from types import ModuleType

import pytest


def import_oracle(name: str) -> ModuleType:
    """Import a library, or skip the module that asks for it; under `make oracles` its absence is a failure."""
    if os.environ.get("ECG_FACIAL_ORACLES"):
        return importlib.import_module(name)
    return pytest.importorskip(name, reason=f"{name} is not installed here: `make oracles` compares with it")
