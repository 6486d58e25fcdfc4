"""Fresh processes that all audits of a test process share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ecg_facial.evaluation.audit.refitting import open_fresh
from ecg_facial.runtime.executors.fresh import FreshExecutor


@pytest.fixture(scope="session")
def fresh() -> Iterator[FreshExecutor]:
    """Executor whose interpreter starts once: every task is a copy of it, in which nothing ran."""
    with open_fresh() as executor:
        yield executor
