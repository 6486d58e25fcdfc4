"""Whole runs: seeds, resuming, manifests, and the original's protocol beside an honest one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from ecg_facial.errors import SettingsError, StaleCacheError
from ecg_facial.evaluation.benchmark.adapters import EstimatorPipeline, heart_features
from ecg_facial.evaluation.benchmark.runner import BenchmarkResult, run_benchmark
from ecg_facial.evaluation.benchmark.settings import BenchmarkSettings
from ecg_facial.evaluation.benchmark.trial_set import TrialSet
from ecg_facial.evaluation.judging.schema import RunMetrics
from ecg_facial.evaluation.protocols.fold_manifest import read_folds
from ecg_facial.evaluation.protocols.settings import InnerSettings
from ecg_facial.runtime.executors.local import ProcessesExecutor

PEOPLE = [f"s{number:02d}" for number in range(6)]
SETTINGS = BenchmarkSettings(seeds=2, baselines=False)
FILES = ("predictions.csv", "metrics.json", "folds.json")


@pytest.fixture
def prepared(make_prepared: Callable) -> Any:
    return make_prepared(n_subjects=len(PEOPLE), per_level=3, n_frames=2)


def run(prepared: Any, out: Path, settings: BenchmarkSettings = SETTINGS, **others: Any) -> BenchmarkResult:
    own = EstimatorPipeline("own", LogisticRegression(), features=heart_features)
    return run_benchmark(prepared, out, settings=settings, **({"pipelines": [own]} | others))


def test_every_seed_is_a_whole_run_and_figures_are_means_over_seeds(prepared: Any, tmp_path: Path) -> None:
    both = run(prepared, tmp_path / "both")
    single = [run(prepared, tmp_path / str(seed), BenchmarkSettings(seed=seed, baselines=False)) for seed in (0, 1)]
    merged = pd.concat([each.predictions for each in single], ignore_index=True)
    pd.testing.assert_frame_equal(both.predictions, merged)
    accuracy = [each.metrics.models["own"].overall.accuracy for each in single]
    judged = both.metrics.models["own"]
    assert judged.overall.accuracy == pytest.approx(np.mean(accuracy), abs=1e-6)
    assert judged.answers.n_trials == both.metrics.n_trials == 72
    assert judged.overall.n_trials == judged.answers.n_answered == 71
    without = both.predictions.set_index(["trial", "seed"])["p_BL1"].isna()
    assert [trial for trial, _ in without.index[without]] == ["s00-BL1-001"] * 2
    assert all(f"{trial},0,{seed},own,BL1,,,,," in (tmp_path / "both" / "predictions.csv").read_text()
               for trial, seed in without.index[without])  # fmt: skip
    assert both.metrics.independence.shown == "yes"
    assert judged.over_seeds.accuracy_std == pytest.approx(np.std(accuracy, ddof=1), abs=1e-6)
    assert [each.accuracy for each in judged.over_seeds.by_seed] == pytest.approx(accuracy, abs=1e-6)
    assert np.sum(judged.overall.confusion) == 2 * judged.answers.n_answered
    assert single[0].metrics.models["own"].over_seeds.accuracy_std is None
    for number, subject in enumerate(judged.subjects):
        own = [each.metrics.models["own"].subjects[number].accuracy for each in single]
        assert subject.accuracy == pytest.approx(np.mean(own), abs=1e-6)
        assert subject.n_trials + subject.n_unanswered == 12


def test_only_missing_folds_run_again_and_the_bytes_are_the_same(prepared: Any, tmp_path: Path) -> None:
    run(prepared, tmp_path)
    before = {name: (tmp_path / name).read_bytes() for name in FILES}
    stamps = {path: path.stat().st_mtime_ns for path in (tmp_path / "folds").iterdir()}
    assert len(stamps) == 2 * len(PEOPLE)
    lost = tmp_path / "folds" / "1-003.json"
    lost.unlink()
    (tmp_path / "folds" / ".1-003-half.json").write_text("{")
    run(prepared, tmp_path)
    assert all(path.stat().st_mtime_ns == stamp for path, stamp in stamps.items() if path != lost)
    assert {name: (tmp_path / name).read_bytes() for name in FILES} == before


@pytest.mark.parametrize(
    "other",
    [
        BenchmarkSettings(seed=7),
        replace(SETTINGS, protocol="kfold:3"),
        replace(SETTINGS, inner=InnerSettings(calibration_share=0.4)),
    ],
)
def test_a_folder_of_another_run_is_refused(prepared: Any, tmp_path: Path, other: BenchmarkSettings) -> None:
    run(prepared, tmp_path)
    with pytest.raises(StaleCacheError, match="other data, settings or code"):
        run(prepared, tmp_path, other)


def test_a_folder_of_another_method_is_refused(prepared: Any, tmp_path: Path) -> None:
    run(prepared, tmp_path)
    other = EstimatorPipeline("own", LogisticRegression(C=0.5), features=heart_features)
    with pytest.raises(StaleCacheError, match="other data, settings or code"):
        run(prepared, tmp_path, pipelines=[other])


def test_a_manifest_repeats_a_run_whatever_the_settings_say(prepared: Any, tmp_path: Path) -> None:
    first = run(prepared, tmp_path / "first", replace(SETTINGS, protocol="kfold:3", seed=4))
    again = run(prepared, tmp_path / "again", folds=tmp_path / "first" / "folds.json")
    pd.testing.assert_frame_equal(again.predictions, first.predictions)
    assert again.plan.sha256 == first.plan.sha256 == again.metrics.folds_sha256
    assert again.metrics.protocol == "kfold:3"
    plan = read_folds(tmp_path / "again" / "folds.json", subjects=PEOPLE, task="biovid4")
    assert list(plan.folds) == [4, 5]


def test_the_original_inflates_a_method_that_remembers_people_and_the_run_says_so(
    prepared: Any, tmp_path: Path
) -> None:
    prepared = remember_people(prepared)
    fused = EstimatorPipeline("fusion", KNeighborsClassifier(1), features=heart_features)
    own = EstimatorPipeline("own", KNeighborsClassifier(1), features=heart_features)
    result = run(prepared, tmp_path, replace(SETTINGS, protocol="original"), pipelines=[own, fused])
    metrics = RunMetrics.read(tmp_path / "metrics.json")
    assert metrics == result.metrics
    assert metrics.protocol == "loso"
    assert metrics.stamps == ()
    beside = metrics.original
    assert "LEAKS" in beside.stamps[0]
    for pair in beside.models.values():
        assert pair.leakage == pytest.approx(pair.accuracy - pair.honest_accuracy, abs=2e-6)
        assert pair.leakage > 0.3
    leaking = pd.read_csv(tmp_path / "original" / "predictions.csv")
    per_seed = leaking.groupby(["model", "seed"]).size()
    assert (per_seed["own"] == 15).all(), "a fifth of 72 trials"
    assert (per_seed["fusion"] == 72).all(), "everything, what it was trained on included"
    assert beside.models["fusion"].accuracy >= beside.models["own"].accuracy
    with pytest.raises(SettingsError, match="draws its own folds"):
        run(
            prepared,
            tmp_path / "other",
            replace(SETTINGS, protocol="original"),
            folds=tmp_path / "original" / "folds.json",
        )
    with pytest.raises(SettingsError, match="protocol that leaks"):
        run(prepared, tmp_path / "other", folds=tmp_path / "original" / "folds.json")


def remember_people(prepared: Any) -> Any:
    """Let tokens tell who it is and, in a code of each person's own, the level: nothing that others could learn."""
    levels = ("BL1", "PA1", "PA2", "PA3")
    rng = np.random.default_rng(0)
    codes = {subject: rng.permutation(4) for subject in PEOPLE}
    told = {}
    for row, (subject, level) in enumerate(zip(prepared.table["subject"], prepared.table["level"], strict=True)):
        place = 10 * PEOPLE.index(subject) + codes[subject][levels.index(level)]
        tokens, times_s = np.full((4, 3), place, np.float32), np.arange(4, dtype=np.float32)
        told[row] = replace(prepared[row], tokens=tokens, token_times_s=times_s)
    return prepared.with_windows(told)


def test_shots_leave_the_scoring_and_are_stamped(prepared: Any, tmp_path: Path) -> None:
    result = run(prepared, tmp_path, replace(SETTINGS, protocol="k-shot:1"))
    assert result.metrics.stamps == (
        "1 LABELLED TRIALS PER CLASS OF THE TEST PERSON WERE TRAINED ON: not comparable with others",
        "the data do not say when the trials of 6 of 6 people were: THEIR TRIALS THAT TRAIN ARE DRAWN AT RANDOM, and "
        "may lie after those that are scored",
    )
    for seed, folds in result.plan.folds.items():
        scored = set(result.predictions.loc[result.predictions["seed"] == seed, "trial"])
        shots = {name for fold in folds for name in fold.train.trials}
        assert not scored & shots
        assert len(scored) == 72 - 4 * len(PEOPLE)


def test_the_conformal_part_is_predicted_once_a_fold_and_fits_nothing(prepared: Any, tmp_path: Path) -> None:
    settings = replace(SETTINGS, inner=InnerSettings(conformal_share=0.2))
    result = run(prepared, tmp_path, settings)
    assert len(result.conformal) == 2 * 6 * 12
    for seed, folds in result.plan.folds.items():
        for fold in folds:
            part = result.conformal[(result.conformal["seed"] == seed) & (result.conformal["fold"] == fold.index)]
            assert set(part["subject"]) == set(fold.conformal.subjects)
    stored = pd.read_csv(tmp_path / "conformal.csv")
    assert list(stored.columns) == list(pd.read_csv(tmp_path / "predictions.csv").columns)
    assert len(stored) == len(result.conformal)


def test_a_factory_is_called_once_a_seed_with_all_trials(prepared: Any, tmp_path: Path) -> None:
    seen = []

    def make(trials: TrialSet) -> Any:
        seen.append((len(trials), np.bincount(trials.labels).tolist()))
        return EstimatorPipeline("own", LogisticRegression(), features=heart_features)

    run(prepared, tmp_path, pipelines=[make])
    assert seen == [(72, [18] * 4)] * 2


def test_a_pipeline_that_worker_processes_cannot_get_is_refused(prepared: Any, tmp_path: Path) -> None:
    own = EstimatorPipeline("own", LogisticRegression(), features=lambda trials: heart_features(trials))
    with pytest.raises(SettingsError, match="name its functions at the top of a module"):
        run(prepared, tmp_path, pipelines=[own], executor=ProcessesExecutor(2))


def test_permuted_labels_differ_between_seeds(prepared: Any, tmp_path: Path) -> None:
    result = run(prepared, tmp_path, replace(SETTINGS, permute_labels=True))
    labels = result.predictions.pivot(index="trial", columns="seed", values="label")
    assert (labels[0] != labels[1]).mean() > 0.4
    truth = prepared.table.set_index("trial")["level"]
    assert (labels[0] != truth.loc[labels.index]).mean() > 0.4
