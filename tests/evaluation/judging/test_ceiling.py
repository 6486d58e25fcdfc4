"""A model above the ideal observer shows leakage; only trials that both judged are compared."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ecg_facial.evaluation.judging.ceiling import compare_with_ceiling
from ecg_facial.labels import get_task
from ecg_facial.simulate.observer.ceiling import observe_cohort
from ecg_facial.simulate.observer.observer import ObserverSettings
from ecg_facial.simulate.people.population import simulate_features
from ecg_facial.simulate.settings.cohort_settings import CohortSettings

FOUR = get_task("biovid4")
QUICK = ObserverSettings(n_people=300, n_courses=32)
COHORT = CohortSettings(n_subjects=12, trials_per_level=10)


def test_a_model_above_its_ceiling_is_leakage_and_an_honest_one_is_not() -> None:
    observer = observe_cohort(COHORT, FOUR, observer=QUICK)
    peeking, columns = observer.copy(), [f"p_{name}" for name in FOUR.class_names]
    peeking[columns] = np.stack([peeking["label"] == name for name in FOUR.class_names], axis=1).astype(float)
    assert all(beside.leakage for beside in compare_with_ceiling(peeking, observer).values())
    # the observer with other noise is as honest as can be, and as good
    honest = observe_cohort(COHORT, FOUR, observer=replace(QUICK, seed=1))
    for beside in compare_with_ceiling(honest, observer).values():
        assert not beside.leakage
        assert abs(beside.difference) < 0.06


def test_trials_that_the_observer_has_not_seen_are_left_out() -> None:
    observer = observe_cohort(COHORT, FOUR, observer=QUICK, subjects={next(simulate_features(COHORT)).plan.subject.id})
    everybody = observe_cohort(COHORT, FOUR, observer=QUICK)
    beside = compare_with_ceiling(everybody, observer)["fusion"]
    assert beside.n_trials == 40
    assert beside.lower99 is None
    assert not beside.leakage
    assert compare_with_ceiling(everybody.assign(subject="other"), observer) == {}
