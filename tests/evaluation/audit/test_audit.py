"""Every leak of the field is planted and named; a clean pipeline is called clean."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from changed_rows import change_rows, copy_clip
from results import make_metrics
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from torch import nn

from ecg_facial.evaluation.audit.decoding import (
    PermutedRun,
    check_counts,
    check_permuted,
    check_plausibility,
    measure_permuted,
)
from ecg_facial.evaluation.audit.duplicates import find_duplicates
from ecg_facial.evaluation.audit.running import audit_run
from ecg_facial.evaluation.audit.settings import AuditSettings
from ecg_facial.evaluation.benchmark.adapters import EstimatorPipeline, heart_features
from ecg_facial.evaluation.benchmark.runner import run_benchmark
from ecg_facial.evaluation.benchmark.settings import BenchmarkSettings
from ecg_facial.evaluation.benchmark.trial_set import Parts, TrialSet
from ecg_facial.evaluation.judging.schema import ALPHA, LEAKS, NO_LEAK, AuditResult, RunMetrics
from ecg_facial.prepared.altering import AlteredData
from ecg_facial.prepared.settings import NormalisationSettings
from ecg_facial.runtime.executors.fresh import FreshExecutor
from ecg_facial.runtime.storage import sha256_bytes, sha256_json

SETTINGS = BenchmarkSettings(baselines=False)
Audit = Callable[..., AuditResult]


def features_of(trials: TrialSet) -> np.ndarray:
    return np.nan_to_num(heart_features(trials))


class Centroids:
    """A nearest-centroid method with every step in the open, so that each can be made to leak."""

    def __init__(self, everything: TrialSet) -> None:
        self.everything, self.settings = everything, {"kind": type(self).__name__}

    @property
    def models(self) -> tuple[str, ...]:
        return ("own",)

    def describe(self) -> Mapping[str, Any]:
        return self.settings

    def fit(self, parts: Parts, /, *, seed: int, folder: Path | None = None) -> Centroids:
        self.inner = set(parts.train.subjects) | set(parts.stopping.subjects)
        self.scale = self.find_scale(parts)
        x, y = features_of(parts.train) / self.scale, parts.train.labels
        self.centroids = np.stack([x[y == label].mean(axis=0) for label in range(parts.train.n_classes)])
        self.epoch = self.choose_epoch()
        return self

    def find_scale(self, parts: Parts) -> np.ndarray:
        return features_of(parts.train).std(axis=0) + 1e-6

    def choose_epoch(self) -> int:
        return 1

    def score(self, trials: TrialSet) -> np.ndarray:
        x = features_of(trials) / self.scale
        return -((x[:, None] - self.centroids) ** 2).sum(axis=2) * self.epoch

    def predict(self, trials: TrialSet, /) -> dict[str, np.ndarray]:
        return {"own": self.score(trials)}

    def fingerprint(self) -> dict[str, str]:
        return {
            "weights:own": sha256_bytes(self.centroids.tobytes()),
            "scaler": sha256_bytes(self.scale.tobytes()),
            "epochs": sha256_json(self.epoch),
            "settings": sha256_json(dict(self.describe())),
        }

    def details(self) -> dict[str, Any]:
        return {}

    @property
    def held_out(self) -> TrialSet:
        """The test person's trials with labels, which no honest method could get at."""
        return self.everything.select(np.array([name not in self.inner for name in self.everything.subjects]))


class EpochByTest(Centroids):
    """Leak 2."""

    def choose_epoch(self) -> int:
        self.epoch = 1
        right = self.score(self.held_out).argmax(axis=1) == self.held_out.labels
        return 1 + int(right.sum())


CARRIED: list[np.ndarray] = []


class CarriedOn(Centroids):
    """Leak 3: starts from the weights of the fold before."""

    def find_scale(self, parts: Parts) -> np.ndarray:
        CARRIED.append(super().find_scale(parts))
        return np.mean(CARRIED, axis=0)


class ScaledByTest(Centroids):
    """Leak 4: test trials are centred on their own mean."""

    def score(self, trials: TrialSet) -> np.ndarray:
        x = features_of(trials)
        x = (x - x.mean(axis=0)) / self.scale + self.centroids.mean(axis=0)
        return -((x[:, None] - self.centroids) ** 2).sum(axis=2)


class KnownCounts(Centroids):
    """Leak 5: every class gets as many trials as it is known to have."""

    def score(self, trials: TrialSet) -> np.ndarray:
        scores = super().score(trials)
        # noise, so that an honest decision would miss the counts
        scores = scores + np.random.default_rng(len(trials)).normal(0, 30, scores.shape)
        decided, free = np.full(scores.shape, -10.0), [len(trials) // trials.n_classes] * trials.n_classes
        for place in np.argsort(-scores.max(axis=1)):
            order = [label for label in np.argsort(-scores[place]) if free[label]]
            label = order[0] if order else int(scores[place].argmax())
            decided[place, label], free[label] = 0.0, free[label] - 1
        return decided


class TunedOnAll(Centroids):
    """Leak 6: a setting is tuned on all trials and their labels."""

    def __init__(self, everything: TrialSet) -> None:
        super().__init__(everything)
        x, y = features_of(everything), everything.labels
        means = np.stack([x[y == label].mean(axis=0) for label in range(everything.n_classes)])
        self.settings = {**self.settings, "smoothing": float(means.std())}


class ScaledBeforeSplit(Centroids):
    """Leak 7."""

    def find_scale(self, parts: Parts) -> np.ndarray:
        return features_of(self.everything).std(axis=0) + 1e-6


class TrainingMode(Centroids):
    """Leak 8."""

    def fit(self, parts: Parts, /, *, seed: int, folder: Path | None = None) -> Centroids:
        super().fit(parts, seed=seed)
        self.network = nn.BatchNorm1d(self.centroids.shape[1]).train()
        return self

    def score(self, trials: TrialSet) -> np.ndarray:
        x = torch.from_numpy(features_of(trials) / self.scale).float()
        # one clip has no deviation: what such a pipeline does then is anybody's guess
        with torch.no_grad():
            x = self.network(torch.cat([x, x + 1])).numpy()[: len(trials)]
        return -((x[:, None] - self.centroids) ** 2).sum(axis=2)


class BestOfSeveral(Centroids):
    """Leak 10: of several readings of the scores the one that is best on the test labels is kept."""

    def score(self, trials: TrialSet) -> np.ndarray:
        shifts = range(trials.n_classes)
        scores = super().score(self.held_out)
        right = [(np.roll(scores, shift, axis=1).argmax(axis=1) == self.held_out.labels).mean() for shift in shifts]
        return np.roll(super().score(trials), int(np.argmax(right)), axis=1)


PLANTED = {
    2: EpochByTest, 3: CarriedOn, 4: ScaledByTest, 5: KnownCounts, 6: TunedOnAll, 7: ScaledBeforeSplit,
    8: TrainingMode, 10: BestOfSeveral,
}  # fmt: skip


@pytest.fixture
def prepared(make_prepared: Callable[..., Any]) -> Any:
    return make_prepared(n_subjects=7, per_level=3, n_frames=4)


def planted(method: type[Centroids]) -> Callable[[TrialSet], Centroids]:
    """Make a factory, which is handed everything before the folds."""
    return lambda everything: method(everything)


@pytest.fixture
def audit(fresh: FreshExecutor) -> Audit:
    """Run a method and audit the run."""

    def run_and_audit(
        prepared: Any, out: Path, method: Any, *, settings: BenchmarkSettings = SETTINGS, **amount: Any
    ) -> AuditResult:
        result = run_benchmark(prepared, out, settings=settings, pipelines=[method])
        wanted = AuditSettings(**amount)
        return audit_run(prepared, result, settings=settings, factories=[method], audit=wanted, fresh=fresh)

    return run_and_audit


@pytest.mark.parametrize("leak", sorted(PLANTED))
def test_a_planted_leak_is_named(prepared: Any, tmp_path: Path, audit: Audit, leak: int) -> None:
    CARRIED.clear()
    found = audit(prepared, tmp_path, planted(PLANTED[leak]))
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


@pytest.mark.parametrize("seed", range(20))
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


def test_permuted_labels_are_run_and_judged_at_chance(prepared: Any, tmp_path: Path, audit: Audit) -> None:
    own = EstimatorPipeline("own", LogisticRegression(), features=heart_features)
    found = audit(prepared, tmp_path, own, n_folds=0, permutations=6)
    check = next(check for check in found.checks if check.name == "permuted labels score at their base rate")
    assert check.passed
    assert "in 6 runs" in check.message
    assert check_permuted({"own": runs_of([0.25])}).passed is None


def runs_of(excesses: Sequence[float]) -> list[PermutedRun]:
    return [PermutedRun(excess=float(each), spread=0.03) for each in excesses]


def test_one_leaking_model_among_several_is_not_diluted() -> None:
    rng = np.random.default_rng(0)
    clean = {f"clean {number}": runs_of(rng.normal(0, 0.03, 10)) for number in range(6)} | {
        "majority": runs_of([0.0] * 10)
    }
    assert check_permuted(clean).passed
    found = check_permuted(clean | {"own": runs_of(0.10 + rng.normal(0, 0.03, 10))})
    assert found.passed is False
    assert "the farthest is own: +" in found.message


def test_the_spread_over_shuffles_is_that_of_shuffled_labels() -> None:
    rng, names = np.random.default_rng(3), np.array(["BL1", "PA1", "PA2"])
    table = pd.DataFrame({"subject": np.repeat(["a", "b"], 9), "label": names[rng.integers(0, 3, 18)]})
    table["predicted"] = names[rng.integers(0, 2, 18)]
    drawn = []
    for _ in range(500):
        labels = np.concatenate([rng.permutation(part) for _, part in table.groupby("subject")["label"]])
        drawn.append(measure_permuted(table.assign(label=labels)).excess)
    assert np.mean(drawn) == pytest.approx(0, abs=0.02)
    assert measure_permuted(table).spread == pytest.approx(np.std(drawn), rel=0.12)


def test_permuted_labels_find_the_one_method_of_three_that_knows_them(prepared: Any, tmp_path: Path) -> None:
    methods = [
        EstimatorPipeline("logistic", LogisticRegression(), features=heart_features),
        EstimatorPipeline("majority", DummyClassifier(), features=heart_features),
        knows_labels,
    ]
    wanted, settings = AuditSettings(n_folds=0, permutations=4), replace(SETTINGS, protocol="kfold:2")
    result = run_benchmark(prepared, tmp_path, settings=settings, pipelines=methods)
    found = audit_run(prepared, result, settings=settings, factories=methods, audit=wanted)
    check = next(check for check in found.checks if check.name == "permuted labels score at their base rate")
    assert check.passed is False
    assert "the farthest is own" in check.message


def knows_labels(trials: TrialSet, /) -> EstimatorPipeline:
    """A method that knows the label of every heart."""
    known = {row.tobytes(): label for row, label in zip(features_of(trials), trials.labels, strict=True)}

    def features(given: TrialSet) -> np.ndarray:
        return np.eye(4)[[known[row.tobytes()] for row in features_of(given)]]

    return EstimatorPipeline("own", LogisticRegression(), features=features)


def test_altered_data_show_the_signals_of_others_and_keep_their_labels(prepared: Any) -> None:
    altered = AlteredData(prepared, ecg={5: 20}, video={5: 30})
    np.testing.assert_array_equal(altered[5].tokens, prepared[20].tokens)
    np.testing.assert_array_equal(altered[5].crops, prepared[30].crops)
    np.testing.assert_array_equal(altered[6].tokens, prepared[6].tokens)
    assert altered.table["level"].iloc[5] == prepared.table["level"].iloc[5]
    assert altered.fingerprint != prepared.fingerprint
    assert altered.with_table(prepared.table)[5].tokens.shape == prepared[20].tokens.shape


def make_predictions(seed: int, *, exact: bool) -> pd.DataFrame:
    rng, rows = np.random.default_rng(seed), []
    names = np.array(["BL1", "PA1", "PA2", "PA3"])
    for subject in range(20):
        labels = np.repeat(names, 4)
        said = rng.permutation(labels) if exact else names[rng.integers(0, 4, 16)]
        rows += [(f"s{subject}", "own", 0, label, guess) for label, guess in zip(labels, said, strict=True)]
    return pd.DataFrame(rows, columns=["subject", "model", "seed", "label", "predicted"])


def test_exact_counts_are_noticed_and_chance_ones_are_not() -> None:
    names = ["BL1", "PA1", "PA2", "PA3"]
    assert check_counts(make_predictions(0, exact=True), names).passed is False
    p_values = [check_counts(make_predictions(seed, exact=False), names).p_value for seed in range(40)]
    assert min(value for value in p_values if value is not None) > ALPHA
    # a perfect model has the true counts because it is perfect
    perfect = make_predictions(0, exact=True).assign(predicted=lambda table: table["label"])
    assert check_counts(perfect, names).passed


def test_a_result_above_everything_published_is_a_warning() -> None:
    def judged(low: float) -> RunMetrics:
        metrics = make_metrics()
        fusion = metrics.models["fusion"]
        sure = replace(fusion, over_subjects=replace(fusion.over_subjects, ci95_low=low))
        return replace(metrics, task="binary", models={"fusion": sure})

    (high,) = check_plausibility(judged(0.95), simulated=False)
    assert (high.passed, high.warning) == (False, True)
    assert "best published: 87.5" in high.message
    assert check_plausibility(judged(0.90), simulated=False)[0].passed
    assert check_plausibility(replace(judged(0.9), task="biovid4"), simulated=False)[0].passed is None


def test_copies_are_found_after_a_change_of_gain_and_mirroring_and_other_clips_are_not(prepared: Any) -> None:
    assert find_duplicates(prepared, range(len(prepared))) == []
    prepared = copy_clip(prepared, source=3, target=40)
    assert find_duplicates(prepared, range(len(prepared))) == [(3, 40)]
    prepared = change_rows(prepared, [40], crops=lambda crops: crops[:, :, ::-1])
    assert find_duplicates(prepared, range(len(prepared))) == [(3, 40)]
    assert find_duplicates(prepared, range(len(prepared)), groups=["one"] * len(prepared)) == []
