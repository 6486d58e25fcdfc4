"""The serial executor as it stands in signatures."""

from __future__ import annotations

import inspect

from ecg_facial.datasets.indexing import index_dataset
from ecg_facial.runtime.executors.serial import SerialExecutor


def test_a_signature_shows_the_serial_executor_as_one_would_write_it() -> None:
    assert repr(SerialExecutor()) == "SerialExecutor()"
    assert "executor: 'Executor' = SerialExecutor()" in str(inspect.signature(index_dataset))
