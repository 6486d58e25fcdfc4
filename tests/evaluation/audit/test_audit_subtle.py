"""Leaks that one altered person hardly moves are named too, and choices made with test labels by their own name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from changed_rows import change_rows

from ecg_facial.evaluation.audit.running import audit_run
from ecg_facial.evaluation.benchmark.runner import run_benchmark
from ecg_facial.evaluation.benchmark.settings import BenchmarkSettings
from ecg_facial.evaluation.judging.schema import AuditResult
from ecg_facial.evaluation.protocols.settings import InnerSettings
from ecg_facial.runtime.executors.fresh import FreshExecutor
from tests.helpers import leaks
from tests.helpers.leaks import Centroids, hand_everything
from tests.helpers.together import part_verdicts, stand_together

SETTINGS = BenchmarkSettings(inner=InnerSettings(stopping_share=0.3), baselines=False)
PLANTED = {
    "scaled by all of a person's trials before the folds": (4, hand_everything(leaks.ScalesByPersonBefore)),
    "tuned on everybody": (6, leaks.tune_on_everybody),
    "thresholds by test labels": (10, hand_everything(leaks.ThresholdByTestLabels)),
    "best of five seeds by test labels": (10, hand_everything(leaks.BestOfSeeds)),
}


@pytest.fixture(scope="module")
def prepared(make_prepared: Callable) -> Any:
    """Noisy hearts and faces, so that nobody is recognised without an error."""
    made, rng = make_prepared(n_subjects=6, per_level=5, n_frames=5), np.random.default_rng(7)
    made = change_rows(made, range(len(made)), tokens=lambda tokens: (tokens + rng.normal(0, 2, 3)).astype(np.float32))

    def shift(crops: np.ndarray) -> np.ndarray:
        return np.clip(crops.astype(int) + rng.integers(-60, 60), 0, 255).astype(np.uint8)

    return change_rows(made, range(len(made)), crops=shift)


@pytest.fixture(scope="module")
def audited(prepared: Any, fresh: FreshExecutor, tmp_path_factory: pytest.TempPathFactory) -> dict[str, AuditResult]:
    """All plants in one run."""
    plants = {name: method for name, (_, method) in PLANTED.items()}
    methods = stand_together(plants)
    result = run_benchmark(prepared, tmp_path_factory.mktemp("subtle"), settings=SETTINGS, pipelines=methods)
    found = audit_run(prepared, result, settings=SETTINGS, factories=methods, fresh=fresh)
    return part_verdicts(found, plants)


@pytest.mark.parametrize("name", PLANTED)
def test_a_subtle_leak_is_named(audited: dict[str, AuditResult], name: str) -> None:
    found = audited[name]
    assert PLANTED[name][0] in found.leaks, found.describe()


def test_the_same_method_without_a_leak_is_clean(prepared: Any, tmp_path: Path, fresh: FreshExecutor) -> None:
    result = run_benchmark(prepared, tmp_path, settings=SETTINGS, pipelines=[Centroids()])
    found = audit_run(prepared, result, settings=SETTINGS, factories=[Centroids()], fresh=fresh)
    assert found.leaks == (), found.describe()
