"""Fixtures of the fuzzers: each test that asks for `rng` runs for many variants, each with a generator of its own.

``make test`` runs 50 variants of each test, ``make fuzz`` 1,000; ``ECG_FACIAL_VARIANTS`` sets another number. A variant
is the same whatever the number: variant 17 of a test is run again by its name, as in ``test_ecg_text.py::test_x[17]``.
"""

from __future__ import annotations

import numpy as np
import pytest
from fuzzing import N_VARIANTS, make_generator


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Repeat tests that take a generator."""
    if "rng" in metafunc.fixturenames:
        metafunc.parametrize("variant", range(N_VARIANTS))


@pytest.fixture
def rng(request: pytest.FixtureRequest, variant: int) -> np.random.Generator:
    """Generator of a variant of this test."""
    return make_generator(request.node.originalname, variant)
