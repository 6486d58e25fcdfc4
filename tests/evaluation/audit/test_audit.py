"""Every leak of the field is planted and named; a clean pipeline is called clean."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from centroids import CARRIED, PLANTED, Centroids, planted
from changed_rows import change_rows, copy_clip
from fuzzing import N_VARIANTS
from sklearn.linear_model import LogisticRegression

from ecg_facial.evaluation.audit.duplicates import find_duplicates
from ecg_facial.evaluation.audit.running import audit_run
from ecg_facial.evaluation.audit.settings import AuditSettings
from ecg_facial.evaluation.benchmark.adapters import EstimatorPipeline, heart_features
from ecg_facial.evaluation.benchmark.runner import run_benchmark
from ecg_facial.evaluation.benchmark.settings import BenchmarkSettings
from ecg_facial.evaluation.judging.schema import LEAKS, NO_LEAK, AuditResult
from ecg_facial.prepared.altering import AlteredData
from ecg_facial.prepared.settings import NormalisationSettings
from ecg_facial.runtime.executors.fresh import FreshExecutor
from tests.helpers.together import part_verdicts, stand_together

SETTINGS = BenchmarkSettings(baselines=False)
KNOWN_COUNTS = "5"
# 20 by `make fuzz`
N_DATA = max(5, N_VARIANTS // 50)
Audit = Callable[..., AuditResult]


@pytest.fixture(scope="module")
def prepared(make_prepared: Callable[..., Any]) -> Any:
    return make_prepared(n_subjects=7, per_level=3, n_frames=4)


@pytest.fixture(scope="module")
def audit(fresh: FreshExecutor) -> Audit:
    """Run methods and audit the run."""

    def run_and_audit(
        prepared: Any, out: Path, *methods: Any, settings: BenchmarkSettings = SETTINGS, **amount: Any
    ) -> AuditResult:
        result = run_benchmark(prepared, out, settings=settings, pipelines=methods)
        wanted = AuditSettings(**amount)
        return audit_run(prepared, result, settings=settings, factories=methods, audit=wanted, fresh=fresh)

    return run_and_audit


@pytest.fixture(scope="module")
def audited(prepared: Any, audit: Audit, tmp_path_factory: pytest.TempPathFactory) -> dict[str, AuditResult]:
    """All plants in one run, but for the one that is found by all predictions of a run."""
    methods = {str(leak): planted(method) for leak, method in PLANTED.items()}
    alone = methods.pop(KNOWN_COUNTS)
    CARRIED.clear()
    found = audit(prepared, tmp_path_factory.mktemp("planted"), *stand_together(methods))
    return part_verdicts(found, methods) | {KNOWN_COUNTS: audit(prepared, tmp_path_factory.mktemp("alone"), alone)}


@pytest.mark.parametrize("leak", sorted(PLANTED))
def test_a_planted_leak_is_named(audited: dict[str, AuditResult], leak: int) -> None:
    found = audited[str(leak)]
    assert found.verdict == "LEAK"
    assert leak in found.leaks, found.describe()
    assert any(LEAKS[leak] in line for line in found.describe())


def test_the_originals_random_split_is_named(prepared: Any, tmp_path: Path) -> None:
    settings = BenchmarkSettings(protocol="original", baselines=False)
    result = run_benchmark(prepared, tmp_path, settings=settings, pipelines=[planted(Centroids)])
    assert result.original is not None
    honest, leaking = (
        audit_run(prepared, each, settings=settings, factories=[planted(Centroids)], audit=AuditSettings(n_folds=0))
        for each in (result, result.original)
    )
    assert leaking.verdict == "LEAK"
    assert leaking.leaks == (1,)
    assert honest.verdict == NO_LEAK


def test_a_copy_of_a_clip_on_both_sides_is_named(prepared: Any, tmp_path: Path, audit: Audit) -> None:
    prepared = copy_clip(prepared, source=3, target=40)
    found = audit(prepared, tmp_path, planted(Centroids), n_folds=0)
    assert found.leaks == (9,)
    assert any("s00-BL1" in line or "s00-PA1" in line for line in found.describe())


@pytest.mark.parametrize("protocol", ["loso", "kfold:3", "k-shot:1"])
def test_a_clean_pipeline_is_clean_under_every_protocol(
    prepared: Any, tmp_path: Path, audit: Audit, protocol: str
) -> None:
    own = EstimatorPipeline("own", LogisticRegression(), features=heart_features)
    found = audit(prepared, tmp_path, own, settings=replace(SETTINGS, protocol=protocol), n_folds=2, order=True)
    assert found.verdict == NO_LEAK, found.describe()
    content = json.loads(json.dumps(found.to_dict()))
    assert content["leaks"] == []
    assert sum(check["passed"] is True for check in content["checks"]) >= 15


@pytest.mark.parametrize("seed", range(N_DATA))
def test_the_clean_method_raises_no_alarm_on_other_data(
    make_prepared: Callable[..., Any], tmp_path: Path, audit: Audit, seed: int
) -> None:
    data = make_prepared(n_subjects=6, per_level=2, n_frames=2, seed=seed)
    found = audit(data, tmp_path, planted(Centroids))
    assert found.verdict == NO_LEAK, found.describe()


def test_transductive_normalisation_is_a_warning_and_baseline_is_not(
    prepared: Any, tmp_path: Path, audit: Audit
) -> None:
    own = EstimatorPipeline("own", LogisticRegression(), features=heart_features)
    for mode, verdict in (("transductive", "warning"), ("baseline", "warning"), ("training-set", NO_LEAK)):
        settings = replace(SETTINGS, normalisation=NormalisationSettings(mode=mode, baseline_trials=1))
        found = audit(prepared, tmp_path / mode, own, settings=settings)
        assert found.verdict == verdict, found.describe()


def test_altered_data_show_the_signals_of_others_and_keep_their_labels(prepared: Any) -> None:
    altered = AlteredData(prepared, ecg={5: 20}, video={5: 30})
    np.testing.assert_array_equal(altered[5].tokens, prepared[20].tokens)
    np.testing.assert_array_equal(altered[5].crops, prepared[30].crops)
    np.testing.assert_array_equal(altered[6].tokens, prepared[6].tokens)
    assert altered.table["level"].iloc[5] == prepared.table["level"].iloc[5]
    assert altered.fingerprint != prepared.fingerprint
    assert altered.with_table(prepared.table)[5].tokens.shape == prepared[20].tokens.shape


def test_copies_are_found_after_a_change_of_gain_and_mirroring_and_other_clips_are_not(prepared: Any) -> None:
    assert find_duplicates(prepared, range(len(prepared))) == []
    prepared = copy_clip(prepared, source=3, target=40)
    assert find_duplicates(prepared, range(len(prepared))) == [(3, 40)]
    prepared = change_rows(prepared, [40], crops=lambda crops: crops[:, :, ::-1])
    assert find_duplicates(prepared, range(len(prepared))) == [(3, 40)]
    assert find_duplicates(prepared, range(len(prepared)), groups=["one"] * len(prepared)) == []
