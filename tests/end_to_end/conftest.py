"""The whole run that the tests here look at, and other runs of the same cohort."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from exports import exports_once
from sharing import make_once
from whole_run import WholeRun, make_whole_run, open_whole_run

from ecg_facial.evaluation.benchmark.runner import BenchmarkResult
from ecg_facial.evaluation.benchmark.settings import BenchmarkSettings
from ecg_facial.workflow import benchmarking


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> WholeRun:
    with exports_once(tmp_path_factory):
        return open_whole_run(make_once(tmp_path_factory, "whole run", make_whole_run))


@pytest.fixture(scope="session")
def data(whole: WholeRun) -> Path:
    return whole.data


@pytest.fixture(scope="session")
def cache(whole: WholeRun) -> Path:
    return whole.windows


@pytest.fixture(scope="session")
def result(whole: WholeRun) -> BenchmarkResult:
    return whole.result


@pytest.fixture(scope="module", autouse=True)
def _ceilings_are_computed_once() -> Iterator[None]:
    """All runs here are of one cohort, and an observer takes seconds to look at it."""
    observe, found = benchmarking.observe_ceiling, dict[tuple[str, ...], pd.DataFrame | None]()

    def observe_once(prepared: Any, index: Any, settings: BenchmarkSettings) -> pd.DataFrame | None:
        key = (
            settings.find_task().name,
            str(index.simulated),
            str(len(prepared.parts)),
            *map(str, prepared.table["subject"]),
        )
        if key not in found:
            found[key] = observe(prepared, index, settings)
        return found[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(benchmarking, "observe_ceiling", observe_once)
        yield
