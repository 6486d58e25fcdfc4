"""Leaks as users bring them are named, once and by their cause; what cannot be checked is never passed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from changed_rows import change_rows

from ecg_facial.evaluation.audit.circumstances import check_circumstances
from ecg_facial.evaluation.audit.running import audit_run, draw_folds
from ecg_facial.evaluation.audit.settings import AuditSettings
from ecg_facial.evaluation.benchmark.runner import run_benchmark
from ecg_facial.evaluation.benchmark.settings import BenchmarkSettings
from ecg_facial.evaluation.judging.schema import AuditResult
from ecg_facial.evaluation.protocols.settings import InnerSettings
from ecg_facial.labels import get_task
from ecg_facial.runtime.executors.fresh import FreshExecutor
from tests.helpers import plants
from tests.helpers.together import part_verdicts, stand_together

pytestmark = pytest.mark.long

SETTINGS = BenchmarkSettings(inner=InnerSettings(stopping_share=0.3), baselines=False)
Audit = Callable[..., AuditResult]
TASK = get_task(SETTINGS.task)


@pytest.fixture(scope="module")
def prepared(make_prepared: Callable[..., Any]) -> Any:
    return plants.with_rates(make_prepared(n_subjects=6, per_level=2, n_frames=2))


@pytest.fixture(scope="module")
def audit(fresh: FreshExecutor) -> Audit:
    """Run methods and audit the run, one fold of it."""

    def run_and_audit(prepared: Any, out: Path, *methods: Any, settings: BenchmarkSettings = SETTINGS) -> AuditResult:
        plants.REMEMBERED.clear()
        result = run_benchmark(prepared, out, settings=settings, pipelines=methods)
        wanted = AuditSettings(n_folds=1)
        return audit_run(prepared, result, settings=settings, factories=methods, audit=wanted, fresh=fresh)

    return run_and_audit


@pytest.fixture(scope="module")
def audited(prepared: Any, audit: Audit, tmp_path_factory: pytest.TempPathFactory) -> dict[str, AuditResult]:
    """All plants, and what is ready made, in one run."""
    methods = {name: method for name, (_, method) in plants.CAUGHT.items()} | plants.ready_made(prepared, TASK)
    found = audit(prepared, tmp_path_factory.mktemp("plants"), *stand_together(methods))
    return part_verdicts(found, methods)


@pytest.mark.parametrize("name", plants.CAUGHT)
def test_a_plant_is_named_once_by_its_cause(audited: dict[str, AuditResult], name: str) -> None:
    numbers, found = plants.CAUGHT[name][0], audited[name]
    assert found.verdict == "LEAK", found.describe()
    assert len(found.leaks) == 1, found.describe()
    assert set(found.leaks) <= numbers, found.describe()
    causes = [check for check in found.checks if check.passed is False and not check.consequence_of]
    assert len(causes) == 1, found.describe()


@pytest.mark.parametrize("name", ["selector", "columns", "figures of"])
def test_a_ready_made_pipeline_that_holds_something_fitted_is_never_passed(
    audited: dict[str, AuditResult], name: str
) -> None:
    found = audited[name]
    assert found.verdict == "not checked", found.describe()
    assert any("handed over fitted" in line for line in found.describe())


def test_a_plant_beside_the_baselines_is_named_and_they_are_not(prepared: Any, tmp_path: Path, audit: Audit) -> None:
    # nobody is seen, so that the baselines are those of the heart, which cost little
    unseen = change_rows(prepared, range(len(prepared)), frame_mask=np.zeros_like)
    found = audit(unseen, tmp_path, plants.read_order, settings=replace(SETTINGS, baselines=True))
    (cause,) = [check for check in found.checks if check.passed is False and not check.consequence_of]
    assert cause.name.startswith("own: "), found.describe()
    assert sum(check.passed is True and check.name.startswith("majority, ") for check in found.checks) >= 8


def test_the_headline_says_how_far_the_verdict_reaches(prepared: Any, tmp_path: Path, audit: Audit) -> None:
    found = audit(prepared, tmp_path, plants.logistic(plants.hearts))
    assert found.verdict == "no leak found", found.describe()
    assert "1 of 6 folds fitted again" in found.headline
    assert "not checked: no overlapping windows" in found.headline


def test_folds_are_drawn_by_a_seed_and_the_last_one_is_among_them(prepared: Any, tmp_path: Path) -> None:
    folds = run_benchmark(prepared, tmp_path, settings=SETTINGS, pipelines=[plants.logistic(plants.hearts)]).plan.folds[
        0
    ]
    drawn = {seed: [fold.index for fold in draw_folds(folds, AuditSettings(n_folds=2, seed=seed))] for seed in range(9)}
    assert all(5 in each and len(each) == 2 for each in drawn.values())
    assert len({tuple(each) for each in drawn.values()}) > 1
    assert [fold.index for fold in draw_folds(folds, AuditSettings(n_folds=3, share=0.2))] == [5]


@pytest.mark.parametrize("kind", ["longer", "later", "missing", "camera"])
def test_a_class_that_shows_in_how_it_was_recorded_is_a_finding(make_prepared: Callable[..., Any], kind: str) -> None:
    data = make_prepared(n_subjects=12, per_level=4, n_frames=2)
    rng = np.random.default_rng(0)
    pain = (data.table["level"] != "BL1").to_numpy()
    values = {
        "longer": 5.5 + 0.5 * pain + rng.normal(0, 0.05, len(pain)),
        "later": 100 * pain + rng.uniform(0, 50, len(pain)),
        "missing": np.where(pain & (rng.random(len(pain)) < 0.9), np.nan, 1.0),
        "camera": np.where(pain, "front", "side"),
    }[kind]
    found = check_circumstances(data.with_table(data.table.assign(**{kind: values})), task=TASK)
    assert found.passed is False
    assert f"{kind} AUC" in found.message
    assert check_circumstances(data, task=TASK).passed


@pytest.mark.parametrize("seed", range(10))
def test_circumstances_that_say_nothing_are_no_finding(make_prepared: Callable[..., Any], seed: int) -> None:
    data, rng = make_prepared(n_subjects=6, per_level=3, n_frames=2, seed=seed), np.random.default_rng(seed)
    columns = {f"column {number}": rng.normal(size=len(data)) for number in range(20)}
    found = check_circumstances(data.with_table(data.table.assign(**columns)), task=TASK)
    assert found.passed, found.message
