"""Leaks as users bring them, each with the leak that an audit must name, and data in which they can be planted.

`CAUGHT` are factories, with the numbers of the leaks that may name them; `ready_made` gives pipelines that hold what
was fitted before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import StackingClassifier
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ecg_facial.evaluation.benchmark.adapters import EstimatorPipeline, heart_features
from ecg_facial.evaluation.benchmark.trial_set import Parts, TrialSet

REMEMBERED: dict[str, Any] = {}


def hearts(trials: TrialSet) -> np.ndarray:
    """Summaries of the heart, with the heart rate of the table."""
    rate = trials.table["heart_rate_bpm"].to_numpy(float)[:, None]
    return np.nan_to_num(np.concatenate([heart_features(trials), rate], axis=1))


def wide(trials: TrialSet) -> np.ndarray:
    """Hearts and many products of them, so that a selection has much to choose from."""
    rows = hearts(trials)
    mixing = np.random.default_rng(0).normal(size=(rows.shape[1], 200))
    return np.tanh(rows @ mixing / 200)


def logistic(features: Callable[[TrialSet], np.ndarray], strength: float = 1.0) -> Any:
    return EstimatorPipeline("own", make_model(strength), features=features)


def make_model(strength: float = 1.0) -> Any:
    """Scaler and logistic regression."""
    return make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=5000))


def select_on_everybody(trials: TrialSet, /) -> Any:
    """Supervised selection of features on everybody, the fitted selector captured in the features function."""
    selector = SelectKBest(k=5).fit(wide(trials), trials.labels)
    return logistic(lambda given: selector.transform(wide(given)))


def remember_selection(trials: TrialSet, /) -> Any:
    """The same in a factory that remembers it in a global of its module."""
    if "selector" not in REMEMBERED:
        REMEMBERED["selector"] = SelectKBest(k=5).fit(wide(trials), trials.labels)
    return logistic(lambda given: REMEMBERED["selector"].transform(wide(given)))


def centre_rate_by_person(trials: TrialSet, /) -> Any:
    """Heart rates of the table, centred per person over all trials."""
    means = trials.table.groupby("subject")["heart_rate_bpm"].mean()

    def features(given: TrialSet) -> np.ndarray:
        return np.nan_to_num(given.table["heart_rate_bpm"] - given.table["subject"].map(means)).reshape(-1, 1)

    return logistic(features)


def centre_test(trials: TrialSet) -> np.ndarray:
    rows = hearts(trials)
    return np.asarray(rows - rows.mean(axis=0))


def small_logits(trials: TrialSet, /) -> Any:
    """Test features centred by each other, before a model of small logits."""
    return logistic(centre_test, strength=1e-6)


def read_order(trials: TrialSet, /) -> Any:
    """The place of a trial among the rows of its person."""
    places = {row: place for place, row in enumerate(trials._rows)}

    def features(given: TrialSet) -> np.ndarray:
        return np.array([[places.get(row, 0) % 12, 1.0] for row in given._rows], float)

    return logistic(features)


def scale_by_no_pain(trials: TrialSet, /) -> Any:
    """Everybody, the test person too, is centred by trials whose label is no pain."""
    rows, people, calm = hearts(trials), np.array(trials.subjects), trials.labels == 0
    means = {name: rows[(people == name) & calm].mean(axis=0) for name in set(trials.subjects)}
    return logistic(lambda given: hearts(given) - np.stack([means[name] for name in given.subjects]))


def zscore_by_person(trials: TrialSet, /) -> Any:
    """Per-person z-scores over all trials, found before the folds."""
    rows, people = hearts(trials), np.array(trials.subjects)
    own = {name: (rows[people == name].mean(axis=0), rows[people == name].std(axis=0) + 1e-6) for name in set(people)}
    return logistic(
        lambda given: np.stack(
            [(row - own[who][0]) / own[who][1] for row, who in zip(hearts(given), given.subjects, strict=True)]
        )
    )


def encode_targets(trials: TrialSet, /) -> Any:
    """Target encoding: the mean label of trials of the same person with a like heart rate."""
    rate, labels = trials.table["heart_rate_bpm"].to_numpy(float), trials.labels
    nearest = KNeighborsClassifier(3).fit(np.nan_to_num(rate)[:, None], labels)
    return logistic(lambda given: nearest.predict_proba(np.nan_to_num(given.table[["heart_rate_bpm"]].to_numpy(float))))


def project_everybody(trials: TrialSet, /) -> Any:
    """A projection (PCA) of everybody."""
    rows = wide(trials)
    mean = rows.mean(axis=0)
    axes = np.linalg.svd(rows - mean, full_matrices=False)[2][:4].T
    return logistic(lambda given: (wide(given) - mean) @ axes)


def tune_on_everybody(trials: TrialSet, /) -> Any:
    """The strength of the penalty that does best on everybody."""
    scored = [
        (make_model(c).fit(hearts(trials), trials.labels).score(hearts(trials), trials.labels), c)
        for c in np.logspace(-6, 3, 12)
    ]
    return logistic(hearts, strength=float(max(scored)[1]) * (1 + max(scored)[0]))


def cache_by_trial(trials: TrialSet, /) -> Any:
    """A cache of labels, asked by the heart's features."""
    known = {row.tobytes(): label for row, label in zip(hearts(trials), trials.labels, strict=True)}
    return logistic(lambda given: np.array([[known.get(row.tobytes(), -1), 1.0] for row in hearts(given)], float))


def use_neighbours(trials: TrialSet, /) -> Any:
    """A feature computed with the rows beside it in the set that is predicted."""
    return logistic(lambda given: hearts(given) - np.roll(hearts(given), 1, axis=0))


def read_name(trials: TrialSet, /) -> Any:
    """The level as the name of the trial spells it, read past what a method is handed."""

    def features(given: TrialSet) -> np.ndarray:
        return _spelt(given._prepared.table["trial"].iloc[given._rows])

    return logistic(features)


def remember_names(trials: TrialSet, /) -> Any:
    """The level as the name spells it, found again by the heart."""
    known = dict(zip([row.tobytes() for row in hearts(trials)], _spelt(trials.trials), strict=True))
    return logistic(lambda given: np.array([known.get(row.tobytes(), np.zeros(4)) for row in hearts(given)]))


def _spelt(names: Iterable[str]) -> np.ndarray:
    return np.array([[level in name for level in ("BL1", "PA1", "PA2", "PA3")] for name in names], float)


@dataclass
class WithTest:
    """Fits on the inner parts and on more that was kept from before the fold."""

    everything: TrialSet = field(repr=False)
    kind: str = "pseudo"
    models = ("own",)

    def describe(self) -> dict[str, Any]:
        return {"kind": self.kind}

    def fit(self, parts: Parts, /, *, seed: int, folder: Path | None = None) -> Any:
        inner = set(parts.train.subjects) | set(parts.stopping.subjects) | set(parts.calibration.subjects)
        test = self.everything.select(np.array([name not in inner for name in self.everything.subjects]))
        rows, labels = hearts(parts.train), parts.train.labels
        if self.kind == "pseudo":
            said = make_model().fit(rows, labels).predict(hearts(test))
            rows, labels = np.concatenate([rows, hearts(test)]), np.concatenate([labels, said])
        if self.kind == "oversampled":
            both, told = np.concatenate([rows, hearts(test)]), np.concatenate([labels, test.labels])
            drawn = np.random.default_rng(0).integers(0, len(both), (len(labels), 2))
            rows, labels = both[drawn].mean(axis=1), told[drawn[:, 0]]
        model = make_model()
        if self.kind == "stacked":
            model = StackingClassifier([("a", GaussianNB()), ("b", make_model())], make_model(), cv=2)
            rows, labels = np.concatenate([rows, hearts(test)]), np.concatenate([labels, test.labels])
        if self.kind == "best of test":
            fits = [make_model(c).fit(rows, labels) for c in (1e-4, 1e-2, 1.0, 100.0)]
            return _fitted(max(fits, key=lambda each: each.score(hearts(test), test.labels)))
        return _fitted(model.fit(rows, labels))


def _fitted(model: Any) -> Any:
    from ecg_facial.evaluation.benchmark.adapters import FittedEstimator

    return FittedEstimator(name="own", estimator=model, features=hearts)


def with_test(kind: str) -> Callable[[TrialSet], WithTest]:
    """Factory that keeps all trials."""
    return lambda trials: WithTest(trials, kind)


def cheats_when_scored(trials: TrialSet, /) -> Any:
    """Training rows that are copies of test rows, so that the nearest neighbour knows the label."""
    known = KNeighborsClassifier(1).fit(hearts(trials), trials.labels)
    return logistic(lambda given: known.predict_proba(hearts(given)))


CAUGHT: dict[str, tuple[set[int], Any]] = {
    "selection on everybody, captured": ({7}, select_on_everybody),
    "selection on everybody, remembered in a global": ({7}, remember_selection),
    "heart rate of the table centred per person": ({4, 7}, centre_rate_by_person),
    "test features centred, small logits": ({4}, small_logits),
    "order of rows": ({12}, read_order),
    "scaled by trials whose label is no pain": ({11}, scale_by_no_pain),
    "z-scores per person over all trials": ({4, 7}, zscore_by_person),
    "target encoding": ({6, 7, 10}, encode_targets),
    "projection of everybody": ({7}, project_everybody),
    "penalty tuned on everybody": ({6}, tune_on_everybody),
    "labels cached by features": ({6, 7, 10}, cache_by_trial),
    "neighbouring rows": ({4}, use_neighbours),
    "pseudo-labels of the test person": ({7}, with_test("pseudo")),
    "oversampled before the split": ({7}, with_test("oversampled")),
    "stacked on the test person": ({7}, with_test("stacked")),
    "best of several by the test score": ({7, 10}, with_test("best of test")),
    "nearest neighbour over everybody": ({6, 7, 10}, cheats_when_scored),
    "level read from the trial's name": ({14}, read_name),
    "names remembered by the heart": ({7, 14}, remember_names),
}


# beside those that were handed to us
OWN = tuple(CAUGHT)[6:]


def ready_made(prepared: Any, task: Any) -> dict[str, Any]:
    """Ready-made pipelines that hold what was fitted on everybody: not checked, never passed."""
    rows = [row for row, level in enumerate(prepared.table["level"]) if task.includes_code(level)]
    everybody = TrialSet(prepared, rows, task=task)
    selector = SelectKBest(k=5).fit(wide(everybody), everybody.labels)
    kept = list(np.flatnonzero(selector.get_support()))
    means = dict(everybody.table.groupby("subject")["heart_rate_bpm"].mean())
    return {
        "selector": logistic(lambda given: selector.transform(wide(given))),
        "columns": logistic(lambda given: wide(given)[:, kept]),
        "figures of": logistic(
            lambda given: (
                given.table[["heart_rate_bpm"]].to_numpy(float) - np.array([[means[name]] for name in given.subjects])
            )
        ),
    }


def with_rates(prepared: Any, seed: int = 0) -> Any:
    """Give data in memory heart rates of their own, with a level for each person."""
    rng, people = np.random.default_rng(seed), pd.factorize(prepared.table["subject"])[0]
    base = rng.normal(75, 8, people.max() + 1)
    return prepared.with_windows(
        {
            row: replace(prepared[row], heart_rate_bpm=float(base[who] + rng.normal(0, 4)))
            for row, who in enumerate(people)
        }
    )
