"""Nothing clean is accused: 26 estimators and five torch modules with two workers, those that draw with one too."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ecg_facial.evaluation.audit.running import audit_run
from ecg_facial.evaluation.audit.settings import AuditSettings
from ecg_facial.evaluation.benchmark.adapters import EstimatorPipeline
from ecg_facial.evaluation.benchmark.runner import run_benchmark
from ecg_facial.evaluation.benchmark.settings import BenchmarkSettings
from ecg_facial.evaluation.judging.schema import NO_LEAK
from ecg_facial.evaluation.protocols.settings import InnerSettings
from ecg_facial.runtime.executors.fresh import FreshExecutor
from ecg_facial.runtime.executors.opening import open_executor
from tests.helpers.clean_methods import ESTIMATORS, clean_pipelines, drawing_pipelines, random_features

pytestmark = pytest.mark.long

SETTINGS = BenchmarkSettings(protocol="kfold:2", inner=InnerSettings(stopping_share=0.3), baselines=False)


@pytest.fixture
def prepared(make_prepared: Callable[..., Any]) -> Any:
    return make_prepared(n_subjects=8, per_level=3, n_frames=2)


@pytest.mark.parametrize(("workers", "make"), [(1, drawing_pipelines), (2, clean_pipelines)])
def test_no_clean_method_is_accused_and_none_crashes(
    prepared: Any, tmp_path: Path, workers: int, make: Callable[[], list[Any]]
) -> None:
    methods = make()
    with open_executor("processes", workers=workers) as executor:
        result = run_benchmark(prepared, tmp_path, settings=SETTINGS, pipelines=methods, executor=executor)
        found = audit_run(prepared, result, settings=SETTINGS, factories=methods, executor=executor)
    accused = [(check.name, check.message) for check in found.checks if check.passed is False]
    assert not accused
    assert found.verdict == NO_LEAK, found.describe()
    made = [check.name for check in found.checks if check.passed]
    for method in methods:
        assert sum(name.startswith(f"{method.models[0]}: ") for name in made) >= 8, method.models


def test_a_method_with_noise_is_called_nondeterministic_and_no_leak(
    prepared: Any, tmp_path: Path, fresh: FreshExecutor
) -> None:
    method = EstimatorPipeline("own", ESTIMATORS["logistic"], features=random_features)
    result = run_benchmark(prepared, tmp_path, settings=SETTINGS, pipelines=[method])
    wanted = AuditSettings(n_folds=1)
    found = audit_run(prepared, result, settings=SETTINGS, factories=[method], audit=wanted, fresh=fresh)
    assert found.leaks == (), found.describe()
    assert found.verdict == "nondeterministic", found.describe()
    assert any("two fits of the same data differ" in line for line in found.describe())
