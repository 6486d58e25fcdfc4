"""A small result, and reports of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from results import make_metrics, make_predictions, make_run

from ecg_facial.evaluation.judging.schema import RunMetrics
from ecg_facial.evaluation.report.examples import Example
from ecg_facial.evaluation.report.writing import write_report


@pytest.fixture
def predictions() -> pd.DataFrame:
    return make_predictions()


@pytest.fixture
def metrics() -> RunMetrics:
    return make_metrics()


@pytest.fixture
def write(tmp_path: Path, metrics: RunMetrics, predictions: pd.DataFrame) -> Callable[..., str]:
    """Write a report and read it."""

    def write_and_read(*examples: Example, **changes: Any) -> str:
        path = tmp_path / "report.html"
        write_report(
            path, run=replace(make_run(), **changes), metrics=metrics, predictions=predictions, examples=examples
        )
        return path.read_text(encoding="utf-8")

    return write_and_read
